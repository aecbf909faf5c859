package liquibase.ext.partition.engine.delta;

import java.util.Set;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.state.Migration;

/** That the source has the columns that the new table was made for. */
public final class SameColumns {
    private SameColumns() {}

    /**
     * @param unchanged a sentence: what was not done
     * @throws PartitionException when somebody has added, dropped or altered a column since
     */
    public static void require(Migration migration, Table source, Table newTable, String unchanged) {
        Set<Identifier> differing = migration.spec().differingColumns();
        String before = newTable.columnFingerprint(differing);
        String now = source.columnFingerprint(differing);
        if (!before.equals(now)) {
            throw new PartitionException(
                    "The columns of %s changed since %s was made. They were <%s> and are <%s>. %s Undo that change, or take the migration back to before its preparation (rollback) and begin again with the new columns."
                            .formatted(source.name(), newTable.name(), before, now, unchanged));
        }
    }
}
