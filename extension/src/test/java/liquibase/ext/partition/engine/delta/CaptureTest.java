package liquibase.ext.partition.engine.delta;

import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.insert;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.sql.SQLException;
import java.time.Duration;
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

@ExtendWith(FreshDatabase.class)
class CaptureTest {
    private static final LockPolicy SHORT = new LockPolicy(Duration.ofMillis(50), 3);
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() throws SQLException {
        orders = MigrationFixture.ofOrders(database, 100).prepare();
    }

    @Test
    void waitsForAWriterThatHasNotCommittedAndLetsOthersThroughBetweenItsAttempts() throws Exception {
        try (Transaction uncommitted = Transaction.begin(database)) {
            uncommitted.run("SET application_name = 'the late writer'", insert(-1));
            Future<Void> capture = inBackground(() -> orders.capture(new LockPolicy(Duration.ofMillis(100), 30)));
            orders.awaitBlockedStatement("CREATE TRIGGER");
            // It queues behind the trigger until that attempt is given up, long before the late writer ends.
            database.execute(insert(-2));
            orders.awaitBlockedStatement("CREATE TRIGGER");
            database.execute(insert(-3));
            assertThat(capture.isDone()).isFalse();

            uncommitted.commit();
            join(capture);
        }

        assertThat(orders.lines())
                .anySatisfy(line -> assertThat(line)
                        .contains("Lock on public.orders not given within 10 ms (attempt 1 of 30)")
                        .contains("the late writer")
                        .contains("idle in transaction"));
        // Whatever committed before the trigger is there to be copied; nothing else may be left out.
        assertThat(orders.deltaRows()).isZero();
        orders.copy().index().replay();
        orders.assertNewTableEqualsSource();
    }

    @Test
    void givesUpWithTheHoldersNameAndLeavesNothingBehindWhenTheLockIsNeverGiven() throws Exception {
        try (Transaction holder = Transaction.begin(database)) {
            holder.run("SET application_name = 'nightly report'", insert(-1));

            assertThatThrownBy(() -> orders.capture(SHORT))
                    .isInstanceOf(LockNotAvailable.class)
                    .hasMessageContaining("Could not lock public.orders in 3 attempts of up to 50 ms")
                    .hasMessageContaining("Nothing was changed; no trigger was made.")
                    .hasMessageContaining("nightly report");

            holder.rollback();
        }
        assertThat(orders.exists(orders.delta())).isFalse();
        assertThat(database.queryLong("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'orders'::regclass"))
                .isZero();
        assertThat(database.queryLong("SELECT count(*) FROM pg_proc WHERE proname LIKE 'orders%'"))
                .isZero();
        assertThat(orders.phase()).isEqualTo("prepared");

        orders.capture(SHORT);

        database.execute(insert(-1));
        assertThat(orders.deltaRows()).isEqualTo(1);
    }

    @Test
    void recordsOldAndNewKeyAndMonthOfEveryWrite() throws Exception {
        orders.capture();
        database.execute(
                insert(500),
                "UPDATE orders SET status = 'paid' WHERE id = 1",
                "UPDATE orders SET id = 600 WHERE id = 2",
                "UPDATE orders SET created_at = timestamptz '2024-12-24 18:00+00' WHERE id = 3",
                "DELETE FROM orders WHERE id = 4");

        assertThat(database.queryRows(
                        "SELECT id, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM') FROM orders_delta ORDER BY ctid"))
                .extracting(Object::toString)
                .containsExactly(
                        "[500, 2024-03]",
                        "[1, 2024-02]",
                        "[2, 2024-03]",
                        "[600, 2024-03]",
                        "[3, 2024-04]",
                        "[3, 2024-12]",
                        "[4, 2024-05]");
    }

    @Test
    void refusesTruncateWithAHint() throws Exception {
        orders.capture();

        assertThatThrownBy(() -> {
                    try (Transaction truncate = Transaction.begin(database)) {
                        truncate.run("TRUNCATE orders");
                    }
                })
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("TRUNCATE of public.orders is refused while it is being partitioned")
                .hasMessageContaining("DELETE the rows");

        assertThatThrownBy(() -> {
                    try (Transaction truncate = Transaction.begin(database)) {
                        truncate.run("SET session_replication_role = replica", "TRUNCATE orders CASCADE");
                    }
                })
                .hasMessageContaining("is refused");
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(100);
    }

    @Test
    void letsARoleWriteThatHasRightsOnTheSourceOnly() throws Exception {
        String writer = database.createRole("writer", "");
        database.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO " + writer);
        orders.capture();

        assertWritesOf(writer, 3);
    }

    @Test
    void letsARoleWriteThatGotItsRightsAfterCaptureBegan() throws Exception {
        orders.capture();
        String writer = database.createRole("writer", "");
        database.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO " + writer);

        assertWritesOf(writer, 3);
    }

    @Test
    void letsARoleWriteThatHasRightsOnSomeColumnsOnly() throws Exception {
        String writer = database.createRole("writer", "");
        database.execute("GRANT UPDATE (status), SELECT (id) ON orders TO " + writer);
        orders.capture();

        try (Transaction transaction = Transaction.beginAs(database, writer)) {
            transaction.run("UPDATE orders SET status = 'paid' WHERE id = 1");
            transaction.commit();
        }
        assertThat(orders.deltaRows()).isEqualTo(1);
    }

    private void assertWritesOf(String writer, long deltaRows) throws SQLException {
        try (Transaction transaction = Transaction.beginAs(database, writer)) {
            transaction.run(
                    insert(500), "UPDATE orders SET status = 'paid' WHERE id = 1", "DELETE FROM orders WHERE id = 2");
            transaction.commit();
        }
        assertThat(orders.deltaRows()).isEqualTo(deltaRows);
    }

    @Test
    void theWriterCanNeitherReadTheDeltaTableNorCallTheFunctions() throws Exception {
        String writer = database.createRole("writer", "");
        database.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO " + writer);
        orders.capture();

        assertThat(database.queryLong("""
                        SELECT count(*) FROM pg_proc
                        WHERE proname LIKE 'orders_delta%' AND has_function_privilege(?, oid, 'EXECUTE')""", writer)).isZero();
        assertThat(database.queryString(
                        "SELECT has_table_privilege(?, 'orders_delta', 'SELECT, INSERT, DELETE')", writer))
                .isEqualTo("f");
    }

    @Test
    void belongsToTheSourcesOwnerWhoeverRanIt() throws Exception {
        String owner = database.createRole("owner", "");
        database.execute("GRANT ALL ON SCHEMA public TO " + owner, "ALTER TABLE orders OWNER TO " + owner);
        orders.capture();

        assertThat(database.queryStrings("""
                        SELECT DISTINCT pg_get_userbyid(owner) FROM (
                          SELECT relowner FROM pg_class WHERE relname = 'orders_delta'
                          UNION ALL SELECT proowner FROM pg_proc WHERE proname LIKE 'orders_delta%') AS made (owner)""")).containsExactly(owner);
        try (Transaction transaction = Transaction.beginAs(database, owner)) {
            transaction.run(insert(500));
            transaction.commit();
        }
        assertThat(orders.deltaRows()).isEqualTo(1);
    }

    @Test
    void isDoneOnceHoweverOftenItIsRun() throws Exception {
        orders.capture();
        database.execute(insert(500));

        orders.capture();

        assertThat(orders.deltaRows()).isEqualTo(1);
        assertThat(orders.lines()).last().asString().contains("captured already");
    }

    @Test
    void refusesADeltaTableOfSomebodyElse() {
        database.execute("CREATE TABLE orders_delta (mine text)");

        assertThatThrownBy(orders::capture)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("There is a table public.orders_delta already");
    }

    /** Dropping the delta table, as one might drop somebody else's table, would make every write fail. */
    @Test
    void doesNotAdviseToDropTheDeltaTableWhenItsOwnTriggerWasDisabled() throws Exception {
        orders.capture();
        database.execute("ALTER TABLE orders DISABLE TRIGGER USER");

        assertThatThrownBy(orders::capture)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("trigger of public.orders_delta is missing or disabled")
                .hasMessageNotContaining("ename it");
    }

    @Test
    void stopRemovesEverythingAndWritersGoOn() throws Exception {
        orders.capture();
        database.execute(insert(500));

        orders.step("rollback", run -> CaptureStep.stop(run, SHORT));

        assertThat(orders.exists(orders.delta())).isFalse();
        assertThat(database.queryLong("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'orders'::regclass"))
                .isZero();
        assertThat(database.queryLong("SELECT count(*) FROM pg_proc WHERE proname LIKE 'orders%'"))
                .isZero();
        database.execute(insert(501), "DELETE FROM orders WHERE id = 500");
        assertThat(orders.phase()).isEqualTo("prepared");
    }

    @Test
    void aPreparedTransactionInTheWayIsNamedWithTheStatementsThatEndIt() throws Exception {
        assumeTrue(
                database.queryLong("SELECT setting::bigint FROM pg_settings WHERE name = 'max_prepared_transactions'")
                        > 0,
                "the server allows no prepared transactions");
        String gid = "the coordinator''s " + database.name();
        try (Transaction two = Transaction.begin(database)) {
            two.run(insert(-1), "PREPARE TRANSACTION '%s'".formatted(gid));
        }
        String statement = "ROLLBACK PREPARED '%s'".formatted(gid);

        assertThatThrownBy(() -> orders.capture(SHORT))
                .isInstanceOf(LockNotAvailable.class)
                .hasMessageContaining("Held by prepared transaction '%s' (of role ".formatted(gid))
                .hasMessageContaining(statement)
                .hasMessageContaining("or COMMIT PREPARED '%s' ends it".formatted(gid))
                .hasMessageNotContaining("nobody");

        database.execute(statement);
        orders.capture(SHORT);
    }

    /** Writers wait for the session that waits for that reader, so it waits only a moment. */
    @Test
    void whoReadsTheDeltaTableIsNamedWhereCaptureCannotEnd() throws Exception {
        orders.capture();
        try (Transaction reader = Transaction.begin(database)) {
            reader.run("SET application_name = 'a dashboard'", "LOCK TABLE orders_delta IN ACCESS SHARE MODE");

            assertThatThrownBy(() -> orders.step("rollback of captureChanges", run -> CaptureStep.stop(run, SHORT)))
                    .isInstanceOf(LockNotAvailable.class)
                    .hasMessageContaining("Could not lock public.orders_delta in 3 attempts")
                    .hasMessageContaining("a dashboard")
                    .hasMessageContaining("changes are still captured");
        }
        database.execute(insert(-1));
        assertThat(orders.deltaRows()).isEqualTo(1);
        orders.step("rollback of captureChanges", run -> CaptureStep.stop(run, SHORT));
    }

    @Test
    void whoHasTheMigrationsRecordOpenIsNamedBeforeAnyWriterWaits() throws Exception {
        try (Transaction operator = Transaction.begin(database)) {
            operator.run("SET application_name = 'an operator'", "UPDATE partition_migration SET tuning = NULL");

            assertThatThrownBy(() -> orders.capture(SHORT))
                    .isInstanceOf(LockNotAvailable.class)
                    .hasMessageContaining("Could not lock public.partition_migration in 3 attempts")
                    .hasMessageContaining("an operator");
        }
        orders.capture();
    }
}
