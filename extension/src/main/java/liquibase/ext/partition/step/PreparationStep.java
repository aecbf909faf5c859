package liquibase.ext.partition.step;

import java.sql.SQLException;
import java.util.List;
import liquibase.Scope;
import liquibase.change.ChangeFactory;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.serializer.LiquibaseSerializable;

/** The first step, which makes the new table: a precondition that has its attributes asks whether it would do so. */
public interface PreparationStep extends Step, LiquibaseSerializable {
    /** The name of the element that gives a column another type. */
    String COLUMN = "column";

    /** The problems of the attributes, one by one, assuming that the table's name is given. */
    List<String> attributeProblems();

    /** The new table that the attributes ask for today, by the server's clock. */
    NewTableSpec spec(Session session, QualifiedName source) throws SQLException;

    /**
     * The attributes that differ from those with which the migration began, and that cannot change any more: its tables
     * are made, and their rows are where they are. Reads the columns that they have now.
     *
     * @return a phrase for each
     */
    List<String> changedSince(Session session, Migration migration) throws SQLException;

    /** How many of the rows may be in the default partition. */
    DefaultShare maxDefaultShare();

    /** A step that is in no changeset and has no attributes yet, as Liquibase makes it for its element. */
    static PreparationStep withoutAttributes() {
        return (PreparationStep) Scope.getCurrentScope()
                .getSingleton(ChangeFactory.class)
                .create(StepName.CREATE_PARTITIONED_TABLE.elementName());
    }
}
