package liquibase.ext.partition.engine.state;

import java.sql.SQLException;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The partitioned table of a migration after the swap, for those who look after it for years. Until the backup is
 * dropped, it is the table that the migration has made. Later it is the one that has the name: a database that was
 * dumped and restored has given it another oid.
 */
public final class TableInService {
    /** {@code column} is null for an expression. */
    private static final Sql IS_PARTITIONED_BY = Sql.of("""
            SELECT EXISTS (SELECT FROM pg_catalog.pg_partitioned_table AS p
                           LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0] AND a.attnum > 0
                           WHERE p.partrelid = {oid} AND p.partstrat = 'r' AND p.partnatts = 1
                             AND a.attname IS NOT DISTINCT FROM {column}::pg_catalog.name)""");

    private TableInService() {}

    /** The table of that migration, which is swapped; empty if another table has its name. */
    public static Optional<Table> find(Session session, Migration migration) throws SQLException {
        Optional<Table> named = new TableReader(session)
                .find(migration.source())
                .filter(it -> migration.phase().isAtLeast(Phase.DROPPED) || it.oid() == migration.newOid());
        return named.isPresent() && isPartitionedAsRecorded(session, named.get(), migration) ? named : Optional.empty();
    }

    /** Once the backup is gone, the table is known by its name, which another table may have got since. */
    public static boolean isPartitionedAsRecorded(Session session, Table table, Migration migration)
            throws SQLException {
        if (migration.spec().routing() != Routing.NATIVE || !migration.phase().isAtLeast(Phase.DROPPED)) {
            return true;
        }
        PartitionKey key = PartitionKey.of(
                migration.spec().partitionKey(),
                table.columns(),
                migration.spec().textDateFunction());
        return session.queryBoolean(IS_PARTITIONED_BY
                .with("oid", table.oid())
                .with("column", key.isColumn() ? key.columns().get(0).name() : null));
    }
}
