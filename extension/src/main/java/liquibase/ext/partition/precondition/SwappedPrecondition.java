package liquibase.ext.partition.precondition;

import java.util.Optional;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;

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
                : Optional.of("%s is not swapped yet.".formatted(table));
    }
}
