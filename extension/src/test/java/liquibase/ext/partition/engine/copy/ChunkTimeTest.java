package liquibase.ext.partition.engine.copy;

import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.ChunkGate;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The size of chunks follows the time that they take, and chunks of any size do not overlap. */
@ExtendWith(FreshDatabase.class)
class ChunkTimeTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() throws Exception {
        orders = MigrationFixture.ofOrders(database, 1000).prepare().capture();
    }

    /** Each row takes at least two milliseconds; a block has fifteen. */
    private void makeRowsSlow() {
        database.execute("""
                CREATE FUNCTION dawdle() RETURNS bool LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(0.002); RETURN true; END $$""", "ALTER TABLE orders_new ADD CONSTRAINT dawdle CHECK (dawdle()) NOT VALID");
    }

    private void assertCopiedOnce() throws Exception {
        database.execute("ALTER TABLE orders_new DROP CONSTRAINT IF EXISTS dawdle");
        assertThat(database.queryRows("""
                        SELECT min(from_block), bool_and(follows), max(to_block) = pg_relation_size('orders') / 8192,
                               sum(rows_copied)
                        FROM (SELECT from_block, to_block, rows_copied,
                                     from_block = coalesce(lag(to_block) OVER (ORDER BY from_block), 0) AS follows
                              FROM partition_chunk) AS c""")).containsExactly(List.of("0", "t", "t", "1000"));
        orders.index().replay().assertNewTableEqualsSource();
    }

    @Test
    void aChunkTakesAboutItsTimeWhateverItsRowsTake() throws Exception {
        makeRowsSlow();

        orders.copy(ChunkedCopy.UNBOUNDED, Map.of("chunkTime", "120ms"));

        assertThat(database.queryRows("""
                        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY took) BETWEEN 0.04 AND 0.24,
                               min(blocks) FILTER (WHERE from_block = 0), count(*) > 10
                        FROM (SELECT extract(epoch FROM finished_at - started_at) AS took, to_block - from_block AS blocks,
                                     from_block
                              FROM partition_chunk) AS c""")).as("%s", chunks()).containsExactly(List.of("t", "1", "t"));
        assertCopiedOnce();
    }

    @Test
    void withoutABoundTheChunksGrow() throws Exception {
        orders.copy(ChunkedCopy.UNBOUNDED, Map.of("chunkTime", "1min"));

        assertThat(database.queryStrings("SELECT to_block - from_block FROM partition_chunk ORDER BY from_block"))
                .hasSize(2)
                .first()
                .satisfies(blocks -> assertThat(Long.parseLong(blocks)).isBetween(20L, 31L));
        assertCopiedOnce();
    }

    @Test
    void theTimeCanBeSetWhileTheCopyRuns() throws Exception {
        makeRowsSlow();
        try (ChunkGate gate = ChunkGate.overBlocks(orders, 20, 21)) {
            Future<Void> copy = inBackground(() -> orders.copy(150, Map.of("chunkTime", "1min")));
            gate.awaitWorker(copy);
            database.execute("UPDATE partition_migration SET tuning = '{\"chunkTime\": \"60ms\"}'");
            while (orders.lines().stream()
                    .noneMatch(line -> line.startsWith("Retuned by partition_migration.tuning"))) {
                assertThat(copy.isDone()).isFalse();
                LockSupport.parkNanos(1_000_000);
            }
            gate.open();
            join(copy);
        }
        assertThat(database.queryRows("""
                        SELECT min(blocks) FILTER (WHERE from_block < 20) = 10,
                               max(blocks) FILTER (WHERE from_block > 20 AND from_block < 60) < 5
                        FROM (SELECT from_block, to_block - from_block AS blocks FROM partition_chunk) AS c""")).as("%s", chunks()).containsExactly(List.of("t", "t"));
        assertCopiedOnce();
    }

    private List<List<String>> chunks() {
        return database.queryRows(
                "SELECT from_block, to_block, finished_at - started_at FROM partition_chunk ORDER BY from_block");
    }

    /**
     * As after a lock that was lost unnoticed: the chunks of each runner cross the borders of the others', and they
     * begin together.
     */
    @Test
    void runnersWithoutALockBetweenThemCopyEveryRowOnce() throws Exception {
        orders.waitingForOthers();
        List<Future<Void>> runners;
        try (ChunkGate gate = ChunkGate.overBlocks(orders, 5, 6)) {
            runners = Stream.of(45L, 70L, 16L)
                    .map(size -> inBackground(() -> {
                        orders.step("chunkedCopy", run -> {
                            run.session().queryStrings(Sql.of("SELECT pg_advisory_unlock_all()::text"));
                            ChunkedCopy.of(run).copy(size, 1, false, GivenPace.NOTHING);
                        });
                        return null;
                    }))
                    .toList();
            database.awaitTrue("""
                    SELECT count(*) = 3 FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock'
                      AND application_name LIKE 'liquibase-partition chunkedCopy%'""");
            gate.open();
        }
        for (Future<Void> runner : runners) {
            join(runner);
        }
        assertThat(orders.phase()).isEqualTo("copied");
        assertThat(database.queryLong("SELECT count(*) FROM orders_new")).isEqualTo(1000);
        assertCopiedOnce();
    }
}
