package liquibase.ext.partition.engine.sql;

import java.time.Duration;
import java.util.Optional;

/**
 * Statements to a server and its answers, over a connection that can be lost without a word. Its methods may be called
 * by any thread.
 */
public interface Conversation {
    /** That an answer is awaited. Each wait is one of its own, whatever its time. */
    final class Waiting {
        private final long since = System.nanoTime();

        public Duration duration() {
            return Duration.ofNanos(System.nanoTime() - since);
        }
    }

    /** What is waited for now. */
    Optional<Waiting> waiting();

    /**
     * Closes the way to the server: whoever waits for an answer gets a lost connection instead.
     *
     * @param reason for people: why no answer can come any more
     */
    void abandon(String reason);
}
