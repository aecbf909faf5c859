package liquibase.ext.partition.precondition;

import java.util.Optional;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;

/**
 * Whether every chunk of a table is copied. Also true if a later step is starting the copy over, because that step
 * completes it before it does its own work.
 */
public class CopyCompletePrecondition extends PhasePrecondition {
    @Override
    public String getName() {
        return "copyComplete";
    }

    @Override
    protected Optional<String> whyNot(QualifiedName table, Migration migration) {
        return migration.phase().isAtLeast(Phase.COPIED) || migration.restarting()
                ? Optional.empty()
                : Optional.of(
                        "The copy of %s is not complete: the migration is <%s>. Nothing was changed. Run update without a filter of labels or contexts, so that chunkedCopy runs first."
                                .formatted(table, migration.phase().word()));
    }
}
