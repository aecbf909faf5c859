package liquibase.ext.partition.generator.config.read;

import com.networknt.schema.Error;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import liquibase.ext.partition.generator.config.document.ConfigDocument;
import liquibase.ext.partition.generator.config.document.KeyPath;
import liquibase.ext.partition.generator.config.document.Problem;
import liquibase.ext.partition.generator.config.document.Quoted;
import tools.jackson.databind.JsonNode;

/** The schema's verdict on a config, in words that tell people what to write. */
final class SchemaRules {
    /** Keys by which people try to configure the connection; compared without case, underscores and hyphens. */
    private static final Set<String> CONNECTION_KEYS = Set.of(
            "url",
            "jdbc",
            "jdbcurl",
            "user",
            "username",
            "password",
            "credentials",
            "connection",
            "host",
            "port",
            "database",
            "driver");

    /** The schema's words for types, in the words of readers. */
    private static final Map<String, String> WANTED = Map.of(
            "string", "text",
            "integer", "a whole number",
            "array", "a list",
            "object", "a mapping (key: value)");

    private final SchemaDocument schema;

    SchemaRules(SchemaDocument schema) {
        this.schema = schema;
    }

    /** One problem for each thing that the schema does not allow, in no particular order. */
    List<Problem> problems(ConfigDocument document) {
        return schema.violations(document.root()).stream()
                .map(error -> problem(document, error))
                .toList();
    }

    private Problem problem(ConfigDocument document, Error error) {
        KeyPath path = path(error);
        JsonNode value = error.getInstanceNode();
        return switch (error.getKeyword()) {
            case "required" -> missing(document, path.child(error.getProperty()));
            case "additionalProperties" -> unknown(document, path.child(error.getProperty()));
            case "type" -> wrongType(document, path, value);
            case "enum" ->
                document.problem(
                        path,
                        "%s is none of %s.".formatted(show(value), String.join(", ", choices(path))),
                        NearestName.to(value.asString(), choices(path))
                                .map(nearest -> "Did you mean %s?".formatted(nearest))
                                .orElseGet(() -> schema.example(path)));
            case "minLength" -> document.problem(path, "The text is empty.", schema.example(path));
            case "minItems", "minProperties" -> document.problem(path, "There is nothing in it.", schema.example(path));
            case "uniqueItems" ->
                document.problem(
                        path, "%s stands more than once.".formatted(repeated(value)), "Name every column once.");
            case "minimum" ->
                document.problem(
                        path, "%s is less than %s.".formatted(value, limit(path, "minimum")), schema.example(path));
            case "maximum" ->
                document.problem(
                        path, "%s is more than %s.".formatted(value, limit(path, "maximum")), schema.example(path));
            default -> document.problem(path, error.getMessage() + ".", schema.example(path));
        };
    }

    private static KeyPath path(Error error) {
        List<Object> elements = new ArrayList<>();
        for (int i = 0; i < error.getInstanceLocation().getNameCount(); i++) {
            elements.add(error.getInstanceLocation().getElement(i));
        }
        return new KeyPath(elements);
    }

    private Problem missing(ConfigDocument document, KeyPath path) {
        return document.problem(path, "The key is missing.", schema.example(path));
    }

    private Problem unknown(ConfigDocument document, KeyPath path) {
        String key = path.lastKey();
        if (key.equals("<<")) {
            return document.problem(
                    path,
                    "Merge keys (<<) are not read.",
                    "Write the keys out; an alias (*name) for the value of one key is fine.");
        }
        if (CONNECTION_KEYS.contains(key.toLowerCase(Locale.ROOT).replaceAll("[_-]", ""))) {
            return document.problem(
                    path,
                    "The connection is not configured here, and this file must hold no credentials.",
                    "Remove the key. The connection is Liquibase's own: its --url, --username and --password, its"
                            + " properties file or its environment variables.");
        }
        List<String> known = knownKeys(path.parent());
        return document.problem(
                path,
                "The key is not known.",
                NearestName.to(key, known)
                        .map(nearest -> "Did you mean %s?".formatted(nearest))
                        .orElse("Remove it. Known here: %s.".formatted(String.join(", ", known))));
    }

    private List<String> knownKeys(KeyPath path) {
        return List.copyOf(schema.keyword(schema.at(path), "properties").propertyNames());
    }

    private Problem wrongType(ConfigDocument document, KeyPath path, JsonNode value) {
        if (value.isNull()) {
            return document.problem(
                    path, "The key has no value.", "Remove it, or give it one. " + schema.example(path));
        }
        JsonNode types = schema.keyword(schema.at(path), "type");
        List<String> wanted = types.isArray()
                ? types.valueStream().map(JsonNode::stringValue).toList()
                : List.of(types.stringValue(""));
        if (wanted.contains("string") && value.isNumber()) {
            return document.problem(
                    path,
                    "%s is a number, and text is wanted.".formatted(value),
                    "Write it in quotes: \"%s\".".formatted(value));
        }
        String message = wanted.contains("integer") && value.isString()
                ? "%s is not a whole number.".formatted(show(value))
                : "%s, and %s is wanted."
                        .formatted(
                                kind(value),
                                wanted.stream()
                                        .map(type -> WANTED.getOrDefault(type, type))
                                        .collect(Collectors.joining(" or ")));
        return document.problem(path, message, schema.example(path));
    }

    private static String kind(JsonNode value) {
        if (value.isObject()) {
            return "This is a mapping";
        }
        return value.isArray() ? "This is a list" : "This is the single value " + show(value);
    }

    private static String show(JsonNode value) {
        return value.isString() ? Quoted.of(value.stringValue()) : value.toString();
    }

    private List<String> choices(KeyPath path) {
        return schema.keyword(schema.at(path), "enum")
                .valueStream()
                .map(JsonNode::stringValue)
                .toList();
    }

    private JsonNode limit(KeyPath path, String keyword) {
        return schema.keyword(schema.at(path), keyword);
    }

    private static String repeated(JsonNode list) {
        Set<JsonNode> seen = new HashSet<>();
        Stream<JsonNode> again = list.valueStream().filter(item -> !seen.add(item));
        return show(again.findFirst().orElse(list));
    }
}
