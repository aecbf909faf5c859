package liquibase.ext.partition.engine.retirement;

import java.time.LocalDate;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * A partition, or a child of a table whose rows triggers route, and what is known of its age before the server has
 * compared its bound.
 *
 * @param kind its {@code relkind}
 * @param bound in the form that {@code ATTACH PARTITION} takes; empty for a child
 */
record AgedPartition(long oid, QualifiedName name, char kind, Optional<String> bound) {
    private static final Pattern RANGE = Pattern.compile("FOR VALUES FROM \\((.*)\\) TO \\((.*)\\)", Pattern.DOTALL);
    private static final Pattern DAY = Pattern.compile("'(\\d{4}-\\d{2}-\\d{2})[ ']", Pattern.DOTALL);

    /** The upper bound as the server writes it; empty for the default partition, a child, and MAXVALUE. */
    Optional<String> upper() {
        return bound.map(RANGE::matcher)
                .filter(Matcher::matches)
                .map(range -> range.group(2))
                .filter(it -> !it.equals("MAXVALUE"));
    }

    /**
     * Whether it may be due. Without the server, the name says it where it is one of the layout's, and else a date in
     * the bound, which may be off by the hours of a time zone.
     *
     * @param start the first day that is kept
     */
    boolean mayBeDue(PartitionLayout layout, LocalDate start) {
        if (name.name().equals(layout.defaultPartition()) || bound.isPresent() && upper().isEmpty()) {
            return false;
        }
        Optional<Partition> interval = layout.partition(name.name());
        if (interval.isPresent()) {
            return !interval.get().to().isAfter(start);
        }
        return upper().filter(it ->
                        day(it).filter(day -> day.isAfter(start.plusDays(1))).isEmpty())
                .isPresent();
    }

    private static Optional<LocalDate> day(String literal) {
        Matcher day = DAY.matcher(literal);
        return day.lookingAt() ? Optional.of(LocalDate.parse(day.group(1))) : Optional.empty();
    }
}
