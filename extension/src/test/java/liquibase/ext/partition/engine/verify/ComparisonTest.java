package liquibase.ext.partition.engine.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.lock.OnBusy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** "No difference" is reported only if every row was compared, in every stored column. */
@ExtendWith(FreshDatabase.class)
class ComparisonTest {
    private final List<String> lines = Collections.synchronizedList(new ArrayList<>());

    /** A connection that runs something before each comparing statement that reads that table chunk by chunk. */
    private static Connection watched(Connection connection, String table, Runnable before) {
        return (Connection) Proxy.newProxyInstance(
                ComparisonTest.class.getClassLoader(),
                new Class<?>[] {Connection.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("prepareStatement")
                            && ((String) arguments[0]).contains("FROM ONLY \"public\".\"" + table + "\" AS t")) {
                        before.run();
                    }
                    try {
                        return method.invoke(connection, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** By one worker, one block per chunk. */
    private void verify(MigrationFixture orders, String table, IntConsumer before) throws SQLException {
        lines.clear();
        AtomicInteger statements = new AtomicInteger();
        try (Connection main = orders.connect();
                StepRun run = new StepRun.Environment(
                                main,
                                () -> Optional.of(watched(
                                        orders.connect(), table, () -> before.accept(statements.incrementAndGet()))),
                                new StateTables(new Identifier("public")),
                                lines::add,
                                OnBusy.FAIL)
                        .begin("verifyCopy", orders.source())) {
            Verification.verifyCopy(run, 1, 1, GivenPace.NOTHING, null);
        }
    }

    private static void assertRefused(ThrowingCallable step, String... messages) {
        assertThatThrownBy(step)
                .isInstanceOf(PartitionException.class)
                .satisfies(e -> assertThat(e.getMessage()).contains(messages));
    }

    /** The rows move to blocks that were compared before, when they held nothing. */
    @Test
    void aTableThatIsRewrittenWhileItIsComparedIsComparedFromItsBeginning(TestDatabase database) throws SQLException {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 300);
        database.execute("DELETE FROM orders WHERE id <= 150 OR id % 12 = 3");
        orders.prepare().capture().copy().index().replay();
        List<Integer> chunks = new ArrayList<>();
        verify(orders, "orders", chunks::add);
        assertThat(chunks).hasSizeGreaterThan(15);

        database.execute("UPDATE orders_new SET status = 'tampered' WHERE id BETWEEN 151 AND 155");
        List<Integer> again = new ArrayList<>();
        assertRefused(
                () -> verify(orders, "orders", number -> {
                    again.add(number);
                    if (number == 2) {
                        database.execute("VACUUM FULL orders");
                    }
                }),
                "differ in 5 rows");
        assertThat(lines).anyMatch(line -> line.endsWith("The comparison starts over."));
        assertThat(again)
                .as("statements, of which two say that the file is another")
                .hasSizeLessThan(chunks.size());
        database.execute("UPDATE orders_new SET status = 'new' WHERE id BETWEEN 151 AND 155");

        database.execute(
                "INSERT INTO orders_202404 SELECT i, 'x', i, repeat('x', 450), '2024-04-03 00:00+00' FROM generate_series(9001, 9040) AS i",
                "DELETE FROM orders_202404 WHERE id < 9040");
        assertRefused(
                () -> verify(orders, "orders_202404", number -> {
                    if (number == 2) {
                        database.execute("VACUUM FULL orders_202404");
                    }
                }),
                "differ in 1 rows",
                "9040 (in public.orders_202404, not in public.orders)");

        database.execute("DELETE FROM orders_202404");
        assertRefused(
                () -> verify(orders, "orders", number -> database.execute("CLUSTER orders USING orders_pkey")),
                "public.orders or public.orders_new was rewritten or altered each of 3 times",
                "Nothing was recorded");
        verify(orders, "orders", number -> {});
        assertThat(orders.phase()).isEqualTo("verified");
    }

    /** No statement that reads the other table could see it: each of them finds the planned heap. */
    @Test
    void aTableThatIsAlteredOnceItWasReadIsComparedFromItsBeginning(TestDatabase database) throws SQLException {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 50);
        orders.prepare().capture().copy().index().replay();

        assertRefused(
                () -> verify(orders, "orders_202402", number -> {
                    if (number == 1) {
                        database.execute("ALTER TABLE orders ALTER COLUMN status TYPE text USING status || '!'");
                    }
                }),
                "differ in 50 rows");

        assertThat(lines).anyMatch(line -> line.endsWith("The comparison starts over."));
    }

    private static void computeLoud(TestDatabase database, String expression) {
        database.execute(
                "CREATE OR REPLACE FUNCTION public.loud(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT %s'"
                        .formatted(expression));
    }

    @Test
    void aStoredValueThatWouldBeComputedOtherwiseTodayIsNamedAndItsRemediesWork(TestDatabase database)
            throws SQLException {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 100);
        computeLoud(database, "upper($1)");
        database.execute(
                "ALTER TABLE orders ADD COLUMN \"Loud\" text GENERATED ALWAYS AS (public.loud(status)) STORED");
        orders.prepare().capture();
        computeLoud(database, "upper($1) || ''!''");
        orders.copy().index().replay();

        String[] message = {
            "differ in 100 rows",
            "(\"Loud\" not the same in public.orders_new)",
            "100 of them differ in generated columns alone (\"Loud\")",
            "UPDATE \"public\".\"orders\" SET \"status\" = \"status\"",
            "liquibase update -DrestartCopy=orders"
        };
        assertRefused(orders::verify, message);
        database.execute("UPDATE \"public\".\"orders\" SET \"status\" = \"status\"");
        orders.verify();
        assertThat(orders.deltaRows()).isZero();

        // Written before the function changed, and replayed after.
        database.execute("UPDATE orders SET status = 'paid' WHERE id <= 10");
        computeLoud(database, "lower($1)");
        assertRefused(orders::swap, "differ in 10 rows", "10 of them differ in generated columns alone (\"Loud\")");
        computeLoud(database, "upper($1) || ''!''");
        List<String> rows = database.queryStrings("SELECT t::text FROM orders AS t ORDER BY 1");
        orders.restartCopy().swap();
        assertThat(database.queryStrings("SELECT t::text FROM orders AS t ORDER BY 1"))
                .isEqualTo(rows);

        database.execute("UPDATE orders SET status = 'sent' WHERE id <= 20");
        computeLoud(database, "lower($1)");
        assertRefused(
                orders::reverseSwap,
                "differ in 20 rows",
                "20 of them differ in generated columns alone (\"Loud\")",
                "UPDATE \"public\".\"orders\" SET \"status\" = \"status\"");
        database.execute("UPDATE \"public\".\"orders\" SET \"status\" = \"status\" WHERE id <= 20");
        rows = database.queryStrings("SELECT t::text FROM orders AS t ORDER BY 1");
        orders.reverseSwap();
        assertThat(database.queryStrings("SELECT t::text FROM orders AS t ORDER BY 1"))
                .isEqualTo(rows);
    }
}
