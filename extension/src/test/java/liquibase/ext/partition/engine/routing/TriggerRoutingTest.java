package liquibase.ext.partition.engine.routing;

import static liquibase.ext.partition.engine.routing.RoutedOrders.insert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.StringReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.PGConnection;

/**
 * How rows that are inserted find their child, whatever else the table has and becomes.
 *
 * <p>The file is long because it is a catalogue: a test for each thing that a table can have or become.
 */
@ExtendWith(FreshDatabase.class)
class TriggerRoutingTest {
    private TestDatabase database;

    private RoutedOrders orders() {
        return RoutedOrders.planned(database, PartitionInterval.MONTH).make(RoutedOrders.COLUMNS);
    }

    private void assertParentIsEmpty() {
        assertThat(database.queryLong("SELECT count(*) FROM ONLY orders")).isZero();
    }

    private void assertEveryRowIsWhereItBelongs() {
        assertParentIsEmpty();
        assertThat(database.queryStrings("""
                        SELECT tableoid::regclass || ' ' || at FROM orders
                        WHERE tableoid <> 'orders_default'::regclass
                          AND tableoid <> coalesce(to_regclass('orders_' || to_char(at AT TIME ZONE 'UTC', 'YYYYMM')), 0)""")).isEmpty();
    }

    @Test
    void putsEveryRowIntoTheChildOfItsMonth() throws Exception {
        RoutedOrders orders = orders().attach();

        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            assertThat(
                            statement.executeUpdate(
                                    "INSERT INTO orders (at) VALUES ('2024-01-31 23:59:59.999999+00'), ('2024-02-01 00:00+00'), ('2024-03-31 22:00-02')"))
                    .isEqualTo(3);
            assertThat(
                            statement.executeUpdate(
                                    "INSERT INTO orders (at, note) SELECT '2024-01-01 00:00+00', 'n' || i FROM generate_series(1, 2) AS i"))
                    .isEqualTo(2);
            try (PreparedStatement one = connection.prepareStatement(
                    "INSERT INTO orders (at) VALUES (timestamptz '2024-02-03 00:00+00')",
                    Statement.RETURN_GENERATED_KEYS)) {
                assertThat(one.executeUpdate()).isEqualTo(1);
                assertThat(one.getGeneratedKeys().next()).isTrue();
            }
            assertThat(connection
                            .unwrap(PGConnection.class)
                            .getCopyAPI()
                            .copyIn("COPY orders (id, at) FROM STDIN", new StringReader("""
                                    100	2024-01-05 00:00+00
                                    101	2024-03-05 00:00+00
                                    """)))
                    .isEqualTo(2);
        }

        assertThat(orders.rows())
                .containsExactly(
                        "orders_202401 1 2024-01-31 none",
                        "orders_202402 2 2024-02-01 none",
                        "orders_202404 3 2024-04-01 none",
                        "orders_202401 4 2024-01-01 n1",
                        "orders_202401 5 2024-01-01 n2",
                        "orders_202402 6 2024-02-03 none",
                        "orders_202401 100 2024-01-05 none",
                        "orders_202403 101 2024-03-05 none");
        assertEveryRowIsWhereItBelongs();
    }

    @Test
    void returnsWhatTheChildHolds() {
        database.execute("""
                CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN NEW.note := NEW.note || ' stamped'; RETURN NEW; END $$""");
        RoutedOrders orders = RoutedOrders.planned(database, PartitionInterval.MONTH)
                .make(RoutedOrders.COLUMNS.replace("BY DEFAULT", "ALWAYS")
                        + ", month timestamp GENERATED ALWAYS AS (date_trunc('month', at AT TIME ZONE 'UTC')) STORED");
        database.execute("CREATE TRIGGER stamp BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION stamp()");
        orders.attach();

        String columns = "RETURNING id, note, to_char(month, 'YYYY-MM-DD')";
        for (String time : List.of("2024-01-05 00:00+00", "2023-12-31 00:00+00")) {
            String month = time.substring(0, 7) + "-01";
            List<String> returned = database.queryRows(
                            "INSERT INTO orders (at) VALUES (timestamptz '%s') %s".formatted(time, columns))
                    .get(0);
            assertThat(returned.subList(1, 3)).containsExactly("none stamped", month);
        }

        assertThat(orders.rows())
                .containsExactly("orders_202401 1 2024-01-05 none stamped", "orders_default 2 2023-12-31 none stamped");
    }

    @Test
    void putsWhatHasNoIntervalIntoTheDefaultChild() {
        orders().attach();

        List<String> times = new ArrayList<>(List.of(
                "-infinity",
                "infinity",
                "0044-03-15 00:00+00 BC",
                "2023-12-31 23:59:59.999999+00",
                "9999-12-31 00:00+00",
                "294276-12-31 00:00+00",
                "10000-01-01 00:00+00"));
        times.add(null);
        for (int i = 0; i < times.size(); i++) {
            database.execute(insert(i, times.get(i)));
        }

        assertThat(database.queryLong("SELECT count(*) FROM ONLY orders_default"))
                .isEqualTo(times.size());
        assertThat(database.queryLong("SELECT count(*) FROM pg_inherits")).isEqualTo(13);
        assertParentIsEmpty();
    }

    @Test
    void firesAUsersTriggersOncePerRowAsTheWriterWithTheWritersPath() throws Exception {
        String writer = database.createRole("writer", "");
        RoutedOrders orders = orders();
        database.execute(
                "CREATE SCHEMA app",
                "CREATE TABLE app.fired (what text)",
                "GRANT USAGE ON SCHEMA app TO PUBLIC",
                "GRANT ALL ON app.fired TO PUBLIC",
                "GRANT ALL ON orders TO PUBLIC",
                """
                CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                  INSERT INTO fired VALUES (concat_ws(' ', TG_WHEN, TG_LEVEL, TG_OP, TG_TABLE_NAME, left(current_user, 6)));
                  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
                END $$""",
                "CREATE TRIGGER s BEFORE INSERT OR UPDATE ON orders FOR EACH STATEMENT EXECUTE FUNCTION app.note()",
                "CREATE TRIGGER b BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION app.note()");
        for (QualifiedName child : orders.children()) {
            database.execute(
                    "CREATE TRIGGER b BEFORE UPDATE OR DELETE ON " + child.quoted()
                            + " FOR EACH ROW EXECUTE FUNCTION app.note()",
                    "CREATE TRIGGER a AFTER INSERT OR UPDATE OR DELETE ON " + child.quoted()
                            + " FOR EACH ROW EXECUTE FUNCTION app.note()",
                    "GRANT ALL ON " + child.quoted() + " TO PUBLIC");
        }
        orders.attach();

        assertThat(fired(writer, insert(1, "2024-01-05 00:00+00")))
                .containsExactly(
                        "BEFORE STATEMENT INSERT orders writer",
                        "BEFORE ROW INSERT orders writer",
                        "AFTER ROW INSERT orders_202401 writer");
        assertThat(fired(writer, insert(2, "2024-05-05 00:00+00")))
                .containsExactly(
                        "BEFORE STATEMENT INSERT orders writer",
                        "BEFORE ROW INSERT orders writer",
                        "AFTER ROW INSERT orders_202405 writer");
        assertThat(fired(writer, "UPDATE orders SET note = 'x' WHERE id = 2"))
                .containsExactly(
                        "BEFORE STATEMENT UPDATE orders writer",
                        "BEFORE ROW UPDATE orders_202405 writer",
                        "AFTER ROW UPDATE orders_202405 writer");
        assertThat(fired(writer, "UPDATE orders SET at = at + interval '2 month' WHERE id = 2"))
                .containsExactly(
                        "BEFORE STATEMENT UPDATE orders writer",
                        "BEFORE ROW UPDATE orders_202405 writer",
                        "AFTER ROW INSERT orders_202407 writer",
                        "BEFORE ROW DELETE orders_202405 writer",
                        "AFTER ROW DELETE orders_202405 writer",
                        "AFTER ROW UPDATE orders_202405 writer");
        assertThat(fired(writer, "DELETE FROM orders WHERE id = 2"))
                .containsExactly("BEFORE ROW DELETE orders_202407 writer", "AFTER ROW DELETE orders_202407 writer");
        assertThat(orders.rows()).containsExactly("orders_202401 1 2024-01-05 none");
    }

    private List<String> fired(String writer, String statement) throws SQLException {
        database.execute("TRUNCATE app.fired");
        try (Transaction transaction = Transaction.beginAs(database, writer)) {
            transaction.run("SET search_path = app, public", statement);
            transaction.commit();
        }
        return database.queryStrings("SELECT what FROM app.fired");
    }

    @Test
    void takesNamesThatNeedQuotes() {
        QualifiedName parent = QualifiedName.of("we\"ird", "Order $route$ Items %s a'b ".repeat(2) + "seventh");
        TriggerRouting routing = new TriggerRouting(
                RoutedOrders.table(parent, "a'b"),
                new PartitionLayout(
                        "Ord \"%I\" é ", PartitionInterval.WEEK, LocalDate.of(2024, 1, 1), LocalDate.of(2024, 1, 15)));
        database.execute("CREATE SCHEMA \"we\"\"ird\"");
        RoutedOrders orders = new RoutedOrders(database, routing).make("""
                        "new" bigint PRIMARY KEY, "a'b" timestamptz, "value" text, routed_at int, c int, "%1$s" int, "$1" int, place int,
                        "$columns$ ""q" int, routed int, k int, o int, r int""");
        database.execute("""
                CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW."value" := 'stamped'; RETURN NEW; END $$""");
        database.execute(
                "CREATE TRIGGER stamp BEFORE INSERT ON " + parent.quoted() + " FOR EACH ROW EXECUTE FUNCTION stamp()");
        orders.attach();
        for (String day : List.of("2024-03-01", "2024-05-01")) {
            database.execute(
                    "SELECT %s(DATE '%s')".formatted(routing.makeFunction().quoted(), day));
        }

        for (String day : List.of("2024-01-08", "2024-03-01", "2024-03-01", "1999-01-01")) {
            assertThat(database.queryString("""
                            INSERT INTO %s SELECT count(*), '%s 00:00+00', 'v', 1, 2, 3, 4, 5 FROM %s RETURNING "value\"""".formatted(parent.quoted(), day, parent.quoted())))
                    .isEqualTo("stamped");
        }
        database.execute("UPDATE %s SET \"a'b\" = '2024-05-01 00:00+00'".formatted(parent.quoted()));

        assertThat(database.queryStrings(
                        "SELECT DISTINCT relname FROM %s AS o JOIN pg_class ON pg_class.oid = o.tableoid"
                                .formatted(parent.quoted())))
                .containsExactly("Ord \"%I\" é 2024w18");
        assertThat(database.queryLong("SELECT count(*) FROM " + parent.quoted()))
                .isEqualTo(4);
        orders.drop();
        assertThat(database.queryLong(
                        "SELECT count(*) FROM pg_proc WHERE pronamespace = '\"we\"\"ird\"'::regnamespace"))
                .isZero();
    }

    @Test
    void readsOnlyOneMonthsChildAndTheDefaultOne() {
        orders().attach();
        database.execute(
                "INSERT INTO orders (at) SELECT '2024-01-01 00:00+00'::timestamptz + i * interval '1 day' FROM generate_series(1, 300) AS i");

        List<String> plan = database.queryStrings(
                "EXPLAIN SELECT * FROM orders WHERE at >= '2024-02-01 00:00+00' AND at < '2024-02-03 00:00+00'");

        assertThat(String.join("\n", plan))
                .contains("orders_202402")
                .contains("orders_default")
                .doesNotContain("orders_202401")
                .doesNotContain("orders_202403")
                .doesNotContain("orders_202406");
    }

    @Test
    void routesForASubscriptionToo() {
        RoutedOrders orders = orders().attach();

        database.execute(
                "SET session_replication_role = replica; " + insert(1, "2024-01-05 00:00+00"),
                "SET session_replication_role = replica; UPDATE orders SET at = '2024-05-05 00:00+00'");

        assertThat(orders.rows()).containsExactly("orders_202405 1 2024-05-05 none");
        assertParentIsEmpty();
    }

    @Test
    void leavesNothingButTheChildrenWhenItIsDropped() {
        RoutedOrders orders = orders().attach();
        database.execute(insert(1, "2024-05-05 00:00+00"));

        orders.drop();
        orders.drop();

        assertThat(database.queryLong("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"))
                .isZero();
        assertThat(database.queryLong("SELECT count(*) FROM pg_proc WHERE proname LIKE 'orders%'"))
                .isZero();
        assertThat(orders.rows()).containsExactly("orders_202405 1 2024-05-05 none");
        // And it can be attached again.
        orders.attach();
        database.execute(insert(2, "2024-05-05 00:00+00"));
        assertThat(database.queryLong("SELECT count(*) FROM orders_202405")).isEqualTo(2);
    }

    @Test
    void findsTheTriggersThatItCannotKeep() throws Exception {
        database.execute(
                "CREATE TABLE t (id int, \"x FOR EACH STATEMENT \" int)",
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                "CREATE TRIGGER \"a DELETE\" AFTER INSERT OR UPDATE OF \"x FOR EACH STATEMENT \" ON t FOR EACH ROW WHEN (NEW.\"x FOR EACH STATEMENT \" > 0) EXECUTE FUNCTION f(' FOR EACH STATEMENT ')",
                "CREATE TRIGGER b BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION f()",
                "CREATE TRIGGER c BEFORE INSERT OR UPDATE OR TRUNCATE ON t FOR EACH STATEMENT EXECUTE FUNCTION f()",
                "CREATE TRIGGER d AFTER UPDATE ON t REFERENCING NEW TABLE AS n OLD TABLE AS o FOR EACH STATEMENT EXECUTE FUNCTION f()",
                "CREATE CONSTRAINT TRIGGER e AFTER DELETE ON t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f()",
                "CREATE TRIGGER n1 AFTER DELETE ON t FOR EACH STATEMENT EXECUTE FUNCTION f()",
                "CREATE TRIGGER n2 BEFORE INSERT OR DELETE OR UPDATE ON t FOR EACH STATEMENT EXECUTE FUNCTION f()",
                "CREATE TRIGGER n3 AFTER INSERT ON t REFERENCING NEW TABLE AS n FOR EACH ROW EXECUTE FUNCTION f()");

        List<String> refused = new ArrayList<>();
        try (Connection connection = database.connect()) {
            for (Trigger trigger : new TableReader(Session.pinned(connection))
                    .require(QualifiedName.of("public", "t"))
                    .triggers()) {
                TriggerRouting.obstacle(trigger).ifPresent(why -> refused.add(why));
            }
        }

        assertThat(refused)
                .satisfiesExactly(
                        why -> assertThat(why).startsWith("statement trigger n1 fires on DELETE"),
                        why -> assertThat(why).startsWith("statement trigger n2 fires on DELETE"));
    }

    @Test
    void showsAStatementTriggersTransitionTableEveryRowOnce() {
        RoutedOrders orders = orders();
        database.execute(
                "CREATE TABLE seen (n bigint)",
                """
                CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO seen SELECT count(*) FROM added; RETURN NULL; END $$""",
                "CREATE TRIGGER see AFTER INSERT ON orders REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION see()");
        orders.attach();

        database.execute(
                "INSERT INTO orders (at) SELECT '2024-01-01 00:00+00'::timestamptz + i * interval '1 month' FROM generate_series(0, 9) AS i");

        assertThat(database.queryStrings("SELECT n FROM seen")).containsExactly("10");
    }

    @Test
    void failsWhereOnConflictFindsTheKeyTaken() throws Exception {
        RoutedOrders orders = orders().attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));

        for (String conflict : List.of("(id) DO UPDATE SET note = 'x'", "DO NOTHING")) {
            try (Transaction writer = Transaction.begin(database)) {
                assertThat(writer.update(insert(2, "2024-01-06 00:00+00") + " ON CONFLICT " + conflict))
                        .isEqualTo(1);
                assertThatThrownBy(() -> writer.run(insert(1, "2024-01-06 00:00+00") + " ON CONFLICT " + conflict))
                        .hasMessageContaining("duplicate key value violates unique constraint");
            }
        }
        // All rows of one statement are in the parent when the key is looked for there.
        try (Transaction writer = Transaction.begin(database)) {
            assertThat(
                            writer.update(
                                    "INSERT INTO orders (id, at) VALUES (5, '2024-01-05 00:00+00'), (5, '2024-02-05 00:00+00') ON CONFLICT DO NOTHING"))
                    .isEqualTo(1);
            assertThat(writer.query("SELECT count(*) FROM orders WHERE id = 5")).isEqualTo("1");
        }
        assertThat(orders.rows()).containsExactly("orders_202401 1 2024-01-05 none");
    }

    @Test
    void takesARowOutOfTheParentWithoutAScanEvenWhereThePlanWasMadeForAnEmptyParent() throws Exception {
        orders().attach();
        database.execute("VACUUM orders");
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            for (int i = 0; i < 500; i++) {
                statement.execute(insert(i, "2024-01-05 00:00+00"));
            }
            try (var row = statement.executeQuery(
                    "SELECT seq_scan, idx_scan FROM pg_stat_xact_user_tables WHERE relid = 'orders'::regclass")) {
                assertThat(row.next()).isTrue();
                assertThat(row.getLong(1)).isZero();
                assertThat(row.getLong(2)).isZero();
            }
        }
    }

    @Test
    void staysRightWhenASavepointIsRolledBack() throws Exception {
        RoutedOrders orders = orders().attach();
        try (Transaction writer = Transaction.begin(database)) {
            writer.run(
                    insert(1, "2024-01-05 00:00+00"),
                    "SAVEPOINT s",
                    "UPDATE orders SET at = '2024-07-05 00:00+00'",
                    insert(2, "2024-08-05 00:00+00"),
                    "ROLLBACK TO s",
                    "UPDATE orders SET note = 'kept'",
                    insert(3, "2024-08-05 00:00+00"));
            writer.commit();
        }
        assertThat(orders.rows()).containsExactly("orders_202401 1 2024-01-05 kept", "orders_202408 3 2024-08-05 none");
        assertParentIsEmpty();
    }

    /** Servers that look into the functions that use the row type would refuse it, if one of ours did. */
    @Test
    void letsAColumnWithADefaultBeAddedGivenAnotherTypeAndDropped() {
        RoutedOrders orders = orders().attach();
        database.execute(
                insert(1, "2024-01-05 00:00+00"),
                "ALTER TABLE orders ADD COLUMN amount int NOT NULL DEFAULT 7",
                insert(2, "2024-01-06 00:00+00"),
                "ALTER TABLE orders ALTER COLUMN amount TYPE numeric(12,2)",
                "ALTER TABLE orders ALTER COLUMN note TYPE varchar(20)",
                "UPDATE orders SET at = '2024-02-06 00:00+00' WHERE id = 2",
                insert(3, "2024-02-07 00:00+00"),
                "ALTER TABLE orders ADD COLUMN at_random double precision DEFAULT random()",
                "ALTER TABLE orders ALTER COLUMN amount TYPE int",
                "ALTER TABLE orders ALTER COLUMN note TYPE text");
        assertThat(database.queryStrings("SELECT amount FROM orders ORDER BY id"))
                .containsExactly("7", "7", "7");
        assertThat(database.queryLong("SELECT count(at_random) FROM orders")).isEqualTo(3);

        database.execute(
                "ALTER TABLE orders DROP COLUMN amount",
                "ALTER TABLE orders DROP COLUMN at_random",
                insert(4, "2024-03-05 00:00+00"),
                "UPDATE orders SET at = '2024-04-05 00:00+00' WHERE id = 1");

        assertThat(orders.rows())
                .containsExactly(
                        "orders_202404 1 2024-04-05 none",
                        "orders_202402 2 2024-02-06 none",
                        "orders_202402 3 2024-02-07 none",
                        "orders_202403 4 2024-03-05 none");
        assertParentIsEmpty();
    }

    /** By the column's former name a row would go to the month of another column. */
    @Test
    void followsTwoColumnsThatSwapTheirNames() throws Exception {
        RoutedOrders.planned(database, PartitionInterval.MONTH)
                .make(RoutedOrders.COLUMNS + ", shipped timestamptz")
                .attach();
        String swapNames =
                "ALTER TABLE orders RENAME COLUMN at TO between_names; ALTER TABLE orders RENAME COLUMN shipped TO at; "
                        + "ALTER TABLE orders RENAME COLUMN between_names TO shipped";
        try (Connection session = database.connect();
                Statement writer = session.createStatement();
                Transaction old = Transaction.beginRepeatableRead(database)) {
            // Their plans are made for the former names, or their snapshot shows these.
            writer.execute(
                    "INSERT INTO orders (id, at, shipped) VALUES (1, '2024-01-05 00:00+00', '2024-11-05 00:00+00')");
            writer.execute(
                    "INSERT INTO orders (id, at, shipped) VALUES (2, '2024-01-05 00:00+00', '2024-11-05 00:00+00')");
            old.run("SELECT 1 FROM pg_class LIMIT 1");
            database.execute(swapNames);

            writer.execute(
                    "INSERT INTO orders (id, shipped, at) VALUES (3, '2024-01-06 00:00+00', '2024-11-06 00:00+00')");
            writer.execute(
                    "UPDATE orders SET shipped = '2024-02-05 00:00+00', at = '2024-12-05 00:00+00' WHERE id = 1");
            old.run(
                    "INSERT INTO orders (id, shipped, at) VALUES (4, '2024-01-07 00:00+00', '2024-11-07 00:00+00')",
                    "UPDATE orders SET shipped = '2024-03-05 00:00+00', at = '2024-12-05 00:00+00' WHERE id = 2");
            old.commit();
            assertThat(database.queryString("SELECT orders_make('2025-02-01')::text"))
                    .isEqualTo("orders_202502");
            writer.execute(
                    "INSERT INTO orders (id, shipped, at) VALUES (5, '2025-02-05 00:00+00', '2024-11-05 00:00+00')");
            writer.execute("UPDATE orders SET shipped = '2024-04-05 00:00+00' WHERE id = 5");
        }
        assertParentIsEmpty();
        assertThat(
                        database.queryStrings(
                                "SELECT tableoid::regclass || ' ' || id || to_char(shipped, ' MM') || to_char(at, ' MM') FROM orders ORDER BY id"))
                .containsExactly(
                        "orders_202402 1 02 12",
                        "orders_202403 2 03 12",
                        "orders_202401 3 01 11",
                        "orders_202401 4 01 11",
                        "orders_202404 5 04 11");

        database.execute(swapNames, insert(6, "2024-05-05 00:00+00"));
        assertThat(database.queryString("SELECT tableoid::regclass::text FROM orders WHERE id = 6"))
                .isEqualTo("orders_202405");
    }

    @Test
    void keepsTheColumnThatHoldsTheTimeAndSaysWhatToDoWhereItNoLongerKnowsIt() {
        RoutedOrders orders = orders().attach();
        database.execute("ALTER TABLE orders RENAME COLUMN at TO made");
        assertThatThrownBy(() -> database.execute("ALTER TABLE orders DROP COLUMN made"))
                .hasMessageContaining("trigger !orders_timeof on table orders depends on column made");
        assertThatThrownBy(() -> database.execute("ALTER TABLE orders ALTER COLUMN made TYPE text"))
                .hasMessageContaining("cannot alter type of a column used in a trigger definition");
        // Whatever it would do for an update, it does not.
        assertThat(database.queryString(
                        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = '!orders_timeof'"))
                .contains("AFTER UPDATE OF made ON public.orders FOR EACH ROW WHEN (false)");

        database.execute("DROP TRIGGER \"!orders_timeof\" ON orders");
        String insert = insert(1, "2024-01-05 00:00+00").replace("at)", "made)");
        assertThatThrownBy(() -> database.execute(insert))
                .hasMessageContaining(
                        "the columns that hold the time of a row of public.orders are not known, because its trigger \"!orders_timeof\" is gone")
                .hasMessageContaining(
                        "CREATE OR REPLACE TRIGGER \"!orders_timeof\" AFTER UPDATE OF made ON \"public\".\"orders\"");
        database.execute(
                "CREATE OR REPLACE TRIGGER \"!orders_timeof\" AFTER UPDATE OF made ON \"public\".\"orders\" FOR EACH ROW WHEN (false) EXECUTE FUNCTION \"public\".\"orders_route\"()",
                insert,
                "ALTER TABLE orders RENAME COLUMN made TO at");
        assertThat(orders.rows()).containsExactly("orders_202401 1 2024-01-05 none");
    }

    @Test
    void followsEveryColumnThatIsAddedRenamedDroppedOrGivenAnotherType() throws Exception {
        RoutedOrders orders = orders().attach();
        try (Connection session = database.connect();
                Statement writer = session.createStatement()) {
            // Its plans are made for the present columns.
            for (int i = 1; i <= 8; i++) {
                writer.execute(insert(i, "2024-01-05 00:00+00"));
            }
            writer.execute("UPDATE orders SET at = '2024-02-05 00:00+00' WHERE id = 8");

            database.execute("ALTER TABLE orders ADD COLUMN phone text DEFAULT '-'");
            assertThat(
                            returned(
                                    writer,
                                    "INSERT INTO orders (id, at, phone) VALUES (11, '2024-01-06 00:00+00', '555-1') RETURNING phone"))
                    .isEqualTo("555-1");
            writer.execute("UPDATE orders SET at = '2024-03-06 00:00+00' WHERE id = 11");
            assertThat(database.queryString("SELECT phone FROM orders_202403")).isEqualTo("555-1");

            database.execute("ALTER TABLE orders RENAME COLUMN phone TO tel");
            writer.execute("INSERT INTO orders (id, at, tel) VALUES (12, '2024-01-07 00:00+00', '555-2')");
            writer.execute("UPDATE orders SET at = '2024-03-07 00:00+00' WHERE id = 12");
            assertThat(database.queryString("SELECT tel FROM orders_202403 WHERE id = 12"))
                    .isEqualTo("555-2");

            database.execute("ALTER TABLE orders ALTER COLUMN tel TYPE varchar(20)");
            database.execute("ALTER TABLE orders DROP COLUMN note");
            database.execute("ALTER TABLE orders ADD COLUMN twice bigint GENERATED ALWAYS AS (id * 2) STORED");
            assertThat(
                            returned(
                                    writer,
                                    "INSERT INTO orders (id, at, tel) VALUES (13, '2024-01-08 00:00+00', '555-3') RETURNING twice"))
                    .isEqualTo("26");
            assertThat(returned(writer, "UPDATE orders SET at = '2024-03-08 00:00+00' WHERE id = 13 RETURNING tel"))
                    .isEqualTo("555-3");

            // Including the columns that the routing itself uses.
            database.execute(
                    "ALTER TABLE orders RENAME COLUMN id TO number", "ALTER TABLE orders RENAME COLUMN at TO made");
            writer.execute("INSERT INTO orders (number, made, tel) VALUES (14, '2024-01-09 00:00+00', '555-4')");
            writer.execute("UPDATE orders SET made = '2024-03-09 00:00+00' WHERE number = 14");
            assertThatThrownBy(() -> database.execute("ALTER TABLE orders ALTER COLUMN made TYPE timestamp"))
                    .hasMessageContaining("cannot alter type of a column used in a trigger definition");
            assertThat(database.queryString("SELECT orders_make('2025-02-01')::text"))
                    .isEqualTo("orders_202502");
            writer.execute("UPDATE orders SET made = '2025-02-09 00:00+00' WHERE number = 8");
        }
        assertParentIsEmpty();
        assertThat(database.queryStrings("""
                        SELECT tableoid::regclass || ' ' || number || ' ' || tel || ' ' || twice FROM orders WHERE number > 7 ORDER BY number"""))
                .containsExactly(
                        "orders_202502 8 - 16",
                        "orders_202403 11 555-1 22",
                        "orders_202403 12 555-2 24",
                        "orders_202403 13 555-3 26",
                        "orders_202403 14 555-4 28");
    }

    private static String returned(Statement statement, String sql) throws SQLException {
        try (var row = statement.executeQuery(sql)) {
            assertThat(row.next()).isTrue();
            return row.getString(1);
        }
    }

    @Test
    void losesNoValueOfAColumnThatIsYoungerThanTheTransactionsSnapshot() throws Exception {
        RoutedOrders orders = orders().attach();
        try (Transaction old = Transaction.beginRepeatableRead(database)) {
            old.run("SELECT 1 FROM pg_class LIMIT 1");
            database.execute(
                    "ALTER TABLE orders ADD COLUMN phone text",
                    "ALTER TABLE orders RENAME COLUMN note TO remark",
                    "ALTER TABLE orders RENAME COLUMN at TO made");

            old.run("INSERT INTO orders (id, made, phone, remark) VALUES (1, '2024-01-05 00:00+00', '555-1', 'kept')");
            old.run("UPDATE orders SET made = '2024-02-05 00:00+00'");
            old.commit();
        }
        assertThat(database.queryStrings("SELECT phone || ' ' || remark FROM orders_202402"))
                .containsExactly("555-1 kept");
        assertThat(orders.routing().defaultChild().name().name()).isEqualTo("orders_default");
    }

    @Test
    void givesTheColumnsOfAChildInAnotherOrderTheirOwnValues() {
        orders();
        database.execute("DROP TABLE orders_202403", """
                CREATE TABLE orders_202403 (gone int, own text DEFAULT 'own', note text, at timestamptz, id bigint PRIMARY KEY,
                  CHECK (at >= '2024-03-01 00:00+00' AND at < '2024-04-01 00:00+00'))""", "ALTER TABLE orders_202403 DROP COLUMN gone");
        database.execute("ALTER TABLE orders_202403 ALTER id SET NOT NULL, INHERIT orders");
        new RoutedOrders(
                        database,
                        RoutedOrders.planned(database, PartitionInterval.MONTH).routing())
                .attach();

        database.execute(insert(1, "2024-03-05 00:00+00"), insert(2, "2024-01-05 00:00+00"));
        database.execute("UPDATE orders SET at = '2024-03-06 00:00+00', note = 'came' WHERE id = 2");
        database.execute("UPDATE orders SET at = '2024-02-06 00:00+00', note = 'went' WHERE id = 1");

        assertThat(database.queryStrings("SELECT id || ' ' || note || ' ' || own FROM orders_202403"))
                .containsExactly("2 came own");
        assertThat(database.queryStrings("SELECT id || ' ' || note FROM orders_202402"))
                .containsExactly("1 went");
    }

    @Test
    void serializableTransactionsThatOnlyInsertDoNotFail() throws Exception {
        orders().attach();
        try (Connection one = database.connect();
                Connection other = database.connect()) {
            for (int round = 0; round < 20; round++) {
                List<Connection> both = List.of(one, other);
                for (Connection connection : both) {
                    connection.setAutoCommit(false);
                    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
                }
                // Each before and after the other, so that a read of one would precede a write of the other.
                for (int row = 0; row < 4; row++) {
                    for (int i = 0; i < 2; i++) {
                        try (Statement statement = both.get(i).createStatement()) {
                            statement.execute(insert(
                                    round * 100 + row * 10 + i, "2024-0" + (1 + (row + i) % 3) + "-05 00:00+00"));
                        }
                    }
                }
                one.commit();
                other.commit();
            }
        }
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(160);
    }

    @Test
    void aUsersTriggerThatAssignsTheTimeComesFirst() {
        RoutedOrders orders = orders();
        database.execute("""
                CREATE FUNCTION dated() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                  NEW.at := coalesce(NEW.at, timestamptz '2024-01-07 00:00+00') + interval '1 month';
                  RETURN NEW;
                END $$""", "CREATE TRIGGER zzz BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION dated()");
        for (QualifiedName child : orders.children()) {
            database.execute("CREATE TRIGGER zzz BEFORE UPDATE OF note ON " + child.quoted()
                    + " FOR EACH ROW EXECUTE FUNCTION dated()");
        }
        orders.attach();

        assertThat(
                        database.queryStrings(
                                "INSERT INTO orders (id, at) VALUES (1, NULL), (2, '2024-06-05 00:00+00') RETURNING to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"))
                .containsExactly("2024-02-07", "2024-07-05");
        database.execute("UPDATE orders SET note = 'edited' WHERE id = 2");

        assertThat(orders.rows())
                .containsExactly("orders_202402 1 2024-02-07 none", "orders_202408 2 2024-08-05 edited");
    }

    @Test
    void rowsOfOneStatementMayReferToRowsThatComeLater() {
        RoutedOrders orders = orders();
        database.execute("CREATE TABLE kind (note text PRIMARY KEY)", """
                CREATE FUNCTION refers() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                  IF NOT EXISTS (SELECT FROM public.orders WHERE id::text = NEW.note) THEN
                    RAISE foreign_key_violation;
                  END IF;
                  RETURN NULL;
                END $$""");
        for (QualifiedName child : orders.children()) {
            database.execute("CREATE CONSTRAINT TRIGGER refers AFTER INSERT OR UPDATE ON " + child.quoted()
                    + " FOR EACH ROW EXECUTE FUNCTION refers()");
        }
        orders.attach();

        database.execute("""
                INSERT INTO orders (id, at, note) VALUES (1, '2024-01-05 00:00+00', '2'), (2, '2024-02-05 00:00+00', '3'),
                  (3, '2024-01-05 00:00+00', '1'), (4, '2024-03-05 00:00+00', '4')""");
        assertThatThrownBy(() ->
                        database.execute("INSERT INTO orders (id, at, note) VALUES (5, '2024-01-05 00:00+00', '6')"))
                .hasMessageContaining("foreign_key_violation");

        assertThat(orders.rows()).hasSize(4);
    }

    @Test
    void aRowOfAForeignKeysTableMayComeInTheSameStatementAfterwards() {
        RoutedOrders orders = orders();
        database.execute("CREATE TABLE kind (note text PRIMARY KEY)");
        for (QualifiedName child : orders.children()) {
            database.execute("ALTER TABLE " + child.quoted() + " ADD FOREIGN KEY (note) REFERENCES kind");
        }
        orders.attach();

        database.execute(
                "WITH k AS (INSERT INTO kind VALUES ('x')) INSERT INTO orders (id, at, note) VALUES (1, '2024-01-05 00:00+00', 'x')");

        assertThat(orders.rows()).containsExactly("orders_202401 1 2024-01-05 x");
    }

    @Test
    void routesTheVersionThatAFunctionOfTheSameStatementHasLeft() {
        RoutedOrders orders = orders();
        database.execute("""
                CREATE FUNCTION again(first bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
                BEGIN
                  UPDATE orders SET at = at + interval '1 month', note = 'again' WHERE id = first;
                  DELETE FROM orders WHERE id = first + 1;
                  RETURN first + 2;
                END $$""");
        orders.attach();

        database.execute("""
                INSERT INTO orders (id, at) SELECT CASE i WHEN 3 THEN again(1) ELSE i END, '2024-01-05 00:00+00' FROM generate_series(1, 4) AS i""");

        assertThat(orders.rows())
                .containsExactly(
                        "orders_202402 1 2024-02-05 again",
                        "orders_202401 3 2024-01-05 none",
                        "orders_202401 4 2024-01-05 none");
        assertParentIsEmpty();
    }

    private static String sqlState(ThrowingCallable deed) {
        return catchThrowable(deed) instanceof SQLException error ? error.getSQLState() : "no error";
    }

    @Test
    void aTableOfTheOldNameLosesNoRow() {
        RoutedOrders orders = orders().attach();
        database.execute(
                insert(76, "2024-01-06 00:00+00"),
                "ALTER TABLE orders RENAME TO orders_2024",
                "CREATE TABLE orders (id bigint, at timestamptz, note text)",
                "INSERT INTO orders SELECT i FROM generate_series(1, 5) AS i");

        assertThatThrownBy(
                        () -> database.execute("INSERT INTO orders_2024 (id, at) VALUES (77, '2024-01-06 00:00+00')"))
                .hasMessageContaining(
                        "orders_2024 was renamed, and the triggers that put its rows into its children know it as public.orders");
        assertThatThrownBy(() -> database.execute("UPDATE orders_2024 SET at = '2024-02-06 00:00+00'"))
                .hasMessageContaining("violates check constraint");

        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(5);
        assertThat(database.queryLong("SELECT count(*) FROM orders_2024")).isEqualTo(1);
        database.execute(
                "DROP TABLE orders", "ALTER TABLE orders_2024 RENAME TO orders", insert(77, "2024-01-07 00:00+00"));
        assertThat(orders.rows())
                .containsExactly("orders_202401 76 2024-01-06 none", "orders_202401 77 2024-01-07 none");
    }

    @Test
    void losesNoValueOfAColumnThatIsNoLongerGeneratedSinceTheSnapshot() throws Exception {
        RoutedOrders.planned(database, PartitionInterval.MONTH)
                .make(RoutedOrders.COLUMNS + ", total int GENERATED ALWAYS AS (length(note)) STORED")
                .attach();
        String insert = "INSERT INTO orders (id, at, total) VALUES (1, '2024-01-06 00:00+00', 42)";
        try (Transaction old = Transaction.beginRepeatableRead(database)) {
            old.run("SELECT 1 FROM pg_class LIMIT 1");
            database.execute("ALTER TABLE orders ALTER total DROP EXPRESSION");
            assertThat(sqlState(() -> old.run(insert))).isEqualTo("40001");
        }
        try (Transaction again = Transaction.beginRepeatableRead(database)) {
            again.run(insert);
            again.commit();
        }
        assertThat(database.queryStrings("SELECT total::text FROM orders")).containsExactly("42");
    }
}
