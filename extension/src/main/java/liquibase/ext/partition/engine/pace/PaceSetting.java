package liquibase.ext.partition.engine.pace;

import java.util.Arrays;
import java.util.stream.Collectors;

/** A setting of the {@link Pace}. Every place that gives it uses the same name. */
public enum PaceSetting {
    CHUNK_TIME("chunkTime"),
    PAUSE_BETWEEN_CHUNKS("pauseBetweenChunks"),
    MAX_REPLICA_LAG("maxReplicaLag"),
    MAX_LOAD("maxLoad"),
    THROTTLE_QUERY("throttleQuery"),
    WINDOW("window"),
    MAX_DURATION("maxDuration");

    private final String settingName;

    PaceSetting(String settingName) {
        this.settingName = settingName;
    }

    /** The name that people write. */
    public String settingName() {
        return settingName;
    }

    /** @throws IllegalArgumentException with a message for people, if there is no setting of this name */
    public static PaceSetting named(String name) {
        return Arrays.stream(values())
                .filter(setting -> setting.settingName.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("There is no setting %s; there are %s."
                        .formatted(
                                name,
                                Arrays.stream(values())
                                        .map(PaceSetting::settingName)
                                        .sorted()
                                        .collect(Collectors.joining(", ")))));
    }
}
