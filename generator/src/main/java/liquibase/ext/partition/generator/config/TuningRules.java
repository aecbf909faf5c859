package liquibase.ext.partition.generator.config;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Whether the settings that tune a migration can be read. The engine decides; its reasons become problems. */
final class TuningRules {
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
        for (TuningKey key : TuningKey.values()) {
            TableEntry.scalar(settings.path(key.key()))
                    .filter(text -> !key.isOff(text))
                    .ifPresent(text -> check(path.child(key.key()), key, text));
        }
    }

    private void check(KeyPath path, TuningKey key, String text) {
        try {
            key.check(text);
        } catch (IllegalArgumentException e) {
            problems.add(document.problem(path, e.getMessage(), schema.example(path)));
            return;
        }
        if (key == TuningKey.THROTTLE_QUERY) {
            problems.addAll(NameRules.unprintable(
                    document,
                    path,
                    text,
                    "Write the query on one line and without it; a function of your own can hold it."));
        }
    }
}
