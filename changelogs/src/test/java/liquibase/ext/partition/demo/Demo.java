package liquibase.ext.partition.demo;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.endtoend.CliResult;
import liquibase.ext.partition.endtoend.GeneratorCli;
import liquibase.ext.partition.endtoend.LiquibaseCli;
import liquibase.ext.partition.testing.RowDifferences;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.TestServer;
import liquibase.ext.partition.testing.Workload;
import liquibase.ext.partition.testing.WorkloadReport;
import liquibase.ext.partition.testing.WorkloadReport.Count;

/**
 * From a plain table to the verified drop of its backup, while writers keep writing. Ends with exit code 0 only if every
 * step succeeded and every comparison found every row as its writer had committed it.
 *
 * <p>Argument: the number of rows.
 */
public final class Demo {

    private static final int WRITERS = 4;
    private static final double WRITES_PER_SECOND = 400;
    private static final Pattern RELATION = Pattern.compile("\"Relation Name\": \"(.*?)\"");

    /** Something is not as the story tells it. */
    private static final class DemoFailure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        DemoFailure(String message) {
            super(message);
        }
    }

    private interface Action {
        CliResult run();
    }

    private final Summary summary = new Summary();
    private final TestDatabase database;
    private final Workload workload;
    private final LiquibaseCli liquibase;
    private final long started = System.nanoTime();

    private Demo(TestDatabase database, Workload workload, Path changelog) {
        this.database = database;
        this.workload = workload;
        this.liquibase = LiquibaseCli.version(
                        LiquibaseCli.versions().findFirst().orElseThrow())
                .changelog(changelog)
                .database(database)
                .eachLine(Demo::show);
    }

    public static void main(String[] arguments) {
        Locale.setDefault(Locale.ROOT);
        long started = System.nanoTime();
        try {
            run(Long.parseLong(arguments[0]));
            System.out.printf("%nThe demo took %s s and lost nothing.%n", Summary.seconds(since(started)));
        } catch (Exception | AssertionError e) {
            System.out.printf("%nTHE DEMO FAILED after %s s%n", Summary.seconds(since(started)));
            e.printStackTrace(System.out);
            System.exit(1);
        }
        System.exit(0);
    }

    private static void run(long rows) throws Exception {
        heading("PostgreSQL and a table of %,d orders".formatted(rows));
        System.out.println("  " + TestServer.shared().description());
        Path directory = emptyDirectory(Path.of(System.getProperty("demo.directory")));
        try (TestDatabase database = TestDatabase.create()) {
            OrdersTable orders = new OrdersTable(database);
            orders.create(rows);
            heading("%d writers begin: insert, update, move to other months, delete".formatted(WRITERS));
            try (Workload workload = orders.startWriters(WRITERS, WRITES_PER_SECOND)) {
                workload.awaitCommits(100);
                generate(database, directory);
                new Demo(database, workload, directory.resolve("changelogs/shop/changelog.xml")).tell();
            }
        }
    }

    /** Table to config to changelogs. */
    private static void generate(TestDatabase database, Path directory) throws Exception {
        GeneratorCli generator = GeneratorCli.in(directory).eachLine(Demo::show);
        heading("java -jar liquibase-partition-generator.jar init --table public.orders");
        generator
                .run("init", "--url", database.url(), "--username", database.username(), "--table", "public.orders")
                .requireSuccess();
        Files.readAllLines(directory.resolve("tables.yaml")).forEach(Demo::show);
        heading("java -jar liquibase-partition-generator.jar generate");
        generator
                .run("generate", "--config", "tables.yaml", "--output", "changelogs/shop")
                .requireSuccess();
    }

    private void tell() {
        CliResult pending = step("update (swap not approved)", null, () -> liquibase.update());
        require(pending.output().contains("RENAME TO"), "update did not show the SQL of the pending swap");
        require(!isPartitioned(), "update swapped, though nobody had approved it");

        step("update -DswapApproved=orders", "swap", () -> liquibase.update("-DswapApproved=orders"));
        require(isPartitioned(), "orders is not partitioned after the approved swap");
        showThatAQueryOfOneMonthPrunes();

        step("rollback --tag=orders-copied", null, () -> liquibase.rollback("orders-copied"));
        require(!isPartitioned(), "orders is still partitioned after the rollback");

        step("update -DswapApproved=orders (again)", "swap", () -> liquibase.update("-DswapApproved=orders"));
        require(isPartitioned(), "orders is not partitioned after the second swap");

        step("update -DdropApproved=orders", null, () -> liquibase.update("-DdropApproved=orders"));
        require(
                database.queryString("SELECT to_regclass('public.orders_old')") == null,
                "the backup is still there after the approved drop");

        WorkloadReport report = workload.stop();
        heading("Every row against what the writers committed");
        workload.assertNothingLost();
        System.out.println("  " + workload.differences());
        tellFacts(report);
        heading("Summary");
        System.out.println(summary);
        // Not a difference between tables, but rows that an application would have missed.
        require(report.count(Count.SWAP_ERRORS) == 0, "writers met errors at a swap: " + report);
    }

    /** Runs a command under load, then holds the writers for a moment and compares every row. */
    private CliResult step(String name, String locked, Action action) {
        heading("liquibase " + name);
        long writes = writes();
        workload.takeLongestWait();
        CliResult result = action.run().requireSuccess();
        Duration longestWait = workload.takeLongestWait();
        System.out.printf(
                "  done in %s s; meanwhile the writers wrote %,d rows and waited %d ms at most%n",
                Summary.seconds(result.duration()), writes() - writes, longestWait.toMillis());
        workload.pause();
        RowDifferences differences = workload.differences();
        System.out.println("  " + differences);
        workload.assertNothingLost();
        workload.resume();
        Duration lockHeld = locked == null ? null : Duration.ofMillis(lockHeldMillis());
        summary.step(name, result.duration(), lockHeld, longestWait, differences.actualRows());
        return result;
    }

    private long writes() {
        WorkloadReport report = workload.report();
        return report.count(Count.INSERTS)
                + report.count(Count.UPDATES)
                + report.count(Count.DATE_MOVES)
                + report.count(Count.DELETES);
    }

    private void showThatAQueryOfOneMonthPrunes() {
        String query = """
                SELECT count(*), sum(amount) FROM orders
                WHERE created_at >= '2025-03-01 00:00+00' AND created_at < '2025-04-01 00:00+00'""";
        heading("EXPLAIN " + query.replace("\n", " "));
        database.queryStrings("EXPLAIN (COSTS OFF) " + query).forEach(Demo::show);
        Set<String> scanned = new TreeSet<>();
        Matcher relation = RELATION.matcher(database.queryString("EXPLAIN (FORMAT JSON) " + query));
        while (relation.find()) {
            scanned.add(relation.group(1));
        }
        require(scanned.equals(Set.of("orders_202503")), "the query of one month scans " + scanned);
    }

    private void tellFacts(WorkloadReport report) {
        summary.fact("rows in orders", database.queryLong("SELECT count(*) FROM orders"));
        summary.fact(
                "partitions",
                database.queryLong("SELECT count(*) FROM pg_inherits WHERE inhparent = 'public.orders'::regclass"));
        summary.fact("transactions committed by writers", report.count(Count.COMMITS));
        summary.fact("  rows inserted", report.count(Count.INSERTS));
        summary.fact("  rows updated", report.count(Count.UPDATES));
        summary.fact("  rows moved to another date", report.count(Count.DATE_MOVES));
        summary.fact("  rows deleted", report.count(Count.DELETES));
        summary.fact("transactions rolled back on purpose", report.count(Count.ROLLBACKS));
        summary.fact("transactions tried again", report.retries());
        for (Count reason : List.of(
                Count.SERIALIZATION_FAILURES,
                Count.DEADLOCKS,
                Count.LOCK_TIMEOUTS,
                Count.SWAP_ERRORS,
                Count.ROWS_NOT_SEEN)) {
            if (report.count(reason) > 0) {
                summary.fact("  " + reason.name().toLowerCase().replace('_', ' '), report.count(reason));
            }
        }
        summary.fact("longest wait of a writer", report.longestWait().toMillis() + " ms");
        summary.fact("seed of the writers", Long.toString(report.seed()));
        summary.fact("under load for", Summary.seconds(since(started)) + " s");
    }

    private boolean isPartitioned() {
        return database.queryString("SELECT relkind FROM pg_class WHERE oid = 'public.orders'::regclass")
                .equals("p");
    }

    private long lockHeldMillis() {
        return database.queryLong("SELECT lock_held_ms FROM partition_migration WHERE source_table = 'orders'");
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new DemoFailure(otherwise);
        }
    }

    private static void heading(String text) {
        System.out.printf("%n==> %s%n", text);
    }

    /** The output of a command, without its banner and its empty lines. */
    private static void show(String line) {
        if (!line.isBlank() && !line.startsWith("##")) {
            System.out.println("  | " + line);
        }
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }

    private static Path emptyDirectory(Path directory) throws Exception {
        if (Files.exists(directory)) {
            try (var files = Files.walk(directory)) {
                for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                    Files.delete(file);
                }
            }
        }
        return Files.createDirectories(directory);
    }
}
