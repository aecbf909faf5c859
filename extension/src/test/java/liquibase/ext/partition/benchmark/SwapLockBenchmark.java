package liquibase.ext.partition.benchmark;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.link.ConnectionSource;
import liquibase.ext.partition.engine.lock.OnBusy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.swap.ReverseSwap;
import liquibase.ext.partition.engine.swap.Swap;
import liquibase.ext.partition.engine.swap.SwapSettings;
import liquibase.ext.partition.testing.TestDatabase;

/**
 * How long the swap holds its lock, and how long a writer waits, while pgbench writes the table as fast as it can.
 * Tables of several sizes are each taken through the whole migration up to the verification, and then swapped and
 * swapped back in turn, so that other load on the machine affects all of them alike. Prints a table in Markdown.
 *
 * <p>Every switch runs in a JVM of its own, as in a deploy pipeline: a JVM that has switched before is faster under the
 * lock. The time under the lock is the one that the swap prints. A writer's wait is the longest transaction in
 * pgbench's log from the beginning of the switch to a little after it. So it includes the time in which the lock was
 * requested, and the planning of the first statement on the new table. For comparison, the table has the longest wait
 * in an equally long time before, without a switch.
 *
 * <p>Run {@link #main} from an IDE, or with the class path of the tests:
 *
 * <pre>{@code
 * mvn -pl extension test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath -Dmdep.includeScope=test
 * java -cp extension/target/classes:extension/target/test-classes:$(cat extension/target/classpath) \
 *      liquibase.ext.partition.benchmark.SwapLockBenchmark 1000000 10000000 50000000
 * }</pre>
 *
 * The server is an embedded one; {@code -Dpg=jdbc:postgresql:…} names another. The defaults are {@code -Dswaps=30},
 * {@code -Dmonths=120} and {@code -Dclients=2}. It needs {@code pgbench}, on the path or named by {@code -Dpgbench=…}.
 * A table of 50 million rows takes 12 GB, with its copy and the indexes of both.
 */
public final class SwapLockBenchmark {
    private static final int SWAPS = Integer.getInteger("swaps", 30);
    private static final int MONTHS = Integer.getInteger("months", 120);
    private static final int CLIENTS = Integer.getInteger("clients", 2);
    private static final boolean VERBOSE = Boolean.getBoolean("verbose");

    /** Computes a row's moment from its key, so that a writer who has the key has the partition key too. */
    private static final String MOMENT = "timestamptz '2015-01-01 00:00+00' + interval '%d months' * (%s::float8 / %d)";

    /** An update of any row, and one more row in the last month, where new rows are. */
    private static final String SCRIPT = """
            \\set id random(1, %1$d)
            \\set late random(%4$d, %1$d)
            UPDATE readings_%1$d SET value = value + 1 WHERE id = :id AND created_at = %2$s;
            INSERT INTO readings_%1$d (value, created_at) VALUES (:id, %3$s);
            """;

    private static final Pattern HELD = Pattern.compile("The lock was held for (\\d+) ms");

    private static final long BEFORE_MILLISECONDS = 1000;
    private static final long AFTER_MILLISECONDS = 300;

    /** The measurements of one table. */
    private static final class Measured {
        final MigrationFixture migration;
        final List<Long> held = new ArrayList<>();
        final List<Long> waits = new ArrayList<>();
        final List<Long> waitsWithout = new ArrayList<>();
        final List<Long> perSecond = new ArrayList<>();
        int attempts;

        Measured(MigrationFixture migration) {
            this.migration = migration;
        }

        void count(List<String> lines) {
            for (String line : lines) {
                Matcher one = HELD.matcher(line);
                if (one.find()) {
                    held.add(Long.valueOf(one.group(1)));
                    attempts++;
                } else if (line.startsWith("Lock on ") || line.contains("was given back")) {
                    attempts++;
                }
            }
        }
    }

    private SwapLockBenchmark() {}

    /** @param arguments how many rows each table has; by default a million */
    public static void main(String[] arguments) throws Exception {
        List<Long> sizes = arguments.length == 0
                ? List.of(1_000_000L)
                : Arrays.stream(arguments).map(Long::valueOf).toList();
        String pgbench = pgbench();
        Path directory = Files.createTempDirectory("swap-lock");
        try (TestDatabase database = TestDatabase.create()) {
            Map<Long, Measured> tables = new LinkedHashMap<>();
            for (long rows : sizes) {
                tables.put(rows, new Measured(migrated(database, rows)));
            }
            for (int round = 1; round <= SWAPS; round++) {
                for (Map.Entry<Long, Measured> table : tables.entrySet()) {
                    measure(database, pgbench, directory, table.getKey(), table.getValue());
                }
                System.err.printf("round %d of %d%n", round, SWAPS);
                if (round % 10 == 0 || round == SWAPS) {
                    print(tables);
                }
            }
        } finally {
            delete(directory);
        }
    }

    private static String pgbench() throws IOException, InterruptedException {
        String pgbench = System.getProperty("pgbench", "pgbench");
        try {
            Process version = new ProcessBuilder(pgbench, "--version").start();
            if (version.waitFor() == 0) {
                return pgbench;
            }
        } catch (IOException e) {
            throw new IOException(
                    "There is no %s: this benchmark lets pgbench write. Install PostgreSQL's client programs, or name it with -Dpgbench=…"
                            .formatted(pgbench),
                    e);
        }
        throw new IOException("%s --version failed".formatted(pgbench));
    }

    private static MigrationFixture migrated(TestDatabase database, long rows) throws SQLException {
        String table = "readings_" + rows;
        long begun = System.nanoTime();
        database.execute(
                "CREATE TABLE %s (id bigint GENERATED BY DEFAULT AS IDENTITY, value bigint NOT NULL, created_at timestamptz NOT NULL)"
                        .formatted(table),
                "INSERT INTO %s (value, created_at) SELECT 0, %s FROM generate_series(1, %d) AS i"
                        .formatted(table, moment("i", rows), rows),
                "ALTER TABLE %s ADD PRIMARY KEY (id)".formatted(table),
                "CREATE INDEX ON %s (created_at)".formatted(table),
                "VACUUM ANALYZE " + table);
        int years = (MONTHS + 11) / 12;
        MigrationFixture migration = MigrationFixture.of(database, "public", table, "created_at", "id")
                .between("2015-01", (2015 + years) + "-01")
                .prepare()
                .capture()
                .copy(100_000, 2, false)
                .index()
                .replay()
                .verify(100_000);
        System.err.printf(
                "%s: %,d rows migrated up to the verification in %d s%n",
                table, rows, TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun));
        return migration;
    }

    private static String moment(String id, long rows) {
        return MOMENT.formatted(MONTHS, id, rows + 1);
    }

    private static void measure(TestDatabase database, String pgbench, Path directory, long rows, Measured table)
            throws Exception {
        Process writers = start(database, pgbench, directory, rows);
        List<long[]> switches = new ArrayList<>();
        long begun;
        try {
            Thread.sleep(BEFORE_MILLISECONDS);
            begun = System.currentTimeMillis();
            Thread.sleep(BEFORE_MILLISECONDS);
            for (boolean forward : new boolean[] {true, false}) {
                long from = System.currentTimeMillis();
                table.count(switched(database, table.migration, forward, directory));
                switches.add(new long[] {from, System.currentTimeMillis() + AFTER_MILLISECONDS});
                Thread.sleep(2 * AFTER_MILLISECONDS);
            }
            if (!writers.isAlive()) {
                throw new IllegalStateException(
                        "pgbench has ended: " + Files.readString(directory.resolve("pgbench.out")));
            }
        } finally {
            writers.destroy();
            writers.waitFor();
        }
        List<long[]> transactions = transactions(directory);
        for (long[] one : switches) {
            table.waits.add(longest(transactions, one[0], one[1]));
        }
        table.waitsWithout.add(longest(transactions, begun, begun + BEFORE_MILLISECONDS));
        long last = begun + BEFORE_MILLISECONDS;
        table.perSecond.add(transactions.stream()
                .filter(it -> it[0] >= begun && it[0] < last)
                .count());
    }

    /** Switches in a JVM of its own, as in a deploy pipeline, and returns its output. */
    private static List<String> switched(
            TestDatabase database, MigrationFixture migration, boolean forward, Path directory)
            throws IOException, InterruptedException {
        Path output = directory.resolve("switch.out");
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                OneSwitch.class.getName(),
                database.url(),
                database.username(),
                migration.source().name().name(),
                migration.backup().name().name(),
                Boolean.toString(forward));
        builder.environment().put("PGPASSWORD", database.password());
        int status = builder.redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start()
                .waitFor();
        List<String> lines = Files.readAllLines(output);
        if (status != 0) {
            throw new IllegalStateException(String.join(System.lineSeparator(), lines));
        }
        if (VERBOSE) {
            lines.forEach(line -> System.err.println("  " + line));
        }
        return lines;
    }

    /** The swap, or the way back, of a table that has been verified. */
    public static final class OneSwitch {
        private OneSwitch() {}

        /** @param arguments URL, user, table, its backup, and whether it is the swap; the password is in PGPASSWORD */
        public static void main(String[] arguments) throws SQLException {
            ConnectionSource connections = () ->
                    Optional.of(DriverManager.getConnection(arguments[0], arguments[1], System.getenv("PGPASSWORD")));
            QualifiedName table = QualifiedName.of("public", arguments[2]);
            SwapSettings settings = new SwapSettings(MigrationFixture.LOCK, SwapSettings.DEFAULT_MAX_DRAIN_ROWS);
            try (Connection main = connections.open().orElseThrow();
                    StepRun run = new StepRun.Environment(
                                    main,
                                    connections,
                                    new StateTables(new Identifier("public")),
                                    System.out::println,
                                    OnBusy.FAIL)
                            .begin("switch", table)) {
                if (Boolean.parseBoolean(arguments[4])) {
                    Swap.of(run, new Identifier(arguments[3])).swap(settings);
                } else {
                    ReverseSwap.run(run, settings);
                }
            }
        }
    }

    private static Process start(TestDatabase database, String pgbench, Path directory, long rows) throws IOException {
        Path script = directory.resolve("write.sql");
        Files.writeString(
                script, SCRIPT.formatted(rows, moment(":id", rows), moment(":late", rows), rows - rows / MONTHS));
        URI server = URI.create(database.url().substring("jdbc:".length()));
        ProcessBuilder builder = new ProcessBuilder(
                pgbench,
                "--no-vacuum",
                "--protocol=prepared",
                "--client=" + CLIENTS,
                "--jobs=" + Math.min(CLIENTS, 2),
                "--time=3600",
                "--log",
                "--log-prefix=" + directory.resolve("log"),
                "--file=" + script,
                "--host=" + server.getHost(),
                "--port=" + server.getPort(),
                "--username=" + database.username(),
                database.name());
        builder.environment().put("PGPASSWORD", database.password());
        builder.redirectErrorStream(true);
        builder.redirectOutput(directory.resolve("pgbench.out").toFile());
        return builder.start();
    }

    /**
     * The end of each transaction, in milliseconds of the clock, and its duration; from the logs, which are removed.
     */
    private static List<long[]> transactions(Path directory) throws IOException {
        List<long[]> transactions = new ArrayList<>();
        try (Stream<Path> logs = Files.list(directory)) {
            for (Path log : logs.filter(it -> it.getFileName().toString().startsWith("log"))
                    .toList()) {
                for (String line : Files.readAllLines(log)) {
                    // client, number, microseconds, script, second, microsecond; the last line may be cut off
                    String[] fields = line.split(" ");
                    if (fields.length == 6 && fields[2].matches("\\d+")) {
                        transactions.add(new long[] {
                            Long.parseLong(fields[4]) * 1000 + Long.parseLong(fields[5]) / 1000,
                            Long.parseLong(fields[2]) / 1000
                        });
                    }
                }
                Files.delete(log);
            }
        }
        return transactions;
    }

    /** The longest of the transactions that ended in that time. */
    private static long longest(List<long[]> transactions, long from, long until) {
        return transactions.stream()
                .filter(it -> it[0] >= from && it[0] <= until)
                .mapToLong(it -> it[1])
                .max()
                .orElseThrow(() -> new IllegalStateException("pgbench wrote nothing meanwhile."));
    }

    private static void print(Map<Long, Measured> tables) {
        System.out.printf("%n%d monthly partitions, pgbench with %d clients; milliseconds%n%n", MONTHS, CLIENTS);
        System.out.println(
                "| rows | switches | attempts | lock held: median | p99 | longest | longest wait of a writer: median | p99 | longest | without a switch: median | longest | transactions/s |");
        System.out.println("| --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |");
        tables.forEach((rows, it) -> System.out.printf(
                "| %,d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d |%n",
                rows,
                it.held.size(),
                it.attempts,
                part(it.held, 0.5),
                part(it.held, 0.99),
                part(it.held, 1),
                part(it.waits, 0.5),
                part(it.waits, 0.99),
                part(it.waits, 1),
                part(it.waitsWithout, 0.5),
                part(it.waitsWithout, 1),
                part(it.perSecond, 0.5)));
    }

    /** The smallest value that is no less than that part of all. */
    private static long part(List<Long> values, double part) {
        List<Long> sorted = values.stream().sorted().toList();
        return sorted.get((int) Math.max(0, Math.ceil(part * sorted.size()) - 1));
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }
}
