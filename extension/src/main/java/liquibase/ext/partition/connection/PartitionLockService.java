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
 * Liquibase's own lock service, which also tells whom it waits for: who holds DATABASECHANGELOGLOCK, since when,
 * whether that runner is alive, and what to run. It takes and releases the lock as Liquibase does. One thing more: when
 * the connection is lost before the lock is released, or while it is, it connects again for that; otherwise a network
 * that broke for a moment would leave the lock held for good.
 *
 * <p>Only for PostgreSQL, and not where SQL is only printed.
 */
public class PartitionLockService extends StandardLockService {
    private static final int LONGEST_ANSWER_SECONDS = 5;

    /** A server that comes back later than that finds nobody: a job that has ended must not hang. */
    private static final Duration RELEASE_WITHIN = Duration.ofMinutes(1);

    /** For a change of one row. */
    private static final int LONGEST_RELEASE_MILLISECONDS = 10_000;

    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final Duration TELL_EVERY = Duration.ofSeconds(9);

    private Optional<Long> told = Optional.empty();

    /** The session by which the release was last tried. */
    private Optional<Backend> releasing = Optional.empty();

    /** Above Liquibase's own, and below what somebody has chosen for a database. */
    @Override
    public int getPriority() {
        return PRIORITY_DEFAULT + 1;
    }

    /** Not what only speaks PostgreSQL's language, such as CockroachDB: it has no advisory locks. */
    @Override
    public boolean supports(Database candidate) {
        return candidate instanceof PostgresDatabase
                && "postgresql".equals(candidate.getShortName())
                && LiquibaseEnvironment.isOnline(candidate);
    }

    /**
     * Liquibase finds the service by the database, and tells databases apart by their connections: where the connection
     * was had again, it makes another one of these, which must know what the connection knows. Liquibase 5 releases
     * nothing that is not held.
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
        } else if (told.isEmpty() || System.nanoTime() - told.get() >= TELL_EVERY.toNanos()) {
            told = Optional.of(System.nanoTime());
            quietly(ChangeLogLock::holder).ifPresent(LiquibaseEnvironment.report()::line);
        }
        return acquired;
    }

    /**
     * The command cannot go on by another connection, which has none of the settings that Liquibase has made; nor may
     * the lock stay held.
     */
    private void giveBackWhereLost() throws LockException {
        try {
            if (!canReopen() || LiquibaseEnvironment.connection(database).isValid(LONGEST_ANSWER_SECONDS)) {
                return;
            }
            connectAgainWhereLost();
            quietly(ChangeLogLock::granted).ifPresent(this::remember);
        } catch (SQLException | DatabaseException e) {
            // Then it stays held, and the next one is told that its holder is gone.
            throw new LockException(
                    "The connection to the server was lost when DATABASECHANGELOGLOCK had just been taken. Nothing was changed. Run liquibase release-locks, then run again.",
                    e);
        }
        releaseLock();
        throw new LockException(
                "The connection to the server was lost when DATABASECHANGELOGLOCK had just been taken. It was given back, and nothing was changed. Run again.");
    }

    /** Liquibase's first write, and so the first to meet a server that takes none. */
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
                if (SqlState.cause(e, SqlState::isConnectionLost).isEmpty() || !canReopen()) {
                    throw e;
                }
                if (System.nanoTime() - begun >= patience.toNanos()) {
                    LiquibaseEnvironment.report()
                            .line(
                                    "DATABASECHANGELOGLOCK could not be released within %d s: %s. What was committed is kept. As soon as the server is there, run liquibase release-locks."
                                            .formatted(patience.toSeconds(), firstLine(e)));
                    throw e;
                }
                if (!said) {
                    LiquibaseEnvironment.report()
                            .line(
                                    "DATABASECHANGELOGLOCK could not be released, because the connection to the server is lost (%s). Trying again for %d s."
                                            .formatted(firstLine(e), patience.toSeconds()));
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

    /** As often as it takes: whether the attempt before has released it is asked first. */
    private void releaseOurs() throws LockException {
        try {
            connectAgainWhereLost();
            Connection connection = LiquibaseEnvironment.connection(database);
            int networkTimeout = connection.getNetworkTimeout();
            connection.setNetworkTimeout(Runnable::run, LONGEST_RELEASE_MILLISECONDS);
            // As Liquibase does: a command that failed may have left a transaction, and we commit below.
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
                    // Liquibase found no table to look into: that is how it takes a question whose answer was lost.
                    throw new SQLException("still held", SqlState.CONNECTION_FAILURE.code());
                }
            }
            // Or freed by release-locks, and perhaps taken by another runner since.
            hasChangeLogLock = false;
            remember(null);
            connection.setNetworkTimeout(Runnable::run, networkTimeout);
        } catch (SQLException | DatabaseException e) {
            if (SqlState.cause(e, SqlState.UNDEFINED_TABLE::matches).isEmpty()) {
                throw new LockException(e);
            }
            // Dropped with all else, by drop-all; Liquibase rolls back what has failed.
            remember(null);
            super.releaseLock();
        }
    }

    /**
     * Whom the network has told nothing, it is still there, with the lock's row locked by what it has not committed.
     */
    private void endEarlierOne(Session session, Connection connection) throws SQLException, DatabaseException {
        Backend ours = Backend.of(session);
        if (releasing.isPresent() && !releasing.get().equals(ours)) {
            session.whilePinned(() -> {
                releasing.get().end(session);
                return null;
            });
        }
        releasing = Optional.of(ours).filter(backend -> backend.isAlone(connection));
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

    private static String firstLine(Throwable e) {
        String message = SqlState.cause(e, SqlState::isConnectionLost)
                .map(Throwable.class::cast)
                .orElse(e)
                .getMessage();
        return String.valueOf(message).lines().findFirst().orElse("");
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

    /** In one transaction. */
    private <T> T asked(Session session, Question<T> question) throws SQLException {
        return session.whilePinned(() -> question.ask(new ChangeLogLock(session, database)));
    }

    /**
     * What we do beside Liquibase's work must never be what fails it. Liquibase has no transaction open at these
     * places.
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
