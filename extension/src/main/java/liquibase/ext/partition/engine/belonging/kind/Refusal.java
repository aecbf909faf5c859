package liquibase.ext.partition.engine.belonging.kind;

import java.util.List;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.sql.QualifiedName;

/** The sentences with which the swap refuses a table. */
public enum Refusal {
    /** For things that would go on with the backup. */
    LEFT_BEHIND(
            "%s cannot be swapped, because the swap would leave behind what others rely on:\n  %s\nNothing was renamed. Remove these, or roll the migration back."),
    /** For things that the partitioned table cannot have. */
    UNFIT("%s cannot be swapped:\n  %s\nNothing was renamed. Remove these, or roll the migration back."),
    /** For things that somebody can settle and then go on. */
    UNSETTLED("%s cannot be swapped:\n  %s\nNothing was renamed. Do so, then run update again; it goes on.");

    private final String message;

    Refusal(String message) {
        this.message = message;
    }

    /** @param obstacles at least one */
    public String message(QualifiedName table, List<Obstacle> obstacles) {
        return message.formatted(table, Obstacle.lines(obstacles));
    }
}
