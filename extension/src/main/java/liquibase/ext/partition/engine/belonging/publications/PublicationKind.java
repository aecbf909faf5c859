package liquibase.ext.partition.engine.belonging.publications;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.Consequences;
import liquibase.ext.partition.engine.belonging.kind.Intent;
import liquibase.ext.partition.engine.belonging.kind.Refusal;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;

/** Publications that publish the table by its name. */
public final class PublicationKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of(Feature.PUBLICATIONS);
    }

    /** Publications that would publish the new tables too. */
    @Override
    public List<Obstacle> standing(Session session, Table table) throws SQLException {
        return PublishedWithOthers.obstacles(session, table.oid());
    }

    @Override
    public List<Obstacle> obstacles(Intent intent) throws SQLException {
        if (intent.key().isEmpty()) {
            return List.of();
        }
        PartitionKey key = intent.key().get();
        Table source = intent.source();
        List<Publication> publications = new PublicationReader(intent.session()).read(source.oid());
        return intent.spec().routing() == Routing.NATIVE
                ? natively(source.name(), publications, key.canBeUnique() ? key.columns() : List.of())
                : byTrigger(source.name(), publications);
    }

    /**
     * Publications that cannot go along to a partitioned table.
     *
     * @param addedToKey the columns that join the primary key, and with it the replica identity
     */
    private static List<Obstacle> natively(
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

    private static List<Obstacle> byTrigger(QualifiedName table, List<Publication> publications) {
        return publications.stream()
                .map(publication -> new Obstacle(
                        Feature.PUBLICATIONS,
                        "publication %s publishes it, and would not publish children that are made later"
                                .formatted(publication.name()),
                        Intent.USE_NATIVE
                                + ", or, where no subscriber needs its changes, "
                                + publication.dropTable(table)))
                .toList();
    }

    @Override
    public Refusal refusal() {
        return Refusal.UNFIT;
    }

    @Override
    public List<AnnouncedChange> changesForOthers(Intent intent) throws SQLException {
        List<AnnouncedChange> changes = new ArrayList<>();
        Table source = intent.source();
        for (Publication publication : new PublicationReader(intent.session()).read(source.oid())) {
            publication
                    .consequence(source.name())
                    .ifPresent(consequence -> changes.add(new AnnouncedChange(
                            Feature.PUBLICATIONS,
                            publication.name().name(),
                            "changes of the table",
                            "changes of its partitions",
                            consequence)));
        }
        return changes;
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) throws SQLException {
        PublicationReader reader = new PublicationReader(context.session());
        List<Publication> leaving = reader.read(context.leavingOid());
        Publications publications = new Publications(context.pair(), leaving, reader.read(context.enteringOid()));
        return context.isBack()
                ? List.of(publications)
                : List.of(publications, noticed(leaving, context.pair().liveName()));
    }

    private static Consequences noticed(List<Publication> publications, QualifiedName table) {
        return new Consequences(publications.stream()
                .flatMap(publication -> publication.consequence(table).stream())
                .toList());
    }
}
