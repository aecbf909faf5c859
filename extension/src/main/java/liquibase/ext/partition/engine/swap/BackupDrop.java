package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.DependentObstacles;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.run.LockPolicy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migration.BackupVerification;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.verify.Comparison;
import liquibase.ext.partition.engine.verify.ComparisonResult;
import liquibase.ext.partition.engine.verify.Verification;

/**
 * The end: stops reverse capture and drops the backup, once every row of it has been found in the live table.
 *
 * <p>Transaction: one, after the comparison. Locks: ACCESS EXCLUSIVE on the live table for a moment, to drop its triggers,
 * taken under the lock policy; and on the backup. Safe to repeat. Cannot be undone.
 */
public final class BackupDrop {
    /** A comparison that the precondition has just made need not be made again. */
    private static final Duration FRESH = Duration.ofMinutes(10);

    /**
     * First the table and then its partitions, as writers lock them. DROP TRIGGER begins with the partitions, so that it and
     * a writer who has the table already would wait for each other.
     */
    private static final Sql LOCK = Sql.of("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");

    private static final Sql DROP_TABLE = Sql.of("DROP TABLE {table}");

    private BackupDrop() {}

    /**
     * @param pace of the comparison, as {@link Verification#verifyBackup} takes it
     * @throws PartitionException when the backup has a row that the live table has not, or something depends on the backup, or
     *     the lock is not given
     */
    public static void run(StepRun run, Identifier backupName, LockPolicy lock, int workers, Map<String, String> pace)
            throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.SWAPPED, run.step());
        if (migration.phase().isAtLeast(Phase.DROPPED)) {
            run.line("%s: the backup of %s is dropped already.".formatted(run.step(), run.source()));
            return;
        }
        if (!migration.backupTableName().orElseThrow().equals(backupName)) {
            throw new PartitionException("The backup of %s is %s, not %s. Nothing was dropped. Correct backupTableName."
                    .formatted(run.source(), migration.backupTableName().orElseThrow(), backupName));
        }
        QualifiedName backup = run.source().sibling(backupName);
        TableReader reader = new TableReader(run.session());
        Table old = reader.require(backup);
        if (old.oid() != migration.sourceOid()) {
            throw new PartitionException(
                    "%s is not the table that was swapped out; somebody renamed or made it anew. Nothing was dropped. Drop it by hand if that is right."
                            .formatted(backup));
        }
        List<Obstacle> obstacles = new ArrayList<>(new DependentObstacles(run.session()).all(old.oid()));
        obstacles.addAll(old.obstacles());
        if (!obstacles.isEmpty()) {
            throw new PartitionException(
                    "%s cannot be dropped:\n  %s\nNothing was dropped. Remove these, then run update again."
                            .formatted(backup, Obstacle.lines(obstacles)));
        }
        requireVerified(run, migration, backup, workers, pace);
        Capture capture = Capture.of(migration);
        CapturedTable live = new CapturedTable(
                run.source(), reader.partitions(run.source()), migration.spec().routing());
        lock.inTransaction(
                run.session(),
                run.report(),
                run.source(),
                "Nothing was dropped.",
                () -> {
                    run.session().update(LOCK.with("table", run.source()));
                    run.session().updateAll(capture.stopStatements(live));
                    run.session().updateAll(capture.dropStatements());
                    run.session().update(DROP_TABLE.with("table", backup));
                    run.migrations().recordDrop(migration);
                    return null;
                },
                () -> {});
        run.line("%s is dropped, and changes of %s are no longer captured.".formatted(backup, run.source()));
    }

    private static void requireVerified(
            StepRun run, Migration migration, QualifiedName backup, int workers, Map<String, String> pace)
            throws SQLException {
        Optional<BackupVerification> earlier = migration
                .backupVerification()
                .filter(it -> it.differences() == 0 && it.ageSeconds() <= FRESH.toSeconds());
        if (earlier.isPresent()) {
            return;
        }
        ComparisonResult result = Verification.verifyBackup(run, Comparison.DEFAULT_CHUNK_SIZE, workers, pace);
        if (result.differences() > 0) {
            throw new PartitionException(
                    "%s and its backup %s differ in %d rows that were not written since the swap. Nothing was dropped. Find out why; the backup may be the only place that has them. The keys:%s"
                            .formatted(run.source(), backup, result.differences(), result.list()));
        }
    }
}
