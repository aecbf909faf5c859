package liquibase.ext.partition.engine.retirement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of a finished archive: nothing, whatever happens to its table, its record or its database. */
@ExtendWith(FreshDatabase.class)
class EarlierArchiveTest {
    private static final Pattern REMEDY =
            Pattern.compile("UPDATE \\S*partition_retirement\\S* SET [^;]* WHERE id = \\S+(?=;)");

    private TestDatabase database;

    @TempDir
    private Path archive;

    private MigrationFixture orders() throws SQLException {
        return MigrationFixture.ofOrders(database, 30, 3).throughSwap().dropBackup();
    }

    private Path january() {
        return archive.resolve("public.orders_202401-1");
    }

    private Path second() {
        return archive.resolve("public.orders_202401-1.2");
    }

    private String state() {
        return database.queryString(
                "SELECT state || ' ' || coalesce(archived_rows::text, 'not archived') FROM partition_retirement ORDER BY id DESC LIMIT 1");
    }

    private boolean isThere() {
        return database.queryString("SELECT to_regclass('orders_202401') IS NOT NULL")
                .equals("t");
    }

    /** Every file with its content and the time of its last change. */
    private static Map<String, String> content(Path directory) throws IOException {
        Map<String, String> content = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                content.put(
                        file.getFileName().toString(),
                        Files.getLastModifiedTime(file) + " " + Arrays.hashCode(Files.readAllBytes(file)));
            }
        }
        return content;
    }

    private static String last(MigrationFixture table) {
        return table.lines().get(table.lines().size() - 1);
    }

    private static String remedy(MigrationFixture table) {
        return REMEDY.matcher(last(table))
                .results()
                .map(MatchResult::group)
                .findFirst()
                .orElseThrow(() -> new AssertionError(last(table)));
    }

    /** As if the run had been killed after the manifest, before the record. */
    private void forgetRecord() {
        database.execute(
                "UPDATE partition_retirement SET archive_directory = NULL, archive_sha256 = NULL, archived_rows = NULL");
    }

    @Test
    void anEmptiedTableIsNeitherArchivedAnewNorDroppedUntilSomebodyDecides() throws Exception {
        MigrationFixture orders = orders();
        List<String> rows = orders.rows();
        orders.archiveBefore("2024-02", archive);
        Map<String, String> files = content(january());
        database.execute("TRUNCATE orders_202401");

        for (int i = 0; i < 2; i++) {
            orders.dropRetired();
            assertThat(last(orders))
                    .contains(
                            "WARNING: public.orders_202401, which has left public.orders, is not dropped: it has 0 rows, and the archive in "
                                    + january() + " has the 10 that it had",
                            "generator restore --archive " + january());
            orders.archiveBefore("2024-02", archive);
        }

        assertThat(state()).isEqualTo("detached 10");
        assertThat(isThere()).isTrue();
        assertThat(content(january())).isEqualTo(files);
        assertThat(second()).doesNotExist();
        assertThat(last(orders)).contains("run DROP TABLE \"public\".\"orders_202401\";");
        database.execute("DROP TABLE \"public\".\"orders_202401\"");
        orders.dropRetired();
        assertThat(state()).isEqualTo("dropped 10");
        orders.undoRetirement();
        assertThat(orders.rows()).isEqualTo(rows);
    }

    @Test
    void whatPeopleWantArchivedAnewGoesIntoAnotherDirectory() throws Exception {
        MigrationFixture orders = orders().archiveBefore("2024-02", archive);
        Map<String, String> files = content(january());
        database.execute("DELETE FROM orders_202401 WHERE id = 12");
        orders.dropRetired();

        database.execute(remedy(orders));
        assertThat(state()).isEqualTo("detached not archived");
        orders.archiveBefore("2024-02", archive);

        assertThat(state()).isEqualTo("detached 9");
        assertThat(last(orders))
                .contains(
                        "the 9 rows of public.orders_202401 are in " + second() + ",",
                        "An earlier archive of it stays in " + january());
        assertThat(content(january())).isEqualTo(files);
        orders.dropRetired();
        assertThat(isThere()).isFalse();
        assertThat(content(january())).isEqualTo(files);
    }

    /** The action changes a row, in the block in which it was; none is missing. */
    @Test
    void whatAForeignKeyHasChangedIsArchivedAnewUnlessTheTableIsEmptiedMeanwhile() throws Exception {
        MigrationFixture orders = orders();
        database.execute(
                "CREATE TABLE prices (amount numeric PRIMARY KEY)",
                "INSERT INTO prices SELECT DISTINCT amount FROM orders WHERE amount IS NOT NULL",
                "ALTER TABLE orders ADD FOREIGN KEY (amount) REFERENCES prices ON DELETE SET NULL");
        orders.archiveBefore("2024-02", archive);
        Map<String, String> files = content(january());
        database.execute("DELETE FROM prices WHERE amount = 3");

        orders.dropRetired();
        assertThat(last(orders))
                .contains("rows of it were changed since they were written to " + january(), "that one stays");
        database.execute("CREATE TABLE saved AS SELECT * FROM orders_202401", "TRUNCATE orders_202401");
        orders.archiveBefore("2024-02", archive).dropRetired();
        assertThat(isThere()).isTrue();
        orders.archiveBefore("2024-02", archive);
        assertThat(last(orders))
                .contains("WARNING: public.orders_202401 has 0 rows, fewer than the 10 of its earlier archive in "
                        + january());
        database.execute(remedy(orders));
        orders.archiveBefore("2024-02", archive).dropRetired();

        assertThat(state()).isEqualTo("dropped 0");
        assertThat(isThere()).isFalse();
        assertThat(archive.resolve("public.orders_202401-1.3")).exists();
        assertThat(content(january())).isEqualTo(files);
    }

    @Test
    void whereTheFilesAreLostAndTheTableIsThereItIsArchivedAnew() throws Exception {
        MigrationFixture orders = orders().archiveBefore("2024-02", archive);
        Files.move(january(), archive.resolve("lost"));
        orders.dropRetired();
        assertThat(last(orders))
                .contains("is not dropped: ", "has no manifest.json", "The archive was written on ", "and had 10 rows");

        database.execute(remedy(orders));
        orders.archiveBefore("2024-02", archive).dropRetired();

        assertThat(state()).isEqualTo("dropped 10");
        assertThat(second().resolve("manifest.json")).exists();
    }

    @Test
    void theUpdateThatArchivesDoesNotDrop() throws Exception {
        MigrationFixture orders = orders().archiveBefore("2024-02", archive);

        orders.step("dropRetiredPartitions", run -> RetiredDrop.run(run, MigrationFixture.LOCK, "an update"));

        assertThat(last(orders))
                .contains(
                        "public.orders_202401, which has left public.orders, was archived by this update. The next one");
        assertThat(isThere()).isTrue();
        orders.dropRetired();
        assertThat(isThere()).isFalse();
    }

    @Test
    void aFinishedArchiveThatIsNotRecordedIsTakenAsItIsOrNotAtAll() throws Exception {
        MigrationFixture orders = orders().archiveBefore("2024-02", archive);
        Map<String, String> files = content(january());
        forgetRecord();

        orders.archiveBefore("2024-02", archive);

        assertThat(state()).isEqualTo("detached 10");
        assertThat(content(january())).isEqualTo(files);
        forgetRecord();
        database.execute("TRUNCATE orders_202401");
        assertThatThrownBy(() -> orders.archiveBefore("2024-02", archive))
                .hasMessageContaining(
                        january() + " has a finished archive of public.orders_202401, of which no record knows")
                .hasMessageContaining("it has 0 rows")
                .hasMessageContaining("move that directory away");
        assertThat(content(january())).isEqualTo(files);
        Files.move(january(), archive.resolve("away"));
        orders.archiveBefore("2024-02", archive);
        assertThat(state()).isEqualTo("detached 0");
    }

    /** A clone has the record, with the same run and number, and writes to the same disk. */
    @Test
    void aCloneOfTheDatabaseWritesNothingIntoAnArchive() throws Exception {
        MigrationFixture orders = orders().archiveBefore("2024-02", archive);
        Map<String, String> files = content(january());
        assertThat(Files.readString(january().resolve("archive-of")))
                .contains(
                        "database "
                                + database.queryString(
                                        "SELECT oid::text FROM pg_database WHERE datname = current_database()"),
                        "cluster " + database.queryString("SELECT system_identifier::text FROM pg_control_system()"));
        forgetRecord();
        database.execute("DELETE FROM orders_202401", "UPDATE partition_retirement SET archive_token = NULL");

        assertThatThrownBy(() -> orders.archiveBefore("2024-02", archive))
                .hasMessageContaining(january() + " is there already, with other content");

        assertThat(content(january())).isEqualTo(files);
    }

    @Test
    void nobodyElseCanReadWhatIsArchivedOrHavePreparedTheDirectory() throws Exception {
        MigrationFixture orders = orders();
        Files.createDirectory(archive.resolve("elsewhere"));
        Files.createSymbolicLink(january(), archive.resolve("elsewhere"));
        assertThatThrownBy(() -> orders.archiveBefore("2024-02", archive)).hasMessageContaining("a symbolic link");
        Files.delete(january());
        Files.createDirectory(january());
        Files.setPosixFilePermissions(january(), PosixFilePermissions.fromString("rwxrwxr-x"));
        assertThatThrownBy(() -> orders.archiveBefore("2024-02", archive))
                .hasMessageContaining(january() + " can be written to by others than its owner (rwxrwxr-x)");
        Files.delete(january());

        orders.archiveBefore("2024-02", archive);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(january())))
                .isEqualTo("rwx------");
        try (Stream<Path> files = Files.list(january())) {
            assertThat(files.toList())
                    .hasSize(3)
                    .allSatisfy(file -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                            .isEqualTo("rw-------"));
        }
        assertThat(archive.resolve("elsewhere")).isEmptyDirectory();
    }

    @Test
    void theManifestIsTheSameInEveryLocale() throws Exception {
        MigrationFixture orders = orders();
        Locale locale = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            orders.archiveBefore("2024-02", archive).dropRetired();
        } finally {
            Locale.setDefault(locale);
        }

        assertThat(Files.readString(january().resolve("manifest.json"))).contains("\"rows\": 10,");
        assertThat(state()).isEqualTo("dropped 10");
    }
}
