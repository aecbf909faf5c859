package liquibase.ext.partition.generator.changelog;

/** A template, or the directory of templates, cannot be used. The message is for its author; nothing was written. */
public final class TemplateFailureException extends Exception {
    private static final long serialVersionUID = 1L;

    TemplateFailureException(String message) {
        super(message);
    }

    TemplateFailureException(String message, Throwable cause) {
        super(message, cause);
    }
}
