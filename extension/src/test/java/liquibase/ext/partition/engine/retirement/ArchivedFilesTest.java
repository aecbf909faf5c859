package liquibase.ext.partition.engine.retirement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.state.StatusReport;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.SmallDisk;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Partitions that leave into files, and come back from there. */
@ExtendWith(FreshDatabase.class)
class ArchivedFilesTest {
    private TestDatabase database;

    @TempDir
    private Path archive;

    private MigrationFixture orders() throws SQLException {
        return MigrationFixture.ofOrders(database, 30, 3).throughSwap().dropBackup();
    }

    private List<String> tables() {
        return database.queryStrings(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname BETWEEN 'orders_202401' AND 'orders_202405' ORDER BY 1");
    }

    private List<String> partitions() {
        return database.queryStrings("""
                SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'orders'::regclass AND c.relname < 'orders_202405' ORDER BY 1""");
    }

    private String state() {
        return database.queryString(
                "SELECT state || coalesce(' ' || archived_rows, '') FROM partition_retirement ORDER BY id DESC LIMIT 1");
    }

    private static void assertSaid(MigrationFixture table, String... parts) {
        assertThat(table.lines()).anySatisfy(line -> assertThat(line).contains(parts));
    }

    private Path january() {
        return archive.resolve("public.orders_202401-1");
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(january())) {
            return files.map(it -> it.getFileName().toString()).sorted().toList();
        }
    }

    private static String csv(Path file) throws IOException {
        try (GZIPInputStream in = new GZIPInputStream(Files.newInputStream(file))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void write(Path file, String csv) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(csv.getBytes(StandardCharsets.UTF_8));
        }
        Files.write(file, bytes.toByteArray());
    }

    /** As if the run had been killed before it could record the archive. */
    private void forgetArchive() throws IOException {
        Files.delete(january().resolve("manifest.json"));
        database.execute(
                "UPDATE partition_retirement SET archive_directory = NULL, archive_sha256 = NULL, archived_rows = NULL");
    }

    @Test
    void everyValueComesBackAsItWas() throws Exception {
        database.execute(
                "CREATE TYPE mood AS ENUM ('so, so', 'fine')",
                "CREATE TYPE pair AS (a text, b int)",
                "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
                """
                CREATE TABLE orders (
                  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, created_at timestamptz NOT NULL,
                  "A ""text"", so" text, code char(4), bytes bytea, numbers int[], texts text[], doc jsonb, raw json, at timestamptz, plain timestamp(3),
                  day date, d float8, r real, n numeric, price money, span interval, bits varbit, ip inet, m mood, p pair, pos positive, range int4range,
                  u uuid, twice bigint GENERATED ALWAYS AS (id * 2) STORED)""",
                """
                INSERT INTO orders (created_at, "A ""text"", so", code, bytes, numbers, texts, doc, raw, at, plain, day, d, r, n, price, span, bits, ip, m, p, pos, range, u) VALUES
                  ('2024-01-01 00:00+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                  ('2024-01-31 23:59:59.999999+00', '', '', '', '{}', '{}', 'null', '{"a":  1, "a": 2}', 'infinity', '-infinity', 'infinity', 'NaN', '-Infinity', 'NaN', -0.01, '-1 mon +2 days -03:04:05.678', '', '::1/128', 'so, so', ROW(NULL, NULL), 1, 'empty', NULL),
                  ('2024-01-15 12:00+05:45', E'a\\nb\\r\\nc,"d"\\t\\\\.', E'\\\\.', E'\\\\x00ff0a22'::bytea, '{1,NULL,-3}', ARRAY['', NULL, 'NULL', E'x"y\\\\z', E'\\n', '{,}'], '{"k": [1.10, "\\u00e9\\ud83d\\ude00", null]}', '[ 1 ]', '0044-03-15 00:00:00+00 BC', '2024-01-15 12:00:00.123', '4713-01-01 BC', 0.1::float8 + 0.2::float8, 1e-38, 1.000, 12.34, '178000000 years', B'101', '10.0.0.0/8', 'fine', ROW('x,"', 1), 2147483647, '[1,5)', gen_random_uuid()),
                  ('2024-01-15 12:00+00', E'\\\\.\\n\\\\N', 'NULL', '"', '{{1,2},{3,4}}', NULL, '"a"', '"b"', NULL, NULL, NULL, 1e308, NULL, 1e100, NULL, '-2 days -03:04:05', NULL, NULL, NULL, ROW('', NULL), NULL, NULL, NULL),
                  ('2024-02-15 12:00+00', 'stays', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""",
                "ANALYZE orders");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "created_at", "id")
                .between("2024-01", "2024-03")
                .throughSwap()
                .dropBackup();
        List<String> rows = orders.rows();
        assertThat(rows).hasSize(5);
        String settings = "ALTER DATABASE %s SET intervalstyle = '%s'";
        database.execute(settings.formatted(database.name(), "sql_standard"));

        orders.archiveBefore("2024-02", archive).dropRetired();

        assertThat(tables()).containsExactly("orders_202402");
        database.execute(settings.formatted(database.name(), "postgres"));
        assertThat(orders.rows()).hasSize(1);
        assertThat(state()).isEqualTo("dropped 4");
        assertThat(files()).containsExactly("archive-of", "manifest.json", "rows-0000000000-0000000001.csv.gz");
        assertThat(Files.readString(january().resolve("manifest.json")))
                .contains("\"bound\": \"FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2024-02-01 00:00:00+00')\"")
                .contains("{\"name\": \"A \\\"text\\\", so\", \"type\": \"text\", \"not_null\": false}");

        orders.undoDropOfRetired();
        assertThat(state()).isEqualTo("detached 4");
        assertThat(database.messageOf("INSERT INTO orders_202401 (created_at) VALUES ('2024-01-03')"))
                .contains("nothing is written to it");
        orders.undoRetirement();

        assertThat(partitions()).containsExactly("orders_202401", "orders_202402");
        assertThat(orders.rows()).isEqualTo(rows);
        assertThat(
                        database.queryStrings(
                                "SELECT indexdef FROM pg_indexes WHERE tablename IN ('orders_202401', 'orders_202402') ORDER BY 1"))
                .hasSize(2);
    }

    @Test
    void aKilledRunGoesOnWhereItWasAndWhatItLeftIsComparedAgain() throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 30, 3);
        database.execute(
                "INSERT INTO orders SELECT i, 'new', 1, repeat('x', 450), '2024-01-20 00:00+00' FROM generate_series(1001, 9500) AS i",
                "ANALYZE orders");
        orders.throughSwap().dropBackup();
        List<String> rows = orders.rows();
        orders.archiveBefore("2024-02", archive);
        List<String> files = files();
        assertThat(files).hasSize(4);
        Path first = january().resolve(files.get(2));
        Path last = january().resolve(files.get(3));
        Object inode = Files.readAttributes(first, BasicFileAttributes.class).fileKey();

        forgetArchive();
        Files.move(last, january().resolve(files.get(3) + ".part"));
        Files.write(january().resolve(files.get(3) + ".part"), new byte[] {1, 2, 3});
        orders.archiveBefore("2024-02", archive);
        assertThat(files()).isEqualTo(files);
        assertThat(Files.readAttributes(first, BasicFileAttributes.class).fileKey())
                .isEqualTo(inode);
        assertThat(orders.lines()).noneMatch(line -> line.contains("WARNING"));

        forgetArchive();
        Files.write(first, new byte[] {1, 2, 3});
        write(last, csv(last).replaceFirst("new", "old"));
        orders.archiveBefore("2024-02", archive);

        assertSaid(orders, "WARNING: " + files.get(2), "is not what was written to it", "is written again");
        assertThat(state()).isEqualTo("detached 8510");
        orders.dropRetired().undoRetirement();
        assertThat(orders.rows()).isEqualTo(rows);
    }

    @Test
    void nothingIsDroppedWhoseFilesAreNotThoseThatWereCompared() throws Exception {
        MigrationFixture orders = orders().archiveBefore("2024-02", archive);
        Path rows = january().resolve("rows-0000000000-0000000001.csv.gz");
        byte[] whole = Files.readAllBytes(rows);

        write(rows, csv(rows).replaceFirst("new", "old"));
        orders.dropRetired();
        assertSaid(
                orders,
                "WARNING: public.orders_202401, which has left public.orders, is not dropped: rows-0000000000-0000000001.csv.gz",
                "its SHA-256 is another. Put that back");
        Files.delete(rows);
        orders.dropRetired();
        assertSaid(orders, "is not dropped: The files in", "put them back, or run where they are");
        assertThat(tables()).contains("orders_202401");
        Files.write(rows, whole);
        String manifest = Files.readString(january().resolve("manifest.json"));
        Files.writeString(january().resolve("manifest.json"), manifest + " ");
        orders.dropRetired();
        assertSaid(orders, "is not dropped: manifest.json");
        assertThat(tables()).contains("orders_202401");

        Files.writeString(january().resolve("manifest.json"), manifest);
        orders.dropRetired();

        assertThat(tables()).doesNotContain("orders_202401");
    }

    private StatusReport status(MigrationFixture orders) throws SQLException {
        try (Connection connection = database.connect()) {
            Session session = new Session(connection);
            StateTables state = new StateTables(new Identifier("public"));
            return session.whilePinned(() -> RetirementStatus.of(
                    session,
                    state,
                    new Migrations(session, state).find(orders.source()).orElseThrow()));
        }
    }

    @Test
    void theStatusTellsWhatIsArchivedAndWhatIsNot() throws Exception {
        MigrationFixture orders = orders().archiveBefore("2024-02", archive);
        assertThat(status(orders).facts())
                .contains(
                        "Archived: public.orders_202401 with 10 rows, in %s.".formatted(january()),
                        "Out of the table, and waiting for the drop: public.orders_202401. To approve it: liquibase update -DretireApproved=orders.");
        assertThat(database.messageOf("UPDATE orders_202401 SET status = 'lost'"))
                .contains("has left public.orders and is to be dropped, so that nothing is written to it");

        forgetArchive();

        assertThat(status(orders).problems())
                .anyMatch(it -> it.startsWith(
                        "public.orders_202401, which left public.orders to be archived, is not archived yet."));
    }

    @Test
    void whoeverHasWrittenPastTheGuardKeepsItFromBeingDropped() throws Exception {
        MigrationFixture orders = orders().archiveBefore("2024-02", archive);
        database.execute(
                "ALTER TABLE orders_202401 DISABLE TRIGGER USER",
                "INSERT INTO orders_202401 VALUES (1001, 'written', 1, 'x', '2024-01-03')",
                "ALTER TABLE orders_202401 ENABLE ALWAYS TRIGGER liquibase_partition_retired");

        orders.dropRetired().archiveBefore("2024-02", archive);
        assertThat(state()).isEqualTo("detached 11");
        orders.dropRetired();

        assertThat(tables()).contains("orders_202401");
        assertSaid(orders, "is not dropped: the trigger liquibase_partition_retired");
    }

    @Test
    void aDirectoryThatIsNotThereOrNotOursStopsItBeforeAnythingLeaves() throws Exception {
        MigrationFixture orders = orders();
        for (Path wrong : List.of(archive.resolve("missing"), Path.of("/proc"), Path.of("relative"))) {
            assertThatThrownBy(() -> orders.archiveBefore("2024-02", wrong))
                    .isInstanceOf(PartitionException.class)
                    .hasMessageContaining(wrong + ", into which partitions are to be archived, ")
                    .hasMessageContaining("Nothing was retired or dropped by it");
        }
        assertThat(partitions()).hasSize(3);
        Files.createDirectories(january());
        Files.writeString(january().resolve("notes.txt"), "somebody's");

        assertThatThrownBy(() -> orders.archiveBefore("2024-02", archive))
                .hasMessageContaining(january() + " is there already, with other content");
        orders.dropRetired();
        assertThat(tables()).contains("orders_202401");
        assertThat(files()).containsExactly("notes.txt");
        Files.move(january(), archive.resolve("away"));
        orders.archiveBefore("2024-02", archive).dropRetired();
        assertThat(tables()).doesNotContain("orders_202401");
    }

    @Test
    @Tag(SmallDisk.TAG)
    void aFullDiskLosesNothingAndTheNextUpdateGoesOn() throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 30, 3);
        database.execute("""
                INSERT INTO orders SELECT i, 'new', 1, (SELECT string_agg(md5(i::text || k), '') FROM generate_series(1, 60) AS k), '2024-01-20 00:00+00'
                FROM generate_series(1001, 3000) AS i""", "ANALYZE orders");
        orders.throughSwap().dropBackup();
        try (SmallDisk disk = SmallDisk.ofMegabytes(1)) {
            Path full = Path.of(disk.location());
            assertThatThrownBy(() -> orders.archiveBefore("2024-02", full))
                    .isInstanceOf(PartitionException.class)
                    .hasMessageContaining("The rows of public.orders_202401 cannot be written to ")
                    .hasMessageContaining(
                            "They are all still in public.orders_202401, and nothing was dropped. Make room");
            orders.dropRetired();
            assertThat(database.queryLong("SELECT count(*) FROM orders_202401")).isEqualTo(2010);

            disk.grow(64);
            orders.archiveBefore("2024-02", full).dropRetired();

            assertThat(state()).isEqualTo("dropped 2010");
        }
    }

    @Test
    void aRollbackIsRefusedWhereTheFilesAreGoneAndDoneOnceTheyAreBack() throws Exception {
        MigrationFixture orders = orders();
        List<String> rows = orders.rows();
        orders.archiveBefore("2024-02", archive).dropRetired();
        Files.move(january(), archive.resolve("away"));

        assertThatThrownBy(orders::undoDropOfRetired)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "public.orders_202401, which had left public.orders and was archived and dropped, cannot be brought back: ")
                .hasMessageContaining(january() + " has no manifest.json")
                .hasMessageContaining("Nothing was changed for it");
        assertThatThrownBy(orders::undoRetirement).hasMessageContaining("has no manifest.json");
        orders.undoRetirement("another update");
        assertSaid(orders, "WARNING: public.orders_202401", "so that the rollback goes on");
        Files.move(archive.resolve("away"), january());
        database.execute(
                "INSERT INTO orders VALUES (1001, 'late', 1, 'x', '2024-01-03')",
                "ALTER TABLE orders ADD COLUMN more int");
        assertThatThrownBy(orders::undoRetirement)
                .hasMessageContaining("public.orders has the columns ")
                .hasMessageContaining("generator restore --archive " + january());
        database.execute("ALTER TABLE orders DROP COLUMN more");

        orders.undoRetirement();

        assertThat(partitions()).contains("orders_202401");
        assertThat(database.queryString("SELECT tableoid::regclass::text FROM orders WHERE id = 1001"))
                .isEqualTo("orders_202401");
        database.execute("DELETE FROM orders WHERE id = 1001");
        assertThat(orders.rows()).isEqualTo(rows);
    }

    @Test
    void aRestoreThatWasKilledIsBegunAnew() throws Exception {
        MigrationFixture orders = orders();
        List<String> rows = orders.rows();
        orders.archiveBefore("2024-02", archive).dropRetired();
        database.execute("CREATE TABLE orders_202401 (LIKE orders INCLUDING ALL)");
        assertThatThrownBy(orders::undoRetirement)
                .hasMessageContaining("something else has the name public.orders_202401");
        database.execute("DROP TABLE orders_202401", "ALTER TABLE orders ADD CONSTRAINT young CHECK (id <> 3)");
        assertThatThrownBy(orders::undoRetirement).hasMessageContaining("So it is not whole");
        assertThat(state()).isEqualTo("restoring 10");
        database.execute("ALTER TABLE orders DROP CONSTRAINT young");

        orders.undoRetirement();

        assertThat(orders.rows()).isEqualTo(rows);
        assertThat(state()).isEqualTo("attached 10");
    }

    @Test
    void aChildOfATableThatTriggersRouteStaysInItsFiles() throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 30, 3)
                .routedByTrigger()
                .throughSwap()
                .dropBackup()
                .archiveBefore("2024-02", archive)
                .dropRetired();
        assertThat(tables()).doesNotContain("orders_202401");

        assertThatThrownBy(orders::undoDropOfRetired)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "Archived: public.orders_202401 in " + january() + ", from which generator restore");
        orders.undoRetirement();

        assertSaid(orders, "its rows are in %s, from which generator restore brings them back".formatted(january()));
    }

    /** Before the drop of the backup, the way back of the swap has the rows again, too. */
    @Test
    void theWayBackOfTheSwapHasTheRowsAgain() throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 30, 3).throughSwap();
        List<String> rows = orders.rows();
        orders.archiveBefore("2024-02", archive).dropRetired();
        assertThat(orders.rows()).hasSize(20);

        orders.undoRetirement();
        assertThat(orders.rows()).isEqualTo(rows);
        orders.reverseSwap();

        assertThat(orders.rows()).isEqualTo(rows);
    }
}
