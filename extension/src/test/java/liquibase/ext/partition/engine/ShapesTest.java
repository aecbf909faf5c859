package liquibase.ext.partition.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole way, with writes in every phase, for tables of every shape and name. */
@ExtendWith(FreshDatabase.class)
class ShapesTest {
    /** There, back, there again and the drop, with {@code writes} before each. */
    private static void wholeWay(MigrationFixture table, String... writes) throws SQLException {
        TestDatabase database = table.database();
        table.prepare().capture();
        database.execute(writes);
        table.copy();
        database.execute(writes);
        table.index().replay();
        table.assertNewTableEqualsSource();
        table.verify().oneMorePartition();
        database.execute(writes);
        List<String> rows = rows(table);
        table.swap();
        assertThat(rows(table)).isEqualTo(rows);
        table.oneMorePartition();
        database.execute(writes);
        rows = rows(table);
        table.reverseSwap();
        assertThat(rows(table)).isEqualTo(rows);
        table.oneMorePartition();
        database.execute(writes);
        rows = rows(table);
        table.swap();
        assertThat(rows(table)).isEqualTo(rows);
        table.oneMorePartition();
        database.execute(writes);
        rows = rows(table);
        table.dropBackup();
        assertThat(rows(table)).isEqualTo(rows);
        assertThat(database.queryString(
                        "SELECT relkind FROM pg_class WHERE oid = to_regclass(?)",
                        table.source().quoted()))
                .isEqualTo("p");
    }

    private static List<String> rows(MigrationFixture table) {
        return table.database()
                .queryStrings("SELECT t::text FROM %s AS t ORDER BY 1"
                        .formatted(table.source().quoted()));
    }

    @Test
    void aTableWithoutRows(TestDatabase database) throws SQLException {
        database.execute("CREATE TABLE orders (id bigint PRIMARY KEY, created_at date NOT NULL)");
        wholeWay(MigrationFixture.of(database, "public", "orders", "created_at", "id"));
    }

    @Test
    void aTableThatGetsItsFirstRowsDuringTheMigration(TestDatabase database) throws SQLException {
        database.execute("CREATE TABLE orders (id bigserial PRIMARY KEY, created_at date NOT NULL)");
        wholeWay(
                MigrationFixture.of(database, "public", "orders", "created_at", "id"),
                "INSERT INTO orders (created_at) SELECT date '2024-01-31' + 30 * i FROM generate_series(0, 13) AS i",
                "UPDATE orders SET created_at = created_at + 31 WHERE id % 3 = 0",
                "DELETE FROM orders WHERE id % 7 = 0");
    }

    /** 1970, 2999 and both infinities are counted and never dropped. */
    @ParameterizedTest
    @ValueSource(strings = {"date", "timestamp", "timestamptz"})
    void datesOutsideEveryRangeAreInTheDefaultPartition(String type, TestDatabase database) throws SQLException {
        database.execute("CREATE TABLE orders (id bigint PRIMARY KEY, created_at %s NOT NULL)".formatted(type), """
                INSERT INTO orders VALUES (1, '1970-01-01'), (2, '2999-12-31'), (3, 'infinity'), (4, '-infinity'),
                  (5, '0044-03-15 BC'), (6, '2023-12-31'), (7, '2024-01-01'), (8, '2024-12-31'), (9, '2025-01-01'),
                  (10, '2024-02-29'), (11, '2024-03-31'), (12, '2024-10-31')""");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "created_at", "id");

        orders.throughVerification();

        assertThat(
                        database.queryRows(
                                "SELECT tableoid::regclass::text, string_agg(id::text, ' ' ORDER BY id) FROM orders_new GROUP BY 1 ORDER BY 1"))
                .containsExactly(
                        List.of("orders_202401", "7"),
                        List.of("orders_202402", "10"),
                        List.of("orders_202403", "11"),
                        List.of("orders_202410", "12"),
                        List.of("orders_202412", "8"),
                        List.of("orders_default", "1 2 3 4 5 6 9"));
        database.execute(
                "UPDATE orders SET created_at = 'infinity' WHERE id IN (1, 7)",
                "UPDATE orders SET created_at = '-infinity' WHERE id IN (2, 8)",
                "UPDATE orders SET created_at = '2024-05-05' WHERE id IN (3, 4)",
                "DELETE FROM orders WHERE id = 5");
        List<String> rows = rows(orders);
        orders.swap();
        assertThat(rows(orders)).isEqualTo(rows);
        database.execute(
                "UPDATE orders SET created_at = '2024-06-06' WHERE created_at IN ('infinity', '-infinity')",
                "UPDATE orders SET created_at = 'infinity' WHERE id IN (9, 10)");
        rows = rows(orders);
        orders.reverseSwap();
        assertThat(rows(orders)).isEqualTo(rows);
    }

    @Test
    void boundsAreUtcWhateverTheSessionsTimeZone(TestDatabase database) throws SQLException {
        database.execute(
                "ALTER DATABASE %s SET TimeZone = 'Pacific/Kiritimati'".formatted(database.name()),
                "ALTER DATABASE %s SET DateStyle = 'SQL, DMY'".formatted(database.name()));
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL)",
                "INSERT INTO orders VALUES (1, timestamptz '2024-01-31 23:59:59.999999+00'), (2, timestamptz '2024-02-01 00:00+00')");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "created_at", "id");

        orders.throughSwap();

        assertThat(database.queryStrings("SELECT tableoid::regclass FROM orders ORDER BY id"))
                .containsExactly("orders_202401", "orders_202402");
    }

    @Test
    void allRowsInTheDefaultPartition(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE TABLE orders (id bigserial PRIMARY KEY, created_at timestamp NOT NULL)",
                "INSERT INTO orders (created_at) SELECT timestamp '1990-01-01' + i * interval '1 day' FROM generate_series(1, 500) AS i");
        wholeWay(
                MigrationFixture.of(database, "public", "orders", "created_at", "id"),
                "UPDATE orders SET created_at = created_at + interval '1 day' WHERE id % 5 = 0",
                "UPDATE orders SET created_at = timestamp '2024-04-04' WHERE id % 50 = 1",
                "INSERT INTO orders (created_at) VALUES ('3000-01-01')");
    }

    @Test
    void aUuidKey(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE TABLE orders (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), n serial, created_at timestamptz NOT NULL)",
                "INSERT INTO orders (created_at) SELECT timestamptz '2024-01-01 00:00+00' + i * interval '17 hours' FROM generate_series(1, 500) AS i");
        wholeWay(
                MigrationFixture.of(database, "public", "orders", "created_at", "id"),
                "UPDATE orders SET id = gen_random_uuid() WHERE n % 10 = 0",
                "UPDATE orders SET created_at = created_at + interval '1 month' WHERE n % 10 = 1",
                "DELETE FROM orders WHERE n IN (SELECT min(n) FROM orders)",
                "INSERT INTO orders (created_at) VALUES (timestamptz '2024-07-07 00:00+00')");
    }

    @Test
    void aTextKeyWithACollation(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE TABLE orders (code varchar(20) COLLATE \"C\" PRIMARY KEY, n serial, created_at date NOT NULL)",
                "INSERT INTO orders (code, created_at) SELECT E'o\\'\\\\' || i, date '2024-01-01' + i % 366 FROM generate_series(1, 500) AS i");
        wholeWay(
                MigrationFixture.of(database, "public", "orders", "created_at", "code"),
                "UPDATE orders SET code = code || '~' WHERE n % 10 = 0 AND length(code) < 20",
                "UPDATE orders SET created_at = date '2024-09-09' WHERE n % 10 = 1",
                "DELETE FROM orders WHERE n IN (SELECT min(n) FROM orders)",
                "INSERT INTO orders (code, created_at) VALUES ('n' || clock_timestamp()::time, date '2024-07-07')");
    }

    /** Under such a collation two texts can be equal without being the same. */
    @Test
    void aTextKeyWithACaseInsensitiveCollation(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
                "CREATE TABLE orders (code text COLLATE nocase PRIMARY KEY, n serial, created_at date NOT NULL)",
                "INSERT INTO orders (code, created_at) SELECT 'Code ' || i, date '2024-01-01' + i % 366 FROM generate_series(1, 500) AS i");
        wholeWay(
                MigrationFixture.of(database, "public", "orders", "created_at", "code"),
                "UPDATE orders SET code = upper(code) WHERE n % 10 = 0",
                "UPDATE orders SET code = lower(code), created_at = date '2024-09-09' WHERE n % 10 = 1",
                "DELETE FROM orders WHERE n IN (SELECT min(n) FROM orders)");
    }

    @Test
    void aNumericKeyOfWhichOneValueHasManyImages(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE TABLE orders (id numeric PRIMARY KEY, created_at date NOT NULL)",
                "INSERT INTO orders SELECT i, date '2024-01-01' + i % 366 FROM generate_series(1, 300) AS i");
        wholeWay(
                MigrationFixture.of(database, "public", "orders", "created_at", "id"),
                "UPDATE orders SET id = id::text::numeric * 1.00 WHERE id % 10 = 0",
                "UPDATE orders SET id = round(id, 5), created_at = date '2024-08-08' WHERE id % 10 = 1",
                "UPDATE orders SET id = -id WHERE id IN (7.0, -7.00)");
    }

    @Test
    void aCompositeKeyThatHoldsThePartitionColumn(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE TABLE orders (shop integer, created_at timestamptz, number text, amount numeric, PRIMARY KEY (shop, created_at, number))",
                """
                INSERT INTO orders SELECT i % 3, timestamptz '2024-01-01 00:00+00' + (i % 300) * interval '1 day', 'n' || i, i
                FROM generate_series(1, 900) AS i""");
        wholeWay(
                MigrationFixture.of(database, "public", "orders", "created_at", "shop", "created_at", "number"),
                "UPDATE orders SET shop = shop + 3 WHERE amount % 10 = 0",
                "UPDATE orders SET created_at = created_at + interval '1 month' WHERE amount % 10 = 1",
                "UPDATE orders SET amount = amount + 0.5 WHERE amount % 10 = 2",
                "DELETE FROM orders WHERE amount IN (SELECT min(amount) FROM orders)");
    }

    @Test
    void aKeyWhoseOrderIsNotTheIndexs(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE TABLE orders (a integer NOT NULL, b text NOT NULL, c integer, created_at date NOT NULL, UNIQUE (a, b))",
                "INSERT INTO orders SELECT i, 'b' || i % 7, i, date '2024-01-01' + i % 366 FROM generate_series(1, 300) AS i");
        wholeWay(
                MigrationFixture.of(database, "public", "orders", "created_at", "b", "a"),
                "UPDATE orders SET b = b || '+' WHERE c % 10 = 0",
                "UPDATE orders SET created_at = date '2024-09-09', c = c + 1 WHERE c % 10 = 1");
    }

    @Test
    void droppedGeneratedAndLateColumnsAndEveryKindOfType(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE TYPE mood AS ENUM ('sad', 'happy')",
                "CREATE TYPE place AS (x integer, y text)",
                "CREATE DOMAIN short AS text CHECK (length(value) < 10)",
                """
                CREATE TABLE orders (
                  gone1 text, id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, gone2 bigint, amount numeric,
                  with_tax numeric GENERATED ALWAYS AS (amount * 1.2) STORED, j json, jb jsonb, a integer[], m mood, p place,
                  s short, r tstzrange, b bytea, f float8, i interval, c char(5), x xml, created_at timestamptz NOT NULL)""",
                """
                INSERT INTO orders (gone1, gone2, amount, j, jb, a, m, p, s, r, b, f, i, c, created_at)
                SELECT 'x', i, i / 3.0, '{"a":  1, "a": 2}'::json, '{"q?": [1]}'::jsonb, ARRAY[i, NULL], 'sad'::mood, ROW(i, NULL)::place, 's' || i,
                       tstzrange(now(), NULL), '\\xdeadbeef'::bytea, CASE i % 3 WHEN 0 THEN 'NaN' WHEN 1 THEN '-0' ELSE 0.1 END::float8,
                       interval '1 month' * i, 'c', timestamptz '2024-01-01 00:00+00' + i * interval '1 day'
                FROM generate_series(1, 300) AS i""",
                "UPDATE orders SET b = convert_to(repeat('toast ', 5000) || gen_random_uuid(), 'UTF8') WHERE id % 20 = 0",
                "ALTER TABLE orders DROP COLUMN gone1, DROP COLUMN gone2",
                "ALTER TABLE orders ADD COLUMN late text DEFAULT 'late', ADD COLUMN later integer NOT NULL DEFAULT 7");
        wholeWay(
                MigrationFixture.of(database, "public", "orders", "created_at", "id"),
                "UPDATE orders SET amount = amount + 1, late = NULL, m = 'happy' WHERE id % 10 = 0",
                "UPDATE orders SET created_at = created_at + interval '1 month', j = '{}', f = '0' WHERE id % 10 = 1",
                "INSERT INTO orders (amount, created_at) VALUES (1, timestamptz '2024-07-07 00:00+00')",
                "DELETE FROM orders WHERE id IN (SELECT min(id) FROM orders)");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE with_tax IS DISTINCT FROM amount * 1.2"))
                .isZero();
    }

    /** Names that need quotes, names that SQL, JDBC and our own templates treat specially, and the longest names. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    Sales           | Order            | Created At       | Id            | PK Of Order
                    sales-2024      | select           | from             | where         | order
                    s."q"           | t."q"            | c."q"            | k."q"         | i."q"
                    s?              | t? $1 :x         | c? {fn now()}    | k? ?          | i? --
                    {source}        | {newTable}       | {key}            | {delta}       | {name}
                    s;              | t; DROP TABLE x  | c; --            | k /*          | i */
                    $capture$       | t$capture$       | c$capture$       | k$$           | i$refuse$
                    s\\             | t\\'             | c\\n            | k\\"          | i%s
                    schéma          | täble ☃          | größe            | ключ          | 索引
                    s(              | t)               | c),(             | k(            | i),(
                    aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg | aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg | aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg | aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggh | aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggi
                    """)
    void namesOfEveryKind(String schema, String table, String date, String key, String index, TestDatabase database)
            throws SQLException {
        String s = new Identifier(schema).quoted();
        String t = s + "." + new Identifier(table).quoted();
        String d = new Identifier(date).quoted();
        String k = new Identifier(key).quoted();
        String i = new Identifier(index).quoted();
        String second = new Identifier(index.substring(0, index.length() - 1) + "2").quoted();
        database.execute(
                "CREATE SCHEMA " + s,
                """
                CREATE TABLE %s (%s bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT %s PRIMARY KEY,
                                 "n?" serial, %s timestamptz NOT NULL, payload jsonb DEFAULT '{"a": 1}')""".formatted(t, k, i, d),
                "CREATE INDEX %s ON %s (%s DESC, (payload ? 'a'), \"n?\") WHERE payload ? 'a'".formatted(second, t, d),
                "CREATE FUNCTION %s.\"touch?\"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.payload := '{\"t\": 1}'; RETURN NEW; END $$"
                        .formatted(s),
                "CREATE TRIGGER %s BEFORE UPDATE ON %s FOR EACH ROW WHEN (NEW.payload ? 'a') EXECUTE FUNCTION %s.\"touch?\"()"
                        .formatted(i, t, s),
                "COMMENT ON TABLE %s IS 'it''s {source} ? \\ $$'".formatted(t),
                "INSERT INTO %s (%s) SELECT timestamptz '2024-01-01 00:00+00' + i * interval '1 day' FROM generate_series(1, 300) AS i"
                        .formatted(t, d));
        String triggers = triggers(database, t);

        wholeWay(
                MigrationFixture.of(database, schema, table, date, key).between("2024-01", "2024-04"),
                "UPDATE %s SET %s = %s + 10000 WHERE \"n?\" %% 10 = 0".formatted(t, k, k),
                "UPDATE %s SET %s = %s + interval '1 month' WHERE \"n?\" %% 10 = 1".formatted(t, d, d),
                "DELETE FROM %s WHERE \"n?\" IN (SELECT min(\"n?\") FROM %s)".formatted(t, t),
                "INSERT INTO %s (%s) VALUES (timestamptz '2024-07-07 00:00+00')".formatted(t, d));

        assertThat(database.queryStrings(
                        "SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE i.indrelid = CAST(? AS regclass)",
                        t))
                .containsExactlyInAnyOrder(index, index.substring(0, index.length() - 1) + "2");
        assertThat(triggers(database, t)).isEqualTo(triggers);
        assertThat(database.queryString("SELECT obj_description(CAST(? AS regclass))", t))
                .isEqualTo("it's {source} ? \\ $$");
    }

    private static String triggers(TestDatabase database, String table) {
        return database.queryString(
                "SELECT string_agg(pg_get_triggerdef(oid), '; ') FROM pg_trigger WHERE tgrelid = CAST(? AS regclass) AND NOT tgisinternal",
                table);
    }

    @Test
    void twoTablesWhoseLongNamesBeginAlikeCanBeUnderWayAtOnce(TestDatabase database) throws SQLException {
        String common = "a_very_long_table_name_that_goes_on_and_on_until_the_very_end_";
        database.execute(
                "CREATE TABLE %s1 (id bigserial PRIMARY KEY, created_at date NOT NULL)".formatted(common),
                "CREATE TABLE %s2 (id bigserial PRIMARY KEY, created_at date NOT NULL)".formatted(common),
                "INSERT INTO %s1 SELECT i, date '2024-05-05' FROM generate_series(1, 10) AS i".formatted(common),
                "INSERT INTO %s2 SELECT i, date '2024-05-05' FROM generate_series(1, 20) AS i".formatted(common));
        MigrationFixture first = MigrationFixture.of(database, "public", common + "1", "created_at", "id");
        MigrationFixture second = MigrationFixture.of(database, "public", common + "2", "created_at", "id");

        first.throughVerification();
        second.throughVerification();
        first.swap();
        second.swap();

        assertThat(database.queryLong("SELECT count(*) FROM %s1".formatted(common)))
                .isEqualTo(10);
        assertThat(database.queryLong("SELECT count(*) FROM %s2".formatted(common)))
                .isEqualTo(20);
    }

    @Test
    void anOwnerWhoIsNoSuperuser(TestDatabase database) throws SQLException {
        String owner = database.createRole("owner", "");
        database.execute(
                "CREATE SCHEMA shop AUTHORIZATION " + owner,
                "GRANT CREATE ON SCHEMA public TO " + owner,
                "CREATE TABLE shop.orders (id bigserial PRIMARY KEY, created_at date NOT NULL)",
                "ALTER TABLE shop.orders OWNER TO " + owner,
                "INSERT INTO shop.orders (created_at) SELECT date '2024-01-01' + i % 366 FROM generate_series(1, 300) AS i");
        wholeWay(
                MigrationFixture.of(database, "shop", "orders", "created_at", "id")
                        .as(owner),
                "UPDATE shop.orders SET created_at = date '2024-08-08' WHERE id % 10 = 0",
                "INSERT INTO shop.orders (created_at) VALUES (date '2024-07-07')");
    }

    @Test
    void aMemberOfTheOwningRole(TestDatabase database) throws SQLException {
        String owner = database.createRole("owner", "");
        String deployer = database.createRole("deployer", "");
        database.execute(
                "GRANT %s TO %s".formatted(owner, deployer),
                "GRANT CREATE ON SCHEMA public TO %s, %s".formatted(owner, deployer),
                "CREATE TABLE orders (id bigserial PRIMARY KEY, created_at date NOT NULL)",
                "ALTER TABLE orders OWNER TO " + owner,
                "INSERT INTO orders (created_at) SELECT date '2024-01-01' + i % 366 FROM generate_series(1, 300) AS i");
        wholeWay(
                MigrationFixture.of(database, "public", "orders", "created_at", "id")
                        .as(deployer),
                "UPDATE orders SET created_at = date '2024-08-08' WHERE id % 10 = 0",
                "INSERT INTO orders (created_at) VALUES (date '2024-07-07')");
    }
}
