package liquibase.ext.partition.engine.belonging.kind;

import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * The two tables of a switch: the one that leaves and the one that takes its place.
 *
 * @param old the table that has the live name
 * @param leavingName the old table's name afterwards
 * @param next the table that gets the live name
 */
public record TablePair(SwitchedTable old, Identifier leavingName, SwitchedTable next) {
    /** The name that the application uses: the old table's before the renaming, the next one's after it. */
    public QualifiedName liveName() {
        return old.name();
    }
}
