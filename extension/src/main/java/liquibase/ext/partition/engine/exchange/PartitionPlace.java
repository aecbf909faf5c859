package liquibase.ext.partition.engine.exchange;

import java.sql.SQLException;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;

/**
 * Where a partition is, as the catalog has it.
 *
 * @param parent the table that it is a partition of
 * @param bound as {@code ATTACH PARTITION} takes it
 * @param hasPartitions whether it is partitioned itself
 * @param nested whether the parent is a partition too
 * @param keyColumn the partition key, if it is one column by range
 */
record PartitionPlace(
        long parentOid,
        QualifiedName parent,
        String bound,
        boolean hasPartitions,
        boolean nested,
        Optional<Identifier> keyColumn) {
    private static final Sql READ = Sql.of("""
            SELECT p.oid::bigint AS parent_oid, n.nspname, p.relname, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound,
                   c.relkind = 'p' AS has_partitions, p.relispartition AS nested,
                   CASE WHEN t.partstrat = 'r' AND t.partnatts = 1 THEN a.attname END AS key_column
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = c.oid
            JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
            JOIN pg_catalog.pg_namespace AS n ON n.oid = p.relnamespace
            JOIN pg_catalog.pg_partitioned_table AS t ON t.partrelid = p.oid
            LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.oid AND a.attnum = t.partattrs[0] AND a.attnum > 0
            WHERE c.oid = {oid} AND c.relispartition""");

    boolean isOfDefault() {
        return bound.equals(Migration.Exchange.DEFAULT);
    }

    /** Empty if the table with that oid is no partition. */
    static Optional<PartitionPlace> read(Session session, long oid) throws SQLException {
        return session.queryFirst(
                READ.with("oid", oid),
                row -> new PartitionPlace(
                        row.getLong("parent_oid"),
                        QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                        row.getString("bound"),
                        row.getBoolean("has_partitions"),
                        row.getBoolean("nested"),
                        Optional.ofNullable(row.getString("key_column")).map(Identifier::new)));
    }
}
