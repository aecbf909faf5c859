package liquibase.ext.partition.engine.belonging.rowsecurity;

import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** Reads {@link RowSecurity} out of {@code pg_catalog}. Any role can. */
public final class RowSecurityReader {
    private static final Sql FLAGS =
            Sql.of("SELECT relrowsecurity, relforcerowsecurity FROM pg_catalog.pg_class WHERE oid = {oid}");

    private static final Sql POLICIES = Sql.of("""
            SELECT p.polname, p.polpermissive, p.polcmd,
                   ARRAY(SELECT r.rolname::pg_catalog.text FROM pg_catalog.pg_roles AS r WHERE r.oid = ANY (p.polroles) ORDER BY r.rolname)
                     AS roles,
                   pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS using_expression,
                   pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS check_expression,
                   pg_catalog.obj_description(p.oid, 'pg_policy') AS comment
            FROM pg_catalog.pg_policy AS p
            WHERE p.polrelid = {oid}
            ORDER BY p.polname
            """);

    private static final Sql CHILDREN = Sql.of("""
            SELECT n.nspname, c.relname, c.relrowsecurity, c.relforcerowsecurity
            FROM pg_catalog.pg_inherits AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE i.inhparent = {oid}
            ORDER BY c.relname
            """);

    private final Session session;

    public RowSecurityReader(Session session) {
        this.session = session;
    }

    /** Reads the row security of the table with that oid, which must exist. */
    public RowSecurity read(long oid) throws SQLException {
        return QualifiedNames.within(session, () -> {
            record Flags(boolean enabled, boolean forced) {}
            Flags flags = session.queryFirst(
                            FLAGS.with("oid", oid), row -> new Flags(row.getBoolean(1), row.getBoolean(2)))
                    .orElseThrow();
            return new RowSecurity(
                    flags.enabled(),
                    flags.forced(),
                    policies(oid),
                    session.query(
                            CHILDREN.with("oid", oid),
                            row -> new RowSecurity.Child(
                                    QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                                    row.getBoolean("relrowsecurity"),
                                    row.getBoolean("relforcerowsecurity"))));
        });
    }

    private List<RowSecurity.Policy> policies(long oid) throws SQLException {
        return session.query(
                POLICIES.with("oid", oid),
                row -> new RowSecurity.Policy(
                        new Identifier(row.getString("polname")),
                        row.getBoolean("polpermissive"),
                        row.getString("polcmd").charAt(0),
                        Arrays.stream((String[]) row.getArray("roles").getArray())
                                .map(Identifier::new)
                                .toList(),
                        Optional.ofNullable(row.getString("using_expression")),
                        Optional.ofNullable(row.getString("check_expression")),
                        Optional.ofNullable(row.getString("comment"))));
    }
}
