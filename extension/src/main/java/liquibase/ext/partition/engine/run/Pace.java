package liquibase.ext.partition.engine.run;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How gently a long step works. Each setting has the name of the attribute that sets it, and can be set while the step
 * runs in {@code partition_migration.tuning}, a JSON object of the same names: {@code {"maxLoad": "8"}}.
 *
 * @param chunkTime that a chunk, which is one transaction, should take; its size follows
 * @param pauseBetweenChunks of each worker
 * @param maxReplicaLag no chunk is begun while a replica is further behind, or cannot be observed
 * @param maxLoad no chunk is begun while more sessions than this are active, ours not counted
 * @param throttleQuery no chunk is begun while this query gives true
 * @param window no chunk is begun outside these hours
 * @param maxDuration after which no chunk is begun, and the step ends with what it has
 */
public record Pace(
        Duration chunkTime,
        Duration pauseBetweenChunks,
        Optional<Duration> maxReplicaLag,
        Optional<Long> maxLoad,
        Optional<String> throttleQuery,
        Optional<WorkingHours> window,
        Optional<Duration> maxDuration) {
    /** The value of a setting that is not to be there, where a changelog, a run or a row would have it otherwise. */
    public static final String OFF = "off";

    /** Where nothing else is asked for. */
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

    /** Without a pause. */
    public static final Pace FULL_SPEED = parse(Map.of());

    /**
     * @param settings by name; those that are missing, or {@link #OFF}, are off, or what they are by default
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
     * This pace with some settings in place of its own; a setting that is null in the JSON object is as if it
     * were not set at all.
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
            // Told below, with the setting's name.
        }
        throw new IllegalArgumentException("%s is <%s>; it must be a whole number of 1 or more.".formatted(LOAD, text));
    }
}
