package liquibase.ext.partition.engine.lock;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Transactions that were prepared for two-phase commit and not ended. No session owns them, and they keep their locks,
 * even over a restart of the server, until somebody ends them by name. {@code pg_locks} shows them without a process.
 */
final class PreparedTransactions {
    /** A lock has the same virtual transaction as the transaction's own lock, which shows its id. */
    private static final Sql HOLDING = Sql.of("""
            SELECT DISTINCT pg_catalog.format('prepared transaction %L (of role %I, since %s), which no session has and its coordinator may have forgotten: ROLLBACK PREPARED %L or COMMIT PREPARED %L ends it',
                   x.gid, x.owner, pg_catalog.date_trunc('second', x.prepared), x.gid, x.gid)
            FROM pg_catalog.pg_locks AS l
            JOIN pg_catalog.pg_locks AS t
              ON t.virtualtransaction = l.virtualtransaction AND t.pid IS NULL AND t.locktype = 'transactionid' AND t.granted
            JOIN pg_catalog.pg_prepared_xacts AS x
              ON x.transaction = t.transactionid AND x.database = pg_catalog.current_database()
            WHERE l.pid IS NULL AND l.locktype = 'relation' AND l.granted
              AND l.relation IN ({tree})
              AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
              AND ({readers} OR l.mode NOT IN ('AccessShareLock', 'RowShareLock'))
            LIMIT 3""").with("tree", PartitionTree.OF_TABLE);

    private PreparedTransactions() {}

    /**
     * Prepared transactions that have locked a table or one of its partitions, each with the statements that end it.
     *
     * @param readers whether transactions that have only read are in the way too
     */
    static List<String> holding(Session session, QualifiedName table, boolean readers) throws SQLException {
        return session.queryStrings(HOLDING.with("table", table.quoted()).with("readers", readers));
    }
}
