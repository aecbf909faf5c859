package liquibase.ext.partition.engine.pace;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import liquibase.ext.partition.engine.DurationText;

/**
 * The pace as one place gives it: a changelog's attributes, a run of Liquibase, or {@code partition_migration.tuning},
 * a JSON object that can be written while the step runs: {@code {"maxLoad": "8"}}. Settings that it does not give come
 * from the places over which it takes precedence.
 *
 * <p>{@link #pace} reads the values, and nothing reads them sooner: a value that cannot be read does no harm if another
 * place takes precedence.
 */
public record GivenPace(Map<PaceSetting, String> texts) {
    /** The value that turns a setting off that another place would set. */
    public static final String OFF = "off";

    /** Gives no settings. */
    public static final GivenPace NOTHING = new GivenPace(Map.of());

    /** Copies the map. */
    public GivenPace {
        EnumMap<PaceSetting, String> copy = new EnumMap<>(PaceSetting.class);
        copy.putAll(texts);
        texts = Collections.unmodifiableMap(copy);
    }

    /**
     * @param texts the settings by name; null counts as {@link #OFF}
     * @throws IllegalArgumentException with a message for people, if a name is that of no setting
     */
    public static GivenPace named(Map<String, String> texts) {
        EnumMap<PaceSetting, String> settings = new EnumMap<>(PaceSetting.class);
        texts.forEach((name, text) -> settings.put(PaceSetting.named(name), text == null ? OFF : text));
        return new GivenPace(settings);
    }

    /** Whether the text of a setting turns it off. */
    public static boolean isOff(String text) {
        return text.strip().equals(OFF);
    }

    /** The result if {@code other} takes precedence. */
    public GivenPace under(GivenPace other) {
        EnumMap<PaceSetting, String> both = new EnumMap<>(PaceSetting.class);
        both.putAll(texts);
        both.putAll(other.texts);
        return new GivenPace(both);
    }

    /** The setting's text; empty if it is not given, or off. */
    public Optional<String> text(PaceSetting setting) {
        return Optional.ofNullable(texts.get(setting)).filter(text -> !isOff(text));
    }

    /**
     * The pace; a setting that is not given, or off, has its default.
     *
     * @throws IllegalArgumentException with a message for people
     */
    public Pace pace() {
        Optional<String> query = text(PaceSetting.THROTTLE_QUERY).map(String::strip);
        if (query.filter(String::isEmpty).isPresent()) {
            throw new IllegalArgumentException("%s is empty; write a query that gives true or false."
                    .formatted(PaceSetting.THROTTLE_QUERY.settingName()));
        }
        return new Pace(
                duration(PaceSetting.CHUNK_TIME).orElse(Pace.DEFAULT_CHUNK_TIME),
                duration(PaceSetting.PAUSE_BETWEEN_CHUNKS).orElse(Duration.ZERO),
                duration(PaceSetting.MAX_REPLICA_LAG),
                text(PaceSetting.MAX_LOAD).map(GivenPace::load),
                query,
                text(PaceSetting.WINDOW).map(text -> WorkingHours.parse(PaceSetting.WINDOW.settingName(), text)),
                duration(PaceSetting.MAX_DURATION));
    }

    private Optional<Duration> duration(PaceSetting setting) {
        return text(setting).map(text -> DurationText.parse(setting.settingName(), text));
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
        throw new IllegalArgumentException("%s is <%s>; it must be a whole number of 1 or more."
                .formatted(PaceSetting.MAX_LOAD.settingName(), text));
    }
}
