package liquibase.ext.partition.engine.restart;

import java.sql.SQLException;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.copy.ChunkedCopy;
import liquibase.ext.partition.engine.delta.CopiedRows;
import liquibase.ext.partition.engine.delta.replay.ReplayStep;
import liquibase.ext.partition.engine.index.IndexBuild;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.verify.Comparison;
import liquibase.ext.partition.engine.verify.Verification;

/**
 * Starts a copy over, and brings it back to where a later step needs it.
 *
 * <p>Transactions: one that forgets the copy and records that it is being started over; then those of the steps that it
 * runs. Locks: ACCESS EXCLUSIVE on the new table, which nobody uses, while it is emptied; then those of the steps. Safe
 * to repeat and to kill at any moment: until the tables are compared again, the record makes the next run go on,
 * whether or not that run asks for a restart. The source and its capture are not touched.
 */
public final class CopyRestart {
    private final StepRun run;
    private final Settings settings;

    /**
     * Settings of the copy and of the steps that follow it.
     *
     * @param chunkSize about how many rows a chunk of the copy holds at most
     * @param pace as the changelog says it
     * @param maxDefaultShare as {@link Verification#verifyCopy} takes it
     */
    public record Settings(long chunkSize, int workers, GivenPace pace, Optional<DefaultShare> maxDefaultShare) {
        /** Settings for callers that do not know the copy's own. */
        public Settings(int workers, GivenPace pace) {
            this(ChunkedCopy.UNBOUNDED, workers, pace, Optional.empty());
        }
    }

    public CopyRestart(StepRun run, Settings settings) {
        this.run = run;
        this.settings = settings;
    }

    /**
     * Does nothing unless somebody asks for a new copy, or an earlier run has begun one that was not compared yet. A
     * copy that was begun in this run of Liquibase is new: it is not started over, whichever steps ask for it. A copy
     * that an earlier run has started over goes on where it was, unless the source was rewritten since.
     *
     * @param asked whether somebody asks to start the copy over
     * @param goal the phase that the migration shall be in afterwards
     * @throws PartitionException when the two tables no longer have the same columns, so that a new copy would not help
     */
    public void upTo(Phase goal, boolean asked) throws SQLException {
        Optional<Migration> migration =
                run.migrations().find(run.source()).filter(it -> it.phase().isAtLeast(Phase.CAPTURING));
        if (migration.isEmpty()) {
            return;
        }
        if (migration.get().phase().isAtLeast(Phase.SWAPPED)) {
            if (asked) {
                whyNotStartedOver(migration.get()).ifPresent(run::line);
            }
            return;
        }
        if (asked && isToBeStartedOver(migration.get())) {
            startOver(migration.get());
        } else if (!migration.get().restarting()) {
            return;
        }
        goOn(goal);
    }

    /** Why the copy cannot be started over: the table is swapped already. Empty if it can. */
    public static Optional<String> whyNotStartedOver(Migration migration) {
        if (!migration.phase().isAtLeast(Phase.SWAPPED)) {
            return Optional.empty();
        }
        String table = migration.source().name().name();
        return Optional.of("%s is swapped already, so its copy is not started over. %s"
                .formatted(
                        migration.source(),
                        migration.phase().isAtLeast(Phase.DROPPED)
                                ? "Its backup is dropped, so there is nothing to copy from. Leave out restartCopy."
                                : "Leave out restartCopy; or take the swap back first (liquibase update -DswapBack=%s), then run update with -DrestartCopy=%s."
                                        .formatted(table, table)));
    }

    private boolean isToBeStartedOver(Migration migration) throws SQLException {
        if (migration.plan().isPresent() && run.migrations().hasBegunCopyWithin(migration, run.sinceRunBegan())) {
            return false;
        }
        return !migration.restarting() || (migration.plan().isPresent() && !ChunkedCopy.isPlanValid(run, migration));
    }

    private void startOver(Migration migration) throws SQLException {
        requireSameColumns(migration);
        run.session().inTransaction(() -> {
            // The copy must not meet an index.
            IndexBuild.drop(run);
            CopiedRows.discard(run, migration);
            run.migrations().recordRestart(migration);
        });
        run.line("%s: the copy of %s is started over; %s was emptied."
                .formatted(run.step(), run.source(), migration.newTable()));
    }

    private void requireSameColumns(Migration migration) throws SQLException {
        TableReader reader = new TableReader(run.session());
        Table source = reader.require(run.source());
        Table newTable = reader.require(migration.newTable());
        RowMatch.differingColumns(migration, source, newTable).ifPresent(columns -> {
            throw new PartitionException(
                    "The columns of %s changed since %s was made, so that to copy again does not help: %s. Nothing was changed. Roll back to before createPartitionedTable (liquibase rollback --tag=%s-before, where the changelog is a generated one), and begin again with the new columns."
                            .formatted(
                                    run.source(),
                                    migration.newTable(),
                                    columns,
                                    run.source().name().name()));
        });
    }

    private void goOn(Phase goal) throws SQLException {
        Migrations migrations = run.migrations();
        if (!isAt(migrations, Phase.COPIED)) {
            ChunkedCopy.of(run).copy(settings.chunkSize(), settings.workers(), false, settings.pace());
        }
        if (goal.isAtLeast(Phase.INDEXED) && !isAt(migrations, Phase.INDEXED)) {
            IndexBuild.of(run).build(settings.workers(), settings.pace());
        }
        if (goal.isAtLeast(Phase.REPLAYED) && !isAt(migrations, Phase.REPLAYED)) {
            ReplayStep.run(run, ReplayStep.DEFAULT_BATCH_SIZE, settings.pace());
        }
        if (goal.isAtLeast(Phase.VERIFIED)) {
            Verification.verifyCopy(
                    run,
                    Comparison.DEFAULT_CHUNK_SIZE,
                    settings.workers(),
                    settings.pace(),
                    settings.maxDefaultShare().orElse(null));
        }
    }

    private boolean isAt(Migrations migrations, Phase phase) throws SQLException {
        return migrations
                .require(run.source(), Phase.CAPTURING, run.step())
                .phase()
                .isAtLeast(phase);
    }
}
