package liquibase.ext.partition.engine.belonging.sequences;

import java.math.BigInteger;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.catalog.Sequence;
import liquibase.ext.partition.engine.catalog.SequenceOptions;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * How the two sequences of an identity column go on after their names were exchanged. Asked under the locks on both.
 *
 * @param row the sequence that was put aside, as recorded before the switch
 * @param ordinary the table that is not partitioned
 * @param alone whether nobody can reach the sequence that was put aside under its former name
 */
record SequenceContinuation(
        Session session, SwitchedSequences.Row row, Table ordinary, SequencePair pair, boolean alone) {

    List<Sql> statements() throws SQLException {
        long original = row.increment().orElseThrow();
        Sequence idle = pair.leaving();
        Sequence live = pair.entering();
        // A change that somebody made by the name went to the sequence that had it; a change made by the table, to the
        // live one.
        boolean alteredByName = !idle.options().besidesIncrement().equals(row.options());
        long ofIdle = idle.options().increment() == 2 * original
                ? original
                : idle.options().increment();
        long increment = live.options().increment() == 2 * original
                ? ofIdle
                : live.options().increment();
        SequenceOptions options =
                alteredByName || live.options().cycle() && idle.options().cycle()
                        ? pair.wanted(increment)
                        : live.options().by(increment);
        SequencePosition ofLeft = SequencePosition.of(session, idle);
        SequencePosition ofLive = SequencePosition.of(session, live);
        BigInteger next = ofLeft.called() || ofLive.called()
                ? SequencePosition.later(ofLeft.next(ofIdle), ofLive.next(increment), options)
                : first(ofLeft.last(), options);
        if (alone) {
            List<Sql> statements = new ArrayList<>();
            statements.add(IdentitySequences.INCREMENT
                    .with("sequence", idle.name())
                    .with("increment", IdentitySequences.number(ofIdle)));
            statements.addAll(SequencePosition.goOnAt(live.name(), options, next));
            return statements;
        }
        BigInteger after = next.add(
                BigInteger.valueOf(increment).multiply(BigInteger.valueOf(SequenceSwitch.LEFT_FOR_OLD_TRANSACTIONS)));
        BigInteger last = after.subtract(BigInteger.valueOf(increment));
        SequenceOptions left = idle.options();
        List<Sql> statements = new ArrayList<>();
        if (SequencePosition.isWithin(after, options)
                && SequencePosition.isWithin(last, left)
                && SequencePosition.isWithin(next, left)) {
            SequenceOptions few = increment > 0
                    ? left.between(left.minimum(), last.longValueExact())
                    : left.between(last.longValueExact(), left.maximum());
            statements.addAll(SequencePosition.goOnAt(idle.name(), withoutCycle(few.by(increment)), next));
            statements.addAll(SequencePosition.goOnAt(live.name(), options, after));
        } else {
            SequenceOptions none = withoutCycle(left.by(increment));
            statements.addAll(SequencePosition.goOnAt(idle.name(), none, beyond(none)));
            statements.addAll(SequencePosition.goOnAt(live.name(), options, next));
        }
        return statements;
    }

    /**
     * If neither has given a value, the first value is not lost, unless somebody has inserted ids from there on by
     * hand.
     */
    private BigInteger first(BigInteger start, SequenceOptions options) throws SQLException {
        return SequencePosition.furthestId(session, ordinary, pair.column(), pair.leaving())
                .filter(id -> SequencePosition.isWithin(id, options))
                .filter(id -> SequencePosition.later(start, id, options).equals(id))
                .map(id -> id.add(BigInteger.valueOf(options.increment())))
                .orElse(start);
    }

    private static SequenceOptions withoutCycle(SequenceOptions it) {
        return new SequenceOptions(
                it.type(), it.start(), it.minimum(), it.maximum(), it.increment(), it.cache(), false);
    }

    private static BigInteger beyond(SequenceOptions options) {
        return BigInteger.valueOf(options.isAscending() ? options.maximum() : options.minimum())
                .add(BigInteger.valueOf(options.increment()));
    }
}
