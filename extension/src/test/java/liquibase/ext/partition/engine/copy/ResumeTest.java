package liquibase.ext.partition.engine.copy;

import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.list;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.ChunkGate;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.delta.CaptureStep;
import liquibase.ext.partition.engine.lock.OnBusy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A copy that is interrupted, killed, run twice, or finds the source changed. */
@ExtendWith(FreshDatabase.class)
class ResumeTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() throws SQLException {
        orders = MigrationFixture.ofOrders(database, 1000, 4).prepare().capture();
    }

    private Future<Void> copyWithOneWorker() {
        return inBackground(() -> orders.copy(MigrationFixture.CHUNK_SIZE, 1, false));
    }

    private long finishedChunks() {
        return database.queryLong("SELECT count(*) FROM partition_chunk WHERE finished_at IS NOT NULL");
    }

    private void killWorkers() {
        assertThat(database.queryStrings("""
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND application_name LIKE 'liquibase-partition chunkedCopy%'""")).isNotEmpty();
    }

    /** Runs the copy until five chunks are done, then kills its worker. */
    private void interruptAfterFiveChunks() throws Exception {
        try (ChunkGate gate = ChunkGate.beforeChunk(orders, 5)) {
            Future<Void> copy = copyWithOneWorker();
            gate.awaitWorker(copy);
            killWorkers();
            assertThatThrownBy(() -> join(copy)).isInstanceOf(SQLException.class);
        }
        assertThat(finishedChunks()).isEqualTo(5);
    }

    private void catchUpAndCompare() throws SQLException {
        orders.index().replay();
        orders.assertNewTableEqualsSource();
        orders.verify();
    }

    @Test
    void resumesAfterTheLastCommittedChunkAndCopiesNoneTwice() throws Exception {
        interruptAfterFiveChunks();
        List<List<String>> before =
                database.queryRows("SELECT from_block, finished_at FROM partition_chunk ORDER BY from_block");
        database.execute("UPDATE orders SET status = 'paid' WHERE id IN (1, 999)");

        orders.copy();

        assertThat(orders.lines())
                .anySatisfy(line -> assertThat(line)
                        .matches(".*: resuming public\\.orders after 5[0-9]\\.[0-9] % of its blocks, in 5 chunks\\."));
        assertThat(database.queryRows("SELECT from_block, finished_at FROM partition_chunk ORDER BY from_block"))
                .containsAll(before);
        assertThat(database.queryLong("SELECT sum(rows_copied) FROM partition_chunk"))
                .as("all but row 999, which is in the delta")
                .isEqualTo(999);
        catchUpAndCompare();
    }

    @Test
    void aResumedCopyGoesOnWithChunksOfAnotherSize() throws Exception {
        interruptAfterFiveChunks();

        orders.copy(15, 2, false);

        assertThat(database.queryRows("""
                        SELECT to_block - from_block AS size, count(*) FROM partition_chunk GROUP BY size ORDER BY size DESC"""))
                .hasSize(2)
                .first(list(String.class))
                .element(1)
                .isEqualTo("5");
        assertCovered();
        catchUpAndCompare();
    }

    @Test
    void theChunksCoverTheTableWithoutGapOrOverlap() throws Exception {
        orders.copy(37, 4, false);

        assertCovered();
        catchUpAndCompare();
    }

    private void assertCovered() {
        assertThat(database.queryRows("""
                        SELECT min(from_block), bool_and(follows), max(to_block) = pg_relation_size('orders') / 8192
                        FROM (SELECT from_block, to_block,
                                     from_block = coalesce(lag(to_block) OVER (ORDER BY from_block), 0) AS follows
                              FROM partition_chunk) AS c""")).containsExactly(List.of("0", "t", "t"));
    }

    @Test
    void anErrorInOneChunkStopsTheCopyAndTheChunkIsNotLost() throws Exception {
        // Only the new table refuses it, so the source never had to.
        database.execute("ALTER TABLE orders_202402 ADD CONSTRAINT refused CHECK (id <> 509)");

        assertThatThrownBy(orders::copy)
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("violates check constraint \"refused\"");
        assertThat(orders.phase()).isEqualTo("copying");
        assertThatThrownBy(orders::index)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("the migration is only <copying>, and it must be <copied>");

        database.execute("ALTER TABLE orders_202402 DROP CONSTRAINT refused");
        orders.copy();
        catchUpAndCompare();
    }

    @Test
    void aSecondRunnerIsRefusedAndToldWhoIsAtWorkEvenAfterSeveralChunksWereCommitted() throws Exception {
        try (ChunkGate gate = ChunkGate.beforeChunk(orders, 5)) {
            Future<Void> copy = copyWithOneWorker();
            gate.awaitWorker(copy);
            assertThat(finishedChunks()).isEqualTo(5);

            assertThatThrownBy(orders::copy)
                    .isInstanceOf(PartitionException.class)
                    .hasMessageContaining("another runner is at work on public.orders: pid ")
                    .hasMessageContaining("connected since");
            assertThatThrownBy(orders::replay).hasMessageContaining("another runner is at work");

            gate.open();
            join(copy);
        }
        // The lock is gone with the step.
        catchUpAndCompare();
    }

    @Test
    void aSecondRunnerThatIsToWaitDoesAndThenGoesOnWithWhatIsLeft() throws Exception {
        try (ChunkGate gate = ChunkGate.beforeChunk(orders, 5)) {
            Future<Void> first = copyWithOneWorker();
            gate.awaitWorker(first);
            orders.waitingForOthers();
            Future<Void> second = inBackground(orders::copy);
            while (orders.lines().stream()
                    .noneMatch(line -> line.contains("waiting for another runner at work on public.orders: pid "))) {
                assertThat(second.isDone()).isFalse();
            }
            gate.open();
            join(first);
            join(second);
        }
        assertThat(orders.lines()).anyMatch(line -> line.contains("public.orders is copied already"));
        catchUpAndCompare();
    }

    @Test
    void theLockDiesWithItsSession() throws Exception {
        try (Connection main = database.connect()) {
            orders.environment(main).begin("chunkedCopy", orders.source());
            assertThatThrownBy(orders::copy).hasMessageContaining("another runner");
            long pid = database.queryLong("SELECT pid FROM " + TestDatabase.ADVISORY_LOCKS);
            database.queryString("SELECT pg_terminate_backend(?)", (int) pid);
            database.awaitTrue("SELECT NOT EXISTS (SELECT FROM " + TestDatabase.ADVISORY_LOCKS + ")");
        }

        orders.copy();

        catchUpAndCompare();
    }

    /**
     * The backend of a killed runner may still be inserting a chunk when the next runner reaches it, whose chunks have
     * another size: they cross each other's borders.
     */
    @ParameterizedTest(name = "blocks {0} to {1}")
    @CsvSource({"30, 40", "36, 37", "0, 3", "0, 60"})
    void blocksThatAnotherBackendIsStillCopyingAreWaitedForAndNotCopiedTwice(long from, long to) throws Exception {
        try (ChunkGate orphan = ChunkGate.overBlocks(orders, from, to)) {
            Future<Void> copy = inBackground(() -> orders.copy(MigrationFixture.CHUNK_SIZE, 3, false));
            orphan.awaitWorker(copy);
            orphan.finishChunk(orders);
            join(copy);
        }
        assertThat(database.queryLong("SELECT sum(rows_copied) FROM partition_chunk"))
                .isEqualTo(1000);
        assertThat(database.queryLong("SELECT count(*) FROM orders_new")).isEqualTo(1000);
        assertCovered();
        assertThat(orders.lines()).last().asString().contains("100.0 %");
        catchUpAndCompare();
    }

    @Test
    void blocksThatAnotherBackendGivesUpAreCopied() throws Exception {
        try (ChunkGate orphan = ChunkGate.overBlocks(orders, 30, 40)) {
            Future<Void> copy = copyWithOneWorker();
            orphan.awaitWorker(copy);
            orphan.open();
            join(copy);
        }
        assertCovered();
        catchUpAndCompare();
    }

    /** No runner commits such a claim. Counting it as done would lose rows, and retrying for ever would help nobody. */
    @Test
    void aClaimThatIsCommittedAndNotFinishedIsNamed() throws Exception {
        database.execute("INSERT INTO partition_chunk SELECT id, 20, 30, 0 FROM partition_migration");

        assertThatThrownBy(orders::copy)
                .isInstanceOf(PartitionException.class)
                .hasMessageMatching(
                        "(?s)Blocks \\d+ to \\d+ of public.orders are claimed .* not finished.*Delete the rows.*");

        database.execute("DELETE FROM partition_chunk WHERE finished_at IS NULL");
        orders.copy();
        assertCovered();
        catchUpAndCompare();
    }

    @Test
    void restartEmptiesTheNewTableAndBeginsAnew() throws Exception {
        interruptAfterFiveChunks();
        database.execute("UPDATE orders SET status = 'paid' WHERE id IN (1, 999)", "DELETE FROM orders WHERE id = 2");

        orders.copy(200, 2, true);

        assertThat(orders.lines())
                .anySatisfy(line -> assertThat(line).contains("starting over; public.orders_new was emptied"));
        catchUpAndCompare();
    }

    @Test
    void vacuumFullStopsTheCopyAndARestartGoesOn() throws Exception {
        database.execute("DELETE FROM orders WHERE id % 3 = 0");
        try (ChunkGate gate = ChunkGate.beforeChunk(orders, 5)) {
            Future<Void> copy = copyWithOneWorker();
            gate.awaitWorker(copy);
            database.execute("VACUUM FULL orders");
            gate.open();

            assertThatThrownBy(() -> join(copy))
                    .isInstanceOf(PartitionException.class)
                    .hasMessageContaining("public.orders was rewritten since its copy began (VACUUM FULL")
                    .hasMessageContaining("liquibase update -DrestartCopy=orders");
        }
        assertThatThrownBy(orders::copy).hasMessageContaining("was rewritten since its copy began");
        assertThat(finishedChunks()).isEqualTo(5);

        orders.copy(MigrationFixture.CHUNK_SIZE, 2, true);

        catchUpAndCompare();
    }

    @Test
    void aColumnAddedMeanwhileStopsTheCopy() throws Exception {
        try (ChunkGate gate = ChunkGate.beforeChunk(orders, 5)) {
            Future<Void> copy = copyWithOneWorker();
            gate.awaitWorker(copy);
            database.execute("ALTER TABLE orders ADD COLUMN paid_at timestamptz");
            gate.open();

            assertThatThrownBy(() -> join(copy))
                    .isInstanceOf(PartitionException.class)
                    .hasMessageContaining("The columns of public.orders changed since its copy began")
                    .hasMessageContaining("paid_at");
        }
        assertThat(finishedChunks()).isEqualTo(5);
        assertThatThrownBy(orders::copy).hasMessageContaining("The columns of public.orders changed");
    }

    /**
     * A copy that failed is not in DATABASECHANGELOG, so a rollback does not run its inverse: captureChanges is the
     * first to be rolled back. Writes between the two captures are in no delta table.
     */
    @Test
    void aCaptureThatIsTakenBackAfterAnInterruptedCopyLeavesNoChunksToResumeFrom() throws Exception {
        interruptAfterFiveChunks();
        orders.step("rollback", run -> CaptureStep.stop(run, MigrationFixture.LOCK));
        database.execute("UPDATE orders SET status = 'between' WHERE id = 5", "DELETE FROM orders WHERE id = 6");

        orders.capture().copy();

        catchUpAndCompare();
    }

    @Test
    void whatIsCompleteIsNotDoneAgain() throws Exception {
        orders.copy();
        orders.copy();
        assertThat(orders.lines()).last().asString().contains("is copied already");
        catchUpAndCompare();
    }

    @Test
    void worksOnOneConnectionWhereNoOtherCanBeHad() throws Exception {
        try (Connection main = database.connect();
                var run = new StepRun.Environment(
                                main,
                                java.util.Optional::empty,
                                orders.environment(main).state(),
                                orders.environment(main).report(),
                                OnBusy.FAIL)
                        .begin("chunkedCopy", orders.source())) {
            ChunkedCopy.of(run).copy(MigrationFixture.CHUNK_SIZE, 4, false, GivenPace.NOTHING);
        }
        assertThat(orders.lines()).anySatisfy(line -> assertThat(line).contains("one connection instead of 4"));
        catchUpAndCompare();
    }

    @Test
    void aCopyWhoseWorkersCannotConnectSaysSoAndGoesOnWithTheOneConnectionItHas() throws Exception {
        try (Connection main = database.connect();
                var run = new StepRun.Environment(
                                main,
                                () -> {
                                    throw new SQLException("no more connections", "53300");
                                },
                                orders.environment(main).state(),
                                orders.environment(main).report(),
                                OnBusy.FAIL)
                        .begin("chunkedCopy", orders.source())) {
            ChunkedCopy.of(run).copy(MigrationFixture.CHUNK_SIZE, 4, false, GivenPace.NOTHING);
        }
        assertThat(orders.lines())
                .anySatisfy(line -> assertThat(line).contains("0 of 4 worker connections", "no more connections"));
        catchUpAndCompare();
    }

    @Test
    void theMainConnectionThatDiesStopsTheWorkers() throws Exception {
        try (ChunkGate gate = ChunkGate.beforeChunk(orders, 5)) {
            Future<Void> copy = copyWithOneWorker();
            gate.awaitWorker(copy);
            database.queryString(
                    "SELECT pg_terminate_backend(pid) FROM " + TestDatabase.ADVISORY_LOCKS + " AND objsubid = 1");
            gate.open();
            assertThatThrownBy(() -> join(copy)).isInstanceOf(SQLException.class);
        }
        assertThat(orders.phase()).isEqualTo("copying");

        orders.copy();

        catchUpAndCompare();
    }

    @Test
    void aRowLockDoesNotHoldTheCopyUp() throws Exception {
        try (Transaction holder = Transaction.begin(database)) {
            holder.run("SELECT FROM orders FOR UPDATE");
            orders.copy();
        }
        catchUpAndCompare();
    }
}
