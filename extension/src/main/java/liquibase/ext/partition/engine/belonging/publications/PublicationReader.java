package liquibase.ext.partition.engine.belonging.publications;

import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.catalog.server.ServerVersion;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** Reads the {@link Publication}s of a table out of {@code pg_catalog}. Any role can. */
public final class PublicationReader {
    /** Does not use the view pg_publication_tables, which lists every published table of the database. */
    private static final Sql PUBLICATIONS = Sql.of("""
            SELECT p.pubname, o.rolname, pg_catalog.pg_has_role(p.pubowner, 'USAGE') AS owned_by_us, p.pubviaroot,
                   p.pubupdate OR p.pubdelete AS needs_identity, {details}
            FROM pg_catalog.pg_publication_rel AS r
            JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
            JOIN pg_catalog.pg_roles AS o ON o.oid = p.pubowner
            WHERE r.prrelid = {oid}
            ORDER BY p.pubname
            """);

    private static final Sql NO_DETAILS = Sql.raw("ARRAY[]::pg_catalog.text[] AS columns, NULL AS filter");

    private static final Sql DETAILS = Sql.raw("""
            ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.pg_attribute AS a
                  WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::pg_catalog.int2[]) ORDER BY a.attnum) AS columns,
            pg_catalog.pg_get_expr(r.prqual, r.prrelid) AS filter""");

    private final Session session;

    public PublicationReader(Session session) {
        this.session = session;
    }

    /**
     * The publications that publish the table with that oid by its name, and not together with all tables or with its
     * schema.
     */
    public List<Publication> read(long oid) throws SQLException {
        return QualifiedNames.within(
                session,
                () -> session.query(
                        PUBLICATIONS
                                .with("details", ServerVersion.isAtLeast(session, 15) ? DETAILS : NO_DETAILS)
                                .with("oid", oid),
                        row -> new Publication(
                                new Identifier(row.getString("pubname")),
                                new Identifier(row.getString("rolname")),
                                row.getBoolean("owned_by_us"),
                                Arrays.stream((String[]) row.getArray("columns").getArray())
                                        .map(Identifier::new)
                                        .toList(),
                                Optional.ofNullable(row.getString("filter")),
                                row.getBoolean("pubviaroot"),
                                row.getBoolean("needs_identity"))));
    }
}
