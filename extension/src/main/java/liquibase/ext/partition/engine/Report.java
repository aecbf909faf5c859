package liquibase.ext.partition.engine;

/** The receiver of lines for people while a step runs. Called by one thread at a time. */
@FunctionalInterface
public interface Report {
    void line(String text);
}
