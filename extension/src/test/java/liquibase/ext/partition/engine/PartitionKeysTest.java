package liquibase.ext.partition.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.prepare.Preparation;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Partition keys other than one NOT NULL date: there and back, with rows that change between the steps. */
@ExtendWith(FreshDatabase.class)
class PartitionKeysTest {
    private TestDatabase database;
    private String compared = "id, code, shipped_at, paid_on, entered";

    @BeforeEach
    void makeOrders() {
        database.execute("""
                CREATE TABLE orders (
                  id bigint PRIMARY KEY,
                  code text NOT NULL UNIQUE,
                  shipped_at timestamptz,
                  paid_on date,
                  entered timestamp)""", """
                INSERT INTO orders
                SELECT i, 'c' || i,
                       CASE WHEN i % 3 = 0 THEN timestamptz '2024-01-15 12:00+00' + (i % 12) * interval '1 month' END,
                       CASE WHEN i % 2 = 0 THEN date '2024-02-10' + (i % 300)::int END,
                       CASE WHEN i % 7 <> 0 THEN timestamp '2023-11-01' + (i % 500) * interval '1 day' END
                FROM generate_series(1, 2000) AS i""", "ANALYZE orders");
    }

    private static PartitionKeySpec coalesced(String combined, String... columns) {
        return new PartitionKeySpec(
                Stream.of(columns).map(Identifier::new).toList(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.ofNullable(combined).map(Identifier::new));
    }

    private MigrationFixture by(PartitionKeySpec key) {
        return MigrationFixture.of(database, "public", "orders", "entered", "id")
                .partitionedBy(key);
    }

    private void change(int seed) {
        database.execute(
                "UPDATE orders SET paid_on = NULL WHERE id %% 50 = %d".formatted(seed),
                "UPDATE orders SET shipped_at = NULL, entered = NULL, paid_on = NULL WHERE id %% 51 = %d"
                        .formatted(seed),
                "UPDATE orders SET shipped_at = '2024-07-31 23:59:59.999999+00' WHERE id %% 52 = %d".formatted(seed),
                "UPDATE orders SET entered = 'infinity', shipped_at = NULL, paid_on = NULL WHERE id %% 53 = %d"
                        .formatted(seed),
                "DELETE FROM orders WHERE id %% 54 = %d".formatted(seed),
                "INSERT INTO orders VALUES (%1$d, 'new ' || %1$d, NULL, '2024-05-05', NULL)".formatted(100_000 + seed));
    }

    private void thereAndBack(MigrationFixture orders) throws Exception {
        orders.prepare().capture();
        change(1);
        orders.copy();
        change(2);
        orders.index();
        change(3);
        orders.replay();
        change(4);
        InvariantChecker.assertHolds(orders);
        orders.replay().verify();
        assertThat(orders.deltaRows()).isZero();
        change(5);
        List<String> before = contents();
        orders.swap();
        assertThat(contents()).isEqualTo(before);
        change(6);
        InvariantChecker.assertHoldsAfterSwap(orders);
        before = contents();
        orders.reverseSwap();
        assertThat(contents()).isEqualTo(before);
        change(7);
        before = contents();
        orders.swap();
        assertThat(contents()).isEqualTo(before);
        change(8);
        before = contents();
        orders.dropBackup();
        assertThat(contents()).isEqualTo(before);
    }

    private List<String> contents() {
        return database.queryStrings("SELECT ROW(%s)::text FROM orders ORDER BY id".formatted(compared));
    }

    private void assertPlacedBy(String expression) {
        assertThat(database.queryStrings("""
                        SELECT tableoid::regclass || ' ' || o::text FROM orders AS o
                        WHERE tableoid::regclass::text <> CASE
                          WHEN %1$s >= '2024-01-01' AND %1$s < '2025-01-01' THEN 'orders_' || to_char(%1$s, 'YYYYMM')
                          ELSE 'orders_default' END""".formatted(expression))).isEmpty();
    }

    @Test
    void severalColumnsAreCoalescedInTheirOrder() throws Exception {
        thereAndBack(by(coalesced(null, "shipped_at", "paid_on", "entered")));

        assertPlacedBy("coalesce(shipped_at AT TIME ZONE 'UTC', paid_on, entered)");
        assertThat(database.queryLong("SELECT count(*) FROM ONLY orders_default"))
                .isPositive();
    }

    @Test
    void theCombinedColumnHoldsTheDateAndPrunes() throws Exception {
        thereAndBack(by(coalesced("order_date", "shipped_at", "paid_on", "entered")));

        assertPlacedBy("order_date");
        assertThat(database.queryStrings("""
                        EXPLAIN (COSTS OFF) SELECT * FROM orders
                        WHERE order_date >= '2024-05-01' AND order_date < '2024-06-01'"""))
                .filteredOn(line -> line.contains("Scan"))
                .allMatch(line -> line.contains("orders_202405") || line.contains("orders_default"))
                .hasSize(2);
        assertThat(database.queryStrings("""
                        SELECT id FROM orders WHERE order_date IS DISTINCT FROM
                          coalesce(shipped_at AT TIME ZONE 'UTC', paid_on, entered)""")).isEmpty();
    }

    @Test
    void aNullableColumnIsThePartitionKeyItself() throws Exception {
        thereAndBack(by(coalesced(null, "shipped_at")));

        assertPlacedBy("(shipped_at AT TIME ZONE 'UTC')");
    }

    /**
     * With the expression that the CHECKs prune by, a value that is known only at run time would visit every partition.
     */
    @Test
    void aNullableColumnPrunesAtRunTimeToo() throws Exception {
        by(coalesced(null, "shipped_at")).throughSwap();

        assertThat(database.queryStrings("""
                        EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
                        SELECT * FROM orders WHERE shipped_at = (SELECT timestamptz '2024-05-01 00:00+00')"""))
                .filteredOn(line -> line.contains("Scan") && !line.contains("never executed"))
                .isNotEmpty()
                .allMatch(line -> line.contains("orders_202405"));
    }

    @Test
    void eachPartitionKeepsTheUniqueIndexesWhereThePartitionKeyCannotBePartOfThem() throws Exception {
        MigrationFixture orders =
                by(coalesced("order_date", "shipped_at", "paid_on")).throughSwap();

        assertThat(database.queryStrings("""
                        SELECT c.relname || ' ' || pg_get_constraintdef(k.oid) FROM pg_constraint AS k
                        JOIN pg_class AS c ON c.oid = k.conrelid
                        WHERE contype IN ('p', 'u') AND c.relname IN ('orders_202403', 'orders_default', 'orders')
                        ORDER BY 1"""))
                .containsExactly(
                        "orders_202403 PRIMARY KEY (id)",
                        "orders_202403 UNIQUE (code)",
                        "orders_default PRIMARY KEY (id)",
                        "orders_default UNIQUE (code)");
        assertThat(orders.lines())
                .anyMatch(line -> line.contains("unique index orders_pkey is made on each partition by itself"));
    }

    /** As the README says. */
    @Test
    void aPartitionIsAddedWithItsKeysAndItsCheck() throws Exception {
        by(coalesced("order_date", "shipped_at", "paid_on")).throughSwap().dropBackup();
        database.execute("DELETE FROM orders WHERE order_date >= '2025-01-01'");

        database.execute("""
                CREATE TABLE orders_202501 PARTITION OF orders
                  (PRIMARY KEY (id), CHECK (order_date >= '2025-01-01' AND order_date < '2025-02-01'))
                  FOR VALUES FROM ('2025-01-01') TO ('2025-02-01')""", "INSERT INTO orders (id, code, paid_on) VALUES (900000, 'x', '2025-01-31')");

        assertThat(database.queryStrings("EXPLAIN SELECT * FROM orders WHERE order_date = '2025-01-31'"))
                .filteredOn(line -> line.contains("Scan"))
                .allMatch(line -> line.contains("orders_202501") || line.contains("orders_default"))
                .hasSize(2);
        assertThat(database.queryString("SELECT tableoid::regclass FROM orders WHERE id = 900000"))
                .isEqualTo("orders_202501");
    }

    @Test
    void aUniqueIndexMadeAfterTheOthersIsNoticed() throws Exception {
        MigrationFixture orders = by(coalesced(null, "shipped_at", "paid_on")).throughVerification();
        database.execute("CREATE UNIQUE INDEX late ON orders (code, id)");

        assertThatThrownBy(orders::swap).hasMessageContaining("Index late of public.orders has no counterpart");
    }

    @Test
    void whatHasNoMonthIsCountedByItsCause() throws Exception {
        database.execute("TRUNCATE orders", """
                INSERT INTO orders VALUES
                  (1, 'a', NULL, NULL, NULL), (2, 'b', NULL, NULL, NULL),
                  (3, 'c', 'infinity', NULL, NULL), (4, 'd', '-infinity', '2024-01-01', NULL),
                  (5, 'e', NULL, '2023-12-31', NULL), (6, 'f', '0044-03-15 BC', NULL, NULL), (7, 'g', NULL, NULL, '0001-01-01'),
                  (8, 'h', NULL, NULL, '2025-01-01'), (9, 'i', NULL, NULL, '9999-12-31'),
                  (10, 'j', NULL, NULL, '2024-12-31 23:59:59.999999')""");
        MigrationFixture orders = by(coalesced(null, "shipped_at", "paid_on", "entered"));
        orders.throughVerification();

        assertThat(orders.lines())
                .contains(
                        "verification of public.orders_new: 10 rows compared, no difference; 9 rows (2 NULL, 2 infinite, 3 before 2024-01, 2 from 2025-01 on) in public.orders_default");
        assertThat(database.queryRows("""
                        SELECT default_null, default_unreadable, default_infinite, default_before, default_after
                        FROM partition_progress""")).containsExactly(List.of("2", "0", "2", "3", "2"));
    }

    @Test
    void typesChangeOnTheWayAndBack() throws Exception {
        database.execute("ALTER TABLE orders ALTER id TYPE integer, ADD amount numeric(12,2), ADD cents integer");
        database.execute("UPDATE orders SET amount = id / 4.0, cents = id * 3");
        compared = "id, code, shipped_at, paid_on, amount";
        thereAndBack(by(coalesced("order_date", "shipped_at", "paid_on", "entered"))
                .converting("id", "bigint", null, null)
                .converting("entered", "timestamptz", null, null)
                .converting("amount", "numeric(14,2)", null, null)
                .converting("cents", "numeric(12,2)", "cents / 100.0", "(cents * 100)::integer"));

        assertThat(database.queryStrings("""
                        SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute
                        WHERE attrelid = 'orders'::regclass AND attnum > 0 ORDER BY attnum"""))
                .containsExactly(
                        "id bigint",
                        "code text",
                        "shipped_at timestamp with time zone",
                        "paid_on date",
                        "entered timestamp with time zone",
                        "amount numeric(14,2)",
                        "cents numeric(12,2)",
                        "order_date timestamp without time zone");
        assertThat(database.queryString("SELECT entered AT TIME ZONE 'UTC' || ' ' || cents FROM orders WHERE id = 30"))
                .isEqualTo("2023-12-01 00:00:00 0.90");
        database.execute("INSERT INTO orders (id, code) VALUES (5000000000, 'beyond int')");
    }

    @Test
    void aValueThatDoesNotFitStopsTheCopyWithKeyAndValue() throws Exception {
        database.execute("ALTER TABLE orders ADD amount numeric", "UPDATE orders SET amount = 1.50");
        database.execute("UPDATE orders SET amount = 1.2345 WHERE id = 1717");
        MigrationFixture orders =
                by(coalesced(null, "paid_on", "entered")).converting("amount", "numeric(14,2)", null, null);
        orders.prepare().capture();

        assertThatThrownBy(orders::copy)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("amount of the row with id 1717 is 1.2345")
                .hasMessageContaining("does not fit numeric(14,2)")
                .hasMessageContaining("using");
        database.execute("UPDATE orders SET amount = 1.23 WHERE id = 1717");
        orders.copy().index().replay().verify();
    }

    @Test
    void aValueThatDoesNotFitIsFoundByTheReplayAndTheSwap() throws Exception {
        database.execute("ALTER TABLE orders ADD note varchar(50)");
        MigrationFixture orders = by(coalesced(null, "paid_on", "entered"))
                .converting("note", "varchar(10)", null, null)
                .throughVerification();
        database.execute("UPDATE orders SET note = 'longer than ten' WHERE id = 44");

        assertThatThrownBy(orders::replay).hasMessageContaining("note of the row with id 44 is longer than ten");
        assertThatThrownBy(orders::swap).hasMessageContaining("note of the row with id 44 is longer than ten");
        database.execute("UPDATE orders SET note = 'short' WHERE id = 44");
        orders.swap();
    }

    /**
     * An id that only the new type can hold cannot go back; the writer never notices, and the rollback says which id it
     * is.
     */
    @Test
    void aValueThatOnlyTheNewTypeHoldsStopsTheWayBackAndNothingElse() throws Exception {
        database.execute("ALTER TABLE orders ALTER id TYPE integer");
        MigrationFixture orders = by(coalesced(null, "shipped_at", "paid_on"))
                .converting("id", "bigint", null, null)
                .throughSwap();
        database.execute("INSERT INTO orders (id, code, paid_on) VALUES (5000000000, 'beyond int', '2024-03-03')");

        assertThatThrownBy(orders::reverseSwap)
                .hasMessageContaining("id of the row with id 5000000000 is 5000000000")
                .hasMessageContaining("Nothing is lost");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id = 5000000000"))
                .isOne();
        database.execute("DELETE FROM orders WHERE id = 5000000000", "UPDATE orders SET code = 'x' WHERE id = 17");
        orders.reverseSwap();
        assertThat(database.queryString("SELECT code FROM orders WHERE id = 17"))
                .isEqualTo("x");
    }

    @Test
    void aSerialColumnThatBecomesWiderGetsAWiderSequence() throws Exception {
        database.execute(
                "ALTER TABLE orders ALTER id TYPE integer",
                "CREATE SEQUENCE orders_id_seq AS integer OWNED BY orders.id",
                "ALTER TABLE orders ALTER id SET DEFAULT nextval('orders_id_seq')");
        MigrationFixture orders = by(coalesced(null, "shipped_at", "paid_on"))
                .converting("id", "bigint", null, null)
                .throughSwap();

        assertThat(sequenceType()).isEqualTo("bigint");
        assertThat(database.queryLong("INSERT INTO orders (code) VALUES ('next') RETURNING id"))
                .isEqualTo(2001);
        orders.reverseSwap();
        assertThat(sequenceType()).isEqualTo("integer");
        assertThat(database.queryLong("INSERT INTO orders (code) VALUES ('after') RETURNING id"))
                .isEqualTo(2002);
    }

    private String sequenceType() {
        return database.queryString(
                "SELECT seqtypid::regtype FROM pg_sequence WHERE seqrelid = 'orders_id_seq'::regclass");
    }

    @Test
    void anExpressionThatCannotBePlannedIsRefusedBeforeAnythingIsMade() {
        MigrationFixture orders = by(coalesced(null, "shipped_at", "paid_on"))
                .converting("code", "integer", "length(cod)", "'c' || code")
                .converting("paid_on", "text", "to_char(paid_on, 'YYYY')", null);

        assertThatThrownBy(orders::prepare)
                .hasMessageContaining("using of column code cannot be planned: column \"cod\" does not exist")
                .hasMessageNotContaining("aborted");
        assertThatThrownBy(by(coalesced(null, "shipped_at", "paid_on"))
                        .converting("code", "integer", "length(code)", "codes || 'c'")::prepare)
                .hasMessageContaining("the way back of column code cannot be planned");
    }

    @Test
    void aCastThatDependsOnTheSessionIsRefused() {
        MigrationFixture orders = by(coalesced(null, "shipped_at", "paid_on"))
                .converting("code", "date", null, null)
                .converting("gone", "text", null, null)
                .converting("entered", "nonsense", null, null);

        assertThatThrownBy(orders::prepare)
                .hasMessageContaining("column code is of type text and is to become date, but there is no cast")
                .hasMessageContaining("it has no column gone")
                .hasMessageContaining("column entered is to become nonsense, and there is no such type");
    }

    /**
     * Each with live writes between the steps, as {@link #change} makes them, with the values that a column of that
     * kind can hold.
     */
    private MigrationFixture single(String type, String value, String nullable, PartitionKeySpec key) {
        database.execute(
                "DROP TABLE orders",
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
                "DROP TABLE orders",
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
