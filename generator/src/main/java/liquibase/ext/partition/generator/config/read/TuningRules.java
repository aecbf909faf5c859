package liquibase.ext.partition.generator.config.read;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.attribute.TuningAttribute.Kind;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.generator.config.document.ConfigDocument;
import liquibase.ext.partition.generator.config.document.KeyPath;
import liquibase.ext.partition.generator.config.document.Problem;
import tools.jackson.databind.JsonNode;

/** Whether the settings that tune a migration can be read. The engine decides; its reasons become problems. */
final class TuningRules {
    private static final Set<Kind> KINDS_OF_SCHEMA = EnumSet.of(Kind.NUMBER, Kind.COUNT, Kind.CHOICE, Kind.NAMES);

    private final ConfigDocument document;
    private final SchemaDocument schema;
    private final List<Problem> problems = new ArrayList<>();

    TuningRules(ConfigDocument document, SchemaDocument schema) {
        this.document = document;
        this.schema = schema;
    }

    List<Problem> problems(List<TableEntry> tables) {
        check(KeyPath.ROOT.child(TableEntry.DEFAULTS), document.root().path(TableEntry.DEFAULTS));
        tables.forEach(table -> check(table.path(), table.json()));
        return problems;
    }

    private void check(KeyPath path, JsonNode settings) {
        for (TuningAttribute setting : TuningAttribute.OF_CONFIG) {
            TableEntry.scalar(settings.path(setting.attributeName()))
                    .filter(text -> !isOff(setting, text) && !isCheckedBySchema(setting))
                    .ifPresent(text -> check(path.child(setting.attributeName()), setting, text));
        }
    }

    /** Whether the schema reports the problem: it cannot check a number where a word is allowed too. */
    private static boolean isCheckedBySchema(TuningAttribute setting) {
        return KINDS_OF_SCHEMA.contains(setting.kind()) && !setting.canBeOff();
    }

    /** Whether a table cancels the setting of the defaults. */
    static boolean isOff(TuningAttribute setting, String text) {
        return setting.canBeOff() && GivenPace.isOff(text);
    }

    private void check(KeyPath path, TuningAttribute setting, String text) {
        try {
            setting.check(text);
        } catch (IllegalArgumentException e) {
            problems.add(document.problem(path, e.getMessage(), schema.example(path)));
            return;
        }
        if (setting == TuningAttribute.THROTTLE_QUERY) {
            problems.addAll(NameRules.unprintable(
                    document,
                    path,
                    text,
                    "Write the query on one line and without it; a function of your own can hold it."));
        }
    }
}
