package liquibase.ext.partition.generator.config.read;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import liquibase.ext.partition.generator.config.document.KeyPath;
import tools.jackson.databind.JsonNode;

/** {@code tables.schema.json}: finds the problems of a config, and gives the documentation of each key. */
final class SchemaDocument {
    /** The schema's name on the class path, beside this class. */
    static final String RESOURCE = "tables.schema.json";

    private final Schema schema;

    SchemaDocument() {
        this.schema = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(text(), InputFormat.JSON);
    }

    private static String text() {
        try (InputStream resource = SchemaDocument.class.getResourceAsStream(RESOURCE)) {
            return new String(resource.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Everything that the schema does not allow. */
    List<Error> violations(JsonNode config) {
        return schema.validate(config);
    }

    /**
     * The schema's description of the value at {@code path}: its {@code description}, {@code examples},
     * {@code properties}. Keywords beside a {@code $ref} take precedence over those that it refers to. Missing if the
     * schema knows no such key.
     */
    JsonNode at(KeyPath path) {
        JsonNode here = schema.getSchemaNode();
        for (Object element : path.elements()) {
            if (element instanceof Integer) {
                here = keyword(here, "items");
            } else {
                JsonNode property = keyword(here, "properties").path((String) element);
                here = property.isMissingNode() ? keyword(here, "additionalProperties") : property;
            }
        }
        return here;
    }

    /** The keyword of a schema object, or of the one that it refers to; missing when neither has it. */
    JsonNode keyword(JsonNode object, String keyword) {
        JsonNode own = object.path(keyword);
        if (!own.isMissingNode() || !object.has("$ref")) {
            return own;
        }
        String pointer = object.get("$ref").stringValue().substring(1);
        return keyword(schema.getSchemaNode().at(pointer), keyword);
    }

    /** {@code Write for example from: 2024-01.} with the schema's description of the key; for an item, of its list. */
    String example(KeyPath path) {
        KeyPath key = path;
        while (!at(key).has("examples") && key.isItem()) {
            key = key.parent();
        }
        String description = keyword(at(key), "description").stringValue("");
        JsonNode examples = keyword(at(key), "examples");
        return examples.isMissingNode()
                ? description
                : "Write for example %s: %s. %s".formatted(key.lastKey(), flow(examples.get(0)), description);
    }

    /** An example in YAML on one line, as people write it. Enough for the examples, which need no quotes. */
    private static String flow(JsonNode example) {
        if (example.isArray()) {
            return example.valueStream().map(SchemaDocument::flow).collect(Collectors.joining(", ", "[", "]"));
        }
        if (example.isObject()) {
            return example.propertyStream()
                    .map(property -> property.getKey() + ": " + flow(property.getValue()))
                    .collect(Collectors.joining(", ", "{", "}"));
        }
        return example.asString();
    }
}
