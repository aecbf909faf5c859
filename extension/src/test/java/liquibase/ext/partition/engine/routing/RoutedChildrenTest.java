package liquibase.ext.partition.engine.routing;

import static liquibase.ext.partition.engine.routing.RoutedOrders.insert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Children that are made later, taken out of the inheritance, or dropped. */
@ExtendWith(FreshDatabase.class)
class RoutedChildrenTest {
    private TestDatabase database;

    private RoutedOrders orders() {
        return RoutedOrders.planned(database, PartitionInterval.MONTH).make(RoutedOrders.COLUMNS);
    }

    private void assertParentIsEmpty() {
        assertThat(database.queryLong("SELECT count(*) FROM ONLY orders")).isZero();
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
}
