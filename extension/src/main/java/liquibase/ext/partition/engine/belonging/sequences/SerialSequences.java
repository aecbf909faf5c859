package liquibase.ext.partition.engine.belonging.sequences;

import java.math.BigInteger;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Sequence;
import liquibase.ext.partition.engine.catalog.SequenceOptions;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.lock.LockPatience;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.newtable.ColumnChange;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;

/**
 * The sequences of serial columns after a switch, and the ends of sequences of both kinds if a column became narrower;
 * see {@link SequenceSwitch}.
 */
final class SerialSequences {
    private static final Sql OWN = Sql.of("ALTER SEQUENCE {sequence} OWNED BY {table}.{column}");
    private static final Sql ALTER = Sql.of("ALTER SEQUENCE {sequence} {clauses}");
    private static final Sql RESTART = Sql.of("ALTER SEQUENCE {sequence} {clauses} RESTART WITH {value}");

    private final StepRun run;
    private final Session session;
    private final Migration migration;
    private final SwitchedSequences state;
    private final TableReader reader;

    SerialSequences(StepRun run, Migration migration) {
        this.run = run;
        this.session = run.session();
        this.migration = migration;
        this.state = new SwitchedSequences(run.state(), migration);
        this.reader = new TableReader(session);
    }

    /** The statements that a swap runs after its transaction, planned from the present tables. */
    List<Sql> reviewAfter(Table leaving, Table entering) {
        List<Sql> statements = new ArrayList<>();
        for (Column column : leaving.columns()) {
            for (Sequence sequence : column.sequences()) {
                if (!sequence.identity() && entering.column(column.name()).isPresent()) {
                    statements.add(OWN.with("sequence", sequence.name())
                            .with("table", leaving.name())
                            .with("column", column.name()));
                    wider(sequence, column, entering.column(column.name()).orElseThrow())
                            .ifPresent(options -> statements.add(
                                    ALTER.with("sequence", sequence.name()).with("clauses", options.clauses())));
                }
            }
        }
        return statements;
    }

    /** Makes the live table the owner of the sequences that the table which left still owns. */
    void finish(Table live, Table left, LockPolicy lock) throws SQLException {
        for (Column column : left.columns()) {
            for (Sequence sequence : column.sequences()) {
                if (!sequence.identity() && live.column(column.name()).isPresent()) {
                    handOver(live, left, column, sequence, lock);
                }
            }
        }
    }

    private void handOver(Table live, Table left, Column leftColumn, Sequence sequence, LockPolicy lock)
            throws SQLException {
        Column column = live.column(leftColumn.name()).orElseThrow();
        boolean back = left.oid() == migration.newOid();
        Optional<BigInteger> furthest = sequence.suppliesColumn()
                ? SequencePosition.furthestId(
                        session, left.oid() == migration.sourceOid() ? left : live, column, sequence)
                : Optional.empty();
        lock.inTransaction(
                session,
                run.report(),
                sequence.name(),
                "%s is switched, and goes on with it; it still belongs to %s.".formatted(run.source(), left.name()),
                () -> {
                    LockPatience.lock(
                            session,
                            List.of(new Lock(
                                    sequence.name(),
                                    OWN.with("sequence", sequence.name())
                                            .with("table", live.name())
                                            .with("column", column.name()),
                                    false,
                                    false)),
                            run.source());
                    Sequence now = reader.columns(live.oid()).stream()
                            .flatMap(it -> it.sequences().stream())
                            .filter(it -> it.oid() == sequence.oid())
                            .findFirst()
                            .orElseThrow();
                    if (back) {
                        narrow(now);
                    } else {
                        widen(now, leftColumn, column);
                    }
                    if (furthest.isPresent()) {
                        advance(now.oid(), live, furthest.get());
                    }
                    return null;
                },
                () -> {});
    }

    private void widen(Sequence sequence, Column was, Column column) throws SQLException {
        Optional<SequenceOptions> wider = wider(sequence, was, column);
        if (wider.isPresent()) {
            session.update(state.widenedStatement(
                    sequence.oid(), sequence.name().name(), sequence.options().type()));
            session.update(ALTER.with("sequence", sequence.name())
                    .with("clauses", wider.get().clauses()));
        }
    }

    /** A serial column's sequence ends where its type ends, which is too early for a wider column. */
    private static Optional<SequenceOptions> wider(Sequence sequence, Column was, Column column) {
        String type = column.typeName().equals("numeric") ? "bigint" : column.type();
        return sequence.suppliesColumn()
                        && !column.type().equals(was.type())
                        && SequenceOptions.isType(type)
                        && SequenceOptions.largest(type)
                                > SequenceOptions.largest(sequence.options().type())
                ? Optional.of(sequence.options().as(type))
                : Optional.empty();
    }

    /** If it is past the end of the type that it had, it stays as it is. */
    private void narrow(Sequence sequence) throws SQLException {
        Optional<SwitchedSequences.Row> row = state.find(session).stream()
                .filter(it -> it.oid() == sequence.oid())
                .findFirst();
        if (row.isEmpty() || row.get().narrowerType().isEmpty()) {
            return;
        }
        SequenceOptions narrower =
                sequence.options().as(row.get().narrowerType().get());
        if (SequencePosition.isWithin(SequencePosition.of(session, sequence).last(), narrower)) {
            session.update(ALTER.with("sequence", sequence.name()).with("clauses", narrower.clauses()));
            session.update(state.deleteStatement(sequence.oid()));
        }
    }

    /** The sequence's next value must not meet ids that were inserted by hand. Moves only forward. */
    private void advance(long oid, Table live, BigInteger furthest) throws SQLException {
        Sequence sequence = reader.columns(live.oid()).stream()
                .flatMap(it -> it.sequences().stream())
                .filter(it -> it.oid() == oid)
                .findFirst()
                .orElseThrow();
        SequencePosition position = SequencePosition.of(session, sequence);
        int beyond = furthest.compareTo(position.last()) * (sequence.ascending() ? 1 : -1);
        if (SequencePosition.isWithin(furthest, sequence.options())
                && (beyond > 0 || beyond == 0 && !position.called())) {
            session.updateAll(SequencePosition.goOnAt(
                    sequence.name(),
                    sequence.options(),
                    furthest.add(BigInteger.valueOf(sequence.options().increment()))));
        }
    }

    /**
     * Reports the converted columns whose sequence has come to the end of what the column holds; for the way back to a
     * narrower type.
     */
    void tellOfTheEnd() throws SQLException {
        Table live = reader.require(run.source());
        for (ColumnChange change : migration.spec().columns()) {
            Optional<Column> column = live.column(change.column()).filter(it -> SequenceOptions.isType(it.type()));
            for (Sequence sequence : column.map(Column::sequences).orElse(List.of())) {
                if (sequence.suppliesColumn()) {
                    tellOfTheEnd(live, column.get(), sequence);
                }
            }
        }
    }

    private void tellOfTheEnd(Table live, Column column, Sequence sequence) throws SQLException {
        SequenceOptions options = sequence.options().as(column.type());
        BigInteger next = SequencePosition.of(session, sequence).next(options.increment());
        if (SequencePosition.isWithin(next, options) || options.cycle()) {
            return;
        }
        BigInteger increment = BigInteger.valueOf(options.increment());
        String remedy = SequencePosition.furthestId(session, live, column, sequence)
                .map(it -> it.add(increment))
                .map(free -> SequencePosition.isWithin(free, options)
                        ? "To go on after the last id that is there, run: %s"
                                .formatted(RESTART.with("sequence", sequence.name())
                                        .with("clauses", options.clauses())
                                        .with("value", Sql.raw(free.toString()))
                                        .script())
                        : "No id is left after the last one that is there.")
                .orElse("Set the sequence to an id that is free.");
        run.line(
                "%s: sequence %s would go on at %s, and column %s of %s takes %s, up to %d. The next insert that takes its value from the sequence fails; all others go on. %s"
                        .formatted(
                                run.step(),
                                sequence.name(),
                                next,
                                column.name(),
                                live.name(),
                                column.type(),
                                options.isAscending() ? options.maximum() : options.minimum(),
                                remedy));
    }
}
