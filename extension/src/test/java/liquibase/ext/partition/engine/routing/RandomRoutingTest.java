package liquibase.ext.partition.engine.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The same random history on a plain table, on one that is partitioned natively and on one that is routed by triggers:
 * several sessions, each of whose transactions has its own isolation level, take turns. Every statement must give the
 * same on all three. Differences that the README names are left out: keys that are unique in one month only, ON
 * CONFLICT, the partition columns in RETURNING of a row that moves, and waiting for such a row. Each session writes
 * rows of its own, so that none waits for another.
 *
 * <p>{@code -Drouting.histories=500} plays more of them, {@code -Drouting.seed=7} the same ones.
 */
@ExtendWith(FreshDatabase.class)
class RandomRoutingTest {
    private static final Logger LOG = LoggerFactory.getLogger(RandomRoutingTest.class);

    private static final String SERIALIZATION_FAILURE = "40001";
    private static final int SESSIONS = 3;
    private static final int STEPS = 60;
    private static final String[] LEVELS = {"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"};
    private static final String ALL = "SELECT t::text FROM {table} AS t ORDER BY id, at, note";

    private enum Kind {
        PLAIN("plain"),
        NATIVE("split"),
        TRIGGER("orders");

        private final String table;

        Kind(String table) {
            this.table = table;
        }
    }

    /** The result of a statement: its rows or their number, or the error's SQLSTATE. */
    private record Outcome(String state, List<String> rows) {}

    private final List<String> history = new ArrayList<>();
    private Random random;
    private int failed;
    private long nextId;

    @Test
    void everyStatementGivesTheSameOnAllThree(TestDatabase database) throws SQLException {
        long seed = Long.getLong("routing.seed", System.nanoTime() % 1_000_000);
        int histories = Integer.getInteger("routing.histories", 10);
        LOG.info("{} random histories, -Drouting.seed={}", histories, seed);
        RoutedOrders.planned(database, PartitionInterval.MONTH)
                .make(RoutedOrders.COLUMNS)
                .attach();
        database.execute(
                "CREATE TABLE plain (id bigint PRIMARY KEY, at timestamptz, note text DEFAULT 'none')",
                "CREATE TABLE split (id bigint, at timestamptz, note text DEFAULT 'none') PARTITION BY RANGE (at)",
                "CREATE TABLE split_default PARTITION OF split DEFAULT");
        for (int month = 1; month <= 6; month++) {
            database.execute(
                    "CREATE TABLE split_%d PARTITION OF split (PRIMARY KEY (id)) FOR VALUES FROM ('2024-%d-01 00:00+00') TO ('2024-%d-01 00:00+00')"
                            .formatted(month, month, month + 1));
        }
        List<Map<Kind, Connection>> sessions = new ArrayList<>();
        try {
            for (int i = 0; i < SESSIONS; i++) {
                Map<Kind, Connection> session = new EnumMap<>(Kind.class);
                sessions.add(session);
                for (Kind kind : Kind.values()) {
                    session.put(kind, database.connect());
                    session.get(kind).setAutoCommit(true);
                }
            }
            for (int i = 0; i < histories; i++) {
                play(sessions, seed + i);
            }
            LOG.info("{} of them ended with a serialization failure", failed);
        } finally {
            for (Map<Kind, Connection> session : sessions) {
                for (Connection connection : session.values()) {
                    connection.close();
                }
            }
        }
        assertThat(database.queryLong("SELECT count(*) FROM ONLY orders")).isZero();
    }

    private void play(List<Map<Kind, Connection>> sessions, long seed) throws SQLException {
        random = new Random(seed);
        history.clear();
        history.add("seed " + seed);
        String[] levels = new String[SESSIONS];
        boolean[] onlyInserts = new boolean[SESSIONS];
        for (int step = 0; step < STEPS; step++) {
            int i = random.nextInt(SESSIONS);
            if (levels[i] == null) {
                levels[i] = LEVELS[random.nextInt(LEVELS.length)];
                onlyInserts[i] = random.nextInt(3) == 0;
                run(sessions.get(i), i, "BEGIN ISOLATION LEVEL " + levels[i]);
            }
            boolean end = random.nextInt(6) == 0;
            String statement = !end ? statement(i, onlyInserts[i]) : random.nextInt(5) == 0 ? "ROLLBACK" : "COMMIT";
            Map<Kind, Outcome> outcomes = run(sessions.get(i), i, statement);
            boolean ended = outcomes.values().stream().anyMatch(it -> it.state().equals(SERIALIZATION_FAILURE));
            if (ended) {
                // Which reads are remembered depends on the plan, on each of the three. A statement that reads nothing
                // need not fail.
                assertThat(levels[i]).as("%s", history).isEqualTo("SERIALIZABLE");
                boolean insertsFail =
                        onlyInserts[i] && outcomes.get(Kind.TRIGGER).state().equals(SERIALIZATION_FAILURE);
                assertThat(insertsFail)
                        .as("a transaction that only inserts fails: %s", history)
                        .isFalse();
                failed++;
                endOfHistory(sessions);
                return;
            }
            assertThat(outcomes.get(Kind.NATIVE)).as("native: %s", history).isEqualTo(outcomes.get(Kind.PLAIN));
            assertThat(outcomes.get(Kind.TRIGGER)).as("trigger: %s", history).isEqualTo(outcomes.get(Kind.PLAIN));
            boolean aborted = !outcomes.get(Kind.PLAIN).state().isEmpty();
            if (end || aborted) {
                run(sessions.get(i), i, "ROLLBACK");
                levels[i] = null;
            }
        }
        Map<Kind, Outcome> left = endOfHistory(sessions);
        assertThat(left.get(Kind.NATIVE)).as("%s", history).isEqualTo(left.get(Kind.PLAIN));
        assertThat(left.get(Kind.TRIGGER)).as("%s", history).isEqualTo(left.get(Kind.PLAIN));
    }

    /**
     * The rows committed on each; the next history begins with empty tables, as one of them may have failed to commit.
     */
    private Map<Kind, Outcome> endOfHistory(List<Map<Kind, Connection>> sessions) {
        for (int i = 0; i < SESSIONS; i++) {
            run(sessions.get(i), i, "ROLLBACK");
        }
        Map<Kind, Outcome> left = run(sessions.get(0), 0, ALL);
        run(sessions.get(0), 0, "DELETE FROM {table}");
        return left;
    }

    private String statement(int session, boolean onlyInserts) {
        int kind = onlyInserts ? random.nextInt(3) : random.nextInt(10);
        String mine = "id % " + SESSIONS + " = " + session;
        return switch (kind) {
            case 0, 1 ->
                "INSERT INTO {table} (id, at, note) VALUES (%d, %s, 'n%d') RETURNING id, at, note"
                        .formatted(id(session), time(), random.nextInt(9));
            case 2 ->
                "INSERT INTO {table} (id, at) VALUES (%d, %s), (%d, %s), (%d, %s)"
                        .formatted(id(session), time(), id(session), time(), id(session), time());
            case 3 ->
                "UPDATE {table} SET note = note || '!' WHERE " + mine + " AND id % 4 = " + random.nextInt(4)
                        + " RETURNING id, note";
            case 4, 5 ->
                "UPDATE {table} SET at = " + time() + ", note = 'moved' WHERE " + mine + " AND id % 5 = "
                        + random.nextInt(5) + " RETURNING id, note";
            case 6 -> "UPDATE {table} SET at = at + interval '1 month' WHERE " + mine;
            case 7 -> "DELETE FROM {table} WHERE " + mine + " AND id % 7 = " + random.nextInt(7) + " RETURNING id, at";
            case 8 -> "SELECT count(*), sum(id), max(note) FROM {table} WHERE at >= " + time() + " OR at IS NULL";
            default -> ALL;
        };
    }

    private long id(int session) {
        return SESSIONS * ++nextId + session;
    }

    private String time() {
        int month = random.nextInt(9);
        return month == 8
                ? "NULL"
                : month == 7
                        ? "'infinity'::timestamptz"
                        : "timestamptz '2024-0%d-%02d 00:00+00'".formatted(month + 1, 1 + random.nextInt(28));
    }

    private Map<Kind, Outcome> run(Map<Kind, Connection> session, int number, String statement) {
        history.add("%d: %s".formatted(number, statement));
        Map<Kind, Outcome> outcomes = new EnumMap<>(Kind.class);
        session.forEach((kind, connection) ->
                outcomes.put(kind, outcome(connection, statement.replace("{table}", kind.table))));
        return outcomes;
    }

    private static Outcome outcome(Connection connection, String statement) {
        try {
            return new Outcome("", StatementRows.of(connection, statement));
        } catch (SQLException e) {
            return new Outcome(e.getSQLState(), List.of());
        }
    }
}
