package liquibase.ext.partition.engine.verify;

import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.delta.Continuity;
import liquibase.ext.partition.engine.delta.RowMatch;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.run.Workers;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.DefaultRows;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.target.PartitionLayout;
import liquibase.ext.partition.engine.target.RowShape;

/**
 * The two verifications of a migration: of the copy before the swap, and of the backup before it is dropped. Both record what
 * they found. See {@link Comparison} for transactions and locks.
 */
public final class Verification {
    private Verification() {}

    /**
     * Compares source and new table.
     *
     * @param pace settings as {@link liquibase.ext.partition.engine.run.Pace#parse} takes them. What is found is recorded at the end, so
     *     that a comparison that has begun is not ended for {@code maxDuration}: it would never come to an end
     * @throws PartitionException when they differ, with the first keys that do
     */
    public static void verifyCopy(StepRun run, long chunkSize, int workers, Map<String, String> pace)
            throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.INDEXED, run.step());
        if (migration.phase().isAtLeast(Phase.SWAPPED)) {
            run.line("%s: %s is swapped already.".formatted(run.step(), run.source()));
            return;
        }
        Table source = new TableReader(run.session()).require(run.source());
        Table newTable = new TableReader(run.session()).require(migration.newTable());
        Comparison comparison = comparison(run, migration, source, newTable, RowShape.SOURCE);
        String[] triggers = Continuity.read(run.session(), comparison.capture(), run.source());
        String what = "verification of " + migration.newTable();
        Workers team = run.wholeWorkers(pace, what);
        ComparisonResult result = comparison.compare(run, team, what, chunkSize, workers);
        run.migrations().recordVerification(migration, result.rows(), result.differences(), triggers);
        if (result.differences() > 0) {
            throw new PartitionException(
                    "%s and %s differ in %d rows. The source is untouched and capture goes on; the swap will refuse. Roll back to before the copy and copy again. If nobody has disabled a trigger of the table meanwhile, or written to the new one, report this: it should not happen. The keys:%s"
                            .formatted(run.source(), migration.newTable(), result.differences(), result.list()));
        }
        PartitionLayout layout = migration.spec().layout();
        QualifiedName defaultPartition = run.source().sibling(layout.defaultPartition());
        DefaultRows aside = new DefaultPartition(
                        defaultPartition, comparison.match().partitionKey(), layout)
                .count(run, team, chunkSize, workers);
        run.migrations().recordDefaultRows(migration, aside);
        run.line("verification of %s: %,d rows compared, no difference; %s in %s"
                .formatted(
                        migration.newTable(),
                        result.rows(),
                        aside.describe(
                                layout.interval().write(layout.from()),
                                layout.interval().write(layout.until())),
                        defaultPartition));
    }

    /** Forgets the result of {@link #verifyCopy}: the rollback. */
    public static void forget(StepRun run) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.PREPARED, run.step());
        migration.requireNotSwapped("The verification is not forgotten");
        run.migrations().forgetVerification(migration);
    }

    /** Compares the backup with the live table, and records the result. The pace is that of {@link #verifyCopy}. */
    public static ComparisonResult verifyBackup(StepRun run, long chunkSize, int workers, Map<String, String> pace)
            throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.SWAPPED, run.step());
        QualifiedName backup = run.source().sibling(migration.backupTableName().orElseThrow());
        TableReader reader = new TableReader(run.session());
        Table live = reader.require(run.source());
        Table old = reader.require(backup);
        Set<Identifier> differing = migration.spec().differingColumns();
        String liveColumns = live.columnFingerprint(differing);
        String oldColumns = old.columnFingerprint(differing);
        if (!liveColumns.equals(oldColumns)) {
            throw new PartitionException(
                    "The columns of %s and of its backup %s are not the same any more, so they cannot be compared. Nothing was changed. They are <%s> and <%s>. Give the backup the same columns, then run update again; or drop it by hand."
                            .formatted(run.source(), backup, liveColumns, oldColumns));
        }
        Comparison comparison = comparison(run, migration, old, live, RowShape.NEW);
        String[] triggers = Continuity.read(run.session(), comparison.capture(), run.source());
        String what = "verification of " + backup;
        ComparisonResult result = comparison.compare(run, run.wholeWorkers(pace, what), what, chunkSize, workers);
        run.migrations().recordBackupVerification(migration, result.differences(), triggers);
        return result;
    }

    private static Comparison comparison(
            StepRun run, Migration migration, Table ordinary, Table partitioned, RowShape captured)
            throws SQLException {
        Capture capture = Capture.of(migration);
        capture.requireOn(
                run.session(),
                run.source(),
                captured == RowShape.SOURCE
                        ? ". Nothing was compared. What was written since then is on one side only. Roll back to before captureChanges and begin again."
                        : ". Nothing was compared. "
                                + Continuity.remedy(
                                        run.session(),
                                        capture,
                                        new CapturedTable(
                                                partitioned.name(),
                                                new TableReader(run.session()).partitions(partitioned.name()),
                                                migration.spec().routing())));
        return new Comparison(
                ordinary.name(),
                partitioned.name(),
                capture,
                captured,
                RowMatch.of(new TableReader(run.session()), migration, ordinary, partitioned),
                migration.spec().routes(partitioned.name()),
                ordinary.writableColumns());
    }
}
