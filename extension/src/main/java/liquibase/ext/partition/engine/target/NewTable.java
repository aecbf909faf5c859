package liquibase.ext.partition.engine.target;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements that make the new table: {@code LIKE} the source without its indexes, partitioned by range, with its
 * partitions. The list needs no database to be made, so it is its own review SQL.
 */
public record NewTable(
        QualifiedName source, QualifiedName newTable, Identifier partitionColumn, PartitionLayout layout) {
    private static final Sql CREATE_TABLE = Sql.of("""
            CREATE TABLE {newTable} (
              LIKE {source} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING IDENTITY
                INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING STATISTICS INCLUDING COMMENTS
            ) PARTITION BY RANGE ({partitionColumn})""");

    private static final Sql CREATE_PARTITION = Sql.of("""
            CREATE TABLE {partition} PARTITION OF {newTable}
              FOR VALUES FROM ({from}) TO ({to})""");

    private static final Sql CREATE_DEFAULT_PARTITION = Sql.of("""
            CREATE TABLE {partition} PARTITION OF {newTable} DEFAULT""");

    /** To be run in one transaction; takes ACCESS SHARE on the source for a moment. */
    public List<Sql> statements() {
        List<Sql> statements = new ArrayList<>();
        statements.add(CREATE_TABLE
                .with("newTable", newTable)
                .with("source", source)
                .with("partitionColumn", partitionColumn));
        for (Partition partition : layout.partitions()) {
            statements.add(CREATE_PARTITION
                    .with("partition", newTable.sibling(partition.name()))
                    .with("newTable", newTable)
                    .with("from", bound(partition.from()))
                    .with("to", bound(partition.to())));
        }
        statements.add(CREATE_DEFAULT_PARTITION
                .with("partition", newTable.sibling(layout.defaultPartition()))
                .with("newTable", newTable));
        return statements;
    }

    /**
     * A bound with an explicit offset, so that a session's TimeZone does not matter: {@code timestamptz} takes it as it is,
     * {@code date} and {@code timestamp} leave the offset out of account.
     */
    private static Sql bound(LocalDate date) {
        return Sql.literal(date + " 00:00:00+00");
    }
}
