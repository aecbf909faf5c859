package liquibase.ext.partition.engine.belonging.indexes;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.newtable.PartitionedIndex;
import liquibase.ext.partition.engine.partitioning.Uniqueness;
import liquibase.ext.partition.engine.sql.Identifier;

/** Announces the indexes that come along, but changed, and those that do not. Pure. */
final class IndexChanges {
    private final Table source;
    private final NewTable plan;

    private IndexChanges(Table source, NewTable plan) {
        this.source = source;
        this.plan = plan;
    }

    static List<AnnouncedChange> of(Table source, NewTable plan) {
        return new IndexChanges(source, plan).list();
    }

    private List<AnnouncedChange> list() {
        List<AnnouncedChange> changes = new ArrayList<>();
        for (Index index : source.indexes()) {
            String was = index.constraint().orElse((index.unique() ? "UNIQUE " : "") + index.method());
            if (!index.valid()) {
                changes.add(new AnnouncedChange(
                        Feature.INDEXES,
                        index.name().name(),
                        was,
                        "",
                        "It is invalid (a CREATE INDEX CONCURRENTLY failed), so it is not made again. REINDEX INDEX CONCURRENTLY %s first if it is wanted."
                                .formatted(source.name().sibling(index.name()).quoted())));
                continue;
            }
            uniqueness(index, was).ifPresent(changes::add);
            clustered(index).ifPresent(changes::add);
        }
        return changes;
    }

    private Optional<AnnouncedChange> uniqueness(Index index, String was) {
        Uniqueness uniqueness = Uniqueness.of(index, plan.key(), plan.spec().routing());
        String key = index.columns().isEmpty() ? "its expressions" : list(index.columns());
        String both = index.columns().isEmpty() ? "the same" : "the same " + key;
        String becomes = uniqueness.completed(was, plan.key());
        return switch (uniqueness) {
            case KEPT -> Optional.empty();
            case WITH_PARTITION_KEY ->
                Optional.of(new AnnouncedChange(
                        Feature.INDEXES,
                        index.name().name(),
                        was,
                        becomes,
                        "Rows with %s are no longer refused where %s differs. INSERT … ON CONFLICT (%s) finds no such index any more; name %s too."
                                .formatted(
                                        both,
                                        list(plan.key().columns()),
                                        key,
                                        list(plan.key().columns()))));
            case OF_EACH_PARTITION ->
                Optional.of(new AnnouncedChange(
                        Feature.INDEXES,
                        index.name().name(),
                        was,
                        was + " on each partition",
                        "Rows with %s are no longer refused where they are in different partitions, and %s has no such %s itself. INSERT … ON CONFLICT (%s) fails."
                                .formatted(
                                        both,
                                        source.name().name(),
                                        index.primaryKey() ? "primary key" : "index",
                                        key)));
            case OF_EACH_CHILD ->
                Optional.of(new AnnouncedChange(
                        Feature.INDEXES,
                        index.name().name(),
                        was,
                        was + " on each child",
                        "Rows with %s are no longer refused where they are in different children. INSERT … ON CONFLICT (%s) inserts new keys, and fails on one that its child has already."
                                .formatted(both, key)));
        };
    }

    private Optional<AnnouncedChange> clustered(Index index) {
        PartitionedIndex partitioned = new PartitionedIndex(
                index,
                plan.properties().index(index.name()),
                plan.key(),
                plan.spec().routing());
        return partitioned.isClusteredInPartitionsOnly()
                ? Optional.of(new AnnouncedChange(
                        Feature.INDEXES,
                        index.name().name(),
                        "CLUSTER goes by it",
                        "CLUSTER goes by it in each partition",
                        "A partitioned table cannot be marked so; CLUSTER takes its partitions one by one."))
                : Optional.empty();
    }

    private static String list(List<Identifier> columns) {
        return columns.stream().map(Identifier::name).collect(Collectors.joining(", "));
    }
}
