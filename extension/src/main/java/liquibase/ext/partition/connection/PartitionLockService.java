package liquibase.ext.partition.connection;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import liquibase.Scope;
import liquibase.database.Database;
import liquibase.database.core.PostgresDatabase;
import liquibase.exception.DatabaseException;
import liquibase.exception.LockException;
import liquibase.executor.ExecutorService;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.lockservice.StandardLockService;

/**
 * Liquibase's own lock service, which also tells whom it waits for: who holds DATABASECHANGELOGLOCK, since when, whether that runner is
 * alive, and what to run. It takes and releases the lock as Liquibase does. One thing more: when the connection is lost before the lock
 * could be released, it connects again for that; otherwise a network that broke for a moment would leave the lock held for good.
 *
 * <p>Only for PostgreSQL, and not where SQL is only printed.
 */
public class PartitionLockService extends StandardLockService {
    private static final int LONGEST_ANSWER_SECONDS = 5;
    private static final Duration TELL_EVERY = Duration.ofSeconds(9);

    private Optional<Long> told = Optional.empty();

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

    @Override
    public boolean acquireLock() throws LockException {
        boolean held = hasChangeLogLock();
        boolean acquired = acquireOrExplain();
        if (held || !executes()) {
            return acquired;
        }
        if (acquired) {
            quietly(lock -> {
                        lock.sign();
                        return lock.granted();
                    })
                    .ifPresent(this::remember);
        } else if (told.isEmpty() || System.nanoTime() - told.get() >= TELL_EVERY.toNanos()) {
            told = Optional.of(System.nanoTime());
            quietly(ChangeLogLock::holder).ifPresent(LiquibaseEnvironment.report()::line);
        }
        return acquired;
    }

    /** Liquibase's first write, and so the first to meet a server that takes none. */
    private boolean acquireOrExplain() throws LockException {
        try {
            return super.acquireLock();
        } catch (LockException e) {
            if (!isReadOnly(e)) {
                throw e;
            }
            throw new LockException(
                    "The server takes no writes: it is a standby, or default_transaction_read_only is on. Nothing was changed. Give the address of the primary, or wait until this server has been promoted or made writable; then run again.",
                    e);
        }
    }

    private static boolean isReadOnly(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && SqlState.READ_ONLY.matches(sql)) {
                return true;
            }
        }
        return false;
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
        if (executes()) {
            if (reconnected() && !stillOurs()) {
                // Freed by somebody with release-locks, and perhaps taken by another runner since.
                hasChangeLogLock = false;
                return;
            }
            quietly(lock -> {
                lock.unsign();
                return Optional.empty();
            });
        }
        super.releaseLock();
        remember(null);
    }

    /** Whether the connection was lost and is there again. */
    private boolean reconnected() {
        try {
            if (database.getConnection() instanceof PartitionConnection connection
                    && connection.changeLogLockGranted() != null
                    && !connection.getUnderlyingConnection().isValid(LONGEST_ANSWER_SECONDS)
                    && connection.reopen()) {
                connection.setAutoCommit(database.getAutoCommitMode());
                return true;
            }
        } catch (SQLException | DatabaseException e) {
            // Then it cannot be released, as Liquibase is going to say.
            Scope.getCurrentScope().getLog(getClass()).fine("Cannot connect again", e);
        }
        return false;
    }

    private boolean stillOurs() {
        String ours = ((PartitionConnection) database.getConnection()).changeLogLockGranted();
        return quietly(ChangeLogLock::granted).filter(ours::equals).isPresent();
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

    private interface Question {
        Optional<String> ask(ChangeLogLock lock) throws SQLException;
    }

    /** What we do beside Liquibase's work must never be what fails it. Liquibase has no transaction open at these places. */
    private Optional<String> quietly(Question question) {
        try {
            Optional<String> answer =
                    question.ask(new ChangeLogLock(new Session(LiquibaseEnvironment.connection(database)), database));
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
