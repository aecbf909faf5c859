package liquibase.ext.partition.engine;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** A pause before the next look for something that nobody announces. */
public final class Pause {
    private Pause() {}

    /**
     * Lets the thread sleep.
     *
     * @param interrupted the message if the thread is interrupted meanwhile; it stays interrupted
     * @throws PartitionException with that message
     */
    public static void of(Duration length, String interrupted) {
        try {
            Thread.sleep(length.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PartitionException(interrupted, e);
        }
    }

    /**
     * A random duration between half and all of {@code longest}, so that many runners do not retry in step with each
     * other or with a periodic job.
     */
    public static Duration withJitter(Duration longest) {
        long milliseconds = longest.toMillis();
        return Duration.ofMillis(milliseconds / 2 + ThreadLocalRandom.current().nextLong(milliseconds / 2 + 1));
    }
}
