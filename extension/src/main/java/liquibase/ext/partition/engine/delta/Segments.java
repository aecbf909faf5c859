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
 * Keeps drained rows from being read again. A deleted row stays in the heap as long as any transaction of the database
 * is older than its deletion, and every scan passes over it: with 15 million of them the drain took 1.2 s under the
 * lock. So the delta table is two tables. Once the table that receives writers' keys has grown, and its rows are
 * replayed, the keys go into the other one. The first is truncated as soon as no row and no writer is left in it.
 *
 * <p>Transactions: one per statement. Locks: ACCESS EXCLUSIVE on the segment that writers have left, without waiting
 * for it, so that nobody queues behind us; it is held for one look and the truncation. If the lock is not granted, the
 * segment stays as it is until the next time. Safe to repeat and to kill at any moment: both segments always count as
 * the delta table.
 *
 * <p>Why no key is lost: some writers may still put keys into the segment, because their transaction is older than the
 * change or their statement still has the old function. Each of them holds ROW EXCLUSIVE on the segment until it ends,
 * so the lock is not granted before; and under the lock the segment is truncated only if a snapshot taken then sees no
 * row in it. Keys that come later stay, and are replayed like any other.
 *
 * <p>Why no reader is misled, although a truncated table looks empty to older snapshots too: our readers lock the delta
 * table before they take their snapshot (each is a READ COMMITTED statement). So a reader has either kept us from the
 * lock until its transaction ended, or has a snapshot that is younger than the truncation, and therefore younger than
 * the replay of every row that was in the segment. The batches of the replay, which read by one snapshot each, run in
 * the session that truncates, and in no other: the migration's lock ensures that, and a backend whose client is lost
 * keeps the lock until it ends. The copy relies on rows that must not leave before it is complete, and nothing is
 * truncated before that: only passes of the replay call this, and they come after the copy. Only somebody who compares
 * the tables by a snapshot of their own, taken before, would see the row neither in the delta table nor replayed.
 */
public final class Segments {
    /** About 12,000 rows of a short key, which a scan passes over in a millisecond. */
    public static final long LARGE_BLOCKS = 64;

    /**
     * Looks and truncates in one round trip, so that a client that is lost in between leaves no lock behind. A look by
     * a snapshot that is older than the lock would prove nothing.
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

    /** Sets the hint bits, so that the look under the lock is short. */
    private static final Sql IS_EMPTY = Sql.of("SELECT NOT EXISTS (SELECT FROM ONLY {segment})");

    private static final Sql VACUUM = Sql.of("VACUUM (ANALYZE) {segments}");

    private final Capture capture;

    public Segments(Capture capture) {
        this.capture = capture;
    }

    /** Tidies the delta table. Call it after a pass that found a segment large, outside any transaction. */
    public void tidy(Session session) throws SQLException {
        QualifiedName first = capture.segments().get(0);
        QualifiedName second = capture.segments().get(1);
        boolean secondIsActive = new CaptureFunctions(capture).capturesInto(session, second);
        QualifiedName active = secondIsActive ? second : first;
        QualifiedName left = secondIsActive ? first : second;
        try {
            truncate(session, left);
            if (isLarge(session, active) && !isLarge(session, left)) {
                session.update(new CaptureFunctions(capture).captureInto(left));
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

    /** Looks again under its own lock, so that rows that a writer has put there meanwhile stay. */
    static Sql truncateIfEmpty(QualifiedName segment) {
        return TRUNCATE_IF_EMPTY
                .with("quote", Sql.dollarQuote("truncate", segment.asSql()))
                .with("segment", segment);
    }

    /**
     * Removes dead rows that nobody needs any more, and refreshes the statistics; skips segments that will be
     * truncated.
     */
    public void vacuum(Session session) throws SQLException {
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

    /** Leaving something untidy costs only time. */
    private static boolean isNoHarm(SQLException e) {
        return SqlState.LOCK_NOT_AVAILABLE.matches(e)
                || SqlState.INSUFFICIENT_PRIVILEGE.matches(e)
                || SqlState.isOutOfResources(e);
    }
}
