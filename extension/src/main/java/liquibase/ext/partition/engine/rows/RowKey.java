package liquibase.ext.partition.engine.rows;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Identifier;

/** The rule for {@code keyColumns}: they identify a row if all are NOT NULL, and an index makes them unique. */
public final class RowKey {
    private RowKey() {}

    /** Why {@code key} does not identify the table's rows; empty if it does. */
    public static Optional<Obstacle> obstacle(Table table, List<Identifier> key) {
        for (Identifier name : key) {
            Optional<Column> column = table.column(name);
            if (column.isEmpty()) {
                return Optional.of(new Obstacle(
                        Feature.INDEXES,
                        "%s has no column %s, which keyColumns names".formatted(table.name(), name),
                        "Its columns are %s"
                                .formatted(table.columns().stream()
                                        .map(Column::name)
                                        .toList())));
            }
            if (!column.get().notNull()) {
                return Optional.of(new Obstacle(
                        Feature.INDEXES,
                        "Column %s of %s may be NULL, so it cannot be part of the key".formatted(name, table.name()),
                        "Make it NOT NULL, or name another key in keyColumns"));
            }
        }
        return table.indexOver(key).isPresent()
                ? Optional.empty()
                : Optional.of(new Obstacle(
                        Feature.INDEXES,
                        "No unique index of %s makes (%s) unique"
                                .formatted(
                                        table.name(),
                                        key.stream().map(Identifier::name).collect(Collectors.joining(", "))),
                        "Name the primary key's columns in keyColumns, or create a unique index on these"));
    }

    /**
     * The index by which {@code key} identifies the table's rows.
     *
     * @throws PartitionException when a column is missing or nullable, or no index makes the key unique
     */
    public static Index requireIndex(Table table, List<Identifier> key) {
        Optional<Obstacle> obstacle = obstacle(table, key);
        if (obstacle.isPresent()) {
            throw new PartitionException("%s. Nothing was changed. %s."
                    .formatted(obstacle.get().what(), obstacle.get().remedy()));
        }
        return table.indexOver(key).orElseThrow();
    }
}
