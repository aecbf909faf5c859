package liquibase.ext.partition.precondition;

import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import liquibase.database.Database;
import liquibase.exception.ValidationErrors;
import liquibase.ext.partition.attribute.Attributes;
import liquibase.ext.partition.attribute.UnknownAttributes;
import liquibase.ext.partition.change.CreatePartitionedTableChange;
import liquibase.ext.partition.engine.prepare.Preparation;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.parser.core.ParsedNode;
import liquibase.parser.core.ParsedNodeException;
import liquibase.resource.ResourceAccessor;

/**
 * Whether {@code createPartitionedTable} with the same attributes would accept the table, and {@code keyColumns}
 * identify its rows. A table is not refused if this migration has already made its new table, or has replaced it.
 *
 * <p>The attributes are those of the change, which reads them.
 */
public class PartitionablePrecondition extends PartitionPrecondition {
    private static final String KEY_COLUMNS = "keyColumns";

    private final CreatePartitionedTableChange change = new CreatePartitionedTableChange();
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
        change.load(attributes, resourceAccessor);
        setSchemaName(change.getSchemaName());
        setTableName(change.getTableName());
    }

    @Override
    public Set<String> getSerializableFields() {
        Set<String> fields = new HashSet<>(change.getSerializableFields());
        fields.add(KEY_COLUMNS);
        return fields;
    }

    @Override
    public Object getSerializableFieldValue(String field) {
        return field.equals(KEY_COLUMNS) ? keyColumns : change.getSerializableFieldValue(field);
    }

    @Override
    protected Set<String> attributeNames() {
        Set<String> names = new HashSet<>(getSerializableFields());
        names.add(CreatePartitionedTableChange.COLUMN);
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
        List<String> problems = change.attributeProblems();
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
                        change.spec(question.table()),
                        key(),
                        change.maxDefaultShare()));
    }
}
