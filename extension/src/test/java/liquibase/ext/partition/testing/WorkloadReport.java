package liquibase.ext.partition.testing;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The report of the writers of a {@link Workload}.
 *
 * @param counts only acknowledged work: the statements of a transaction that was rolled back are not included
 * @param longestWait the longest time of a single statement or commit, from the client's side
 * @param violations faults that must never occur: a committed row that a statement did not find, or found changed
 * @param seed makes the same choices again, though not the same interleaving
 */
public record WorkloadReport(Map<Count, Long> counts, Duration longestWait, List<String> violations, long seed) {

    /** The events that are counted. */
    public enum Count {
        COMMITS,
        /** The writer's own choice, one transaction in twenty. */
        ROLLBACKS,
        INSERTS,
        UPDATES,
        /** Updates of the date, most of them into another month. */
        DATE_MOVES,
        KEY_CHANGES,
        DELETES,
        /** A unique value was taken away from one row and given to another. */
        HANDED_ON,
        READS,
        /** 40001: to be expected of REPEATABLE READ writers only. */
        SERIALIZATION_FAILURES,
        /** 40P01. */
        DEADLOCKS,
        /** 55P03: the writer's own lock_timeout, if the database sets one. */
        LOCK_TIMEOUTS,
        /** 42P01 and 0A000: the table's name or shape changed under a statement. Ideally none. */
        SWAP_ERRORS,
        /**
         * A statement did not see a row its writer had committed. None in READ COMMITTED; a REPEATABLE READ transaction
         * that began before a swap and waited for its lock may meet it once.
         */
        ROWS_NOT_SEEN,
        /** The connection was lost before a commit, so nothing happened. */
        CONNECTIONS_LOST,
        /** The connection was lost during a commit, and the transaction had been committed. */
        COMMITTED_UNACKNOWLEDGED,
        /** The connection was lost during a commit, and the transaction had not been committed. */
        NOT_COMMITTED_UNACKNOWLEDGED,
        /** 53100: the disk is full. */
        DISK_FULL;

        String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    public WorkloadReport {
        counts = Map.copyOf(counts);
        violations = List.copyOf(violations);
    }

    public long count(Count what) {
        return counts.getOrDefault(what, 0L);
    }

    /** Transactions that a client had to try again. */
    public long retries() {
        return count(Count.SERIALIZATION_FAILURES)
                + count(Count.DEADLOCKS)
                + count(Count.LOCK_TIMEOUTS)
                + count(Count.SWAP_ERRORS)
                + count(Count.ROWS_NOT_SEEN);
    }

    @Override
    public String toString() {
        String counted = counts.entrySet().stream()
                .filter(entry -> entry.getValue() > 0)
                .sorted(Map.Entry.comparingByKey())
                .map(entry -> entry.getValue() + " " + entry.getKey().label())
                .collect(Collectors.joining(", "));
        return "%s; longest wait %d ms; seed %d%s"
                .formatted(
                        counted,
                        longestWait.toMillis(),
                        seed,
                        violations.isEmpty() ? "" : "\nVIOLATIONS\n" + String.join("\n", violations));
    }
}
