package liquibase.ext.partition.engine.belonging.securitylabels;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** Reads {@link SecurityLabel}s out of {@code pg_catalog}. Any role can. */
public final class SecurityLabelReader {
    private static final Sql LABELS = Sql.of("""
            SELECT l.provider, a.attname, false AS of_sequence, l.label
            FROM pg_catalog.pg_seclabel AS l
            LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = l.objoid AND a.attnum = l.objsubid AND l.objsubid > 0
            WHERE l.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND l.objoid = {oid}
            UNION ALL
            SELECT l.provider, a.attname, true, l.label
            FROM pg_catalog.pg_depend AS d
            JOIN pg_catalog.pg_seclabel AS l ON l.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND l.objoid = d.objid
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
              AND d.refobjid = {oid} AND d.deptype = 'i' AND a.attidentity <> ''
            ORDER BY provider, attname NULLS FIRST, of_sequence
            """);

    private final Session session;

    public SecurityLabelReader(Session session) {
        this.session = session;
    }

    /** Reads the labels of the table with that oid, of its columns, and of its identity columns' sequences. */
    public List<SecurityLabel> read(long oid) throws SQLException {
        return session.query(
                LABELS.with("oid", oid),
                row -> new SecurityLabel(
                        new Identifier(row.getString("provider")),
                        Optional.ofNullable(row.getString("attname")).map(Identifier::new),
                        row.getBoolean("of_sequence"),
                        row.getString("label")));
    }
}
