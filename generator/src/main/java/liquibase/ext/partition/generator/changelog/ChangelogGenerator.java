package liquibase.ext.partition.generator.changelog;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import liquibase.ext.partition.generator.config.TableConfig;
import liquibase.ext.partition.generator.config.TablesConfig;

/** Makes changelogs of a config: a root that includes a file for each table. Writes nothing. */
public final class ChangelogGenerator {
    private static final String ROOT = "changelog";

    private final Templates templates;

    private ChangelogGenerator(Templates templates) {
        this.templates = templates;
    }

    /** A generator with the templates in the jar. */
    public static ChangelogGenerator withBuiltInTemplates() {
        return new ChangelogGenerator(Templates.builtIn());
    }

    /**
     * A generator that takes a template from {@code directory} if one of that name is there, and from the jar otherwise.
     *
     * @throws TemplateFailureException when there is no such directory, or nothing in it would replace a template
     */
    public static ChangelogGenerator withTemplatesOf(Path directory) throws TemplateFailureException, IOException {
        return new ChangelogGenerator(Templates.overriddenBy(directory));
    }

    /**
     * The changelogs of a config, the root first and then a file for each table in the order of the config.
     *
     * @throws TemplateFailureException when a template fails, or what it gives is not well-formed
     */
    public List<ChangelogFile> generate(TablesConfig config, ChangelogFormat format)
            throws TemplateFailureException, IOException {
        List<String> prefixes =
                config.tables().stream().map(TableConfig::changesetPrefix).toList();
        List<ChangelogFile> tableFiles = new ArrayList<>();
        for (TableConfig table : config.tables()) {
            String name = FileNames.of(table.changesetPrefix(), prefixes) + "." + format.extension();
            tableFiles.add(render("table", name, TableModel.of(table), format));
        }
        List<String> names = tableFiles.stream().map(ChangelogFile::name).toList();
        List<ChangelogFile> files = new ArrayList<>();
        files.add(render(ROOT, ROOT + "." + format.extension(), Map.of("tableFiles", names), format));
        files.addAll(tableFiles);
        return files;
    }

    private ChangelogFile render(String template, String fileName, Map<String, ?> values, ChangelogFormat format)
            throws TemplateFailureException, IOException {
        Map<String, Object> model = new LinkedHashMap<>(values);
        model.put("marker", ChangelogFile.MARKER);
        String templateName = template + "." + format.extension() + ".ftl";
        String text = templates.render(templateName, model);
        format.requireWellFormed(templateName, fileName, text);
        return new ChangelogFile(fileName, text);
    }
}
