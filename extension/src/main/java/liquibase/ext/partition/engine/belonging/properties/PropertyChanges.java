package liquibase.ext.partition.engine.belonging.properties;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.properties.ColumnProperties;
import liquibase.ext.partition.engine.catalog.properties.ReplicaIdentity;
import liquibase.ext.partition.engine.catalog.properties.StorageParameter;
import liquibase.ext.partition.engine.catalog.properties.TableProperties;
import liquibase.ext.partition.engine.newtable.ColumnStatistics;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.newtable.PartitionedIndex;

/** Announces the properties that come along, but changed. Pure. */
final class PropertyChanges {
    private final Table source;
    private final NewTable plan;

    private PropertyChanges(Table source, NewTable plan) {
        this.source = source;
        this.plan = plan;
    }

    static List<AnnouncedChange> of(Table source, NewTable plan) {
        PropertyChanges properties = new PropertyChanges(source, plan);
        List<AnnouncedChange> changes = new ArrayList<>();
        source.indexes().stream()
                .filter(Index::valid)
                .flatMap(index -> properties.replicaIdentity(index).stream())
                .forEach(changes::add);
        plan.properties().columns().stream()
                .flatMap(column -> statistics(column).stream())
                .forEach(changes::add);
        properties.parameters().ifPresent(changes::add);
        return changes;
    }

    private Optional<AnnouncedChange> replicaIdentity(Index index) {
        TableProperties properties = plan.properties();
        PartitionedIndex partitioned = new PartitionedIndex(
                index, properties.index(index.name()), plan.key(), plan.spec().routing());
        boolean identifies = properties.replicaIdentity() == ReplicaIdentity.DEFAULT && index.primaryKey()
                || partitioned.properties().replicaIdentity();
        return identifies && partitioned.addsPartitionKey()
                ? Optional.of(new AnnouncedChange(
                        Feature.REPLICA_IDENTITY,
                        index.name().name(),
                        definition(index, index.constraint().orElse(index.method())),
                        definition(index, partitioned.definition()),
                        "Logical replication names an updated or deleted row by %s too.".formatted(plan.key())))
                : Optional.empty();
    }

    private static String definition(Index index, String definition) {
        return index.unique() && index.constraint().isEmpty() ? "UNIQUE " + definition : definition;
    }

    private static Optional<AnnouncedChange> statistics(ColumnProperties column) {
        List<StorageParameter> becomes = ColumnStatistics.optionsOfParent(column);
        return becomes.equals(column.options())
                ? Optional.empty()
                : Optional.of(
                        new AnnouncedChange(
                                Feature.STATISTICS_TARGETS,
                                column.column().name(),
                                words(column.options()),
                                words(becomes),
                                "The planner reads n_distinct_inherited of a table with partitions where it read n_distinct before."));
    }

    private Optional<AnnouncedChange> parameters() {
        List<StorageParameter> parameters = plan.properties().parameters();
        return parameters.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new AnnouncedChange(
                                Feature.STORAGE_PARAMETERS,
                                source.name().name().name(),
                                words(parameters),
                                words(parameters) + " on each partition",
                                "A partitioned table has no storage parameters. Thresholds count the rows of one partition, and a partition that is made later needs the parameters said again."));
    }

    private static String words(List<StorageParameter> parameters) {
        return parameters.stream().map(StorageParameter::toString).collect(Collectors.joining(", "));
    }
}
