package liquibase.ext.partition.engine.copy;

import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.pace.TimeIsUp;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A copy that gives way: it says why it pauses, and goes on by itself. */
@ExtendWith(FreshDatabase.class)
class ThrottleTest {
    private static MigrationFixture captured(TestDatabase database) throws SQLException {
        return MigrationFixture.ofOrders(database, 2_000, 4).prepare().capture();
    }

    private static void awaitLine(MigrationFixture orders, Future<Void> copy, String part) throws Exception {
        while (orders.lines().stream().noneMatch(line -> line.contains(part))) {
            if (copy.isDone()) {
                join(copy);
                throw new AssertionError("The copy ended without saying: " + part + "; it said " + orders.lines());
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static long chunks(TestDatabase database) {
        return database.queryLong("SELECT count(*) FROM partition_chunk");
    }

    @Test
    void theCopyPausesWhileTheQuerySaysSoAndThenGoesOn(TestDatabase database) throws Exception {
        database.execute("CREATE TABLE busy (yes boolean)", "INSERT INTO busy VALUES (true)");
        MigrationFixture orders = captured(database);

        Future<Void> copy = inBackground(() -> orders.copy(Map.of("throttleQuery", "SELECT yes FROM busy")));
        awaitLine(orders, copy, "Paused: throttleQuery says so");
        assertThat(chunks(database)).isZero();
        database.execute("UPDATE busy SET yes = false");
        join(copy);

        assertThat(orders.lines()).contains("Going on.");
        orders.assertNewTableEqualsSource();
    }

    @Test
    void theCopyRestsAfterEachChunk(TestDatabase database) throws SQLException {
        MigrationFixture orders = captured(database);

        orders.copy(1_000, Map.of("pauseBetweenChunks", "300ms", "chunkTime", "1min"));

        assertThat(chunks(database)).isGreaterThanOrEqualTo(2);
        assertThat(database.queryLong("""
                        SELECT floor(min(rested))::bigint FROM (
                          SELECT extract(epoch FROM started_at - lag(finished_at) OVER (ORDER BY started_at)) * 1000 AS rested
                          FROM partition_chunk) AS c""")).isGreaterThanOrEqualTo(300);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT yes FROM nowhere",
                "WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) > 0 FROM gone"
            })
    void aQueryThatCanNeverRunOrThatWritesStopsTheCopy(String query, TestDatabase database) throws SQLException {
        MigrationFixture orders = captured(database);

        assertThatThrownBy(() -> orders.copy(Map.of("throttleQuery", query)))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("throttleQuery cannot be run")
                .hasMessageContaining("What is copied is kept");
        assertThat(chunks(database)).isZero();
        orders.copy();
        orders.assertNewTableEqualsSource();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(2_000);
    }

    @Test
    void aReplicaThatCannotBeObservedCountsAsBehind(TestDatabase database) throws Exception {
        MigrationFixture orders = captured(database);

        Future<Void> copy = inBackground(() -> orders.copy(Map.of("maxReplicaLag", "10s")));
        awaitLine(orders, copy, "Paused: no replica is connected, so its lag cannot be observed (maxReplicaLag)");
        assertThat(chunks(database)).isZero();

        // The way out without stopping it.
        database.execute("UPDATE partition_migration SET tuning = '{\"maxReplicaLag\": null}'");
        join(copy);
        assertThat(orders.lines()).anyMatch(line -> line.startsWith("Retuned by partition_migration.tuning"));
        orders.assertNewTableEqualsSource();
    }

    @Test
    void theCopyWaitsWhileTooManySessionsAreActive(TestDatabase database) throws Exception {
        MigrationFixture orders = captured(database);
        database.execute("CREATE TABLE latch (id int)");
        try (Transaction holder = Transaction.begin(database)) {
            holder.run("LOCK TABLE latch");
            Future<Void> first = inBackground(() -> database.queryStrings("SELECT id::text FROM latch"));
            Future<Void> second = inBackground(() -> database.queryStrings("SELECT id::text FROM latch"));
            database.awaitTrue(
                    "SELECT count(*) = 2 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%latch%'");

            Future<Void> copy = inBackground(() -> orders.copy(Map.of("maxLoad", "1")));
            awaitLine(orders, copy, "sessions are active, more than 1 (maxLoad)");
            assertThat(chunks(database)).isZero();
            holder.commit();
            join(first);
            join(second);
            join(copy);
        }
        orders.assertNewTableEqualsSource();
    }

    @Test
    void whatIsWrittenWronglyIntoTheRowIsToldAndNotFollowed(TestDatabase database) throws SQLException {
        MigrationFixture orders = captured(database);
        database.execute("UPDATE partition_migration SET tuning = '{\"maxlaod\": \"3\"}'");

        orders.copy();

        assertThat(orders.lines())
                .anyMatch(line ->
                        line.startsWith("partition_migration.tuning is not followed: There is no setting maxlaod"));
        orders.assertNewTableEqualsSource();
    }

    @Test
    void afterItsTimeTheCopyEndsWithWhatItHasAndTheNextRunGoesOn(TestDatabase database) throws SQLException {
        MigrationFixture orders = captured(database);

        assertThatThrownBy(() -> orders.copy(Map.of("maxDuration", "1ms")))
                .isInstanceOf(TimeIsUp.class)
                .hasMessageContaining("maxDuration is over")
                .hasMessageContaining("Run update again");
        assertThat(orders.phase()).isEqualTo("copying");
        database.execute("DELETE FROM orders WHERE id = 7");

        orders.copy();

        assertThat(orders.phase()).isEqualTo("copied");
        orders.index().replay().assertNewTableEqualsSource();
    }
}
