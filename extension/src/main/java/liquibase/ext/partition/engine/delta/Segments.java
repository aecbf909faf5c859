package liquibase.ext.partition.engine.delta;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.catalog.Heap;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/**
 * Keeps drained rows from being read again. A deleted row stays in the heap for as long as any transaction of the
 * database is older than its deletion, and every scan passes over it: with 15 million of them the drain took 1.2 s
 * under the lock. So the delta table is two tables. Once the one that writers' keys go into has grown, and its rows are
 * replayed, the keys go into the other one, and the first is truncated as soon as no row and no writer is left in it.
 *
 * <p>Transactions: one a statement. Locks: ACCESS EXCLUSIVE on the segment that writers have left, without waiting for
 * it, so that nobody queues behind us; it is held for one look and the truncation. Where it is not given the segment
 * stays as it is, until the next time. Safe to repeat and to kill at any moment: both segments always count as the
 * delta table.
 *
 * <p>Why no key is lost: a writer that still puts keys into the segment (its transaction is older than the change, or
 * its statement has the old function still) holds ROW EXCLUSIVE on it until it ends, so the lock is not given before;
 * and under the lock it is truncated only where a snapshot that is taken then sees no row in it. What comes later
 * stays, and is replayed like any other.
 *
 * <p>Why no reader is misled, although a truncated table looks empty to older snapshots too: a reader of ours locks the
 * delta table before it takes its snapshot (each is a READ COMMITTED statement), so it has either kept us from the lock
 * until its transaction ended, or has a snapshot that is younger than the truncation, and so than the replay of every
 * row that was in the segment. The batches of the replay, which read by one snapshot each, are the work of the session
 * that truncates, and of no other: the migration's lock sees to that, and a backend whose client is lost keeps it until
 * it ends. The copy relies on rows that must not leave before it is complete, and nothing is truncated before that:
 * only passes of the replay call this, which come after the copy. Only somebody who compares the tables by a snapshot
 * of his own, taken before, would see the row neither in the delta table nor replayed.
 */
final class Segments {
    /** About 12,000 rows of a short key, which a scan passes over in a millisecond. */
    static final long LARGE_BLOCKS = 64;

    /**
     * In one round trip, so that a client that is lost in between leaves no lock behind. By an older snapshot than the
     * lock the look would prove nothing.
     */
    private static final Sql TRUNCATE_IF_EMPTY = Sql.of("""
            DO {quote}
            BEGIN
              LOCK TABLE ONLY {segment} IN ACCESS EXCLUSIVE MODE NOWAIT;
              IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.=) 'read committed'
                 AND NOT EXISTS (SELECT FROM ONLY {segment}) THEN
                TRUNCATE ONLY {segment};
              END IF;
            END
            {quote}""");

    /** Sets the hint bits, so that the look under the lock is a short one. */
    private static final Sql IS_EMPTY = Sql.of("SELECT NOT EXISTS (SELECT FROM ONLY {segment})");

    private static final Sql VACUUM = Sql.of("VACUUM (ANALYZE) {segments}");

    private final Capture capture;

    Segments(Capture capture) {
        this.capture = capture;
    }

    /** To be called after a pass that found a segment large, outside any transaction. */
    void tidy(Session session) throws SQLException {
        QualifiedName first = capture.segments().get(0);
        QualifiedName second = capture.segments().get(1);
        boolean secondIsActive = capture.capturesInto(session, second);
        QualifiedName active = secondIsActive ? second : first;
        QualifiedName left = secondIsActive ? first : second;
        try {
            truncate(session, left);
            if (isLarge(session, active) && !isLarge(session, left)) {
                session.update(capture.captureInto(left));
            }
        } catch (SQLException e) {
            if (!isNoHarm(e)) {
                throw e;
            }
        }
    }

    private void truncate(Session session, QualifiedName segment) throws SQLException {
        if (isLarge(session, segment) && session.queryBoolean(IS_EMPTY.with("segment", segment))) {
            session.update(truncateIfEmpty(segment));
        }
    }

    /** Looks under its own lock: what a writer has put there since somebody looked stays. */
    static Sql truncateIfEmpty(QualifiedName segment) {
        return TRUNCATE_IF_EMPTY
                .with("quote", Sql.dollarQuote("truncate", segment.asSql()))
                .with("segment", segment);
    }

    /** Removes dead rows where nobody needs them, and refreshes the statistics; not of what is to be truncated. */
    void vacuum(Session session) throws SQLException {
        List<QualifiedName> small = new ArrayList<>();
        for (QualifiedName segment : capture.segments()) {
            if (!isLarge(session, segment)) {
                small.add(segment);
            }
        }
        if (!small.isEmpty()) {
            session.update(VACUUM.with("segments", Sql.list(small)));
        }
    }

    private static boolean isLarge(Session session, QualifiedName segment) throws SQLException {
        return Heap.blocks(session, segment) > LARGE_BLOCKS;
    }

    /** What is not tidied costs time, and nothing else. */
    private static boolean isNoHarm(SQLException e) {
        return SqlState.LOCK_NOT_AVAILABLE.matches(e)
                || SqlState.INSUFFICIENT_PRIVILEGE.matches(e)
                || SqlState.isOutOfResources(e);
    }
}
