package liquibase.ext.partition.engine;

import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import liquibase.ext.partition.engine.delta.replay.ReplayStep;
import liquibase.ext.partition.engine.index.IndexBuild;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.pace.RunPace;
import liquibase.ext.partition.engine.pace.TimeIsUp;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.swap.BackupDrop;
import liquibase.ext.partition.engine.swap.CatchUp;
import liquibase.ext.partition.engine.verify.Verification;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The pace applies to every step that takes long, as it does to the copy. */
@ExtendWith(FreshDatabase.class)
class PacedStepsTest {
    private static final GivenPace WHILE_BUSY = GivenPace.named(Map.of("throttleQuery", "SELECT yes FROM busy"));
    private static final GivenPace NO_TIME = GivenPace.named(Map.of("maxDuration", "1ms"));
    private static final String PAUSED = "Paused: throttleQuery says so.";

    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void copied() throws SQLException {
        database.execute("CREATE TABLE busy (yes boolean)", "INSERT INTO busy VALUES (true)");
        orders = MigrationFixture.ofOrders(database, 2_000, 4)
                .prepare()
                .capture()
                .copy();
    }

    private Future<Void> start(String name, MigrationFixture.Step step) {
        return inBackground(() -> {
            orders.step(name, step);
            return null;
        });
    }

    private void awaitPaused(Future<Void> step, int times) throws Exception {
        while (orders.lines().stream().filter(PAUSED::equals).count() < times) {
            if (step.isDone()) {
                join(step);
                throw new AssertionError("The step ended without a pause; it said " + orders.lines());
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    private void goOn(Future<Void> step) throws Exception {
        database.execute("UPDATE busy SET yes = false");
        join(step);
        assertThat(orders.lines()).contains("Going on.");
        database.execute("UPDATE busy SET yes = true");
    }

    private long indexesOfPartitions() {
        return database.queryLong(
                "SELECT count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid WHERE c.relname ~ '^orders_2'");
    }

    /** With one worker, so that the pieces come one after the other. */
    @Test
    void noIndexIsBegunWhileWorkIsPausedAndReplayComparisonAndDropWaitToo() throws Exception {
        Future<Void> build = start("buildIndexes", run -> IndexBuild.of(run).build(1, WHILE_BUSY));
        awaitPaused(build, 1);
        assertThat(indexesOfPartitions()).isZero();
        goOn(build);

        database.execute("UPDATE orders SET status = 'paid' WHERE id <= 50");
        Future<Void> replay =
                start("replayChanges", run -> ReplayStep.run(run, ReplayStep.DEFAULT_BATCH_SIZE, WHILE_BUSY));
        awaitPaused(replay, 2);
        assertThat(database.queryLong("SELECT count(*) FROM orders_delta")).isEqualTo(50);
        goOn(replay);

        Future<Void> verify = start("verifyCopy", run -> Verification.verifyCopy(run, 100, 2, WHILE_BUSY, null));
        awaitPaused(verify, 3);
        assertThat(orders.phase()).isEqualTo("replayed");
        goOn(verify);
        orders.swap();

        Future<Void> drop = start(
                "dropBackup",
                run -> BackupDrop.run(
                        run, orders.backup().name(), new LockPolicy(Duration.ofSeconds(1), 5), 2, WHILE_BUSY));
        awaitPaused(drop, 4);
        assertThat(orders.phase()).isEqualTo("swapped");
        goOn(drop);
        assertThat(orders.phase()).isEqualTo("dropped");
    }

    @Test
    void anIndexBuildThatHasNoTimeLeftKeepsWhatItHasBuiltAndGoesOnWithTheNextIndex() throws Exception {
        database.execute("CREATE INDEX orders_status ON orders (status)");
        database.execute("UPDATE busy SET yes = false");
        Future<Void> build;
        try (Transaction gate = Transaction.begin(database)) {
            gate.run("LOCK TABLE orders_202401 IN ROW EXCLUSIVE MODE");
            build = start("buildIndexes", run -> IndexBuild.of(run).build(1, WHILE_BUSY));
            orders.awaitBlocked("liquibase-partition buildIndexes%");
            database.execute("UPDATE busy SET yes = true");
            awaitPaused(build, 1);
            gate.commit();
        }
        database.awaitTrue("SELECT count(*) = 1 FROM pg_index WHERE indrelid = 'orders_202401'::regclass");
        String built =
                database.queryString("SELECT indexrelid FROM pg_index WHERE indrelid = 'orders_202401'::regclass");

        database.execute("UPDATE partition_migration SET tuning = '{\"maxDuration\": \"1ms\"}'");
        assertThatThrownBy(() -> join(build)).isInstanceOf(TimeIsUp.class).hasMessageContaining("Run update again");
        assertThat(indexesOfPartitions()).isEqualTo(1);
        database.execute("UPDATE partition_migration SET tuning = NULL");

        orders.index();
        assertThat(database.queryStrings(
                        "SELECT indexrelid::text FROM pg_index WHERE indrelid = 'orders_202401'::regclass"))
                .hasSize(2)
                .contains(built);
        orders.replay().verify().swap();
        orders.assertSameRows(orders.source(), orders.backup());
    }

    @Test
    void aReplayThatHasNoTimeLeftKeepsItsBatches() throws Exception {
        orders.index();
        database.execute("UPDATE orders SET status = 'paid'");
        // A batch has at least one block, and the delta table has several; between two batches it looks if a second has
        // passed.
        GivenPace pace = GivenPace.named(
                Map.of("throttleQuery", "SELECT count(*) < 2000 FROM orders_delta", "pauseBetweenChunks", "1100ms"));
        Future<Void> replay = start("replayChanges", run -> ReplayStep.run(run, 1, pace));
        awaitPaused(replay, 1);
        database.execute("UPDATE partition_migration SET tuning = '{\"maxDuration\": \"1ms\"}'");
        assertThatThrownBy(() -> join(replay)).isInstanceOf(TimeIsUp.class);

        assertThat(database.queryLong("SELECT count(*) FROM orders_delta")).isBetween(1L, 1_999L);
        assertThat(orders.phase()).isEqualTo("indexed");
        database.execute("UPDATE partition_migration SET tuning = NULL");
        orders.replay().assertNewTableEqualsSource();
    }

    @Test
    void whatIsReplayedInPassingEndsWithItsTimeAndGoesOnWithTheNext() throws Exception {
        orders.index().replay();
        database.execute("UPDATE orders SET status = 'paid' WHERE id <= 50");

        orders.step("passing by", run -> CatchUp.run(run, Duration.ZERO, GivenPace.NOTHING));
        assertThat(orders.lines())
                .contains(
                        "replay of public.orders into public.orders_new ends here, because its time is over; the next update goes on.");
        assertThat(orders.deltaRows()).isEqualTo(50);

        orders.step("passing by", run -> CatchUp.run(run, CatchUp.DEFAULT_TIME, GivenPace.NOTHING));
        assertThat(orders.deltaRows()).isZero();
        orders.assertNewTableEqualsSource();
    }

    @Test
    void aComparisonIsNotBegunWithoutTimeAndDoneToItsEndOnceBegun() throws Exception {
        orders.index().replay();
        assertThatThrownBy(() -> orders.step("verifyCopy", run -> Verification.verifyCopy(run, 100, 1, NO_TIME, null)))
                .isInstanceOf(TimeIsUp.class)
                .hasMessageContaining("verification of public.orders_new was not begun: maxDuration is over")
                .hasMessageContaining("Run update again");
        assertThat(orders.phase()).isEqualTo("replayed");

        Future<Void> verify = start("verifyCopy", run -> Verification.verifyCopy(run, 100, 1, WHILE_BUSY, null));
        awaitPaused(verify, 1);
        database.execute("UPDATE partition_migration SET tuning = '{\"maxDuration\": \"1ms\"}'");
        goOn(verify);
        assertThat(orders.phase()).isEqualTo("verified");
    }

    @Test
    void theTimeOfARunIsThatOfAllItsStepsTogether() throws SQLException {
        RunPace begunAnHourAgo = new RunPace(
                GivenPace.NOTHING, System.nanoTime() - Duration.ofHours(1).toNanos());

        assertThatThrownBy(() -> build(begunAnHourAgo, Map.of("maxDuration", "59min")))
                .isInstanceOf(TimeIsUp.class);
        assertThat(indexesOfPartitions()).isZero();
        build(begunAnHourAgo, Map.of("maxDuration", "61min"));
        assertThat(orders.phase()).isEqualTo("indexed");
    }

    @Test
    void whatARunSaysGoesBeforeWhatItsStepsSayAndTheRowGoesBeforeBoth() throws SQLException {
        // Nobody observes a replica here, so the step would wait for ever.
        RunPace without =
                new RunPace(GivenPace.named(Map.of("maxReplicaLag", "off", "maxDuration", "1ms")), System.nanoTime());
        assertThatThrownBy(() -> build(without, Map.of("maxReplicaLag", "10s", "maxDuration", "1min")))
                .isInstanceOf(TimeIsUp.class);

        database.execute("UPDATE partition_migration SET tuning = '{\"maxDuration\": \"off\"}'");
        build(without, Map.of("maxReplicaLag", "10s"));
        assertThat(orders.phase()).isEqualTo("indexed");
    }

    private void build(RunPace ofRun, Map<String, String> pace) throws SQLException {
        try (Connection main = database.connect();
                StepRun run = orders.environment(main, ofRun).begin("buildIndexes", orders.source())) {
            IndexBuild.of(run).build(2, GivenPace.named(pace));
        }
    }
}
