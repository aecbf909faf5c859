package liquibase.ext.partition.generator.config;

import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.pace.PaceSetting;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.state.DefaultShare;

/**
 * How a table's migration works, without any effect on its result.
 *
 * @param settings a {@code Long} or a {@code String} by the name of the attribute that it becomes; a setting that is
 *     missing, or was off, has the extension's default
 */
public record TableTuning(Map<String, Object> settings) {
    /** The extension's defaults. */
    public static final TableTuning NONE = new TableTuning(Map.of());

    /** Copies the map. */
    public TableTuning {
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
        for (TuningAttribute attribute : TuningAttribute.OF_CONFIG) {
            attribute.pace().ifPresent(setting -> text(attribute).ifPresent(text -> texts.put(setting, text)));
        }
        return new GivenPace(texts);
    }

    /** The share of rows that may be in the default partition. */
    public DefaultShare maxDefaultShare() {
        return text(TuningAttribute.MAX_DEFAULT_SHARE).map(DefaultShare::parse).orElse(DefaultShare.DEFAULT);
    }

    /** The triggers that may assign a partition column. */
    public List<Identifier> acceptedTriggers() {
        return text(TuningAttribute.ACCEPT_TRIGGERS)
                .map(names -> Stream.of(names.split(","))
                        .map(String::strip)
                        .map(Identifier::new)
                        .toList())
                .orElse(List.of());
    }

    private Optional<String> text(TuningAttribute setting) {
        return Optional.ofNullable(settings.get(setting.attributeName())).map(Object::toString);
    }
}
