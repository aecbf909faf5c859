package liquibase.ext.partition.precondition;

import java.sql.SQLException;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;

/** A precondition on how far a table's migration has come. */
public abstract class PhasePrecondition extends PartitionPrecondition {
    @Override
    protected final Optional<String> whyNot(Question question) throws SQLException {
        Optional<Migration> migration = question.migration();
        return migration.isEmpty()
                ? Optional.of(
                        "There is no migration of %s yet. Nothing was changed. Where schemaName and tableName are right: run update without a filter of labels or contexts, so that createPartitionedTable and the steps after it run first."
                                .formatted(question.table()))
                : whyNot(question.table(), migration.get());
    }

    /** As {@link #whyNot(Question)}, for an existing migration. */
    protected abstract Optional<String> whyNot(QualifiedName table, Migration migration);
}
