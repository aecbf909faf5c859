package liquibase.ext.partition.engine.retirement.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What {@code generator restore} does with archives that others may have written, and tables that others use. */
@ExtendWith(FreshDatabase.class)
class FileRestorationTest {
    private static final QualifiedName JANUARY = QualifiedName.of("public", "january");
    private static final QualifiedName BACK = QualifiedName.of("public", "back");

    private TestDatabase database;

    @TempDir
    private Path root;

    private ArchiveDirectory archive() {
        return new ArchiveDirectory(root.resolve("january"));
    }

    private void write(String... statements) throws SQLException {
        database.execute(statements);
        try (Connection connection = database.connect()) {
            FileArchive.write(
                    Session.pinned(connection),
                    line -> {},
                    archive(),
                    JANUARY,
                    "a test",
                    QualifiedName.of("public", "orders"),
                    JANUARY,
                    null);
        }
    }

    private long restore() throws SQLException {
        try (Connection connection = database.connect()) {
            return FileRestoration.of(Session.pinned(connection), line -> {}, archive(), null)
                    .into(BACK);
        }
    }

    private void create() throws SQLException {
        try (Connection connection = database.connect()) {
            FileRestoration.of(Session.pinned(connection), line -> {}, archive(), null)
                    .create(BACK);
        }
    }

    private void changeManifest(String from, String to) throws IOException {
        Path manifest = archive().path().resolve("manifest.json");
        String json = Files.readString(manifest);
        assertThat(json).contains(from);
        Files.writeString(manifest, json.replace(from, to));
    }

    private long differences() {
        return database.queryLong("""
                SELECT count(*) FROM (SELECT j::text FROM january AS j EXCEPT ALL SELECT b::text FROM back AS b) AS d""");
    }

    @Test
    void aTypeInTheManifestIsANameAndNeverSql() throws Exception {
        write("CREATE TABLE january (id bigint, n numeric(10,2))", "INSERT INTO january VALUES (1, 2)");
        for (String type : new String[] {
            "bigint); CREATE TABLE public.pwned (x int",
            "bigint DEFAULT (1)",
            "bigint --",
            "bigint/**/",
            "bigint) --",
            "numeric(1); DROP TABLE january; --)",
            "no_such_type",
            "bigint CHECK (public.f())",
            ""
        }) {
            changeManifest("\"type\": \"bigint\"", "\"type\": \"%s\"".formatted(type));
            assertThatThrownBy(this::create)
                    .as(type)
                    .isInstanceOf(PartitionException.class)
                    .hasMessageContaining("<%s>, which is none of this database", type);
            changeManifest("\"type\": \"%s\"".formatted(type), "\"type\": \"bigint\"");
        }
        assertThat(database.queryString("SELECT to_regclass('pwned') IS NULL AND to_regclass('back') IS NULL"))
                .isEqualTo("t");
    }

    @Test
    void everyTypeComesBackWithItsModifiers() throws Exception {
        write(
                "CREATE SCHEMA \"S s\"",
                "CREATE TYPE \"S s\".\"odd (x)\" AS ENUM ('a')",
                "CREATE DOMAIN public.code AS varchar(3)",
                """
                CREATE TABLE january (a varchar(20), b numeric(10,2)[], c bpchar, d char, e char(4), f bit(3), g varbit(5), h timestamp(3) with time zone,
                  i time(0), j interval day to second(3), k interval(2), l interval year to month[], m "S s"."odd (x)"[], n code, o "char", p name, q int4range,
                  r double precision, s bit, t numeric(3,0), u regclass)""",
                "INSERT INTO january (a, m, u) VALUES ('x', '{a,NULL}', 'pg_class')");

        create();

        assertThat(restore()).isEqualTo(1);
        assertThat(differences()).isZero();
        String types =
                "SELECT string_agg(format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attnum > 0 AND attrelid = ";
        assertThat(database.queryString(types + "'back'::regclass"))
                .isEqualTo(database.queryString(types + "'january'::regclass"));
    }

    @Test
    void aTableThatIsMadeHasNoRightsFromDefaultPrivileges() throws Exception {
        write("CREATE TABLE january (id bigint)", "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC");

        create();

        assertThat(
                        database.queryLong(
                                "SELECT count(*) FROM pg_class CROSS JOIN aclexplode(relacl) AS a WHERE oid = 'back'::regclass AND a.grantee <> relowner"))
                .isZero();
    }

    @Test
    void noTableIsFilledButAnOrdinaryOneThatIsEmpty() throws Exception {
        write("CREATE TABLE january (id bigint, at date)", "INSERT INTO january VALUES (1, '2024-01-01')");
        database.execute(
                "CREATE TABLE back (id bigint, at date) PARTITION BY RANGE (at)",
                "CREATE TABLE back_1 PARTITION OF back DEFAULT");
        assertThatThrownBy(this::restore)
                .hasMessageContaining("public.back is no ordinary table. Nothing was restored.");
        assertThat(database.queryLong("SELECT count(*) FROM back")).isZero();
        database.execute("DROP TABLE back", "CREATE TABLE back (LIKE january)");
        try (Connection writer = database.connect()) {
            writer.setAutoCommit(false);
            writer.createStatement().execute("INSERT INTO back VALUES (7, NULL)");
            assertThatThrownBy(this::restore)
                    .hasMessageContaining("public.back could not be locked within 5s, because others use it");
            writer.commit();
        }
        assertThatThrownBy(this::restore)
                .hasMessageContaining("public.back has rows already")
                .hasMessageNotContaining("TRUNCATE");
        assertThat(database.queryLong("SELECT sum(id) FROM back")).isEqualTo(7);
    }

    @Test
    void noTriggerFiresWithTheRightsOfTheRun() throws Exception {
        write("CREATE TABLE january (id bigint)", "INSERT INTO january VALUES (1)");
        database.execute(
                "CREATE TABLE fired ()",
                "CREATE TABLE back (LIKE january)",
                "CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.fired DEFAULT VALUES; RETURN NEW; END'",
                "CREATE TRIGGER \"a B\" BEFORE INSERT ON back FOR EACH ROW EXECUTE FUNCTION fire()");

        assertThatThrownBy(this::restore).hasMessageContaining("has the trigger \"a B\"");
        assertThat(database.queryLong("SELECT (SELECT count(*) FROM fired) + (SELECT count(*) FROM back)"))
                .isZero();

        database.execute("ALTER TABLE \"public\".\"back\" DISABLE TRIGGER \"a B\"");
        assertThat(restore()).isEqualTo(1);
    }

    @Test
    void settingsOfTheSessionChangeNothing() throws Exception {
        write("CREATE TABLE january (id bigint, a text[], r regclass, doc json)", """
                INSERT INTO january VALUES (1, '{NULL,"NULL",x}', 'january', '{}')""");
        create();
        for (String setting : new String[] {
            "array_nulls = off",
            "quote_all_identifiers = on",
            "DateStyle = 'SQL, DMY'",
            "IntervalStyle = sql_standard",
            "bytea_output = escape",
            "xmloption = document",
            "standard_conforming_strings = off"
        }) {
            database.execute("ALTER DATABASE \"%s\" SET %s".formatted(database.name(), setting));
        }
        database.closeSessions();

        assertThat(restore()).isEqualTo(1);
        assertThat(differences()).isZero();
    }

    @Test
    void aRowThatTheTableRefusesIsExplained() throws Exception {
        write("CREATE TABLE january (id bigint, a text)", "INSERT INTO january VALUES (1, NULL)");
        database.execute("CREATE TABLE back (id bigint CHECK (id > 1), a text NOT NULL)");
        assertThatThrownBy(this::restore)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("PostgreSQL refuses a row of rows-")
                .hasMessageContaining("DROP NOT NULL");
        database.execute("ALTER TABLE back ALTER COLUMN a DROP NOT NULL");
        assertThatThrownBy(this::restore)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("add it again, NOT VALID");
        database.execute("ALTER TABLE back DROP CONSTRAINT back_id_check");
        assertThat(restore()).isEqualTo(1);
        database.execute("ALTER TABLE back ADD CONSTRAINT back_id_check CHECK (id > 1) NOT VALID");
    }
}
