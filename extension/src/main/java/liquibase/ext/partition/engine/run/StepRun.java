package liquibase.ext.partition.engine.run;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Backend;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.StateTables;

/**
 * One run of one step on one table: holds the migration's lock on the coordinator's session from
 * {@link Environment#begin} to {@link #close}. The coordinator's session is Liquibase's own connection; working through
 * it about once a second also keeps a firewall from dropping it as idle.
 */
public final class StepRun implements AutoCloseable {
    /**
     * What a step runs in.
     *
     * @param main Liquibase's connection; not closed by the engine
     * @param more where workers' connections come from
     * @param onBusy what to do while another runner is at work on the table
     * @param askAfter how long a statement may take before the server is asked over another connection what has become
     *     of it
     * @param pace what the run says to all its steps
     */
    public record Environment(
            Connection main,
            ConnectionSource more,
            StateTables state,
            Report report,
            OnBusy onBusy,
            Duration askAfter,
            RunPace pace) {
        /** For a run of this one step. */
        public Environment(Connection main, ConnectionSource more, StateTables state, Report report, OnBusy onBusy) {
            this(main, more, state, report, onBusy, AnswerWatch.ASK_AFTER);
        }

        /** For a run of this one step. */
        public Environment(
                Connection main,
                ConnectionSource more,
                StateTables state,
                Report report,
                OnBusy onBusy,
                Duration askAfter) {
            this(main, more, state, report, onBusy, askAfter, RunPace.beginningNow());
        }

        /** The same, with another answer to another runner. */
        public Environment onBusy(OnBusy other) {
            return new Environment(main, more, state, report, other, askAfter, pace);
        }

        /**
         * Begins a step.
         *
         * @param step its name, for messages and for {@code application_name}
         * @throws liquibase.ext.partition.engine.PartitionException when another runner is at work on the table and is
         *     not to be waited for
         */
        public StepRun begin(String step, QualifiedName source) throws SQLException {
            return new StepRun(this, step, source);
        }
    }

    private static final Sql ROW_SECURITY = Sql.of("SELECT pg_catalog.current_setting('row_security')");
    private static final Sql SET_ROW_SECURITY = Sql.of("SELECT pg_catalog.set_config('row_security', {value}, false)");

    private static final Sql APPLICATION_NAME = Sql.of("SELECT pg_catalog.current_setting('application_name')");
    private static final Sql SET_APPLICATION_NAME =
            Sql.of("SELECT pg_catalog.set_config('application_name', {value}, false)");

    private final Environment environment;
    private final String step;
    private final QualifiedName source;
    private final Session session;
    private final AnswerWatch watch;
    private final MigrationLock lock;
    private final Optional<ClientCheck> clientCheck;
    private final int isolation;
    private final String rowSecurity;
    private final String applicationName;

    private StepRun(Environment environment, String step, QualifiedName source) throws SQLException {
        this.environment = environment;
        this.step = step;
        this.source = source;
        this.session = new Session(environment.main());
        this.watch = new AnswerWatch(environment.more(), environment.askAfter());
        try {
            watch.over(session);
            Pooler.refuse(environment.main(), environment.more(), step, source);
            session.pin();
            this.isolation = session.transactionIsolation();
            if (!session.isInTransaction()) {
                // Replay is right only where each statement sees what committed before it.
                session.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            }
            this.applicationName = session.queryStrings(APPLICATION_NAME).get(0);
            // So that another runner can say which host's it is: an address may be that of a gateway.
            setApplicationName("liquibase-partition on " + ThisHost.name());
            this.lock = MigrationLock.take(session, source, step, environment.onBusy(), environment.report());
            this.clientCheck = session.isInTransaction() ? Optional.empty() : Optional.of(ClientCheck.begin(session));
            this.rowSecurity = session.queryStrings(ROW_SECURITY).get(0);
            // A policy must never hide rows from us: so such a statement fails, instead of doing its work for a part.
            setRowSecurity("off");
        } catch (SQLException | RuntimeException e) {
            giveUp(e);
            throw e;
        }
    }

    private void giveUp(Exception why) {
        try {
            session.unpin();
        } catch (SQLException suppressed) {
            // The connection is gone; what counts is why.
            why.addSuppressed(suppressed);
        } finally {
            watch.close();
        }
    }

    private void setApplicationName(String value) throws SQLException {
        session.queryStrings(SET_APPLICATION_NAME.with("value", value));
    }

    private void setRowSecurity(String value) throws SQLException {
        session.queryStrings(SET_ROW_SECURITY.with("value", value));
    }

    /** The name that the application uses for the table. */
    public QualifiedName source() {
        return source;
    }

    public String step() {
        return step;
    }

    /** The coordinator's session; used by the thread that runs the step only. */
    public Session session() {
        return session;
    }

    public StateTables state() {
        return environment.state();
    }

    public Migrations migrations() {
        return new Migrations(session, environment.state());
    }

    public Report report() {
        return environment.report();
    }

    /** Tells people something, at once. */
    public void line(String text) {
        environment.report().line(text);
    }

    /** How long ago the run of Liquibase began that this step is part of. */
    public Duration sinceRunBegan() {
        return environment.pace().elapsed();
    }

    /** @param pace settings as {@link Pace#parse} takes them */
    public Workers workers(Map<String, String> pace) {
        return workers(throttle(pace));
    }

    /**
     * Workers on what is done to its end once it is begun.
     *
     * @param what begins the message
     * @throws TimeIsUp where it is too late to begin
     */
    public Workers wholeWorkers(Map<String, String> pace, String what) throws SQLException {
        Throttle throttle = throttle(pace);
        throttle.beginWhole(what);
        return workers(throttle);
    }

    /** For what the coordinator does by itself, piece by piece. */
    public Throttle throttle(Map<String, String> pace) {
        return new Throttle(session, environment.report(), migrations(), source, pace, environment.pace());
    }

    private Workers workers(Throttle throttle) {
        return new Workers(environment.more(), session, environment.report(), watch, step, source, throttle);
    }

    /**
     * The sessions on the server that this run has had. After its connections were lost some may live on, with their
     * locks: to be ended before the step is run again.
     */
    public List<Backend> backends() {
        return watch.backends();
    }

    @Override
    public void close() throws SQLException {
        try {
            if (session.isClosed()) {
                return;
            }
            lock.close();
            setRowSecurity(rowSecurity);
            setApplicationName(applicationName);
            if (clientCheck.isPresent()) {
                clientCheck.get().end(session);
            }
            if (!session.isInTransaction()) {
                session.setTransactionIsolation(isolation);
            }
            session.unpin();
        } finally {
            watch.close();
        }
    }
}
