package liquibase.ext.partition.generator.changelog;

import freemarker.core.CommonMarkupOutputFormat;
import freemarker.core.CommonTemplateMarkupOutputModel;
import java.io.IOException;
import java.io.Writer;
import liquibase.ext.partition.generator.config.YamlText;

/** Escapes what a template inserts between double quotes in YAML, so that no name can end its text or the line. */
final class YamlOutputFormat extends CommonMarkupOutputFormat<YamlOutputFormat.Escaped> {
    static final YamlOutputFormat INSTANCE = new YamlOutputFormat();

    private YamlOutputFormat() {}

    @Override
    public String getName() {
        return "YAML";
    }

    @Override
    public String getMimeType() {
        return "application/yaml";
    }

    @Override
    public void output(String plainText, Writer out) throws IOException {
        out.write(escapePlainText(plainText));
    }

    @Override
    public String escapePlainText(String plainText) {
        return YamlText.escaped(plainText);
    }

    @Override
    public boolean isLegacyBuiltInBypassed(String builtIn) {
        return false;
    }

    @Override
    protected Escaped newTemplateMarkupOutputModel(String plainText, String markup) {
        return new Escaped(plainText, markup);
    }

    /** Text that is escaped already. */
    static final class Escaped extends CommonTemplateMarkupOutputModel<Escaped> {
        private Escaped(String plainText, String markup) {
            super(plainText, markup);
        }

        @Override
        public YamlOutputFormat getOutputFormat() {
            return INSTANCE;
        }
    }
}
