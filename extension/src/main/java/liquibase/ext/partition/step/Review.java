package liquibase.ext.partition.step;

import java.util.List;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * What a step shows where SQL is printed and none is executed.
 *
 * @param script that does the work; empty where no script can
 * @param comments where there is no script: what the step does, and the statements that it repeats
 */
public record Review(List<Sql> script, List<String> comments) {
    /** No script can do the work, and there is nothing to show of it. */
    public static final Review NOTHING = comments(List.of());

    /** Copies the lists. */
    public Review {
        script = List.copyOf(script);
        comments = List.copyOf(comments);
    }

    /** The whole work. */
    public static Review script(List<Sql> statements) {
        return new Review(statements, List.of());
    }

    /** Only a description. */
    public static Review comments(List<String> comments) {
        return new Review(List.of(), comments);
    }
}
