package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.util.List;
import java.util.Map;
import liquibase.Scope;
import liquibase.change.Change;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.statement.SqlStatement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Before Liquibase executes a changeset, it asks for its statements only to have their text beside its log lines. */
@ExtendWith(FreshDatabase.class)
class LogTextTest {

    /** An update that lost its connection right there used to fail, though the step would have reconnected. */
    @Test
    void isHadWithoutTheServer(TestDatabase server) throws Exception {
        Connection connection = server.connect();
        Database database =
                DatabaseFactory.getInstance().findCorrectDatabaseImplementation(new JdbcConnection(connection));
        CreatePartitionedTableChange prepare = new CreatePartitionedTableChange();
        prepare.setPartitionColumns("created_at");
        CaptureChangesChange capture = new CaptureChangesChange();
        capture.setKeyColumns("id");
        LockedSwapChange swap = new LockedSwapChange();
        swap.setKeyColumns("id");
        connection.close();

        for (PartitionChange change : List.of(prepare, capture, swap)) {
            change.setSchemaName("public");
            change.setTableName("orders");
            SqlStatement[] statements = Scope.child(
                    Map.of(Change.SHOULD_EXECUTE, Boolean.FALSE), () -> change.generateStatements(database));

            assertThat(statements).hasSize(1);
            assertThat(statements[0].getFormattedStatement(database))
                    .isEqualTo("-- %s public.orders".formatted(change.getSerializedObjectName()));
        }
    }
}
