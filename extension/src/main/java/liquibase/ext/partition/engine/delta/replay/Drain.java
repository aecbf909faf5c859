package liquibase.ext.partition.engine.delta.replay;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.sql.PreparedStatements;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.sql.TupleId;

/**
 * The replay of the whole delta table under a lock that keeps writers out. Afterwards the delta table is empty and the
 * two tables are equal.
 *
 * <p>While writers wait, planning takes longer than replaying the few rows, because each statement is planned for every
 * partition. So if the rows take one route, the statements are prepared, and {@link #rehearse rehearsed}, before the
 * lock is requested.
 */
public final class Drain {
    private final Session session;
    private final Replay replay;

    /** Null where the statements depend on the rows. */
    private final PreparedStatements prepared;

    private Drain(Session session, Replay replay, PreparedStatements prepared) {
        this.session = session;
        this.replay = replay;
        this.prepared = prepared;
    }

    /**
     * Prepares the statements, which stay until {@link #release}. Must be called within
     * {@link Replay#withScratchTable}, outside any transaction.
     */
    public static Drain prepare(Session session, Replay replay) throws SQLException {
        return new Drain(
                session,
                replay,
                replay.routes().isSingle()
                        ? PreparedStatements.of(session, replay.batchStatements(0, TupleId.MAX_BLOCK))
                        : null);
    }

    /**
     * Whether {@link #rehearse} does anything. It does nothing if the statements depend on the rows and are planned
     * under the lock.
     */
    public boolean isPrepared() {
        return prepared != null;
    }

    /**
     * Drains once while writers are at work, in a transaction of its own: an ordinary replay that leaves plans behind.
     *
     * @return the number of delta rows taken
     */
    public long rehearse() throws SQLException {
        List<Sql> statements = new ArrayList<>(statements());
        statements.add(replay.takenQuestion());
        try {
            List<List<List<String>>> answers = session.inTransaction(() -> {
                session.update(Replay.ONE_SNAPSHOT);
                replay.begin(session);
                return session.queryAll(statements);
            });
            return Long.parseLong(answers.get(answers.size() - 1).get(0).get(0));
        } catch (SQLException e) {
            if (SqlState.isDuplicate(e)) {
                throw replay.refusal(e);
            }
            if (!SqlState.isTransient(e)) {
                throw e;
            }
            // Nothing is lost if this fails, and the statements have their plans.
            return 0;
        }
    }

    /**
     * Drains as part of the caller's transaction, which holds the lock, and runs the statements that come after it. All
     * of this is one round trip if the rows take one route. The caller has asked {@link Replay#requireOurs} under the
     * lock.
     *
     * @param backlog how many rows the delta table has
     * @param limit statements run before each statement; may be empty
     */
    public void run(long backlog, List<Sql> after, List<Sql> limit) throws SQLException {
        List<Sql> statements = new ArrayList<>(limit);
        try {
            if (backlog > 0 && prepared != null) {
                for (Sql statement : statements()) {
                    statements.add(statement);
                    statements.addAll(limit);
                }
            } else if (backlog > 0) {
                session.updateAll(limit);
                replay.drain(session);
            }
            statements.addAll(after);
            session.updateAll(statements);
        } catch (SQLException e) {
            if (SqlState.isDuplicate(e)) {
                throw replay.refusal(e);
            }
            throw e;
        }
    }

    private List<Sql> statements() {
        List<Sql> statements = new ArrayList<>(List.of(Replay.PREFER_INDEXES));
        if (prepared != null) {
            statements.addAll(prepared.executions());
        }
        statements.addAll(replay.afterwards());
        statements.add(Replay.CHECK_NOW);
        return statements;
    }

    public void release() throws SQLException {
        if (prepared != null) {
            prepared.release(session);
        }
    }
}
