package liquibase.ext.partition.engine.survey;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.belonging.kind.Change;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.settings.Check;
import liquibase.ext.partition.engine.catalog.settings.ColumnSettings;
import liquibase.ext.partition.engine.catalog.settings.ReplicaIdentity;
import liquibase.ext.partition.engine.catalog.settings.StorageParameter;
import liquibase.ext.partition.engine.catalog.settings.TableSettings;
import liquibase.ext.partition.engine.newtable.ColumnStatistics;
import liquibase.ext.partition.engine.newtable.PartitionedIndex;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.Routing;

/** The differences in the table's own definition after the swap: its indexes, checks and settings. Pure. */
public final class DefinitionChanges {
    private DefinitionChanges() {}

    /**
     * @param source the table as it is before the swap
     * @param key the new table's partition key
     */
    public static List<Change> of(Table source, TableSettings settings, PartitionKey key, Routing routing) {
        List<Change> changes = new ArrayList<>();
        for (Index index : source.indexes()) {
            indexChanges(changes, index, settings, key, routing);
        }
        for (Check check : settings.checks()) {
            if (!check.inherited()) {
                changes.add(
                        new Change(
                                Feature.CHECKS,
                                check.name().name(),
                                check.expression() + " NO INHERIT",
                                check.expression(),
                                "A partitioned table cannot have a check that its partitions have not; it holds for the same rows."));
            }
        }
        for (ColumnSettings column : settings.columns()) {
            if (!ColumnStatistics.optionsOfParent(column).equals(column.options())) {
                changes.add(
                        new Change(
                                Feature.STATISTICS_TARGETS,
                                column.column().name(),
                                words(column.options()),
                                words(ColumnStatistics.optionsOfParent(column)),
                                "The planner reads n_distinct_inherited of a table with partitions where it read n_distinct before."));
            }
        }
        if (!settings.parameters().isEmpty()) {
            changes.add(
                    new Change(
                            Feature.STORAGE_PARAMETERS,
                            source.name().name().name(),
                            words(settings.parameters()),
                            words(settings.parameters()) + " on each partition",
                            "A partitioned table has no storage parameters. Thresholds count the rows of one partition, and a partition that is made later needs the parameters said again."));
        }
        return List.copyOf(changes);
    }

    private static void indexChanges(
            List<Change> changes, Index index, TableSettings settings, PartitionKey key, Routing routing) {
        String name = index.name().name();
        String was = definition(index, index.constraint().orElse(index.method()));
        if (!index.valid()) {
            changes.add(new Change(
                    Feature.INDEXES, name, was, "", "It is not valid, so no query uses it, and it is left out."));
            return;
        }
        PartitionedIndex partitioned = new PartitionedIndex(index, settings.index(index.name()), key, routing);
        String becomes = definition(index, partitioned.definition());
        if (partitioned.addsPartitionKey()) {
            changes.add(new Change(
                    Feature.INDEXES,
                    name,
                    was,
                    becomes,
                    "PostgreSQL keeps it unique among rows of the same %s only.".formatted(key)));
        } else if (partitioned.isOfPartitionsOnly()) {
            changes.add(new Change(
                    Feature.INDEXES,
                    name,
                    was,
                    was + " on each partition by itself",
                    "The partition key (%s) cannot be part of it: it is unique within each partition only, and the table itself has no index of that name."
                            .formatted(key)));
        } else if (index.unique() && routing == Routing.TRIGGER) {
            changes.add(new Change(
                    Feature.INDEXES,
                    name,
                    was,
                    was + " on each child by itself",
                    "It is unique within each child only."));
        }
        if (partitioned.isClusteredInPartitionsOnly()) {
            changes.add(new Change(
                    Feature.INDEXES,
                    name,
                    "CLUSTER goes by it",
                    "CLUSTER goes by it in each partition",
                    "A partitioned table cannot be marked so; CLUSTER takes its partitions one by one."));
        }
        identityChange(index, settings, partitioned)
                .ifPresent(it -> changes.add(new Change(
                        Feature.REPLICA_IDENTITY,
                        name,
                        was,
                        becomes,
                        "Logical replication names an updated or deleted row by %s too.".formatted(key))));
    }

    private static Optional<PartitionedIndex> identityChange(
            Index index, TableSettings settings, PartitionedIndex partitioned) {
        boolean identifies = settings.replicaIdentity() == ReplicaIdentity.DEFAULT && index.primaryKey()
                || partitioned.settings().replicaIdentity();
        return Optional.of(partitioned).filter(it -> identifies && it.addsPartitionKey());
    }

    private static String definition(Index index, String definition) {
        return index.unique() && index.constraint().isEmpty() ? "UNIQUE " + definition : definition;
    }

    private static String words(List<StorageParameter> parameters) {
        return parameters.stream().map(StorageParameter::toString).collect(Collectors.joining(", "));
    }
}
