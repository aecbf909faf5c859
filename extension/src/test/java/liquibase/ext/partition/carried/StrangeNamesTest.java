package liquibase.ext.partition.carried;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.testing.DatabaseListing;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names that need quotes, names that leave no room for a suffix, and texts that look like statements. */
@ExtendWith(FreshDatabase.class)
class StrangeNamesTest {
    private static final String SCHEMA = "we\"ird";

    /** Each would end something in SQL if it were taken for more than a text. */
    private static final List<String> HOSTILE = List.of(
            "; DROP TABLE victim; --",
            "'; DROP TABLE victim; --",
            "\"; DROP TABLE victim; --",
            "\\'; DROP TABLE victim; --",
            "$$; DROP TABLE victim; --",
            "$capture$; DROP TABLE victim; --",
            "*/; DROP TABLE victim; /*",
            "\n; DROP TABLE victim; --",
            "{table} {source} {name}",
            "%s %1$s ? :x ${y} #{z}");

    private static String quoted(String name) {
        return new Identifier(name).quoted();
    }

    private static String literal(String text) {
        return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'";
    }

    /** A name of the greatest length that differs from another one only at its end. */
    private static String longest(String begin, int number) {
        String end = "%02d".formatted(number);
        int room = Identifier.MAX_BYTES - Identifier.byteLength(begin + end);
        return begin + "x".repeat(room) + end;
    }

    private static void run(TestDatabase database, String owner, List<String> statements) throws SQLException {
        try (Connection connection = database.connect(owner, owner);
                Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            for (String sql : statements) {
                try {
                    statement.execute(sql);
                } catch (SQLException e) {
                    throw new SQLException(e.getMessage() + "\nfrom " + sql, e);
                }
            }
        }
    }

    private static void assertComesAlongAndGoesBack(MigrationFixture migration, String partitionColumn)
            throws SQLException {
        TestDatabase database = migration.database();
        CatalogDescription before = CatalogDescription.of(database, migration.source());
        List<String> listing = DatabaseListing.of(database);
        String table = migration.source().quoted();
        List<String> rows = database.queryStrings("SELECT t::text FROM %s AS t ORDER BY 1".formatted(table));
        assertThat(rows).isNotEmpty();
        List<String> announced = AnnouncedChanges.of(migration, before, partitionColumn);

        migration.prepare().capture().copy().index();
        database.execute("UPDATE %1$s SET %2$s = %2$s".formatted(table, partitionColumn));
        migration.replay().verify().swap();

        assertThat(CatalogDescription.differences(before, CatalogDescription.of(database, migration.source())))
                .containsExactlyInAnyOrderElementsOf(announced);
        assertThat(database.queryStrings("SELECT t::text FROM %s AS t ORDER BY 1".formatted(table)))
                .isEqualTo(rows);
        database.execute("UPDATE %1$s SET %2$s = %2$s".formatted(table, partitionColumn));

        migration.reverseSwap();

        assertThat(CatalogDescription.differences(before, CatalogDescription.of(database, migration.source())))
                .isEmpty();
        assertThat(database.queryStrings("SELECT t::text FROM %s AS t ORDER BY 1".formatted(table)))
                .isEqualTo(rows);
        migration.undo();
        DatabaseListing.assertIsStill(listing, database);
    }

    static List<String> tables() {
        return List.of("Order Items", longest("имя, которое занимает все байты", 1));
    }

    @ParameterizedTest
    @MethodSource("tables")
    void namesOfAnyKindAndLengthComeAlongWithFortyIndexes(String table, TestDatabase database) throws SQLException {
        String quotedTable = quoted(SCHEMA) + "." + quoted(table);
        String owner = database.createRole("owner", "");
        String reader = database.createRole("reader", "");
        database.execute(
                "CREATE SCHEMA %s AUTHORIZATION %s".formatted(quoted(SCHEMA), owner),
                "GRANT ALL ON SCHEMA public TO " + owner);
        List<String> made = new ArrayList<>(List.of(
                "CREATE SEQUENCE %s.%s".formatted(quoted(SCHEMA), quoted(longest("sequence ", 1))),
                """
                CREATE TABLE %s (
                  "ключ" bigint GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME %s.%s), "select" integer NOT NULL,
                  "a.b" timestamptz NOT NULL, "$1" text DEFAULT '$1', "a'b" text DEFAULT 'a''b' || nextval(%s), %s text DEFAULT 'long',
                  CONSTRAINT %s PRIMARY KEY ("ключ", "select"),
                  CONSTRAINT %s CHECK ("a'b" <> '{hole}'), CONSTRAINT %s CHECK ("select" > 0))""".formatted(
                                quotedTable,
                                quoted(SCHEMA),
                                quoted(longest("идентичность", 1)),
                                literal(quoted(SCHEMA) + "." + quoted(longest("sequence ", 1))),
                                quoted(longest("column ", 1)),
                                quoted(longest("key ", 1)),
                                quoted(longest("check \"", 1)),
                                quoted(longest("check \"", 2))),
                "ALTER SEQUENCE %s.%s OWNED BY %s.\"a'b\""
                        .formatted(quoted(SCHEMA), quoted(longest("sequence ", 1)), quotedTable),
                "CREATE FUNCTION %s.%s() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN coalesce(NEW, OLD); END $$"
                        .formatted(quoted(SCHEMA), quoted(longest("function ", 1))),
                "GRANT SELECT (\"a.b\", %s), INSERT ON %s TO %s"
                        .formatted(quoted(longest("column ", 1)), quotedTable, reader),
                "COMMENT ON TABLE %s IS 'table'".formatted(quotedTable),
                "INSERT INTO %s (\"select\", \"a.b\") SELECT i, timestamptz '2024-01-01 00:00+00' + i * interval '2 days' FROM generate_series(1, 40) AS i"
                        .formatted(quotedTable)));
        for (int i = 0; i < 40; i++) {
            String column = List.of(
                            "\"ключ\"", "\"select\"", "\"a.b\"", "\"$1\"", "\"a'b\"", quoted(longest("column ", 1)))
                    .get(i % 6);
            made.add("CREATE INDEX %s ON %s (%s)".formatted(quoted(longest("индекс ", i)), quotedTable, column));
        }
        for (int i = 0; i < 3; i++) {
            made.add("CREATE TRIGGER %s AFTER UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION %s.%s()"
                    .formatted(
                            quoted(longest("триггер", i)),
                            quotedTable,
                            quoted(SCHEMA),
                            quoted(longest("function ", 1))));
        }
        run(database, owner, made);

        assertComesAlongAndGoesBack(
                MigrationFixture.of(database, SCHEMA, table, "a.b", "ключ", "select")
                        .between("2024-01", "2024-03")
                        .as(owner),
                "\"a.b\"");
    }

    /** Also with the old setting in which a backslash in a plain string constant is an escape. */
    @ParameterizedTest
    @ValueSource(strings = {"on", "off"})
    void aTextIsNeverTakenForAStatement(String conformingStrings, TestDatabase database) throws SQLException {
        database.execute(
                "ALTER DATABASE %s SET standard_conforming_strings = %s".formatted(database.name(), conformingStrings));
        String owner = database.createRole("o'w\"n\\er;--", "");
        String reader = database.createRole("$$; DROP TABLE victim; --", "");
        String schema = "*/ $capture$ {x}";
        String name = "'; DROP TABLE victim; --";
        String table = quoted(schema) + "." + quoted(name);
        String time = HOSTILE.get(2) + " at";
        database.execute(
                "CREATE SCHEMA %s AUTHORIZATION %s".formatted(quoted(schema), quoted(owner)),
                "GRANT ALL ON SCHEMA public TO " + quoted(owner));
        List<String> made = new ArrayList<>(List.of(
                "CREATE TABLE public.victim (id integer)",
                "INSERT INTO public.victim VALUES (1)",
                "CREATE TYPE %s.labels AS ENUM (%s)"
                        .formatted(
                                quoted(schema),
                                String.join(
                                        ", ",
                                        HOSTILE.stream()
                                                .map(StrangeNamesTest::literal)
                                                .toList())),
                "CREATE FUNCTION %s.fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN coalesce(NEW, OLD); END $$"
                        .formatted(quoted(schema)),
                "CREATE TABLE %s (%s bigserial, %s date NOT NULL, label %s.labels DEFAULT %s, CONSTRAINT %s PRIMARY KEY (%s))"
                        .formatted(
                                table,
                                quoted(HOSTILE.get(3)),
                                quoted(time),
                                quoted(schema),
                                literal(HOSTILE.get(1)),
                                quoted(HOSTILE.get(0) + " key"),
                                quoted(HOSTILE.get(3))),
                "COMMENT ON TABLE %s IS %s".formatted(table, literal(String.join(" ", HOSTILE))),
                "GRANT SELECT ON %s TO %s WITH GRANT OPTION".formatted(table, quoted(reader))));
        for (int i = 0; i < HOSTILE.size(); i++) {
            String text = HOSTILE.get(i);
            String column = quoted(text + " c");
            made.add("ALTER TABLE %s ADD COLUMN %s text DEFAULT %s".formatted(table, column, literal(text)));
            made.add("COMMENT ON COLUMN %s.%s IS %s".formatted(table, column, literal(text)));
            made.add("CREATE INDEX %s ON %s (lower(%s)) WHERE %s <> %s"
                    .formatted(quoted(text + " i"), table, column, column, literal(text + "x")));
            made.add("ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s <> %s)"
                    .formatted(table, quoted(text + " k"), column, literal(text + "x")));
            made.add(
                    "CREATE TRIGGER %s AFTER UPDATE OF %s ON %s FOR EACH ROW WHEN (NEW.%s <> %s) EXECUTE FUNCTION %s.fire(%s)"
                            .formatted(
                                    quoted(text + " t"),
                                    column,
                                    table,
                                    column,
                                    literal(text),
                                    quoted(schema),
                                    literal(text)));
            made.add("GRANT UPDATE (%s) ON %s TO %s".formatted(column, table, quoted(reader)));
            made.add("COMMENT ON INDEX %s.%s IS %s".formatted(quoted(schema), quoted(text + " i"), literal(text)));
            made.add("COMMENT ON CONSTRAINT %s ON %s IS %s".formatted(quoted(text + " k"), table, literal(text)));
            made.add("COMMENT ON TRIGGER %s ON %s IS %s".formatted(quoted(text + " t"), table, literal(text)));
            made.add("CREATE POLICY %s ON %s TO %s USING (%s <> %s)"
                    .formatted(quoted(text + " p"), table, quoted(reader), column, literal(text)));
            made.add("COMMENT ON POLICY %s ON %s IS %s".formatted(quoted(text + " p"), table, literal(text)));
            String view = quoted(schema) + "." + quoted(text + " v");
            made.add(
                    "CREATE VIEW %s AS SELECT %s, %s::text AS t FROM %s".formatted(view, column, literal(text), table));
            made.add("COMMENT ON VIEW %s IS %s".formatted(view, literal(text)));
            made.add("GRANT SELECT ON %s TO %s".formatted(view, quoted(reader)));
            made.add("CREATE FUNCTION %s.%s() RETURNS SETOF %s LANGUAGE sql AS %s"
                    .formatted(
                            quoted(schema),
                            quoted(text + " f"),
                            table,
                            literal("SELECT * FROM %s WHERE %s <> %s".formatted(table, column, literal(text)))));
            made.add("CREATE TABLE %s.%s (id integer PRIMARY KEY)".formatted(quoted(schema), quoted(text + " r")));
            made.add("ALTER TABLE %s ADD COLUMN %s integer CONSTRAINT %s REFERENCES %s.%s"
                    .formatted(table, quoted(text + " fk"), quoted(text + " fk"), quoted(schema), quoted(text + " r")));
            made.add("CREATE STATISTICS %s.%s ON label, (%s || %s) FROM %s"
                    .formatted(quoted(schema), quoted(text + " s"), column, literal(text), table));
        }
        made.add("INSERT INTO %s (%s) SELECT date '2024-01-01' + i FROM generate_series(1, 50) AS i"
                .formatted(table, quoted(time)));
        run(database, owner, made);

        assertComesAlongAndGoesBack(
                MigrationFixture.of(database, schema, name, time, HOSTILE.get(3))
                        .between("2024-01", "2024-03")
                        .as(owner),
                quoted(time));

        assertThat(database.queryLong("SELECT count(*) FROM public.victim")).isEqualTo(1);
    }
}
