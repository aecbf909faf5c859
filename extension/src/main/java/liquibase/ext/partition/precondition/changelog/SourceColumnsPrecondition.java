package liquibase.ext.partition.precondition.changelog;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import liquibase.database.Database;
import liquibase.exception.ValidationErrors;
import liquibase.ext.partition.attribute.UnknownAttributes;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.server.TypeName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.precondition.PartitionPrecondition;
import liquibase.parser.core.ParsedNode;
import liquibase.parser.core.ParsedNodeException;
import liquibase.resource.ResourceAccessor;

/** Whether a table has exactly the columns that the table config was written for, of the types that it gives. */
public class SourceColumnsPrecondition extends PartitionPrecondition {
    private static final String COLUMN = "column";

    private List<ExpectedColumn> columns = new ArrayList<>();

    @Override
    public String getName() {
        return "sourceColumns";
    }

    public List<ExpectedColumn> getColumns() {
        return columns;
    }

    public void setColumns(List<ExpectedColumn> columns) {
        this.columns = columns;
    }

    @Override
    public void load(ParsedNode node, ResourceAccessor resourceAccessor) throws ParsedNodeException {
        UnknownAttributes.reject(node, attributeNames());
        setSchemaName(node.getChildValue(null, "schemaName", String.class));
        setTableName(node.getChildValue(null, "tableName", String.class));
        List<ParsedNode> nodes = new ArrayList<>(node.getChildren(null, COLUMN));
        for (ParsedNode list : node.getChildren(null, "columns")) {
            nodes.addAll(list.getChildren(null, COLUMN));
        }
        for (ParsedNode child : nodes) {
            ExpectedColumn column = new ExpectedColumn();
            column.setName(child.getChildValue(null, "name", String.class));
            column.setType(child.getChildValue(null, "type", String.class));
            columns.add(column);
        }
    }

    @Override
    protected Set<String> attributeNames() {
        Set<String> names = new HashSet<>(super.attributeNames());
        names.add(COLUMN);
        return names;
    }

    @Override
    public ValidationErrors validate(Database database) {
        ValidationErrors errors = super.validate(database);
        if (columns.isEmpty()) {
            errors.addError("sourceColumns names no column");
        }
        for (ExpectedColumn column : columns) {
            if (column.getName() == null) {
                errors.addError("sourceColumns: a column needs a name");
            }
        }
        return errors;
    }

    @Override
    protected Optional<String> whyNot(Question question) throws SQLException {
        return question.session().whilePinned(() -> whyNot(question.session(), question));
    }

    private Optional<String> whyNot(Session session, Question question) throws SQLException {
        Table table = new TableReader(session).require(question.table());
        List<String> differences = new ArrayList<>();
        Set<String> expected = new HashSet<>();
        for (ExpectedColumn column : columns) {
            expected.add(column.getName());
            Optional<Column> actual = table.columns().stream()
                    .filter(it -> it.name().name().equals(column.getName()))
                    .findFirst();
            if (actual.isEmpty()) {
                differences.add("%s is not there".formatted(column.getName()));
            } else if (column.getType() != null
                    && !TypeName.same(session, column.getType(), actual.get().type())) {
                differences.add("%s is %s, not %s"
                        .formatted(column.getName(), actual.get().type(), column.getType()));
            }
        }
        for (Column column : table.columns()) {
            if (!expected.contains(column.name().name())) {
                differences.add("%s %s was not expected".formatted(column.name(), column.type()));
            }
        }
        return differences.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        "The columns of %s are not those of the table config: %s. Nothing was changed. Correct the config and generate again."
                                .formatted(question.table(), String.join("; ", differences)));
    }
}
