package liquibase.ext.partition.engine.link;

import java.sql.Connection;
import java.sql.SQLException;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;

/**
 * A pooler between us and the server that gives each transaction, or statement, another session: PgBouncer with
 * {@code pool_mode = transaction} or {@code statement}, and likewise Odyssey and PgCat. Our lock and our settings,
 * among them {@code row_security} and the isolation, belong to the session: they would stay in the pool, for others,
 * and be missing where we rely on them. So this is checked before anything is locked or set. A pooler that keeps a
 * client's session, as with {@code pool_mode = session}, does no harm.
 *
 * <p>A direct connection is recognized by the key that the server gives each client, which names the process. If the
 * key does not name the process, there may be a pooler, and another connection is opened. While the first connection is
 * idle, its session must never serve the second. In such a pool it does, or the first connection's own session changes:
 * a pool hands out the session that was given back last, or the one that has been idle longest, and both show within a
 * few questions.
 */
public final class Pooler {
    /** More than enough for a pool whose two ends are both probed; other users of the pool may interfere. */
    private static final int QUESTIONS = 8;

    private Pooler() {}

    /**
     * @param connection the connection that must keep its session
     * @param more the source of another connection, by the same way
     * @throws PartitionException when the connection does not keep its session
     */
    public static void refuse(Connection connection, ConnectionSource more, String step, QualifiedName source)
            throws SQLException {
        Session session = new Session(connection);
        Backend first = Backend.of(session);
        if (first.isAlone(connection)) {
            return;
        }
        try (Connection another = open(more)) {
            if (session.isInTransaction()) {
                // Its session is bound to it until the transaction ends, so only other connections can show it.
                if (another != null && !Backend.of(new Session(another)).isAlone(another)) {
                    try (Connection third = open(more)) {
                        requireOwnSessions(new Session(another), third, step, source);
                    }
                }
                return;
            }
            requireOwnSessions(session, another, step, source);
        }
    }

    private static Connection open(ConnectionSource more) {
        try {
            Connection opened = more.open().orElse(null);
            if (opened != null) {
                opened.setAutoCommit(true);
            }
            return opened;
        } catch (SQLException e) {
            // A step that needs more connections reports that itself; here the one must be enough.
            return null;
        }
    }

    /** @param another another connection; null where there is none */
    private static void requireOwnSessions(Session session, Connection another, String step, QualifiedName source)
            throws SQLException {
        Backend ours = Backend.of(session);
        for (int i = 0; i < QUESTIONS; i++) {
            boolean shared = another != null && Backend.of(new Session(another)).equals(ours);
            // Asked twice, because a pool that hands its two sessions out in turn would be in step with us.
            if (shared
                    || !Backend.of(session).equals(ours)
                    || !Backend.of(session).equals(ours)) {
                throw new PartitionException(
                        "%s on %s reaches the server through a pooler that gives each transaction another session (PgBouncer with pool_mode = transaction or statement, or one alike). A lock and the settings of a session would be left in the pool. Nothing was changed, and no lock was taken. Connect to the server itself, or to a pool with pool_mode = session, and run again; the same holds for liquibase.partition.url."
                                .formatted(step, source));
            }
        }
    }
}
