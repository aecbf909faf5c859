package liquibase.ext.partition.engine.verify;

import java.math.BigDecimal;
import java.sql.SQLException;
import java.util.Arrays;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.GeneratedColumn;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.delta.Continuity;
import liquibase.ext.partition.engine.delta.KnownPartitions;
import liquibase.ext.partition.engine.delta.MissedWrites;
import liquibase.ext.partition.engine.delta.replay.Replay;
import liquibase.ext.partition.engine.delta.replay.ReplayCost;
import liquibase.ext.partition.engine.delta.replay.ReplayStep;
import liquibase.ext.partition.engine.newtable.RowShape;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.run.Workers;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.DefaultRows;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;

/**
 * The two verifications of a migration: of the copy before the swap, and of the backup before it is dropped. Both
 * record their result. {@link Comparison} states transactions and locks.
 */
public final class Verification {
    private static final int ATTEMPTS = 3;

    private Verification() {}

    /**
     * Compares source and new table.
     *
     * @param pace as the changelog says it. The result is recorded
     *     at the end, so {@code maxDuration} does not end a comparison that has begun: otherwise it would never finish
     * @param given how many of the rows may be in the default partition; if null, the share that the last comparison
     *     was given, or else {@link DefaultShare#DEFAULT}
     * @throws PartitionException when they differ, with the first keys that do, or when too many rows are in the
     *     default partition
     */
    public static void verifyCopy(StepRun run, long chunkSize, int workers, GivenPace pace, DefaultShare given)
            throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.INDEXED, run.step());
        if (migration.phase().isAtLeast(Phase.SWAPPED)) {
            run.line("%s: %s is swapped already.".formatted(run.step(), run.source()));
            return;
        }
        DefaultShare share = share(run, migration, given);
        String what = "verification of " + migration.newTable();
        Workers team = run.wholeWorkers(pace, what);
        PartitionLayout layout = migration.spec().layout();
        QualifiedName defaultPartition = migration.spec().defaultPartition();
        DefaultRows[] aside = {DefaultRows.none()};
        Steady steady = steadily(run, migration, migration.newTable(), () -> {
            TableReader reader = new TableReader(run.session());
            Table source = reader.require(run.source());
            Comparison comparison =
                    comparison(run, migration, source, reader.require(migration.newTable()), RowShape.SOURCE);
            catchUp(run, comparison, () -> ReplayStep.forward(migration, source, comparison.match()));
            String[] triggers = Continuity.read(run.session(), comparison.capture(), migration.origin());
            ComparisonResult found = comparison.compare(run, team, what, chunkSize, workers);
            if (found.differences() == 0) {
                aside[0] = new DefaultPartition(
                                defaultPartition, comparison.match().partitionKey(), layout)
                        .count(run, team, chunkSize, workers);
            }
            return new Compared(found, triggers, "");
        });
        ComparisonResult result = steady.compared().result();
        // Rows that are being written are not compared, and some of them are counted: there were at least as many.
        long rows = Math.max(result.rows(), aside[0].total());
        boolean misplaced = share.isExceeded(aside[0].total(), rows);
        run.migrations()
                .recordVerification(
                        migration,
                        result.rows(),
                        result.differences(),
                        misplaced,
                        steady.compared().triggers(),
                        steady.fingerprint());
        if (result.differences() > 0) {
            throw differing(run, migration, result);
        }
        run.migrations().recordDefaultRows(migration, aside[0]);
        if (misplaced) {
            throw misplaced(migration, defaultPartition, aside[0], rows, share);
        }
        run.line("verification of %s: %,d rows compared, no difference; %s in %s"
                .formatted(
                        migration.newTable(),
                        result.rows(),
                        aside[0].describe(
                                layout.interval().write(layout.from()),
                                layout.interval().write(layout.until())),
                        defaultPartition));
    }

    /** @param given may be null */
    private static DefaultShare share(StepRun run, Migration migration, DefaultShare given) throws SQLException {
        if (migration.exchange().isPresent()) {
            // The rows that the new partitions do not take were in the default partition before.
            return DefaultShare.ANY;
        }
        if (given != null) {
            run.migrations().recordDefaultShare(migration, given.percent().toPlainString());
            return given;
        }
        return run.migrations()
                .defaultShare(migration)
                .map(percent -> new DefaultShare(new BigDecimal(percent)))
                .orElse(DefaultShare.DEFAULT);
    }

    private static PartitionException misplaced(
            Migration migration, QualifiedName defaultPartition, DefaultRows aside, long rows, DefaultShare share) {
        PartitionLayout layout = migration.spec().layout();
        return new PartitionException(
                "%s of the %,d rows of %s are in the default partition %s, more than maxDefaultShare (%s): %s. The two tables are equal, but that share says that the date was misread. The source is untouched, capture goes on, and nothing is swapped. Where textFormat, epoch, keyTime, from or until is wrong: roll back to before createPartitionedTable (liquibase rollback --tag=%s-before, where the changelog is a generated one), correct it, generate again, and run update. Where these rows belong there: set maxDefaultShare: %s in the config and generate again, or as an attribute of verifyCopy and lockedSwap, and run update."
                        .formatted(
                                DefaultShare.percentOf(aside.total(), rows),
                                rows,
                                migration.newTable(),
                                defaultPartition,
                                share,
                                aside.describe(
                                        layout.interval().write(layout.from()),
                                        layout.interval().write(layout.until())),
                                migration.source().name().name(),
                                DefaultShare.atLeast(aside.total(), rows)));
    }

    private static PartitionException differing(StepRun run, Migration migration, ComparisonResult result) {
        String copyAgain =
                "liquibase update -DrestartCopy=" + run.source().name().name();
        String remedy = result.isOnlyComputed()
                ? result.recompute(run.source())
                                .map(update ->
                                        "Have the source's values computed anew (%s, for these rows or, part by part, for all), then run update again. Or make"
                                                .formatted(update))
                                .orElse("Make")
                        + " the function what it was, and have the rows copied again: %s.".formatted(copyAgain)
                : "Have the rows copied again, in one command: %s. Where nobody has altered a table so that its values changed, disabled a trigger, or written to the new table, report this: it should not happen."
                        .formatted(copyAgain);
        return new PartitionException(
                "%s and %s differ in %d rows. The source is untouched and capture goes on; nothing is swapped while they differ. %s The keys:%s"
                        .formatted(run.source(), migration.newTable(), result.differences(), remedy, result.list()));
    }

    /** Forgets the result of {@link #verifyCopy}: the rollback. */
    public static void forget(StepRun run) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.PREPARED, run.step());
        migration.requireNotSwapped("The verification is not forgotten");
        run.migrations().forgetVerification(migration);
    }

    /** Compares the backup with the live table, and records the result. The pace is that of {@link #verifyCopy}. */
    public static ComparisonResult verifyBackup(StepRun run, long chunkSize, int workers, GivenPace pace)
            throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.SWAPPED, run.step());
        QualifiedName backup = run.source().sibling(migration.backupTableName().orElseThrow());
        String what = "verification of " + migration.kept();
        Workers team = run.wholeWorkers(pace, what);
        Steady steady = steadily(run, migration, backup, () -> {
            TableReader reader = new TableReader(run.session());
            Table live = reader.require(migration.live());
            Table old = reader.require(backup);
            requireSameColumns(migration, live, old);
            Comparison comparison = comparison(run, migration, old, live, RowShape.NEW);
            ComparisonResult takenOut = BackupDifference.writtenAndTakenOut(run, migration);
            if (takenOut.differences() == 0) {
                catchUp(run, comparison, () -> ReplayStep.backward(run, migration, old, comparison.match()));
            }
            String[] triggers = Continuity.read(run.session(), comparison.capture(), live.name());
            String partitions = KnownPartitions.read(run.session(), KnownPartitions.of(migration));
            return new Compared(
                    comparison.compare(run, team, what, chunkSize, workers).plus(takenOut), triggers, partitions);
        });
        ComparisonResult result = steady.compared().result();
        if (result.differences() > 0) {
            tellOfMissedWrites(run, Capture.of(migration));
        }
        run.migrations()
                .recordBackupVerification(
                        migration,
                        result.differences(),
                        steady.compared().triggers(),
                        steady.fingerprint(),
                        steady.compared().partitions());
        return result;
    }

    /**
     * If a generated column calls a function that was made anew, rows that were written before that and are replayed
     * after it are computed differently in the other table. They are replayed first so that a comparison sees them;
     * rows that are written from then on are computed by the same function on both sides, as long as the fingerprint
     * stays the same.
     */
    private static void catchUp(StepRun run, Comparison comparison, Session.Work<Replay> replay) throws SQLException {
        if (!comparison.computed().isEmpty()) {
            Replay caughtUp = replay.run();
            caughtUp.withScratchTable(run.session(), () -> {
                ReplayStep.catchUp(run, caughtUp, ReplayStep.DEFAULT_BATCH_SIZE, new ReplayCost());
                return null;
            });
        }
    }

    private static void requireSameColumns(Migration migration, Table live, Table old) {
        RowMatch.differingColumns(migration, live, old).ifPresent(columns -> {
            throw new PartitionException(
                    "The columns of %s and of its backup %s are not the same any more, so they cannot be compared. Nothing was changed. They are %s. Give the backup the same columns, as by the same ALTER TABLE on %s, or undo that change, then run update again."
                            .formatted(live.name(), old.name(), columns, old.name()));
        });
    }

    /**
     * The result of one comparison, with the triggers that captured changes and the live table's partitions when it
     * began.
     */
    private record Compared(ComparisonResult result, String[] triggers, String partitions) {}

    /** A comparison during which the tables stayed the same, and their fingerprint. */
    private record Steady(Compared compared, String[] fingerprint) {}

    @FunctionalInterface
    private interface Attempt {
        Compared compare() throws SQLException;
    }

    /**
     * Compares until a comparison passes during which nobody has rewritten or altered one of the tables. The
     * fingerprint is read before the comparison plans by the tables' files, and never returns to an earlier value.
     *
     * @param named the table that is not the application's
     */
    private static Steady steadily(StepRun run, Migration migration, QualifiedName named, Attempt attempt)
            throws SQLException {
        for (int i = 1; i <= ATTEMPTS; i++) {
            String[] fingerprint = Fingerprint.read(run.session(), migration);
            try {
                Compared compared = attempt.compare();
                if (Arrays.equals(fingerprint, Fingerprint.read(run.session(), migration))) {
                    return new Steady(compared, fingerprint);
                }
            } catch (SQLException | PartitionException e) {
                if (isUnchanged(run, migration, fingerprint, e)) {
                    throw e;
                }
            }
            run.line("%s: %s or %s was rewritten or altered while they were compared. The comparison starts over."
                    .formatted(run.step(), run.source(), named));
        }
        throw new PartitionException(
                "%s or %s was rewritten or altered each of %d times that they were compared (VACUUM FULL, CLUSTER, ALTER TABLE, a partition that was attached or detached). Nothing was recorded, and capture goes on. Run update again when nobody does that."
                        .formatted(run.source(), named, ATTEMPTS));
    }

    /**
     * Asked after a failure that an alteration may have caused: a column or a partition that a statement names is gone.
     */
    private static boolean isUnchanged(StepRun run, Migration migration, String[] fingerprint, Exception failure) {
        try {
            return Arrays.equals(fingerprint, Fingerprint.read(run.session(), migration));
        } catch (SQLException suppressed) {
            // The connection is gone; only the reason matters.
            failure.addSuppressed(suppressed);
            return true;
        }
    }

    private static void tellOfMissedWrites(StepRun run, Capture capture) throws SQLException {
        for (MissedWrites.Missed missed : capture.missed().first(run.session(), 1)) {
            run.line(
                    "%s: since %s there were writes to %s whose keys could not be recorded (%s), which may be why rows differ."
                            .formatted(run.step(), missed.seenAt(), run.source(), missed.cause()));
        }
    }

    private static Comparison comparison(
            StepRun run, Migration migration, Table ordinary, Table partitioned, RowShape captured)
            throws SQLException {
        Capture capture = Capture.of(migration);
        if (captured == RowShape.SOURCE) {
            capture.requireOn(
                    run.session(),
                    run.source(),
                    ". Nothing was compared. What was written since then is on one side only. Roll back to before captureChanges and begin again.");
        } else {
            capture.requireEnabled(
                    run.session(),
                    partitioned.name(),
                    ". Nothing was compared. "
                            + Continuity.remedy(
                                    run.session(), capture, CapturedTable.ofLive(run.session(), migration)));
        }
        QualifiedName lookedUp = !migration.isOfSeveral()
                ? ordinary.name()
                : captured == RowShape.SOURCE ? migration.origin() : migration.kept();
        return new Comparison(
                lookedUp,
                migration.heaps(ordinary.name()),
                partitioned.name(),
                captured == RowShape.NEW
                        ? KnownPartitions.tables(run.session(), migration)
                        : new TableReader(run.session()).partitions(partitioned.name()),
                capture,
                captured,
                RowMatch.of(new TableReader(run.session()), migration, ordinary, partitioned),
                captured == RowShape.NEW
                        ? KnownPartitions.routes(run.session(), migration)
                        : migration.spec().routes(partitioned.name()),
                ordinary.writableColumns(),
                new TableReader(run.session())
                        .generatedColumns(ordinary.oid()).stream()
                                .filter(GeneratedColumn::stored)
                                .toList());
    }
}
