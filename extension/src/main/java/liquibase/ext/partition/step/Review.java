package liquibase.ext.partition.step;

import java.util.List;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The output of a step when SQL is printed and not executed.
 *
 * @param script the script that does the work; empty if no script can
 * @param comments comments if there is no script: what the step does, and the statements that it repeats
 */
public record Review(List<Sql> script, List<String> comments) {
    /** No script can do the work, and there is nothing to show. */
    public static final Review NOTHING = comments(List.of());

    /** Copies the lists. */
    public Review {
        script = List.copyOf(script);
        comments = List.copyOf(comments);
    }

    /** A script that does the whole work. */
    public static Review script(List<Sql> statements) {
        return new Review(statements, List.of());
    }

    /** A description without a script. */
    public static Review comments(List<String> comments) {
        return new Review(List.of(), comments);
    }
}
