package liquibase.ext.partition.engine.catalog;

import java.util.Map;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * How a sequence counts, without its position.
 *
 * @param type {@code smallint}, {@code integer} or {@code bigint}
 * @param increment never 0; negative for a descending sequence
 */
public record SequenceOptions(
        String type, long start, long minimum, long maximum, long increment, long cache, boolean cycle) {
    private static final Map<String, Long> LARGEST =
            Map.of("smallint", (long) Short.MAX_VALUE, "integer", (long) Integer.MAX_VALUE, "bigint", Long.MAX_VALUE);

    private static final Sql CLAUSES = Sql.of("AS {type} INCREMENT BY {increment} MINVALUE {minimum} MAXVALUE {maximum}"
            + " START WITH {start} CACHE {cache} {cycle}");

    /** Whether a sequence can be of that type. */
    public static boolean isType(String type) {
        return LARGEST.containsKey(type);
    }

    /** The largest value of the type. */
    public static long largest(String type) {
        return LARGEST.get(type);
    }

    private static long smallest(String type) {
        return -LARGEST.get(type) - 1;
    }

    public boolean isAscending() {
        return increment > 0;
    }

    /**
     * The options for a column of another type: the sequence ends where that type ends, unless somebody chose another
     * end. PostgreSQL decides the same in {@code ALTER SEQUENCE … AS}.
     */
    public SequenceOptions as(String other) {
        long newMaximum = end(maximum, other);
        long newMinimum = end(minimum, other);
        return new SequenceOptions(
                other,
                Math.max(newMinimum, Math.min(newMaximum, start)),
                newMinimum,
                newMaximum,
                increment,
                cache,
                cycle);
    }

    private long end(long value, String other) {
        if (value == largest(type)) {
            return largest(other);
        }
        if (value == smallest(type)) {
            return smallest(other);
        }
        return Math.max(smallest(other), Math.min(largest(other), value));
    }

    public SequenceOptions by(long otherIncrement) {
        return new SequenceOptions(type, start, minimum, maximum, otherIncrement, cache, cycle);
    }

    /** The options with another beginning and end of a round. */
    public SequenceOptions between(long otherMinimum, long otherMaximum) {
        return new SequenceOptions(
                type,
                Math.max(otherMinimum, Math.min(otherMaximum, start)),
                otherMinimum,
                otherMaximum,
                increment,
                cache,
                cycle);
    }

    /** All options as {@code ALTER SEQUENCE} takes them. */
    public Sql clauses() {
        return CLAUSES.with("type", Sql.raw(type))
                .with("increment", number(increment))
                .with("minimum", number(minimum))
                .with("maximum", number(maximum))
                .with("start", number(start))
                .with("cache", number(cache))
                .with("cycle", Sql.raw(cycle ? "CYCLE" : "NO CYCLE"));
    }

    private static Sql number(long value) {
        return Sql.raw(Long.toString(value));
    }

    /** All options except the increment, for a comparison with those of another time. */
    public String besidesIncrement() {
        return "%s %d %d %d %d %s".formatted(type, start, minimum, maximum, cache, cycle);
    }
}
