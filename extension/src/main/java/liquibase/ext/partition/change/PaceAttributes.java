package liquibase.ext.partition.change;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import liquibase.ext.partition.engine.run.Pace;

/** Collects the attributes that say how gently a long step works, of a change or of a precondition. */
public final class PaceAttributes {
    private final Map<String, String> settings = new HashMap<>();

    /** @param value null where the attribute is not given */
    public PaceAttributes with(String name, String value) {
        Optional.ofNullable(value).ifPresent(text -> settings.put(name, text));
        return this;
    }

    /**
     * The settings by name.
     *
     * @throws IllegalArgumentException with a message for people
     */
    public Map<String, String> checked() {
        Pace.parse(settings);
        return Map.copyOf(settings);
    }
}
