package liquibase.ext.partition.step;

/** How a step is taken back. */
public sealed interface Undo {
    /** Work takes the step back. */
    record By(Work work) implements Undo {}

    /** Nothing needs to be undone. */
    record Nothing() implements Undo {}

    /**
     * The step cannot be undone.
     *
     * @param reason the reason for people, with what they can do instead
     */
    record Impossible(String reason) implements Undo {}
}
