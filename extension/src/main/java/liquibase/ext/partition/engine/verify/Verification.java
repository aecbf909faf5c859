package liquibase.ext.partition.engine.verify;

import java.sql.SQLException;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.KeyMatch;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;

/**
 * The two verifications of a migration: of the copy before the swap, and of the backup before it is dropped. Both record what
 * they found. See {@link Comparison} for transactions and locks.
 */
public final class Verification {
    private Verification() {}

    /**
     * Compares source and new table.
     *
     * @throws PartitionException when they differ, with the first keys that do
     */
    public static void verifyCopy(StepRun run, long chunkSize, int workers) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.INDEXED, run.step());
        if (migration.phase().isAtLeast(Phase.SWAPPED)) {
            run.line("%s: %s is swapped already.".formatted(run.step(), run.source()));
            return;
        }
        Table source = new TableReader(run.session()).require(run.source());
        Comparison comparison = comparison(run, migration, source, migration.newTable());
        ComparisonResult result =
                comparison.compare(run, "verification of " + migration.newTable(), chunkSize, workers);
        run.migrations().recordVerification(migration, result.rows(), result.differences());
        if (result.differences() > 0) {
            throw new PartitionException(
                    "%s and %s differ in %d rows. The source is untouched and capture goes on; the swap will refuse. Roll back to before the copy and copy again, and report this: it should not happen. The keys:%s"
                            .formatted(run.source(), migration.newTable(), result.differences(), result.list()));
        }
        run.line("verification of %s: %,d rows compared, no difference".formatted(migration.newTable(), result.rows()));
    }

    /** Forgets the result of {@link #verifyCopy}: the rollback. */
    public static void forget(StepRun run) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.PREPARED, run.step());
        migration.requireNotSwapped("The verification is not forgotten");
        run.migrations().forgetVerification(migration);
    }

    /** Compares the backup with the live table, and records the result. */
    public static ComparisonResult verifyBackup(StepRun run, long chunkSize, int workers) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.SWAPPED, run.step());
        QualifiedName backup = run.source().sibling(migration.backupTableName().orElseThrow());
        TableReader reader = new TableReader(run.session());
        Table live = reader.require(run.source());
        Table old = reader.require(backup);
        if (!live.columnFingerprint().equals(old.columnFingerprint())) {
            throw new PartitionException(
                    "The columns of %s and of its backup %s are not the same any more, so they cannot be compared. Nothing was changed. They are <%s> and <%s>. Give the backup the same columns, or drop it by hand."
                            .formatted(run.source(), backup, live.columnFingerprint(), old.columnFingerprint()));
        }
        Comparison comparison = comparison(run, migration, old, run.source());
        ComparisonResult result = comparison.compare(run, "verification of " + backup, chunkSize, workers);
        run.migrations().recordBackupVerification(migration, result.differences());
        return result;
    }

    private static Comparison comparison(StepRun run, Migration migration, Table ordinary, QualifiedName partitioned)
            throws SQLException {
        KeyMatch key = new KeyMatch(new TableReader(run.session()).key(ordinary, migration.keyColumns()));
        Capture capture = new Capture(migration.delta(), key.columns(), migration.partitionColumn());
        capture.requireOn(
                run.session(),
                run.source(),
                ". Nothing was compared. What was written since then is on one side only; roll back and begin again.");
        return new Comparison(ordinary.name(), partitioned, capture, key, ordinary.writableColumns());
    }
}
