package liquibase.ext.partition.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.InvariantChecker;
import liquibase.ext.partition.testing.DatabaseListing;
import liquibase.ext.partition.testing.RowDifferences;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.Workload;
import liquibase.ext.partition.testing.WorkloadReport;

/** One table from its first step to its end, whatever comes in between, with writers that go on all the time. */
final class Life implements AutoCloseable {

    private static final Pattern ENABLE_TRIGGER = Pattern.compile("ALTER TABLE \\S+ ENABLE ALWAYS TRIGGER \\w+");

    private final Shape shape;
    private final TestDatabase database;
    private final String url;

    /** Of the table, who runs the commands and is nobody else; the writers and the nemesis are other roles. */
    private final String owner;

    private final Changelogs changelogs;
    private final Workload workload;
    private List<String> listing = List.of();

    /** @param port that the command line connects to */
    Life(Shape shape, TestDatabase database, int port, Changelogs changelogs, long seed) {
        this.shape = shape;
        this.database = database;
        this.changelogs = changelogs;
        url = "jdbc:postgresql://127.0.0.1:%d/%s".formatted(port, database.name());
        owner = database.createRole("owner", "");
        database.execute("GRANT ALL ON SCHEMA public TO " + owner);
        shape.make(database, owner);
        workload = shape.workload(database)
                .writers(4)
                .writesPerSecond(200)
                .seed(seed)
                .start();
    }

    Shape shape() {
        return shape;
    }

    TestDatabase database() {
        return database;
    }

    WorkloadReport report() {
        return workload.report();
    }

    /** To be called when the first changeset, the tag, is recorded and nothing else is done. */
    void begin() {
        listing = objects();
    }

    /** What is there, but for the columns that the nemesis adds. */
    private List<String> objects() {
        return DatabaseListing.of(database).stream()
                .filter(line -> !line.contains(Fault.ADDED_COLUMN))
                .toList();
    }

    /** The words of a command line, connection and all. */
    List<String> words(Command command, String... more) {
        List<String> words =
                new ArrayList<>(List.of("--search-path=" + changelogs.folder(shape), "--log-level=severe"));
        List<String> own = command.words(shape.table());
        words.add(own.get(0));
        words.addAll(List.of("--url=" + url, "--username=" + owner, "--password="));
        if (command != Command.RELEASE_LOCKS) {
            words.add("--changelog-file=changelog.xml");
        }
        words.addAll(own.subList(1, own.size()));
        words.addAll(List.of(more));
        return words;
    }

    /** The steps that Liquibase has a record of, without the table's name. */
    List<String> recorded() {
        return database.queryStrings("SELECT id FROM databasechangelog ORDER BY orderexecuted").stream()
                .map(id -> id.endsWith("-before-swap") ? "before-swap" : id.substring(id.lastIndexOf('-') + 1))
                .toList();
    }

    boolean isOver() {
        return recorded().contains("drop");
    }

    /** Whether there is a capture trigger, and it is disabled. */
    boolean isCaptureOff() {
        return database.queryString(
                        "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgname LIKE '%\\_delta\\_capture' AND tgenabled = 'D')")
                .equals("t");
    }

    boolean isLocked() {
        return database.queryString("SELECT EXISTS (SELECT FROM databasechangeloglock WHERE locked)")
                .equals("t");
    }

    /** A command that is to the purpose as things stand. */
    Command next(SplittableRandom random) {
        List<String> recorded = recorded();
        int dice = random.nextInt(12);
        if (recorded.contains("swap")) {
            return dice < 6 ? Command.ROLLBACK_SWAP : dice < 8 ? Command.ROLLBACK_ALL : Command.UPDATE_AND_DROP;
        }
        if (recorded.contains("prepare") && dice < 1) {
            return Command.ROLLBACK_ALL;
        }
        if (recorded.contains("verify")) {
            return Command.UPDATE_AND_SWAP;
        }
        return dice < 7 ? Command.UPDATE_ONE : dice < 9 ? Command.UPDATE : Command.UPDATE_AND_SWAP;
    }

    /** What the message of a way back asks for, when a trigger was disabled since the swap: it has the statements. */
    void enableTriggers(String message) {
        Matcher statement = ENABLE_TRIGGER.matcher(message.substring(message.lastIndexOf("are not being captured")));
        while (statement.find()) {
            database.execute(statement.group());
        }
    }

    /** What it asks for then, where rows were written meanwhile: their keys, with the values that either table has. */
    void putDifferingKeysIntoDelta() {
        String table = shape.table();
        String columns = String.join(
                ", ",
                database.queryStrings(
                        "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = ?::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
                        table + "_delta"));
        database.execute("""
                INSERT INTO %1$s_delta (%2$s)
                SELECT %2$s FROM (TABLE %1$s EXCEPT TABLE %1$s_old) AS live
                UNION SELECT %2$s FROM (TABLE %1$s_old EXCEPT TABLE %1$s) AS backup
                """.formatted(table, columns));
    }

    /** What the message asks for when the nemesis has added columns to the live table since the swap. */
    void giveBackupTheSameColumns() {
        for (String column : database.queryStrings(
                "SELECT attname FROM pg_attribute WHERE attrelid = ?::regclass AND attname LIKE ? AND NOT attisdropped ORDER BY attnum",
                shape.table(),
                Fault.ADDED_COLUMN + "%")) {
            database.execute("ALTER TABLE %s_old ADD COLUMN IF NOT EXISTS %s integer".formatted(shape.table(), column));
        }
    }

    /** What the message asks for where Liquibase holds for done what is not: there is no other table in this database. */
    void deleteRecords() {
        database.execute("DELETE FROM databasechangelog");
    }

    /**
     * Every acknowledged write is there exactly once, and nothing else; and the other table, if there is one, has what it must have.
     *
     * @throws AssertionError with what differs
     */
    void requireNothingLost() {
        workload.pause();
        try {
            RowDifferences differences = workload.differences();
            if (!differences.isEmpty() || !workload.report().violations().isEmpty()) {
                throw new AssertionError(differences + "\n" + workload.report());
            }
            requireInvariant();
        } finally {
            workload.resume();
        }
    }

    private void requireInvariant() {
        String phase = phase();
        if (List.of("none", "prepared", "dropped").contains(phase)) {
            return;
        }
        String table = shape.table();
        List<String> violations = InvariantChecker.violations(
                database,
                "public",
                table,
                shape.key(),
                "public." + table,
                "public." + table + "_delta",
                "public." + table + (phase.equals("swapped") ? "_old" : "_new"));
        if (!violations.isEmpty()) {
            throw new AssertionError(
                    "The tables do not agree in phase %s:%n%s".formatted(phase, String.join("\n", violations)));
        }
    }

    private String phase() {
        if (database.queryString("SELECT to_regclass('public.partition_migration')") == null) {
            return "none";
        }
        List<String> phases = database.queryStrings("SELECT phase FROM public.partition_migration");
        return phases.isEmpty() ? "none" : phases.get(0);
    }

    /** @throws AssertionError with what is gone or left behind since {@link #begin()} */
    void requireNothingLeftBehind() {
        // The session of a command that has failed may still be at its end, and its temporary tables with it.
        database.awaitTrue("SELECT NOT EXISTS (SELECT FROM pg_class WHERE relpersistence = 't')");
        List<String> now = objects();
        List<String> gone = new ArrayList<>(listing);
        now.forEach(gone::remove);
        List<String> left = new ArrayList<>(now);
        listing.forEach(left::remove);
        if (!gone.isEmpty() || !left.isEmpty()) {
            throw new AssertionError("After the rollback to before everything%n gone: %s%n left behind: %s"
                    .formatted(String.join("\n   ", gone), String.join("\n   ", left)));
        }
    }

    @Override
    public void close() {
        workload.close();
        database.close();
    }
}
