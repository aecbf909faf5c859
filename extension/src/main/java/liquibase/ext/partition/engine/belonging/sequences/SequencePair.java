package liquibase.ext.partition.engine.belonging.sequences;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Sequence;
import liquibase.ext.partition.engine.catalog.SequenceOptions;

/**
 * The two sequences of an identity column, one on each side.
 *
 * @param leaving the sequence of the table that has, or had, the live name
 * @param back whether the partitioned table is the one that leaves
 */
record SequencePair(Column column, Sequence leaving, Column enteringColumn, Sequence entering, boolean back) {
    static List<SequencePair> of(List<Column> leaving, List<Column> entering, boolean back) {
        List<SequencePair> pairs = new ArrayList<>();
        for (Column column : leaving) {
            entering.stream()
                    .filter(it -> it.name().equals(column.name()))
                    .forEach(other -> identity(column)
                            .ifPresent(own -> identity(other)
                                    .ifPresent(next -> pairs.add(new SequencePair(column, own, other, next, back)))));
        }
        return pairs;
    }

    static Optional<Sequence> identity(Column column) {
        return column.sequences().stream().filter(Sequence::identity).findFirst();
    }

    /** The options for the entering sequence if the leaving one counted by {@code increment}. */
    SequenceOptions wanted(long increment) {
        SequenceOptions from = leaving.options();
        SequenceOptions own = entering.options();
        if (!back) {
            boolean sameType = column.type().equals(enteringColumn.type());
            return from.as(sameType ? from.type() : enteringColumn.type()).by(increment);
        }
        // On the way back it keeps its options from before the swap, except for those that have been changed since.
        SequenceOptions moved = own.as(from.type());
        SequenceOptions changed = from.as(own.type());
        return new SequenceOptions(
                own.type(),
                moved.start() == from.start() ? own.start() : changed.start(),
                moved.minimum() == from.minimum() ? own.minimum() : changed.minimum(),
                moved.maximum() == from.maximum() ? own.maximum() : changed.maximum(),
                increment,
                from.cache(),
                from.cycle());
    }

    /**
     * The options while both are in use. If a cycling sequence began anew with the values of the other, a round would
     * give each value twice; so it begins next to the other.
     */
    SequenceOptions wantedStretched(long increment) {
        SequenceOptions options = wanted(Math.multiplyExact(2, increment));
        boolean tooShort = options.maximum() / 2 - options.minimum() / 2 <= Math.abs(increment);
        if (!options.cycle() || tooShort) {
            return options;
        }
        return increment > 0
                ? options.between(options.minimum() + increment, options.maximum())
                : options.between(options.minimum(), options.maximum() + increment);
    }
}
