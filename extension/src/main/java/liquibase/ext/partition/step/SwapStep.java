package liquibase.ext.partition.step;

import java.sql.SQLException;
import java.util.Optional;
import java.util.stream.Stream;
import liquibase.changelog.ChangeSet;
import liquibase.database.Database;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.swap.Swap;

/** The swap: others wait for it, are asked before it, or take it back. */
public interface SwapStep extends Step {
    /** The backup's name. */
    Identifier backup();

    /** The statements as a person would run them on the present tables; runs nothing. */
    Swap.Statements statements(StepRun run) throws SQLException;

    /** The changeset before this one that sets the tag of the state right before the swap. */
    Optional<ChangeSet> changeSetOfTag();

    /** The caller takes care of Liquibase's records. */
    @Override
    Undo.By undo(Database database);

    /** The swap of a table in the changelog file that contains {@code changeSet}. */
    static Optional<SwapStep> besides(ChangeSet changeSet, Database database, QualifiedName table) {
        return Step.besides(changeSet)
                .flatMap(SwapStep::swap)
                .filter(swap -> swap.source(database).equals(table))
                .findFirst();
    }

    /** The swap that {@code changeSet} describes; empty for null. */
    static Optional<SwapStep> in(ChangeSet changeSet) {
        return Step.of(changeSet).flatMap(SwapStep::swap).findFirst();
    }

    private static Stream<SwapStep> swap(Step step) {
        return step instanceof SwapStep swap ? Stream.of(swap) : Stream.empty();
    }
}
