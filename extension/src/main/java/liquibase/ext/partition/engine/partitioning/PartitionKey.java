package liquibase.ext.partition.engine.partitioning;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.time.DateTime;
import liquibase.ext.partition.engine.time.TextDate;
import liquibase.ext.partition.engine.time.TextDateFormat;
import liquibase.ext.partition.engine.time.TimeEncoding;
import liquibase.ext.partition.engine.time.TimeFormats;
import liquibase.ext.partition.engine.time.UlidTime;

/**
 * The value that decides the partition of a row.
 *
 * <p>A single column whose own order is that of time is the partition key itself: PostgreSQL then prunes by it, at run
 * time too, and a NOT NULL column can be part of a primary key. In every other case the key is an expression of type
 * {@code timestamp}, in UTC: the first time that the columns have, in their order. No primary key or unique constraint
 * of a partitioned table can include an expression, so an index on each partition then keeps uniqueness.
 *
 * @param sources the columns, in the order in which they are coalesced
 * @param combinedColumn a stored generated column with the same expression, which a query can name; its partitions have
 *     a CHECK by which the planner leaves them out
 */
public record PartitionKey(List<TimeSource> sources, Optional<Identifier> combinedColumn) {
    /**
     * One of the key's columns.
     *
     * @param nullable whether it may be NULL
     */
    public record TimeSource(Identifier column, boolean nullable, TimeEncoding encoding) {}

    private static final Sql COALESCE = Sql.of("coalesce({times})");
    private static final Sql IN_PARENTHESES = Sql.of("({expression})");
    private static final Sql SAME = Sql.of("{left} = {right}");
    private static final Sql SAME_OR_BOTH_NULL = Sql.of("({left} = {right} OR ({left} IS NULL AND {right} IS NULL))");
    private static final Sql CHECK =
            Sql.of("CONSTRAINT {name} CHECK ({column} >= {from}::timestamp AND {column} < {to}::timestamp)");

    private static final Sql BOUND_CHECK =
            Sql.of("CONSTRAINT {name} CHECK ({value} IS NOT NULL AND {value} >= {from} AND {value} < {to})");

    public PartitionKey {
        sources = List.copyOf(sources);
    }

    /**
     * The key of a table with these columns.
     *
     * @param textDateFunction the function that reads dates in text
     * @throws IllegalArgumentException with a phrase for people; {@link #problems} has all of them
     */
    public static PartitionKey of(PartitionKeySpec spec, List<Column> columns, QualifiedName textDateFunction) {
        TimeFormats formats = spec.formats(textDateFunction);
        List<TimeSource> sources = new ArrayList<>();
        for (Identifier name : spec.columns()) {
            Column column = columns.stream()
                    .filter(it -> it.name().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(
                            "it has no column %s, which partitionColumns names; its columns are %s"
                                    .formatted(
                                            name,
                                            columns.stream().map(Column::name).toList())));
            if (column.generated()) {
                throw new IllegalArgumentException(
                        "column %s is generated, which PostgreSQL does not take in a partition key".formatted(name));
            }
            sources.add(new TimeSource(name, !column.notNull(), formats.of(name, column.typeName())));
        }
        return new PartitionKey(sources, spec.combinedColumn());
    }

    /** The reasons, as phrases, why a table with these columns cannot have that key; empty if it can. */
    public static List<String> problems(PartitionKeySpec spec, List<Column> columns, QualifiedName textDateFunction) {
        List<String> problems = new ArrayList<>();
        for (Identifier column : spec.columns()) {
            try {
                of(
                        new PartitionKeySpec(
                                List.of(column), spec.textFormat(), spec.epoch(), spec.keyTime(), Optional.empty()),
                        columns,
                        textDateFunction);
            } catch (IllegalArgumentException e) {
                problems.add(e.getMessage());
            }
        }
        if (problems.isEmpty()) {
            Map<Identifier, String> types = new HashMap<>();
            columns.forEach(column -> {
                if (spec.columns().contains(column.name())) {
                    types.put(column.name(), column.typeName());
                }
            });
            spec.unused(types).forEach(unused -> problems.add(unused.why()));
        }
        spec.combinedColumn()
                .filter(combined ->
                        columns.stream().anyMatch(column -> column.name().equals(combined)))
                .ifPresent(combined ->
                        problems.add("it has a column %s already, which combinedColumn names; choose another name"
                                .formatted(combined)));
        return problems;
    }

    /** The key if it can be planned without a database: a single column of a date type. */
    public static Optional<PartitionKey> withoutCatalog(PartitionKeySpec spec) {
        return spec.isPlainColumn()
                ? Optional.of(new PartitionKey(
                        List.of(new TimeSource(spec.columns().get(0), false, new DateTime("timestamptz"))),
                        Optional.empty()))
                : Optional.empty();
    }

    /** The columns whose values decide. */
    public List<Identifier> columns() {
        return sources.stream().map(TimeSource::column).toList();
    }

    /** Whether the partition key is a column of the table, and not an expression. */
    public boolean isColumn() {
        return sources.size() == 1
                && combinedColumn.isEmpty()
                && sources.get(0).encoding().isOrderedByTime();
    }

    /** Whether a text column is among the columns, so that the function that reads dates is needed. */
    public boolean readsText() {
        return sources.stream().anyMatch(source -> source.encoding() instanceof TextDate);
    }

    /**
     * The column that is the partition key and holds ULIDs as text, whose order is that of time under some collations
     * only.
     */
    public Optional<Identifier> columnOfUlids() {
        return isColumn() && sources.get(0).encoding() instanceof UlidTime
                ? Optional.of(sources.get(0).column())
                : Optional.empty();
    }

    /** Whether a primary key or a unique constraint of the partitioned table can include the partition key. */
    public boolean canBeUnique() {
        return isColumn() && !sources.get(0).nullable();
    }

    /** The text in the parentheses after {@code PARTITION BY RANGE}. */
    public Sql definition() {
        Sql value = value(Identifier::asSql);
        return isColumn() ? value : IN_PARENTHESES.with("expression", value);
    }

    /**
     * The value of the partition key.
     *
     * @param columns how to write a column there
     */
    public Sql value(Function<Identifier, Sql> columns) {
        return isColumn() ? columns.apply(sources.get(0).column()) : time(columns);
    }

    /** The time of a row as a {@code timestamp} in UTC, NULL if it has none; for every kind of key. */
    public Sql time(Function<Identifier, Sql> columns) {
        return time(columns, TimeEncoding::time);
    }

    /**
     * As {@link #time(Function)}, for a question: without the function that reads dates in text, which is made only
     * with the new table.
     *
     * @param format how the dates are written
     */
    public Sql time(Function<Identifier, Sql> columns, TextDateFormat format) {
        return time(
                columns,
                (encoding, column) -> encoding instanceof TextDate ? format.time(column) : encoding.time(column));
    }

    private Sql time(Function<Identifier, Sql> columns, BiFunction<TimeEncoding, Sql, Sql> read) {
        List<Sql> times = new ArrayList<>();
        for (TimeSource source : sources) {
            times.add(read.apply(source.encoding(), columns.apply(source.column())));
        }
        return times.size() == 1 ? times.get(0) : COALESCE.with("times", Sql.list(times));
    }

    /** The bound of partitions at which {@code day} begins in UTC. */
    public Sql bound(LocalDate day) {
        return isColumn()
                ? sources.get(0).encoding().bound(day).orElseThrow()
                : new DateTime("timestamp").bound(day).orElseThrow();
    }

    /** The name of {@link #check}. */
    public static Identifier nameOfCheck(Identifier combinedColumn) {
        return DerivedName.of(combinedColumn, "_range");
    }

    /** The constraint of a partition by which the planner leaves it out; empty if the partition bounds are enough. */
    public Optional<Sql> check(Partition partition) {
        return combinedColumn.map(column -> CHECK.with("name", nameOfCheck(column))
                .with("column", column)
                .with("from", Sql.literal(partition.from() + " 00:00:00"))
                .with("to", Sql.literal(partition.to() + " 00:00:00")));
    }

    /** The name of {@link #boundCheck}. */
    public static Identifier nameOfBoundCheck(Identifier partition) {
        return DerivedName.of(partition, "_bound");
    }

    /**
     * A constraint that says of a partition what its bound says, in the server's own words: by it, the server attaches
     * the partition to another table without reading its rows.
     */
    public Sql boundCheck(Partition partition) {
        return BOUND_CHECK
                .with("name", nameOfBoundCheck(partition.name()))
                .with("value", value(Identifier::asSql))
                .with("from", bound(partition.from()))
                .with("to", bound(partition.to()));
    }

    /**
     * The condition that two values of the key are the same, where NULL equals NULL. Its form lets the server find the
     * one partition, and the default partition for NULL, without looking into the others.
     */
    public Sql same(Sql left, Sql right) {
        boolean nullable = !isColumn() || sources.get(0).nullable();
        return (nullable ? SAME_OR_BOTH_NULL : SAME).with("left", left).with("right", right);
    }

    /** The columns separated by commas, for people. */
    @Override
    public String toString() {
        return String.join(", ", columns().stream().map(Identifier::name).toList());
    }
}
