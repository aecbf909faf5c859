package liquibase.ext.partition.engine.survey;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.belonging.part.Change;
import liquibase.ext.partition.engine.belonging.triggers.RowTriggers;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.newtable.ColumnChange;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.partitioning.Uniqueness;
import liquibase.ext.partition.engine.routing.TriggerRouting;
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
        all.addAll(changes.triggers());
        all.addAll(changes.grants());
        SettingsChanges.of(source, plan.settings(), plan.key(), plan.spec().routing()).stream()
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

    private List<Change> triggers() {
        boolean routed = plan.spec().routing() == Routing.TRIGGER;
        List<Change> changes = new ArrayList<>();
        for (Trigger trigger : source.triggers()) {
            List<String> consequences = new ArrayList<>();
            boolean onChildren = routed && TriggerRouting.onChildren(trigger).isPresent();
            if (onChildren) {
                consequences.add(
                        "It fires on the children, with the rights of whoever writes: grant on them what is granted on the table later.");
            }
            RowTriggers.consequence(trigger, plan.key().columns(), plan.spec().routing())
                    .ifPresent(consequences::add);
            if (!consequences.isEmpty()) {
                changes.add(change(
                        trigger,
                        !routed
                                ? "on each partition"
                                : !onChildren
                                        ? "on the table"
                                        : TriggerRouting.belongsOnParent(trigger)
                                                ? "on the table for INSERT, on each child for the rest"
                                                : "on each child",
                        String.join(" ", consequences)));
            }
        }
        return changes;
    }

    private List<Change> grants() {
        return source.grants().stream()
                .filter(grant -> grant.grantor().isPresent())
                .map(grant -> {
                    String privilege = grant.privilege()
                            + grant.column()
                                    .map(column -> " (" + column.name() + ")")
                                    .orElse("");
                    return new Change(
                            Feature.GRANTS,
                            grant.grantee().map(Identifier::name).orElse("PUBLIC"),
                            "%s by %s"
                                    .formatted(
                                            privilege,
                                            grant.grantor().orElseThrow().name()),
                            "%s by %s".formatted(privilege, source.owner().name()),
                            "Only a role itself can grant in its name, so the owner grants it; who passed it on can no longer revoke it.");
                })
                .toList();
    }

    private static Change change(Trigger trigger, String becomes, String consequence) {
        return new Change(Feature.TRIGGERS, trigger.name().name(), "on the table", becomes, consequence);
    }

    private static String list(List<Identifier> columns) {
        return columns.stream().map(Identifier::name).collect(Collectors.joining(", "));
    }
}
