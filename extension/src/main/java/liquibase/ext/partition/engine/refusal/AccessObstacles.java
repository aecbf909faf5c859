package liquibase.ext.partition.engine.refusal;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.publications.Publication;
import liquibase.ext.partition.engine.belonging.publications.PublicationReader;
import liquibase.ext.partition.engine.belonging.rowsecurity.RowSecurityReader;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;

/** Row level security and publications that cannot go along, which depends on how the table is to be partitioned. */
public final class AccessObstacles {
    private static final String USE_NATIVE = "use native partitioning instead of routing by triggers";

    private AccessObstacles() {}

    /** By the catalog as it is now; empty where nothing is in the way. */
    public static List<Obstacle> of(Session session, Table source, Routing routing, PartitionKey key)
            throws SQLException {
        List<Publication> publications = new PublicationReader(session).read(source.oid());
        if (routing == Routing.NATIVE) {
            List<Identifier> addedToKey = key.canBeUnique() ? key.columns() : List.of();
            return PublicationReader.obstacles(source.name(), publications, addedToKey);
        }
        List<Obstacle> obstacles = new ArrayList<>();
        if (new RowSecurityReader(session).read(source.oid()).isUsed()) {
            obstacles.add(new Obstacle(
                    Feature.ROW_SECURITY,
                    "row level security is enabled on it, or has policies, which do not hold for a row that a trigger moves",
                    USE_NATIVE));
        }
        for (Publication publication : publications) {
            obstacles.add(new Obstacle(
                    Feature.PUBLICATIONS,
                    "publication %s publishes it, and would not publish children that are made later"
                            .formatted(publication.name()),
                    USE_NATIVE
                            + ", or, where no subscriber needs its changes, "
                            + publication.dropTable(source.name())));
        }
        return obstacles;
    }
}
