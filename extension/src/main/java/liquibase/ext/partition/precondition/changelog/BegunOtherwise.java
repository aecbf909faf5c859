package liquibase.ext.partition.precondition.changelog;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.change.CheckSum;
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
import liquibase.ext.partition.engine.state.StateTables;
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
                    Optional<CheckSum> other =
                            step instanceof PreparationStep ? otherCheckSum(changeSet, database) : Optional.empty();
                    if (other.isPresent()) {
                        judge((PreparationStep) step, other.get(), database).ifPresent(refused::add);
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

    /** The recorded checksum, if the changeset has another one now. */
    private static Optional<CheckSum> otherCheckSum(ChangeSet changeSet, Database database) throws DatabaseException {
        for (RanChangeSet ran : database.getRanChangeSetList()) {
            if (ran.isSameAs(changeSet)) {
                return Optional.ofNullable(ran.getLastCheckSum()).filter(it -> !changeSet.isCheckSumValid(it));
            }
        }
        return Optional.empty();
    }

    /**
     * Names what cannot change. Where the same is only written otherwise, as when the type that a column has is listed
     * now, the recorded checksum counts as valid.
     */
    private static Optional<String> judge(PreparationStep step, CheckSum recorded, Database database)
            throws SQLException, DatabaseException {
        if (!step.attributeProblems().isEmpty()) {
            // The validation that follows says them.
            return Optional.empty();
        }
        QualifiedName table = step.source(database);
        Session session = new Session(LiquibaseEnvironment.connection(database));
        StateTables state = LiquibaseEnvironment.state(database);
        Optional<List<String>> compared = session.whilePinned(() -> {
            Optional<Migration> migration = new Migrations(session, state).find(table);
            return migration.isPresent() ? Optional.of(step.changedSince(session, migration.get())) : Optional.empty();
        });
        if (compared.isEmpty()) {
            return Optional.empty();
        }
        List<String> changed = compared.get();
        if (changed.isEmpty()) {
            if (step.getChangeSet().getChanges().size() == 1) {
                step.getChangeSet().addValidCheckSum(recorded.toString());
            }
            return Optional.empty();
        }
        return Optional.of(
                "The migration of %s has begun, and these cannot change any more: %s. Nothing was done. Write them as they were; how far the partitions reach (ahead, until) may change at any time. Or begin anew: roll back to before createPartitionedTable with the changelog as it was, which is possible until the backup is dropped."
                        .formatted(table, String.join("; ", changed)));
    }
}
