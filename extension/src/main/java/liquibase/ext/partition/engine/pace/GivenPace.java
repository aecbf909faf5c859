package liquibase.ext.partition.engine.pace;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import liquibase.ext.partition.engine.DurationText;

/**
 * What one place says of the pace: a changelog's attributes, a run of Liquibase, {@code partition_migration.tuning}, a
 * JSON object that can be written while the step runs: {@code {"maxLoad": "8"}}. What it does not say, it leaves to the
 * places that it goes before.
 *
 * <p>A value is read in {@link #pace} and not sooner: one that cannot be read does no harm where another place has the
 * last word.
 */
public record GivenPace(Map<PaceSetting, String> texts) {
    /** The value of a setting that is not to be there, where another place would have it otherwise. */
    public static final String OFF = "off";

    /** Says nothing. */
    public static final GivenPace NOTHING = new GivenPace(Map.of());

    /** Copies the map. */
    public GivenPace {
        EnumMap<PaceSetting, String> copy = new EnumMap<>(PaceSetting.class);
        copy.putAll(texts);
        texts = Collections.unmodifiableMap(copy);
    }

    /**
     * @param texts by the names of settings; null is as {@link #OFF}
     * @throws IllegalArgumentException with a message for people, where a name is that of no setting
     */
    public static GivenPace named(Map<String, String> texts) {
        EnumMap<PaceSetting, String> settings = new EnumMap<>(PaceSetting.class);
        texts.forEach((name, text) -> settings.put(PaceSetting.named(name), text == null ? OFF : text));
        return new GivenPace(settings);
    }

    /** What comes of it where {@code other} goes before it. */
    public GivenPace under(GivenPace other) {
        EnumMap<PaceSetting, String> both = new EnumMap<>(PaceSetting.class);
        both.putAll(texts);
        both.putAll(other.texts);
        return new GivenPace(both);
    }

    /** As it is written; empty where it is not given, or off. */
    public Optional<String> text(PaceSetting setting) {
        return Optional.ofNullable(texts.get(setting))
                .filter(text -> !text.strip().equals(OFF));
    }

    /**
     * The pace; what is not given, or off, is as it is by default.
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
            // Told below, with the setting's name.
        }
        throw new IllegalArgumentException("%s is <%s>; it must be a whole number of 1 or more."
                .formatted(PaceSetting.MAX_LOAD.settingName(), text));
    }
}
