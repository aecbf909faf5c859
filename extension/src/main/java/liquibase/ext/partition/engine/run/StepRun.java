package liquibase.ext.partition.engine.run;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import liquibase.ext.partition.engine.Report;
import liquibase.ext.partition.engine.access.StateProtection;
import liquibase.ext.partition.engine.link.AnswerWatch;
import liquibase.ext.partition.engine.link.Backend;
import liquibase.ext.partition.engine.link.ClientCheck;
import liquibase.ext.partition.engine.link.ConnectionSource;
import liquibase.ext.partition.engine.link.Pooler;
import liquibase.ext.partition.engine.lock.MigrationLock;
import liquibase.ext.partition.engine.lock.OnBusy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.pace.RunPace;
import liquibase.ext.partition.engine.pace.Throttle;
import liquibase.ext.partition.engine.pace.TimeIsUp;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.StateTables;

/**
 * One run of one step on one table. Holds the migration's lock on the coordinator's session from
 * {@link Environment#begin} to {@link #close}. The coordinator's session is Liquibase's own connection; using it about
 * once a second also keeps a firewall from dropping it as idle.
 */
public final class StepRun implements AutoCloseable {
    /**
     * The environment of a step.
     *
     * @param main Liquibase's connection, which the engine does not close
     * @param more the source of workers' connections
     * @param onBusy what to do while another runner is at work on the table
     * @param askAfter how long a statement may take before {@link AnswerWatch} asks the server about it
     * @param pace the run's settings for all its steps
     */
    public record Environment(
            Connection main,
            ConnectionSource more,
            StateTables state,
            Report report,
            OnBusy onBusy,
            Duration askAfter,
            RunPace pace) {
        /** The environment of a run of only this step. */
        public Environment(Connection main, ConnectionSource more, StateTables state, Report report, OnBusy onBusy) {
            this(main, more, state, report, onBusy, AnswerWatch.ASK_AFTER);
        }

        /** The environment of a run of only this step. */
        public Environment(
                Connection main,
                ConnectionSource more,
                StateTables state,
                Report report,
                OnBusy onBusy,
                Duration askAfter) {
            this(main, more, state, report, onBusy, askAfter, RunPace.beginningNow());
        }

        /** The same environment with another reaction to another runner. */
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

    /** Null where the run began inside a transaction. */
    private final ClientCheck clientCheck;

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
                // Replay is right only if each statement sees what committed before it.
                session.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            }
            this.applicationName = session.queryStrings(APPLICATION_NAME).get(0);
            // Lets another runner name this host: an address may be that of a gateway.
            setApplicationName("liquibase-partition on " + ThisHost.name());
            this.lock = MigrationLock.take(session, source, step, environment.onBusy(), environment.report());
            this.clientCheck = session.isInTransaction() ? null : ClientCheck.begin(session);
            this.rowSecurity = session.queryStrings(ROW_SECURITY).get(0);
            // A policy must never hide rows from us. With this setting such a statement fails, instead of working on a
            // part of the rows.
            setRowSecurity("off");
            StateProtection.ensure(session, environment.state().all(), environment.report(), step);
        } catch (SQLException | RuntimeException e) {
            giveUp(e);
            throw e;
        }
    }

    private void giveUp(Exception why) {
        try {
            session.unpin();
        } catch (SQLException suppressed) {
            // The connection is gone; only the reason matters.
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

    /** The coordinator's session. Only the thread that runs the step may use it. */
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

    /** Reports a line to people, at once. */
    public void line(String text) {
        environment.report().line(text);
    }

    /** The time since the run of Liquibase began that this step belongs to. */
    public Duration sinceRunBegan() {
        return environment.pace().elapsed();
    }

    /** @param pace the pace as the changelog gives it */
    public Workers workers(GivenPace pace) {
        return workers(throttle(pace));
    }

    /**
     * Workers for work that runs to its end once it has begun.
     *
     * @param what the beginning of the message
     * @throws TimeIsUp if it is too late to begin
     */
    public Workers wholeWorkers(GivenPace pace, String what) throws SQLException {
        Throttle throttle = throttle(pace);
        throttle.beginWhole(what);
        return workers(throttle);
    }

    /** A throttle for work that the coordinator does by itself, piece by piece. */
    public Throttle throttle(GivenPace pace) {
        return new Throttle(session, environment.report(), migrations(), source, pace, environment.pace());
    }

    private Workers workers(Throttle throttle) {
        return new Workers(environment.more(), session, environment.report(), watch, step, source, throttle);
    }

    /**
     * The sessions that this run has had on the server. After its connections were lost, some may live on, with their
     * locks, and must be ended before the step runs again.
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
            if (clientCheck != null) {
                clientCheck.end(session);
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
