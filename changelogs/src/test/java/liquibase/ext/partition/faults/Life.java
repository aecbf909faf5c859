package liquibase.ext.partition.faults;

import java.sql.SQLException;
import java.sql.Statement;
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

/**
 * One table from its first step to its end, whatever happens in between, with writers that go on all the time.
 *
 * <p>The file is long because it knows for each fault and each remedy what becomes of the table.
 */
final class Life implements AutoCloseable {

    private static final Pattern ENABLE_TRIGGER = Pattern.compile("ALTER TABLE \\S+ ENABLE ALWAYS TRIGGER \\w+");

    private final Shape shape;
    private final TestDatabase database;
    private final String url;

    /**
     * The owner of the table, who runs the commands and has no other role; the writers and the nemesis are other roles.
     */
    private final String owner;

    private final Changelogs changelogs;
    private final Workload workload;

    /** Months that the nemesis has detached, which are dropped once nobody needs them. */
    private final List<String> detached = new ArrayList<>();

    private List<String> listing = List.of();
    private List<String> sequence = List.of();
    private boolean indexed;

    /** @param port the port that the command line connects to */
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

    /** Must be called when the first changeset, the tag, is recorded and nothing else is done. */
    void begin() {
        listing = objects();
    }

    /** The existing objects, except for the columns and indexes that the nemesis adds, alters and makes anew. */
    private List<String> objects() {
        return DatabaseListing.of(database).stream()
                .filter(line -> !line.contains(Fault.ADDED_COLUMN))
                .filter(line -> !line.contains(Shape.SPARE) && !line.contains("pg.dropped"))
                .toList();
    }

    /** Alters behind the writers' backs, as the owner, in one transaction. */
    void alter(Workload.Allowed allowed, String... statements) throws SQLException {
        workload.alter(
                connection -> {
                    try (Statement statement = connection.createStatement()) {
                        statement.execute("SET LOCAL lock_timeout = '3s'");
                        statement.execute("SET LOCAL ROLE " + owner);
                        for (String sql : statements) {
                            statement.execute(sql);
                        }
                        statement.execute("RESET ROLE");
                    }
                },
                allowed);
    }

    /** A partition of the live table that was made for a month. */
    String anyMonth(SplittableRandom random) throws SQLException {
        return any(random, """
                SELECT c.oid::regclass::text FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                WHERE i.inhparent = ?::regclass AND pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT' ORDER BY 1
                """, shape.table());
    }

    /** A table with rows of its own, on either side, or one of ours. */
    String anyHeap(SplittableRandom random) throws SQLException {
        return any(
                random,
                "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relname LIKE ? ORDER BY 1",
                shape.table() + "\\_%");
    }

    private String any(SplittableRandom random, String query, String parameter) throws SQLException {
        List<String> found = database.queryStrings(query, parameter);
        if (found.isEmpty()) {
            throw new SQLException("There is none");
        }
        return found.get(random.nextInt(found.size()));
    }

    /** The bound as ATTACH PARTITION takes it. */
    String bound(String partition) {
        return database.queryString(
                "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = ?::regclass", partition);
    }

    boolean hasBackup() {
        return database.queryString("SELECT to_regclass(?) IS NOT NULL", shape.migrated() + "_old")
                .equals("t");
    }

    /** The capture trigger of the live table, as SQL writes it. */
    String captureTrigger() throws SQLException {
        return any(new SplittableRandom(), """
                SELECT quote_ident(tgname) FROM pg_trigger WHERE tgrelid = ?::regclass AND tgname LIKE '%\\_delta\\_capture'
                """, shape.table());
    }

    void keepDetached(String month) {
        detached.add(month);
    }

    /**
     * Runs while no writer has used the sequence in an open transaction: such a writer would wait for the table, which
     * this has locked.
     */
    void setSequence(int increment, long maximum, int cache) throws SQLException {
        alter(
                (expected, found) -> false,
                "ALTER TABLE %s ALTER COLUMN id SET INCREMENT BY %d SET MAXVALUE %d SET CACHE %d"
                        .formatted(shape.table(), increment, maximum, cache));
        sequence = List.of(Integer.toString(increment), Long.toString(maximum), Integer.toString(cache));
    }

    void expectIndex() {
        indexed = true;
    }

    /** Settings stay set, and objects stay there, whichever table has the name. */
    private void requireSettings() {
        if (!sequence.isEmpty()) {
            List<String> found =
                    database.queryRows("""
                            SELECT seqincrement::text, seqmax::text, seqcache::text FROM pg_sequence
                            WHERE seqrelid = pg_get_serial_sequence(?, 'id')::regclass
                            """, shape.table()).stream().findFirst().orElse(List.of());
            if (!found.equals(sequence)) {
                throw new AssertionError("The sequence was set to %s (increment, maximum, cache), and has %s"
                        .formatted(sequence, found));
            }
        }
        if (indexed
                && database.queryString(
                                "SELECT EXISTS (SELECT FROM pg_indexes WHERE tablename = ? AND indexname = ?)",
                                shape.table(),
                                Fault.ADDED_COLUMN + "index")
                        .equals("f")) {
            throw new AssertionError("The index that was made after the swap is gone");
        }
    }

    /** A month that was detached is dropped in the end, or becomes a partition again. */
    void dropDetached() {
        for (String month : detached) {
            if (database.queryString(
                            "SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass(?) AND NOT relispartition)",
                            month)
                    .equals("t")) {
                database.execute("DROP TABLE " + month);
            }
        }
        detached.clear();
    }

    private static final Pattern OF_PARTITION = Pattern.compile("^ {2}(\\S+) was [^;]*?\\. To .*$", Pattern.MULTILINE);

    private static final Pattern CHOICE = Pattern.compile(
            "To (go by what it has now|do without them for good|have its rows again): (.*?)(?=\\. To |\\.?$)");

    private static final Pattern CAPTURE = Pattern.compile(
            "(?:^ {2}|captured, then roll back again: )(INSERT INTO \\S+_delta\"? \\([^)]*\\) SELECT [^;]*)(?:;|$)",
            Pattern.MULTILINE);

    private static final Pattern ON_BACKUP =
            Pattern.compile("^ {2}index \\S+ *[^:]*: (.*?); or do without", Pattern.MULTILINE);

    /**
     * Does what the message says about rows that no trigger saw, word for word, if it has statements.
     *
     * @param message the last message
     * @return whether it had statements
     */
    boolean runStatements(String message, SplittableRandom random) {
        boolean found = false;
        if (message.contains("o one of these for each")) {
            for (Matcher line = OF_PARTITION.matcher(message); line.find(); ) {
                List<String> choices = new ArrayList<>();
                for (Matcher choice = CHOICE.matcher(line.group()); choice.find(); ) {
                    choices.add(choice.group(2));
                }
                found |= !choices.isEmpty() && runOneOf(choices, random);
            }
        }
        for (Matcher capture = CAPTURE.matcher(message); capture.find(); ) {
            run(List.of(capture.group(1)));
            found = true;
        }
        for (Matcher index = ON_BACKUP.matcher(message); index.find(); ) {
            run(List.of(index.group(1).split("; ")));
            found = true;
        }
        return found;
    }

    private boolean runOneOf(List<String> choices, SplittableRandom random) {
        String first = choices.get(0);
        if (first.startsWith("ALTER TABLE") && random.nextBoolean()) {
            try {
                alter((expected, image) -> expected == null, first);
                return true;
            } catch (SQLException e) {
                // The month has got rows meanwhile, in the default partition; so it stays outside.
            }
        }
        String last = choices.get(choices.size() - 1);
        run(List.of(last.split("; ")));
        return true;
    }

    private void run(List<String> statements) {
        List<String> all = new ArrayList<>(List.of("SET lock_timeout = '10s'"));
        all.addAll(statements);
        database.execute(all.toArray(String[]::new));
    }

    /** The words of a command line, including the connection. */
    List<String> words(Command command, String... more) {
        List<String> words =
                new ArrayList<>(List.of("--search-path=" + changelogs.folder(shape), "--log-level=severe"));
        List<String> own = command.words(shape.migrated());
        words.add(own.get(0));
        words.addAll(List.of("--url=" + url, "--username=" + owner, "--password="));
        if (command != Command.RELEASE_LOCKS) {
            words.add("--changelog-file=changelog.xml");
        }
        words.addAll(own.subList(1, own.size()));
        words.addAll(List.of(more));
        return words;
    }

    /** The steps that Liquibase has recorded, without the table's name. */
    List<String> recorded() {
        return database.queryStrings("SELECT id FROM databasechangelog ORDER BY orderexecuted").stream()
                .map(id -> id.endsWith("-before-swap") ? "before-swap" : id.substring(id.lastIndexOf('-') + 1))
                .toList();
    }

    boolean isOver() {
        return recorded().contains("drop");
    }

    /** Whether there are two tables and each change of one is captured. */
    boolean isUnderWay() {
        List<String> recorded = recorded();
        return recorded.contains("capture") && !recorded.contains("drop");
    }

    /** Whether the capture trigger exists and is disabled. */
    boolean isCaptureOff() {
        return database.queryString(
                        "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgname LIKE '%\\_delta\\_capture' AND tgenabled = 'D')")
                .equals("t");
    }

    boolean isLocked() {
        return database.queryString("SELECT EXISTS (SELECT FROM databasechangeloglock WHERE locked)")
                .equals("t");
    }

    /** A command that makes sense in the present state. */
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

    /** Follows the message of a way back when a trigger was disabled since the swap: it has the statements. */
    void enableTriggers(String message) {
        Matcher statement = ENABLE_TRIGGER.matcher(message.substring(message.lastIndexOf("are not being captured")));
        while (statement.find()) {
            database.execute(statement.group());
        }
    }

    /**
     * Follows the message about columns that differ, or are no longer defined alike: gives the other table the same
     * type and default, and computes its generated values.
     *
     * @return false if they are the same already, so that something else differs
     */
    boolean giveTheSameDefinition() {
        String other = shape.table() + (hasBackup() ? "_old" : "_new");
        List<List<String>> wanted = alteredColumns(shape.table());
        if (wanted.equals(alteredColumns(other))) {
            return false;
        }
        // In the same order, too.
        List<String> statements = new ArrayList<>();
        for (List<String> column : wanted) {
            statements.add("ALTER TABLE %s DROP COLUMN IF EXISTS %s".formatted(other, column.get(0)));
        }
        for (List<String> column : wanted) {
            statements.add("ALTER TABLE %s ADD COLUMN %s".formatted(other, String.join(" ", column)));
        }
        run(statements);
        return true;
    }

    /** The columns that the nemesis adds or alters: name, type and default. */
    private List<List<String>> alteredColumns(String table) {
        return database.queryRows("""
                SELECT quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                       coalesce('DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
                FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                WHERE a.attrelid = to_regclass(?) AND NOT a.attisdropped AND (a.attname = ? OR a.attname LIKE ?)
                ORDER BY a.attnum
                """, table, Shape.SPARE, Fault.ADDED_COLUMN + "%");
    }

    /** Follows the message when the nemesis has added columns to the live table since the swap. */
    void giveBackupTheSameColumns() {
        for (String column : database.queryStrings(
                "SELECT attname FROM pg_attribute WHERE attrelid = ?::regclass AND attname LIKE ? AND NOT attisdropped ORDER BY attnum",
                shape.table(),
                Fault.ADDED_COLUMN + "%")) {
            database.execute("ALTER TABLE %s_old ADD COLUMN IF NOT EXISTS %s integer".formatted(shape.table(), column));
        }
    }

    /**
     * Follows the message when Liquibase has recorded work that is not done: there is no other table in this database.
     */
    void deleteRecords() {
        database.execute("DELETE FROM databasechangelog");
    }

    /**
     * Asserts that every acknowledged write is there exactly once, and nothing else; and that the other table, if there
     * is one, has the rows that it must have.
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
            requireSettings();
        } finally {
            workload.resume();
        }
    }

    private void requireInvariant() {
        String phase = phase();
        if (List.of("none", "prepared", "dropped").contains(phase)) {
            return;
        }
        String table = shape.migrated();
        if (shape.isPartitioned() && phase.equals("swapped")) {
            // The other side is no table, but the partitions that took the place; a rollback compares them.
            return;
        }
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

    /** @throws AssertionError with everything that is gone or left behind since {@link #begin()} */
    void requireNothingLeftBehind() {
        // The session of a command that has failed may still be ending, with its temporary tables.
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
