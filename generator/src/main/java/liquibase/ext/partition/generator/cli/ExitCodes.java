package liquibase.ext.partition.generator.cli;

/** The program's exit codes. Pipelines rely on them. */
public final class ExitCodes {
    /** The command succeeded. */
    public static final int OK = 0;

    /** {@code generate --check} found a difference. */
    public static final int DIFFERENCE = 1;

    /**
     * The command line, the config, a template or a named table needs a correction. Picocli's own code for usage
     * errors.
     */
    public static final int USAGE = 2;

    /**
     * {@code plan} found a table that cannot be partitioned. The same number as {@link #USAGE}: either way a person has
     * to change something before the pipeline goes on. Standard output shows which it was: it has the plan if a table
     * is refused, and nothing if the command could not begin.
     */
    public static final int REFUSED = USAGE;

    /** Anything else: a file that cannot be read or written, a database that cannot be reached. */
    public static final int FAILURE = 3;

    private ExitCodes() {}
}
