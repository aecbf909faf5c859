package liquibase.ext.partition.step;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import liquibase.Scope;
import liquibase.changelog.ChangeLogHistoryService;
import liquibase.changelog.ChangeLogHistoryServiceFactory;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.ChangeSet.ExecType;
import liquibase.changelog.RanChangeSet;
import liquibase.database.Database;
import liquibase.exception.DatabaseException;
import liquibase.exception.LiquibaseException;

/**
 * The records that Liquibase keeps itself, in whatever schema and table it is configured to use. They may be changed
 * only while Liquibase's lock is held, as in an {@code update}. Each record is written, or deleted, in a transaction of
 * its own.
 */
public final class RecordedChangesets {
    private final ChangeLogHistoryService history;

    private RecordedChangesets(ChangeLogHistoryService history) {
        this.history = history;
    }

    public static RecordedChangesets of(Database database) {
        return new RecordedChangesets(Scope.getCurrentScope()
                .getSingleton(ChangeLogHistoryServiceFactory.class)
                .getChangeLogService(database));
    }

    public boolean contain(ChangeSet changeSet) throws DatabaseException {
        return history.getRanChangeSets().stream().anyMatch(ran -> ran.isSameAs(changeSet));
    }

    /** Which run of Liquibase the record of the changeset is of; empty if there is no record. */
    public Optional<String> deploymentOf(ChangeSet changeSet) throws DatabaseException {
        return history.getRanChangeSets().stream()
                .filter(ran -> ran.isSameAs(changeSet))
                .map(RanChangeSet::getDeploymentId)
                .filter(Objects::nonNull)
                .findFirst();
    }

    /** Makes the changeset one that was never run. */
    public void forget(ChangeSet changeSet) throws DatabaseException {
        if (contain(changeSet)) {
            history.removeFromHistory(changeSet);
        }
    }

    /** Records the changeset as the latest, without running it, whether or not it was recorded before. */
    public void recordAsLatest(ChangeSet changeSet) throws DatabaseException {
        List<RanChangeSet> recorded = history.getRanChangeSets();
        if (!recorded.isEmpty() && recorded.get(recorded.size() - 1).isSameAs(changeSet)) {
            return;
        }
        forget(changeSet);
        try {
            history.setExecType(changeSet, ExecType.EXECUTED);
        } catch (LiquibaseException e) {
            throw e instanceof DatabaseException known ? known : new DatabaseException(e);
        }
    }
}
