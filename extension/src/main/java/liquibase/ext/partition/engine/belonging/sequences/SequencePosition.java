package liquibase.ext.partition.engine.belonging.sequences;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Sequence;
import liquibase.ext.partition.engine.catalog.SequenceOptions;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The position of a sequence.
 *
 * @param last the value that was given out last, or the first one to give out
 * @param called whether {@code last} has been given out
 */
record SequencePosition(BigInteger last, boolean called) {
    private static final Sql READ = Sql.of("SELECT last_value, is_called FROM {sequence}");
    private static final Sql RESTART = Sql.of("ALTER SEQUENCE {sequence} {clauses} RESTART WITH {value}");
    private static final Sql EXHAUST = Sql.of("SELECT pg_catalog.setval({name}::pg_catalog.regclass, {value}, true)");

    private static final Sql FURTHEST_ID =
            Sql.of("SELECT pg_catalog.{extreme}({column})::pg_catalog.text FROM {table}");

    static SequencePosition of(Session session, Sequence sequence) throws SQLException {
        return session.queryFirst(
                        READ.with("sequence", sequence.name()),
                        row -> new SequencePosition(
                                BigInteger.valueOf(row.getLong("last_value")), row.getBoolean("is_called")))
                .orElseThrow();
    }

    /**
     * The largest id in the table, or the smallest if the sequence descends; empty if no index gives it at once.
     *
     * @param ordinary the source or the backup, which has one index to look into instead of one per partition
     */
    static Optional<BigInteger> furthestId(Session session, Table ordinary, Column column, Sequence sequence)
            throws SQLException {
        if (!ordinary.hasIndexThatBeginsWith(column.name())) {
            return Optional.empty();
        }
        return session
                .queryStrings(FURTHEST_ID
                        .with("extreme", Sql.raw(sequence.ascending() ? "max" : "min"))
                        .with("column", column.name())
                        .with("table", ordinary.name()))
                .stream()
                .filter(Objects::nonNull)
                .map(it -> new BigDecimal(it).toBigInteger())
                .findFirst();
    }

    BigInteger next(long increment) {
        return called ? last.add(BigInteger.valueOf(increment)) : last;
    }

    /**
     * The later of two positions. A sequence that cycles may have begun anew: then it is behind by more than half of
     * its round.
     */
    static BigInteger later(BigInteger one, BigInteger other, SequenceOptions options) {
        BigInteger further = options.isAscending() ? one.max(other) : one.min(other);
        BigInteger behind = options.isAscending() ? one.min(other) : one.max(other);
        BigInteger round = BigInteger.valueOf(options.maximum()).subtract(BigInteger.valueOf(options.minimum()));
        boolean begunAnew = further.subtract(behind).abs().shiftLeft(1).compareTo(round) > 0;
        return options.cycle() && begunAnew ? behind : further;
    }

    /** If the sequence is past its end, the next caller gets an error, or it begins anew, as its options say. */
    static List<Sql> goOnAt(QualifiedName sequence, SequenceOptions options, BigInteger next) {
        if (isWithin(next, options)) {
            return List.of(RESTART.with("sequence", sequence)
                    .with("clauses", options.clauses())
                    .with("value", Sql.raw(next.toString())));
        }
        Sql end = Sql.raw(Long.toString(options.isAscending() ? options.maximum() : options.minimum()));
        return List.of(
                RESTART.with("sequence", sequence)
                        .with("clauses", options.clauses())
                        .with("value", end),
                EXHAUST.with("name", sequence.quoted()).with("value", end));
    }

    static boolean isWithin(BigInteger value, SequenceOptions options) {
        return value.compareTo(BigInteger.valueOf(options.minimum())) >= 0
                && value.compareTo(BigInteger.valueOf(options.maximum())) <= 0;
    }
}
