package liquibase.ext.partition.engine.rows;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.KeyColumn;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.newtable.Conversions;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.newtable.RowShape;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.time.DateTime;

/** How to find a row of one table in the other, and how to write its values there. */
public record RowMatch(List<KeyColumn> key, PartitionKey partitionKey, Conversions conversions) {
    /**
     * Rows in a statement.
     *
     * @param alias a constant of ours, never a user's name
     * @param shape the table whose form the rows have
     */
    public record Rows(String alias, RowShape shape) {
        public static Rows ofSource(String alias) {
            return new Rows(alias, RowShape.SOURCE);
        }

        public static Rows ofNew(String alias) {
            return new Rows(alias, RowShape.NEW);
        }
    }

    private static final Sql SAME = Sql.of("{left} {equals} {right}");

    public RowMatch {
        key = List.copyOf(key);
    }

    /**
     * @param ordinary the source, or the backup after the swap
     * @param partitioned the new table, under its present name
     * @throws PartitionException when the key no longer identifies rows, or one of the tables was altered since
     */
    public static RowMatch of(TableReader reader, Migration migration, Table ordinary, Table partitioned)
            throws SQLException {
        // A statement would fail again and again on a column that only one of them has, and not say why.
        differingColumns(migration, ordinary, partitioned).ifPresent(columns -> {
            throw new PartitionException(
                    "The columns of %s and %s are not the same any more: %s. What was committed before is kept; nothing was done now. Make the same change on both or undo it, then run again; or take the migration back to before createPartitionedTable (rollback), and begin again with the new columns."
                            .formatted(ordinary.name(), partitioned.name(), columns));
        });
        return of(reader, migration.spec(), migration.keyColumns(), ordinary, partitioned);
    }

    /**
     * The columns of two tables, in words; empty if they are the same except for the migration's changes. Reads
     * nothing.
     */
    public static Optional<String> differingColumns(Migration migration, Table one, Table other) {
        Set<Identifier> changed = migration.spec().differingColumns();
        // A partition may have its table's columns in another order; all statements name them.
        boolean inOrder = migration.exchange().isEmpty();
        String columns = inOrder ? one.columnFingerprint(changed) : one.columnFingerprintByName();
        String otherColumns = inOrder ? other.columnFingerprint(changed) : other.columnFingerprintByName();
        return columns.equals(otherColumns)
                ? Optional.empty()
                : Optional.of("<%s> and <%s>".formatted(columns, otherColumns));
    }

    /** As {@link #of(TableReader, Migration, Table, Table)}, before the key is recorded. */
    public static RowMatch of(
            TableReader reader, NewTableSpec spec, List<Identifier> key, Table ordinary, Table partitioned)
            throws SQLException {
        return new RowMatch(
                reader.key(ordinary, RowKey.requireIndex(ordinary, key), key),
                PartitionKey.of(spec.partitionKey(), partitioned.columns(), spec.textDateFunction()),
                Conversions.between(ordinary.columns(), partitioned.columns(), spec.columns()));
    }

    /** Matches by the key alone, for review, before it is known what the new table will be. */
    public static RowMatch byKey(TableReader reader, List<Identifier> key, Table source) throws SQLException {
        PartitionKey partOfKey = new PartitionKey(
                List.of(new PartitionKey.TimeSource(key.get(0), false, new DateTime("timestamptz"))), Optional.empty());
        return new RowMatch(reader.key(source, RowKey.requireIndex(source, key), key), partOfKey, Conversions.none());
    }

    /** The key's columns. */
    public List<Identifier> columns() {
        return key.stream().map(KeyColumn::name).toList();
    }

    /** The condition that two rows have the same key, in a form that an index on {@code left} can serve. */
    public Sql sameKey(Rows left, Rows right) {
        return Sql.join(" AND ", keyConditions(left, right));
    }

    /** As {@link #sameKey}, and with the same partition-key value: the server then looks into one partition only. */
    public Sql sameRow(Rows left, Rows right) {
        List<Sql> conditions = keyConditions(left, right);
        if (!partitionKey.isColumn() || !columns().containsAll(partitionKey.columns())) {
            conditions.add(partitionKey.same(partitionValue(left), partitionValue(right)));
        }
        return Sql.join(" AND ", conditions);
    }

    /** The partition-key value of {@code rows}. */
    public Sql partitionValue(Rows rows) {
        return partitionKey.value(column -> column(rows, column, RowShape.NEW));
    }

    /** The time of {@code rows}, as a timestamp. */
    public Sql time(Rows rows) {
        return partitionKey.time(column -> column(rows, column, RowShape.NEW));
    }

    /** Columns of {@code rows} in the form of {@code shape}, separated by commas. */
    public Sql list(Rows rows, List<Identifier> columns, RowShape shape) {
        return Sql.list(
                columns.stream().map(column -> column(rows, column, shape)).toList());
    }

    private Sql column(Rows rows, Identifier column, RowShape shape) {
        return conversions.convert(column, Sql.list(rows.alias(), List.of(column)), rows.shape(), shape);
    }

    private List<Sql> keyConditions(Rows left, Rows right) {
        List<Sql> conditions = new ArrayList<>();
        for (KeyColumn column : key) {
            conditions.add(SAME.with("left", column(left, column.name(), left.shape()))
                    .with("equals", column.equality())
                    .with(
                            "right",
                            conversions.lookUp(
                                    column.name(),
                                    Sql.list(right.alias(), List.of(column.name())),
                                    right.shape(),
                                    left.shape())));
        }
        return conditions;
    }
}
