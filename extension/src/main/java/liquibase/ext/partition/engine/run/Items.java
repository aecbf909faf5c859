package liquibase.ext.partition.engine.run;

import java.util.Collection;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Where workers take the next piece of their work from. Thread-safe. */
public interface Items<T> {
    /** The next piece, or nothing where none is left. */
    Optional<T> next();

    /** How much is left; at least as many pieces, and 0 only where there is none. */
    long left();

    /** What {@link #left} counts, for a message: {@code pieces of work}. */
    String unit();

    /** Those, in their order. */
    static <T> Items<T> of(Collection<T> items) {
        Queue<T> queue = new ConcurrentLinkedQueue<>(items);
        return new Items<>() {
            @Override
            public Optional<T> next() {
                return Optional.ofNullable(queue.poll());
            }

            @Override
            public long left() {
                return queue.size();
            }

            @Override
            public String unit() {
                return "pieces of work";
            }
        };
    }
}
