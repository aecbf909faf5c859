package liquibase.ext.partition.engine.swap.carry;

import java.util.List;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A kind of thing that goes with the live name when one table takes the place of another. Pure: planned from the catalog, its
 * statements are run by others in the one transaction that holds the lock.
 *
 * <p>The parts of a switch lie in each other like the layers of an onion: before the renaming the last part comes first, after it
 * the first.
 */
public interface SwitchPart {
    /** Locks on other relations, taken before those on the two tables, in the order in which their users take them. */
    default List<Sql> locks() {
        return List.of();
    }

    /** Run while both tables have the names that they had. */
    default List<Sql> beforeRenaming() {
        return List.of();
    }

    /** Run once the entering table has the live name. */
    default List<Sql> afterRenaming() {
        return List.of();
    }
}
