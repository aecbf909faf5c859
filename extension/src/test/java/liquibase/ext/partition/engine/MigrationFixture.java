package liquibase.ext.partition.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import liquibase.ext.partition.engine.copy.ChunkedCopy;
import liquibase.ext.partition.engine.delta.CaptureRights;
import liquibase.ext.partition.engine.delta.CaptureStep;
import liquibase.ext.partition.engine.delta.replay.ReplayStep;
import liquibase.ext.partition.engine.index.IndexBuild;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.lock.OnBusy;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.newtable.ColumnChange;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.pace.RunPace;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Retention;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.partitioning.Runway;
import liquibase.ext.partition.engine.prepare.Preparation;
import liquibase.ext.partition.engine.retirement.ArchivePlace;
import liquibase.ext.partition.engine.retirement.Reattachment;
import liquibase.ext.partition.engine.retirement.RetiredDrop;
import liquibase.ext.partition.engine.retirement.Retirement;
import liquibase.ext.partition.engine.retirement.RetirementRule;
import liquibase.ext.partition.engine.retirement.RetirementWay;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.swap.BackupDrop;
import liquibase.ext.partition.engine.swap.ReverseSwap;
import liquibase.ext.partition.engine.swap.Swap;
import liquibase.ext.partition.engine.swap.SwapSettings;
import liquibase.ext.partition.engine.upkeep.Upkeep;
import liquibase.ext.partition.engine.verify.Verification;
import liquibase.ext.partition.testing.Sessions;
import liquibase.ext.partition.testing.TestDatabase;

/**
 * A table and its migration, taken forward step by step through the engine's own API. Every step runs on a connection
 * of its own, as in every {@code liquibase update}.
 *
 * <p>The file is long because it has a method for each step, and for each setting that a test may give otherwise.
 */
public final class MigrationFixture {
    /**
     * The rows of a chunk unless a test says otherwise: the orders table of a thousand rows makes about ten. Copies
     * with this size have more time for a chunk than they can need, so that their chunks are the same on every machine.
     */
    public static final long CHUNK_SIZE = 100;

    public static final LockPolicy LOCK = new LockPolicy(Duration.ofMillis(200), 20);

    /** For what works under its lock for no longer than an attempt lasts, on a machine that may be slow. */
    public static final LockPolicy PATIENT = new LockPolicy(Duration.ofSeconds(5), 3);

    private static final DefaultShare ANY_SHARE = DefaultShare.parse("100%");

    private static final long LONGEST_STEP_SECONDS = 60;

    /** A test's work with one step's run. */
    @FunctionalInterface
    public interface Step {
        void run(StepRun run) throws SQLException;
    }

    private final TestDatabase database;
    private final QualifiedName source;
    private final List<Identifier> key;
    private PartitionKeySpec partitionKey;
    private String interval = "month";
    private Routing routing = Routing.NATIVE;
    private IncomingForeignKeys incomingForeignKeys = IncomingForeignKeys.REFUSE;
    private OnBusy onBusy = OnBusy.FAIL;
    private final List<ColumnChange> changes = new ArrayList<>();
    private final List<String> lines = Collections.synchronizedList(new ArrayList<>());
    private String role;
    private String from = "2024-01";
    private String until = "2025-01";
    private final List<Identifier> acceptedTriggers = new ArrayList<>();

    /** Null for the table's own. */
    private String partitionSchema;

    /** Null for the extension's default. */
    private DefaultShare maxDefaultShare = ANY_SHARE;

    private MigrationFixture(TestDatabase database, QualifiedName source, String partitionColumn, String... key) {
        this.database = database;
        this.source = source;
        this.partitionKey = PartitionKeySpec.of(new Identifier(partitionColumn));
        this.key = Arrays.stream(key).map(Identifier::new).toList();
    }

    /** A migration of a table that the test has made. */
    public static MigrationFixture of(
            TestDatabase database, String schema, String table, String partitionColumn, String... key) {
        return new MigrationFixture(database, QualifiedName.of(schema, table), partitionColumn, key);
    }

    /**
     * A migration of {@code public.orders}, made here, whose rows have the ids from 1 on, about fifteen to a block, and
     * are spread over the twelve months of 2024: row {@code i} is of month {@code 1 + i % 12}.
     */
    public static MigrationFixture ofOrders(TestDatabase database, long rows) {
        return ofOrders(database, rows, 12);
    }

    /**
     * The same with so many months from January 2024 on: row {@code i} is of month {@code 1 + i % months}. Whatever is
     * asked and done for each partition takes most of a test's time, so that few are enough unless the test says why.
     */
    public static MigrationFixture ofOrders(TestDatabase database, long rows, int months) {
        return ofOrders(database, rows, YearMonth.of(2024, 1), months);
    }

    /** The same from another month on. */
    public static MigrationFixture ofOrders(TestDatabase database, long rows, YearMonth first, int months) {
        database.execute("""
                CREATE TABLE orders (
                  id bigint PRIMARY KEY,
                  status text NOT NULL,
                  amount numeric(10,2),
                  filler text NOT NULL DEFAULT repeat('x', 450),
                  created_at timestamptz NOT NULL)""", """
                INSERT INTO orders (id, status, amount, created_at)
                SELECT i, 'new', i / 4.0, timestamptz '%s-15 12:00+00' + (i %% %d) * interval '1 month'
                FROM generate_series(1, %d) AS i""".formatted(first, months, rows), "ANALYZE orders");
        return of(database, "public", "orders", "created_at", "id")
                .between(first.toString(), first.plusMonths(months).toString());
    }

    /** A statement that inserts an order of March with that id. */
    public static String insert(long id) {
        return "INSERT INTO orders (id, status, created_at) VALUES (%d, 'new', timestamptz '2024-03-01 00:00+00')"
                .formatted(id);
    }

    /** Runs the steps as that role, whose password is its name, instead of the administrator. */
    public MigrationFixture as(String otherRole) {
        role = otherRole;
        return this;
    }

    /** By default a step fails while another runner is at work. */
    public MigrationFixture waitingForOthers() {
        onBusy = OnBusy.WAIT;
        return this;
    }

    /** By default the twelve months of 2024. */
    public MigrationFixture between(String first, String firstWithout) {
        from = first;
        until = firstWithout;
        return this;
    }

    /** The last months of 2024, instead of all twelve. */
    public MigrationFixture ofMonths(int months) {
        YearMonth until = YearMonth.of(2025, 1);
        return between(until.minusMonths(months).toString(), until.toString());
    }

    /** By default months. */
    public MigrationFixture every(String word) {
        interval = word;
        return this;
    }

    /** By default no trigger is accepted. */
    public MigrationFixture accepting(String trigger) {
        acceptedTriggers.add(new Identifier(trigger));
        return this;
    }

    /** By default all rows; null for the extension's default. */
    public MigrationFixture maxDefaultShare(String percent) {
        maxDefaultShare = percent == null ? null : DefaultShare.parse(percent);
        return this;
    }

    /** By default the partitions are in the table's schema. */
    public MigrationFixture partitionsIn(String schema) {
        partitionSchema = schema;
        return this;
    }

    /** By default the server partitions natively. */
    public MigrationFixture routedByTrigger() {
        routing = Routing.TRIGGER;
        return this;
    }

    /** By default a table that others refer to is refused. */
    public MigrationFixture incomingForeignKeys(IncomingForeignKeys way) {
        incomingForeignKeys = way;
        return this;
    }

    /** By default the one column that the migration was made with. */
    public MigrationFixture partitionedBy(PartitionKeySpec key) {
        partitionKey = key;
        return this;
    }

    /** Gives a column another type on the way; either expression may be null. */
    public MigrationFixture converting(String column, String type, String using, String reverseUsing) {
        changes.add(new ColumnChange(
                new Identifier(column), type, Optional.ofNullable(using), Optional.ofNullable(reverseUsing)));
        return this;
    }

    public TestDatabase database() {
        return database;
    }

    public QualifiedName source() {
        return source;
    }

    public QualifiedName newTable() {
        return source.sibling(DerivedName.of(source.name(), "_new"));
    }

    public QualifiedName delta() {
        return source.sibling(DerivedName.of(source.name(), "_delta"));
    }

    public QualifiedName backup() {
        return source.sibling(DerivedName.of(source.name(), "_old"));
    }

    public List<Identifier> key() {
        return key;
    }

    /** The partition of that month, {@code 202401}, or the {@code default} one. */
    public QualifiedName partition(String suffix) {
        return source.sibling(new Identifier(prefix() + suffix));
    }

    private String prefix() {
        // Room for the longest suffix, whatever the length of the table's own name.
        return DerivedName.of(source.name(), "_default").name().replaceFirst("default$", "");
    }

    /** The lines for people so far. */
    public List<String> lines() {
        synchronized (lines) {
            return List.copyOf(lines);
        }
    }

    public Connection connect() throws SQLException {
        return role == null ? database.connect() : database.connect(role, role);
    }

    public StepRun.Environment environment(Connection main) {
        return new StepRun.Environment(
                main, () -> Optional.of(connect()), new StateTables(new Identifier("public")), lines::add, onBusy);
    }

    /** The environment of a run that has settings for all its steps. */
    public StepRun.Environment environment(Connection main, RunPace pace) {
        StepRun.Environment one = environment(main);
        return new StepRun.Environment(
                one.main(), one.more(), one.state(), one.report(), one.onBusy(), one.askAfter(), pace);
    }

    /** Runs a step on a connection of its own. */
    public void step(String name, Step step) throws SQLException {
        Sessions.Work<Void> work = main -> {
            try (StepRun run = environment(main).begin(name, source)) {
                CaptureRights.mend(run);
                step.run(run);
            }
            return null;
        };
        if (role == null) {
            database.onConnection(database.username(), database.password(), work);
        } else {
            database.onConnection(role, role, work);
        }
    }

    public NewTableSpec spec() {
        return new NewTableSpec(
                source,
                newTable().name(),
                partitionKey,
                PartitionLayout.parse(prefix(), interval, from, until),
                routing,
                incomingForeignKeys,
                changes,
                acceptedTriggers,
                Optional.ofNullable(partitionSchema).map(Identifier::new));
    }

    public MigrationFixture prepare() throws SQLException {
        step(
                "createPartitionedTable",
                run -> Preparation.run(run, spec(), maxDefaultShare == null ? DefaultShare.DEFAULT : maxDefaultShare));
        return this;
    }

    public MigrationFixture capture() throws SQLException {
        return capture(LOCK);
    }

    public MigrationFixture capture(LockPolicy lock) throws SQLException {
        step("captureChanges", run -> CaptureStep.start(run, delta().name(), key, lock));
        return this;
    }

    public MigrationFixture copy() throws SQLException {
        return copy(CHUNK_SIZE, 2, false);
    }

    public MigrationFixture copy(long chunkSize, int workers, boolean restart) throws SQLException {
        step(
                "chunkedCopy",
                run -> ChunkedCopy.of(run)
                        .copy(chunkSize, workers, restart, GivenPace.named(Map.of("chunkTime", "1min"))));
        return this;
    }

    /** Does what {@code liquibase update -DrestartCopy=…} does, up to the verification. */
    public MigrationFixture restartCopy() throws SQLException {
        step("rollback of verifyCopy", Verification::forget);
        step("rollback of buildIndexes", IndexBuild::drop);
        step("rollback of chunkedCopy", ChunkedCopy::forget);
        return copy().index().replay().verify();
    }

    /** Copies with that pace, by one worker. */
    public MigrationFixture copy(Map<String, String> pace) throws SQLException {
        return copy(CHUNK_SIZE, pace);
    }

    /** Copies with that pace, by one worker. */
    public MigrationFixture copy(long chunkSize, Map<String, String> pace) throws SQLException {
        step("chunkedCopy", run -> ChunkedCopy.of(run).copy(chunkSize, 1, false, GivenPace.named(pace)));
        return this;
    }

    public MigrationFixture index() throws SQLException {
        step("buildIndexes", run -> IndexBuild.of(run).build(2, GivenPace.NOTHING));
        return this;
    }

    public MigrationFixture replay() throws SQLException {
        return replay(ReplayStep.DEFAULT_BATCH_SIZE);
    }

    public MigrationFixture replay(long batchSize) throws SQLException {
        step("replayChanges", run -> ReplayStep.run(run, batchSize, GivenPace.NOTHING));
        return this;
    }

    public MigrationFixture verify() throws SQLException {
        return verify(CHUNK_SIZE);
    }

    public MigrationFixture verify(long chunkSize) throws SQLException {
        step("verifyCopy", run -> Verification.verifyCopy(run, chunkSize, 2, GivenPace.NOTHING, maxDefaultShare));
        return this;
    }

    public MigrationFixture swap() throws SQLException {
        return swap(new SwapSettings(LOCK, SwapSettings.DEFAULT_MAX_DRAIN_ROWS));
    }

    public MigrationFixture swap(SwapSettings settings) throws SQLException {
        step(
                "lockedSwap",
                run -> Swap.of(run, backup().name())
                        .swap(new SwapSettings(
                                settings.lock(),
                                settings.maxDrainRows(),
                                settings.waitForOldTransactions(),
                                settings.onOldTransactions(),
                                Optional.ofNullable(maxDefaultShare),
                                acceptedTriggers)));
        return this;
    }

    public MigrationFixture reverseSwap() throws SQLException {
        return reverseSwap(new SwapSettings(LOCK, SwapSettings.DEFAULT_MAX_DRAIN_ROWS));
    }

    public MigrationFixture reverseSwap(SwapSettings settings) throws SQLException {
        step("rollback of lockedSwap", run -> ReverseSwap.run(run, settings));
        return this;
    }

    public MigrationFixture dropBackup() throws SQLException {
        step("dropBackup", run -> BackupDrop.run(run, backup().name(), LOCK, 2, GivenPace.NOTHING));
        return this;
    }

    /** By one worker. */
    public MigrationFixture dropBackup(LockPolicy lock) throws SQLException {
        step("dropBackup", run -> BackupDrop.run(run, backup().name(), lock, 1, GivenPace.NOTHING));
        return this;
    }

    /** Makes the partitions that are missing until then. */
    public MigrationFixture upkeep(String end) throws SQLException {
        return upkeep(Runway.until(end), LOCK);
    }

    public MigrationFixture upkeep(Runway runway, LockPolicy lock) throws SQLException {
        step("addPartitions", run -> Upkeep.run(run, runway, lock));
        return this;
    }

    /** Retires the partitions of {@code 2024} before that month, {@code 2024-04}, by detaching them. */
    public MigrationFixture retireBefore(String month) throws SQLException {
        return retireBefore(month, null, PATIENT);
    }

    /** @param schema may be null */
    public MigrationFixture retireBefore(String month, String schema, LockPolicy lock) throws SQLException {
        return retire(detaching(month, schema), lock);
    }

    public MigrationFixture retire(RetirementRule rule, LockPolicy lock) throws SQLException {
        step("retirePartitions", run -> Retirement.run(run, rule, lock, "an update"));
        return this;
    }

    /** @param schema may be null */
    public static RetirementRule detaching(String month, String schema) {
        return RetirementRule.of(keeping(month), RetirementWay.DETACH, schema == null ? null : new Identifier(schema));
    }

    /** Takes back what has left last. */
    public MigrationFixture undoRetirement() throws SQLException {
        return undoRetirement("an update");
    }

    /** @param update the update that Liquibase undoes */
    public MigrationFixture undoRetirement(String update) throws SQLException {
        step("rollback", run -> Reattachment.run(run, PATIENT, update));
        return this;
    }

    /** Retires the partitions of {@code 2024} before that month, to be dropped. */
    public MigrationFixture retireToDropBefore(String month) throws SQLException {
        return retire(RetirementRule.of(keeping(month), RetirementWay.DROP, null), PATIENT);
    }

    /** Retires the partitions of {@code 2024} before that month, to files below that directory. */
    public MigrationFixture archiveBefore(String month, Path directory) throws SQLException {
        return retire(
                new RetirementRule(
                        keeping(month),
                        RetirementWay.ARCHIVE,
                        Optional.empty(),
                        Optional.of(new ArchivePlace.Files(directory))),
                LOCK);
    }

    /** Takes back the drop of what has left, by {@link #dropRetired}. */
    public MigrationFixture undoDropOfRetired() throws SQLException {
        step("rollback of dropRetiredPartitions", run -> RetiredDrop.undo(run, LOCK, "a later update"));
        return this;
    }

    /** Drops what has left to be dropped, in an update after that in which it has left. */
    public MigrationFixture dropRetired() throws SQLException {
        step("dropRetiredPartitions", run -> RetiredDrop.run(run, LOCK, "a later update"));
        return this;
    }

    /** The number of months by which that one is the oldest that is kept today. */
    public static Retention keeping(String month) {
        return new Retention((int) ChronoUnit.MONTHS.between(YearMonth.parse(month), YearMonth.now(ZoneOffset.UTC)));
    }

    /** Makes the partition of the next interval that has had none. */
    public MigrationFixture oneMorePartition() throws SQLException {
        PartitionInterval span = PartitionInterval.parse(interval);
        LocalDate end = LocalDate.parse(database.queryString(
                "SELECT range_until FROM public.partition_migration WHERE source_schema = ? AND source_table = ?",
                source.schema().name(),
                source.name().name()));
        return upkeep(span.next(end).toString());
    }

    /** Undoes every step but the swap, the last one first: the source must be the live table. */
    public MigrationFixture undo() throws SQLException {
        step("rollback of verifyCopy", Verification::forget);
        step("rollback of buildIndexes", IndexBuild::drop);
        step("rollback of chunkedCopy", ChunkedCopy::forget);
        step("rollback of captureChanges", run -> CaptureStep.stop(run, LOCK));
        step("rollback of createPartitionedTable", Preparation::undo);
        return this;
    }

    /** Every step from the first to the verification. */
    public MigrationFixture throughVerification() throws SQLException {
        return prepare().capture().copy().index().replay().verify();
    }

    /** Every step from the first to the swap. */
    public MigrationFixture throughSwap() throws SQLException {
        return throughVerification().swap();
    }

    /** Runs {@code work} on a thread of its own. */
    public static Future<Void> inBackground(Callable<?> work) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        work.call();
                        done.complete(null);
                    } catch (Throwable e) {
                        done.completeExceptionally(e);
                    }
                },
                "background step");
        thread.setDaemon(true);
        thread.start();
        return done;
    }

    /** Waits for the work, and throws what it threw. */
    public static void join(Future<Void> work) throws Exception {
        try {
            work.get(LONGEST_STEP_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        } catch (TimeoutException e) {
            throw new AssertionError("Still running after " + LONGEST_STEP_SECONDS + " s", e);
        }
    }

    /** Waits until a session of that {@code application_name} pattern waits for a lock. */
    public void awaitBlocked(String applicationName) {
        database.awaitTrue("""
                SELECT EXISTS (SELECT FROM pg_stat_activity
                               WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name LIKE ?)""", applicationName);
    }

    /** Waits until a session with that text in its statement waits for a lock. */
    public void awaitBlockedStatement(String part) {
        database.awaitTrue("""
                SELECT EXISTS (SELECT FROM pg_stat_activity
                               WHERE datname = current_database() AND wait_event_type = 'Lock'
                                 AND pid <> pg_backend_pid() AND strpos(query, ?) > 0)""", part);
    }

    /** The statements in a message, each on a line of its own, below the line that begins with {@code heading}. */
    public static String[] advised(Throwable refused, String heading) {
        String[] statements = refused.getMessage()
                .lines()
                .dropWhile(line -> !line.startsWith(heading))
                .skip(1)
                .takeWhile(line -> line.startsWith("  ") && line.endsWith(";"))
                .map(line -> line.strip().replaceFirst(";$", ""))
                .toArray(String[]::new);
        assertThat(statements)
                .as("below <%s> in %s", heading, refused.getMessage())
                .isNotEmpty();
        return statements;
    }

    /** Asserts that two tables have the same rows, by their text. */
    public void assertSameRows(QualifiedName left, QualifiedName right) {
        assertThat(database.queryStrings("""
                (SELECT '%1$s only: ' || t::text FROM %2$s AS t EXCEPT ALL SELECT '%1$s only: ' || t::text FROM %4$s AS t)
                UNION ALL
                (SELECT '%3$s only: ' || t::text FROM %4$s AS t EXCEPT ALL SELECT '%3$s only: ' || t::text FROM %2$s AS t)
                LIMIT 20""".formatted(
                                left.name().name().replace("'", "''"),
                                left.quoted(),
                                right.name().name().replace("'", "''"),
                                right.quoted())))
                .isEmpty();
    }

    /** Must be called before the swap, with nobody writing and the delta drained. */
    public void assertNewTableEqualsSource() {
        assertSameRows(source, newTable());
    }

    /** The {@code relkind} of the table that has the live name: r, or p once it is partitioned by the server. */
    public String kind() {
        return database.queryString("SELECT relkind FROM pg_class WHERE oid = ?::regclass", source.quoted());
    }

    /** Every row of the table that has the live name, as text. */
    public List<String> rows() {
        return database.queryStrings("SELECT t::text FROM " + source.quoted() + " AS t ORDER BY 1");
    }

    public long deltaRows() {
        return database.queryLong("SELECT count(*) FROM " + delta().quoted());
    }

    public String phase() {
        return database.queryString(
                "SELECT phase FROM public.partition_migration WHERE source_schema = ? AND source_table = ?",
                source.schema().name(),
                source.name().name());
    }

    public boolean exists(QualifiedName relation) {
        return "t".equals(database.queryString("SELECT to_regclass(?) IS NOT NULL", relation.quoted()));
    }
}
