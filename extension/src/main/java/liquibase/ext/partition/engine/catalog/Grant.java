package liquibase.ext.partition.engine.catalog;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A privilege that somebody has on a table, on one of its columns, or on a sequence. The owner's own are among them,
 * because an owner can revoke its own rights.
 *
 * @param grantee the role that has it; empty for PUBLIC
 * @param toOwner whether the grantee is the owner
 * @param privilege its name in ACLs: {@code SELECT}
 * @param column the column; empty for the whole table
 * @param grantable whether the grantee may pass it on
 * @param grantor the role that granted it, if it is not the owner: only a role itself can grant in its own name
 */
public record Grant(
        Optional<Identifier> grantee,
        boolean toOwner,
        String privilege,
        Optional<Identifier> column,
        boolean grantable,
        Optional<Identifier> grantor) {
    private static final Sql GRANTS = Sql.of("""
            SELECT r.rolname, acl.grantee = acl.owner AS to_owner, acl.privilege_type, acl.is_grantable, acl.attname,
                   CASE WHEN acl.grantor <> acl.owner THEN g.rolname END AS grantor
            FROM (SELECT (pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault(
                           CASE c.relkind WHEN 'S' THEN 's'::pg_catalog."char" ELSE 'r'::pg_catalog."char" END, c.relowner)))).*,
                         NULL::pg_catalog.name AS attname, c.relowner AS owner
                  FROM pg_catalog.pg_class AS c WHERE c.oid = {oid}
                  UNION ALL
                  SELECT (pg_catalog.aclexplode(a.attacl)).*, a.attname, c.relowner
                  FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
                  WHERE a.attrelid = {oid} AND NOT a.attisdropped) AS acl
            LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = acl.grantee
            LEFT JOIN pg_catalog.pg_roles AS g ON g.oid = acl.grantor
            ORDER BY acl.attname NULLS FIRST, r.rolname NULLS FIRST, acl.privilege_type, grantor NULLS FIRST
            """);

    /** The grants on the table, or the sequence, with that oid. */
    static List<Grant> of(Session session, long oid) throws SQLException {
        return session.query(
                GRANTS.with("oid", oid),
                row -> new Grant(
                        Optional.ofNullable(row.getString("rolname")).map(Identifier::new),
                        row.getBoolean("to_owner"),
                        row.getString("privilege_type"),
                        Optional.ofNullable(row.getString("attname")).map(Identifier::new),
                        row.getBoolean("is_grantable"),
                        Optional.ofNullable(row.getString("grantor")).map(Identifier::new)));
    }
}
