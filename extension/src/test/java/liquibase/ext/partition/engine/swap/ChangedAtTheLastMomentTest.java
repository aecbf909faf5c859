package liquibase.ext.partition.engine.swap;

import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.verify.Verification;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Planning ahead of the lock loses nothing: a change of the table at the last moment is there after the switch, or
 * stops it.
 */
@ExtendWith(FreshDatabase.class)
class ChangedAtTheLastMomentTest {
    private static final LockPolicy PATIENT = new LockPolicy(Duration.ofSeconds(20), 2);

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
        MigrationFixture orders = MigrationFixture.ofOrders(database, 200).ofMonths(12);
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
        assertThat(orders.kind()).isEqualTo("p");

        reverseSwapWhileChanged(
                orders,
                "DROP TRIGGER goes ON orders",
                "ALTER TABLE orders DISABLE TRIGGER comes",
                "REVOKE SELECT ON orders FROM PUBLIC",
                "COMMENT ON TABLE orders IS NULL",
                "DROP VIEW reader");

        assertThat(belongings(database)).containsExactly("policy everybody", "statistics together", "trigger comes D");
        assertThat(orders.kind()).isEqualTo("r");
        orders.assertNewTableEqualsSource();
    }

    @Test
    void whatCannotComeAlongStopsTheSwapThoughItWasMadeAtTheLastMoment(TestDatabase database) throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 200).ofMonths(2);
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
        assertThat(orders.kind()).isEqualTo("r");
        assertThat(
                        database.queryLong(
                                "SELECT count(*) FROM pg_trigger WHERE tgrelid <> 'orders'::regclass AND tgname LIKE 'orders_delta%'"))
                .as("triggers left on the new table")
                .isZero();
    }

    /** It would write the backup, or nothing. */
    @Test
    void aSubscriptionThatGetsTheTableAtTheLastMomentStopsTheSwap(TestDatabase database) throws Exception {
        MigrationFixture orders =
                MigrationFixture.ofOrders(database, 200).ofMonths(2).throughVerification();
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
        assertThat(orders.kind()).isEqualTo("r");
    }

    /** Its rows are in no delta table, so they would go with the new table when that is dropped. */
    @Test
    void aTableWithRowsThatIsAttachedAtTheLastMomentStopsTheReverseSwap(TestDatabase database) throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 200).ofMonths(2);
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
        assertThat(orders.kind()).isEqualTo("p");
    }

    /** Its rows went and others came without any trigger noticing. */
    @Test
    void aPartitionThatIsExchangedAtTheLastMomentStopsTheReverseSwapAndTheSwap(TestDatabase database) throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 200).ofMonths(2);
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
        assertThat(orders.kind()).isEqualTo("p");
    }

    @Test
    void valuesThatAreChangedWhileTheLockIsWaitedForStopTheReverseSwap(TestDatabase database) throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 200).ofMonths(2);
        orders.throughSwap();
        assertThatThrownBy(() -> reverseSwapWhileChanged(
                        orders, "ALTER TABLE orders ALTER COLUMN status TYPE text USING upper(status)"))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("have just been changed: public.orders_202411 was rewritten")
                .hasMessageContaining("Roll back again; the table is compared with its backup first");
        assertThatThrownBy(orders::reverseSwap).hasMessageContaining("differ in 200 rows");
        assertThat(orders.kind()).isEqualTo("p");
    }

    /** The backup is the only place where these rows are. */
    @Test
    void rowsThatAreDeletedUncapturedWhileTheDropWaitsForItsLockKeepTheBackup(TestDatabase database) throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 200).ofMonths(2);
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
        MigrationFixture orders = MigrationFixture.ofOrders(database, 200).ofMonths(2);
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
}
