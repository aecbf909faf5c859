package liquibase.ext.partition.generator.changelog;

import java.io.IOException;
import java.io.StringReader;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import javax.xml.XMLConstants;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.parsers.SAXParserFactory;
import org.xml.sax.Attributes;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;
import org.xml.sax.helpers.DefaultHandler;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** The formats that changelogs are generated in. Both give Liquibase the same changesets, with the same checksums. */
public enum ChangelogFormat {
    /** {@code changelog.xml}. */
    XML {
        @Override
        void requireWellFormed(String template, String whose, String text)
                throws TemplateFailureException, IOException {
            require(template, whose, text, true);
        }

        /** The namespaces are declared by the whole. */
        @Override
        void requireWellFormedPart(String template, String whose, String text)
                throws TemplateFailureException, IOException {
            require(template, whose, "<databaseChangeLog>" + text + "</databaseChangeLog>", false);
        }

        private void require(String template, String whose, String text, boolean namespaces)
                throws TemplateFailureException, IOException {
            try {
                parse(text, namespaces, new SilentHandler());
            } catch (SAXParseException e) {
                throw notWellFormed(template, whose, e.getLineNumber(), e.getMessage(), e);
            } catch (SAXException e) {
                throw unusable(e);
            }
        }

        @Override
        Optional<Map<String, Set<String>>> ids(String text) {
            Map<String, Set<String>> ids = new TreeMap<>();
            try {
                parse(text, true, new SilentHandler() {
                    @Override
                    public void startElement(String uri, String localName, String name, Attributes attributes) {
                        add(ids, attributes.getValue(LOGICAL_FILE_PATH), attributes.getValue(ID));
                    }
                });
            } catch (SAXException | IOException e) {
                return Optional.empty();
            }
            return Optional.of(ids);
        }

        private void parse(String text, boolean namespaces, DefaultHandler handler) throws SAXException, IOException {
            try {
                SAXParserFactory factory = SAXParserFactory.newInstance();
                factory.setNamespaceAware(namespaces);
                factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
                factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
                factory.newSAXParser().parse(new InputSource(new StringReader(text)), handler);
            } catch (ParserConfigurationException e) {
                throw unusable(e);
            }
        }

        private IllegalStateException unusable(Exception e) {
            return new IllegalStateException("The XML parser of this Java runtime cannot be used.", e);
        }
    },

    /** {@code changelog.yaml}. */
    YAML {
        @Override
        void requireWellFormed(String template, String whose, String text) throws TemplateFailureException {
            try {
                yaml().compose(new StringReader(text));
            } catch (MarkedYAMLException e) {
                int line = e.getProblemMark() == null ? 1 : e.getProblemMark().getLine() + 1;
                throw notWellFormed(template, whose, line, e.getProblem(), e);
            } catch (YAMLException e) {
                throw notWellFormed(template, whose, 1, e.getMessage(), e);
            }
        }

        @Override
        void requireWellFormedPart(String template, String whose, String text) throws TemplateFailureException {
            requireWellFormed(template, whose, text);
        }

        @Override
        Optional<Map<String, Set<String>>> ids(String text) {
            Map<String, Set<String>> ids = new TreeMap<>();
            try {
                collect(yaml().compose(new StringReader(text)), ids);
            } catch (YAMLException e) {
                return Optional.empty();
            }
            return Optional.of(ids);
        }

        private void collect(Node node, Map<String, Set<String>> ids) {
            if (node instanceof SequenceNode sequence) {
                sequence.getValue().forEach(entry -> collect(entry, ids));
            } else if (node instanceof MappingNode mapping) {
                add(ids, scalar(mapping, LOGICAL_FILE_PATH), scalar(mapping, ID));
                mapping.getValue().forEach(entry -> collect(entry.getValueNode(), ids));
            }
        }

        private String scalar(MappingNode mapping, String name) {
            for (NodeTuple entry : mapping.getValue()) {
                if (entry.getKeyNode() instanceof ScalarNode key
                        && key.getValue().equals(name)
                        && entry.getValueNode() instanceof ScalarNode value) {
                    return value.getValue();
                }
            }
            return null;
        }

        private Yaml yaml() {
            LoaderOptions options = new LoaderOptions();
            options.setCodePointLimit(Integer.MAX_VALUE);
            return new Yaml(new SafeConstructor(options));
        }
    };

    private static final String LOGICAL_FILE_PATH = "logicalFilePath";
    private static final String ID = "id";

    /** The ending of a changelog's name, without the dot: {@code xml}, {@code yaml}. */
    public String extension() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The format's name on the command line. */
    @Override
    public String toString() {
        return extension();
    }

    /**
     * A user's own template may give anything; an error here is better than one from Liquibase in the middle of a
     * deployment.
     *
     * @throws TemplateFailureException when {@code text}, a whole changelog, is not well-formed
     */
    abstract void requireWellFormed(String template, String whose, String text)
            throws TemplateFailureException, IOException;

    /**
     * The same for a part of a changelog, so that the message names the template that gives it.
     *
     * @throws TemplateFailureException when {@code text}, some changesets, is not well-formed
     */
    abstract void requireWellFormedPart(String template, String whose, String text)
            throws TemplateFailureException, IOException;

    /**
     * Every {@code logicalFilePath} in a changelog, with the ids of the changesets that have it; empty if {@code text}
     * cannot be read.
     */
    abstract Optional<Map<String, Set<String>>> ids(String text);

    private static void add(Map<String, Set<String>> ids, String logicalFilePath, String id) {
        if (logicalFilePath != null) {
            Set<String> its = ids.computeIfAbsent(logicalFilePath, path -> new LinkedHashSet<>());
            if (id != null) {
                its.add(id);
            }
        }
    }

    /** The format of a file of that name; empty if it is not the name of a changelog. */
    static Optional<ChangelogFormat> of(String fileName) {
        return Arrays.stream(values())
                .filter(format -> fileName.endsWith("." + format.extension()))
                .findFirst();
    }

    private static TemplateFailureException notWellFormed(
            String template, String whose, int line, String message, Exception cause) {
        return new TemplateFailureException("""
                What template %s gives for %s is not well-formed; in line %d of the result: %s
                Nothing was written. Correct the template, or remove it to use the built-in one.""".formatted(template, whose, line, message), cause);
    }

    /** Does not print to standard error, as the default handler does. */
    private static class SilentHandler extends DefaultHandler {
        @Override
        public void fatalError(SAXParseException e) throws SAXException {
            throw e;
        }
    }
}
