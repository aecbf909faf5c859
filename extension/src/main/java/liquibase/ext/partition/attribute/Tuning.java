package liquibase.ext.partition.attribute;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import liquibase.ext.partition.connection.PartitionConfiguration;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.pace.PaceSetting;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.swap.CatchUp;

/**
 * The tuning attributes of a change or of a precondition, as a changelog gives them. The methods that read them throw
 * an {@link IllegalArgumentException} with a message for people if a value cannot be read.
 */
public final class Tuning {
    private final Map<TuningAttribute, String> texts = new EnumMap<>(TuningAttribute.class);

    /** The attribute's text in the changelog; null if it is not given. */
    public String text(TuningAttribute attribute) {
        return texts.get(attribute);
    }

    /** @param value null if the attribute is not given */
    public void set(TuningAttribute attribute, Object value) {
        if (value == null) {
            texts.remove(attribute);
        } else {
            texts.put(attribute, value.toString());
        }
    }

    /** The problems of the values, one by one. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        texts.forEach((attribute, text) -> {
            try {
                if (!isOff(attribute, text)) {
                    attribute.check(text);
                }
            } catch (IllegalArgumentException e) {
                problems.add(e.getMessage());
            }
        });
        return problems;
    }

    /** Whether the value turns off a setting of the pace. */
    private static boolean isOff(TuningAttribute attribute, String text) {
        return attribute.pace().isPresent() && GivenPace.isOff(text);
    }

    /** A number of 1 or more. */
    public long positive(TuningAttribute attribute, long otherwise) {
        return Attributes.positive(attribute.attributeName(), text(attribute), otherwise);
    }

    private int count(TuningAttribute attribute, int otherwise) {
        return Attributes.count(attribute.attributeName(), text(attribute), otherwise);
    }

    /** A duration with its unit. */
    public Duration duration(TuningAttribute attribute, Supplier<Duration> otherwise) {
        String text = text(attribute);
        return text == null ? otherwise.get() : Attributes.duration(attribute.attributeName(), text);
    }

    /** How many connections work at the same time. */
    public int workers() {
        return count(TuningAttribute.WORKERS, 1);
    }

    /** The policy for locks that writers would feel. */
    public LockPolicy lock() {
        return new LockPolicy(
                duration(TuningAttribute.LOCK_TIMEOUT, () -> LockPolicy.DEFAULT_TIMEOUT),
                count(TuningAttribute.LOCK_ATTEMPTS, LockPolicy.DEFAULT_ATTEMPTS));
    }

    /** How long a passing update may replay; empty if it must not. */
    public Optional<Duration> catchUpTime() {
        String text = text(TuningAttribute.CATCH_UP_TIME);
        return text != null && GivenPace.isOff(text)
                ? Optional.empty()
                : Optional.of(duration(TuningAttribute.CATCH_UP_TIME, () -> CatchUp.DEFAULT_TIME));
    }

    /** How many of the rows may be in the default partition; empty if neither this run nor the attribute says it. */
    public Optional<DefaultShare> maxDefaultShare() {
        return PartitionConfiguration.maxDefaultShare()
                .or(() -> Optional.ofNullable(text(TuningAttribute.MAX_DEFAULT_SHARE))
                        .map(DefaultShare::parse));
    }

    /** The triggers that may assign a partition column. */
    public List<Identifier> acceptedTriggers() {
        String text = text(TuningAttribute.ACCEPT_TRIGGERS);
        return text == null ? List.of() : Attributes.names(TuningAttribute.ACCEPT_TRIGGERS.attributeName(), text);
    }

    /** The pace of a long step. */
    public GivenPace pace() {
        Map<PaceSetting, String> settings = new EnumMap<>(PaceSetting.class);
        texts.forEach((attribute, text) -> attribute.pace().ifPresent(setting -> settings.put(setting, text)));
        return new GivenPace(settings);
    }
}
