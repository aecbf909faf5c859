package liquibase.ext.partition.engine.belonging.foreignkeys;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKeyReader;
import liquibase.ext.partition.engine.belonging.foreignkeys.triggers.ForeignKeyTriggers;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.routing.RoutedOrders;
import liquibase.ext.partition.engine.routing.StatementRows;
import liquibase.ext.partition.engine.routing.TriggerRouting;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The same random history on a table that foreign keys refer to, on one that is partitioned natively, and on one that
 * is routed by triggers, whose keys triggers keep. Several sessions, each of whose transactions has its own isolation
 * level, take turns, and wait for each other. Every statement must give the same on all three, however long it waits
 * there; and in the end the same rows are left.
 *
 * <p>Only the differences that the README names are expected: waiting for a row that moves; then, in a transaction of
 * one snapshot, 40001; and 0A000 for a delete or a key update there. A change of the key and the month in one
 * statement, and a row that is deleted and inserted again, do not occur. Only one session writes a given row of the
 * referenced table, since routings differ in what happens to others that wait for it.
 *
 * <p>{@code -Dkeys.histories=500} plays more of them, {@code -Dkeys.seed=7} the same ones.
 *
 * <p>The file is long because the history, its sessions and what may differ between them are one model.
 */
@ExtendWith(FreshDatabase.class)
class RandomForeignKeysTest {
    private static final Logger LOG = LoggerFactory.getLogger(RandomForeignKeysTest.class);

    private static final String SERIALIZATION_FAILURE = "40001";
    private static final String NOT_SUPPORTED = "0A000";
    private static final int SESSIONS = 3;
    private static final int STEPS = 40;
    private static final int PARENTS = 6;
    private static final String[] LEVELS = {
        "READ COMMITTED", "READ COMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"
    };
    private static final String[] CHILDREN = {"none", "strict", "casc", "nulls", "def", "late"};
    private static final String[] RULES = {
        "",
        "ON DELETE RESTRICT ON UPDATE RESTRICT",
        "ON DELETE CASCADE ON UPDATE CASCADE",
        "ON DELETE SET NULL ON UPDATE SET NULL",
        "ON DELETE SET DEFAULT ON UPDATE SET DEFAULT",
        "DEFERRABLE INITIALLY DEFERRED"
    };

    private static final Pattern WRITTEN_PARENT = Pattern.compile("\\.orders (?:SET .*)?WHERE id = (\\d+)");

    /** The place of the tables: one schema each. */
    private enum Kind {
        KEYS,
        SPLIT,
        ROUTED;

        private final QualifiedName orders = QualifiedName.of(name().toLowerCase(java.util.Locale.ROOT), "orders");
    }

    /** The result of a statement: its rows or their number, or the error's SQLSTATE and message. */
    private record Outcome(String state, List<String> rows) {}

    /** One session, on one of the kinds. */
    private record Client(Connection connection, int pid, ExecutorService thread) {}

    private final List<String> history = new ArrayList<>();
    private final List<Map<Kind, Client>> sessions = new ArrayList<>();
    private final List<Map<Kind, Future<Outcome>>> running = new ArrayList<>();
    private final String[] statements = new String[SESSIONS];
    private final String[] levels = new String[SESSIONS];
    /**
     * Whether the open transaction has moved a row, and whether another one has moved one, or had not ended, since it
     * began.
     */
    private final boolean[] moves = new boolean[SESSIONS];

    private final boolean[] movedMeanwhile = new boolean[SESSIONS];
    private List<Long> parents;
    private List<Long> children;
    private Connection monitor;
    private Random random;
    private boolean over;
    private long next;
    private long lastWritten;
    private int compared;
    private int waited;
    private int named;
    private int stuck;

    @Test
    void everyStatementGivesTheSameAsWithForeignKeys(TestDatabase database) throws Exception {
        long seed = Long.getLong("keys.seed", System.nanoTime() % 1_000_000);
        int histories = Integer.getInteger("keys.histories", 15);
        LOG.info("{} random histories, -Dkeys.seed={}", histories, seed);
        for (Kind kind : Kind.values()) {
            make(database, kind);
        }
        try {
            monitor = database.connect();
            for (int i = 0; i < SESSIONS; i++) {
                Map<Kind, Client> session = new EnumMap<>(Kind.class);
                for (Kind kind : Kind.values()) {
                    Connection connection = database.connect();
                    session.put(
                            kind,
                            new Client(
                                    connection,
                                    connection.unwrap(PGConnection.class).getBackendPID(),
                                    Executors.newSingleThreadExecutor()));
                }
                sessions.add(session);
                running.add(new EnumMap<>(Kind.class));
            }
            for (int i = 0; i < histories; i++) {
                play(seed + i);
            }
            LOG.info(
                    "{} statements compared, {} of them waited; {} gave what the README names; {} histories ended with sessions that waited for each other",
                    compared,
                    waited,
                    named,
                    stuck);
        } finally {
            for (Map<Kind, Client> session : sessions) {
                for (Client client : session.values()) {
                    client.thread().shutdownNow();
                    client.connection().close();
                }
            }
            if (monitor != null) {
                monitor.close();
            }
        }
    }

    /**
     * Makes them as a swap does: the keys are read from a table that has them, and kept on the one that takes its
     * place.
     */
    private void make(TestDatabase database, Kind kind) throws SQLException {
        String schema = kind.orders.schema().name();
        database.execute(
                "CREATE SCHEMA " + schema,
                "CREATE TABLE %1$s.orders (id bigint PRIMARY KEY, at timestamptz NOT NULL, up bigint CONSTRAINT up REFERENCES %1$s.orders ON DELETE SET NULL ON UPDATE CASCADE, note text)"
                        .formatted(schema));
        for (int i = 0; i < CHILDREN.length; i++) {
            database.execute(
                    "CREATE TABLE %1$s.%2$s (id bigint PRIMARY KEY, o bigint DEFAULT 0 CONSTRAINT %2$s_order REFERENCES %1$s.orders %3$s)"
                            .formatted(schema, CHILDREN[i], RULES[i]));
        }
        if (kind == Kind.KEYS) {
            return;
        }
        try (Connection connection = database.connect()) {
            Session session = Session.pinned(connection);
            List<ForeignKey> keys = new ForeignKeyReader(session).incoming(oid(database, kind.orders));
            assertThat(keys).hasSize(CHILDREN.length + 1);
            for (ForeignKey key : keys) {
                database.execute("ALTER TABLE %s DROP CONSTRAINT %s"
                        .formatted(key.referring().name().quoted(), key.name().quoted()));
            }
            database.execute("DROP TABLE %s.orders".formatted(schema));
            List<QualifiedName> tables = List.of(kind.orders);
            String columns = "id bigint, at timestamptz NOT NULL, up bigint, note text";
            if (kind == Kind.SPLIT) {
                database.execute(
                        "CREATE TABLE split.orders (%s, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)"
                                .formatted(columns),
                        "CREATE TABLE split.orders_default PARTITION OF split.orders DEFAULT");
                for (int month = 1; month <= 3; month++) {
                    database.execute(
                            "CREATE TABLE split.orders_%d PARTITION OF split.orders FOR VALUES FROM ('2024-%d-01 00:00+00') TO ('2024-%d-01 00:00+00')"
                                    .formatted(month, month, month + 1));
                }
            } else {
                RoutedOrders routed = new RoutedOrders(
                        database,
                        new TriggerRouting(
                                RoutedOrders.table(kind.orders, "at"),
                                new PartitionLayout(
                                        "orders_",
                                        PartitionInterval.MONTH,
                                        LocalDate.of(2024, 1, 1),
                                        LocalDate.of(2024, 4, 1))));
                routed.make(columns + ", PRIMARY KEY (id)").attach();
                tables = routed.children();
            }
            for (ForeignKey key : keys) {
                long orders = oid(database, kind.orders);
                ForeignKeyTriggers triggers = new ForeignKeyTriggers(
                        key,
                        kind.orders,
                        key.refersToItself()
                                ? new ForeignKeyTriggers.Numbers(orders, List.of(3))
                                : new ForeignKeyTriggers.Numbers(key.referring().oid(), List.of(2)),
                        new ForeignKeyTriggers.Numbers(orders, List.of(1)),
                        tables,
                        kind == Kind.SPLIT ? Routing.NATIVE : Routing.TRIGGER);
                database.execute(
                        triggers.createStatements().stream().map(Sql::text).toArray(String[]::new));
            }
        }
    }

    private static long oid(TestDatabase database, QualifiedName table) {
        return database.queryLong("SELECT ?::regclass::oid::bigint", table.quoted());
    }

    private void play(long seed) throws Exception {
        random = new Random(seed);
        history.clear();
        history.add("seed " + seed);
        next = PARENTS;
        lastWritten = 1;
        String child = CHILDREN[random.nextInt(CHILDREN.length)];
        begin(child);
        over = false;
        for (int step = 0; step < STEPS && !over; step++) {
            List<Integer> free = IntStream.range(0, SESSIONS)
                    .filter(i -> running.get(i).isEmpty())
                    .boxed()
                    .toList();
            if (free.isEmpty()) {
                stuck++;
                break;
            }
            boolean othersWait = free.size() < SESSIONS;
            int i = free.get(random.nextInt(free.size()));
            if (levels[i] == null) {
                if (othersWait) {
                    continue;
                }
                levels[i] = LEVELS[random.nextInt(LEVELS.length)];
                movedMeanwhile[i] = moves[0] || moves[1] || moves[2];
                run(i, "BEGIN ISOLATION LEVEL " + levels[i]);
                settle();
            }
            boolean end = random.nextInt(othersWait ? 2 : 9) == 0;
            String statement = !end ? remembered(statement(i, child)) : random.nextInt(5) == 0 ? "ROLLBACK" : "COMMIT";
            if (statement.startsWith("UPDATE {s}.orders SET at")) {
                moves[i] = true;
                Arrays.fill(movedMeanwhile, true);
            }
            run(i, statement);
            settle();
        }
        end(child);
    }

    private void begin(String child) throws Exception {
        String all =
                "{s}.orders, " + Arrays.stream(CHILDREN).map(it -> "{s}." + it).collect(Collectors.joining(", "));
        parents = new ArrayList<>();
        children = new ArrayList<>();
        String rows = IntStream.rangeClosed(0, PARENTS)
                .peek(id -> parents.add((long) id))
                .mapToObj(id -> "(%d, '2024-0%d-05 00:00+00', %s)"
                        .formatted(id, 1 + id % 3, id > 4 ? Integer.toString(id - 3) : "NULL"))
                .collect(Collectors.joining(", "));
        String lines = IntStream.rangeClosed(1, 6)
                .peek(id -> children.add((long) id))
                .mapToObj(id -> "(%d, %d)".formatted(id, id))
                .collect(Collectors.joining(", "));
        for (Kind kind : Kind.values()) {
            for (String statement : List.of(
                    "TRUNCATE " + all,
                    "INSERT INTO {s}.orders (id, at, up) VALUES " + rows,
                    "INSERT INTO {s}.%s VALUES %s".formatted(child, lines))) {
                assertThat(outcome(sessions.get(0).get(kind).connection(), on(kind, statement))
                                .state())
                        .isEmpty();
            }
        }
    }

    private void end(String child) throws Exception {
        // A statement that waits is canceled: with keys and with triggers, or with triggers alone, which wait where
        // keys do not.
        boolean canceled = running.stream().anyMatch(one -> !one.isEmpty());
        for (int i = 0; i < SESSIONS; i++) {
            for (Map.Entry<Kind, Future<Outcome>> it : running.get(i).entrySet()) {
                Client client = sessions.get(i).get(it.getKey());
                while (!it.getValue().isDone()) {
                    client.connection().unwrap(PGConnection.class).cancelQuery();
                    TimeUnit.MILLISECONDS.sleep(2);
                }
            }
            running.get(i).clear();
            rollback(i);
        }
        if (over || canceled) {
            return;
        }
        Map<Kind, List<String>> left = new EnumMap<>(Kind.class);
        for (Kind kind : Kind.values()) {
            left.put(
                    kind,
                    outcome(
                                    sessions.get(0).get(kind).connection(),
                                    on(
                                            kind,
                                            "SELECT id::text, at::text, up::text FROM {s}.orders UNION ALL SELECT 'line', id::text, o::text FROM {s}."
                                                    + child))
                            .rows());
        }
        assertThat(left.get(Kind.SPLIT)).as("split: %s", history).isEqualTo(left.get(Kind.KEYS));
        assertThat(left.get(Kind.ROUTED)).as("routed: %s", history).isEqualTo(left.get(Kind.KEYS));
    }

    private void rollback(int i) throws SQLException {
        for (Kind kind : Kind.values()) {
            outcome(sessions.get(i).get(kind).connection(), "ROLLBACK");
        }
        levels[i] = null;
        moves[i] = false;
    }

    private String statement(int session, String child) {
        String mine = Long.toString(parentOf(session));
        return switch (random.nextInt(15)) {
            case 0, 1, 2, 3 -> "INSERT INTO {s}.%s VALUES (%d, %s)".formatted(child, newChild(), anyParent());
            case 4 ->
                "INSERT INTO {s}.%s VALUES (%d, %s), (%d, %s)"
                        .formatted(child, newChild(), anyParent(), newChild(), anyParent());
            case 5 -> "UPDATE {s}.%s SET o = %s WHERE id = %d".formatted(child, anyParent(), anyOf(children));
            case 6 -> "DELETE FROM {s}.%s WHERE id = %d".formatted(child, anyOf(children));
            case 7, 8 -> "UPDATE {s}.orders SET at = %s WHERE id = %s".formatted(time(), mine);
            case 9 -> "UPDATE {s}.orders SET note = coalesce(note, '') || '!' WHERE id = " + mine;
            case 10 -> "DELETE FROM {s}.orders WHERE id = " + mine;
            case 11 -> "UPDATE {s}.orders SET id = id + 300 WHERE id = " + mine;
            case 12 -> {
                long id = SESSIONS * ++next + session;
                parents.add(id);
                yield "INSERT INTO {s}.orders (id, at, up) VALUES (%d, %s, %s)".formatted(id, time(), mine);
            }
            case 13 -> "UPDATE {s}.orders SET up = %s WHERE id = %s".formatted(parentOf(session), mine);
            default ->
                random.nextBoolean()
                        ? "SET CONSTRAINTS ALL " + (random.nextBoolean() ? "IMMEDIATE" : "DEFERRED")
                        : "SELECT count(*), sum(id) FROM {s}.orders WHERE id %% %d = %d"
                                .formatted(SESSIONS, session)
                                .replace("%%", "%");
        };
    }

    private String remembered(String statement) {
        Matcher written = WRITTEN_PARENT.matcher(statement);
        if (written.find()) {
            lastWritten = Long.parseLong(written.group(1));
        }
        return statement;
    }

    /** A parent of that session; the default parent belongs to nobody. */
    private long parentOf(int session) {
        List<Long> mine = parents.stream()
                .filter(id -> id > 0 && id % SESSIONS == session)
                .toList();
        boolean again = lastWritten % SESSIONS == session && random.nextInt(3) == 0;
        return again ? lastWritten : anyOf(mine) + (random.nextInt(6) == 0 ? 300 : 0);
    }

    private String anyParent() {
        int kind = random.nextInt(20);
        // A row that somebody has just written, or will write.
        if (kind >= 12) {
            return Long.toString(lastWritten);
        }
        return kind == 0 ? "NULL" : Long.toString(anyOf(parents) + (kind < 3 ? 300 : 0));
    }

    private long newChild() {
        long id = 1000 + ++next;
        children.add(id);
        return id;
    }

    private long anyOf(List<Long> ids) {
        return ids.get(random.nextInt(ids.size()));
    }

    private String time() {
        return "'2024-0%d-%02d 00:00+00'".formatted(1 + random.nextInt(4), 1 + random.nextInt(28));
    }

    private void run(int i, String statement) {
        history.add("%d: %s".formatted(i, statement));
        statements[i] = statement;
        for (Kind kind : Kind.values()) {
            Client client = sessions.get(i).get(kind);
            running.get(i).put(kind, client.thread().submit(() -> outcome(client.connection(), on(kind, statement))));
        }
    }

    /**
     * Waits until every statement is done, or waits for another session; and compares those that are done everywhere.
     */
    private void settle() throws Exception {
        for (boolean changed = true; changed; ) {
            changed = false;
            for (int i = 0; i < SESSIONS; i++) {
                Map<Kind, Future<Outcome>> mine = running.get(i);
                if (mine.isEmpty()) {
                    continue;
                }
                boolean waits = false;
                for (Kind kind : Kind.values()) {
                    waits |= !isDone(sessions.get(i).get(kind), mine.get(kind));
                }
                if (waits) {
                    if (!history.get(history.size() - 1).equals("%d waits".formatted(i))
                            && history.get(history.size() - 1).startsWith(i + ":")) {
                        history.add("%d waits".formatted(i));
                        waited++;
                    }
                } else {
                    compare(i);
                    // A session that has ended may have been waited for.
                    changed = true;
                }
            }
        }
    }

    /** @return false if it waits for a session of ours */
    private boolean isDone(Client client, Future<Outcome> outcome) throws Exception {
        while (true) {
            try {
                outcome.get(3, TimeUnit.MILLISECONDS);
                return true;
            } catch (TimeoutException e) {
                if (waitsForUs(client.pid()) && waitsForUs(client.pid()) && !outcome.isDone()) {
                    return false;
                }
            }
        }
    }

    private boolean waitsForUs(int pid) throws SQLException {
        String ours = sessions.stream()
                .flatMap(it -> it.values().stream())
                .map(it -> Integer.toString(it.pid()))
                .collect(Collectors.joining(","));
        try (Statement statement = monitor.createStatement();
                ResultSet result =
                        statement.executeQuery("SELECT pg_blocking_pids(%d) && '{%s}'::int[]".formatted(pid, ours))) {
            result.next();
            return result.getBoolean(1);
        }
    }

    private void compare(int i) throws ExecutionException, InterruptedException, SQLException {
        Map<Kind, Outcome> outcomes = new EnumMap<>(Kind.class);
        for (Kind kind : Kind.values()) {
            outcomes.put(kind, running.get(i).get(kind).get());
        }
        running.get(i).clear();
        compared++;
        history.add("%d gives %s".formatted(i, outcomes.get(Kind.KEYS).state()));
        boolean ends = statements[i].equals("COMMIT") || statements[i].equals("ROLLBACK");
        Outcome expected = outcomes.get(Kind.KEYS);
        boolean different = false;
        for (Kind kind : List.of(Kind.SPLIT, Kind.ROUTED)) {
            if (!isSame(i, outcomes.get(kind), expected)) {
                different = true;
                assertThat(isNamed(i, outcomes.get(kind).state(), expected.state()))
                        .as(
                                "%s gives %s and foreign keys give %s at the end of %s",
                                kind, outcomes.get(kind), expected, String.join("\n", history))
                        .isTrue();
            }
        }
        if (different) {
            named++;
        }
        if (ends && different) {
            // A SERIALIZABLE transaction that has committed on only one of them: nothing can be compared from here on.
            over = true;
        }
        if (ends || different || !expected.state().isEmpty()) {
            rollback(i);
        }
    }

    /** If several deferred checks fail, a row that has moved may have the first. */
    private boolean isSame(int i, Outcome outcome, Outcome expected) {
        boolean checksAtOnce = statements[i].equals("COMMIT") || statements[i].startsWith("SET CONSTRAINTS");
        return outcome.equals(expected)
                || checksAtOnce
                        && !expected.state().isEmpty()
                        && outcome.state().equals(expected.state());
    }

    private boolean isNamed(int i, String state, String expected) {
        boolean ofOneSnapshot = !"READ COMMITTED".equals(levels[i]);
        boolean deletes = statements[i].startsWith("DELETE FROM {s}.orders")
                || statements[i].startsWith("UPDATE {s}.orders SET id");
        return ofOneSnapshot
                && (state.equals(NOT_SUPPORTED) && deletes
                        || state.equals(SERIALIZATION_FAILURE) && movedMeanwhile[i]
                        // Which reads are remembered depends on the plan, on each of the three.
                        || levels[i].equals("SERIALIZABLE")
                                && (state.equals(SERIALIZATION_FAILURE) || expected.equals(SERIALIZATION_FAILURE)));
    }

    private static String on(Kind kind, String statement) {
        return statement.replace("{s}", kind.orders.schema().name());
    }

    private static Outcome outcome(Connection connection, String statement) {
        try {
            return new Outcome("", StatementRows.of(connection, statement));
        } catch (PSQLException e) {
            return new Outcome(
                    e.getSQLState(),
                    e.getServerErrorMessage() == null || !e.getSQLState().startsWith("23")
                            ? List.of()
                            : List.of(
                                    String.valueOf(e.getServerErrorMessage().getMessage()),
                                    String.valueOf(e.getServerErrorMessage().getDetail()),
                                    String.valueOf(e.getServerErrorMessage().getConstraint())));
        } catch (SQLException e) {
            return new Outcome(e.getSQLState(), List.of());
        }
    }
}
