package liquibase.ext.partition.precondition.changelog;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.changelog.RanChangeSet;
import liquibase.database.Database;
import liquibase.exception.DatabaseException;
import liquibase.exception.PreconditionErrorException;
import liquibase.exception.UnexpectedLiquibaseException;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.step.PreparationStep;
import liquibase.ext.partition.step.Step;

/**
 * Migrations that have begun with other attributes than the changelog has now. Only those are looked at whose first
 * step has another checksum than its record, so that an ordinary update asks nothing.
 */
final class BegunOtherwise {
    private BegunOtherwise() {}

    /**
     * Ends the update at once, where a precondition that fails would be listed behind the checksums.
     *
     * @throws UnexpectedLiquibaseException with all the differences that cannot be
     */
    static void refuse(DatabaseChangeLog root, Database database) throws PreconditionErrorException {
        if (!LiquibaseEnvironment.isOnline(database)) {
            return;
        }
        List<String> refused = new ArrayList<>();
        try {
            for (ChangeSet changeSet : root.getChangeSets()) {
                for (Step step : Step.of(changeSet).toList()) {
                    if (step instanceof PreparationStep first && isOtherThanRun(changeSet, database)) {
                        refuse(first, database).ifPresent(refused::add);
                    }
                }
            }
        } catch (SQLException | DatabaseException e) {
            throw new PreconditionErrorException(e, root, null);
        }
        if (!refused.isEmpty()) {
            throw new UnexpectedLiquibaseException(String.join("\n", refused));
        }
    }

    private static boolean isOtherThanRun(ChangeSet changeSet, Database database) throws DatabaseException {
        for (RanChangeSet ran : database.getRanChangeSetList()) {
            if (ran.isSameAs(changeSet)) {
                return ran.getLastCheckSum() != null && !changeSet.isCheckSumValid(ran.getLastCheckSum());
            }
        }
        return false;
    }

    private static Optional<String> refuse(PreparationStep step, Database database)
            throws SQLException, DatabaseException {
        if (!step.attributeProblems().isEmpty()) {
            // The validation that follows says them.
            return Optional.empty();
        }
        QualifiedName table = step.source(database);
        Session session = new Session(LiquibaseEnvironment.connection(database));
        Optional<Migration> migration =
                session.whilePinned(() -> new Migrations(session, LiquibaseEnvironment.state(database)).find(table));
        List<String> changed = migration.map(step::changedSince).orElse(List.of());
        return changed.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        "The migration of %s has begun, and these cannot change any more: %s. Nothing was done. Write them as they were; how far the partitions reach (ahead, until) may change at any time. Or begin anew: roll back to before createPartitionedTable with the changelog as it was, which is possible until the backup is dropped."
                                .formatted(table, String.join("; ", changed)));
    }
}
