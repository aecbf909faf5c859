package liquibase.ext.partition.engine.swap;

import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.belonging.triggers.TriggersAhead;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.lock.LockNotAvailable;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The work done while every writer waits is counted, not timed: a time says more about the machine. */
@ExtendWith(FreshDatabase.class)
class UnderTheLockTest {
    private static final Duration BETWEEN_STATEMENTS = Duration.ofMillis(2);
    private static final LockPolicy PATIENT = new LockPolicy(Duration.ofSeconds(20), 2);

    /** A connection that records what it sends. */
    private static Connection noting(List<String> sent, Connection connection) {
        return noting(sent, connection, Connection.class, "");
    }

    private static <T> T noting(List<String> sent, Object target, Class<T> type, String prepared) {
        return type.cast(Proxy.newProxyInstance(
                UnderTheLockTest.class.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    String sql = arguments != null && arguments.length > 0 && arguments[0] instanceof String text
                            ? text
                            : prepared;
                    if (method.getName().startsWith("execute")) {
                        sent.add(sql);
                    } else if (method.getName().equals("commit")) {
                        sent.add("COMMIT");
                    }
                    Object result;
                    try {
                        result = method.invoke(target, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                    return switch (method.getName()) {
                        case "createStatement" -> noting(sent, result, Statement.class, "");
                        case "prepareStatement" -> noting(sent, result, PreparedStatement.class, sql);
                        default -> result;
                    };
                }));
    }

    /** The statements that a step sends from its last LOCK TABLE to the commit. */
    private static List<String> underTheLock(MigrationFixture orders, MigrationFixture.Step step) throws SQLException {
        List<String> sent = Collections.synchronizedList(new ArrayList<>());
        try (Connection main = noting(sent, orders.connect());
                StepRun run = orders.environment(main).begin("step", orders.source())) {
            step.run(run);
        }
        int locked = 0;
        for (int i = 0; i < sent.size(); i++) {
            if (sent.get(i).contains("IN ACCESS EXCLUSIVE MODE")) {
                locked = i;
            }
        }
        return sent.subList(
                locked + 1, locked + 1 + sent.subList(locked + 1, sent.size()).indexOf("COMMIT") + 1);
    }

    private static List<List<String>> switchesThereAndBack(int months, String... verified) throws SQLException {
        SwapSettings settings = new SwapSettings(MigrationFixture.LOCK, SwapSettings.DEFAULT_MAX_DRAIN_ROWS);
        try (TestDatabase database = TestDatabase.create()) {
            MigrationFixture orders = MigrationFixture.ofOrders(database, 200).ofMonths(months);
            database.execute(
                    "CREATE INDEX by_status ON orders (status)", "CREATE VIEW readers AS SELECT * FROM orders");
            orders.throughVerification();
            database.execute(verified);
            return List.of(
                    underTheLock(
                            orders, run -> Swap.of(run, orders.backup().name()).swap(settings)),
                    underTheLock(orders, run -> ReverseSwap.run(run, settings)));
        }
    }

    private static long statements(List<String> messages) {
        return messages.stream()
                .mapToLong(message -> message.split(";\n").length)
                .sum();
    }

    @Test
    void theStatementsUnderTheLockAreFewMessagesAndAreNotMoreForMorePartitions() throws SQLException {
        List<List<String>> few = switchesThereAndBack(2);
        List<List<String>> many = switchesThereAndBack(30);
        for (int direction = 0; direction < 2; direction++) {
            assertThat(few.get(direction))
                    .as("asking again, the statements of the switch, COMMIT; nothing was to be drained")
                    .hasSize(3);
            assertThat(many.get(direction)).hasSize(3);
            assertThat(statements(many.get(direction))).isEqualTo(statements(few.get(direction)));
        }
    }

    /** PostgreSQL 15.20 of Debian keeps such an option for each column, and changes its value at any time. */
    @Test
    void whatTheServerItselfKeepsAmongTheOptionsMakesNoStatementUnderTheLock() throws SQLException {
        List<List<String>> plain = switchesThereAndBack(3);
        List<List<String>> kept = switchesThereAndBack(3, "SET allow_system_table_mods = on", """
                UPDATE pg_attribute SET attoptions = ARRAY['pg_attver=' || (attrelid::bigint * 7 + attnum)]
                WHERE attrelid IN (SELECT oid FROM pg_class WHERE relname ~ '^orders' AND relkind IN ('r', 'p')) AND attnum > 0""", """
                UPDATE pg_class SET reloptions = ARRAY['pg_relver=' || oid]
                WHERE relname ~ '^orders' AND relkind = 'r'""");
        for (int direction = 0; direction < 2; direction++) {
            assertThat(statements(kept.get(direction))).isEqualTo(statements(plain.get(direction)));
            assertThat(kept.get(direction))
                    .noneMatch(message -> message.contains("pg_attver") || message.contains("pg_relver"));
        }
    }

    private static void makeTriggersAhead(MigrationFixture orders, String... partitions) throws SQLException {
        orders.step("a swap that is killed", run -> {
            Migration migration = run.migrations().find(run.source()).orElseThrow();
            CapturedTable entering = new CapturedTable(
                    orders.newTable(),
                    Arrays.stream(partitions).map(orders::partition).toList(),
                    Routing.NATIVE);
            TriggersAhead.make(run, Capture.of(migration), entering, PATIENT);
        });
    }

    /** A swap that was killed leaves those triggers behind, one of which refuses TRUNCATE. */
    @Test
    void triggersThatWereMadeAheadAreUsedOrRemoved(TestDatabase database) throws SQLException {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 200).ofMonths(2);
        orders.throughVerification();
        String left =
                "SELECT count(*) FROM pg_trigger WHERE tgrelid <> 'orders'::regclass AND tgname LIKE 'orders_delta%'";
        makeTriggersAhead(orders, "202411", "202412", "default");
        assertThat(database.queryLong(left)).isEqualTo(8);

        orders.swap().reverseSwap();
        assertThat(database.queryLong(left)).isZero();
        database.execute("INSERT INTO orders SELECT 5000, status, amount, filler, created_at FROM orders LIMIT 1");
        assertThat(orders.deltaRows()).isEqualTo(1);

        makeTriggersAhead(orders, "202411", "202412", "default");
        orders.undo();
        assertThat(orders.exists(orders.newTable())).isFalse();
    }

    /** The table's lock is never granted; each time the writers go on as soon as the attempt is over. */
    @Test
    void noWriterWaitsLongerThanTheLongestAttempt(TestDatabase database) throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 200).ofMonths(2);
        orders.throughVerification();
        LockPolicy policy = new LockPolicy(Duration.ofMillis(800), 4);
        try (Transaction holder = Transaction.begin(database);
                Connection writer = database.connect();
                PreparedStatement write = writer.prepareStatement("UPDATE orders SET status = 'new' WHERE id = 1")) {
            holder.run("SELECT count(*) FROM orders");
            long begun = System.nanoTime();
            Future<Void> swap = inBackground(() -> orders.swap(new SwapSettings(policy, 1000)));
            long longest = 0;
            while (!swap.isDone()) {
                long before = System.nanoTime();
                write.executeUpdate();
                longest = Math.max(longest, System.nanoTime() - before);
                LockSupport.parkNanos(BETWEEN_STATEMENTS.toNanos());
            }
            long all = System.nanoTime() - begun;
            assertThatThrownBy(() -> join(swap)).isInstanceOf(LockNotAvailable.class);
            // All four attempts together take two seconds; the rest is slack for a busy machine.
            assertThat(Duration.ofNanos(longest))
                    .isGreaterThan(Duration.ofMillis(100))
                    .isLessThan(Duration.ofMillis(800 + 600));
            assertThat(longest).isLessThan(all / 2);
        }
    }

    /** A CHECK of the migration's record notes each write, and a trigger how it commits: all settings are made then. */
    @Test
    void theCommitUnderTheLockWaitsForNoDiskAndTheSwitchIsDoneOnceTheNextOneHas(TestDatabase database)
            throws SQLException {
        MigrationFixture orders =
                MigrationFixture.ofOrders(database, 200).ofMonths(2).throughVerification();
        database.execute(
                "ALTER DATABASE %s SET synchronous_commit = 'local'".formatted(database.name()),
                "CREATE TABLE commits (number serial, phase text, waits text)",
                """
                CREATE FUNCTION noted(phase text) RETURNS bool LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO public.commits (phase) VALUES ($1); RETURN true; END $$""",
                """
                CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                  UPDATE public.commits SET waits = current_setting('synchronous_commit') WHERE number = NEW.number;
                  RETURN NULL;
                END $$""",
                """
                CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON commits DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION at_commit()""",
                "ALTER TABLE partition_migration ADD CHECK (noted(phase)) NOT VALID");

        orders.swap();

        String waits = "SELECT waits FROM commits WHERE %s ORDER BY number";
        assertThat(database.queryStrings(waits.formatted("phase = 'swapped'")))
                .startsWith("off")
                .endsWith("local");
        database.execute("DELETE FROM commits");
        orders.reverseSwap();
        assertThat(database.queryStrings(waits.formatted("phase <> 'swapped'")))
                .startsWith("off")
                .endsWith("local");
    }

    private static final LockPolicy SHORT = new LockPolicy(Duration.ofMillis(150), 4);

    /** Sessions that wait for a lock on the live table or a partition of it, except our switch. */
    private static final String WAITING_WRITERS = """
            SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
            WHERE NOT l.granted AND l.locktype = 'relation' AND a.query LIKE 'UPDATE orders SET status%'
              AND l.relation IN (SELECT to_regclass('orders') UNION SELECT relid FROM pg_partition_tree('orders'))""";

    /**
     * Runs a switch that never gets one of its locks while a writer writes as fast as it can, and checks again and
     * again whether that writer waits for a lock.
     */
    private static void assertNoWriterWaits(
            TestDatabase database,
            MigrationFixture orders,
            Transaction holder,
            String held,
            Callable<?> step,
            String... named)
            throws Exception {
        holder.run(held);
        AtomicBoolean stopped = new AtomicBoolean();
        try (Connection writer = database.connect();
                Connection observer = database.connect();
                PreparedStatement write = writer.prepareStatement("UPDATE orders SET status = 'new' WHERE id = 1");
                PreparedStatement observe = observer.prepareStatement(WAITING_WRITERS)) {
            Future<Void> writing = inBackground(() -> {
                while (!stopped.get()) {
                    write.executeUpdate();
                    LockSupport.parkNanos(BETWEEN_STATEMENTS.toNanos());
                }
                return null;
            });
            Future<Void> switching = inBackground(step);
            int waiting = 0;
            int looks = 0;
            while (!switching.isDone()) {
                try (ResultSet row = observe.executeQuery()) {
                    row.next();
                    waiting += row.getInt(1);
                    looks++;
                }
                LockSupport.parkNanos(BETWEEN_STATEMENTS.toNanos());
            }
            stopped.set(true);
            join(writing);
            assertThat(looks).as("looks at the writer").isPositive();
            assertThat(waiting)
                    .as("looks, of %d, at which the writer waited", looks)
                    .isZero();
            assertThatThrownBy(() -> join(switching))
                    .isInstanceOf(LockNotAvailable.class)
                    .satisfies(e -> assertThat(e.getMessage()).contains(named));
        }
        holder.rollback();
    }

    @Test
    void aReaderOfOnePartitionOfTheIdleTableStallsNoWriterThereAndBack(TestDatabase database) throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 200).ofMonths(2);
        database.execute("CREATE VIEW readers AS SELECT * FROM orders");
        orders.throughVerification();
        SwapSettings settings = new SwapSettings(SHORT, 1000);
        try (Transaction reader = Transaction.begin(database)) {
            reader.run("SET application_name = 'a report'");
            assertNoWriterWaits(
                    database,
                    orders,
                    reader,
                    "LOCK TABLE orders_202411 IN ACCESS SHARE MODE",
                    () -> orders.swap(settings),
                    "Could not lock public.orders_new in 4 attempts",
                    "Nothing was renamed",
                    "a report",
                    "which uses public.orders_202411");
            orders.swap();
            assertNoWriterWaits(
                    database,
                    orders,
                    reader,
                    "LOCK TABLE orders_old IN ACCESS SHARE MODE",
                    () -> orders.reverseSwap(settings),
                    "Could not lock public.orders_old in 4 attempts",
                    "LOCK TABLE orders_old IN ACCESS SHARE MODE");
            orders.reverseSwap();
        }
        orders.assertNewTableEqualsSource();
    }

    /** As when an operator changes the tuning and goes for a coffee. The switch records itself in that row. */
    @Test
    void anOpenChangeOfTheMigrationsRecordStallsNoWriter(TestDatabase database) throws Exception {
        MigrationFixture orders =
                MigrationFixture.ofOrders(database, 200).ofMonths(2).throughVerification();
        try (Transaction operator = Transaction.begin(database)) {
            operator.run("SET application_name = 'an operator'");
            assertNoWriterWaits(
                    database,
                    orders,
                    operator,
                    "UPDATE partition_migration SET tuning = NULL",
                    () -> orders.swap(new SwapSettings(SHORT, 1000)),
                    "Could not lock public.partition_migration in 4 attempts",
                    "an operator");
        }
        orders.swap();
    }
}
