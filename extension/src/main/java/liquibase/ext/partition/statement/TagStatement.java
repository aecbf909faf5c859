package liquibase.ext.partition.statement;

import java.sql.SQLException;
import liquibase.changelog.ChangeSet;
import liquibase.database.Database;
import liquibase.database.PreparedStatementFactory;
import liquibase.exception.DatabaseException;
import liquibase.ext.partition.connection.Reconnection;
import liquibase.ext.partition.step.RecordedChangesets;

/** Records a changeset that sets a tag, right before Liquibase records the changeset that this statement belongs to. */
public final class TagStatement extends WorkStatement {
    private final Database database;
    private final ChangeSet tag;

    public TagStatement(Database database, ChangeSet tag) {
        this.database = database;
        this.tag = tag;
    }

    @Override
    public void execute(PreparedStatementFactory factory) throws DatabaseException {
        try {
            Reconnection.of(database, "tag").until(() -> {
                RecordedChangesets.of(database).recordAsLatest(tag);
                return null;
            });
        } catch (SQLException e) {
            throw new DatabaseException(e);
        }
    }

    @Override
    public String toString() {
        return "-- tag " + tag.getId();
    }
}
