package liquibase.ext.partition.engine.belonging.kind;

import java.util.List;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A kind of object that goes with the live name when one table takes the place of another. Pure: planned from the
 * catalog; others run its statements in the one transaction that holds the lock.
 *
 * <p>The parts of a switch are nested like the layers of an onion: before the renaming the last part comes first, after
 * it the first.
 */
public interface SwitchPart extends PlannedPart {
    /**
     * Locks on other relations that their users take before the table, and that are therefore taken before it here too.
     */
    default List<Lock> locks() {
        return List.of();
    }

    /** Tables whose rows refer to the table's rows: they are locked together with it, against everybody. */
    default List<QualifiedName> referringTables() {
        return List.of();
    }

    @Override
    default SwitchPart among(List<PlannedPart> parts) {
        return this;
    }

    /** Statements that run while both tables still have their old names. */
    default List<Sql> beforeRenaming() {
        return List.of();
    }

    /** Statements that run once the entering table has the live name. */
    default List<Sql> afterRenaming() {
        return List.of();
    }

    /** Messages for people once the switch is committed: what is not as it was, and how to have it again. */
    default List<String> consequences() {
        return List.of();
    }
}
