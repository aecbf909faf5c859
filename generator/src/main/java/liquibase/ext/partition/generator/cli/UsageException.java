package liquibase.ext.partition.generator.cli;

/** The user has to change something and try again. The message says what; it is printed as it is. */
final class UsageException extends Exception {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }
}
