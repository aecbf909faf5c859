package liquibase.ext.partition.generator.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.exchange.ExchangeOutlook;
import liquibase.ext.partition.engine.exchange.ExchangeSpec;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.survey.Belonging;
import liquibase.ext.partition.engine.survey.Condition;
import liquibase.ext.partition.engine.survey.Estimate;
import liquibase.ext.partition.engine.survey.Survey;
import liquibase.ext.partition.engine.survey.TableSize;
import liquibase.ext.partition.engine.survey.sample.DefaultSample;
import org.apache.commons.text.WordUtils;

/** A plan as text for people: first what is refused, then what they should know, then what is as they expect. */
public final class PlanText {
    private static final int WIDTH = 110;
    private static final int MOST_NAMES = 8;
    private static final int LABEL = 12;
    private static final Pattern CONTROL = Pattern.compile("[\\p{Cntrl}\\p{Zl}\\p{Zp}\\p{Cf}]");

    private final StringBuilder text = new StringBuilder();

    private PlanText() {}

    /** The text, with a line feed at its end. */
    public static String of(DatabasePlan plan) {
        PlanText text = new PlanText();
        plan.tables().forEach(text::table);
        plan.exchanges().forEach(text::exchange);
        text.line("Server of database " + plan.database());
        text.conditions(plan.server());
        text.line("");
        text.line(summary(plan));
        return text.text.toString();
    }

    private void table(TablePlan table) {
        line(table.spec().source() + ": "
                + switch (table.verdict()) {
                    case PARTITIONABLE ->
                        "can be partitioned"
                                + (table.isToBeLookedAt() ? ", but look at its default partition first" : "");
                    case BEGUN -> "its migration has begun";
                    case REFUSED -> "REFUSED";
                });
        table.begun().ifPresent(begun -> wrapped("  ", begun));
        table.survey().ifPresent(this::survey);
        line("");
    }

    private void exchange(ExchangePlan exchange) {
        ExchangeSpec spec = exchange.spec();
        line("Exchange of %s%s: %s"
                .formatted(
                        spec.partition(),
                        spec.through().map(it -> " through " + it).orElse(""),
                        switch (exchange.verdict()) {
                            case EXCHANGEABLE -> "can be made";
                            case BEGUN -> "has begun";
                            case REFUSED -> "REFUSED";
                        }));
        exchange.begun().ifPresent(begun -> wrapped("  ", begun));
        exchange.outlook().ifPresent(this::outlook);
        line("");
    }

    private void outlook(ExchangeOutlook outlook) {
        if (outlook.isRefused()) {
            line("  What stands in the way");
            outlook.obstacles().forEach(this::obstacle);
        }
        if (outlook.parent().isEmpty()) {
            return;
        }
        line("  What it is");
        labelled("table", outlook.parent().get().toString());
        size(new TableSize(outlook.rows(), outlook.heapBytes(), outlook.indexBytes(), outlook.toastBytes()));
        outlook.layout().ifPresent(layout -> {
            int count = layout.partitions().size();
            labelled(
                    "becomes",
                    "%s by %s from %s until %s, in %s until the exchange"
                            .formatted(
                                    count == 1 ? "1 partition" : Figures.number(count) + " partitions",
                                    layout.interval().word(),
                                    layout.from(),
                                    layout.until(),
                                    outlook.spec().stagingName()));
            labelled(
                    "disk",
                    "about as much again until the backup is dropped, and as much WAL as is copied and indexed");
        });
        labelled(
                "lock",
                "ACCESS EXCLUSIVE for a moment, on %s; the other partitions are not locked"
                        .formatted(listed(outlook.locked())));
        if (!outlook.read().isEmpty()) {
            labelled(
                    "read before",
                    "%s, once, while writers go on, so that nothing is read under the lock"
                            .formatted(listed(outlook.read())));
        }
    }

    private static String listed(List<QualifiedName> tables) {
        return tables.stream().limit(MOST_NAMES).map(QualifiedName::toString).collect(Collectors.joining(", "))
                + (tables.size() > MOST_NAMES ? " and %d more".formatted(tables.size() - MOST_NAMES) : "");
    }

    private void survey(Survey survey) {
        if (survey.isRefused()) {
            line("  What stands in the way");
            survey.refused().forEach(this::obstacle);
        }
        Optional<DefaultSample> misplaced = survey.sample().filter(DefaultSample::isExceeded);
        if (misplaced.isPresent() && misplaced.get().obstacle().isEmpty()) {
            line("  What to look at first");
            wrapped("    - ", "      ", misplaced.get().sentence());
        }
        if (survey.size().isEmpty()) {
            return;
        }
        line("  What it is");
        size(survey.size().get());
        newTable(survey.spec());
        if (misplaced.isEmpty()) {
            survey.sample().ifPresent(sample -> labelled("sample", sample.sentence()));
        }
        survey.estimate().ifPresent(this::estimate);
        if (!survey.changes().isEmpty()) {
            line("  What changes");
            survey.changes().forEach(this::change);
        }
        line("  What comes along");
        for (Feature.Fate fate : Feature.Fate.values()) {
            List<Belonging> some = survey.comesAlong().stream()
                    .filter(it -> it.feature().fate() == fate)
                    .toList();
            if (!some.isEmpty()) {
                line("    " + fate.words());
                some.forEach(this::belonging);
            }
        }
        line("  Settings");
        conditions(survey.conditions());
    }

    private void obstacle(Obstacle obstacle) {
        wrapped("    - ", "      ", obstacle.what());
        if (!obstacle.remedy().isEmpty()) {
            wrapped("      → ", "        ", obstacle.remedy());
        }
    }

    private void size(TableSize size) {
        labelled(
                "rows",
                size.rows().isPresent()
                        ? "about " + Figures.number(size.rows().getAsLong())
                        : "not known: it was never analyzed");
        labelled(
                "size",
                "%s: rows %s, indexes %s, TOAST %s"
                        .formatted(
                                Figures.bytes(size.bytes()),
                                Figures.bytes(size.heapBytes()),
                                Figures.bytes(size.indexBytes()),
                                Figures.bytes(size.toastBytes())));
    }

    private void newTable(NewTableSpec spec) {
        PartitionLayout layout = spec.layout();
        int count = layout.partitions().size();
        labelled(
                "new table",
                "%s: %s by %s from %s until %s, and a default partition%s"
                        .formatted(
                                spec.newTable(),
                                count == 1 ? "1 partition" : Figures.number(count) + " partitions",
                                layout.interval().word(),
                                layout.interval().write(layout.from()),
                                layout.interval().write(layout.until()),
                                spec.routing() == Routing.TRIGGER ? "; triggers route the rows" : ""));
    }

    private void estimate(Estimate estimate) {
        labelled("disk", "about %s more until the backup is dropped".formatted(Figures.bytes(estimate.diskBytes())));
        labelled(
                "delta",
                "about %s more for a million rows that are written: during the copy, and then, while the swap and the drop wait for approval, from one update that passes by to the next"
                        .formatted(Figures.bytes(estimate.deltaBytesPerMillion())));
        labelled("WAL", "about " + Figures.bytes(estimate.walBytes()));
        labelled(
                "time",
                "%s; reckoned with %s"
                        .formatted(Figures.span(estimate.shortest(), estimate.longest()), estimate.assumption()));
    }

    private void change(AnnouncedChange change) {
        line("    " + change.subject());
        if (!change.was().isEmpty() && !change.becomes().equals("the same")) {
            wrapped("      - ", "        ", change.was());
        }
        if (!change.becomes().isEmpty() && !change.becomes().equals("the same")) {
            wrapped("      + ", "        ", change.becomes());
        }
        wrapped("      ", change.consequence());
    }

    private void belonging(Belonging belonging) {
        List<String> names = belonging.names();
        String listed = names.stream().limit(MOST_NAMES).collect(Collectors.joining(", "))
                + (names.size() > MOST_NAMES ? " and %d more".formatted(names.size() - MOST_NAMES) : "");
        String title = belonging.feature().title().replaceFirst(":.*", "")
                + (names.size() > 1 ? " (" + names.size() + ")" : "");
        wrapped("      " + title + ": ", "        ", listed);
    }

    private void conditions(List<Condition> conditions) {
        int names = conditions.stream().mapToInt(it -> it.name().length()).max().orElse(0);
        for (Condition condition : conditions) {
            String mark = switch (condition.verdict()) {
                case OK -> "  ok      ";
                case ADVICE -> "  look    ";
                case REFUSED -> "  REFUSED ";
            };
            String head = "  " + mark + pad(condition.name(), names) + "  ";
            wrapped(head, " ".repeat(head.length()), condition.value() + ". " + condition.sentence());
        }
    }

    private static String summary(DatabasePlan plan) {
        List<String> parts = new ArrayList<>();
        long partitionable = plan.count(TablePlan.Verdict.PARTITIONABLE);
        long begun = plan.count(TablePlan.Verdict.BEGUN);
        long refused = plan.count(TablePlan.Verdict.REFUSED);
        parts.add("%d can be partitioned".formatted(partitionable));
        if (begun > 0) {
            parts.add("%d begun".formatted(begun));
        }
        parts.add("%d refused".formatted(refused));
        long lookedAt = plan.tables().stream().filter(TablePlan::isToBeLookedAt).count();
        if (lookedAt > 0) {
            parts.add("%d to look at".formatted(lookedAt));
        }
        String tables = "%s: %s."
                .formatted(
                        plan.tables().size() == 1 ? "1 table" : plan.tables().size() + " tables",
                        String.join(", ", parts));
        String exchanges = exchanges(plan);
        return "%s%s Nothing was changed."
                .formatted(
                        exchanges.isEmpty() ? tables : plan.tables().isEmpty() ? exchanges : tables + " " + exchanges,
                        plan.isServerRefused() ? " The server is refused." : "");
    }

    private static String exchanges(DatabasePlan plan) {
        if (plan.exchanges().isEmpty()) {
            return "";
        }
        long begun = plan.count(ExchangePlan.Verdict.BEGUN);
        return "%s: %d can be made%s, %d refused."
                .formatted(
                        plan.exchanges().size() == 1
                                ? "1 exchange"
                                : plan.exchanges().size() + " exchanges",
                        plan.count(ExchangePlan.Verdict.EXCHANGEABLE),
                        begun > 0 ? ", %d begun".formatted(begun) : "",
                        plan.count(ExchangePlan.Verdict.REFUSED));
    }

    private void labelled(String label, String value) {
        wrapped("    " + pad(label, LABEL), " ".repeat(LABEL + 4), value);
    }

    private static String pad(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }

    private void wrapped(String indent, String words) {
        wrapped(indent, indent, words);
    }

    /**
     * Names and expressions in the catalog may contain line ends, and characters that a terminal would obey; these
     * become spaces here.
     *
     * @param first the beginning of the first line; at least as long as {@code others}
     * @param others the beginning of every other line
     */
    private void wrapped(String first, String others, String words) {
        String all = first + CONTROL.matcher(words).replaceAll(" ").strip().replaceAll(" +", " ");
        int indent = others.length();
        String wrapped = WordUtils.wrap(all.substring(indent), WIDTH - indent, "\n" + others, false);
        (all.substring(0, indent) + wrapped).lines().forEach(this::line);
    }

    private void line(String line) {
        text.append(CONTROL.matcher(line).replaceAll(" ").stripTrailing()).append('\n');
    }
}
