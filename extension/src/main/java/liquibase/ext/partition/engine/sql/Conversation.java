package liquibase.ext.partition.engine.sql;

import java.time.Duration;
import java.util.Optional;

/**
 * The exchange of statements and answers with a server, over a connection that can be lost without a word. Any thread
 * may call its methods.
 */
public interface Conversation {
    /** A wait for an answer. Each wait is an object of its own, whatever its time. */
    final class Waiting {
        private final long since = System.nanoTime();

        public Duration duration() {
            return Duration.ofNanos(System.nanoTime() - since);
        }
    }

    /** The present wait; empty if there is none. */
    Optional<Waiting> waiting();

    /**
     * Closes the way to the server: a thread that waits for an answer gets a lost connection instead.
     *
     * @param reason for people: why no answer can come any more
     */
    void abandon(String reason);
}
