package liquibase.ext.partition.attribute;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.DurationText;
import liquibase.ext.partition.engine.belonging.triggers.RowTriggers;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.pace.PaceSetting;
import liquibase.ext.partition.engine.pace.WorkingHours;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.swap.OnOldTransactions;

/**
 * A setting that controls how a step works and does not affect its result: an attribute that may be changed at any
 * time, and is not part of a checksum. Each is described once, here: its name, the kind of its values, its default, its
 * meaning, and the steps that have it. Change types and preconditions take these from here, and so does the generator,
 * which does not have Liquibase; tests compare the XSD, the JSON schema, the templates and the README with it.
 * {@link Tuning} holds the values.
 */
public enum TuningAttribute {
    CHUNK_SIZE(
            "chunkSize",
            Kind.NUMBER,
            null,
            "500000",
            "Rows a chunk holds at most, about; for chunkedCopy as many as fit into chunkTime where it is not given, for verifyCopy 100000",
            Set.of(StepName.CHUNKED_COPY, StepName.VERIFY_COPY)),
    CHUNK_TIME(
            PaceSetting.CHUNK_TIME,
            Kind.DURATION,
            "2s",
            "500ms",
            "How long a piece of work (a chunk, a batch), which is one transaction, should take: a number with ms, s or min; its size follows",
            but(StepName.LONG, StepName.BUILD_INDEXES)),
    WORKERS(
            "workers",
            Kind.COUNT,
            "1",
            "4",
            "How many connections work at a time",
            but(StepName.LONG, StepName.REPLAY_CHANGES, StepName.APPROVED)),
    PAUSE_BETWEEN_CHUNKS(
            PaceSetting.PAUSE_BETWEEN_CHUNKS,
            Kind.DURATION,
            null,
            "200ms",
            "How long each worker rests after a piece of work (a chunk, a batch, an index): a number with ms, s or min; not at all where it is not given",
            StepName.LONG),
    MAX_REPLICA_LAG(
            PaceSetting.MAX_REPLICA_LAG,
            Kind.DURATION,
            null,
            "10s",
            "Nothing is begun while a replica is further behind, or cannot be observed",
            StepName.LONG),
    MAX_LOAD(
            PaceSetting.MAX_LOAD,
            Kind.NUMBER,
            null,
            "16",
            "Nothing is begun while more sessions than this are active, ours not counted",
            StepName.LONG),
    THROTTLE_QUERY(
            PaceSetting.THROTTLE_QUERY,
            Kind.QUERY,
            null,
            "SELECT count(*) > 100 FROM jobs",
            "Nothing is begun while this query gives true",
            StepName.LONG),
    WINDOW(
            PaceSetting.WINDOW,
            Kind.HOURS,
            null,
            "22:00-06:00 Europe/Berlin",
            "The hours of the day in which work is begun, in UTC or in the time zone named after them",
            StepName.LONG),
    MAX_DURATION(
            PaceSetting.MAX_DURATION,
            Kind.DURATION,
            null,
            "50min",
            "How long a run may take; after it nothing is begun, and it ends with what it has: run update again. What has to be done whole is done to its end once it is begun",
            StepName.LONG),
    LOCK_TIMEOUT(
            "lockTimeout",
            Kind.DURATION,
            "1s",
            "500ms",
            "How long the longest attempts wait for the lock, and writers behind them: a number with ms, s or min",
            StepName.LOCKING),
    LOCK_ATTEMPTS(
            "lockAttempts",
            Kind.COUNT,
            "40",
            "40",
            "How many times the lock is tried for, with growing timeouts and pauses",
            StepName.LOCKING),
    MAX_DRAIN_ROWS(
            "maxDrainRows",
            Kind.NUMBER,
            "5000",
            "2000",
            "More delta rows than this are not drained under the lock",
            Set.of(StepName.LOCKED_SWAP, StepName.EXCHANGE_PARTITIONS)),
    WAIT_FOR_OLD_TRANSACTIONS(
            "waitForOldTransactions",
            Kind.DURATION,
            null,
            "10min",
            "How long transactions with a snapshot older than the last replay are waited for: a number with ms, s or min; as long as all attempts at the lock together where it is not given",
            Set.of(StepName.LOCKED_SWAP, StepName.EXCHANGE_PARTITIONS)),
    ON_OLD_TRANSACTIONS(
            "onOldTransactions",
            Kind.CHOICE,
            "stop",
            "stop",
            "What to do when transactions outlast waitForOldTransactions: stop, or goOn, and then they find rows missing",
            Set.of(StepName.LOCKED_SWAP, StepName.EXCHANGE_PARTITIONS)),
    ACCEPT_TRIGGERS(
            RowTriggers.ACCEPT,
            Kind.NAMES,
            null,
            "set_dates",
            "Names of BEFORE ROW triggers that assign a partition column and leave the row in its partition, with commas between them; others are refused",
            Set.of(StepName.CREATE_PARTITIONED_TABLE, StepName.LOCKED_SWAP)),
    MAX_DEFAULT_SHARE(
            DefaultShare.ATTRIBUTE,
            Kind.SHARE,
            "1%",
            "5%",
            "How many of the rows may be in the default partition, in percent: more than that end the comparison, and the first step says it from a sample",
            Set.of(StepName.CREATE_PARTITIONED_TABLE, StepName.VERIFY_COPY, StepName.LOCKED_SWAP)),
    CATCH_UP_TIME(
            "catchUpTime",
            Kind.DURATION_OR_OFF,
            "1min",
            "30s",
            "How long an update that passes by while the approval is pending replays what was written meanwhile: a number with ms, s or min, or off",
            Set.of(StepName.APPROVED)),
    BATCH_SIZE(
            "batchSize",
            Kind.NUMBER,
            "10000",
            "5000",
            "About how many delta rows are replayed in a transaction",
            Set.of(StepName.REPLAY_CHANGES)),
    RESTART(
            "restart",
            Kind.TABLES,
            null,
            "${restartCopy}",
            "true, all, or names of tables with commas between them: starts the copy over where it names this table; a later step does that before its own work",
            Set.of(StepName.CHUNKED_COPY, StepName.BUILD_INDEXES, StepName.REPLAY_CHANGES, StepName.VERIFY_COPY));

    /** The settings that a table config has. The others are for changesets that somebody writes by hand. */
    public static final Set<TuningAttribute> OF_CONFIG =
            Collections.unmodifiableSet(EnumSet.complementOf(EnumSet.of(BATCH_SIZE, RESTART)));

    /** The kind of a setting's values. */
    public enum Kind {
        /** A whole number of 1 or more. */
        NUMBER((name, text) -> Attributes.positive(name, text, 1)),
        /** A whole number of 1 or more, for a count that is never very large. */
        COUNT((name, text) -> Attributes.count(name, text, 1)),
        DURATION(DurationText::parse),
        /** The setting has a default unless it is off. */
        DURATION_OR_OFF((name, text) -> {
            if (!GivenPace.isOff(text)) {
                DurationText.parse(name, text);
            }
        }),
        /** A part of the rows, in percent. */
        SHARE((name, text) -> DefaultShare.parse(text)),
        /** The hours of a day. */
        HOURS(WorkingHours::parse),
        /** SQL that gives a boolean. */
        QUERY((name, text) -> GivenPace.named(Map.of(name, text)).pace()),
        /** One of several words. */
        CHOICE(OnOldTransactions::parse),
        /** Names separated by commas. */
        NAMES(Attributes::names),
        /** The input of {@link TableSelection}, which refuses nothing. */
        TABLES((name, text) -> {});

        private final BiConsumer<String, String> check;

        Kind(BiConsumer<String, String> check) {
            this.check = check;
        }
    }

    private final String name;
    private final PaceSetting pace;
    private final Kind kind;
    private final String standard;
    private final String example;
    private final String meaning;
    private final Set<StepName> steps;

    TuningAttribute(String name, Kind kind, String standard, String example, String meaning, Set<StepName> steps) {
        this(name, null, kind, standard, example, meaning, steps);
    }

    TuningAttribute(PaceSetting pace, Kind kind, String standard, String example, String meaning, Set<StepName> steps) {
        this(pace.settingName(), pace, kind, standard, example, meaning, steps);
    }

    TuningAttribute(
            String name,
            PaceSetting pace,
            Kind kind,
            String standard,
            String example,
            String meaning,
            Set<StepName> steps) {
        this.name = name;
        this.pace = pace;
        this.kind = kind;
        this.standard = standard;
        this.example = example;
        this.meaning = meaning;
        this.steps = steps;
    }

    /** @throws java.util.NoSuchElementException if there is no attribute of this name */
    public static TuningAttribute named(String name) {
        return Arrays.stream(values())
                .filter(attribute -> attribute.name.equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** The attributes that a step has. */
    public static Set<TuningAttribute> of(StepName step) {
        return Arrays.stream(values())
                .filter(attribute -> attribute.steps.contains(step))
                .collect(Collectors.collectingAndThen(
                        Collectors.toCollection(() -> EnumSet.noneOf(TuningAttribute.class)),
                        Collections::unmodifiableSet));
    }

    private static Set<StepName> but(Set<StepName> steps, StepName... without) {
        EnumSet<StepName> some = EnumSet.copyOf(steps);
        Arrays.asList(without).forEach(some::remove);
        return Collections.unmodifiableSet(some);
    }

    /** The name that a changelog and a table config use. */
    public String attributeName() {
        return name;
    }

    public Kind kind() {
        return kind;
    }

    /** The default; empty if there is none, or if it is no constant. */
    public Optional<String> standard() {
        return Optional.ofNullable(standard);
    }

    /** The corresponding setting of the pace; empty if there is none. */
    public Optional<PaceSetting> pace() {
        return Optional.ofNullable(pace);
    }

    /** Whether {@code off} in one place cancels the value of another place; false if the default applies instead. */
    public boolean canBeOff() {
        return pace != null && standard == null;
    }

    /** @throws IllegalArgumentException with a message for people, if {@code text} is no value for it */
    public void check(String text) {
        kind.check.accept(name, text);
    }

    /** A possible value, for documentation. */
    public String example() {
        return example;
    }

    /** For documentation. */
    public String description() {
        return standard == null ? meaning : "%s; %s where it is not given".formatted(meaning, standard);
    }
}
