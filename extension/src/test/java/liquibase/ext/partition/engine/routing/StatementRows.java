package liquibase.ext.partition.engine.routing;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** The result of a statement, in a form that can be compared between tables. */
public final class StatementRows {
    private StatementRows() {}

    /** The rows as texts, sorted, since no order was requested; for a statement without rows, how many it changed. */
    public static List<String> of(Connection connection, String statement) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Statement it = connection.createStatement()) {
            if (!it.execute(statement)) {
                return List.of(it.getUpdateCount() + " rows");
            }
            try (ResultSet result = it.getResultSet()) {
                while (result.next()) {
                    List<String> values = new ArrayList<>();
                    for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                        values.add(result.getString(i));
                    }
                    rows.add(values.toString());
                }
            }
        }
        rows.sort(null);
        return rows;
    }
}
