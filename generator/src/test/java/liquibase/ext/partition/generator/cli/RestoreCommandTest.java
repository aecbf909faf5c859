package liquibase.ext.partition.generator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import liquibase.ext.partition.engine.retirement.archive.ArchiveDirectory;
import liquibase.ext.partition.engine.retirement.archive.FileArchive;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(FreshDatabase.class)
class RestoreCommandTest {
    private static final QualifiedName JANUARY = QualifiedName.of("public", "January 2024");

    @TempDir
    private Path directory;

    private final Terminal terminal = new Terminal();
    private TestDatabase database;
    private ArchiveDirectory archive;

    @BeforeEach
    void archive() throws SQLException {
        database.execute(
                "CREATE TABLE \"January 2024\" (id bigint NOT NULL, \"No,te\" varchar(20), at timestamptz, tags text[])",
                "INSERT INTO \"January 2024\" SELECT i, CASE i % 3 WHEN 0 THEN '' WHEN 1 THEN E'a\\n\"b\"' END, timestamptz '2024-01-01' + i * interval '1 hour', ARRAY[NULL, '', 'x'] FROM generate_series(1, 100) AS i");
        archive = ArchiveDirectory.of(directory, JANUARY, 7);
        try (Connection connection = database.connect()) {
            FileArchive.write(
                    Session.pinned(connection),
                    line -> {},
                    archive,
                    JANUARY,
                    "a test",
                    QualifiedName.of("public", "orders"),
                    JANUARY,
                    "FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')");
        }
    }

    private int restore(String... more) {
        terminal.out.getBuffer().setLength(0);
        terminal.err.getBuffer().setLength(0);
        return terminal.run(Stream.concat(
                        Stream.of(
                                "restore",
                                "--archive=" + archive,
                                "--url=" + database.url(),
                                "--username=" + database.username(),
                                "--password=" + database.password()),
                        Stream.of(more))
                .toArray(String[]::new));
    }

    private long differences(String table) {
        return database.queryLong("""
                SELECT count(*) FROM (SELECT * FROM %1$s EXCEPT ALL SELECT * FROM "January 2024") AS a
                FULL JOIN (SELECT * FROM "January 2024" EXCEPT ALL SELECT * FROM %1$s) AS b ON false""".formatted(table));
    }

    @Test
    void rowsAreBackInATableThatIsMadeForThem() {
        assertThat(restore("--table=public.back")).as(terminal.err.toString()).isZero();

        assertThat(terminal.out.toString())
                .contains(
                        "public.January 2024 of public.orders, FOR VALUES FROM ('2024-01-01') TO ('2024-02-01'); 100 rows in 1 file",
                        "public.back is made, with the columns of the archive. Nobody but its owner has a right on it",
                        "public.back has the 100 rows of the archive; each was compared.");
        assertThat(database.queryLong("SELECT count(*) FROM back")).isEqualTo(100);
        assertThat(differences("back")).isZero();
        assertThat(
                        database.queryStrings(
                                "SELECT attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull FROM pg_attribute WHERE attrelid = 'back'::regclass AND attnum > 0 ORDER BY attnum"))
                .containsExactly(
                        "id bigint true",
                        "No,te character varying(20) false",
                        "at timestamp with time zone false",
                        "tags text[] false");
    }

    @Test
    void aTableThatDoesNotFitOrHasRowsIsRefused() {
        assertThat(restore()).isEqualTo(ExitCodes.USAGE);
        assertThat(terminal.err.toString())
                .contains("public.January 2024 has rows already", "nothing was restored into it")
                .doesNotContain("TRUNCATE");
        database.execute("CREATE TABLE back (id int NOT NULL, \"No,te\" varchar(20), at timestamptz, tags text[])");
        assertThat(restore("--table=public.back")).isEqualTo(ExitCodes.USAGE);
        assertThat(terminal.err.toString())
                .contains("public.back has the columns [id integer, ", "has [id bigint, ", "Nothing was restored.");
        assertThat(restore("--table=back")).isEqualTo(ExitCodes.USAGE);
        assertThat(terminal.err.toString()).contains("Write the schema too");
        database.execute("TRUNCATE \"January 2024\"");
        assertThat(restore()).as(terminal.err.toString()).isZero();
        database.execute(
                "DROP TABLE back",
                "CREATE TABLE back (LIKE \"January 2024\")",
                "CREATE FUNCTION less() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN CASE WHEN NEW.id <> 5 THEN NEW END; END'",
                "CREATE TRIGGER less BEFORE INSERT ON back FOR EACH ROW EXECUTE FUNCTION less()");
        assertThat(restore("--table=public.back")).isEqualTo(ExitCodes.USAGE);
        assertThat(terminal.err.toString())
                .contains(
                        "public.back has the trigger less, which would fire for each row with the rights of this run");
        assertThat(database.queryLong("SELECT count(*) FROM back")).isZero();
    }

    @Test
    void filesThatAreNotAsTheyWereWrittenAreRefusedBeforeARowIsRestored() throws IOException {
        assertThat(restore("--check")).isZero();
        assertThat(restore("--check", "--sha256=" + "0".repeat(64))).isEqualTo(ExitCodes.USAGE);
        assertThat(terminal.err.toString()).contains("manifest.json", "its SHA-256 is another");
        Path file = archive.path().resolve("rows-0000000000-0000000002.csv.gz");
        assertThat(file).exists();
        byte[] rows = Files.readAllBytes(file);
        rows[rows.length / 2] ^= 1;
        Files.write(file, rows);

        assertThat(restore("--table=public.back")).isEqualTo(ExitCodes.USAGE);
        assertThat(terminal.err.toString())
                .contains(
                        "is not the file that was written and compared: its SHA-256 is another. Put that back, from a copy.");
        Files.delete(file);
        assertThat(restore("--check")).isEqualTo(ExitCodes.USAGE);
        assertThat(terminal.err.toString()).contains("cannot be read on ", "is not there");
        Files.writeString(archive.path().resolve("manifest.json"), "{\"format\": 1");
        assertThat(restore("--check")).isEqualTo(ExitCodes.USAGE);
        assertThat(terminal.err.toString()).contains("manifest.json is no manifest of an archive");
        assertThat(database.queryString("SELECT to_regclass('back') IS NULL")).isEqualTo("t");
    }

    /** Both were changed, so that they fit each other by SHA-256. */
    @Test
    void theCheckReadsEveryRow() throws Exception {
        assertThat(restore("--check")).isZero();
        assertThat(terminal.out.toString()).contains("Every row of the files was read, and is as the manifest says.");
        Path file = archive.path().resolve("rows-0000000000-0000000002.csv.gz");
        String before = sha256(file);
        try (GZIPOutputStream csv = new GZIPOutputStream(Files.newOutputStream(file))) {
            csv.write("id,\"No,te\",at,tags\n1,,,\n".getBytes(StandardCharsets.UTF_8));
        }
        Path manifest = archive.path().resolve("manifest.json");
        Files.writeString(manifest, Files.readString(manifest).replace(before, sha256(file)));

        assertThat(restore("--check")).isEqualTo(ExitCodes.USAGE);

        assertThat(terminal.err.toString())
                .contains("cannot be relied on: it has 1 rows, which are not the 100 of the manifest");
    }

    private static String sha256(Path file) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }

    @Test
    void aManifestWhoseFilesAreNotAllIsRefused() throws IOException {
        Path manifest = archive.path().resolve("manifest.json");
        String whole = Files.readString(manifest);
        for (Map.Entry<String, String> broken : Map.of(
                        whole.replaceFirst("(?s)\"files\": \\[.*\\]", "\"files\": []"),
                                "its files have 0 rows, which are not the 100 that it says",
                        whole.replace("\"from_block\": 0", "\"from_block\": 1"), "no file has the rows of block 0",
                        whole.replace("\"name\": \"rows-", "\"name\": \"../rows-"),
                                "is not the name of the file of its blocks")
                .entrySet()) {
            Files.writeString(manifest, broken.getKey());

            assertThat(restore("--check")).isEqualTo(ExitCodes.USAGE);

            assertThat(terminal.err.toString())
                    .contains("manifest.json is no manifest of a whole archive: ", broken.getValue());
        }
    }
}
