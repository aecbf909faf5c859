package liquibase.ext.partition.precondition.changelog;

import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import liquibase.database.Database;
import liquibase.exception.ValidationErrors;
import liquibase.ext.partition.attribute.Attributes;
import liquibase.ext.partition.attribute.UnknownAttributes;
import liquibase.ext.partition.engine.prepare.Preparation;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.precondition.PartitionPrecondition;
import liquibase.ext.partition.step.PreparationStep;
import liquibase.parser.core.ParsedNode;
import liquibase.parser.core.ParsedNodeException;
import liquibase.resource.ResourceAccessor;

/**
 * Whether {@code createPartitionedTable} with the same attributes would accept the table, and {@code keyColumns}
 * identify its rows. A table is not refused if this migration has already made its new table, or has replaced it.
 *
 * <p>The attributes are those of the step, which reads them.
 */
public class PartitionablePrecondition extends PartitionPrecondition {
    private static final String KEY_COLUMNS = "keyColumns";

    private final PreparationStep step = PreparationStep.withoutAttributes();
    private String keyColumns;

    @Override
    public String getName() {
        return "partitionable";
    }

    @Override
    public void load(ParsedNode node, ResourceAccessor resourceAccessor) throws ParsedNodeException {
        UnknownAttributes.reject(node, attributeNames());
        ParsedNode attributes = new ParsedNode(node.getNamespace(), node.getName());
        for (ParsedNode child : node.getChildren()) {
            if (child.getName().equals(KEY_COLUMNS)) {
                keyColumns = child.getValue(String.class);
            } else {
                attributes.addChild(child);
            }
        }
        step.load(attributes, resourceAccessor);
        setSchemaName(step.getSchemaName());
        setTableName(step.getTableName());
    }

    @Override
    public Set<String> getSerializableFields() {
        Set<String> fields = new HashSet<>(step.getSerializableFields());
        fields.add(KEY_COLUMNS);
        return fields;
    }

    @Override
    public Object getSerializableFieldValue(String field) {
        return field.equals(KEY_COLUMNS) ? keyColumns : step.getSerializableFieldValue(field);
    }

    @Override
    protected Set<String> attributeNames() {
        Set<String> names = new HashSet<>(getSerializableFields());
        names.add(PreparationStep.COLUMN);
        return names;
    }

    @Override
    public ValidationErrors validate(Database database) {
        ValidationErrors errors = super.validate(database);
        if (!errors.hasErrors()) {
            problems().forEach(problem -> errors.addError("%s: %s".formatted(this, problem)));
        }
        return errors;
    }

    private List<String> problems() {
        List<String> problems = step.attributeProblems();
        try {
            key();
        } catch (IllegalArgumentException e) {
            problems.add(e.getMessage());
        }
        return problems;
    }

    private List<Identifier> key() {
        return keyColumns == null ? List.of() : Attributes.names(KEY_COLUMNS, keyColumns);
    }

    @Override
    protected Optional<String> whyNot(Question question) throws SQLException {
        refuseWhatCannotBeRead(problems());
        return question.session()
                .whilePinned(() -> Preparation.whyNot(
                        question.session(),
                        question.environment().state(),
                        step.spec(question.session(), question.table()),
                        key(),
                        step.maxDefaultShare()));
    }
}
