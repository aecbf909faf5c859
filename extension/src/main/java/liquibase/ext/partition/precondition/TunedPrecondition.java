package liquibase.ext.partition.precondition;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import liquibase.database.Database;
import liquibase.exception.ValidationErrors;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.attribute.Tuning;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.attribute.UnknownAttributes;
import liquibase.parser.core.ParsedNode;
import liquibase.parser.core.ParsedNodeException;
import liquibase.resource.ResourceAccessor;

/** A precondition that does work when it is asked, with tuning attributes besides its bean properties. */
abstract class TunedPrecondition extends PartitionPrecondition {
    /** The fields below, which Liquibase would take for attributes. */
    private static final Set<String> OURS = Set.of("tuning", "names");

    private final Tuning tuning = new Tuning();

    /** The names of the tuning attributes. */
    private final Set<String> names;

    TunedPrecondition(StepName step) {
        names = TuningAttribute.of(step).stream()
                .map(TuningAttribute::attributeName)
                .collect(Collectors.toUnmodifiableSet());
    }

    /** The values of the tuning attributes. */
    final Tuning tuning() {
        return tuning;
    }

    @Override
    public void load(ParsedNode node, ResourceAccessor resourceAccessor) throws ParsedNodeException {
        UnknownAttributes.reject(node, attributeNames());
        ParsedNode properties = new ParsedNode(node.getNamespace(), node.getName());
        for (ParsedNode child : node.getChildren()) {
            if (names.contains(child.getName())) {
                tuning.set(TuningAttribute.named(child.getName()), child.getValue());
            } else {
                properties.addChild(child);
            }
        }
        super.load(properties, resourceAccessor);
    }

    @Override
    public Set<String> getSerializableFields() {
        Set<String> fields = new HashSet<>(super.getSerializableFields());
        fields.removeAll(OURS);
        fields.addAll(names);
        return fields;
    }

    @Override
    public Object getSerializableFieldValue(String field) {
        return names.contains(field)
                ? tuning.text(TuningAttribute.named(field))
                : super.getSerializableFieldValue(field);
    }

    @Override
    protected Class getSerializableFieldDataTypeClass(String field) {
        return names.contains(field) ? String.class : super.getSerializableFieldDataTypeClass(field);
    }

    @Override
    public ValidationErrors validate(Database database) {
        ValidationErrors errors = super.validate(database);
        problems().forEach(problem -> errors.addError("%s: %s".formatted(this, problem)));
        return errors;
    }

    /** The problems of the attributes' values. */
    protected List<String> problems() {
        return new ArrayList<>(tuning.problems());
    }
}
