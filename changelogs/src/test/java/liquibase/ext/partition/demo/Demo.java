package liquibase.ext.partition.demo;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
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
 * From a plain table to the verified drop of its backup, while writers keep writing. Ends with exit code 0 only if
 * every step succeeded and every comparison found every row as its writer had committed it.
 *
 * <p>Argument: the number of rows.
 */
public final class Demo {

    private static final int WRITERS = 4;
    private static final double WRITES_PER_SECOND = 400;
    private static final Pattern RELATION = Pattern.compile("\"Relation Name\": \"(.*?)\"");

    /** A check of the demo has failed. */
    private static final class DemoFailure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        DemoFailure(String message) {
            super(message);
        }
    }

    private static final Pattern LOCK_HELD = Pattern.compile("The lock was held for (\\d+) ms");

    private final Summary summary = new Summary();
    private final Console console;
    private final TestDatabase database;
    private final Workload workload;
    private final LiquibaseCli liquibase;
    private final long started = System.nanoTime();

    private Demo(Console console, TestDatabase database, Workload workload, Path changelog) {
        this.console = console;
        this.database = database;
        this.workload = workload;
        this.liquibase = LiquibaseCli.version(
                        LiquibaseCli.versions().findFirst().orElseThrow())
                .changelog(changelog)
                .database(database)
                .eachLine(console::show);
    }

    public static void main(String[] arguments) {
        Locale.setDefault(Locale.ROOT);
        long started = System.nanoTime();
        try {
            run(Long.parseLong(arguments[0]));
            System.out.printf("%nThe demo took %s s and lost nothing.%n", Summary.seconds(since(started)));
        } catch (DemoFailure | AssertionError e) {
            System.out.printf("%nTHE DEMO FAILED after %s s: %s%n", Summary.seconds(since(started)), e.getMessage());
            System.exit(1);
        } catch (Exception e) {
            System.out.printf("%nTHE DEMO FAILED after %s s%n", Summary.seconds(since(started)));
            e.printStackTrace(System.out);
            System.exit(1);
        }
        System.exit(0);
    }

    private static void run(long rows) throws Exception {
        Console.heading("A table of %,d orders".formatted(rows));
        Console.say("on " + TestServer.shared().description());
        Path directory = emptyDirectory(Path.of(System.getProperty("demo.directory")));
        Console console = new Console(directory);
        try (TestDatabase database = TestDatabase.create()) {
            OrdersTable orders = new OrdersTable(database);
            orders.create(rows);
            Console.heading("%d writers begin and go on to the end: insert, update, move to other months, delete"
                    .formatted(WRITERS));
            try (Workload workload = orders.startWriters(WRITERS, WRITES_PER_SECOND)) {
                workload.awaitCommits(100);
                generate(console, database, directory);
                new Demo(console, database, workload, directory.resolve("changelogs/shop/changelog.xml")).tell();
            }
        }
    }

    /** Table to config to changelogs. */
    private static void generate(Console console, TestDatabase database, Path directory) throws Exception {
        GeneratorCli generator = GeneratorCli.in(directory).eachLine(console::show);
        console.chapter("java -jar liquibase-partition-generator.jar init --url … --table public.orders");
        generator
                .password(database.password())
                .run("init", "--url", database.url(), "--username", database.username(), "--table", "public.orders")
                .requireSuccess();
        Console.heading("tables.yaml");
        console.quote(Files.readAllLines(directory.resolve("tables.yaml")));
        console.chapter("java -jar liquibase-partition-generator.jar generate");
        generator
                .run("generate", "--config", "tables.yaml", "--output", "changelogs/shop")
                .requireSuccess();
    }

    private void tell() {
        CliResult pending = step("update", "(swap not approved)", remark -> liquibase.update());
        require(pending.output().contains("RENAME TO"), "update did not show the SQL of the pending swap");
        require(!isPartitioned(), "update swapped, though nobody had approved it");

        step("update", "-DswapApproved=orders", liquibase::update);
        require(isPartitioned(), "orders is not partitioned after the approved swap");
        showThatAQueryOfOneMonthPrunes();

        step("rollback", "--tag=orders-before-swap", option -> liquibase.rollback("orders-before-swap"));
        require(!isPartitioned(), "orders is still partitioned after the rollback");

        step("update", "-DswapApproved=orders", liquibase::update);
        require(isPartitioned(), "orders is not partitioned after the second swap");

        step("update", "-DdropApproved=orders", liquibase::update);
        require(
                database.queryString("SELECT to_regclass('public.orders_old')") == null,
                "the backup is still there after the approved drop");

        WorkloadReport report = workload.stop();
        Console.heading("The writers have ended: every row against what they committed");
        compared();
        tellFacts(report);
        Console.heading("Summary");
        Console.say(summary.toString());
        // These are not differences between tables, but errors that an application would have met.
        require(
                report.count(Count.SWAP_ERRORS) + report.count(Count.DEADLOCKS) == 0,
                "writers met errors that no step should cause: " + report);
    }

    /**
     * Runs a command under load, then holds the writers for a moment and compares every row.
     *
     * @param option what follows the command, or a remark in parentheses where nothing does
     */
    private CliResult step(String command, String option, Function<String, CliResult> action) {
        String name = command + " " + option;
        console.chapter("liquibase " + name);
        long writes = writes();
        workload.takeLongestWait();
        CliResult result = action.apply(option);
        Duration longestWait = workload.takeLongestWait();
        if (result.exitCode() != 0) {
            throw new DemoFailure("liquibase %s ended with exit code %d".formatted(name, result.exitCode()));
        }
        Console.say("done in %s s; meanwhile %,d rows were written, and no writer waited longer than %d ms"
                .formatted(Summary.seconds(result.duration()), writes() - writes, longestWait.toMillis()));
        workload.pause();
        RowDifferences differences = compared();
        workload.resume();
        summary.step(name, result.duration(), lockHeld(result), longestWait, differences.actualRows());
        return result;
    }

    /**
     * Compares every row with what its writer committed, and checks that no writer saw anything else on its way; the
     * writers must be held.
     */
    private RowDifferences compared() {
        RowDifferences differences = workload.differences();
        require(differences.isEmpty(), differences.toString());
        List<String> violations = workload.report().violations();
        require(violations.isEmpty(), "writers saw what nobody had committed:\n" + String.join("\n", violations));
        Console.say(differences.toString());
        return differences;
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
        Console.heading("EXPLAIN " + query.replace("\n", " "));
        console.quote(database.queryStrings("EXPLAIN (COSTS OFF) " + query));
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

    /** The time that Liquibase reported; null if no lock was taken that writers would notice. */
    private static Duration lockHeld(CliResult result) {
        Matcher held = LOCK_HELD.matcher(result.output());
        return held.find() ? Duration.ofMillis(Long.parseLong(held.group(1))) : null;
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new DemoFailure(otherwise);
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
