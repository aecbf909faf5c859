package liquibase.ext.partition.attribute;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import liquibase.ext.partition.engine.DurationText;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.swap.OnOldTransactions;

/**
 * An attribute that controls how a step works and does not affect its result: it may be changed at any time, and is not
 * part of a checksum. Several change types and a precondition share such attributes, under different superclasses. So
 * they are described once, here, and not as bean properties of each. {@link Tuning} holds their values.
 */
public enum TuningAttribute {
    WORKERS("workers", "4", TuningAttribute::count, "How many connections work at a time; 1 where it is not given"),
    CHUNK_SIZE(
            "chunkSize",
            "500000",
            TuningAttribute::positive,
            "Rows a chunk holds at most, about; for chunkedCopy as many as fit into chunkTime where it is not given, for verifyCopy 100000"),
    BATCH_SIZE(
            "batchSize",
            "5000",
            TuningAttribute::positive,
            "About how many delta rows are replayed in a transaction; 10000 where it is not given"),
    CHUNK_TIME(
            "chunkTime",
            "500ms",
            TuningAttribute::pace,
            "How long a piece of work (a chunk, a batch), which is one transaction, should take: a number with ms, s or min; its size follows. 2s where it is not given"),
    PAUSE_BETWEEN_CHUNKS(
            "pauseBetweenChunks",
            "200ms",
            TuningAttribute::pace,
            "How long each worker rests after a piece of work (a chunk, a batch, an index): a number with ms, s or min; not at all where it is not given"),
    MAX_REPLICA_LAG(
            "maxReplicaLag",
            "10s",
            TuningAttribute::pace,
            "Nothing is begun while a replica is further behind, or cannot be observed"),
    MAX_LOAD(
            "maxLoad",
            "16",
            TuningAttribute::pace,
            "Nothing is begun while more sessions than this are active, ours not counted"),
    THROTTLE_QUERY(
            "throttleQuery",
            "SELECT count(*) > 100 FROM jobs",
            TuningAttribute::pace,
            "Nothing is begun while this query gives true"),
    WINDOW(
            "window",
            "22:00-06:00 Europe/Berlin",
            TuningAttribute::pace,
            "The hours of the day in which work is begun, in UTC or in the time zone named after them"),
    MAX_DURATION(
            "maxDuration",
            "50min",
            TuningAttribute::pace,
            "How long a run may take; after it nothing is begun, and it ends with what it has: run update again. What has to be done whole is done to its end once it is begun"),
    LOCK_TIMEOUT(
            "lockTimeout",
            "500ms",
            DurationText::parse,
            "How long the longest attempts wait for the lock, and writers behind them: a number with ms, s or min; 1s where it is not given"),
    LOCK_ATTEMPTS(
            "lockAttempts",
            "40",
            TuningAttribute::count,
            "How many times the lock is tried for, with growing timeouts and pauses; 40 where it is not given"),
    MAX_DRAIN_ROWS(
            "maxDrainRows",
            "2000",
            TuningAttribute::positive,
            "More delta rows than this are not drained under the lock; 5000 where it is not given"),
    WAIT_FOR_OLD_TRANSACTIONS(
            "waitForOldTransactions",
            "10min",
            DurationText::parse,
            "How long transactions with a snapshot older than the last replay are waited for: a number with ms, s or min; as long as all attempts at the lock together where it is not given"),
    ON_OLD_TRANSACTIONS(
            "onOldTransactions",
            "stop",
            OnOldTransactions::parse,
            "What to do when transactions outlast waitForOldTransactions: stop, or goOn, and then they find rows missing; stop where it is not given"),
    CATCH_UP_TIME(
            "catchUpTime",
            "30s",
            TuningAttribute::durationOrOff,
            "How long an update that passes by while the approval is pending replays what was written meanwhile: a number with ms, s or min, or off; 1min where it is not given"),
    MAX_DEFAULT_SHARE(
            "maxDefaultShare",
            "5%",
            (name, text) -> DefaultShare.parse(text),
            "How many of the rows may be in the default partition, in percent: more than that end the comparison, and the first step says it from a sample; 1% where it is not given"),
    ACCEPT_TRIGGERS(
            "acceptTriggers",
            "set_dates",
            (name, text) -> Attributes.names(name, text),
            "Names of BEFORE ROW triggers that assign a partition column and leave the row in its partition, with commas between them; others are refused"),
    RESTART(
            "restart",
            "${restartCopy}",
            (name, text) -> {},
            "true, all, or names of tables with commas between them: starts the copy over where it names this table; a later step does that before its own work");

    /** The attributes of a step that takes a lock which writers would feel. */
    public static final Set<TuningAttribute> LOCK = some(LOCK_TIMEOUT, LOCK_ATTEMPTS);

    /** The attributes that make a long step give way, for steps whose pieces of work have a size of their own. */
    public static final Set<TuningAttribute> PAUSES =
            some(PAUSE_BETWEEN_CHUNKS, MAX_REPLICA_LAG, MAX_LOAD, THROTTLE_QUERY, WINDOW, MAX_DURATION);

    /** The attributes of {@link GivenPace}. */
    public static final Set<TuningAttribute> PACE = with(PAUSES, CHUNK_TIME);

    private final String name;
    private final String example;
    private final BiConsumer<String, String> check;
    private final String description;

    TuningAttribute(String name, String example, BiConsumer<String, String> check, String description) {
        this.name = name;
        this.example = example;
        this.check = check;
        this.description = description;
    }

    /** @throws java.util.NoSuchElementException if there is no attribute of this name */
    public static TuningAttribute named(String name) {
        return Arrays.stream(values())
                .filter(attribute -> attribute.name.equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static Set<TuningAttribute> some(TuningAttribute first, TuningAttribute... others) {
        return Collections.unmodifiableSet(EnumSet.of(first, others));
    }

    /** The set with further attributes. */
    public static Set<TuningAttribute> with(Set<TuningAttribute> attributes, TuningAttribute... more) {
        EnumSet<TuningAttribute> all = EnumSet.copyOf(attributes);
        all.addAll(Arrays.asList(more));
        return Collections.unmodifiableSet(all);
    }

    /** The name that a changelog uses. */
    public String attributeName() {
        return name;
    }

    /** @throws IllegalArgumentException with a message for people, if {@code text} is no value for it */
    void check(String text) {
        check.accept(name, text);
    }

    /** A possible value, for documentation. */
    public String example() {
        return example;
    }

    /** For documentation. */
    public String description() {
        return description;
    }

    private static void positive(String name, String text) {
        Attributes.positive(name, text, 1);
    }

    private static void count(String name, String text) {
        Attributes.count(name, text, 1);
    }

    private static void durationOrOff(String name, String text) {
        if (!text.strip().equals(GivenPace.OFF)) {
            DurationText.parse(name, text);
        }
    }

    private static void pace(String name, String text) {
        GivenPace.named(Map.of(name, text)).pace();
    }
}
