package liquibase.ext.partition.engine.swap.carry;

import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * Which table takes the place of which.
 *
 * @param old the table that has the live name
 * @param leavingName what it is called afterwards
 * @param next the table that gets the live name
 */
public record Exchange(SwitchedTable old, Identifier leavingName, SwitchedTable next) {
    /** The name that the application uses: of the old table before the renaming, of the next one after it. */
    public QualifiedName liveName() {
        return old.name();
    }
}
