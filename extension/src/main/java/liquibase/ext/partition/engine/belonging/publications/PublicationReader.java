package liquibase.ext.partition.engine.belonging.publications;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.QualifiedNames;
import liquibase.ext.partition.engine.catalog.ServerVersion;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** Reads the {@link Publication}s of a table out of {@code pg_catalog}. Any role can. */
public final class PublicationReader {
    /** Not by the view pg_publication_tables, which lists every published table of the database. */
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

    /** Those that publish the table with that oid by its name, and not with all tables or with its schema. */
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

    /**
     * Why publications cannot go along.
     *
     * @param table that they publish
     * @param addedToKey the columns that come into the primary key, and with it into the replica identity
     */
    public static List<Obstacle> obstacles(
            QualifiedName table, List<Publication> publications, List<Identifier> addedToKey) {
        List<Obstacle> obstacles = new ArrayList<>();
        for (Publication publication : publications) {
            if (!publication.ownedByUs()) {
                obstacles.add(new Obstacle(
                        Feature.PUBLICATIONS,
                        "publication %s publishes it and belongs to role %s, and only its owner can exchange the table in it"
                                .formatted(publication.name(), publication.owner()),
                        "GRANT %s to the role that runs Liquibase"
                                .formatted(publication.owner().quoted())));
            }
            boolean isPart =
                    publication.filter().isPresent() || !publication.columns().isEmpty();
            if (isPart && !publication.viaRoot()) {
                obstacles.add(new Obstacle(
                        Feature.PUBLICATIONS,
                        "publication %s publishes only some of its rows or columns, which for a partitioned table takes publish_via_partition_root"
                                .formatted(publication.name()),
                        publication.publishViaRoot()));
            }
            List<Identifier> unpublished = addedToKey.stream()
                    .filter(column -> !publication.columns().contains(column))
                    .toList();
            if (publication.needsIdentity() && !publication.columns().isEmpty() && !unpublished.isEmpty()) {
                List<String> columns = new ArrayList<>();
                publication.columns().forEach(column -> columns.add(column.quoted()));
                unpublished.forEach(column -> columns.add(column.quoted()));
                obstacles.add(new Obstacle(
                        Feature.PUBLICATIONS,
                        "publication %s publishes updates and deletes without column %s, which becomes part of the primary key, so that these would fail"
                                .formatted(publication.name(), unpublished.get(0)),
                        "BEGIN; ALTER PUBLICATION %1$s DROP TABLE %2$s; ALTER PUBLICATION %1$s ADD TABLE %2$s (%3$s)%4$s; COMMIT"
                                .formatted(
                                        publication.name().quoted(),
                                        table.quoted(),
                                        String.join(", ", columns),
                                        publication
                                                .filter()
                                                .map(it -> " WHERE (" + it + ")")
                                                .orElse(""))));
            }
        }
        return obstacles;
    }
}
