package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.List;
import liquibase.change.DatabaseChange;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.ext.partition.attribute.Attributes;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
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
    private String backupTableName;
    private String deltaTableName;

    @DatabaseChangeProperty(
            description = "Name of the backup; the table's with _old where it is not given",
            exampleValue = "orders_old",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getBackupTableName() {
        return backupTableName;
    }

    public void setBackupTableName(String backupTableName) {
        this.backupTableName = backupTableName;
    }

    @DatabaseChangeProperty(
            description = "Name of the delta table; the table's with _delta where it is not given",
            exampleValue = "orders_delta",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getDeltaTableName() {
        return deltaTableName;
    }

    public void setDeltaTableName(String deltaTableName) {
        this.deltaTableName = deltaTableName;
    }

    @Override
    protected List<Runnable> attributeChecks() {
        return List.of(
                () -> Attributes.madeName("backupTableName", backup().name(), getTableName()),
                () -> Attributes.madeName("deltaTableName", delta().name(), getTableName()));
    }

    /**
     * The delta table is dropped by its recorded name; if a reviewer reads a name in the changeset, it must be that
     * one.
     */
    @Override
    protected void requireAgreement(Migration migration) {
        if (deltaTableName != null) {
            migration.deltaTableName().ifPresent(recorded -> requireRecorded("deltaTableName", delta(), recorded));
        }
    }

    @Override
    public StepName stepName() {
        return StepName.DROP_BACKUP;
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        BackupDrop.run(run, backup(), tuning().lock(), tuning().workers(), tuning().pace());
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

    private Identifier backup() {
        return nameOr(backupTableName, "_old");
    }

    private Identifier delta() {
        return nameOr(deltaTableName, "_delta");
    }
}
