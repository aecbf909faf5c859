package liquibase.ext.partition.engine.run;

/** Where lines for people go while a step runs. Called by one thread at a time. */
@FunctionalInterface
public interface Report {
    void line(String text);
}
