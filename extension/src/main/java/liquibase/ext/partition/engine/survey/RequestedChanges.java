package liquibase.ext.partition.engine.survey;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.newtable.ColumnChange;
import liquibase.ext.partition.engine.newtable.NewTable;

/** Announces the changes of columns that people have requested themselves: another type, a combined column. Pure. */
final class RequestedChanges {
    private final Table source;
    private final NewTable plan;

    private RequestedChanges(Table source, NewTable plan) {
        this.source = source;
        this.plan = plan;
    }

    static List<AnnouncedChange> of(Table source, NewTable plan) {
        RequestedChanges requested = new RequestedChanges(source, plan);
        List<AnnouncedChange> changes = new ArrayList<>(requested.types());
        requested.combinedColumn().ifPresent(changes::add);
        return changes;
    }

    private List<AnnouncedChange> types() {
        List<AnnouncedChange> changes = new ArrayList<>();
        for (ColumnChange change : plan.changes()) {
            Column column = source.column(change.column()).orElseThrow();
            String how = change.using().map(using -> "by " + using).orElse("by a cast");
            boolean widened = List.of("int2", "int4").contains(column.typeName())
                    && List.of("bigint", "int8").contains(change.type().toLowerCase(Locale.ROOT));
            String sequences = column.sequences().stream()
                    .filter(sequence -> widened && sequence.suppliesColumn())
                    .map(sequence -> " Its sequence %s becomes one of bigint.".formatted(sequence.name()))
                    .collect(Collectors.joining());
            changes.add(new AnnouncedChange(
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

    private Optional<AnnouncedChange> combinedColumn() {
        return plan.key()
                .combinedColumn()
                .map(column -> new AnnouncedChange(
                        Feature.COLUMNS,
                        column.name(),
                        "",
                        "timestamp GENERATED ALWAYS AS (the time that decides the partition) STORED",
                        "A new column, the last one: SELECT * returns it, and nobody writes it."));
    }
}
