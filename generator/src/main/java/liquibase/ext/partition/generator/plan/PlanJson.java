package liquibase.ext.partition.generator.plan;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.exchange.ExchangeOutlook;
import liquibase.ext.partition.engine.exchange.ExchangeSpec;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.survey.Belonging;
import liquibase.ext.partition.engine.survey.Condition;
import liquibase.ext.partition.engine.survey.Estimate;
import liquibase.ext.partition.engine.survey.Survey;
import liquibase.ext.partition.engine.survey.TableSize;
import liquibase.ext.partition.engine.survey.sample.DefaultSample;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A plan as JSON for pipelines. {@code plan.schema.json} beside this class defines its shape. The code builds it by
 * hand and not from the records, so that renaming a component breaks no pipeline.
 */
public final class PlanJson {
    private static final JsonMapper MAPPER =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private PlanJson() {}

    /** The document, with a line feed at its end. */
    public static String of(DatabasePlan plan) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("database", plan.database());
        root.put("refused", plan.isRefused());
        ObjectNode summary = root.putObject("summary");
        summary.put("tables", plan.tables().size());
        for (TablePlan.Verdict verdict : TablePlan.Verdict.values()) {
            summary.put(verdict.word(), plan.count(verdict));
        }
        conditions(root.putArray("server"), plan.server());
        ArrayNode tables = root.putArray("tables");
        plan.tables().forEach(table -> table(tables.addObject(), table));
        ArrayNode exchanges = root.putArray("exchanges");
        plan.exchanges().forEach(exchange -> exchange(exchanges.addObject(), exchange));
        return MAPPER.writeValueAsString(root).replace("\r\n", "\n") + "\n";
    }

    private static void table(ObjectNode json, TablePlan table) {
        json.put("schemaName", table.spec().source().schema().name());
        json.put("tableName", table.spec().source().name().name());
        json.put("verdict", table.verdict().word());
        json.put("migration", table.begun().orElse(null));
        newTable(json.putObject("newTable"), table.spec());
        table.survey()
                .flatMap(Survey::size)
                .ifPresentOrElse(size -> size(json.putObject("size"), size), () -> json.putNull("size"));
        table.survey()
                .flatMap(Survey::estimate)
                .ifPresentOrElse(it -> estimate(json.putObject("estimate"), it), () -> json.putNull("estimate"));
        table.survey()
                .flatMap(Survey::sample)
                .ifPresentOrElse(
                        it -> sample(json.putObject("defaultPartition"), it), () -> json.putNull("defaultPartition"));
        ArrayNode refused = json.putArray("refused");
        ArrayNode changes = json.putArray("changes");
        ArrayNode comesAlong = json.putArray("comesAlong");
        ArrayNode settings = json.putArray("settings");
        table.survey().ifPresent(survey -> {
            survey.refused().forEach(it -> obstacle(refused.addObject(), it));
            survey.changes().forEach(it -> change(changes.addObject(), it));
            survey.comesAlong().forEach(it -> belonging(comesAlong.addObject(), it));
            conditions(settings, survey.conditions());
        });
    }

    private static void exchange(ObjectNode json, ExchangePlan exchange) {
        ExchangeSpec spec = exchange.spec();
        json.put("schemaName", spec.partition().schema().name());
        json.put("tableName", spec.partition().name().name());
        json.put("throughTableName", spec.through().map(it -> it.name().name()).orElse(null));
        json.put("verdict", exchange.verdict().word());
        json.put("exchange", exchange.begun().orElse(null));
        Optional<ExchangeOutlook> outlook = exchange.outlook();
        json.put(
                "parent",
                outlook.flatMap(ExchangeOutlook::parent)
                        .map(QualifiedName::toString)
                        .orElse(null));
        outlook.filter(it -> it.parent().isPresent())
                .ifPresentOrElse(
                        it -> size(
                                json.putObject("size"),
                                new TableSize(it.rows(), it.heapBytes(), it.indexBytes(), it.toastBytes())),
                        () -> json.putNull("size"));
        names(json.putArray("leaving"), outlook.map(ExchangeOutlook::leaving).orElse(List.of()));
        ArrayNode partitions = json.putArray("partitions");
        outlook.flatMap(ExchangeOutlook::layout)
                .ifPresent(layout -> layout.partitions()
                        .forEach(it -> partitions.add(it.name().name())));
        names(json.putArray("locked"), outlook.map(ExchangeOutlook::locked).orElse(List.of()));
        names(json.putArray("readBefore"), outlook.map(ExchangeOutlook::read).orElse(List.of()));
        ArrayNode refused = json.putArray("refused");
        outlook.ifPresent(it -> it.obstacles().forEach(one -> obstacle(refused.addObject(), one)));
    }

    private static void names(ArrayNode json, List<QualifiedName> tables) {
        tables.forEach(it -> json.add(it.toString()));
    }

    private static void newTable(ObjectNode json, NewTableSpec spec) {
        PartitionLayout layout = spec.layout();
        json.put("tableName", spec.newTableName().name());
        json.put("partitions", layout.partitions().size());
        json.put("interval", layout.interval().word());
        json.put("from", layout.from().toString());
        json.put("until", layout.until().toString());
        json.put("routing", spec.routing().word());
    }

    private static void size(ObjectNode json, TableSize size) {
        if (size.rows().isPresent()) {
            json.put("rows", size.rows().getAsLong());
        } else {
            json.putNull("rows");
        }
        json.put("heapBytes", size.heapBytes());
        json.put("indexBytes", size.indexBytes());
        json.put("toastBytes", size.toastBytes());
    }

    private static void estimate(ObjectNode json, Estimate estimate) {
        json.put("diskBytes", estimate.diskBytes());
        json.put("walBytes", estimate.walBytes());
        json.put("deltaBytesPerMillionRows", estimate.deltaBytesPerMillion());
        json.put("shortestSeconds", estimate.shortest().toSeconds());
        json.put("longestSeconds", estimate.longest().toSeconds());
        json.put("assumption", estimate.assumption());
    }

    private static void sample(ObjectNode json, DefaultSample sample) {
        json.put("tableName", sample.partition().name().name());
        json.put("sampledRows", sample.rows());
        json.put("wholeTable", sample.whole());
        json.put("rows", sample.aside().total());
        json.put("null", sample.aside().nulls());
        json.put("unreadable", sample.aside().unreadable());
        json.put("infinite", sample.aside().infinite());
        json.put("before", sample.aside().before());
        json.put("after", sample.aside().after());
        json.put("maxDefaultShare", sample.share().toString());
        json.put("exceeded", sample.isExceeded());
        json.put("sentence", sample.sentence());
    }

    private static void obstacle(ObjectNode json, Obstacle obstacle) {
        json.put("feature", obstacle.feature() == null ? null : word(obstacle.feature()));
        json.put("what", obstacle.what());
        json.put("remedy", obstacle.remedy());
    }

    private static void change(ObjectNode json, AnnouncedChange change) {
        json.put("feature", word(change.feature()));
        json.put("subject", change.subject());
        json.put("was", change.was());
        json.put("becomes", change.becomes());
        json.put("consequence", change.consequence());
    }

    private static void belonging(ObjectNode json, Belonging belonging) {
        json.put("feature", word(belonging.feature()));
        json.put("title", belonging.feature().title());
        json.put("when", word(belonging.feature().fate()));
        ArrayNode names = json.putArray("names");
        belonging.names().forEach(names::add);
    }

    private static void conditions(ArrayNode json, List<Condition> conditions) {
        for (Condition condition : conditions) {
            ObjectNode one = json.addObject();
            one.put("name", condition.name());
            one.put("value", condition.value());
            one.put("verdict", condition.verdict().word());
            one.put("sentence", condition.sentence());
        }
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
