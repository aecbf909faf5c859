package liquibase.ext.partition.engine.delta.replay;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The measured cost of replaying a delta row: some hundred rows of a few bytes take as long as one row of megabytes.
 * With it, what is left to replay under a lock can be bounded in time and not in rows.
 *
 * <p>The mean of the last rows; or the mean of the last few replays, if it is too large to be an accident of a busy
 * machine: then the rows that are written now differ from the earlier ones. Not thread-safe.
 */
public final class ReplayCost {
    private static final long REMEMBERED_ROWS = 2_000;
    private static final int RECENT_REPLAYS = 3;
    private static final int ACCIDENT = 4;

    private record Replayed(long rows, long nanos) {}

    private final Deque<Replayed> recent = new ArrayDeque<>();
    private double rows;
    private double nanos;

    /** Records how long this many rows took. */
    public void add(long replayed, long time) {
        if (replayed <= 0) {
            return;
        }
        rows += replayed;
        nanos += time;
        if (rows > REMEMBERED_ROWS) {
            nanos *= REMEMBERED_ROWS / rows;
            rows = REMEMBERED_ROWS;
        }
        recent.addLast(new Replayed(replayed, time));
        if (recent.size() > RECENT_REPLAYS) {
            recent.removeFirst();
        }
    }

    /** How many rows can be replayed in that time; unlimited if nothing was measured yet. */
    public long rowsWithin(Duration time) {
        double ofOne = nanosOfOne();
        return ofOne == 0 ? Long.MAX_VALUE : (long) (time.toNanos() / ofOne);
    }

    private double nanosOfOne() {
        if (rows == 0) {
            return 0;
        }
        double recentRows = recent.stream().mapToLong(Replayed::rows).sum();
        double recentNanos = recent.stream().mapToLong(Replayed::nanos).sum();
        return Math.max(nanos / rows, recentNanos / recentRows / ACCIDENT);
    }
}
