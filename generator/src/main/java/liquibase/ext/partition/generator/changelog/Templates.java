package liquibase.ext.partition.generator.changelog;

import freemarker.cache.ClassTemplateLoader;
import freemarker.cache.ConditionalTemplateConfigurationFactory;
import freemarker.cache.FileNameGlobMatcher;
import freemarker.cache.FileTemplateLoader;
import freemarker.cache.FirstMatchTemplateConfigurationFactory;
import freemarker.cache.MultiTemplateLoader;
import freemarker.cache.TemplateConfigurationFactory;
import freemarker.cache.TemplateLoader;
import freemarker.core.OutputFormat;
import freemarker.core.ParseException;
import freemarker.core.TemplateClassResolver;
import freemarker.core.TemplateConfiguration;
import freemarker.core.XMLOutputFormat;
import freemarker.template.Configuration;
import freemarker.template.SimpleObjectWrapper;
import freemarker.template.TemplateException;
import freemarker.template.TemplateExceptionHandler;
import freemarker.template.Version;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;

/**
 * The FreeMarker templates, hardened: a template sees maps, lists, texts and numbers, and cannot reach a class, a
 * method or a file outside of its directory.
 *
 * <p>Interpolations are written {@code [=name]}, which leaves {@code ${name}} to Liquibase's changelog parameters. They
 * are escaped for the format that the template's name ends with.
 */
final class Templates {
    private static final Version VERSION = Configuration.VERSION_2_3_35;

    /** Every template that can be replaced. */
    static final List<String> NAMES =
            List.of("changelog.xml.ftl", "table.xml.ftl", "changelog.yaml.ftl", "table.yaml.ftl", "steps.ftl");

    private final Configuration configuration;

    private Templates(TemplateLoader loader) {
        this.configuration = hardened(loader);
    }

    /** The templates in the jar. */
    static Templates builtIn() {
        return new Templates(builtInLoader());
    }

    /**
     * The templates in the jar, each replaced by that of the same name in {@code directory}, if there is one.
     *
     * @throws TemplateFailureException when there is no such directory, or nothing in it would replace a template
     */
    static Templates overriddenBy(Path directory) throws TemplateFailureException, IOException {
        if (!Files.isDirectory(directory)) {
            throw new TemplateFailureException(
                    "There is no directory %s. Nothing was written. Check the path of --templates."
                            .formatted(directory));
        }
        if (NAMES.stream().noneMatch(name -> Files.isRegularFile(directory.resolve(name)))) {
            throw new TemplateFailureException("""
                    %s holds none of the templates %s. Nothing was written. Give a file the name of the template that it \
                    replaces.""".formatted(directory, String.join(", ", NAMES)));
        }
        return new Templates(new MultiTemplateLoader(
                new TemplateLoader[] {new FileTemplateLoader(directory.toFile()), builtInLoader()}));
    }

    /**
     * Renders one template.
     *
     * @return the text, its lines ended by line feeds whatever the template's are ended by
     * @throws TemplateFailureException naming the template and the line, when it cannot be parsed, or uses something
     *     that is missing in the model or forbidden
     */
    String render(String name, Map<String, ?> model) throws TemplateFailureException, IOException {
        StringWriter out = new StringWriter();
        try {
            configuration.getTemplate(name).process(model, out);
        } catch (ParseException e) {
            throw failure(e.getTemplateName(), e.getLineNumber(), e.getEditorMessage(), e);
        } catch (TemplateException e) {
            throw failure(e.getTemplateSourceName(), e.getLineNumber(), e.getMessageWithoutStackTop(), e);
        } catch (SecurityException e) {
            // FreeMarker's answer to a symbolic link, which it follows only within the directory.
            throw new TemplateFailureException(
                    "Template %s, or one that it includes, is a link out of the directory of templates: %s. Nothing was written. Copy the template there."
                            .formatted(name, e.getMessage()),
                    e);
        }
        return out.toString().replace("\r\n", "\n");
    }

    private static TemplateFailureException failure(String name, Integer line, String message, Exception cause) {
        return new TemplateFailureException("""
                Template %s fails in line %s: %s
                Nothing was written. Correct the template, or remove it to use the built-in one.""".formatted(name, line, message.strip()), cause);
    }

    private static TemplateLoader builtInLoader() {
        return new ClassTemplateLoader(Templates.class, "");
    }

    private static Configuration hardened(TemplateLoader loader) {
        Configuration configuration = new Configuration(VERSION);
        configuration.setTemplateLoader(loader);
        configuration.setObjectWrapper(new SimpleObjectWrapper(VERSION));
        configuration.setNewBuiltinClassResolver(TemplateClassResolver.ALLOWS_NOTHING_RESOLVER);
        configuration.setAPIBuiltinEnabled(false);
        configuration.setTemplateExceptionHandler(TemplateExceptionHandler.RETHROW_HANDLER);
        configuration.setLogTemplateExceptions(false);
        // An exception of ours inside a template is our bug and must look like one.
        configuration.setWrapUncheckedExceptions(false);
        configuration.setFallbackOnNullLoopVariable(false);
        configuration.setInterpolationSyntax(Configuration.SQUARE_BRACKET_INTERPOLATION_SYNTAX);
        configuration.setLocalizedLookup(false);
        // The same bytes on every machine.
        configuration.setNumberFormat("computer");
        configuration.setLocale(Locale.ROOT);
        configuration.setTimeZone(TimeZone.getTimeZone("UTC"));
        configuration.setDefaultEncoding(StandardCharsets.UTF_8.name());
        configuration.setTemplateConfigurations(new FirstMatchTemplateConfigurationFactory(
                        escapedAs("*.xml.ftl", XMLOutputFormat.INSTANCE),
                        escapedAs("*.yaml.ftl", YamlOutputFormat.INSTANCE))
                .allowNoMatch(true));
        return configuration;
    }

    private static TemplateConfigurationFactory escapedAs(String names, OutputFormat format) {
        TemplateConfiguration settings = new TemplateConfiguration();
        settings.setOutputFormat(format);
        return new ConditionalTemplateConfigurationFactory(new FileNameGlobMatcher(names), settings);
    }
}
