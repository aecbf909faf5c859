package liquibase.ext.partition.generator.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Routing;
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
        return "%s: %s.%s Nothing was changed."
                .formatted(
                        plan.tables().size() == 1 ? "1 table" : plan.tables().size() + " tables",
                        String.join(", ", parts),
                        plan.isServerRefused() ? " The server is refused." : "");
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
