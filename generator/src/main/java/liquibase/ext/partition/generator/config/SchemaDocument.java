package liquibase.ext.partition.generator.config;

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
import tools.jackson.databind.JsonNode;

/** {@code tables.schema.json}: says what is wrong with a config, and what it documents about each key. */
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
     * What the schema says about the value at {@code path}: its {@code description}, {@code examples}, {@code properties}.
     * Keywords beside a {@code $ref} go before those it refers to. Missing where the schema knows no such key.
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
}
