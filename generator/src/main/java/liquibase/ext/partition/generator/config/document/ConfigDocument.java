package liquibase.ext.partition.generator.config.document;

import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
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
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.reader.ReaderException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The config as a tree of JSON values, each with its line.
 *
 * <p>Values are read as text, except for whole numbers and missing values: YAML 1.1 would read {@code 2024-01-01} as a
 * moment in time, and a column named {@code on} as {@code true}. No object is ever constructed from a tag.
 */
public final class ConfigDocument {
    /** Enough for thousands of tables; a few lines of nested aliases could stand for billions of values. */
    private static final int MOST_VALUES = 200_000;

    private static final int DEEPEST = 20;
    private static final Pattern WHOLE_NUMBER = Pattern.compile("[+-]?(0|[1-9][0-9_]*)");
    private static final Pattern LINE_END = Pattern.compile("\r\n|\r|\n");
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final String file;
    private final Map<KeyPath, Integer> lines = new HashMap<>();
    private final List<Problem> problems = new ArrayList<>();
    private int values;
    private JsonNode root;

    private ConfigDocument(String file) {
        this.file = file;
    }

    /**
     * Reads a file. Single problems, such as a repeated key, go into {@link #problems()}.
     *
     * @throws InvalidConfigException when there is no tree at all: no file, not UTF-8, no YAML, empty
     * @throws IOException when the file is there but cannot be read
     */
    public static ConfigDocument read(Path path) throws InvalidConfigException, IOException {
        ConfigDocument document = new ConfigDocument(path.toString());
        document.load(document.decode(document.bytes(path)));
        return document;
    }

    /** The config's top value; an object unless the user wrote something else. */
    public JsonNode root() {
        return root;
    }

    /** The problems of the YAML itself, in the order of the file. */
    public List<Problem> problems() {
        return problems;
    }

    /** The line of the key; if the key is missing, the line of the nearest one around it. */
    public int line(KeyPath path) {
        KeyPath present = path;
        while (!lines.containsKey(present) && !present.isRoot()) {
            present = present.parent();
        }
        return lines.getOrDefault(present, 1);
    }

    /** A problem at the line of {@code path}. */
    public Problem problem(KeyPath path, String message, String remedy) {
        return new Problem(file, line(path), path.toString(), message, remedy);
    }

    private byte[] bytes(Path path) throws InvalidConfigException, IOException {
        if (Files.isDirectory(path)) {
            throw unusable(1, "This is a directory.", "Name the file, such as " + path.resolve("tables.yaml") + ".");
        }
        try {
            return Files.readAllBytes(path);
        } catch (NoSuchFileException e) {
            throw unusable(
                    1,
                    "There is no such file.",
                    "Check the path (the current directory is %s), or write a first config with init."
                            .formatted(Path.of("").toAbsolutePath()));
        }
    }

    private String decode(byte[] bytes) throws InvalidConfigException {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        CharBuffer decoded = CharBuffer.allocate(bytes.length);
        CoderResult result = decoder.decode(ByteBuffer.wrap(bytes), decoded, true);
        String text = decoded.flip().toString();
        if (result.isError()) {
            throw unusable(lineAt(text, text.length()), "The file is not UTF-8.", "Save it as UTF-8.");
        }
        return text.startsWith("\ufeff") ? text.substring(1) : text;
    }

    private static int lineAt(String text, int offset) {
        return LINE_END.split(text.substring(0, offset), -1).length;
    }

    private void load(String text) throws InvalidConfigException {
        Node node;
        try {
            node = new Yaml(new SafeConstructor(limits())).compose(new StringReader(text));
        } catch (MarkedYAMLException e) {
            int line = e.getProblemMark() == null ? 1 : e.getProblemMark().getLine() + 1;
            throw unusable(
                    line,
                    "This is not YAML: %s%s."
                            .formatted(e.getProblem(), e.getContext() == null ? "" : " (" + e.getContext() + ")"),
                    "Mind the indentation (spaces, no tabs), the colons and the quotes at this line and just before it.");
        } catch (ReaderException e) {
            throw unusable(
                    lineAt(text, Math.min(text.length(), text.offsetByCodePoints(0, e.getPosition()))),
                    "YAML does not allow the character U+%04X.".formatted(e.getCodePoint()),
                    "Remove it, or write it as an escape in double quotes.");
        } catch (YAMLException e) {
            throw unusable(
                    1, "This YAML is refused: " + e.getMessage() + ".", "Write the config without such nesting.");
        }
        if (node == null || node.getTag().equals(Tag.NULL)) {
            throw unusable(
                    1, "The config is empty.", "Write a list of tables under the key tables, or let init write one.");
        }
        root = convert(node, KeyPath.ROOT);
    }

    private static LoaderOptions limits() {
        LoaderOptions options = new LoaderOptions();
        options.setNestingDepthLimit(DEEPEST);
        options.setAllowRecursiveKeys(false);
        // Reusing keyColumns or columns in many tables is fine; convert counts the values that aliases stand for.
        options.setMaxAliasesForCollections(MOST_VALUES);
        return options;
    }

    private JsonNode convert(Node node, KeyPath path) throws InvalidConfigException {
        lines.putIfAbsent(path, node.getStartMark().getLine() + 1);
        if (++values > MOST_VALUES || path.elements().size() > DEEPEST) {
            throw unusable(
                    lines.get(path),
                    "With its aliases written out the config has more than %d values or %d levels."
                            .formatted(MOST_VALUES, DEEPEST),
                    "Use fewer aliases (*name), and none inside of what it names.");
        }
        if (node instanceof MappingNode mapping) {
            return object(mapping, path);
        }
        if (node instanceof SequenceNode sequence) {
            ArrayNode array = JSON.arrayNode();
            for (Node item : sequence.getValue()) {
                array.add(convert(item, path.child(array.size())));
            }
            return array;
        }
        return scalar((ScalarNode) node);
    }

    private ObjectNode object(MappingNode mapping, KeyPath path) throws InvalidConfigException {
        ObjectNode object = JSON.objectNode();
        for (NodeTuple entry : mapping.getValue()) {
            int line = entry.getKeyNode().getStartMark().getLine() + 1;
            if (!(entry.getKeyNode() instanceof ScalarNode keyNode)) {
                problems.add(new Problem(
                        file,
                        line,
                        path.toString(),
                        "A key is a list or a mapping.",
                        "Write a plain name before the colon."));
                continue;
            }
            KeyPath keyPath = path.child(keyNode.getValue());
            if (object.has(keyNode.getValue())) {
                problems.add(new Problem(
                        file,
                        line,
                        keyPath.toString(),
                        "The key stands twice; the first is in line %d.".formatted(lines.get(keyPath)),
                        "Remove one of the two."));
                continue;
            }
            lines.put(keyPath, line);
            object.set(keyNode.getValue(), convert(entry.getValueNode(), keyPath));
        }
        return object;
    }

    private static JsonNode scalar(ScalarNode node) {
        if (node.getTag().equals(Tag.NULL)) {
            return JSON.nullNode();
        }
        if (node.getTag().equals(Tag.INT)
                && WHOLE_NUMBER.matcher(node.getValue()).matches()) {
            return JSON.numberNode(new java.math.BigInteger(node.getValue().replaceAll("[_+]", "")));
        }
        return JSON.stringNode(node.getValue());
    }

    private InvalidConfigException unusable(int line, String message, String remedy) {
        return new InvalidConfigException(List.of(new Problem(file, line, "", message, remedy)));
    }
}
