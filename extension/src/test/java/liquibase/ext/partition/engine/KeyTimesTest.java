package liquibase.ext.partition.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.prepare.Preparation;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Partition keys whose time is read out of a text, a number or a key: there and back, with writes between the steps.
 */
@ExtendWith(FreshDatabase.class)
class KeyTimesTest {
    private TestDatabase database;

    /** A migration of a table whose one column for the time is of that type and has such values. */
    private MigrationFixture single(String type, String value, String nullable, PartitionKeySpec key) {
        database.execute(
                "DROP TABLE IF EXISTS orders",
                "CREATE TABLE orders (id integer PRIMARY KEY, at %s %s, note text)".formatted(type, nullable),
                "INSERT INTO orders SELECT i, %s, 'n' || i FROM generate_series(1, 1500) AS i".formatted(value),
                "ANALYZE orders");
        return MigrationFixture.of(database, "public", "orders", "at", "id").partitionedBy(key);
    }

    private void thereAndBackWith(MigrationFixture orders, String otherValue) throws Exception {
        Write write = seed -> database.execute(
                "UPDATE orders SET at = (SELECT %s FROM generate_series(%d, %2$d) AS i) WHERE id %% 40 = %2$d"
                        .formatted(otherValue, seed),
                "UPDATE orders SET note = 'changed' WHERE id %% 41 = %d".formatted(seed),
                "DELETE FROM orders WHERE id %% 42 = %d".formatted(seed));
        orders.prepare().capture();
        write.with(1);
        orders.copy();
        write.with(2);
        orders.index();
        write.with(3);
        orders.replay();
        InvariantChecker.assertHolds(orders);
        orders.verify();
        write.with(4);
        orders.swap();
        write.with(5);
        InvariantChecker.assertHoldsAfterSwap(orders);
        List<String> before = database.queryStrings("SELECT ROW(id, at, note)::text FROM orders ORDER BY id");
        orders.reverseSwap();
        assertThat(database.queryStrings("SELECT ROW(id, at, note)::text FROM orders ORDER BY id"))
                .isEqualTo(before);
        write.with(6);
        orders.swap();
        orders.dropBackup();
    }

    @FunctionalInterface
    private interface Write {
        void with(int seed);
    }

    private static PartitionKeySpec read(String textFormat, String epoch, String keyTime, String combined) {
        return new PartitionKeySpec(
                List.of(new Identifier("at")),
                Optional.ofNullable(textFormat),
                Optional.ofNullable(epoch),
                Optional.ofNullable(keyTime),
                Optional.ofNullable(combined).map(Identifier::new));
    }

    @Test
    void textDatesInIsoAreReadByAFunctionThatStays() throws Exception {
        String value =
                "CASE i % 9 WHEN 0 THEN '2024-02-31' WHEN 1 THEN '' WHEN 2 THEN NULL ELSE (date '2024-01-01' + i % 366)::text END";
        MigrationFixture orders = single("text", value, "", read(null, null, null, "at_date"));
        thereAndBackWith(orders, "'2024-10-31T23:59:59+00:00'");

        assertThat(orders.lines()).anyMatch(line -> line.contains("NULL, ") && line.contains("not a date"));
        assertThat(database.queryStrings("SELECT DISTINCT at FROM orders_202402 WHERE at_date < '2024-02-01'"))
                .isEmpty();
        assertThat(database.queryLong("SELECT count(*) FROM orders_202410 WHERE at = '2024-10-31T23:59:59+00:00'"))
                .isPositive();
        assertThat(database.queryString("SELECT orders_text_date('2024-02-31') IS NULL"))
                .isEqualTo("t");
        assertThat(database.queryStrings(
                        "EXPLAIN SELECT * FROM orders WHERE at_date >= '2024-05-01' AND at_date < '2024-06-01'"))
                .filteredOn(line -> line.contains("Scan"))
                .allMatch(line -> line.contains("orders_202405") || line.contains("orders_default"));
    }

    @Test
    void aTextThatIsNoDateIsCountedApartFromNone() throws Exception {
        String value = "(ARRAY[NULL, NULL, NULL, '', '31 March', '2023-12-31', '2024-02-29'])[i % 7 + 1]";
        MigrationFixture orders = single("text", value, "", read(null, null, null, null));
        database.execute("DELETE FROM orders WHERE id > 14");

        orders.throughVerification();

        assertThat(orders.lines())
                .anyMatch(line ->
                        line.endsWith("12 rows (6 NULL, 4 not a date, 2 before 2024-01) in public.orders_default"));
    }

    /** As text they sort elsewhere, and a bound is written in capital letters. */
    @Test
    void ulidsInSmallLettersHaveNoTime() throws Exception {
        String value =
                "CASE WHEN i % 2 = 0 THEN '01HK153X' ELSE lower('01HK153X') END || lpad((i % 100)::text, 18, '0')";
        MigrationFixture orders = single("text COLLATE \"C\"", value, "NOT NULL", read(null, null, "ulid", null));
        database.execute("DELETE FROM orders WHERE id > 14");

        orders.throughVerification();

        assertThat(orders.lines()).anyMatch(line -> line.endsWith("7 rows (7 not a date) in public.orders_default"));
        assertThat(database.queryLong("SELECT count(*) FROM orders_202401")).isEqualTo(7);
    }

    @Test
    void textDatesInAPatternOfTheUsers() throws Exception {
        MigrationFixture orders = single(
                "varchar(20)",
                "to_char(timestamp '2024-01-01' + i * interval '6 hours', 'DD.MM.YYYY HH24:MI')",
                "",
                read("DD.MM.YYYY HH24:MI", null, null, null));
        thereAndBackWith(orders, "'31.03.2024 23:59'");

        assertThat(database.queryLong("SELECT count(*) FROM orders_202403 WHERE at = '31.03.2024 23:59'"))
                .isPositive();
        assertThat(database.queryLong("SELECT count(*) FROM orders_default WHERE at ~ '[.]2024'"))
                .isZero();
    }

    @Test
    void epochNumbersAreThePartitionKeyThemselves() throws Exception {
        MigrationFixture orders = single(
                "bigint",
                "(extract(epoch FROM timestamptz '2024-01-01 00:00+00' + i * interval '6 hours') * 1000)::bigint",
                "NOT NULL",
                read(null, "milliseconds", null, null));
        thereAndBackWith(orders, "1709251199999 + i");

        assertThat(primaryKey("orders")).isEqualTo("PRIMARY KEY (id, at)");
        assertThat(database.queryString("SELECT pg_get_partkeydef('orders'::regclass)"))
                .isEqualTo("RANGE (at)");
        assertThat(database.queryLong("SELECT count(*) FROM orders_202402 WHERE at = 1709251199999 + 0"))
                .isZero();
    }

    @Test
    void timeOrderedKeysKeepTheirPrimaryKey() throws Exception {
        String uuid =
                "(lpad(to_hex((extract(epoch FROM timestamptz '2024-01-01 00:00+00' + i * interval '6 hours') * 1000)::bigint), 12, '0')"
                        + " || '7000800000000000' || lpad(to_hex(i), 4, '0'))::uuid";
        database.execute(
                "CREATE TABLE orders (at uuid PRIMARY KEY, id integer NOT NULL, note text)",
                "INSERT INTO orders SELECT %s, i, 'n' || i FROM generate_series(1, 1500) AS i".formatted(uuid),
                "ANALYZE orders");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "at", "at")
                .partitionedBy(read(null, null, "uuidv7", null));
        // Before PostgreSQL 15 a key that acts is not kept, since a row that moves counts as deleted.
        boolean acts = database.isAtLeast(15);
        String action = acts ? " ON DELETE CASCADE" : "";
        database.execute(
                "CREATE TABLE lines (o uuid CONSTRAINT of_order REFERENCES orders" + action + ")",
                "INSERT INTO lines SELECT at FROM orders WHERE id <= 3");
        orders.throughSwap();

        assertThat(primaryKey("orders")).isEqualTo("PRIMARY KEY (at)");
        assertThat(
                        database.queryString(
                                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'of_order' AND confrelid = 'orders'::regclass AND convalidated"))
                .isEqualTo("FOREIGN KEY (o) REFERENCES orders(at)" + action);
        if (!acts) {
            database.execute("DELETE FROM lines WHERE o = (SELECT at FROM orders WHERE id = 3)");
        }
        database.execute("DELETE FROM orders WHERE id = 3");
        assertThat(database.queryLong("SELECT count(*) FROM lines")).isEqualTo(2);
        assertThat(database.queryStrings(
                        "EXPLAIN SELECT * FROM orders WHERE at = '018d0f5e-4c00-7000-8000-000000000001'"))
                .filteredOn(line -> line.contains("Scan"))
                .hasSize(1)
                .allMatch(line -> line.contains("orders_202401"));
        database.execute("UPDATE orders SET note = 'x' WHERE id % 7 = 0", "DELETE FROM orders WHERE id % 11 = 0");
        orders.reverseSwap().swap().dropBackup();
    }

    private String primaryKey(String table) {
        return database.queryString(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p' AND conrelid = ?::regclass",
                table);
    }

    @Test
    void whatNoTimeCanBeReadFromIsRefusedWithWhatItNeeds() {
        assertThatThrownBy(single("bigint", "i", "", read(null, null, null, null))::prepare)
                .hasMessageContaining("epoch");
        assertThatThrownBy(single("uuid", "gen_random_uuid()", "", read(null, null, null, null))::prepare)
                .hasMessageContaining("keyTime");
        assertThatThrownBy(single("integer", "i", "", read(null, "seconds", null, null))
                        .between("2037-01", "2039-01")::prepare)
                .hasMessageContaining("2038");
    }

    @Test
    void takingEverythingBackTakesTheFunctionToo() throws Exception {
        MigrationFixture orders = single("text", "'2024-01-01'", "", read(null, null, null, null));
        orders.prepare();
        assertThat(database.queryString("SELECT to_regproc('orders_text_date') IS NOT NULL"))
                .isEqualTo("t");

        orders.step("rollback of createPartitionedTable", Preparation::undo);

        assertThat(database.queryString("SELECT to_regproc('orders_text_date') IS NULL"))
                .isEqualTo("t");
    }
}
