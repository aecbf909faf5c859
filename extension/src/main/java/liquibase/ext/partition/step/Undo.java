package liquibase.ext.partition.step;

/** How a step is taken back. */
public sealed interface Undo {
    /** There is work to do for it. */
    record By(Work work) implements Undo {}

    /** There is nothing to undo. */
    record Nothing() implements Undo {}

    /**
     * It cannot be undone.
     *
     * @param reason for people, with what they can do instead
     */
    record Impossible(String reason) implements Undo {}
}
