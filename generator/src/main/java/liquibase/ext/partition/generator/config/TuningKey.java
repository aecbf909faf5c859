package liquibase.ext.partition.generator.config;

import java.util.Map;
import liquibase.ext.partition.engine.DurationText;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.state.DefaultShare;

/**
 * The keys that can stand in a table's entry and, for all tables, in {@code defaults}. Each has the name of the
 * attribute that it becomes. The engine reads whatever the schema cannot check, as it will when Liquibase runs.
 */
enum TuningKey {
    CHUNK_SIZE("chunkSize", Kind.WHOLE_NUMBER),
    CHUNK_TIME("chunkTime", Kind.DURATION),
    WORKERS("workers", Kind.WHOLE_NUMBER),
    PAUSE_BETWEEN_CHUNKS("pauseBetweenChunks", Kind.PACE),
    MAX_REPLICA_LAG("maxReplicaLag", Kind.PACE),
    MAX_LOAD("maxLoad", Kind.PACE),
    THROTTLE_QUERY("throttleQuery", Kind.PACE),
    WINDOW("window", Kind.PACE),
    MAX_DURATION("maxDuration", Kind.PACE),
    LOCK_TIMEOUT("lockTimeout", Kind.DURATION),
    LOCK_ATTEMPTS("lockAttempts", Kind.WHOLE_NUMBER),
    MAX_DRAIN_ROWS("maxDrainRows", Kind.WHOLE_NUMBER),
    WAIT_FOR_OLD_TRANSACTIONS("waitForOldTransactions", Kind.DURATION),
    ON_OLD_TRANSACTIONS("onOldTransactions", Kind.CHOICE),
    ACCEPT_TRIGGERS("acceptTriggers", Kind.CHOICE),
    MAX_DEFAULT_SHARE("maxDefaultShare", Kind.SHARE),
    CATCH_UP_TIME("catchUpTime", Kind.DURATION_OR_OFF);

    /** The value that cancels a default for one table. */
    static final String OFF = "off";

    private enum Kind {
        /** Checked by the schema. */
        WHOLE_NUMBER,
        /** Checked by the schema. */
        CHOICE,
        DURATION,
        SHARE,
        /** Off is a value: the setting has a default unless it is off. */
        DURATION_OR_OFF,
        /** The setting has no default, so it can be off. */
        PACE
    }

    private final String key;
    private final Kind kind;

    TuningKey(String key, Kind kind) {
        this.key = key;
        this.kind = kind;
    }

    String key() {
        return key;
    }

    boolean isOff(String text) {
        return kind == Kind.PACE && text.equals(OFF);
    }

    /** @throws IllegalArgumentException with a message for people */
    void check(String text) {
        switch (kind) {
            case DURATION -> DurationText.parse(key, text);
            case DURATION_OR_OFF -> {
                if (!text.equals(OFF)) {
                    DurationText.parse(key, text);
                }
            }
            case SHARE -> DefaultShare.parse(text);
            case PACE -> GivenPace.named(Map.of(key, text)).pace();
            default -> {
                // The schema reports it.
            }
        }
    }
}
