package liquibase.ext.partition.engine.run;

import java.util.Collection;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** The supply from which workers take the next piece of their work. Thread-safe. */
public interface Items<T> {
    /** The next piece; empty if none is left. */
    Optional<T> next();

    /** How much is left: at least the number of pieces, and 0 only if there is none. */
    long left();

    /** The unit of {@link #left}, for a message: {@code pieces of work}. */
    String unit();

    /** These items, in their order. */
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
