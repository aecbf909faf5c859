package liquibase.ext.partition.generator.changelog;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import liquibase.ext.partition.generator.config.ExchangeConfig;
import liquibase.ext.partition.generator.config.TableConfig;
import liquibase.ext.partition.generator.config.TablesConfig;

/**
 * Makes the changelog of a config: one file with the changesets of all its tables and exchanges. So whether a changelog
 * includes the file or all files of its folder, it has each changeset once. Writes nothing.
 */
public final class ChangelogGenerator {
    private static final String NAME = "changelog";

    private final Templates templates;

    private ChangelogGenerator(Templates templates) {
        this.templates = templates;
    }

    /** A generator with the templates in the jar. */
    public static ChangelogGenerator withBuiltInTemplates() {
        return new ChangelogGenerator(Templates.builtIn());
    }

    /**
     * A generator that takes each template from {@code directory} if it has one of that name, and from the jar
     * otherwise.
     *
     * @throws TemplateFailureException when there is no such directory, or nothing in it would replace a template
     */
    public static ChangelogGenerator withTemplatesOf(Path directory) throws TemplateFailureException, IOException {
        return new ChangelogGenerator(Templates.overriddenBy(directory));
    }

    /**
     * The changelog of a config, with its tables in the order of the config, and then its exchanges.
     *
     * @throws TemplateFailureException when a template fails, or what it gives is not well-formed
     */
    public ChangelogFile generate(TablesConfig config, ChangelogFormat format)
            throws TemplateFailureException, IOException {
        List<Map<String, Object>> tables = new ArrayList<>();
        for (TableConfig table : config.tables()) {
            tables.add(withChangesets(TableModel.of(table), "the table " + table.tableName(), format));
        }
        for (ExchangeConfig exchange : config.exchanges()) {
            tables.add(withChangesets(
                    TableModel.of(exchange), "the exchange of the partition " + exchange.tableName(), format));
        }
        String template = templateName(NAME, format);
        String name = NAME + "." + format.extension();
        String text = templates.render(template, Map.of("marker", ChangelogFile.MARKER, "tables", tables));
        format.requireWellFormed(template, name, text);
        return new ChangelogFile(name, text);
    }

    private Map<String, Object> withChangesets(Map<String, Object> model, String what, ChangelogFormat format)
            throws TemplateFailureException, IOException {
        String template = templateName("table", format);
        String changesets = templates.render(template, model);
        format.requireWellFormedPart(template, what, changesets);
        model.put("changesets", changesets);
        return model;
    }

    private static String templateName(String name, ChangelogFormat format) {
        return name + "." + format.extension() + ".ftl";
    }
}
