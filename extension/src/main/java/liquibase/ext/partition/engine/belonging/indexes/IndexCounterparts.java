package liquibase.ext.partition.engine.belonging.indexes;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.name.CarriedName;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;

/**
 * The indexes that the live table has got since the swap and that the backup lacks: a rollback would lose the values
 * that they forbid and the speed that they give. None is made here, because that would take as long as the table is
 * large; the statements are reported to whoever rolls back.
 *
 * @param live the partitioned table
 */
public record IndexCounterparts(Migration migration, Table live, Table backup) {
    private static final Sql CREATE = Sql.of("CREATE {unique}INDEX CONCURRENTLY {name} ON {backup} USING {method}");
    private static final Sql ADD_CONSTRAINT =
            Sql.of("ALTER TABLE {backup} ADD CONSTRAINT {name} {kind} USING INDEX {name}{deferrable}");
    private static final Sql DROP_CONSTRAINT = Sql.of("ALTER TABLE {table} DROP CONSTRAINT {name}");
    private static final Sql DROP = Sql.of("DROP INDEX {index}");

    /** Indexes of partitions that are no part of an index of the partitioned table. */
    private static final Sql OF_ONE_PARTITION = Sql.of("""
            SELECT n.nspname, c.relname, t.relname AS partition,
                   i.indisunique, i.indpred IS NOT NULL AS partial,
                   ARRAY(SELECT a.attname::pg_catalog.text
                         FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS key (attnum, place)
                         JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = key.attnum
                         WHERE key.place <= i.indnkeyatts
                         ORDER BY key.place) AS columns
            FROM ({leaves}) AS p
            JOIN pg_catalog.pg_index AS i ON i.indrelid = p.oid
            JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE i.indisvalid
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = i.indexrelid)
            ORDER BY c.relname""").with("leaves", PartitionTree.leaves(Sql.of("{live}")));

    /**
     * Whether one index can be the other's counterpart on a table that is partitioned by {@code added}: equally unique,
     * and over the same columns, except for those. Expressions and conditions are not compared, because their text
     * changes when a column is converted.
     */
    public static boolean areAlike(Index one, Index other, List<Identifier> added) {
        return one.unique() == other.unique()
                && one.partial() == other.partial()
                && without(added, one.columns()).equals(without(added, other.columns()))
                && without(added, one.plainColumns()).size()
                        == without(added, other.plainColumns()).size();
    }

    private static List<Identifier> without(List<Identifier> added, Collection<Identifier> columns) {
        return columns.stream().filter(column -> !added.contains(column)).toList();
    }

    /** The names of the indexes that both tables have, as they are while the table is live. */
    public List<Identifier> carried() {
        return live.indexes().stream()
                .map(Index::name)
                .filter(name -> counterpart(name).isPresent())
                .toList();
    }

    private Optional<Index> counterpart(Identifier name) {
        return backup.index(CarriedName.backupIndex(live.name(), name).name());
    }

    /**
     * A part of the plan of a switch, so the questions that it asks are asked again under the lock.
     *
     * @throws PartitionException naming the indexes that would be lost, with the statements that make them on the
     *     backup
     */
    public void require(Session session) throws SQLException {
        List<String> lost = new ArrayList<>();
        for (Index index : live.indexes()) {
            if (!index.valid()) {
                continue;
            }
            Optional<Index> counterpart = counterpart(index.name());
            if (counterpart
                    .filter(it -> it.valid() && areAlike(index, it, migration.partitionColumns()))
                    .isEmpty()) {
                lost.add("index %s: %s; or do without it: %s"
                        .formatted(
                                index.name(),
                                statements(index),
                                drop(live.name(), index).script()));
            }
        }
        for (OfOnePartition index : ofOnePartition(session)) {
            if (index.unique() && backup.indexes().stream().noneMatch(index::isOn)) {
                lost.add("unique index %s of partition %s, which the backup cannot have: %s"
                        .formatted(
                                index.name(),
                                index.partition(),
                                DROP.with("index", index.name()).script()));
            }
        }
        if (!lost.isEmpty()) {
            throw new PartitionException(
                    "%s has indexes that its backup %s has not: they were made since the swap, and a rollback would lose them. Nothing was renamed and change capture is still on. Run these, then roll back again:\n  %s"
                            .formatted(live.name(), backup.name(), String.join("\n  ", lost)));
        }
    }

    private String statements(Index index) {
        Identifier name = CarriedName.backupIndex(live.name(), index.name()).name();
        Stream<Sql> create = Stream.of(CREATE.with("unique", index.unique() ? Sql.raw("UNIQUE ") : Sql.empty())
                .with("name", name)
                .with("backup", backup.name())
                .with("method", Sql.raw(index.method())));
        Stream<Sql> constraint = index.constraint().stream()
                .map(definition -> ADD_CONSTRAINT
                        .with("backup", backup.name())
                        .with("name", name)
                        .with("kind", Sql.raw(index.primaryKey() ? "PRIMARY KEY" : "UNIQUE"))
                        .with("deferrable", deferrable(definition)));
        List<String> statements = Stream.of(
                        counterpart(index.name()).stream().map(it -> drop(backup.name(), it)), create, constraint)
                .flatMap(it -> it)
                .map(Sql::script)
                .toList();
        return String.join("; ", statements);
    }

    private static Sql deferrable(String definition) {
        int at = definition.indexOf(" DEFERRABLE");
        return at < 0 ? Sql.empty() : Sql.raw(definition.substring(at));
    }

    private static Sql drop(QualifiedName table, Index index) {
        return index.constraint().isPresent()
                ? DROP_CONSTRAINT.with("table", table).with("name", index.name())
                : DROP.with("index", table.sibling(index.name()));
    }

    /**
     * Messages about indexes that stay where they are: indexes of single partitions that forbid nothing, and indexes
     * that the backup has and the live table no longer has, since making those again would take as long as the table is
     * large.
     */
    public List<String> left(Session session) throws SQLException {
        List<OfOnePartition> ofPartitions = ofOnePartition(session);
        List<String> left = new ArrayList<>();
        ofPartitions.stream()
                .filter(index -> !index.unique())
                .map(index -> "Index %s of partition %s stays with %s."
                        .formatted(index.name(), index.partition(), migration.newTable()))
                .forEach(left::add);
        for (Index index : backup.indexes()) {
            boolean isCounterpart = live.indexes().stream()
                    .anyMatch(it -> counterpart(it.name()).filter(index::equals).isPresent());
            if (index.valid() && !isCounterpart && ofPartitions.stream().noneMatch(it -> it.isOn(index))) {
                left.add(
                        "%s %s of %s was dropped from the live table since the swap, or was never there. It stays with the table that goes back%s. To do without it as well: %s"
                                .formatted(
                                        index.unique() ? "Unique index" : "Index",
                                        index.name(),
                                        backup.name(),
                                        index.unique() ? ", and refuses again what it refuses" : "",
                                        drop(live.name(), index).script()));
            }
        }
        return left;
    }

    private record OfOnePartition(
            QualifiedName name, QualifiedName partition, boolean unique, boolean partial, List<Identifier> columns) {
        /**
         * Whether the table has the index on each partition separately, because its partition key cannot be part of a
         * unique index.
         */
        boolean isOn(Index index) {
            return index.unique()
                    && index.valid()
                    && index.partial() == partial
                    && index.plainColumns().equals(Set.copyOf(columns));
        }
    }

    /** Empty if rows are routed by triggers: then each child has its own indexes anyway. */
    private List<OfOnePartition> ofOnePartition(Session session) throws SQLException {
        if (migration.spec().routing() != Routing.NATIVE) {
            return List.of();
        }
        return session.query(
                OF_ONE_PARTITION.with("live", live.oid()),
                row -> new OfOnePartition(
                        QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                        QualifiedName.of(row.getString("nspname"), row.getString("partition")),
                        row.getBoolean("indisunique"),
                        row.getBoolean("partial"),
                        Arrays.stream((String[]) row.getArray("columns").getArray())
                                .map(Identifier::new)
                                .toList()));
    }
}
