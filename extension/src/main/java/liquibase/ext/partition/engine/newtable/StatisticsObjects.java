package liquibase.ext.partition.engine.newtable;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import liquibase.ext.partition.engine.catalog.properties.ExtendedStatistics;
import liquibase.ext.partition.engine.name.CarriedName;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements that make a table's extended statistics, for the table and for each of its partitions. For grouping
 * the whole table, the planner reads the table's own statistics; for a condition on its rows, those of each partition.
 */
public final class StatisticsObjects {
    private static final Sql CREATE = Sql.of("CREATE STATISTICS {name}{kinds} ON {columns} FROM {table}");
    private static final Sql KINDS = Sql.of(" ({kinds})");
    private static final Sql SET_TARGET = Sql.of("ALTER STATISTICS {name} SET STATISTICS {target}");
    private static final Sql COMMENT = Sql.of("COMMENT ON STATISTICS {name} IS {comment}");

    private StatisticsObjects() {}

    /** The counterpart of {@code original} on a table of that name, with its comment. */
    public static List<Sql> create(ExtendedStatistics original, QualifiedName name, QualifiedName table) {
        List<Sql> statements = plain(original, name, table);
        original.comment()
                .ifPresent(comment -> statements.add(COMMENT.with("name", name).with("comment", Sql.literal(comment))));
        return statements;
    }

    /** The counterparts on each of the partitions. */
    public static List<Sql> createOnPartitions(ExtendedStatistics original, Collection<QualifiedName> partitions) {
        List<Sql> statements = new ArrayList<>();
        for (QualifiedName partition : partitions) {
            statements.addAll(plain(original, nameOnPartition(original, partition), partition));
        }
        return statements;
    }

    /** The counterpart of another partition's statistics, under that name. */
    public static List<Sql> createOnPartition(
            ExtendedStatistics original, QualifiedName name, QualifiedName partition) {
        return plain(original, name, partition);
    }

    /** The name of a partition's counterpart. */
    public static QualifiedName nameOnPartition(ExtendedStatistics original, QualifiedName partition) {
        return partition.sibling(
                CarriedName.partitionIndex(partition.name(), original.name().name()));
    }

    private static List<Sql> plain(ExtendedStatistics original, QualifiedName name, QualifiedName table) {
        List<Sql> statements = new ArrayList<>();
        statements.add(CREATE.with("name", name)
                .with(
                        "kinds",
                        original.kinds().isEmpty()
                                ? Sql.empty()
                                : KINDS.with("kinds", Sql.raw(String.join(", ", original.kinds()))))
                .with("columns", Sql.raw(original.columns()))
                .with("table", table));
        original.target()
                .ifPresent(target -> statements.add(
                        SET_TARGET.with("name", name).with("target", Sql.raw(Integer.toString(target)))));
        return statements;
    }
}
