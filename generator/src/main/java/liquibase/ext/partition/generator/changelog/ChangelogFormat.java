package liquibase.ext.partition.generator.changelog;

import java.io.IOException;
import java.io.StringReader;
import java.util.Locale;
import javax.xml.XMLConstants;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.parsers.SAXParserFactory;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;
import org.xml.sax.helpers.DefaultHandler;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;

/** The formats that changelogs are generated in. Both give Liquibase the same changesets, with the same checksums. */
public enum ChangelogFormat {
    /** {@code changelog.xml}. */
    XML {
        @Override
        void requireWellFormed(String template, String file, String text) throws TemplateFailureException, IOException {
            try {
                SAXParserFactory factory = SAXParserFactory.newInstance();
                factory.setNamespaceAware(true);
                factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
                factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
                factory.newSAXParser().parse(new InputSource(new StringReader(text)), new SilentHandler());
            } catch (SAXParseException e) {
                throw notWellFormed(template, file, e.getLineNumber(), e.getMessage(), e);
            } catch (SAXException | ParserConfigurationException e) {
                throw new IllegalStateException("The XML parser of this Java runtime cannot be used.", e);
            }
        }
    },

    /** {@code changelog.yaml}. */
    YAML {
        @Override
        void requireWellFormed(String template, String file, String text) throws TemplateFailureException {
            try {
                new Yaml(new SafeConstructor(new LoaderOptions())).compose(new StringReader(text));
            } catch (MarkedYAMLException e) {
                int line = e.getProblemMark() == null ? 1 : e.getProblemMark().getLine() + 1;
                throw notWellFormed(template, file, line, e.getProblem(), e);
            } catch (YAMLException e) {
                throw notWellFormed(template, file, 1, e.getMessage(), e);
            }
        }
    };

    /** The ending of a changelog's name, without the dot: {@code xml}, {@code yaml}. */
    public String extension() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** As on the command line. */
    @Override
    public String toString() {
        return extension();
    }

    /**
     * A template of somebody's own may give anything; better told here than by Liquibase in the middle of a deployment.
     *
     * @throws TemplateFailureException when {@code text} is not well-formed
     */
    abstract void requireWellFormed(String template, String file, String text)
            throws TemplateFailureException, IOException;

    private static TemplateFailureException notWellFormed(
            String template, String file, int line, String message, Exception cause) {
        return new TemplateFailureException("""
                What template %s gives for %s is not well-formed; in line %d of the result: %s
                Nothing was written. Correct the template, or remove it to use the built-in one.""".formatted(template, file, line, message), cause);
    }

    /** Does not print to standard error, as the default one does. */
    private static final class SilentHandler extends DefaultHandler {
        @Override
        public void fatalError(SAXParseException e) throws SAXException {
            throw e;
        }
    }
}
