package liquibase.ext.partition.attribute;

import java.util.Collection;
import liquibase.parser.core.ParsedNode;
import liquibase.parser.core.ParsedNodeException;

/**
 * Rejects attributes that an element does not have. Liquibase ignores them, so a misspelt one would silently have no
 * effect.
 */
public final class UnknownAttributes {
    private UnknownAttributes() {}

    /** @throws ParsedNodeException that names the unknown attribute and the nearest known one */
    public static void reject(ParsedNode node, Collection<String> known) throws ParsedNodeException {
        for (ParsedNode child : node.getChildren()) {
            if (!known.contains(child.getName())) {
                throw new ParsedNodeException("%s has no attribute %s. Did you mean %s? It has: %s."
                        .formatted(
                                node.getName(),
                                child.getName(),
                                Attributes.nearest(child.getName(), known),
                                String.join(", ", known.stream().sorted().toList())));
            }
        }
    }
}
