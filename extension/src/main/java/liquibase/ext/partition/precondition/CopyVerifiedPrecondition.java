package liquibase.ext.partition.precondition;

import java.util.Optional;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;

/** Whether a table and its new table were compared and did not differ. */
public class CopyVerifiedPrecondition extends PhasePrecondition {
    @Override
    public String getName() {
        return "copyVerified";
    }

    @Override
    protected Optional<String> whyNot(QualifiedName table, Migration migration) {
        if (migration.phase().isAtLeast(Phase.VERIFIED)) {
            return Optional.empty();
        }
        return Optional.of(migration
                .verifiedDifferences()
                .filter(differences -> differences > 0)
                .map(differences ->
                        "The last verification of %s found %d differences. Nothing was changed. Have the rows copied again: liquibase update -DrestartCopy=%s."
                                .formatted(table, differences, table.name().name()))
                .orElse(
                        "The copy of %s has not been verified. Nothing was changed. Run update without a filter of labels or contexts, so that verifyCopy runs first."
                                .formatted(table)));
    }
}
