package liquibase.ext.partition.engine.pace;

import java.time.Duration;
import java.util.Optional;

/**
 * How gently a long step works. {@link GivenPace} says where it comes from.
 *
 * @param chunkTime the time that a chunk, which is one transaction, should take; its size follows from it
 * @param pauseBetweenChunks the pause that each worker makes between chunks
 * @param maxReplicaLag no chunk begins while a replica is further behind than this, or cannot be observed
 * @param maxLoad no chunk begins while more sessions than this are active, not counting ours
 * @param throttleQuery no chunk begins while this query gives true
 * @param window no chunk begins outside these hours
 * @param maxDuration after this time no chunk begins, and the step ends with what it has done
 */
public record Pace(
        Duration chunkTime,
        Duration pauseBetweenChunks,
        Optional<Duration> maxReplicaLag,
        Optional<Long> maxLoad,
        Optional<String> throttleQuery,
        Optional<WorkingHours> window,
        Optional<Duration> maxDuration) {
    /** The default chunk time. */
    public static final Duration DEFAULT_CHUNK_TIME = Duration.ofSeconds(2);

    /** The pace without pauses or limits. */
    public static final Pace FULL_SPEED = GivenPace.NOTHING.pace();
}
