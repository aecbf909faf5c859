package liquibase.ext.partition.engine.catalog;

import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * To whom a table is granted as soon as the current role makes it ({@code ALTER DEFAULT PRIVILEGES}). What a migration makes is
 * reached through the table that it is for: a grant on a partition or on the delta table would be a way round row level security.
 *
 * @param grantees empty for PUBLIC
 */
public record DefaultPrivileges(List<Optional<Identifier>> grantees) {
    public static final DefaultPrivileges NONE = new DefaultPrivileges(List.of());

    private static final Sql GRANTEES = Sql.of("""
            SELECT DISTINCT r.rolname
            FROM pg_catalog.pg_default_acl AS d
            CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) AS acl
            LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = acl.grantee
            WHERE d.defaclrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)
              AND d.defaclobjtype = 'r' AND acl.grantee <> d.defaclrole
              AND d.defaclnamespace IN (0, (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {schema}))
            ORDER BY r.rolname
            """);

    private static final Sql REVOKE = Sql.of("REVOKE ALL ON TABLE {tables} FROM {grantees}");

    public DefaultPrivileges {
        grantees = List.copyOf(grantees);
    }

    /** Those on what the current role makes in {@code schema}. */
    public static DefaultPrivileges read(Session session, Identifier schema) throws SQLException {
        return new DefaultPrivileges(session.query(
                GRANTEES.with("schema", schema.name()),
                row -> Optional.ofNullable(row.getString("rolname")).map(Identifier::new)));
    }

    /** Takes them from tables that were just made; no statement where there are none. */
    public List<Sql> revokeFrom(Collection<QualifiedName> tables) {
        if (grantees.isEmpty()) {
            return List.of();
        }
        List<Sql> roles = grantees.stream()
                .map(grantee -> grantee.map(Identifier::asSql).orElse(Sql.raw("PUBLIC")))
                .toList();
        return List.of(REVOKE.with("tables", Sql.list(tables)).with("grantees", Sql.join(", ", roles)));
    }
}
