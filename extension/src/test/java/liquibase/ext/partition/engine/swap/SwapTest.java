package liquibase.ext.partition.engine.swap;

import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.insert;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.lock.LockNotAvailable;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The swap: the lock, the drain, and no lost row. */
@ExtendWith(FreshDatabase.class)
class SwapTest {
    private static final LockPolicy SHORT = new LockPolicy(Duration.ofMillis(50), 3);
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = MigrationFixture.ofOrders(database, 1000, 4);
    }

    @Test
    void drainsWhatWasWrittenSinceTheLastReplay() throws SQLException {
        orders.throughVerification();
        database.execute(
                "UPDATE orders SET status = 'paid' WHERE id % 10 = 0",
                "UPDATE orders SET created_at = created_at + interval '1 month' WHERE id % 10 = 1",
                "UPDATE orders SET id = id + 5000 WHERE id % 10 = 2",
                "DELETE FROM orders WHERE id % 10 = 3",
                insert(9000));
        List<String> rows = orders.rows();

        orders.swap();

        assertThat(orders.kind()).isEqualTo("p");
        assertThat(orders.rows()).isEqualTo(rows);
        assertThat(orders.deltaRows()).isZero();
        assertThat(orders.phase()).isEqualTo("swapped");
        assertThat(database.queryLong("SELECT lock_held_ms FROM partition_migration"))
                .isBetween(0L, 20_000L);
    }

    @Test
    void isRefusedBeforeSourceAndNewTableHaveBeenFoundEqual() throws SQLException {
        orders.prepare().capture().copy().index().replay();
        database.execute("DELETE FROM orders_new WHERE id = 5");

        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.orders and public.orders_new differ in 1 rows");
        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.orders and public.orders_new differ in 1 rows")
                .hasMessageContaining("nothing is swapped while they differ")
                .hasMessageContaining("liquibase update -DrestartCopy=orders");
        assertThat(orders.kind()).isEqualTo("r");
    }

    /**
     * As after somebody's rollback in the middle of an update: Liquibase has recorded work that is not done, and does
     * not repeat it.
     */
    @Test
    void comparesFirstWhereItIsNotRecordedThatTheTablesAreEqual() throws SQLException {
        orders.prepare().capture().copy().index().replay();

        orders.swap();

        assertThat(orders.lines())
                .anyMatch(line -> line.endsWith(
                        "that public.orders and public.orders_new are equal is not recorded. They are compared first."))
                .anyMatch(line ->
                        line.startsWith("verification of public.orders_new: ") && line.contains("no difference"));
        assertThat(orders.kind()).isEqualTo("p");
    }

    @Test
    void renamesNothingWhenTheLockIsNeverGivenAndWorksOnceItIs() throws Exception {
        orders.throughVerification();
        try (Transaction holder = Transaction.begin(database)) {
            holder.run("SET application_name = 'nightly report'", "SELECT count(*) FROM orders");

            assertThatThrownBy(() -> orders.swap(new SwapSettings(SHORT, 1000)))
                    .isInstanceOf(LockNotAvailable.class)
                    .hasMessageContaining("Could not lock public.orders in 3 attempts of up to 50 ms")
                    .hasMessageContaining("Nothing was renamed and change capture is still on")
                    .hasMessageContaining("nightly report")
                    .hasMessageContaining("idle in transaction");
        }
        assertThat(orders.kind()).isEqualTo("r");
        assertThat(orders.exists(orders.backup())).isFalse();
        assertThat(database.queryLong("SELECT count(*) FROM pg_class WHERE relname LIKE 'orders_delta_batch%'"))
                .isZero();
        database.execute(insert(5000));
        assertThat(orders.deltaRows()).isEqualTo(1);

        orders.swap();

        assertThat(orders.kind()).isEqualTo("p");
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1001);
    }

    @Test
    void letsWritersThroughBetweenItsAttemptsAndTakesTheirWritesAlong() throws Exception {
        orders.throughVerification();
        try (Transaction holder = Transaction.begin(database)) {
            holder.run(insert(5000));
            Future<Void> swap =
                    inBackground(() -> orders.swap(new SwapSettings(new LockPolicy(Duration.ofMillis(100), 30), 1000)));
            for (int i = 1; i <= 3; i++) {
                orders.awaitBlockedStatement("LOCK TABLE");
                database.execute(insert(5000 + i));
            }
            assertThat(swap.isDone()).isFalse();
            holder.commit();
            join(swap);
        }
        assertThat(orders.kind()).isEqualTo("p");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id >= 5000"))
                .isEqualTo(4);
        orders.assertSameRows(orders.source(), orders.backup());
    }

    /** No replay outside the lock can have seen it. */
    @Test
    void drainsWhatIsCommittedAtTheMomentThatTheLockIsGiven() throws Exception {
        orders.throughVerification();
        try (Transaction writer = Transaction.begin(database)) {
            writer.run("UPDATE orders SET status = 'paid' WHERE id <= 5");
            Future<Void> swap =
                    inBackground(() -> orders.swap(new SwapSettings(new LockPolicy(Duration.ofSeconds(20), 1), 100)));
            orders.awaitBlockedStatement("LOCK TABLE");
            writer.commit();
            join(swap);
        }
        assertThat(orders.deltaRows()).isZero();
        orders.assertSameRows(orders.source(), orders.backup());
    }

    @Test
    void givesTheLockBackWhenMoreIsToDrainThanAllowedAndReplaysOutsideItFirst() throws Exception {
        orders.throughVerification();
        try (Transaction writer = Transaction.begin(database)) {
            // Commits 500 delta rows at the moment that the swap gets its lock.
            writer.run("UPDATE orders SET status = 'paid' WHERE id <= 500");
            Future<Void> swap =
                    inBackground(() -> orders.swap(new SwapSettings(new LockPolicy(Duration.ofSeconds(20), 2), 100)));
            orders.awaitBlockedStatement("LOCK TABLE");
            writer.commit();
            join(swap);
        }

        assertThat(orders.lines())
                .anySatisfy(line ->
                        assertThat(line).contains("delta rows under the lock").contains("it was given back"));
        assertThat(orders.kind()).isEqualTo("p");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE status = 'paid'"))
                .isEqualTo(500);
        orders.assertSameRows(orders.source(), orders.backup());
    }

    @Test
    void aSwapThatFailsUnderTheLockLeavesEverythingAsItWas() throws SQLException {
        orders.throughVerification();
        List<String> rows = orders.rows();
        // The names that the switch assigns are taken in the middle of its statements.
        database.execute("CREATE TABLE orders_pkey_old ()");

        assertThatThrownBy(orders::swap).isInstanceOf(SQLException.class).hasMessageContaining("orders_pkey_old");

        assertThat(orders.kind()).isEqualTo("r");
        assertThat(orders.rows()).isEqualTo(rows);
        database.execute(insert(5000), "DROP TABLE orders_pkey_old");
        assertThat(orders.deltaRows()).isEqualTo(1);
        orders.swap();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1001);
    }

    @Test
    void isDoneOnceHoweverOftenItIsRun() throws SQLException {
        orders.throughSwap();
        orders.swap();
        assertThat(orders.lines()).last().asString().contains("is swapped already");
    }

    @Test
    void refusesABackupNameThatIsTaken() throws SQLException {
        orders.throughVerification();
        database.execute("CREATE TABLE orders_old ()");

        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("There is a table public.orders_old already");
    }

    @Test
    void refusesTruncateOfTheTableAndOfEachPartitionAfterwards() throws SQLException {
        orders.throughSwap();
        for (String table : List.of("orders", "orders_202403", "orders_default")) {
            assertThatThrownBy(() -> {
                        try (Transaction truncate = Transaction.begin(database)) {
                            truncate.run("TRUNCATE " + table);
                        }
                    })
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("TRUNCATE of public." + table + " is refused");
        }
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1000);

        orders.dropBackup();

        database.execute("TRUNCATE orders_202403");
    }

    @Test
    void aRoleWithRightsOnTheSourceOnlyWritesOnThroughSwapAndReverseSwap() throws SQLException {
        String writer = database.createRole("writer", "");
        database.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO " + writer);
        orders.throughSwap();
        writeAs(writer, 1);
        assertThat(orders.deltaRows()).isEqualTo(4);

        orders.reverseSwap();

        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE status = 'by 1'"))
                .isEqualTo(2);
        writeAs(writer, 2);
    }

    private void writeAs(String writer, int number) throws SQLException {
        try (Transaction transaction = Transaction.beginAs(database, writer)) {
            transaction.run(
                    "INSERT INTO orders (id, status, created_at) VALUES (%d, 'by %d', timestamptz '2024-03-01 00:00+00')"
                            .formatted(7000 + number, number),
                    "UPDATE orders SET status = 'by %d', created_at = timestamptz '2024-04-12 00:00+00' WHERE id = %d"
                            .formatted(number, number),
                    "DELETE FROM orders WHERE id = " + (10 + number));
            transaction.commit();
        }
    }

    /** Makes each row that enters the new table's partition of March take a twentieth of a second. */
    private void makeRowsDear() {
        database.execute(
                "CREATE FUNCTION dear(id bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_sleep(0.05); RETURN id; END'",
                "CREATE INDEX dear ON orders_202403 (dear(id)) WHERE status = 'dear'");
    }

    /**
     * The session that holds the lock for which the swap waits writes rows, so that they are in the delta when the lock
     * is granted.
     */
    private void whileTheLockIsWaitedFor(String write) throws Exception {
        try (Transaction holder = Transaction.begin(database)) {
            holder.run("LOCK TABLE orders IN ROW EXCLUSIVE MODE");
            Future<Void> swap =
                    inBackground(() -> orders.swap(new SwapSettings(new LockPolicy(Duration.ofSeconds(20), 2), 1000)));
            orders.awaitBlockedStatement("LOCK TABLE \"public\".\"orders\" ");
            holder.run(write);
            holder.commit();
            join(swap);
        }
    }

    @Test
    void theLockIsGivenBackWhereTheDrainWouldTakeLongByWhatARowHasCost() throws Exception {
        orders.throughVerification();
        makeRowsDear();
        database.execute("UPDATE orders SET status = 'dear' WHERE id IN (2, 14, 26, 38)");

        whileTheLockIsWaitedFor("UPDATE orders SET status = 'dear' WHERE id % 12 = 2 AND id < 300");

        assertThat(orders.lines())
                .anyMatch(line -> line.contains("delta rows under the lock, which would take more than 100 ms")
                        && line.contains("it was given back"));
        assertThat(orders.kind()).isEqualTo("p");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE status = 'dear'"))
                .isEqualTo(25);
    }

    /** No row has been replayed before, so the cost of a row is unknown. */
    @Test
    void theLockIsGivenBackWhenTheSwitchTakesTooLongAllTheSame() throws Exception {
        orders.throughVerification();
        makeRowsDear();

        whileTheLockIsWaitedFor("UPDATE orders SET status = 'dear' WHERE id % 12 = 2 AND id < 500");

        assertThat(orders.lines())
                .anyMatch(line -> line.contains("The switch did not end within 1 s under the lock; it was given back"));
        assertThat(orders.kind()).isEqualTo("p");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE status = 'dear'"))
                .isEqualTo(42);
    }

    @Test
    void anIndexThatIsMadeAnewUnderItsNameStopsTheSwapUntilItIsCopiedAgain() throws SQLException {
        database.execute("CREATE INDEX of_status ON orders (status)");
        orders.throughVerification();
        database.execute("DROP INDEX of_status", "CREATE UNIQUE INDEX of_status ON orders (status, id, created_at)");

        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "Index of_status of public.orders is another one than its counterpart of_status_new")
                .hasMessageContaining("liquibase update -DrestartCopy=orders");
        orders.restartCopy().swap();
        assertThat(
                        database.queryLong(
                                "SELECT count(*) FROM pg_index WHERE indrelid = 'orders'::regclass AND indisunique AND NOT indisprimary"))
                .isEqualTo(1);
    }
}
