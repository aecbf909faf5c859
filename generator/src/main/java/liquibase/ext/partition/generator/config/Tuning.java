package liquibase.ext.partition.generator.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How a table's migration works, without a say in what comes of it.
 *
 * @param settings a {@code Long} or a {@code String} by the name of the attribute that it becomes; what is missing, and
 *     what was off, is as the extension has it
 */
public record Tuning(Map<String, Object> settings) {
    /** As the extension has it. */
    public static final Tuning NONE = new Tuning(Map.of());

    /** Copies the map. */
    public Tuning {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }

    /** Connections that work side by side. */
    public Optional<Integer> workers() {
        return Optional.ofNullable((Long) settings.get(TuningKey.WORKERS.key())).map(Math::toIntExact);
    }

    /** One of the settings that are texts. */
    public Optional<String> text(String key) {
        return Optional.ofNullable(settings.get(key)).map(Object::toString);
    }
}
