package liquibase.ext.partition.generator.config;

import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.pace.PaceSetting;

/**
 * How a table's migration works, without any effect on its result.
 *
 * @param settings a {@code Long} or a {@code String} by the name of the attribute that it becomes; a setting that is
 *     missing, or was off, has the extension's default
 */
public record Tuning(Map<String, Object> settings) {
    /** The extension's defaults. */
    public static final Tuning NONE = new Tuning(Map.of());

    /** Copies the map. */
    public Tuning {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }

    /** How many connections work at the same time. */
    public Optional<Integer> workers() {
        return Optional.ofNullable((Long) settings.get(TuningAttribute.WORKERS.attributeName()))
                .map(Math::toIntExact);
    }

    /** The pace of its long steps. */
    public GivenPace pace() {
        Map<PaceSetting, String> texts = new EnumMap<>(PaceSetting.class);
        for (PaceSetting setting : PaceSetting.values()) {
            text(setting.settingName()).ifPresent(text -> texts.put(setting, text));
        }
        return new GivenPace(texts);
    }

    /** A setting that is a text. */
    public Optional<String> text(String key) {
        return Optional.ofNullable(settings.get(key)).map(Object::toString);
    }
}
