package liquibase.ext.partition.engine.belonging.sequences;

import java.math.BigInteger;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.belonging.grants.SameGrants;
import liquibase.ext.partition.engine.catalog.Grant;
import liquibase.ext.partition.engine.catalog.Sequence;
import liquibase.ext.partition.engine.catalog.SequenceOptions;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.lock.LockNotAvailable;
import liquibase.ext.partition.engine.lock.LockPatience;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.name.CarriedName;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Migration;

/**
 * The sequences of identity columns, before and after a switch; {@link SequenceSwitch} states the argument,
 * transactions and locks.
 *
 * <p>The file is long because the work before a switch and after it, and the review of both, go by the same state.
 */
final class IdentitySequences {
    /** A no-op that locks the sequence, because LOCK TABLE does not take sequences. */
    private static final Sql LOCK = Sql.of("ALTER SEQUENCE {sequence} OWNER TO {owner}");

    static final Sql INCREMENT = Sql.of("ALTER SEQUENCE {sequence} INCREMENT BY {increment}");
    private static final Sql ALTER = Sql.of("ALTER SEQUENCE {sequence} {clauses}");
    private static final Sql RESTART = Sql.of("ALTER SEQUENCE {sequence} {clauses} RESTART WITH {value}");
    private static final Sql RENAME = Sql.of("ALTER SEQUENCE {sequence} RENAME TO {name}");
    private static final Sql EXISTS = Sql.of("SELECT pg_catalog.to_regclass({name}) IS NOT NULL");
    private static final Sql COMMENT = Sql.of("COMMENT ON SEQUENCE {sequence} IS {comment}");
    private static final Sql GRANT_TO_OWNER = Sql.of("GRANT SELECT, UPDATE ON SEQUENCE {sequence} TO {owner}");
    private static final Sql GO_ON = Sql.of("""
            SELECT pg_catalog.setval({name}::pg_catalog.regclass, {further}(idle.last_value, live.last_value))
            FROM {idle} AS idle, {live} AS live""");

    private final StepRun run;
    private final Session session;
    private final Migration migration;
    private final Duration patience;
    private final SwitchedSequences state;
    private final TableReader reader;

    /** @param patience how long to wait for transactions that are older than the exchange of names */
    IdentitySequences(StepRun run, Migration migration, Duration patience) {
        this.run = run;
        this.session = run.session();
        this.migration = migration;
        this.patience = patience;
        this.state = new SwitchedSequences(run.state(), migration);
        this.reader = new TableReader(session);
    }

    /** The statements that a swap runs before its transaction, planned from the present tables. */
    List<Sql> reviewBefore(Table leaving, Table entering) {
        List<Sql> statements = new ArrayList<>();
        for (SequencePair pair : pairs(leaving, entering)) {
            long increment = pair.leaving().options().increment();
            statements.add(INCREMENT
                    .with("sequence", pair.leaving().name())
                    .with("increment", number(Math.multiplyExact(2, increment))));
            statements.add(ALTER.with("sequence", pair.entering().name())
                    .with("clauses", pair.wantedStretched(increment).clauses()));
        }
        return statements;
    }

    /**
     * The statements that a swap runs after its transaction, in one transaction for each sequence, or pair of
     * sequences.
     */
    List<Sql> reviewAfter(Table leaving, Table entering) {
        List<Sql> statements = new ArrayList<>();
        for (SequencePair pair : pairs(leaving, entering)) {
            Sequence old = pair.leaving();
            QualifiedName aside = aside(old.name().name(), leaving);
            statements.add(RENAME.with("sequence", old.name()).with("name", aside.name()));
            statements.add(RENAME.with("sequence", pair.entering().name())
                    .with("name", old.name().name()));
            statements.add(INCREMENT
                    .with("sequence", aside)
                    .with("increment", number(old.options().increment())));
            statements.add(ALTER.with("sequence", old.name())
                    .with("clauses", pair.wanted(old.options().increment()).clauses()));
            statements.add(GO_ON.with("name", old.name().quoted())
                    .with("further", Sql.raw(old.ascending() ? "greatest" : "least"))
                    .with("idle", aside)
                    .with("live", old.name()));
        }
        return statements;
    }

    /**
     * Stretches the sequences of the leaving table's identity columns, and makes the entering ones count in the same
     * way. Does nothing if that is done and nobody has altered them since.
     *
     * @throws LockNotAvailable if somebody who has used a sequence does not end the transaction
     */
    void stretch(QualifiedName leaving, QualifiedName entering, LockPolicy lock) throws SQLException {
        Table old = reader.require(leaving);
        Table next = reader.require(entering);
        List<SwitchedSequences.Row> rows = state.find(session);
        for (SequencePair pair : pairs(old, next)) {
            if (!isReady(pair, rows)) {
                lock.inTransaction(
                        session,
                        run.report(),
                        pair.leaving().name(),
                        "Nothing was renamed and change capture is still on.",
                        () -> {
                            LockPatience.lock(
                                    session,
                                    List.of(
                                            idle(pair.entering(), next),
                                            Lock.of(pair.leaving().name(), lock(pair.leaving(), old))),
                                    run.source());
                            stretch(old, next, pair.column().name());
                            return null;
                        },
                        () -> {});
            }
        }
    }

    /**
     * Checks the names before anything is begun: otherwise a taken name would be noticed only after the switch.
     *
     * @throws PartitionException if a name is taken
     */
    void requireFreeNames(Table leaving, Table entering) throws SQLException {
        for (SequencePair pair : pairs(leaving, entering)) {
            QualifiedName aside = aside(pair.leaving().name().name(), leaving);
            if (session.queryBoolean(EXISTS.with("name", aside.quoted()))) {
                throw new PartitionException(
                        "There is a relation %s already, so sequence %s cannot take that name. Nothing was renamed. Rename or drop it, then run the same command again."
                                .formatted(aside, pair.leaving().name()));
            }
        }
    }

    private QualifiedName aside(Identifier name, Table leaving) {
        return isBack(leaving) ? CarriedName.newIndex(run.source(), name) : CarriedName.backupIndex(run.source(), name);
    }

    private static Lock idle(Sequence sequence, Table owner) {
        return new Lock(sequence.name(), lock(sequence, owner), true, true);
    }

    private static Sql lock(Sequence sequence, Table owner) {
        return LOCK.with("sequence", sequence.name()).with("owner", owner.owner());
    }

    /** Runs under the locks, and therefore reads only now what goes with the name. */
    private void stretch(Table leaving, Table entering, Identifier column) throws SQLException {
        SequencePair pair =
                SequencePair.of(reader.columns(leaving.oid()), reader.columns(entering.oid()), isBack(leaving)).stream()
                        .filter(it -> it.column().name().equals(column))
                        .findFirst()
                        .orElseThrow();
        Sequence old = pair.leaving();
        SequenceOptions options = old.options();
        long increment = row(old, state.find(session))
                .filter(SwitchedSequences.Row::isStretched)
                .flatMap(SwitchedSequences.Row::increment)
                .orElse(options.increment());
        session.update(state.stretchedStatement(old.oid(), old.name().name(), increment, options.besidesIncrement()));
        if (options.increment() == increment) {
            session.update(
                    INCREMENT.with("sequence", old.name()).with("increment", number(Math.multiplyExact(2, increment))));
        }
        SequenceOptions wanted = pair.wantedStretched(increment);
        if (!pair.entering().options().equals(wanted)) {
            BigInteger last = SequencePosition.of(session, pair.entering()).last();
            boolean fits = SequencePosition.isWithin(last, wanted);
            session.update(
                    fits
                            ? ALTER.with("sequence", pair.entering().name()).with("clauses", wanted.clauses())
                            : RESTART.with("sequence", pair.entering().name())
                                    .with("clauses", wanted.clauses())
                                    .with("value", number(wanted.start())));
        }
    }

    /**
     * Whether all sequences are as {@link #stretch} leaves them. Asks in the run's session only, for the plan of the
     * switch.
     */
    boolean isReady(Table leaving, Table entering) throws SQLException {
        List<SwitchedSequences.Row> rows = state.find(session);
        return pairs(leaving, entering).stream().allMatch(pair -> isReady(pair, rows));
    }

    private static boolean isReady(SequencePair pair, List<SwitchedSequences.Row> rows) {
        return row(pair.leaving(), rows)
                .filter(SwitchedSequences.Row::isStretched)
                .filter(row -> row.incrementNow() == pair.leaving().options().increment()
                        && row.name().equals(pair.leaving().name().name())
                        && row.options().equals(pair.leaving().options().besidesIncrement())
                        && pair.entering()
                                .options()
                                .equals(pair.wantedStretched(row.increment().orElseThrow())))
                .isPresent();
    }

    private List<SequencePair> pairs(Table leaving, Table entering) {
        return SequencePair.of(leaving.columns(), entering.columns(), isBack(leaving));
    }

    private boolean isBack(Table leaving) {
        return leaving.oid() == migration.newOid();
    }

    private static Optional<SwitchedSequences.Row> row(Sequence sequence, List<SwitchedSequences.Row> rows) {
        return rows.stream().filter(it -> it.oid() == sequence.oid()).findFirst();
    }

    /**
     * Finishes the work that the row stands for, or takes it back.
     *
     * @param idle the table that does not have the live name; null if it is gone or was renamed
     */
    void finish(SwitchedSequences.Row row, Table live, Table idle, LockPolicy lock) throws SQLException {
        boolean takenBack = live.columns().stream()
                .flatMap(it -> SequencePair.identity(it).stream())
                .anyMatch(own -> own.oid() == row.oid());
        if (takenBack) {
            restore(row, lock);
            return;
        }
        if (row.present().isEmpty() || idle == null) {
            throw new PartitionException(
                    "Sequence %s of %s counts by twice its increment, because a switch of its table was interrupted, and the other table is gone or was renamed. Nothing was changed. Give that table its name back, then run the same command again."
                            .formatted(row.name(), run.source()));
        }
        Identifier column = idle.columns().stream()
                .filter(it -> SequencePair.identity(it)
                        .filter(own -> own.oid() == row.oid())
                        .isPresent())
                .findFirst()
                .orElseThrow()
                .name();
        SequencePair pair = pair(idle, live, column);
        if (!pair.entering().name().name().equals(row.name())) {
            try {
                exchangeNames(row, live, idle, pair, lock);
            } catch (SQLException e) {
                if (!SqlState.DUPLICATE_RELATION.matches(e)) {
                    throw e;
                }
                throw new PartitionException(
                        "%s is switched, but its sequence %s could not be exchanged: %s. Both go on, and no value is given out twice. Remove the cause, then run the same command again; it goes on from here."
                                .formatted(run.source(), row.name(), e.getMessage()),
                        e);
            }
        }
        boolean alone = new OlderTransactions(session, patience).end();
        goOn(row, live, idle, column, alone, lock);
    }

    private SequencePair pair(Table left, Table live, Identifier column) throws SQLException {
        return SequencePair.of(reader.columns(left.oid()), reader.columns(live.oid()), isBack(left)).stream()
                .filter(it -> it.column().name().equals(column))
                .findFirst()
                .orElseThrow();
    }

    /** There was no switch, so nobody has used the other sequence. */
    private void restore(SwitchedSequences.Row row, LockPolicy lock) throws SQLException {
        lock.inTransaction(
                session,
                run.report(),
                row.present().orElseThrow(),
                "It counts by twice its increment until this succeeds.",
                () -> {
                    // Somebody who altered it meanwhile wanted another increment.
                    if (row.isStretched()) {
                        session.update(row.restoreStatement());
                    }
                    session.update(state.deleteStatement(row.oid()));
                    return null;
                },
                () -> {});
    }

    private void exchangeNames(SwitchedSequences.Row row, Table live, Table left, SequencePair pair, LockPolicy lock)
            throws SQLException {
        QualifiedName name = pair.leaving().name().sibling(row.name());
        QualifiedName aside = aside(row.name(), left);
        lock.inTransaction(
                session,
                run.report(),
                name,
                "%s is switched. Its sequence has not got its name yet; both go on, and no value is given out twice."
                        .formatted(run.source()),
                () -> {
                    LockPatience.lock(
                            session,
                            List.of(
                                    Lock.of(name, RENAME.with("sequence", name).with("name", aside.name())),
                                    Lock.of(
                                            pair.entering().name(),
                                            RENAME.with(
                                                            "sequence",
                                                            pair.entering().name())
                                                    .with("name", name.name()))),
                            run.source());
                    SequencePair now = pair(left, live, pair.column().name());
                    session.updateAll(rights(now, left.owner(), live.owner()));
                    return null;
                },
                () -> {});
    }

    private static List<Sql> rights(SequencePair pair, Identifier ownerOfLeft, Identifier owner) {
        Sequence from = pair.leaving();
        Sequence to = pair.entering();
        List<Sql> statements = new ArrayList<>(SameGrants.on("SEQUENCE", to.name(), owner, to.grants(), from.grants()));
        // An owner that has revoked its own rights on it needs rights on the sequence that was put aside, for the way
        // back.
        List<String> ofOwner = from.grants().stream()
                .filter(Grant::toOwner)
                .map(Grant::privilege)
                .toList();
        if (!ofOwner.containsAll(List.of("SELECT", "UPDATE"))) {
            statements.add(GRANT_TO_OWNER.with("sequence", from.name()).with("owner", ownerOfLeft));
        }
        if (!to.comment().equals(from.comment())) {
            statements.add(COMMENT.with("sequence", to.name())
                    .with("comment", from.comment().map(Sql::literal).orElse(Sql.raw("NULL"))));
        }
        return statements;
    }

    /** @param alone whether nobody can reach the sequence that was put aside under its former name */
    private void goOn(
            SwitchedSequences.Row row, Table live, Table left, Identifier column, boolean alone, LockPolicy lock)
            throws SQLException {
        lock.inTransaction(
                session,
                run.report(),
                pair(left, live, column).entering().name(),
                "%s is switched. Its sequence counts by twice its increment until this succeeds; no value is given out twice."
                        .formatted(run.source()),
                () -> {
                    SequencePair before = pair(left, live, column);
                    LockPatience.lock(
                            session,
                            List.of(
                                    idle(before.leaving(), left),
                                    Lock.of(before.entering().name(), lock(before.entering(), live))),
                            run.source());
                    SequencePair pair = pair(left, live, column);
                    if (giveTheSame(row, pair)) {
                        run.line(
                                "Sequence %s was set (setval, or RESTART) by its name before it was exchanged, so that it gave values which the one that the table asks gives, too. What was taken by its name since then may be the id of a row as well; a unique key refuses the second. From here on no value is given out twice."
                                        .formatted(row.name()));
                    }
                    session.updateAll(new SequenceContinuation(
                                    session, row, left.oid() == migration.sourceOid() ? left : live, pair, alone)
                            .statements());
                    session.update(state.deleteStatement(row.oid()));
                    return null;
                },
                () -> {});
        if (!alone) {
            run.line(
                    "Transactions that began before sequence %s was exchanged are still open, and may ask the earlier one. So %d of its values are left to them, and the sequence goes on after these."
                            .formatted(row.name(), SequenceSwitch.LEFT_FOR_OLD_TRANSACTIONS));
        }
    }

    /**
     * Whether both sequences run through the same values, which happens only if somebody has set one of them. No lock
     * prevents {@code setval}, and it is not rolled back.
     */
    private boolean giveTheSame(SwitchedSequences.Row row, SequencePair pair) throws SQLException {
        BigInteger stretched =
                BigInteger.valueOf(row.increment().orElseThrow()).shiftLeft(1).abs();
        return pair.leaving().options().increment() == 2 * row.increment().orElseThrow()
                && SequencePosition.of(session, pair.leaving())
                                .last()
                                .subtract(SequencePosition.of(session, pair.entering())
                                        .last())
                                .mod(stretched)
                                .signum()
                        == 0;
    }

    static Sql number(long value) {
        return Sql.raw(Long.toString(value));
    }
}
