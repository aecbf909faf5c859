package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import liquibase.ext.partition.engine.DurationText;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.belonging.sequences.SequenceSwitch;
import liquibase.ext.partition.engine.belonging.triggers.TriggersAhead;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.delta.Continuity;
import liquibase.ext.partition.engine.delta.replay.Drain;
import liquibase.ext.partition.engine.delta.replay.Replay;
import liquibase.ext.partition.engine.delta.replay.ReplayCost;
import liquibase.ext.partition.engine.delta.replay.ReplayStep;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.lock.LockNotGiven;
import liquibase.ext.partition.engine.lock.LockPatience;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Answers;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;

/**
 * The common part of every switch, the swap, the exchange of a partition, and the ways back: catch up, plan, lock,
 * drain, switch, commit.
 *
 * <p>Transaction: one, from the lock to the last rename. Locks: those of the plan, ACCESS EXCLUSIVE on both tables at
 * least, taken under the lock policy, the table that nobody uses first. Any failure rolls all of it back.
 *
 * <p>While the lock is held every writer waits, so that time must not grow with the table, and hardly with its
 * partitions. Everything that can be done before is done before: the catalog is read and the statements are planned
 * before each attempt. Nothing is planned under the lock; there the server is asked once more, in one round trip, every
 * question that the plan was made from ({@link Answers}). If an answer has changed, somebody has changed something in
 * between (a trigger, a grant, an index, a view): the lock is given back, and the next attempt makes its own plan. So
 * what was added at the last moment comes along too. Before each attempt, not only before the first, the delta is
 * replayed until hardly anything is left. The last replay uses the statements of the drain ({@link Drain}), so that the
 * server has their plans by then. The commit waits for no disk.
 *
 * <p>The file is long because the order of what is done before, under and after the lock is one argument, which is read
 * in one place.
 */
public final class LockedSwitch {
    /**
     * The lock is released when the commit returns, and that would wait for the disk, and for a synchronous standby.
     * Nobody would gain by it: no writer after the switch is told of a commit before everything that was logged earlier
     * is safe, including the switch. The switch waits afterwards for what it has to wait for. See "Asynchronous Commit"
     * in PostgreSQL's manual.
     */
    public static final Sql COMMIT_WITHOUT_WAITING = Sql.of("SET LOCAL synchronous_commit = off");

    /** How many attempts may get the lock and find a long drain or a changed catalog before the switch gives up. */
    private static final int ATTEMPTS_UNDER_THE_LOCK = 20;

    /**
     * Before an attempt, the delta is replayed until a pass takes no more rows than this, and takes no longer than the
     * next constant.
     */
    private static final long NEARLY_NOTHING = 50;

    private static final Duration NO_TIME = Duration.ofMillis(10);

    /**
     * How long the drain may take, estimated by what a row has cost so far. The limit doubles each time that the drain
     * would take longer: writers whose rows are expensive must not keep the switch out for ever.
     */
    private static final Duration SHORTEST_DRAIN = Duration.ofMillis(100);

    private static final Duration LONGEST_DRAIN = Duration.ofSeconds(1);

    /**
     * How long all the work under the lock may take at the first attempt, whatever the estimate was. Then the lock is
     * given back, and the next attempt may take twice as long: on a slow machine, a limit that is too short would keep
     * the switch out for ever.
     */
    private static final Duration FIRST_LIMIT = Duration.ofSeconds(1);

    private static final int ATTEMPTS_AT_THE_LIMIT = 4;

    /** Lets writers pass. The drain deletes from the delta table too, so nobody may make a trigger there meanwhile. */
    private static final Sql AGAINST_TRIGGERS = Sql.of("LOCK TABLE {delta} IN ROW EXCLUSIVE MODE");

    private static final Sql NOW = Sql.of("SELECT pg_catalog.clock_timestamp()");

    private static final Sql SET_LIMIT = Sql.of("SET LOCAL statement_timeout = {milliseconds}");

    /**
     * A limit on each statement does not limit their sum, so it is set anew between them: the server computes what
     * is left.
     */
    private static final Sql LIMIT_BY = Sql.of("""
            SELECT pg_catalog.set_config('statement_timeout', pg_catalog.concat(greatest(1, pg_catalog.floor(1000 * extract(
              epoch FROM {now}::pg_catalog.timestamptz + {left}::pg_catalog.interval - pg_catalog.clock_timestamp()))), 'ms'), true)""");

    /**
     * How often the switch waits for older snapshots, each time after a replay, before it goes on with what the last
     * wait has left.
     */
    private static final int WAITS_BEFORE_AN_ATTEMPT = 3;

    /**
     * Each pass takes what was written during the one before it. If writers are fast, the switch goes on with what is
     * left.
     */
    private static final int PASSES_BEFORE_AN_ATTEMPT = 20;

    private static final int PASSES_WITHOUT_GAIN = 3;

    /** If the pause between two attempts is longer than this, what was prepared is taken back. */
    private static final Duration LONG_PAUSE = Duration.ofSeconds(1);

    private static final Duration BRIEFLY = Duration.ofSeconds(1);

    /** The differences between the switches. */
    public interface Body {
        /**
         * Asked before a replay that comes some time after the last plan.
         *
         * @throws PartitionException if the replay would remove rows that are nowhere else
         */
        default void requireReplayable() throws SQLException {}

        /** The switch, planned from the present catalog. Asks in the run's session only, and changes nothing. */
        SwitchPlan plan() throws SQLException;

        /**
         * Checks that run once the plan is there, and not again under the lock, because they may take long. What they
         * look at must be part of the plan, so that a change of it is noticed.
         *
         * @throws PartitionException if there must be no switch
         */
        default void approve() throws SQLException {}

        /** The statement that records the result, the last one under the lock. */
        Sql record();
    }

    private enum Outcome {
        SWITCHED,
        LONG_DRAIN,
        CUT_OFF,
        CHANGED
    }

    private final StepRun run;
    private final SwapSettings settings;

    /** Null where no sequence changes its table. */
    private final SequenceSwitch sequences;

    private final Replay replay;
    private final QualifiedName leaving;
    private final QualifiedName live;
    private final CapturedTable entering;
    private final QualifiedName left;
    private final OldSnapshots oldSnapshots;
    private final ReplayCost cost = new ReplayCost();
    private Duration drainTime = SHORTEST_DRAIN;
    private Duration limit = FIRST_LIMIT;
    private Plan planned;
    private List<String> consequences = List.of();
    private long drainable;
    private long lockedAt;
    private long releasedAt;

    /**
     * Everything that is ready before the lock is requested. The statements are rendered already, because that takes a
     * young JVM some milliseconds.
     */
    private record Plan(boolean prepared, Answers answers, Drain drain, List<Lock> locks, List<Sql> statements) {}

    /**
     * A switch of the table that has the live name for another.
     *
     * @param sequences prepared before each attempt, and taken back if there is no switch for now
     * @param entering the table that gets the live name, by the name that it has before
     * @param left the name of the other table afterwards
     */
    LockedSwitch(
            StepRun run,
            SwapSettings settings,
            SequenceSwitch sequences,
            Replay replay,
            CapturedTable entering,
            QualifiedName left) {
        this(run, settings, sequences, replay, run.source(), run.source(), entering, left);
    }

    /**
     * A switch of partitions.
     *
     * @param captured the table whose changes are captured until then: the partition that leaves, or the one table by
     *     which those that leave are reached
     * @param live the table through which they are read and written
     * @param entering what takes their place
     */
    public LockedSwitch(
            StepRun run,
            SwapSettings settings,
            Replay replay,
            QualifiedName captured,
            QualifiedName live,
            CapturedTable entering) {
        this(run, settings, null, replay, captured, live, entering, null);
    }

    /**
     * @param sequences null where no sequence changes its table
     * @param left null where {@code sequences} is
     */
    private LockedSwitch(
            StepRun run,
            SwapSettings settings,
            SequenceSwitch sequences,
            Replay replay,
            QualifiedName leaving,
            QualifiedName live,
            CapturedTable entering,
            QualifiedName left) {
        this.run = run;
        this.settings = settings;
        this.sequences = sequences;
        this.replay = replay;
        this.leaving = leaving;
        this.live = live;
        this.entering = entering;
        this.left = left;
        this.oldSnapshots = new OldSnapshots(run, live, settings);
    }

    /** @return for how many milliseconds the lock was held */
    public long run(Body body) throws SQLException {
        replay.requireOurs(run.session());
        TriggersAhead.make(run, replay.capture(), entering, settings.lock());
        long milliseconds;
        try {
            milliseconds = replay.withScratchTable(run.session(), () -> untilSwitched(body));
        } catch (SQLException | RuntimeException e) {
            if (sequences != null) {
                takeBackSequences(e);
            }
            removeTriggers(e);
            throw e;
        }
        run.migrations().makeDurable(run.source());
        return milliseconds;
    }

    private void takeBackSequences(Exception failure) {
        try {
            sequences.takeBack(entering.table(), left);
        } catch (SQLException | RuntimeException suppressed) {
            // The next run does it.
            failure.addSuppressed(suppressed);
        }
    }

    private void removeTriggers(Exception failure) {
        try {
            TriggersAhead.remove(run, replay.capture(), entering, new LockPolicy(BRIEFLY, 1));
        } catch (SQLException | RuntimeException suppressed) {
            // They do no harm, and whoever takes the migration back removes them.
            failure.addSuppressed(suppressed);
        }
    }

    private long untilSwitched(Body body) throws SQLException {
        Outcome outcome = Outcome.LONG_DRAIN;
        int cutOff = 0;
        for (int attempt = 1; attempt <= ATTEMPTS_UNDER_THE_LOCK; attempt++) {
            if (outcome != Outcome.CHANGED) {
                body.requireReplayable();
                ReplayStep.catchUp(run, replay, settings.maxDrainRows(), cost);
                // This happens again before each attempt; it is done here so that the plan is fresh.
                oldSnapshots.await();
            }
            outcome = attempt(body);
            switch (outcome) {
                case SWITCHED -> {
                    consequences.forEach(run::line);
                    return (releasedAt - lockedAt) / 1_000_000;
                }
                case LONG_DRAIN -> {
                    run.line("More than %,d delta rows under the lock%s; it was given back and they are replayed first."
                            .formatted(
                                    drainable,
                                    drainable < settings.maxDrainRows()
                                            ? ", which would take more than " + DurationText.words(drainTime)
                                            : ""));
                    drainTime = shorter(drainTime.multipliedBy(2), LONGEST_DRAIN);
                }
                case CUT_OFF -> {
                    cutOff++;
                    if (cutOff == ATTEMPTS_AT_THE_LIMIT) {
                        throw new PartitionException(
                                "The switch of %s did not end within %s under the lock, and not in %d shorter attempts before, so that the lock was given back. Nothing was renamed and change capture is still on. Run update again when the server is less busy."
                                        .formatted(leaving, DurationText.words(limit), ATTEMPTS_AT_THE_LIMIT - 1));
                    }
                    run.line(
                            "The switch did not end within %s under the lock; it was given back, so that writers go on."
                                    .formatted(DurationText.words(limit)));
                    limit = limit.multipliedBy(2);
                }
                case CHANGED ->
                    run.line(
                            "What belongs to %s was changed while its lock was waited for; the lock was given back, and the switch is planned anew."
                                    .formatted(leaving));
            }
        }
        throw new PartitionException(
                outcome == Outcome.CHANGED
                        ? "What belongs to %s was changed each of %d times that its lock was waited for. Nothing was renamed and change capture is still on. Run update again when nobody alters the table, or what depends on it."
                                .formatted(leaving, ATTEMPTS_UNDER_THE_LOCK)
                        : "The delta of %s had more rows than can be replayed within %s, or than maxDrainRows (%,d), each of %d times that the lock was given. Nothing was renamed and change capture is still on. Run update again when the table is less busy, or raise maxDrainRows where it is what is exceeded."
                                .formatted(
                                        leaving,
                                        DurationText.words(LONGEST_DRAIN),
                                        settings.maxDrainRows(),
                                        ATTEMPTS_UNDER_THE_LOCK));
    }

    private Outcome attempt(Body body) throws SQLException {
        Session session = run.session();
        lockedAt = 0;
        plan(body);
        Outcome outcome;
        try {
            makeReady();
            outcome = settings.lock()
                    .inTransaction(
                            session,
                            run.report(),
                            live,
                            "Nothing was renamed and change capture is still on.",
                            () -> planned.prepared() ? underLock() : Outcome.CHANGED,
                            new LockPolicy.Between() {
                                @Override
                                public void refused(Duration pause) throws SQLException {
                                    if (sequences != null && pause.compareTo(LONG_PAUSE) > 0) {
                                        sequences.takeBack(entering.table(), left);
                                    }
                                }

                                @Override
                                public void run() throws SQLException {
                                    body.requireReplayable();
                                    replay.pass(session, settings.maxDrainRows());
                                    plan(body);
                                    makeReady();
                                }
                            });
            releasedAt = System.nanoTime();
        } catch (SQLException | RuntimeException e) {
            if (e instanceof SQLException sql && isCutOff(sql)) {
                forgetPlan();
                return Outcome.CUT_OFF;
            }
            try {
                forgetPlan();
            } catch (SQLException suppressed) {
                // The connection is gone, and the plan with it; only the reason matters.
                e.addSuppressed(suppressed);
            }
            throw e;
        }
        forgetPlan();
        return outcome;
    }

    /** Plans in a transaction of its own, so that its locks on what it describes are gone before ours is waited for. */
    private void plan(Body body) throws SQLException {
        forgetPlan();
        if (sequences != null) {
            sequences.stretch(leaving, entering.table(), settings.lock());
        }
        AtomicBoolean prepared = new AtomicBoolean();
        Session session = run.session();
        Migration migration = run.migrations().require(run.source(), Phase.INDEXED, run.step());
        Answers.Of<SwitchPlan> plan = QualifiedNames.within(
                session,
                () -> session.recorded(() -> {
                    replay.capture()
                            .requireOn(
                                    session,
                                    leaving,
                                    ", so the two tables may differ. Nothing was renamed. Run the same command again; it says what to do.");
                    requireUnbroken(migration);
                    replay.requireOurs(session);
                    prepared.set(sequences == null || sequences.isReady(leaving, entering.table()));
                    return body.plan();
                }));
        body.approve();
        consequences = plan.made().consequences();
        List<Sql> statements = new ArrayList<>(plan.made().statements());
        statements.add(body.record());
        statements.add(COMMIT_WITHOUT_WAITING);
        planned = new Plan(
                prepared.get(),
                plan.answers(),
                Drain.prepare(session, replay),
                locks(migration, plan.made()),
                List.of(Sql.raw(Sql.script(statements))));
        QualifiedNames.within(session, () -> {
            planned.answers().prepare(session);
            return null;
        });
    }

    private List<Lock> locks(Migration migration, SwitchPlan plan) {
        List<Lock> locks = new ArrayList<>();
        locks.add(new Lock(run.state().migration(), run.migrations().lockStatement(migration), false, true));
        locks.add(new Lock(
                replay.capture().delta(),
                AGAINST_TRIGGERS.with("delta", replay.capture().delta()),
                false,
                true));
        locks.addAll(plan.locks());
        return locks;
    }

    /** Capture was unbroken when the step began; this covers the time from then until the lock is there. */
    private void requireUnbroken(Migration migration) throws SQLException {
        if (!Continuity.isUnbroken(run, migration, leaving)) {
            throw new PartitionException(
                    "A trigger that captures changes of %s was disabled, or made again, just now, so the two tables may differ. Nothing was renamed. Run the same command again; it compares them first."
                            .formatted(leaving));
        }
    }

    private void forgetPlan() throws SQLException {
        if (planned != null) {
            Plan forgotten = planned;
            planned = null;
            forgotten.drain().release();
            forgotten.answers().release(run.session());
        }
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    /**
     * Whether our own limit has cancelled the statement, and hardly a person: the server's clock ends it a little
     * before ours does.
     */
    private boolean isCutOff(SQLException e) {
        return SqlState.QUERY_CANCELED.matches(e)
                && lockedAt != 0
                && System.nanoTime() - lockedAt >= limit.toNanos() / 2;
    }

    /**
     * Replays until hardly anything is left, and then waits for transactions that read by an older snapshot. What was
     * written during the wait is replayed too, and transactions that read by a snapshot from before that replay are
     * waited for. This happens a few times only, since on a busy server there are always some.
     */
    private void makeReady() throws SQLException {
        for (int wait = 1; ; wait++) {
            replayNearlyAll();
            if (wait > WAITS_BEFORE_AN_ATTEMPT || !oldSnapshots.await()) {
                break;
            }
        }
        long fit = cost.rowsWithin(drainTime);
        drainable = Math.min(settings.maxDrainRows(), drainTime.compareTo(LONGEST_DRAIN) < 0 ? fit : Math.max(1, fit));
    }

    private void replayNearlyAll() throws SQLException {
        long begun = System.nanoTime();
        long taken = replay.passWithoutVacuum(run.session(), settings.maxDrainRows());
        cost.add(taken, System.nanoTime() - begun);
        if (planned.drain().isPrepared()) {
            // The first rehearsal makes the plans, which takes longer than the drain under the lock.
            planned.drain().rehearse();
        }
        long least = Long.MAX_VALUE;
        int withoutGain = 0;
        for (int pass = 0; pass < PASSES_BEFORE_AN_ATTEMPT && withoutGain < PASSES_WITHOUT_GAIN; pass++) {
            begun = System.nanoTime();
            taken = planned.drain().isPrepared()
                    ? planned.drain().rehearse()
                    : replay.passWithoutVacuum(run.session(), settings.maxDrainRows());
            cost.add(taken, System.nanoTime() - begun);
            if (taken <= Math.min(NEARLY_NOTHING, cost.rowsWithin(NO_TIME))) {
                return;
            }
            withoutGain = taken < least ? 0 : withoutGain + 1;
            least = Math.min(least, taken);
        }
    }

    private Outcome underLock() throws SQLException {
        Session session = run.session();
        String searchPath = QualifiedNames.searchPath(session);
        lockedAt = 0;
        lockedAt = LockPatience.lock(session, planned.locks(), live);
        try {
            return locked(searchPath);
        } catch (SQLException e) {
            throw SqlState.isLockNotGiven(e) ? LockNotGiven.ofAnotherLock(e) : e;
        }
    }

    private Outcome locked(String searchPath) throws SQLException {
        Session session = run.session();
        List<Sql> questions = new ArrayList<>();
        questions.add(SET_LIMIT.with("milliseconds", Sql.raw(Long.toString(limit.toMillis()))));
        questions.add(QualifiedNames.setStatement());
        questions.addAll(planned.answers().asked());
        questions.add(QualifiedNames.setStatement(searchPath));
        questions.add(NOW);
        questions.add(replay.capture().backlogQuestion(drainable + 1));
        List<List<List<String>>> answers = session.queryAll(questions);
        int last = answers.size() - 1;
        if (!planned.answers().stillHold(answers.subList(1, last - 2))) {
            return Outcome.CHANGED;
        }
        long backlog = Long.parseLong(answers.get(last).get(0).get(0));
        if (backlog > drainable) {
            return Outcome.LONG_DRAIN;
        }
        long left = limit.toMillis() - (System.nanoTime() - lockedAt) / 1_000_000;
        Sql within = LIMIT_BY.with("now", answers.get(last - 1).get(0).get(0)).with("left", left + " ms");
        planned.drain().run(backlog, planned.statements(), List.of(within));
        return Outcome.SWITCHED;
    }
}
