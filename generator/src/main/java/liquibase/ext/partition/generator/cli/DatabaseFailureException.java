package liquibase.ext.partition.generator.cli;

/** The database could not be reached or read. The message is printed as it is, and holds no password. */
final class DatabaseFailureException extends Exception {
    private static final long serialVersionUID = 1L;

    DatabaseFailureException(String message, Throwable cause) {
        super(message, cause);
    }
}
