package liquibase.ext.partition.engine;

import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.LocalDate;
import java.util.List;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.prepare.Preparation;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.Workload;
import liquibase.ext.partition.testing.WorkloadReport;
import liquibase.ext.partition.testing.WorkloadReport.Count;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@code routing: trigger} through every step: the original's own way, without its losses. */
@ExtendWith(FreshDatabase.class)
class RoutedByTriggerTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void makeOrders() {
        orders = OrdersToRoute.in(database);
    }

    @Test
    void goesThereAndBackAndThereAgain() throws Exception {
        orders.prepare().capture();
        database.execute("UPDATE orders SET created_at = created_at + interval '2 months' WHERE id % 10 = 1");
        orders.copy();
        database.execute(
                "UPDATE orders SET created_at = created_at - interval '1 month' WHERE id % 10 = 2",
                "DELETE FROM orders WHERE id % 10 = 3", "UPDATE orders SET created_at = 'infinity' WHERE id % 10 = 4");
        InvariantChecker.assertHolds(orders);
        orders.index().replay().verify();
        orders.assertNewTableEqualsSource();
        List<String> before = orders.rows();
        orders.swap();
        assertThat(orders.rows()).isEqualTo(before);
        assertThat(database.queryLong("SELECT count(*) FROM ONLY orders")).isZero();
        assertThat(database.queryLong("SELECT count(*) FROM ONLY orders_default"))
                .isPositive();

        database.execute(
                "UPDATE orders SET created_at = created_at + interval '1 month' WHERE id % 10 = 5",
                "INSERT INTO orders (status, amount, created_at) SELECT 'after', 1, date_trunc('month', now()) FROM generate_series(1, 7)",
                "INSERT INTO orders (status, amount, created_at) VALUES ('old', 1, '1999-05-05')",
                "DELETE FROM orders WHERE id % 10 = 6");
        InvariantChecker.assertHoldsAfterSwap(orders);
        before = orders.rows();
        orders.reverseSwap();
        assertThat(orders.rows()).isEqualTo(before);
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("r");
        assertThat(database.queryLong("SELECT count(*) FROM pg_inherits WHERE inhparent = 'orders'::regclass"))
                .isZero();

        database.execute(
                "UPDATE orders SET status = 'again' WHERE id % 10 = 7 OR status = 'after'",
                "INSERT INTO orders (status, created_at) VALUES ('late', date_trunc('month', now()) + interval '3 days')");
        before = orders.rows();
        orders.swap();
        assertThat(orders.rows()).isEqualTo(before);
        orders.dropBackup();
        assertThat(orders.rows()).isEqualTo(before);
        assertThat(
                        database.queryStrings(
                                "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE '%delta%'"))
                .isEmpty();
    }

    @Test
    void eachChildKeepsThePrimaryKeyAsItWas() throws Exception {
        orders.throughSwap();

        assertThat(database.queryStrings("""
                        SELECT DISTINCT pg_get_constraintdef(k.oid) FROM pg_constraint AS k
                        JOIN pg_inherits AS i ON i.inhrelid = k.conrelid WHERE contype = 'p'""")).containsExactly("PRIMARY KEY (id)");
        assertThat(database.queryStrings("SELECT indexname FROM pg_indexes WHERE tablename = 'orders' ORDER BY 1"))
                .containsExactly("orders_by_status", "orders_pkey");
        assertThat(database.queryStrings(
                        "SELECT indexname FROM pg_indexes WHERE tablename = 'orders_202403' ORDER BY 1"))
                .hasSize(2);
    }

    @Test
    void anInsertReturnsItsRowAndIsCounted() throws Exception {
        orders.throughSwap();

        assertThat(database.queryRows("""
                        INSERT INTO orders (status, amount, created_at) VALUES ('a', 2, '2024-03-31 23:59+00'), ('b', 3, 'infinity')
                        RETURNING id, doubled""")).containsExactly(List.of("701", "4.00"), List.of("702", "6.00"));
        assertThat(database.queryString("SELECT tableoid::regclass FROM orders WHERE id = 701"))
                .isEqualTo("orders_202403");
    }

    @Test
    void aChildThatIsMadeLaterIsCapturedFromItsFirstRow() throws Exception {
        orders.throughSwap();
        database.execute(
                "SELECT orders_make('2025-08-01'), orders_make('2025-09-01')",
                "INSERT INTO orders (status, created_at) VALUES ('x', '2025-08-03'), ('y', '2025-09-03'), ('z', '2025-08-04')");

        assertThat(database.queryStrings(
                        "SELECT tableoid::regclass::text FROM orders WHERE status IN ('x', 'y', 'z') ORDER BY status"))
                .containsExactly("orders_202508", "orders_202509", "orders_202508");
        assertThat(
                        database.queryStrings(
                                "SELECT tgname FROM pg_trigger WHERE tgrelid = 'orders_202508'::regclass AND NOT tgisinternal ORDER BY 1"))
                .isEqualTo(
                        database.queryStrings(
                                "SELECT tgname FROM pg_trigger WHERE tgrelid = 'orders_default'::regclass AND NOT tgisinternal ORDER BY 1"));
        assertThat(orders.deltaRows()).isEqualTo(3);
        InvariantChecker.assertHoldsAfterSwap(orders);
    }

    @Test
    void aUsersTriggersGoToTheChildrenAndBack() throws Exception {
        database.execute(
                "CREATE TABLE log (what text)",
                """
                CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                  INSERT INTO log VALUES (TG_OP || ' ' || TG_LEVEL);
                  RETURN NEW;
                END $$""",
                "CREATE TRIGGER each_row BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION note()",
                "CREATE TRIGGER each_statement AFTER INSERT ON orders FOR EACH STATEMENT EXECUTE FUNCTION note()",
                "ALTER TABLE orders ENABLE REPLICA TRIGGER each_statement",
                "GRANT SELECT ON orders TO PUBLIC");
        String triggers =
                "SELECT tgname || ' ' || tgenabled::text FROM pg_trigger WHERE tgrelid = 'orders'::regclass AND tgname LIKE 'each%' ORDER BY 1";
        List<String> before = database.queryStrings(triggers);
        orders.throughSwap();
        database.execute("ALTER TABLE orders ENABLE TRIGGER each_statement");
        database.execute("INSERT INTO orders (status, created_at) VALUES ('x', '2024-05-05'), ('y', '2024-06-05')");

        assertThat(database.queryStrings("SELECT what FROM log ORDER BY 1"))
                .containsExactly("INSERT ROW", "INSERT ROW", "INSERT STATEMENT");
        database.execute("ALTER TABLE orders ENABLE REPLICA TRIGGER each_statement");
        // The children get the grants together with the triggers, and have none without them.
        String granted =
                "SELECT count(*) FROM pg_class AS c, aclexplode(c.relacl) AS acl WHERE c.oid = 'orders_202405'::regclass AND acl.grantee = 0";
        assertThat(database.queryLong(granted)).isEqualTo(1);
        orders.reverseSwap();
        assertThat(database.queryStrings(triggers)).isEqualTo(before);
        assertThat(
                        database.queryLong(
                                "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'orders_202405'::regclass AND NOT tgisinternal"))
                .isZero();

        database.execute(
                "DROP TRIGGER each_row ON orders",
                "REVOKE SELECT ON orders FROM PUBLIC",
                "GRANT SELECT ON orders_202405 TO PUBLIC");
        orders.swap();
        assertThat(database.queryLong(granted)).isZero();
    }

    @Test
    void columnsThatAreAddedRenamedOrDroppedOnBothSidesComeBackAndGoAgain() throws Exception {
        orders.throughSwap();
        for (String table : List.of("orders", "orders_old")) {
            database.execute(
                    "ALTER TABLE " + table + " ADD COLUMN phone text",
                    "ALTER TABLE " + table + " RENAME COLUMN status TO state",
                    "ALTER TABLE " + table + " DROP COLUMN amount CASCADE");
        }
        assertThat(
                        database.queryString(
                                "INSERT INTO orders (id, state, phone, created_at) VALUES (9001, 'x', '555-1', '2024-03-05') RETURNING phone"))
                .isEqualTo("555-1");
        database.execute(
                "UPDATE orders SET created_at = '2024-04-05', phone = coalesce(phone, 'none') WHERE id IN (1, 9001)");
        List<String> before = orders.rows();

        orders.reverseSwap();
        assertThat(orders.rows()).isEqualTo(before);
        database.execute("UPDATE orders SET phone = '555-2' WHERE id = 9001");
        orders.swap();
        database.execute("UPDATE orders SET created_at = '2024-05-05' WHERE id = 9001");
        assertThat(database.queryString("SELECT tableoid::regclass || ' ' || phone FROM orders WHERE id = 9001"))
                .isEqualTo("orders_202405 555-2");
    }

    @Test
    void aForeignKeyOfItsOwnIsOnAChildThatIsMadeLaterToo() throws Exception {
        database.execute(
                "CREATE TABLE states (status text PRIMARY KEY)",
                "INSERT INTO states VALUES ('new')",
                "ALTER TABLE orders ADD CONSTRAINT of_state FOREIGN KEY (status) REFERENCES states ON UPDATE CASCADE");
        orders.throughSwap();
        database.execute(
                "SELECT orders_make('2025-08-01')",
                "INSERT INTO orders (id, status, created_at) VALUES (9001, 'new', '2025-08-03')");
        assertThatThrownBy(
                        () -> database.execute("INSERT INTO orders (status, created_at) VALUES ('none', '2025-08-03')"))
                .hasMessageContaining("violates foreign key constraint");
        database.execute("UPDATE states SET status = 'newer'");

        assertThat(database.queryString("SELECT tableoid::regclass || ' ' || status FROM orders WHERE id = 9001"))
                .isEqualTo("orders_202508 newer");
        orders.reverseSwap();
        assertThat(database.queryString("SELECT status FROM orders WHERE id = 9001"))
                .isEqualTo("newer");
    }

    @Test
    void whoMayOnlyWriteTheTableGoesOnBesideOurTriggersAndIsNotTheOwnerByOneOfHisOwn() throws Exception {
        String app = database.createRole("app", "");
        database.execute(
                "CREATE TABLE lines (orders_id bigint REFERENCES orders ON DELETE CASCADE)",
                "INSERT INTO lines VALUES (1)",
                "GRANT SELECT, INSERT, UPDATE, TRIGGER ON orders TO " + app,
                "CREATE SCHEMA theirs AUTHORIZATION " + app);
        orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughSwap();

        String move = "UPDATE orders SET created_at = '2024-06-05' WHERE id = ";
        try (Transaction writer = Transaction.beginAs(database, app)) {
            writer.run(
                    "INSERT INTO orders (id, status, created_at) VALUES (9001, 'x', '2024-03-05')",
                    move + "9001",
                    move + "1");
            writer.commit();
        }
        try (Transaction maker = Transaction.beginAs(database, app)) {
            maker.run(
                    "CREATE FUNCTION theirs.up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ALTER ROLE "
                            + app + " SUPERUSER'; RETURN OLD; END $$",
                    "CREATE TRIGGER up BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION theirs.up()");
            maker.commit();
        }
        try (Transaction writer = Transaction.beginAs(database, app)) {
            assertThatThrownBy(() ->
                            writer.run("INSERT INTO orders (id, status, created_at) VALUES (9002, 'x', '2024-03-05')"))
                    .hasMessageContaining("where trigger up fires with the rights of whoever writes");
        }
        database.execute("DROP TRIGGER up ON orders");
        try (Transaction writer = Transaction.beginAs(database, app)) {
            writer.run("INSERT INTO orders (id, status, created_at) VALUES (9002, 'x', '2024-03-05')");
            writer.commit();
        }

        assertThat(database.queryStrings(
                        "SELECT tableoid::regclass || ' ' || id FROM orders WHERE id IN (1, 9001, 9002) ORDER BY id"))
                .containsExactly("orders_202406 1", "orders_202406 9001", "orders_202403 9002");
        assertThat(database.queryString("SELECT rolsuper FROM pg_roles WHERE rolname = ?", app))
                .isEqualTo("f");
        assertThat(database.queryLong("SELECT count(*) FROM lines")).isEqualTo(1);
        orders.reverseSwap();
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id > 9000"))
                .isEqualTo(2);
    }

    @Test
    void rowsOfOneStatementMayReferToOthersOfItByTheTablesOwnKey() throws Exception {
        database.execute("ALTER TABLE orders ADD COLUMN before_it bigint REFERENCES orders");
        orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughSwap();

        database.execute("""
                INSERT INTO orders (id, before_it, status, created_at)
                VALUES (9001, 9002, 'x', '2024-03-05'), (9002, 9003, 'x', '2024-04-05'), (9003, 9001, 'x', '2024-03-06')""");

        assertThatThrownBy(
                        () -> database.execute(
                                "INSERT INTO orders (id, before_it, status, created_at) VALUES (9004, 9005, 'x', '2024-03-05')"))
                .hasMessageContaining("violates foreign key constraint");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id > 9000"))
                .isEqualTo(3);
    }

    @Test
    void aStatementTriggerOnDeleteIsRefused() {
        database.execute(
                "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                "CREATE TRIGGER gone AFTER DELETE ON orders FOR EACH STATEMENT EXECUTE FUNCTION note()");

        assertThatThrownBy(orders::prepare).hasMessageContaining("statement trigger gone fires on DELETE");
    }

    @Test
    void takingEverythingBackLeavesNothing() throws Exception {
        List<String> before = everything();
        orders.throughSwap().reverseSwap();
        orders.step("rollback of verifyCopy", liquibase.ext.partition.engine.verify.Verification::forget);
        orders.step("rollback of buildIndexes", liquibase.ext.partition.engine.index.IndexBuild::drop);
        orders.step("rollback of chunkedCopy", liquibase.ext.partition.engine.copy.ChunkedCopy::forget);
        orders.step(
                "rollback of captureChanges",
                run -> liquibase.ext.partition.engine.delta.CaptureStep.stop(run, MigrationFixture.LOCK));
        orders.step("rollback of createPartitionedTable", Preparation::undo);

        assertThat(everything()).isEqualTo(before);
    }

    private List<String> everything() {
        return database.queryStrings("""
                SELECT 'relation ' || oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace
                UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                UNION ALL SELECT 'trigger ' || tgname || tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal
                ORDER BY 1""");
    }

    @Test
    void everyRowIsWhatItsWriterCommittedWithWritersAllTheWay() throws Exception {
        database.execute("DROP TABLE orders", """
                CREATE TABLE orders (
                  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), status text, amount numeric(10,2), created_at timestamptz NOT NULL)""", """
                INSERT INTO orders (status, amount, created_at)
                SELECT 'new', i % 1000, timestamptz '2024-01-01 00:00+00' + random() * interval '270 days'
                FROM generate_series(1, 2400) AS i""", "ANALYZE orders");
        orders = MigrationFixture.of(database, "public", "orders", "created_at", "id")
                .routedByTrigger()
                .between("2024-01", "2024-07");
        try (Workload workload = Workload.on(database, "public.orders", "id", "created_at")
                .between(LocalDate.of(2024, 1, 1), LocalDate.of(2024, 10, 1))
                .withOutliers()
                .readingBack()
                .writers(8)
                .writesPerSecond(400)
                .start()) {
            workload.awaitCommits(100);
            orders.prepare().capture();
            Future<Void> copy = inBackground(() -> orders.copy(400, 2, false));
            while (!copy.isDone()) {
                InvariantChecker.assertHolds(orders);
            }
            join(copy);
            orders.index();
            orders.replay().verify(2_000);
            orders.swap();
            workload.awaitCommits(300);
            InvariantChecker.assertHoldsAfterSwap(orders);
            orders.reverseSwap();
            workload.awaitCommits(200);
            orders.swap();
            workload.awaitCommits(200);

            WorkloadReport report = workload.stop();

            workload.assertNothingLost();
            assertThat(report.violations()).isEmpty();
            assertThat(report.count(Count.SWAP_ERRORS)).isZero();
            orders.dropBackup();
            workload.assertNothingLost();
        }
    }
}
