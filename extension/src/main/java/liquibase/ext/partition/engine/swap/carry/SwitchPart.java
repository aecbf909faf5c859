package liquibase.ext.partition.engine.swap.carry;

import java.util.List;
import liquibase.ext.partition.engine.run.Lock;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A kind of thing that goes with the live name when one table takes the place of another. Pure: planned from the
 * catalog, its statements are run by others in the one transaction that holds the lock.
 *
 * <p>The parts of a switch lie in each other like the layers of an onion: before the renaming the last part comes
 * first, after it the first.
 */
public interface SwitchPart {
    /** Locks on other relations that their users take before the table, so that they are taken before it here too. */
    default List<Lock> locks() {
        return List.of();
    }

    /** Tables of which the rows refer to the table's: they are locked together with it, against everybody. */
    default List<QualifiedName> referringTables() {
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
