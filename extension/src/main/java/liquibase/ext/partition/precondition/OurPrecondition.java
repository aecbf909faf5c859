package liquibase.ext.partition.precondition;

import java.util.HashSet;
import java.util.Set;
import liquibase.database.Database;
import liquibase.exception.Warnings;
import liquibase.ext.partition.attribute.Attributes;
import liquibase.ext.partition.attribute.UnknownAttributes;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.parser.core.ParsedNode;
import liquibase.parser.core.ParsedNodeException;
import liquibase.precondition.AbstractPrecondition;
import liquibase.resource.ResourceAccessor;

/** The common part of our preconditions: their namespace, and the rejection of unknown attributes. */
public abstract class OurPrecondition extends AbstractPrecondition {
    /** In an update, Liquibase asks the preconditions at the head of a changelog twice. */
    private final Set<String> told = new HashSet<>();

    /** Shows a line for people, once each time that the changelog is read. */
    protected final void tell(String line) {
        if (told.add(line)) {
            LiquibaseEnvironment.report().line(line);
        }
    }

    @Override
    public final Warnings warn(Database database) {
        return new Warnings();
    }

    @Override
    public void load(ParsedNode node, ResourceAccessor resourceAccessor) throws ParsedNodeException {
        UnknownAttributes.reject(node, attributeNames());
        super.load(node, resourceAccessor);
    }

    /** The attributes that may stand in the changelog. */
    protected Set<String> attributeNames() {
        return getSerializableFields();
    }

    /** Liquibase would take every field for an attribute. */
    @Override
    public Set<String> getSerializableFields() {
        Set<String> fields = new HashSet<>(super.getSerializableFields());
        fields.remove("told");
        return fields;
    }

    @Override
    public final String getSerializedObjectNamespace() {
        return Attributes.NAMESPACE;
    }
}
