package liquibase.ext.partition.engine.retirement.archive;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * CHECKs of domains that are NOT VALID, so that a table may have values which the domain refuses. No COPY brings these
 * back, and while a CHECK of a table can be added afterwards, that of a domain cannot: it would have to be dropped for
 * every table. Reads only.
 */
public final class DomainChecks {
    private static final Sql NOT_VALID = Sql.of("""
            WITH RECURSIVE used (oid) AS (
              SELECT a.atttypid FROM pg_catalog.pg_attribute AS a
              WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
              UNION
              SELECT p.oid FROM used AS u
              JOIN pg_catalog.pg_type AS t ON t.oid = u.oid
              CROSS JOIN LATERAL (
                SELECT t.typbasetype UNION ALL SELECT t.typelem
                UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range AS r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
                UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = t.typrelid AND t.typrelid <> 0 AND a.attnum > 0 AND NOT a.attisdropped
              ) AS p (oid) WHERE p.oid <> 0)
            SELECT pg_catalog.format('ALTER DOMAIN %s VALIDATE CONSTRAINT %I', pg_catalog.format_type(k.contypid, NULL), k.conname)
            FROM pg_catalog.pg_constraint AS k JOIN used AS u ON u.oid = k.contypid
            WHERE k.contype = 'c' AND NOT k.convalidated ORDER BY 1""");

    private DomainChecks() {}

    /**
     * Requires that every value of the table's domains can be brought back.
     *
     * @throws PartitionException naming the statements after which it is so
     */
    public static void requireValid(Session session, QualifiedName table) throws SQLException {
        List<String> statements = session.queryStrings(NOT_VALID.with("table", table.quoted()));
        if (!statements.isEmpty()) {
            throw new PartitionException("""
                    A domain that %s has columns of has a CHECK that is NOT VALID, so that rows which it refuses could not be brought back from an archive. \
                    Nothing was retired. Validate it, after values that it refuses were changed, and run update again:
                      %s;
                    """.formatted(table, String.join(";\n  ", statements)));
        }
    }
}
