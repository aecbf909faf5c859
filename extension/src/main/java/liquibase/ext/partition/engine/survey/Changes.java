package liquibase.ext.partition.engine.survey;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.belonging.BelongingKinds;
import liquibase.ext.partition.engine.belonging.kind.Change;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.newtable.ColumnChange;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.partitioning.Uniqueness;
import liquibase.ext.partition.engine.sql.Identifier;

/** Announces things that come along, but changed. Needs no database: the table was read, and the new one is planned. */
final class Changes {
    private final Table source;
    private final NewTable plan;

    private Changes(Table source, NewTable plan) {
        this.source = source;
        this.plan = plan;
    }

    static List<Change> of(Table source, NewTable plan) {
        Changes changes = new Changes(source, plan);
        List<Change> all = new ArrayList<>();
        all.addAll(changes.types());
        changes.combinedColumn().ifPresent(all::add);
        all.addAll(changes.indexes());
        all.addAll(BelongingKinds.changes(source, plan));
        DefinitionChanges.of(source, plan.settings(), plan.key(), plan.spec().routing()).stream()
                .filter(change -> all.stream()
                        .noneMatch(told -> told.feature() == Feature.INDEXES
                                && change.feature() == Feature.INDEXES
                                && told.subject().equals(change.subject())))
                .toList()
                .forEach(all::add);
        return all;
    }

    private List<Change> types() {
        List<Change> changes = new ArrayList<>();
        for (ColumnChange change : plan.changes()) {
            Column column = source.column(change.column()).orElseThrow();
            String how = change.using().map(using -> "by " + using).orElse("by a cast");
            boolean widened = List.of("int2", "int4").contains(column.typeName())
                    && List.of("bigint", "int8").contains(change.type().toLowerCase(Locale.ROOT));
            String sequences = column.sequences().stream()
                    .filter(sequence -> widened && sequence.suppliesColumn())
                    .map(sequence -> " Its sequence %s becomes one of bigint.".formatted(sequence.name()))
                    .collect(Collectors.joining());
            changes.add(new Change(
                    Feature.COLUMNS,
                    change.column().name(),
                    column.type(),
                    change.type(),
                    "Values are converted %s, and back %s on rollback.%s"
                            .formatted(
                                    how,
                                    change.reverseUsing()
                                            .map(using -> "by " + using)
                                            .orElse("by a cast"),
                                    sequences)));
        }
        return changes;
    }

    private Optional<Change> combinedColumn() {
        return plan.key()
                .combinedColumn()
                .map(column -> new Change(
                        Feature.COLUMNS,
                        column.name(),
                        "",
                        "timestamp GENERATED ALWAYS AS (the time that decides the partition) STORED",
                        "A new column, the last one: SELECT * returns it, and nobody writes it."));
    }

    private List<Change> indexes() {
        List<Change> changes = new ArrayList<>();
        for (Index index : source.indexes()) {
            String was = index.constraint().orElse((index.unique() ? "UNIQUE " : "") + index.method());
            if (!index.valid()) {
                changes.add(new Change(
                        Feature.INDEXES,
                        index.name().name(),
                        was,
                        "",
                        "It is invalid (a CREATE INDEX CONCURRENTLY failed), so it is not made again. REINDEX INDEX CONCURRENTLY %s first if it is wanted."
                                .formatted(source.name().sibling(index.name()).quoted())));
                continue;
            }
            uniqueness(index, was).ifPresent(changes::add);
        }
        return changes;
    }

    private Optional<Change> uniqueness(Index index, String was) {
        Uniqueness uniqueness = Uniqueness.of(index, plan.key(), plan.spec().routing());
        String key = index.columns().isEmpty() ? "its expressions" : list(index.columns());
        String both = index.columns().isEmpty() ? "the same" : "the same " + key;
        String becomes = uniqueness.completed(was, plan.key());
        return switch (uniqueness) {
            case KEPT -> Optional.empty();
            case WITH_PARTITION_KEY ->
                Optional.of(new Change(
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
                Optional.of(new Change(
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
                Optional.of(new Change(
                        Feature.INDEXES,
                        index.name().name(),
                        was,
                        was + " on each child",
                        "Rows with %s are no longer refused where they are in different children. INSERT … ON CONFLICT (%s) inserts new keys, and fails on one that its child has already."
                                .formatted(both, key)));
        };
    }

    private static String list(List<Identifier> columns) {
        return columns.stream().map(Identifier::name).collect(Collectors.joining(", "));
    }
}
