package liquibase.ext.partition.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Columns whose types change on the way: of many kinds, under a session zone with an odd offset, and with names that
 * are keywords.
 */
@ExtendWith(FreshDatabase.class)
class ConversionsTest {
    private static final String ODD_NAME = "a \"b\" $misfit$ ?";
    private static final String QUOTED = "\"a \"\"b\"\" $misfit$ ?\"";

    private TestDatabase database;

    @BeforeEach
    void goAbroad() {
        database.execute("ALTER DATABASE %s SET TimeZone = 'Asia/Kathmandu'".formatted(database.name()));
    }

    private List<String> contents() {
        return database.queryStrings("SELECT o::text FROM orders AS o ORDER BY id, " + QUOTED);
    }

    private void change(int seed) {
        database.execute(
                "UPDATE orders SET note = 'changed', total = NULL, tags = '{}' WHERE id %% 40 = %d".formatted(seed),
                "UPDATE orders SET seen = NULL, mood = 'sad', r = NULL WHERE id %% 41 = %d".formatted(seed),
                "UPDATE orders SET %s = 'moved', created_at = '2024-07-31 23:59:59.999999+00' WHERE id %% 42 = %d"
                        .formatted(QUOTED, seed),
                "DELETE FROM orders WHERE id %% 43 = %d".formatted(seed));
    }

    @Test
    void everyKindOfColumnGoesThereAndBack() throws Exception {
        database.execute(
                "CREATE TYPE feeling AS ENUM ('ok', 'sad')",
                "CREATE DOMAIN mail AS text CHECK (VALUE ~ '@')",
                """
                CREATE TABLE orders (
                  id numeric(10), %s text, note varchar(50), total numeric, token text, number integer, mood feeling,
                  tags text[], seen timestamptz, address mail, converted text, r integer, held text, beside json,
                  created_at timestamptz NOT NULL, PRIMARY KEY (id, %1$s))""".formatted(QUOTED),
                """
                INSERT INTO orders
                SELECT i, 'k' || i %% 7, CASE WHEN i %% 5 > 0 THEN 'n' || i END, CASE WHEN i %% 3 > 0 THEN i * 2 END,
                       md5(i::text)::uuid, CASE WHEN i %% 4 > 0 THEN i END, CASE WHEN i %% 6 > 0 THEN 'ok'::feeling END,
                       CASE WHEN i %% 5 > 0 THEN array['a', 'b"' || i] END,
                       timestamptz '2024-01-01 00:00+00' + i * interval '1 day',
                       i || '@home', CASE WHEN i %% 2 > 0 THEN 'c' || i END, i, 'h', '{"a":"\\u0000"}',
                       timestamptz '2024-01-15 12:00+00' + (i %% 12) * interval '1 month'
                FROM generate_series(1, 1500) AS i""".replace("%%", "%"),
                "CREATE TABLE words (n integer PRIMARY KEY, word text)",
                "INSERT INTO words SELECT i, 'word ' || i FROM generate_series(0, 1500) AS i",
                "ANALYZE orders");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "created_at", "id", ODD_NAME)
                .converting("id", "bigint", null, null)
                .converting(ODD_NAME, "varchar(20)", null, null)
                .converting("note", "varchar(10)", null, null)
                .converting("total", "integer", null, null)
                .converting("token", "uuid", "token::uuid", null)
                .converting("number", "text", "'n' || number", "substr(number, 2)::integer")
                .converting("mood", "text", "mood::text -- by its name", "mood::feeling")
                .converting("tags", "jsonb", "to_jsonb(tags)", """
                        CASE WHEN tags IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(tags)) END""")
                .converting("seen", "date", null, null)
                .converting("address", "varchar(30)", "address", "address::mail")
                .converting("converted", "varchar(8)", "upper(converted)", "lower(converted)")
                .converting(
                        "r",
                        "text",
                        "(SELECT word FROM public.words WHERE n = r)",
                        "(SELECT n FROM public.words WHERE word = r)");
        orders.prepare().capture();
        change(1);
        orders.copy().index();
        change(2);
        orders.replay().verify();
        change(3);
        List<String> before = contents();
        orders.swap();
        assertThat(database.queryStrings("SELECT seen FROM orders WHERE id IN (10, 11) ORDER BY id"))
                .containsExactly("2024-01-11", "2024-01-12");
        assertThat(database.queryString("SELECT converted || ' ' || r || ' ' || number FROM orders WHERE id = 17"))
                .isEqualTo("C17 word 17 n17");
        orders.reverseSwap();
        assertThat(contents()).isEqualTo(before);
        orders.swap();
        database.execute("UPDATE orders SET note = 'later', total = 7, mood = 'ok' WHERE id % 44 = 0");
        orders.reverseSwap();
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id % 44 = 0 AND note = 'later' AND total = 7"))
                .isPositive();
    }

    /** The column's name is that of a variable, of an alias, or nothing that PL/pgSQL could take unquoted. */
    @ParameterizedTest
    @CsvSource(nullValues = "-", delimiter = '|', quoteCharacter = '`', textBlock = """
            note       | varchar(50)   | 'short'                 | 'longer than ten'           | varchar(10)   | -                      | longer than ten
            converted  | varchar(50)   | 'short'                 | 'longer than ten'           | varchar(10)   | upper(converted)       | longer than ten
            r          | text          | 'abc'                   | 'abcdef'                    | char(3)       | r                      | abcdef
            held       | numeric       | 5                       | 5.5                         | integer       | -                      | 5.5
            s          | numeric       | 5                       | 5000000000                  | integer       | -                      | 5000000000
            d          | numeric       | 5                       | 'NaN'                       | bigint        | -                      | NaN
            a"b"$misfit$? | text       | '5'                     | 'five'                      | integer       | cast("a""b""$misfit$?" AS integer) | five
            token      | text          | md5('a')                | 'nonsense'                  | uuid          | token::uuid            | nonsense
            at         | timestamptz   | '2024-05-05 00:00+00'   | '2024-05-05 00:00+05:45'    | date          | -                      | 2024-05-04 18:15:00+00
            at         | timestamp     | '2024-05-05 00:00'      | '2024-05-05 00:00:00.5'     | timestamp(0)  | -                      | 2024-05-05 00:00:00.5
            at         | date          | '2024-05-05'            | '5874897-12-31'             | timestamp     | -                      | 5874897-12-31
            f          | double precision | 0.5                  | 0.1                         | real          | -                      | 0.1
            tags       | text[]        | '{a}'                   | '{a,b}'                     | text          | (SELECT t FROM unnest(tags) AS t) | {a,b}
            n          | varchar(5)[]  | '{a}'                   | '{abcde}'                   | varchar(3)[]  | -                      | {abcde}
            """)
    void aValueThatDoesNotFitIsNamedWithItsRow(
            String column, String type, String fits, String bad, String newType, String using, String shown)
            throws SQLException {
        String name = "\"" + column.replace("\"", "\"\"") + "\"";
        database.execute(
                """
                CREATE TABLE orders (id bigint, code text, beside json DEFAULT '{"a":"\\u0000"}', %s %s,
                  created_at timestamptz NOT NULL, PRIMARY KEY (id, code))""".formatted(name, type),
                """
                INSERT INTO orders (id, code, %s, created_at)
                SELECT i, 'c' || i, %s, timestamptz '2024-05-05 00:00+00' FROM generate_series(1, 100) AS i""".formatted(name, fits),
                "UPDATE orders SET %s = NULL WHERE id %% 3 = 0".formatted(name));
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "created_at", "id", "code")
                .between("2024-05", "2024-07")
                .converting(column, newType, using, null);
        orders.throughVerification();
        database.execute("UPDATE orders SET %s = %s WHERE id = 77".formatted(name, bad));

        assertThatThrownBy(orders::replay)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "A value of public.orders cannot be converted: %s of the row with id 77, code c77 is %s: "
                                .formatted(column, shown))
                .hasMessageContaining("Nothing is lost");
        database.execute("UPDATE orders SET %s = %s WHERE id = 77".formatted(name, fits));
        orders.replay().verify();
    }

    @Test
    void onlyTheBeginningOfALongValueIsShown() throws SQLException {
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, note text, created_at timestamptz NOT NULL)",
                "INSERT INTO orders VALUES (1, repeat('long ', 100000), '2024-05-05')");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "created_at", "id")
                .converting("note", "varchar(10)", null, null)
                .prepare()
                .capture();

        assertThatThrownBy(orders::copy)
                .isInstanceOf(PartitionException.class)
                .satisfies(e -> assertThat(e.getMessage().length()).isLessThan(2_000));
    }

    /** A key that only the new type can hold is looked up in the old one, and is not there. */
    @Test
    void aKeyBeyondTheOtherTypeIsNoErrorUntilItIsWritten() throws Exception {
        database.execute(
                "CREATE TABLE orders (id integer PRIMARY KEY, note text, created_at timestamptz NOT NULL)",
                "INSERT INTO orders SELECT i, 'n', '2024-05-05' FROM generate_series(1, 100) AS i");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "created_at", "id")
                .converting("id", "numeric", null, null)
                .throughSwap();
        database.execute("INSERT INTO orders VALUES (5000000000, 'big', '2024-05-05'), (1.5, 'half', '2024-05-05')");
        database.execute("DELETE FROM orders WHERE id IN (5000000000, 1.5)");

        orders.reverseSwap();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(100);
    }
}
