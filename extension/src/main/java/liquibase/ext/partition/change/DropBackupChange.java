package liquibase.ext.partition.change;

import java.sql.SQLException;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.ext.partition.attribute.MadeTable;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.engine.exchange.ExchangeChecks;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.swap.BackupDrop;
import liquibase.ext.partition.step.Review;
import liquibase.ext.partition.step.Undo;

/** Drops the backup, once every row of it has been found in the live table. */
@DatabaseChange(
        name = "dropBackup",
        description = "Ends reverse capture and drops the backup, after comparing it with the live table",
        priority = 1)
public class DropBackupChange extends PartitionChange {

    /**
     * The delta table is dropped by its recorded name; if a reviewer reads a name in the changeset, it must be that
     * one.
     */
    @Override
    protected void requireAgreement(Migration migration) {
        if (givenName(MadeTable.DELTA_TABLE) != null) {
            migration.deltaTableName().ifPresent(recorded -> requireRecorded(MadeTable.DELTA_TABLE, recorded));
        }
    }

    @Override
    public StepName stepName() {
        return StepName.DROP_BACKUP;
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        ExchangeChecks.removeLeft(run, tuning().lock());
        BackupDrop.run(run, name(MadeTable.BACKUP), tuning().lock(), tuning().workers(), tuning().pace());
    }

    @Override
    public Undo undo(Database database) {
        return new Undo.Impossible(
                "The backup of %s was dropped, and only a restore brings it back. The partitioned table is untouched. To leave it as it is and still roll back other changesets, use rollback-count or a tag after %s."
                        .formatted(
                                source(database),
                                getChangeSet() == null
                                        ? "this changeset"
                                        : getChangeSet().getId()));
    }

    @Override
    public Review review(Database database) {
        return Review.NOTHING;
    }
}
