package liquibase.ext.partition.engine.pace;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.DurationText;

/**
 * How gently a long step works. Each setting has the name of the attribute that sets it. While the step runs, it can be
 * set in {@code partition_migration.tuning}, a JSON object of the same names: {@code {"maxLoad": "8"}}.
 *
 * @param chunkTime the time that a chunk, which is one transaction, should take; its size follows from it
 * @param pauseBetweenChunks the pause that each worker makes between chunks
 * @param maxReplicaLag no chunk begins while a replica is further behind than this, or cannot be observed
 * @param maxLoad no chunk begins while more sessions than this are active, not counting ours
 * @param throttleQuery no chunk begins while this query gives true
 * @param window no chunk begins outside these hours
 * @param maxDuration after this time no chunk begins, and the step ends with what it has done
 */
public record Pace(
        Duration chunkTime,
        Duration pauseBetweenChunks,
        Optional<Duration> maxReplicaLag,
        Optional<Long> maxLoad,
        Optional<String> throttleQuery,
        Optional<WorkingHours> window,
        Optional<Duration> maxDuration) {
    /** The value that turns a setting off that a changelog, a run or a row would otherwise set. */
    public static final String OFF = "off";

    /** The default chunk time. */
    public static final Duration DEFAULT_CHUNK_TIME = Duration.ofSeconds(2);

    private static final String CHUNK_TIME = "chunkTime";
    private static final String PAUSE = "pauseBetweenChunks";
    private static final String REPLICA_LAG = "maxReplicaLag";
    private static final String LOAD = "maxLoad";
    private static final String QUERY = "throttleQuery";
    private static final String WINDOW = "window";
    private static final String DURATION = "maxDuration";

    /** The names of the settings. */
    public static final Set<String> NAMES = Set.of(CHUNK_TIME, PAUSE, REPLICA_LAG, LOAD, QUERY, WINDOW, DURATION);

    /** The pace without pauses or limits. */
    public static final Pace FULL_SPEED = parse(Map.of());

    /**
     * @param settings the settings by name; a missing setting has its default, and {@link #OFF} turns a setting off
     * @throws IllegalArgumentException with a message for people
     */
    public static Pace parse(Map<String, String> settings) {
        settings.keySet().stream()
                .filter(name -> !NAMES.contains(name))
                .findFirst()
                .ifPresent(name -> {
                    throw new IllegalArgumentException(
                            "There is no setting %s; there are %s.".formatted(name, String.join(", ", sorted())));
                });
        Optional<String> query = given(settings, QUERY).map(String::strip);
        if (query.filter(String::isEmpty).isPresent()) {
            throw new IllegalArgumentException(QUERY + " is empty; write a query that gives true or false.");
        }
        return new Pace(
                duration(settings, CHUNK_TIME).orElse(DEFAULT_CHUNK_TIME),
                duration(settings, PAUSE).orElse(Duration.ZERO),
                duration(settings, REPLICA_LAG),
                given(settings, LOAD).map(Pace::load),
                query,
                given(settings, WINDOW).map(text -> WorkingHours.parse(WINDOW, text)),
                duration(settings, DURATION));
    }

    /**
     * This pace with some of its settings replaced. A setting that is null in the JSON object counts as not set.
     *
     * @throws IllegalArgumentException with a message for people
     */
    public static Pace retuned(Map<String, String> settings, Map<String, String> tuning) {
        Map<String, String> both = new LinkedHashMap<>(settings);
        tuning.forEach((name, value) -> {
            if (value == null && NAMES.contains(name)) {
                both.remove(name);
            } else {
                both.put(name, value == null ? "" : value);
            }
        });
        return parse(both);
    }

    private static Iterable<String> sorted() {
        return NAMES.stream().sorted().toList();
    }

    private static Optional<String> given(Map<String, String> settings, String name) {
        return Optional.ofNullable(settings.get(name))
                .filter(text -> !text.strip().equals(OFF));
    }

    private static Optional<Duration> duration(Map<String, String> settings, String name) {
        return given(settings, name).map(text -> DurationText.parse(name, text));
    }

    private static long load(String text) {
        try {
            long load = Long.parseLong(text.strip());
            if (load >= 1) {
                return load;
            }
        } catch (NumberFormatException e) {
            // Reported below, with the setting's name.
        }
        throw new IllegalArgumentException("%s is <%s>; it must be a whole number of 1 or more.".formatted(LOAD, text));
    }
}
