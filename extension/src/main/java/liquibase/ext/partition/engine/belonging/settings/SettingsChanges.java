package liquibase.ext.partition.engine.belonging.settings;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.belonging.kind.Change;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.settings.ColumnSettings;
import liquibase.ext.partition.engine.catalog.settings.ReplicaIdentity;
import liquibase.ext.partition.engine.catalog.settings.StorageParameter;
import liquibase.ext.partition.engine.catalog.settings.TableSettings;
import liquibase.ext.partition.engine.newtable.ColumnStatistics;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.newtable.PartitionedIndex;

/** Announces the settings that come along, but changed. Pure. */
final class SettingsChanges {
    private final Table source;
    private final NewTable plan;

    private SettingsChanges(Table source, NewTable plan) {
        this.source = source;
        this.plan = plan;
    }

    static List<Change> of(Table source, NewTable plan) {
        SettingsChanges settings = new SettingsChanges(source, plan);
        List<Change> changes = new ArrayList<>();
        source.indexes().stream()
                .filter(Index::valid)
                .flatMap(index -> settings.replicaIdentity(index).stream())
                .forEach(changes::add);
        plan.settings().columns().stream()
                .flatMap(column -> statistics(column).stream())
                .forEach(changes::add);
        settings.parameters().ifPresent(changes::add);
        return changes;
    }

    private Optional<Change> replicaIdentity(Index index) {
        TableSettings settings = plan.settings();
        PartitionedIndex partitioned = new PartitionedIndex(
                index, settings.index(index.name()), plan.key(), plan.spec().routing());
        boolean identifies = settings.replicaIdentity() == ReplicaIdentity.DEFAULT && index.primaryKey()
                || partitioned.settings().replicaIdentity();
        return identifies && partitioned.addsPartitionKey()
                ? Optional.of(new Change(
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

    private static Optional<Change> statistics(ColumnSettings column) {
        List<StorageParameter> becomes = ColumnStatistics.optionsOfParent(column);
        return becomes.equals(column.options())
                ? Optional.empty()
                : Optional.of(
                        new Change(
                                Feature.STATISTICS_TARGETS,
                                column.column().name(),
                                words(column.options()),
                                words(becomes),
                                "The planner reads n_distinct_inherited of a table with partitions where it read n_distinct before."));
    }

    private Optional<Change> parameters() {
        List<StorageParameter> parameters = plan.settings().parameters();
        return parameters.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new Change(
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
