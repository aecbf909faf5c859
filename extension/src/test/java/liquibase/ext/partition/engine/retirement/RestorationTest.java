package liquibase.ext.partition.engine.retirement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What others do to a partition, or to its record, between its archive and its way back. */
@ExtendWith(FreshDatabase.class)
class RestorationTest {
    private TestDatabase database;

    @TempDir
    private Path archive;

    private MigrationFixture orders() throws SQLException {
        return MigrationFixture.ofOrders(database, 30, 3).throughSwap().dropBackup();
    }

    private String state() {
        return database.queryString(
                "SELECT way || ' ' || state || coalesce(' ' || archived_rows, '') FROM partition_retirement ORDER BY id DESC LIMIT 1");
    }

    private static void assertSaid(MigrationFixture table, String... parts) {
        assertThat(table.lines()).anySatisfy(line -> assertThat(line).contains(parts));
    }

    /** Brings all rows back into a table that is not recorded as whole. */
    private MigrationFixture interrupted() throws SQLException {
        MigrationFixture orders = orders();
        database.execute("CREATE ROLE %s".formatted(role()));
        database.execute("GRANT SELECT, INSERT ON orders, orders_default TO %s".formatted(role()));
        orders.archiveBefore("2024-02", archive).dropRetired();
        database.execute("ALTER TABLE orders ADD CONSTRAINT young CHECK (id <> 3)");
        assertThatThrownBy(orders::undoDropOfRetired)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "public.orders_202401 has its rows again, but some were archived before public.orders had one of its CHECKs")
                .hasMessageContaining("add it again as NOT VALID");
        assertThat(state()).isEqualTo("archive restoring 10");
        return orders;
    }

    private String role() {
        return "\"reader of %s\"".formatted(database.name());
    }

    private boolean mayRead() {
        return database.queryString("SELECT has_table_privilege('reader of %s', 'orders_202401', 'SELECT')"
                        .formatted(database.name()))
                .equals("t");
    }

    @Test
    void nobodyReadsOrWritesAPartOfTheRowsAndChecksComeAsTheyAre() throws Exception {
        MigrationFixture orders = interrupted();
        try {
            assertThat(mayRead()).isFalse();
            assertThat(database.messageOf("INSERT INTO orders_202401 (id, created_at) VALUES (777, '2024-01-03')"))
                    .contains("nothing is written to it");
            database.execute(
                    "ALTER TABLE orders DROP CONSTRAINT young",
                    "ALTER TABLE orders ADD CONSTRAINT young CHECK (id <> 3) NOT VALID");

            orders.undoDropOfRetired();
            assertThat(mayRead()).isTrue();
            assertThat(
                            database.queryString(
                                    "SELECT convalidated FROM pg_constraint WHERE conrelid = 'orders_202401'::regclass AND conname = 'young'"))
                    .isEqualTo("f");
            orders.undoRetirement();

            assertThat(database.queryLong("SELECT count(*) FROM orders WHERE tableoid = 'orders_202401'::regclass"))
                    .isEqualTo(10);
        } finally {
            database.execute("DROP OWNED BY " + role(), "DROP ROLE " + role());
        }
    }

    @Test
    void aPartThatOthersHaveAttachedOrWrittenToIsNotDropped() throws Exception {
        MigrationFixture orders = interrupted();
        try {
            database.execute(
                    "ALTER TABLE orders_202401 DISABLE TRIGGER USER",
                    "INSERT INTO orders_202401 SELECT (jsonb_populate_record(o, '{\"id\": 777}')).* FROM orders_202401 AS o WHERE id = 6",
                    "ALTER TABLE orders_202401 ENABLE ALWAYS TRIGGER liquibase_partition_retired",
                    "ALTER TABLE orders DROP CONSTRAINT young");
            assertThatThrownBy(orders::undoDropOfRetired)
                    .hasMessageContaining("somebody has changed its trigger liquibase_partition_retired");
            database.execute(
                    "DROP TRIGGER liquibase_partition_retired ON orders_202401",
                    "ALTER TABLE orders ATTACH PARTITION orders_202401 FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00')");
            assertThatThrownBy(orders::undoDropOfRetired).hasMessageContaining("somebody has attached it");
            assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id = 777"))
                    .isEqualTo(1);

            database.execute(
                    "ALTER TABLE orders DETACH PARTITION orders_202401",
                    "CREATE SCHEMA aside",
                    "ALTER TABLE orders_202401 SET SCHEMA aside");
            orders.undoRetirement();

            assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(30);
            assertThat(database.queryLong("SELECT count(*) FROM aside.orders_202401 WHERE id = 777"))
                    .isEqualTo(1);
        } finally {
            database.execute("DROP OWNED BY " + role(), "DROP ROLE " + role());
        }
    }

    @Test
    void aTableThatHasItsNumberAfterADumpAndRestoreIsNotTakenForIt() throws Exception {
        MigrationFixture orders = orders().retireToDropBefore("2024-02");
        database.execute(
                "CREATE TABLE secret (s text)",
                "INSERT INTO secret VALUES ('salary')",
                "UPDATE partition_retirement SET way = 'archive', partition_oid = 'secret'::regclass::oid::bigint");

        orders.archiveBefore("2024-02", archive).dropRetired();

        assertThat(archive).isEmptyDirectory();
        assertThat(orders.lines()).noneMatch(line -> line.contains("secret"));
        assertThat(database.queryLong("SELECT count(*) FROM secret")).isEqualTo(1);
    }

    @Test
    void whatLeftToBeDroppedIsArchivedOnceTheRuleIsToArchive() throws Exception {
        MigrationFixture orders = orders().retireToDropBefore("2024-02");
        assertThat(state()).isEqualTo("drop detached");

        orders.archiveBefore("2024-02", archive);

        assertSaid(orders, "public.orders_202401 had left public.orders to be dropped, and is archived before");
        assertThat(state()).isEqualTo("archive detached 10");
        database.execute("UPDATE partition_retirement SET archive_directory = NULL");
        orders.retireToDropBefore("2024-02").dropRetired();
        assertSaid(
                orders,
                "is neither archived nor dropped, since the config says no more",
                "DROP TABLE \"public\".\"orders_202401\"");
        assertThat(state()).startsWith("archive detached");
    }

    @Test
    void nothingLeavesWhoseValuesADomainWouldNotTakeBack() throws Exception {
        database.execute(
                "CREATE DOMAIN code AS text",
                "CREATE TYPE pair AS (a int, c code)",
                "CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, p pair[])",
                "INSERT INTO orders SELECT i, '2024-01-05'::timestamptz + (i % 2) * interval '1 month' FROM generate_series(1, 10) AS i",
                "ANALYZE orders");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "created_at", "id")
                .between("2024-01", "2024-03")
                .throughSwap()
                .dropBackup();
        database.execute("ALTER DOMAIN code ADD CONSTRAINT upper CHECK (VALUE = upper(VALUE)) NOT VALID");

        assertThatThrownBy(() -> orders.archiveBefore("2024-02", archive))
                .hasMessageContaining("A domain that public.orders has columns of has a CHECK that is NOT VALID")
                .hasMessageContaining("Nothing was retired")
                .hasMessageContaining("ALTER DOMAIN public.code VALIDATE CONSTRAINT upper;");
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(10);
    }

    @Test
    void onlyAForeignKeysActionGetsPastTheGuard() throws Exception {
        database.execute(
                "CREATE TABLE customers (id int PRIMARY KEY)",
                "INSERT INTO customers VALUES (1), (2)",
                "CREATE TABLE orders (id bigint PRIMARY KEY, customer int REFERENCES customers ON DELETE SET NULL, note text, created_at timestamptz NOT NULL)",
                "INSERT INTO orders SELECT i, 1 + i % 2, 'a', '2024-01-05'::timestamptz + (i % 2) * interval '1 month' FROM generate_series(1, 10) AS i",
                "ANALYZE orders");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "created_at", "id")
                .between("2024-01", "2024-03")
                .throughSwap()
                .dropBackup()
                .retireToDropBefore("2024-02");
        database.execute(
                "CREATE TABLE news (id int)",
                "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE public.orders_202401 SET note = ''b''; RETURN NEW; END'",
                "CREATE TRIGGER tell AFTER INSERT ON news FOR EACH ROW EXECUTE FUNCTION tell()");

        assertThat(database.messageOf("INSERT INTO news VALUES (1)")).contains("nothing is written to it");
        database.execute("DELETE FROM customers WHERE id = 1");

        assertThat(database.queryString("SELECT string_agg(DISTINCT concat(customer, note), ',') FROM orders_202401"))
                .isEqualTo("a");
        orders.dropRetired();
        assertThat(database.queryString("SELECT to_regclass('orders_202401') IS NULL"))
                .isEqualTo("t");
    }

    @Test
    void tooManyLateRowsGoBackByThePrintedStatements() throws Exception {
        MigrationFixture orders = orders().archiveBefore("2024-02", archive);
        database.execute(
                "INSERT INTO orders SELECT i, 'late', 1, 'x', '2024-01-20 00:00+00' FROM generate_series(1001, 11001) AS i");
        String message = assertThatThrownBy(orders::undoRetirement)
                .hasMessageContaining("too many to be moved")
                .actual()
                .getMessage();
        Matcher remedy = Pattern.compile("roll back again: (.*) FROM moved", Pattern.DOTALL)
                .matcher(message);
        assertThat(remedy.find()).as(message).isTrue();

        database.execute(remedy.group(1) + " FROM moved");
        orders.undoRetirement();

        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE tableoid = 'orders_202401'::regclass"))
                .isEqualTo(10_011);
    }
}
