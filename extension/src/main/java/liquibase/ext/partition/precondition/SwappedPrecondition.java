package liquibase.ext.partition.precondition;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.database.Database;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.precondition.Precondition;
import liquibase.precondition.PreconditionLogic;

/** Whether the partitioned table has taken the place of a table. */
public class SwappedPrecondition extends PhasePrecondition {
    @Override
    public String getName() {
        return "swapped";
    }

    @Override
    protected Optional<String> whyNot(QualifiedName table, Migration migration) {
        return migration.phase().isAtLeast(Phase.SWAPPED)
                ? Optional.empty()
                : Optional.of(
                        "%s is not swapped yet. Nothing was changed. Run update with -DswapApproved=%s, which swaps it."
                                .formatted(table, table.name().name()));
    }

    /** The changesets of a changelog that declare that they rest on the swap of {@code table}; a new list. */
    static List<ChangeSet> changeSetsOn(DatabaseChangeLog changeLog, Database database, QualifiedName table) {
        List<ChangeSet> changeSets = new ArrayList<>();
        for (ChangeSet changeSet : changeLog.getChangeSets()) {
            if (changeSet.getPreconditions() != null && isOn(changeSet.getPreconditions(), database, table)) {
                changeSets.add(changeSet);
            }
        }
        return changeSets;
    }

    private static boolean isOn(Precondition precondition, Database database, QualifiedName table) {
        if (precondition instanceof SwappedPrecondition swapped) {
            return LiquibaseEnvironment.name(database, swapped.getSchemaName(), swapped.getTableName())
                    .equals(table);
        }
        return precondition instanceof PreconditionLogic logic
                && logic.getNestedPreconditions().stream().anyMatch(nested -> isOn(nested, database, table));
    }
}
