package liquibase.ext.partition.connection;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import liquibase.Scope;
import liquibase.database.Database;
import liquibase.database.core.PostgresDatabase;
import liquibase.exception.DatabaseException;
import liquibase.exception.LockException;
import liquibase.executor.ExecutorService;
import liquibase.ext.partition.engine.link.Backend;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.lockservice.StandardLockService;

/**
 * Liquibase's own lock service, which also reports whom it waits for: who holds DATABASECHANGELOGLOCK, since when,
 * whether that runner is alive, and what to run. It takes and releases the lock as Liquibase does. In addition, when
 * the connection is lost before or during the release of the lock, it reconnects to release it; otherwise a network
 * that broke for a moment would leave the lock held for good.
 *
 * <p>Works only for PostgreSQL, and not when SQL is only printed.
 */
public class PartitionLockService extends StandardLockService {
    private static final int LONGEST_ANSWER_SECONDS = 5;

    /** A job that has ended must not hang, so it does not wait longer for a server to come back. */
    private static final Duration RELEASE_WITHIN = Duration.ofMinutes(1);

    /** The limit for a change of one row. */
    private static final int LONGEST_RELEASE_MILLISECONDS = 10_000;

    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final Duration TELL_EVERY = Duration.ofSeconds(9);

    /** When the holder was told last, by {@link System#nanoTime}; null before that. */
    private Long told;

    /** The session that last tried the release; null if none did, or if it may be others' now. */
    private Backend releasing;

    /** Above Liquibase's own, and below a service that somebody has chosen for a database. */
    @Override
    public int getPriority() {
        return PRIORITY_DEFAULT + 1;
    }

    /** Not for products that only speak PostgreSQL's language, such as CockroachDB: it has no advisory locks. */
    @Override
    public boolean supports(Database candidate) {
        return candidate instanceof PostgresDatabase
                && "postgresql".equals(candidate.getShortName())
                && LiquibaseEnvironment.isOnline(candidate);
    }

    /**
     * Liquibase finds the service by the database, and distinguishes databases by their connections. After a reconnect
     * it makes another instance of this class, which must know what the connection knows. Liquibase 5 releases nothing
     * that is not held.
     */
    @Override
    public boolean hasChangeLogLock() {
        hasChangeLogLock |= ours().isPresent();
        return super.hasChangeLogLock();
    }

    @Override
    public boolean acquireLock() throws LockException {
        // Also sets the field by which Liquibase knows that it need not wait for itself.
        boolean held = hasChangeLogLock();
        boolean acquired = acquireOrExplain();
        if (held || !executes()) {
            return acquired;
        }
        if (acquired) {
            Optional<String> granted = quietly(lock -> {
                lock.sign();
                return lock.granted();
            });
            granted.ifPresent(this::remember);
            if (granted.isEmpty()) {
                giveBackWhereLost();
            }
        } else if (told == null || System.nanoTime() - told >= TELL_EVERY.toNanos()) {
            told = System.nanoTime();
            quietly(ChangeLogLock::holder).ifPresent(LiquibaseEnvironment.report()::line);
        }
        return acquired;
    }

    /**
     * The command cannot go on with another connection, which lacks all settings that Liquibase has made; but the lock
     * must not stay held.
     */
    private void giveBackWhereLost() throws LockException {
        try {
            if (!canReopen() || LiquibaseEnvironment.connection(database).isValid(LONGEST_ANSWER_SECONDS)) {
                return;
            }
            connectAgainWhereLost();
            quietly(ChangeLogLock::granted).ifPresent(this::remember);
        } catch (SQLException | DatabaseException e) {
            // Then the lock stays held, and the next runner is told that its holder is gone.
            throw new LockException(
                    "The connection to the server was lost when DATABASECHANGELOGLOCK had just been taken. Nothing was changed. Run liquibase release-locks, then run again.",
                    e);
        }
        releaseLock();
        throw new LockException(
                "The connection to the server was lost when DATABASECHANGELOGLOCK had just been taken. It was given back, and nothing was changed. Run again.");
    }

    /** Liquibase's first write, and so the first statement to fail on a server that takes no writes. */
    private boolean acquireOrExplain() throws LockException {
        try {
            return super.acquireLock();
        } catch (LockException e) {
            if (SqlState.cause(e, SqlState.READ_ONLY::matches).isEmpty()) {
                throw e;
            }
            throw new LockException(
                    "The server takes no writes: it is a standby, or default_transaction_read_only is on. Nothing was changed. Give the address of the primary, or wait until this server has been promoted or made writable; then run again.",
                    e);
        }
    }

    @Override
    public void waitForLock() throws LockException {
        try {
            super.waitForLock();
        } catch (LockException e) {
            Optional<String> holder =
                    hasChangeLogLock() || !executes() ? Optional.empty() : quietly(ChangeLogLock::holder);
            if (holder.isEmpty()) {
                throw e;
            }
            throw new LockException("%s. %s".formatted(e.getMessage(), holder.get()), e);
        }
    }

    @Override
    public void releaseLock() throws LockException {
        if (!executes() || ours().isEmpty()) {
            super.releaseLock();
            return;
        }
        Duration patience = patience();
        long begun = System.nanoTime();
        boolean said = false;
        while (true) {
            try {
                releaseOurs();
                if (said) {
                    LiquibaseEnvironment.report().line("DATABASECHANGELOGLOCK is released.");
                }
                return;
            } catch (LockException e) {
                Optional<SQLException> lost = SqlState.cause(e, SqlState::isConnectionLost);
                if (lost.isEmpty() || !canReopen()) {
                    throw e;
                }
                String why = SqlState.firstLine(lost.get());
                if (System.nanoTime() - begun >= patience.toNanos()) {
                    LiquibaseEnvironment.report()
                            .line(
                                    "DATABASECHANGELOGLOCK could not be released within %d s: %s. What was committed is kept. As soon as the server is there, run liquibase release-locks."
                                            .formatted(patience.toSeconds(), why));
                    throw e;
                }
                if (!said) {
                    LiquibaseEnvironment.report()
                            .line(
                                    "DATABASECHANGELOGLOCK could not be released, because the connection to the server is lost (%s). Trying again for %d s."
                                            .formatted(why, patience.toSeconds()));
                    said = true;
                }
                pause();
            }
        }
    }

    private static Duration patience() {
        Duration ofSteps = PartitionConfiguration.giveUpAfter();
        return ofSteps.compareTo(RELEASE_WITHIN) < 0 ? ofSteps : RELEASE_WITHIN;
    }

    /** Tries as often as it takes, and first asks each time whether the previous attempt has released the lock. */
    private void releaseOurs() throws LockException {
        try {
            connectAgainWhereLost();
            Connection connection = LiquibaseEnvironment.connection(database);
            int networkTimeout = connection.getNetworkTimeout();
            connection.setNetworkTimeout(Runnable::run, LONGEST_RELEASE_MILLISECONDS);
            // As Liquibase does: a command that failed may have left a transaction open, and we commit below.
            database.rollback();
            Session session = new Session(connection);
            endEarlierOne(session, connection);
            if (isOurs(session)) {
                asked(session, lock -> {
                    lock.unsign();
                    return null;
                });
                database.commit();
                super.releaseLock();
                if (isOurs(session)) {
                    // Liquibase found no lock table: that is how it interprets a question whose answer was lost.
                    throw new SQLException("still held", SqlState.CONNECTION_FAILURE.code());
                }
            }
            // Or somebody has freed it by release-locks, and perhaps another runner has taken it since.
            hasChangeLogLock = false;
            remember(null);
            connection.setNetworkTimeout(Runnable::run, networkTimeout);
        } catch (SQLException | DatabaseException e) {
            if (SqlState.cause(e, SqlState.UNDEFINED_TABLE::matches).isEmpty()) {
                throw new LockException(e);
            }
            // The table was dropped with everything else, by drop-all; Liquibase rolls back what has failed.
            remember(null);
            super.releaseLock();
        }
    }

    /**
     * If the network has not told the server anything, the earlier session is still there, and its uncommitted change
     * keeps the lock's row locked.
     */
    private void endEarlierOne(Session session, Connection connection) throws SQLException, DatabaseException {
        Backend ours = Backend.of(session);
        if (releasing != null && !releasing.equals(ours)) {
            session.whilePinned(() -> {
                releasing.end(session);
                return null;
            });
        }
        releasing = ours.isAlone(connection) ? ours : null;
        database.commit();
    }

    private boolean isOurs(Session session) throws SQLException, DatabaseException {
        boolean ours = asked(session, ChangeLogLock::granted).equals(ours());
        database.commit();
        return ours;
    }

    /** When the lock that we hold was granted. */
    private Optional<String> ours() {
        return database != null && database.getConnection() instanceof PartitionConnection connection
                ? Optional.ofNullable(connection.changeLogLockGranted())
                : Optional.empty();
    }

    private boolean canReopen() {
        return database.getConnection() instanceof PartitionConnection connection && connection.canReopen();
    }

    private void connectAgainWhereLost() throws SQLException, DatabaseException {
        PartitionConnection connection = (PartitionConnection) database.getConnection();
        if (!connection.getUnderlyingConnection().isValid(LONGEST_ANSWER_SECONDS) && connection.reopen()) {
            connection.setAutoCommit(database.getAutoCommitMode());
        }
    }

    private static void pause() throws LockException {
        try {
            Thread.sleep(PAUSE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LockException("Interrupted while DATABASECHANGELOGLOCK was to be released.", e);
        }
    }

    private void remember(String granted) {
        if (database.getConnection() instanceof PartitionConnection connection) {
            connection.setChangeLogLockGranted(granted);
        }
    }

    private boolean executes() {
        return Scope.getCurrentScope()
                .getSingleton(ExecutorService.class)
                .getExecutor("jdbc", database)
                .updatesDatabase();
    }

    private interface Question<T> {
        T ask(ChangeLogLock lock) throws SQLException;
    }

    /** Asks in one transaction. */
    private <T> T asked(Session session, Question<T> question) throws SQLException {
        return session.whilePinned(() -> question.ask(new ChangeLogLock(session, database)));
    }

    /**
     * Our work beside Liquibase's must never make Liquibase fail. Liquibase has no transaction open at these places.
     */
    private Optional<String> quietly(Question<Optional<String>> question) {
        try {
            Optional<String> answer = asked(new Session(LiquibaseEnvironment.connection(database)), question);
            database.commit();
            return answer;
        } catch (SQLException | DatabaseException e) {
            Scope.getCurrentScope().getLog(getClass()).fine("Cannot tell who holds the changelog lock", e);
            try {
                database.rollback();
            } catch (DatabaseException suppressed) {
                Scope.getCurrentScope().getLog(getClass()).fine("Cannot roll back", suppressed);
            }
            return Optional.empty();
        }
    }
}
