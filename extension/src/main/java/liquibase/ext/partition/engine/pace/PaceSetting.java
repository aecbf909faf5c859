package liquibase.ext.partition.engine.pace;

import java.util.Arrays;
import java.util.stream.Collectors;

/** A setting of the {@link Pace}. Whoever sets it, in whichever place, writes the same name. */
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

    /** As people write it. */
    public String settingName() {
        return settingName;
    }

    /** @throws IllegalArgumentException with a message for people, where there is none of this name */
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
