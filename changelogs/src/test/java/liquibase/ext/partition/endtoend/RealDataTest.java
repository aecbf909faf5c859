package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Partitions files changed by commits from 2005 to 2026, in months as uneven as real ones. The data are in the
 * directory that {@code -Dshared.data} names, or beside the checkout.
 */
@ExtendWith(FreshDatabase.class)
class RealDataTest {

    private static final Logger LOG = LoggerFactory.getLogger(RealDataTest.class);
    private static final Pattern LOCK_HELD = Pattern.compile("The lock was held for (\\d+) ms");
    private static final int COMMITTED_AT = 7;

    @TempDir
    Path directory;

    @Test
    void twentyOneYearsInTwoHundredAndSixtyPartitionsCountAsTheFileDoes(TestDatabase database) throws Exception {
        Path data = data();
        if (!Files.exists(data)) {
            LOG.warn("SKIPPED: there is no {}; -Dshared.data=DIRECTORY names another place", data);
            Assumptions.abort("there is no " + data);
        }
        database.execute("""
                CREATE TABLE file_changes (
                    id bigint PRIMARY KEY, repository text NOT NULL, commit_sha text NOT NULL, path text NOT NULL,
                    lines_added integer, lines_deleted integer,
                    authored_at timestamptz NOT NULL, committed_at timestamptz NOT NULL
                )
                """, "CREATE INDEX file_changes_of_repository ON file_changes (repository, committed_at)");
        try (Connection connection = database.connect();
                InputStream rows = new GZIPInputStream(Files.newInputStream(data))) {
            connection.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY file_changes FROM STDIN", rows);
        }
        String contents = Migrated.contents(database, "file_changes");
        Files.writeString(directory.resolve("tables.yaml"), """
                tables:
                  - tableName: file_changes
                    keyColumns: [id]
                    partitionBy: {columns: [committed_at], from: 2005-01, until: 2026-09}
                    chunkSize: 20000
                    workers: 2
                """);
        GeneratorCli.in(directory)
                .run("generate", "--config", "tables.yaml", "--output", "changelogs")
                .requireSuccess();
        LiquibaseCli liquibase = LiquibaseCli.version(
                        LiquibaseCli.versions().toList().get(1))
                .changelog(directory.resolve("changelogs/changelog.xml"))
                .database(database);

        CliResult swap = liquibase.update("-DswapApproved=file_changes").requireSuccess();

        Map<String, Long> months = months(data);
        assertThat(countsOfPartitions(database)).isEqualTo(months).hasSizeGreaterThan(200);
        assertThat(database.queryLong("SELECT count(*) FROM file_changes_default"))
                .isZero();
        assertThat(database.queryLong("SELECT count(*) FROM pg_inherits WHERE inhparent = 'file_changes'::regclass"))
                .isEqualTo(261);
        assertThat(Migrated.contents(database, "file_changes")).isEqualTo(contents);
        Matcher held = LOCK_HELD.matcher(swap.output());
        assertThat(held.find()).isTrue();
        LOG.info(
                "{} rows in {} months: update took {} ms, the swap held its lock for {} ms",
                months.values().stream().mapToLong(Long::longValue).sum(),
                months.size(),
                swap.duration().toMillis(),
                held.group(1));

        liquibase.rollback("file_changes-before-swap").requireSuccess();
        assertThat(Migrated.isPartitioned(database, "file_changes")).isFalse();
        assertThat(Migrated.contents(database, "file_changes")).isEqualTo(contents);

        liquibase
                .update("-DswapApproved=file_changes", "-DdropApproved=file_changes")
                .requireSuccess();
        assertThat(database.queryString("SELECT to_regclass('file_changes_old')"))
                .isNull();
        assertThat(countsOfPartitions(database)).isEqualTo(months);
    }

    private static Path data() {
        String named = System.getProperty("shared.data");
        Path folder = named == null
                ? RunningCli.target()
                        .getParent()
                        .getParent()
                        .resolveSibling("shared")
                        .resolve("data")
                : Path.of(named);
        return folder.resolve("file_changes.tsv.gz");
    }

    /** Rows per month in UTC, counted without a database. */
    private static Map<String, Long> months(Path data) throws IOException {
        Map<String, Long> months = new TreeMap<>();
        DateTimeFormatter month = DateTimeFormatter.ofPattern("yyyyMM");
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(data)), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                OffsetDateTime committed = OffsetDateTime.parse(line.split("\t", -1)[COMMITTED_AT].replace(' ', 'T'));
                months.merge(month.format(committed.withOffsetSameInstant(ZoneOffset.UTC)), 1L, Long::sum);
            }
        }
        return months;
    }

    private static Map<String, Long> countsOfPartitions(TestDatabase database) {
        Map<String, Long> counts = new TreeMap<>();
        for (List<String> row : database.queryRows(
                "SELECT right(tableoid::regclass::text, 6), count(*) FROM file_changes GROUP BY 1")) {
            counts.put(row.get(0), Long.valueOf(row.get(1)));
        }
        return counts;
    }
}
