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
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.lock.LockNotAvailable;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.verify.Verification;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The work done while every writer waits is counted, not timed: a time says more about the machine. And planning ahead
 * loses nothing: a change of the table at the last moment is there after the switch.
 */
@ExtendWith(FreshDatabase.class)
class UnderTheLockTest {
    private static final Duration BETWEEN_STATEMENTS = Duration.ofMillis(2);

    private static final LockPolicy PATIENT = new LockPolicy(Duration.ofSeconds(20), 2);

    private static MigrationFixture ordersOf(TestDatabase database, int months) throws SQLException {
        YearMonth until = YearMonth.of(2025, 1);
        return MigrationFixture.ofOrders(database, 200)
                .between(until.minusMonths(months).toString(), until.toString());
    }

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
            MigrationFixture orders = ordersOf(database, months);
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

    /**
     * The session that holds the lock for which the switch waits makes the change, so it comes after the planning and
     * before the lock.
     */
    private static void whileTheLockIsWaitedFor(MigrationFixture orders, Callable<?> step, String... changes)
            throws Exception {
        try (Transaction holder = Transaction.begin(orders.database())) {
            // Where the two wait for each other, the step is to give way, however slow the machine is.
            holder.run("SET LOCAL deadlock_timeout = '1min'", "LOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE");
            Future<Void> running = inBackground(step);
            orders.awaitBlockedStatement("LOCK TABLE");
            holder.run(changes);
            holder.commit();
            join(running);
        }
    }

    private static void swapWhileChanged(MigrationFixture orders, String... changes) throws Exception {
        whileTheLockIsWaitedFor(orders, () -> orders.swap(new SwapSettings(PATIENT, 1000)), changes);
    }

    private static void reverseSwapWhileChanged(MigrationFixture orders, String... changes) throws Exception {
        whileTheLockIsWaitedFor(orders, () -> orders.reverseSwap(new SwapSettings(PATIENT, 1000)), changes);
    }

    private static List<String> belongings(TestDatabase database) {
        return database.queryStrings("""
                SELECT 'trigger ' || tgname || ' ' || tgenabled::text FROM pg_trigger
                WHERE tgrelid = 'orders'::regclass AND NOT tgisinternal AND tgname NOT LIKE 'orders_delta%'
                UNION ALL SELECT 'grant ' || a::text FROM pg_class, unnest(relacl) AS a
                WHERE oid = 'orders'::regclass AND a::text LIKE '=%'
                UNION ALL SELECT 'comment ' || obj_description('orders'::regclass, 'pg_class')
                WHERE obj_description('orders'::regclass, 'pg_class') IS NOT NULL
                UNION ALL SELECT 'policy ' || polname FROM pg_policy WHERE polrelid = 'orders'::regclass
                UNION ALL SELECT DISTINCT 'view ' || r.ev_class::regclass FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid
                WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid = 'orders'::regclass
                UNION ALL SELECT 'statistics ' || stxname FROM pg_statistic_ext WHERE stxrelid = 'orders'::regclass
                ORDER BY 1""");
    }

    @Test
    void whatIsChangedBetweenThePlanningAndTheLockComesAlongThereAndBack(TestDatabase database) throws Exception {
        MigrationFixture orders = ordersOf(database, 12);
        database.execute(
                "CREATE FUNCTION checked() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
                "CREATE TRIGGER goes BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION checked()");
        orders.throughVerification();

        swapWhileChanged(
                orders,
                "ALTER TABLE orders DISABLE TRIGGER goes",
                "CREATE TRIGGER comes BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION checked()",
                "GRANT SELECT ON orders TO PUBLIC",
                "COMMENT ON TABLE orders IS 'at the last moment'",
                "CREATE POLICY everybody ON orders USING (true)",
                "CREATE STATISTICS together ON id, status FROM orders",
                "CREATE VIEW reader AS SELECT id FROM orders");

        assertThat(belongings(database))
                .hasSize(7)
                .contains("comment at the last moment", "policy everybody", "statistics together", "trigger comes O")
                .contains("trigger goes D", "view reader")
                .anyMatch(it -> it.startsWith("grant =r/"));
        assertThat(orders.lines())
                .anyMatch(line ->
                        line.contains("What belongs to public.orders was changed while its lock was waited for"));
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("p");

        reverseSwapWhileChanged(
                orders,
                "DROP TRIGGER goes ON orders",
                "ALTER TABLE orders DISABLE TRIGGER comes",
                "REVOKE SELECT ON orders FROM PUBLIC",
                "COMMENT ON TABLE orders IS NULL",
                "DROP VIEW reader");

        assertThat(belongings(database)).containsExactly("policy everybody", "statistics together", "trigger comes D");
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("r");
        orders.assertNewTableEqualsSource();
    }

    @Test
    void whatCannotComeAlongStopsTheSwapThoughItWasMadeAtTheLastMoment(TestDatabase database) throws Exception {
        MigrationFixture orders = ordersOf(database, 2);
        orders.throughVerification();

        assertThatThrownBy(() -> swapWhileChanged(orders, "CREATE INDEX late ON orders (status)"))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("Index late of public.orders has no counterpart")
                .hasMessageContaining("Nothing was renamed");
        database.execute("DROP INDEX late");
        assertThatThrownBy(() -> swapWhileChanged(orders, "ALTER TABLE orders DISABLE TRIGGER orders_delta_capture"))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("are not being captured")
                .hasMessageContaining("Nothing was renamed");
        database.execute("ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_capture");
        orders.verify();
        assertThatThrownBy(() -> swapWhileChanged(
                        orders, "ALTER TABLE orders ALTER COLUMN status TYPE text USING upper(status)"))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("was rewritten or altered just now")
                .hasMessageContaining("Nothing was renamed");
        assertThatThrownBy(orders::swap).hasMessageContaining("differ in 200 rows");
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("r");
        assertThat(
                        database.queryLong(
                                "SELECT count(*) FROM pg_trigger WHERE tgrelid <> 'orders'::regclass AND tgname LIKE 'orders_delta%'"))
                .as("triggers left on the new table")
                .isZero();
    }

    /** It would write the backup, or nothing. */
    @Test
    void aSubscriptionThatGetsTheTableAtTheLastMomentStopsTheSwap(TestDatabase database) throws Exception {
        MigrationFixture orders = ordersOf(database, 2).throughVerification();
        database.execute(
                "CREATE SUBSCRIPTION feed CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE)");
        try {
            assertThatThrownBy(
                            () -> swapWhileChanged(
                                    orders,
                                    "INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate) SELECT oid, 'orders'::regclass, 'r' FROM pg_subscription WHERE subname = 'feed'"))
                    .isInstanceOf(PartitionException.class)
                    .hasMessageContaining("subscription feed writes it, and would skip every change after the swap")
                    .hasMessageContaining("Nothing was renamed");
        } finally {
            database.execute("DROP SUBSCRIPTION feed");
        }
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("r");
    }

    /** Its rows are in no delta table, so they would go with the new table when that is dropped. */
    @Test
    void aTableWithRowsThatIsAttachedAtTheLastMomentStopsTheReverseSwap(TestDatabase database) throws Exception {
        MigrationFixture orders = ordersOf(database, 2);
        orders.throughSwap();
        database.execute(
                "CREATE TABLE elsewhere (LIKE orders INCLUDING ALL)",
                "INSERT INTO elsewhere (id, status, created_at) VALUES (500000, 'elsewhere', timestamptz '2035-01-09 00:00+00')");

        assertThatThrownBy(
                        () -> reverseSwapWhileChanged(
                                orders,
                                "ALTER TABLE orders ATTACH PARTITION elsewhere FOR VALUES FROM ('2035-01-01 00:00+00') TO ('2035-02-01 00:00+00')"))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.elsewhere has rows that the backup has not")
                .hasMessageContaining("Nothing was renamed");
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("p");
    }

    /** Its rows went and others came without any trigger noticing. */
    @Test
    void aPartitionThatIsExchangedAtTheLastMomentStopsTheReverseSwapAndTheSwap(TestDatabase database) throws Exception {
        MigrationFixture orders = ordersOf(database, 2);
        orders.throughVerification();
        assertThatThrownBy(
                        () -> swapWhileChanged(
                                orders,
                                "ALTER TABLE orders_new DETACH PARTITION orders_202412",
                                "DELETE FROM orders_202412",
                                "ALTER TABLE orders_new ATTACH PARTITION orders_202412 FOR VALUES FROM ('2024-12-01 00:00+00') TO ('2025-01-01 00:00+00')"))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "public.orders or public.orders_new was rewritten or altered just now, so that the two may differ. Nothing was renamed");
        orders.undo();
        orders.throughSwap();

        assertThatThrownBy(
                        () -> reverseSwapWhileChanged(
                                orders,
                                "ALTER TABLE orders DETACH PARTITION orders_202412",
                                "DELETE FROM orders_202412",
                                "ALTER TABLE orders ATTACH PARTITION orders_202412 FOR VALUES FROM ('2024-12-01 00:00+00') TO ('2025-01-01 00:00+00')"))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "A trigger that captures changes of public.orders was disabled, or made again, just now, so the two tables may differ. Nothing was renamed");
        assertThatThrownBy(orders::reverseSwap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.orders_202412 was detached and attached again. To go by what it has now");
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("p");
    }

    @Test
    void valuesThatAreChangedWhileTheLockIsWaitedForStopTheReverseSwap(TestDatabase database) throws Exception {
        MigrationFixture orders = ordersOf(database, 2);
        orders.throughSwap();
        assertThatThrownBy(() -> reverseSwapWhileChanged(
                        orders, "ALTER TABLE orders ALTER COLUMN status TYPE text USING upper(status)"))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("have just been changed: public.orders_202411 was rewritten")
                .hasMessageContaining("Roll back again; the table is compared with its backup first");
        assertThatThrownBy(orders::reverseSwap).hasMessageContaining("differ in 200 rows");
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("p");
    }

    /** The backup is the only place where these rows are. */
    @Test
    void rowsThatAreDeletedUncapturedWhileTheDropWaitsForItsLockKeepTheBackup(TestDatabase database) throws Exception {
        MigrationFixture orders = ordersOf(database, 2);
        orders.throughSwap();

        assertThatThrownBy(() -> whileTheLockIsWaitedFor(
                        orders,
                        () -> orders.dropBackup(PATIENT),
                        "ALTER TABLE orders DISABLE TRIGGER orders_delta_capture",
                        "DELETE FROM orders WHERE id <= 100",
                        "ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_capture"))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("differ in 100 rows")
                .hasMessageContaining("Nothing was dropped");
        assertThat(database.queryLong("SELECT count(*) FROM orders_old")).isEqualTo(200);
    }

    @Test
    void anEarlierComparisonOfTheBackupDoesNotCountOnceCaptureWasOffOrAPartitionIsGone(TestDatabase database)
            throws SQLException {
        MigrationFixture orders = ordersOf(database, 2);
        orders.throughSwap();
        MigrationFixture.Step verify = run -> Verification.verifyBackup(run, 1000, 1, GivenPace.NOTHING);
        orders.step("backupVerified", verify);
        database.execute(
                "ALTER TABLE orders DISABLE TRIGGER orders_delta_capture",
                "DELETE FROM orders WHERE id = 5",
                "ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_capture");
        assertThatThrownBy(orders::dropBackup).hasMessageContaining("differ in 1 rows");
        database.execute("INSERT INTO orders SELECT * FROM orders_old WHERE id = 5");
        orders.step("backupVerified", verify);
        database.execute("DROP TABLE orders_202412");
        assertThatThrownBy(orders::dropBackup).hasMessageContaining("public.orders_202412 was dropped");
        assertThat(database.queryLong("SELECT count(*) FROM orders_old")).isEqualTo(200);
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
        MigrationFixture orders = ordersOf(database, 2);
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
        MigrationFixture orders = ordersOf(database, 2);
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

    /**
     * A trigger on the record of the migration fires at each commit, when the transaction has made all its settings.
     */
    @Test
    void theCommitUnderTheLockWaitsForNoDiskAndTheSwitchIsDoneOnceTheNextOneHas(TestDatabase database)
            throws SQLException {
        MigrationFixture orders = ordersOf(database, 2).throughVerification();
        database.execute(
                "ALTER DATABASE %s SET synchronous_commit = 'local'".formatted(database.name()),
                "CREATE TABLE commits (number serial, phase text, waits text)",
                """
                CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                  INSERT INTO public.commits (phase, waits) VALUES (NEW.phase, current_setting('synchronous_commit'));
                  RETURN NULL;
                END $$""",
                """
                CREATE CONSTRAINT TRIGGER note AFTER UPDATE OF phase ON partition_migration DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION note()""");

        orders.swap().reverseSwap();

        assertThat(database.queryStrings("SELECT DISTINCT ON (phase) waits FROM commits ORDER BY phase, number"))
                .as("the first of each phase: the swap and its reverse")
                .containsExactly("off", "off");
        assertThat(database.queryStrings("SELECT DISTINCT ON (phase) waits FROM commits ORDER BY phase, number DESC"))
                .as("the last of each")
                .containsExactly("local", "local");
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
        MigrationFixture orders = ordersOf(database, 2);
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
        MigrationFixture orders = ordersOf(database, 2).throughVerification();
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
