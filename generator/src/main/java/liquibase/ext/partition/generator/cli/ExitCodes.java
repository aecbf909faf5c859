package liquibase.ext.partition.generator.cli;

/** What the program ends with. Pipelines rely on these. */
public final class ExitCodes {
    /** All went well. */
    public static final int OK = 0;

    /** {@code generate --check} found a difference. */
    public static final int DIFFERENCE = 1;

    /**
     * The command line, the config, a template or a named table is not as it should be. Picocli's own code for usage.
     */
    public static final int USAGE = 2;

    /**
     * {@code plan} found a table that cannot be partitioned. The same number as {@link #USAGE}: either way a person has
     * to change something before the pipeline goes on. Which of them it was shows on standard output, which has the
     * plan when a table is refused and nothing when the command could not begin.
     */
    public static final int REFUSED = USAGE;

    /** Anything else: a file that cannot be read or written, a database that cannot be reached. */
    public static final int FAILURE = 3;

    private ExitCodes() {}
}
