package liquibase.ext.partition.engine.exchange;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migration.Leaving;

/**
 * A partition that others take the place of.
 *
 * @param there its name as a partition of the parent
 * @param kept its name afterwards
 * @param bound as {@code ATTACH PARTITION} takes it
 */
record LeavingPartition(long oid, QualifiedName there, QualifiedName kept, String bound) {
    private static final String SUFFIX = "_old";

    /**
     * The partitions that leave in an exchange, in the order of their bounds.
     *
     * @param backup the name of the first one afterwards; the others have their own names with _old
     */
    static List<LeavingPartition> of(Migration migration, QualifiedName backup) {
        List<LeavingPartition> all = new ArrayList<>();
        for (Leaving leaving : migration.exchange().orElseThrow().leaving()) {
            QualifiedName kept = all.isEmpty()
                    ? backup
                    : leaving.name().sibling(DerivedName.of(leaving.name().name(), SUFFIX));
            all.add(new LeavingPartition(leaving.oid(), leaving.name(), kept, leaving.bound()));
        }
        return all;
    }
}
