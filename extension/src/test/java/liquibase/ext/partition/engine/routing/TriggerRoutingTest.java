package liquibase.ext.partition.engine.routing;

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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

@ExtendWith(FreshDatabase.class)
class TriggerRoutingTest {
    private TestDatabase database;

    private RoutedOrders orders() {
        return RoutedOrders.planned(database, PartitionInterval.MONTH).make(RoutedOrders.COLUMNS);
    }

    private static String insert(long id, String time) {
        return "INSERT INTO orders (id, at) VALUES (%d, %s)"
                .formatted(id, time == null ? "NULL" : "timestamptz '" + time + "'");
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

    @ParameterizedTest
    @EnumSource
    void makesTheChildOfADayWhereItIsMissingAndGivesItWhereItIsThere(PartitionInterval interval) {
        RoutedOrders orders = RoutedOrders.planned(database, interval)
                .make(RoutedOrders.COLUMNS)
                .attach();
        LocalDate day = LocalDate.of(2040, 12, 31);
        database.execute("INSERT INTO orders (id, at) VALUES (1, timestamptz '2040-12-31 23:59+00')");
        assertThat(database.queryLong("SELECT count(*) FROM orders_default")).isEqualTo(1);

        String name = "orders_" + interval.suffix(interval.startOf(day));
        String make = "SELECT orders_make('2040-12-31')::text";
        assertThat(database.queryString(make)).isEqualTo(name);
        assertThat(database.queryString(make)).isEqualTo(name);
        database.execute(
                "INSERT INTO orders (id, at) VALUES (2, timestamptz '2040-12-31 23:59+00')",
                // A row of the default child is found there, and moves when it is updated.
                "UPDATE orders SET note = 'moved' WHERE id = 1");

        assertThat(database.queryStrings("SELECT id || ' ' || note FROM " + name + " ORDER BY 1"))
                .containsExactly("1 moved", "2 none");
        assertThat(database.queryLong("SELECT count(*) FROM pg_index WHERE indrelid = '%s'::regclass AND indisprimary"
                        .formatted(name)))
                .isEqualTo(1);
        for (String wrong : List.of("2023-12-31", "infinity", "10000-01-01")) {
            assertThatThrownBy(() -> database.execute("SELECT orders_make('" + wrong + "')"))
                    .hasMessageContaining(
                            "has no child of public.orders: they begin between 2024-01-01 and the year 9999");
        }
        assertThatThrownBy(() -> database.execute("SELECT orders_make(NULL)"))
                .hasMessageContaining("they begin between");
        assertThat(orders.routing().makeFunction().name().name()).isEqualTo("orders_make");
    }

    @Test
    void givesANewChildWhatTheDefaultChildHas() {
        String reader = database.createRole("reader", "");
        RoutedOrders orders = orders();
        database.execute(
                "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
                "CREATE INDEX \"notes%s\" ON orders_default (lower(note)) WHERE note <> '%1$s'",
                "ALTER TABLE orders_default ADD UNIQUE (note, id) INCLUDE (at) WITH (fillfactor = 60) DEFERRABLE INITIALLY DEFERRED",
                "ALTER TABLE orders_default ADD EXCLUDE USING btree (id WITH =) WITH (fillfactor = 65) WHERE (note = ' ON it ')",
                "CREATE STATISTICS \"a ON b\" (ndistinct, mcv) ON id, note FROM orders_default",
                "CREATE STATISTICS of_expressions ON (lower(note)), (id + 1) FROM orders_default",
                "ALTER TABLE orders_default SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01)",
                "ALTER TABLE orders ALTER note SET STORAGE EXTERNAL",
                "CREATE TABLE kind (note text PRIMARY KEY)",
                "INSERT INTO kind VALUES ('none')",
                "ALTER TABLE orders_default ADD CONSTRAINT \"of kind\" FOREIGN KEY (note) REFERENCES kind ON DELETE CASCADE NOT VALID",
                "GRANT SELECT ON orders_default TO PUBLIC",
                "GRANT UPDATE (note) ON orders_default TO " + reader + " WITH GRANT OPTION",
                "CREATE TRIGGER \"a ON b\" AFTER INSERT OR UPDATE OF note ON orders_default FOR EACH ROW WHEN (NEW.id > 0) EXECUTE FUNCTION nothing(' ON public.orders_default ')",
                "CREATE CONSTRAINT TRIGGER later AFTER DELETE ON orders_default DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nothing()",
                "CREATE TRIGGER silent AFTER DELETE ON orders_default FOR EACH ROW EXECUTE FUNCTION nothing()",
                "ALTER TABLE orders_default ENABLE ALWAYS TRIGGER \"a ON b\"",
                "ALTER TABLE orders_default DISABLE TRIGGER silent");
        orders.attach();

        // The driver requires its own DateStyle at the end of the statement.
        database.execute("""
                DO $$ BEGIN
                  SET LOCAL DateStyle = 'SQL, DMY';
                  SET LOCAL TimeZone = 'Asia/Kathmandu';
                  PERFORM orders_make('2025-10-12');
                  INSERT INTO orders (id, at) VALUES (1, timestamptz '2025-10-12 00:00+00');
                  SET LOCAL DateStyle = 'ISO, MDY';
                END $$""");

        for (String what : List.of(
                "pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = '%s'::regclass ORDER BY indexrelid",
                "pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '%s'::regclass AND contype IN ('p', 'u', 'x') ORDER BY oid",
                "regexp_replace(pg_get_statisticsobjdef(oid), 'STATISTICS (\\S*\"[^\"]+\"|\\S+)', '') FROM pg_statistic_ext WHERE stxrelid = '%s'::regclass ORDER BY oid",
                "attstorage FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 0",
                "unnest(reloptions) FROM pg_class WHERE oid = '%s'::regclass",
                "relacl FROM pg_class WHERE oid = '%s'::regclass",
                "attacl FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 0",
                "replace(pg_get_constraintdef(oid), ' NOT VALID', '') FROM pg_constraint WHERE conrelid = '%s'::regclass AND contype = 'f'",
                "tgenabled::text || pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = '%s'::regclass AND NOT tgisinternal AND tgname NOT LIKE '~%%' ORDER BY tgname")) {
            assertThat(described(what, "orders_202510")).isEqualTo(described(what, "orders_default"));
        }
        database.execute(insert(2, "2025-10-01 00:00+00"), insert(3, "2025-10-31 23:59:59.999999+00"));
        assertThat(database.queryLong("SELECT count(*) FROM orders_202510")).isEqualTo(3);
        for (String outside : List.of("2025-09-30 23:59:59.999999+00", "2025-11-01 00:00+00")) {
            assertThatThrownBy(() -> database.execute(insert(4, outside).replace("orders", "orders_202510")))
                    .hasMessageContaining("violates check constraint");
        }
    }

    @Test
    void aChildThatIsMadeLaterHasNoColumnOfItsOwn() {
        orders().attach();
        database.execute(
                "ALTER TABLE orders ADD COLUMN kind text NOT NULL DEFAULT 'x'",
                "ALTER TABLE orders ALTER kind DROP DEFAULT",
                "SELECT orders_make('2025-01-01')",
                "INSERT INTO orders (id, at, note, kind) VALUES (1, '2024-01-06 00:00+00', 'secret', 'x'), (2, '2025-01-06 00:00+00', 'secret', 'x')",
                "ALTER TABLE orders DROP COLUMN note",
                "ALTER TABLE orders ADD COLUMN note text",
                "ALTER TABLE orders DROP COLUMN kind",
                insert(3, "2025-01-07 00:00+00"));

        assertThat(database.queryStrings("SELECT note FROM orders WHERE note IS NOT NULL"))
                .isEmpty();
        assertThat(database.queryStrings("SELECT id::text FROM orders_202501 ORDER BY id"))
                .containsExactly("2", "3");
        // PostgreSQL 18 has a constraint for each NOT NULL.
        for (String own : List.of(
                "attname FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 0 AND attislocal",
                "conname FROM pg_constraint WHERE conrelid = '%s'::regclass AND contype = 'n' AND conislocal")) {
            assertThat(described(own, "orders_202501")).isEqualTo(described(own, "orders_202401"));
        }
    }

    /** Without the table's name, and without the names derived from it, which cannot be the same. */
    private List<String> described(String what, String table) {
        return database.queryStrings("SELECT " + what.formatted(table)).stream()
                .map(text -> text == null
                        ? ""
                        : text.replaceFirst("INDEX \\S+ ON", "INDEX ON").replaceFirst(table, "t"))
                .toList();
    }

    @Test
    void aWriterWhoHasTheFirstRowOfAMonthHoldsUpNobody() throws Exception {
        RoutedOrders orders = orders().attach();
        try (Transaction first = Transaction.begin(database);
                Transaction second = Transaction.begin(database)) {
            for (Transaction writer : List.of(first, second)) {
                writer.run("SET LOCAL lock_timeout = '1s'");
            }
            // Each has a month of its own first, and then the other's.
            first.run(insert(1, "2031-06-05 00:00+00"));
            second.run(insert(2, "2031-07-05 00:00+00"));
            first.run(insert(3, "2031-07-05 00:00+00"));
            second.run(insert(4, "2031-06-05 00:00+00"));
            first.commit();
            second.commit();
        }
        assertThat(orders.rows()).hasSize(4).allMatch(row -> row.startsWith("orders_default "));
    }

    @Test
    void makesNoChildByASnapshotThatMayBeTooOld() throws Exception {
        orders().attach();
        try (Transaction old = Transaction.beginRepeatableRead(database)) {
            assertThatThrownBy(() -> old.run("SELECT orders_make('2031-06-01')"))
                    .hasMessageContaining("by an older snapshot not all is seen that the default child has");
        }
    }

    @Test
    void routesByAnOlderSnapshotThanTheChildsToo() throws Exception {
        orders().attach();
        try (Transaction old = Transaction.beginRepeatableRead(database);
                Transaction maker = Transaction.begin(database)) {
            old.run("SELECT count(*) FROM orders");
            maker.run("SELECT orders_make('2031-06-01')", insert(1, "2031-06-05 00:00+00"));
            maker.commit();

            assertThat(old.update(insert(2, "2031-06-06 00:00+00"))).isEqualTo(1);
            assertThat(old.query("SELECT count(*) FROM orders")).isEqualTo("1");
            assertThat(old.update("UPDATE orders SET at = at + interval '1 month'"))
                    .isEqualTo(1);
            old.commit();
        }
        assertParentIsEmpty();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void movesARowWhoseMonthChanges(boolean asTheWriter) throws Exception {
        RoutedOrders orders = orders().attach();
        if (asTheWriter) {
            database.execute("CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
            for (QualifiedName child : orders.children()) {
                database.execute("CREATE TRIGGER noted AFTER INSERT OR DELETE ON " + child.quoted()
                        + " FOR EACH ROW EXECUTE FUNCTION noted()");
            }
        }
        database.execute(
                insert(1, "2024-01-05 00:00+00"),
                insert(2, "2024-01-06 00:00+00"),
                insert(3, null),
                insert(4, "2024-02-06 00:00+00"));

        try (Transaction writer = Transaction.begin(database)) {
            assertThat(writer.update("UPDATE orders SET at = '2024-02-05 00:00+00', note = 'moved' WHERE id = 1"))
                    .isEqualTo(1);
            // In the same transaction: back, in place, to a new child, into the default child and out of it.
            assertThat(writer.update("UPDATE orders SET at = '2024-01-07 00:00+00' WHERE id = 1"))
                    .isEqualTo(1);
            assertThat(writer.update("UPDATE orders SET note = note || '!' WHERE id IN (1, 2)"))
                    .isEqualTo(2);
            assertThat(writer.update("UPDATE orders SET at = NULL WHERE id = 2"))
                    .isEqualTo(1);
            assertThat(writer.update("UPDATE orders SET at = '2024-08-05 00:00+00' WHERE id = 3"))
                    .isEqualTo(1);
            writer.commit();
        }
        assertThat(orders.rows())
                .containsExactly(
                        "orders_202401 1 2024-01-07 moved!",
                        "orders_default 2 null none!",
                        "orders_202408 3 2024-08-05 none",
                        "orders_202402 4 2024-02-06 none");

        try (Transaction writer = Transaction.begin(database)) {
            assertThat(writer.update("UPDATE orders SET at = coalesce(at, '2024-01-01 00:00+00') + interval '1 month'"))
                    .isEqualTo(4);
            writer.commit();
        }
        assertThat(orders.rows())
                .containsExactly(
                        "orders_202402 1 2024-02-07 moved!",
                        "orders_202402 2 2024-02-01 none!",
                        "orders_202409 3 2024-09-05 none",
                        "orders_202403 4 2024-03-06 none");
        assertParentIsEmpty();
    }

    @Test
    void movesSomeRowsOfAStatementAndLeavesTheOthers() {
        RoutedOrders orders = orders().attach();
        database.execute(
                "INSERT INTO orders (id, at) SELECT i, timestamptz '2024-01-05 00:00+00' FROM generate_series(1, 6) AS i");

        // An id that is in two children: the row that stays in one is not taken for the row that moved to the other.
        database.execute(insert(3, "2024-03-09 00:00+00"));

        database.execute(
                "UPDATE orders SET note = 'u', at = CASE WHEN id % 2 = 0 THEN at + make_interval(months => id::int) ELSE at END WHERE at < '2024-02-01 00:00+00'");

        assertThat(orders.rows())
                .containsExactly(
                        "orders_202401 1 2024-01-05 u",
                        "orders_202403 2 2024-03-05 u",
                        "orders_202401 3 2024-01-05 u",
                        "orders_202403 3 2024-03-09 none",
                        "orders_202405 4 2024-05-05 u",
                        "orders_202401 5 2024-01-05 u",
                        "orders_202407 6 2024-07-05 u");
    }

    @Test
    void removesNoRowForAWriterWhoSetsItsSettingsByHand() {
        RoutedOrders orders = orders().attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));

        database.execute("""
                BEGIN;
                SELECT set_config('liquibase_partition.moved', tableoid || ':' || ctid, true) FROM orders;
                UPDATE orders SET note = 'kept';
                COMMIT""");

        assertThat(orders.rows()).containsExactly("orders_202401 1 2024-01-05 kept");
    }

    @Test
    void movesWhatWasInTheDefaultChildOnceItIsUpdated() {
        RoutedOrders orders = orders();
        database.execute(
                "INSERT INTO orders_default (id, at) VALUES (1, '2024-02-05 00:00+00'), (2, '2024-05-05 00:00+00')");
        orders.attach();

        database.execute("UPDATE orders SET note = 'touched'");

        assertThat(orders.rows())
                .containsExactly("orders_202402 1 2024-02-05 touched", "orders_202405 2 2024-05-05 touched");
    }

    @Test
    void needsRightsOnTheParentOnly() throws Exception {
        String owner = database.createRole("keeper", "");
        String writer = database.createRole("writer", "");
        RoutedOrders orders = orders();
        database.execute("GRANT CREATE ON SCHEMA public TO " + owner, "ALTER TABLE orders OWNER TO " + owner);
        for (QualifiedName child : orders.children()) {
            database.execute("ALTER TABLE %s OWNER TO %s".formatted(child.quoted(), owner));
        }
        orders.attach(owner);
        database.execute("GRANT INSERT ON orders TO " + writer);

        try (Transaction only = Transaction.beginAs(database, writer)) {
            assertThat(only.update(insert(1, "2024-01-05 00:00+00"))).isEqualTo(1);
            assertThat(only.update(insert(2, "2024-05-05 00:00+00"))).isEqualTo(1);
            assertThatThrownBy(() -> only.run("SELECT orders_make('2024-07-01')"))
                    .hasMessageContaining("permission denied for function");
        }
        database.execute("GRANT SELECT, UPDATE, DELETE ON orders TO " + writer);
        try (Transaction all = Transaction.beginAs(database, writer)) {
            assertThat(all.update(insert(1, "2024-01-05 00:00+00"))).isEqualTo(1);
            assertThat(all.update("UPDATE orders SET at = '2024-06-05 00:00+00'"))
                    .isEqualTo(1);
            assertThat(all.query("SELECT tableoid::regclass FROM orders")).isEqualTo("orders_202406");
            assertThat(all.update("DELETE FROM orders")).isEqualTo(1);
            assertThat(all.update(insert(1, "2024-06-05 00:00+00"))).isEqualTo(1);
            all.commit();
        }
        assertThat(orders.rows()).containsExactly("orders_202406 1 2024-06-05 none");
        assertThat(database.queryStrings(
                        "SELECT DISTINCT relowner::regrole::text FROM pg_class JOIN pg_inherits ON inhrelid = oid"))
                .containsExactly(owner);
        assertThat(database.queryStrings(
                        "SELECT DISTINCT proowner::regrole::text FROM pg_proc WHERE proname LIKE 'orders%'"))
                .containsExactly(owner);
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
    void showsTheNewValuesOfAMovedRowExceptItsTime() throws Exception {
        orders().attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));

        try (Transaction writer = Transaction.begin(database)) {
            assertThat(
                            writer.query(
                                    "UPDATE orders SET at = '2024-02-05 00:00+00', note = 'new' RETURNING note || to_char(at AT TIME ZONE 'UTC', ' YYYY-MM-DD')"))
                    .isEqualTo("new 2024-01-05");
        }
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
                        "$columns$ ""q" int, routed int, k int, o int""");
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
    void givesNoRowToATableThatWasTakenOutOfTheInheritance() {
        RoutedOrders orders = orders().attach();
        try (Connection session = database.connect();
                Statement statement = session.createStatement()) {
            statement.execute(insert(1, "2024-01-05 00:00+00"));
            database.execute("ALTER TABLE orders_202401 NO INHERIT orders");

            statement.execute(insert(2, "2024-01-06 00:00+00"));
            assertThatThrownBy(() -> statement.execute("SELECT orders_make('2024-01-01')"))
                    .hasMessageContaining("orders_202401 is there already, and is no child of public.orders");
            database.execute("DROP TABLE orders_202402");
            statement.execute(insert(3, "2024-02-06 00:00+00"));
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
        assertThat(database.queryLong("SELECT count(*) FROM orders_202401")).isEqualTo(1);
        assertThat(orders.rows())
                .containsExactly("orders_default 2 2024-01-06 none", "orders_default 3 2024-02-06 none");
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
    void checksDeferredConstraintsOfAMovedRowAtTheEnd() throws Exception {
        RoutedOrders orders = orders();
        database.execute("CREATE TABLE kind (note text PRIMARY KEY)", "INSERT INTO kind VALUES ('none')");
        for (QualifiedName child : orders.children()) {
            database.execute(
                    "ALTER TABLE %s ADD FOREIGN KEY (note) REFERENCES kind DEFERRABLE INITIALLY DEFERRED, ADD UNIQUE (note, id) DEFERRABLE INITIALLY DEFERRED"
                            .formatted(child.quoted()));
        }
        orders.attach();

        try (Transaction writer = Transaction.begin(database)) {
            writer.run(
                    insert(1, "2024-01-05 00:00+00"),
                    "UPDATE orders SET at = '2024-02-05 00:00+00', note = 'later'",
                    "INSERT INTO kind VALUES ('later')");
            writer.commit();
            writer.run("UPDATE orders SET at = '2024-03-05 00:00+00', note = 'never'");
            assertThatThrownBy(writer::commit).hasMessageContaining("violates foreign key constraint");
        }
        assertThat(orders.rows()).containsExactly("orders_202402 1 2024-02-05 later");
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

    @Test
    void findsNoRowForAWriterWhoWaitedForOneThatMoved() throws Exception {
        RoutedOrders orders = orders().attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try (Transaction mover = Transaction.begin(database);
                Transaction late = Transaction.begin(database)) {
            mover.run("UPDATE orders SET at = '2024-02-05 00:00+00'");
            Future<Integer> count = thread.submit(() -> late.update("UPDATE orders SET note = 'late' WHERE id = 1"));
            database.awaitTrue("SELECT count(*) = 1 FROM pg_locks WHERE NOT granted");
            mover.commit();

            assertThat(count.get()).isZero();
            late.commit();
        } finally {
            thread.shutdownNow();
        }
        assertThat(orders.rows()).containsExactly("orders_202402 1 2024-02-05 none");
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
                    .hasMessageContaining("cannot alter type of a column used by");
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

    @Test
    void aTriggerThatKeepsARowFromBeingDeletedKeepsItFromMoving() {
        RoutedOrders orders = orders();
        database.execute("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
        for (QualifiedName child : orders.children()) {
            database.execute(
                    "CREATE TRIGGER keep BEFORE DELETE ON " + child.quoted() + " FOR EACH ROW EXECUTE FUNCTION keep()");
        }
        orders.attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));

        assertThatThrownBy(() -> database.execute("UPDATE orders SET at = '2024-02-05 00:00+00'"))
                .hasMessageContaining(
                        "cannot move to another child, because a trigger keeps it from being deleted here");

        assertThat(orders.rows()).containsExactly("orders_202401 1 2024-01-05 none");
    }

    /** A role that may only write the table and make triggers on it, with a function that would make it a superuser. */
    private String ambitious(String made) {
        String role = database.createRole("ambitious", "");
        database.execute(
                "CREATE SCHEMA theirs AUTHORIZATION " + role,
                "GRANT INSERT, TRIGGER ON orders TO " + role,
                """
                CREATE FUNCTION theirs.up() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN EXECUTE 'ALTER ROLE %s SUPERUSER'; RETURN coalesce(NEW, OLD); END $$""".formatted(role),
                "ALTER FUNCTION theirs.up() OWNER TO " + role,
                """
                CREATE FUNCTION theirs.is_up() RETURNS bool LANGUAGE plpgsql AS
                $$ BEGIN EXECUTE 'ALTER ROLE %s SUPERUSER'; RETURN true; END $$""".formatted(role),
                "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS 'BEGIN RETURN NULL; END'");
        for (String statement : made.isEmpty() ? new String[0] : made.split(";")) {
            database.execute(statement.replace("ROLE", role));
        }
        return role;
    }

    private void assertNoSuperuser(String role) {
        assertThat(database.queryString("SELECT rolsuper FROM pg_roles WHERE rolname = ?", role))
                .isEqualTo("f");
    }

    private static String sqlState(ThrowingCallable deed) {
        return catchThrowable(deed) instanceof SQLException error ? error.getSQLState() : "no error";
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TRIGGER up BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION theirs.up()",
                "CREATE TRIGGER up AFTER DELETE ON orders FOR EACH ROW EXECUTE FUNCTION theirs.up()",
                "CREATE TRIGGER up BEFORE DELETE ON orders FOR EACH STATEMENT EXECUTE FUNCTION theirs.up()",
                "CREATE CONSTRAINT TRIGGER up AFTER DELETE ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION theirs.up()",
                "CREATE TRIGGER up AFTER DELETE ON orders FOR EACH ROW WHEN (theirs.is_up()) EXECUTE FUNCTION nothing()"
            })
    void whoMayMakeTriggersOnTheTableIsNotItsOwner(String trigger) throws Exception {
        orders().attach();
        String role = ambitious("");
        try (Transaction old = Transaction.beginAs(database, role)) {
            old.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1 FROM pg_class LIMIT 1");
            try (Transaction maker = Transaction.beginAs(database, role)) {
                maker.run(trigger);
                maker.commit();
            }
            // Its snapshot does not show the trigger.
            assertThat(sqlState(() -> old.run(insert(1, "2024-01-05 00:00+00"))))
                    .isEqualTo("42501");
        }
        try (Transaction writer = Transaction.beginAs(database, role)) {
            assertThatThrownBy(() -> writer.run(insert(1, "2024-01-05 00:00+00")))
                    .hasMessageContaining(
                            role
                                    + " may not DELETE FROM public.orders, where trigger up fires with the rights of whoever writes")
                    .hasMessageContaining(
                            "Either the trigger goes, or: GRANT SELECT, DELETE ON public.orders TO " + role + ";");
        }
        // Even with a function that changes later.
        database.execute("ALTER FUNCTION theirs.up() SECURITY DEFINER SET search_path = pg_catalog");
        try (Transaction writer = Transaction.beginAs(database, role)) {
            assertThat(sqlState(() -> writer.run(insert(1, "2024-01-05 00:00+00"))))
                    .isEqualTo("42501");
        }
        database.execute("ALTER FUNCTION theirs.up() SECURITY INVOKER", "GRANT SELECT, DELETE ON orders TO " + role);
        try (Transaction writer = Transaction.beginAs(database, role)) {
            assertThatThrownBy(() -> {
                        writer.run(insert(1, "2024-01-05 00:00+00"));
                        writer.commit();
                    })
                    .hasMessageContaining("ALTER ROLE");
        }
        assertNoSuperuser(role);
    }

    @ParameterizedTest
    @ValueSource(strings = {"AFTER INSERT", "BEFORE INSERT", "AFTER DELETE"})
    void whoMayMakeTriggersOnAChildIsNotItsOwner(String when) throws Exception {
        orders().attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));
        String role = ambitious("GRANT SELECT, UPDATE ON orders TO ROLE");
        try (Transaction old = Transaction.beginAs(database, role)) {
            old.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1 FROM pg_class LIMIT 1");
            database.execute("GRANT TRIGGER ON orders_202401, orders_202402 TO " + role);
            try (Transaction maker = Transaction.beginAs(database, role)) {
                for (String child : List.of("orders_202401", "orders_202402")) {
                    maker.run("CREATE TRIGGER up " + when + " ON " + child
                            + " FOR EACH ROW EXECUTE FUNCTION theirs.up()");
                }
                maker.commit();
            }
            database.execute("REVOKE TRIGGER ON orders_202401, orders_202402 FROM " + role);
            assertThat(sqlState(() -> old.run("UPDATE orders SET at = '2024-02-05 00:00+00'")))
                    .isEqualTo("40001");
        }
        try (Transaction writer = Transaction.beginAs(database, role)) {
            assertThatThrownBy(() -> writer.run("UPDATE orders SET at = '2024-02-05 00:00+00'"))
                    .hasMessageContaining("where trigger up fires with the rights of whoever writes");
        }
        if (!when.endsWith("DELETE")) {
            try (Transaction writer = Transaction.beginAs(database, role)) {
                assertThatThrownBy(() -> writer.run(insert(2, "2024-02-05 00:00+00")))
                        .hasMessageContaining(
                                role + " may not INSERT INTO public.orders_202402, where trigger up fires");
            }
        }
        // It may write the other children as before, by an older snapshot too.
        try (Transaction writer = Transaction.beginAs(database, role)) {
            writer.run(insert(2, "2024-03-05 00:00+00"), "UPDATE orders SET at = '2024-04-05 00:00+00' WHERE id = 2");
            writer.commit();
        }
        assertNoSuperuser(role);
    }

    @Test
    void whoMayMakeFunctionsBesideTheTablesOwnIsNotItsOwner() throws Exception {
        orders().attach();
        String role = ambitious("GRANT CREATE ON SCHEMA public TO ROLE");
        try (Transaction maker = Transaction.beginAs(database, role)) {
            for (String signature : List.of(
                    "orders_others(oid, int)",
                    "orders_others(regclass, bigint)",
                    "orders_permit(oid, int)",
                    "orders_columns(varchar)",
                    "orders_columns(name)",
                    "orders_child(timestamptz)",
                    "orders_time(record)",
                    "orders_insert(oid)")) {
                maker.run("""
                        CREATE FUNCTION public.%s RETURNS text LANGUAGE plpgsql AS
                        $$ BEGIN EXECUTE 'ALTER ROLE %s SUPERUSER'; RETURN NULL; END $$""".formatted(signature, role));
            }
            maker.commit();
        }
        database.execute(insert(1, "2024-01-05 00:00+00"), "UPDATE orders SET at = '2024-02-05 00:00+00'");
        assertNoSuperuser(role);
        // A renamed table leaves its name to a role that may make views, whose functions the planner calls.
        database.execute(
                "ALTER TABLE orders RENAME TO orders_2024",
                "SET ROLE " + role + "; "
                        + "CREATE FUNCTION theirs.at() RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN EXECUTE 'ALTER ROLE "
                        + role
                        + " SUPERUSER'; RETURN now(); END $$; CREATE VIEW orders AS SELECT theirs.at() AS at; GRANT ALL ON orders TO PUBLIC");
        try (Transaction caller = Transaction.beginAs(database, role)) {
            assertThatThrownBy(() -> caller.run("SELECT orders_insert('orders_202401'::regclass)"))
                    .hasMessageContaining("permission denied for function orders_insert");
        }
        assertThatThrownBy(
                        () -> database.execute(insert(2, "2024-01-05 00:00+00").replace("orders", "orders_2024")))
                .hasMessageContaining("was renamed");
        assertNoSuperuser(role);
    }

    @Test
    void aTriggerThatIsMadeOnAChildLaterFiresAsTheWriterWhoGetsTheRightThatTheMessageNames() throws Exception {
        RoutedOrders orders = orders().attach();
        String writer = database.createRole("writer", "");
        database.execute(
                "CREATE SCHEMA app; CREATE TABLE app.audit (who text)",
                "GRANT USAGE ON SCHEMA app TO PUBLIC; GRANT INSERT ON app.audit TO PUBLIC; GRANT INSERT ON orders TO "
                        + writer,
                "CREATE FUNCTION app.audited() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO audit VALUES (current_user); RETURN NULL; END'",
                "CREATE TRIGGER audited AFTER INSERT ON orders_202401 FOR EACH ROW EXECUTE FUNCTION app.audited()");
        try (Transaction transaction = Transaction.beginAs(database, writer)) {
            String message = catchThrowable(() -> transaction.run(insert(1, "2024-01-05 00:00+00")))
                    .getMessage();
            database.execute(message.substring(
                    message.indexOf("GRANT INSERT"), message.indexOf(";", message.indexOf("GRANT INSERT"))));
        }
        try (Transaction transaction = Transaction.beginAs(database, writer)) {
            transaction.run("SET search_path = app, public", insert(1, "2024-01-05 00:00+00"));
            transaction.commit();
        }
        assertThat(database.queryStrings("SELECT who FROM app.audit")).containsExactly(writer);
        assertThat(orders.rows()).containsExactly("orders_202401 1 2024-01-05 none");
    }

    @Test
    void byAnOlderSnapshotARowIsPutIntoAChildWithTheOwnersRightsWhereNobodyCanHaveMadeATrigger() throws Exception {
        RoutedOrders orders = orders().attach();
        String writer = database.createRole("writer", "");
        database.execute("GRANT SELECT, INSERT, UPDATE ON orders TO " + writer);
        // A change that was rolled back counts for nothing.
        try (Transaction rolledBack = Transaction.begin(database)) {
            rolledBack.run("GRANT TRIGGER ON orders, orders_202401, orders_202402 TO " + writer);
        }
        try (Transaction old = Transaction.beginAs(database, writer)) {
            old.run(
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                    insert(1, "2024-01-05 00:00+00"),
                    "UPDATE orders SET at = '2024-02-05 00:00+00'");
            database.execute("ALTER TABLE orders_202403 SET (fillfactor = 70)");
            old.run("SAVEPOINT s");
            assertThat(sqlState(() -> old.run(insert(2, "2024-03-05 00:00+00"))))
                    .isEqualTo("40001");
            old.run("ROLLBACK TO s");
            old.commit();
        }
        assertThat(orders.rows()).containsExactly("orders_202402 1 2024-02-05 none");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ALTER TABLE orders_202401 NO INHERIT orders; INSERT INTO orders (id, at) VALUES (1, '2024-01-06 00:00+00')",
                "ALTER TABLE orders_202401 NO INHERIT orders; UPDATE orders_202402 SET at = '2024-01-06 00:00+00'",
                "DROP TABLE orders_202401; INSERT INTO orders (id, at) VALUES (1, '2024-01-06 00:00+00')"
            })
    void aWriterWhoWaitsWhileAChildIsTakenOutOrDroppedWritesTheDefaultOne(String statements) throws Exception {
        RoutedOrders orders = orders().attach();
        String taken = statements.split("; ")[0];
        String statement = statements.split("; ")[1];
        if (statement.startsWith("UPDATE")) {
            database.execute(insert(1, "2024-02-06 00:00+00"));
        }
        long child = database.queryLong("SELECT 'orders_202401'::regclass::oid");
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try (Transaction archive = Transaction.begin(database);
                Transaction writer = Transaction.begin(database)) {
            archive.run(taken);
            Future<Integer> count = thread.submit(() -> writer.update(statement));
            database.awaitTrue(
                    "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND relation = %d".formatted(child));
            archive.commit();
            assertThat(count.get()).isEqualTo(1);
            writer.commit();
        } finally {
            thread.shutdownNow();
        }
        assertThat(orders.rows()).containsExactly("orders_default 1 2024-01-06 none");
    }

    @Test
    void aChildThatWasTakenOutSinceTheSnapshotGetsNoRow() throws Exception {
        RoutedOrders orders = orders().attach();
        database.execute(insert(2, "2024-02-06 00:00+00"), insert(3, "2024-03-06 00:00+00"));
        try (Transaction old = Transaction.beginRepeatableRead(database)) {
            old.run("SELECT 1 FROM pg_class LIMIT 1");
            database.execute("ALTER TABLE orders_202401 NO INHERIT orders");

            old.run(insert(1, "2024-01-06 00:00+00"), "UPDATE orders SET at = '2024-01-07 00:00+00' WHERE id = 2");
            old.commit();
        }
        assertThat(orders.rows())
                .containsExactly(
                        "orders_default 1 2024-01-06 none",
                        "orders_default 2 2024-01-07 none",
                        "orders_202403 3 2024-03-06 none");
    }

    @Test
    void aTableThatWasTakenOutIsOneLikeAnyOther() {
        RoutedOrders orders = orders().attach();
        database.execute(insert(1, "2024-01-06 00:00+00"), insert(2, "2024-02-06 00:00+00"));
        database.execute("UPDATE orders SET at = '2024-03-06 00:00+00' WHERE id = 2");
        database.execute("ALTER TABLE orders_202401 NO INHERIT orders");

        assertThatThrownBy(() -> database.execute("UPDATE orders_202401 SET at = '2024-03-06 00:00+00'"))
                .hasMessageContaining("violates check constraint");
        database.execute("UPDATE orders_202401 SET at = '2024-01-07 00:00+00'");

        assertThat(orders.rows()).containsExactly("orders_202403 2 2024-03-06 none");
    }

    @Test
    void noRowGoesToADefaultChildThatWasTakenOut() {
        RoutedOrders orders = orders().attach();
        database.execute("ALTER TABLE orders_default NO INHERIT orders");

        Throwable refused = catchThrowable(() -> database.execute(insert(1, "2030-01-06 00:00+00")));
        assertThat(refused).hasMessageContaining("its default child public.orders_default is no child of it any more");
        assertThatThrownBy(() -> database.execute("SELECT orders_make('2030-01-01')"))
                .hasMessageContaining("orders_default, which tells what a child has, is no child of public.orders");
        String message = refused.getMessage();
        database.execute(message.substring(
                message.indexOf("ALTER TABLE"), message.indexOf(";", message.indexOf("ALTER TABLE"))));
        database.execute(insert(1, "2030-01-06 00:00+00"));

        assertThat(orders.rows()).containsExactly("orders_default 1 2030-01-06 none");
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
    void aTriggerThatSortsAfterTheRoutingsOwnKeepsRowsFromMovingUntilItHasTheNameThatTheMessageGives() {
        RoutedOrders orders = orders().attach();
        database.execute(
                "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                insert(1, "2024-01-06 00:00+00"),
                "CREATE TRIGGER \"été\" BEFORE UPDATE ON orders_202401 FOR EACH ROW EXECUTE FUNCTION keep()");

        String move = "UPDATE orders SET at = '2024-02-06 00:00+00'";
        String message = catchThrowable(() -> database.execute(move)).getMessage();
        assertThat(message)
                .contains("cannot move to another child, because trigger \"été\" fires after the one that moves it");
        assertThat(orders.rows()).containsExactly("orders_202401 1 2024-01-06 none");

        database.execute(message.substring(
                message.indexOf("ALTER TRIGGER"), message.indexOf(";", message.indexOf("ALTER TRIGGER"))));
        database.execute(move);
        assertThat(orders.rows()).containsExactly("orders_202401 1 2024-01-06 none");
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

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TRIGGER \"~z\" BEFORE UPDATE ON orders_202401 FOR EACH ROW EXECUTE FUNCTION theirs.take()",
                "CREATE TRIGGER \"~orders_move1_\" BEFORE UPDATE ON orders_202401 FOR EACH ROW EXECUTE FUNCTION theirs.take()",
                "CREATE TRIGGER \" z\" AFTER UPDATE ON orders_202401 FOR EACH ROW WHEN (theirs.taken(OLD)) EXECUTE FUNCTION theirs.take()"
            })
    void whoMayUpdateAndMakeTriggersMayNotDelete(String trigger) throws Exception {
        orders().attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));
        String role = database.createRole("ambitious", "");
        database.execute(
                "CREATE SCHEMA theirs AUTHORIZATION " + role,
                "GRANT SELECT, UPDATE ON orders TO " + role,
                "GRANT TRIGGER ON orders_202401 TO " + role);
        try (Transaction writer = Transaction.beginAs(database, role)) {
            writer.run("""
                    CREATE FUNCTION theirs.take() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN
                      PERFORM set_config('liquibase_partition.moved', OLD.tableoid || ':' || OLD.ctid, true);
                      RETURN NEW;
                    END $$""", """
                    CREATE FUNCTION theirs.taken(old orders_202401) RETURNS bool LANGUAGE sql AS
                    $$ SELECT set_config('liquibase_partition.moved', 'orders_202401'::regclass::oid || ':(0,1)', true) IS NOT NULL $$""", trigger);
            assertThatThrownBy(() -> writer.run("UPDATE orders SET note = 'x'"))
                    .hasMessageContaining(role + " may not DELETE FROM public.orders_202401, where trigger "
                            + trigger.split("\"")[1].transform(name -> '"' + name + '"'));
        }
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1);
    }

    @Test
    void aConditionThatWasMadeBeforeItsFunctionWasTakenFromPublicDoesNotRunAsTheOwner() throws Exception {
        orders().attach();
        String role = ambitious("GRANT TRIGGER ON orders_202401 TO ROLE");
        try (Transaction maker = Transaction.beginAs(database, role)) {
            maker.run(
                    "CREATE TRIGGER up AFTER INSERT ON orders_202401 FOR EACH ROW WHEN (theirs.is_up()) EXECUTE FUNCTION nothing()");
            maker.commit();
        }
        database.execute("REVOKE EXECUTE ON FUNCTION nothing() FROM PUBLIC");

        try (Transaction writer = Transaction.beginAs(database, role)) {
            assertThatThrownBy(() -> writer.run(insert(1, "2024-01-05 00:00+00")))
                    .hasMessageContaining(role + " may not INSERT INTO public.orders_202401, where trigger up fires");
        }
        assertNoSuperuser(role);
    }

    @Test
    void whoMayWriteOrReadSomeColumnsIsToldWhatToGrantBesideAUsersTrigger() throws Exception {
        String writer = database.createRole("writer", "");
        RoutedOrders orders = orders();
        database.execute(
                "GRANT INSERT (id, at), SELECT (id), UPDATE, DELETE ON orders TO " + writer,
                "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
        for (QualifiedName child : orders.children()) {
            database.execute(
                    "CREATE TRIGGER noted AFTER INSERT OR DELETE ON " + child.quoted()
                            + " FOR EACH ROW EXECUTE FUNCTION noted()",
                    "GRANT INSERT (id, at), SELECT (id), UPDATE, DELETE ON " + child.quoted() + " TO " + writer);
        }
        orders.attach();
        String insert = insert(1, "2024-01-05 00:00+00");
        String move = "UPDATE orders SET at = '2024-02-05 00:00+00' WHERE id = 1";

        try (Transaction one = Transaction.beginAs(database, writer)) {
            assertThatThrownBy(() -> one.run(insert))
                    .hasMessageContaining("GRANT INSERT ON public.orders_202401 TO " + writer);
        }
        // Rights on every column are equivalent.
        database.execute("GRANT INSERT (id, at, note) ON orders_202401, orders_202402 TO " + writer);
        try (Transaction one = Transaction.beginAs(database, writer)) {
            one.run(insert);
            one.commit();
        }
        try (Transaction one = Transaction.beginAs(database, writer)) {
            assertThatThrownBy(() -> one.run(move))
                    .hasMessageContaining("GRANT SELECT, DELETE ON public.orders_202401 TO " + writer);
        }
        database.execute("GRANT SELECT, DELETE ON public.orders_202401 TO " + writer);
        try (Transaction one = Transaction.beginAs(database, writer)) {
            one.run(move);
            one.commit();
        }
        assertThat(orders.rows()).containsExactly("orders_202402 1 2024-02-05 none");
    }

    @Test
    void aMoveSatisfiesAChecksAndUniqueIndexesOfTheTimeBesideOtherColumns() {
        RoutedOrders orders = RoutedOrders.planned(database, PartitionInterval.MONTH)
                .make(RoutedOrders.COLUMNS
                        + ", done timestamptz, seen timestamptz, room int, CHECK (done >= at), CHECK (seen >= done)");
        for (QualifiedName child : orders.children()) {
            database.execute("CREATE UNIQUE INDEX ON " + child.quoted() + " ((room + 1), at)");
        }
        orders.attach();
        database.execute(
                "INSERT INTO orders (id, at, done, seen, room) SELECT i, '2024-03-05 00:00+00', '2024-03-06 00:00+00', '2024-03-07 00:00+00', i FROM generate_series(1, 2) AS i",
                "UPDATE orders SET note = 'back', at = at - interval '1 month', done = done - interval '1 month', seen = seen - interval '1 month' WHERE id = 1",
                "UPDATE orders SET room = 1, at = '2024-03-04 00:00+00' WHERE id = 2",
                "UPDATE orders SET room = 2, at = '2024-03-04 12:00+00' WHERE id = 2",
                "INSERT INTO orders (id, at, room) VALUES (3, '2024-03-04 12:00+00', 3)",
                "UPDATE orders SET room = 2, at = '2024-04-04 12:00+00' WHERE id = 3");

        assertThat(
                        database.queryStrings(
                                "SELECT concat_ws(' ', tableoid::regclass, id, note, to_char(done AT TIME ZONE 'UTC', 'MM-DD'), to_char(seen AT TIME ZONE 'UTC', 'MM-DD'), room) FROM orders ORDER BY id"))
                .containsExactly(
                        "orders_202402 1 back 02-06 02-07 1",
                        "orders_202403 2 none 03-06 03-07 2",
                        "orders_202404 3 none 2");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoOwnsATypeOfAColumnDoesNotRunAsTheTablesOwner(boolean besideATrigger) throws Exception {
        RoutedOrders orders = orders();
        String role = ambitious("CREATE TYPE theirs.mood AS ENUM ('fine');ALTER TYPE theirs.mood OWNER TO ROLE;"
                + "ALTER TABLE orders ADD mood theirs.mood DEFAULT 'fine'");
        if (besideATrigger) {
            database.execute(
                    "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                    "CREATE TRIGGER noted AFTER INSERT ON orders_202402 FOR EACH ROW EXECUTE FUNCTION noted()");
        }
        orders.attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));
        try (Transaction maker = Transaction.beginAs(database, role)) {
            maker.run("""
                    CREATE FUNCTION theirs.up(theirs.mood) RETURNS json LANGUAGE plpgsql AS
                    $$ BEGIN EXECUTE 'ALTER ROLE %s SUPERUSER'; RETURN '1'::json; END $$""".formatted(role), "CREATE CAST (theirs.mood AS json) WITH FUNCTION theirs.up(theirs.mood)");
            maker.commit();
        }

        database.execute("UPDATE orders SET at = '2024-02-05 00:00+00'");

        assertThat(orders.rows()).containsExactly("orders_202402 1 2024-02-05 none");
        assertNoSuperuser(role);
    }
}
