package liquibase.ext.partition.engine;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import liquibase.ext.partition.testing.TestDatabase;

/** A user's transaction that a test holds open as long as it likes; rolled back when closed. */
public final class Transaction implements AutoCloseable {
    private final Connection connection;

    private Transaction(Connection connection, int isolation) throws SQLException {
        this.connection = connection;
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(isolation);
    }

    public static Transaction begin(TestDatabase database) throws SQLException {
        return new Transaction(database.connect(), Connection.TRANSACTION_READ_COMMITTED);
    }

    /** Its snapshot is taken by its first statement. */
    public static Transaction beginRepeatableRead(TestDatabase database) throws SQLException {
        return new Transaction(database.connect(), Connection.TRANSACTION_REPEATABLE_READ);
    }

    public static Transaction beginAs(TestDatabase database, String role) throws SQLException {
        return new Transaction(database.connect(role, role), Connection.TRANSACTION_READ_COMMITTED);
    }

    public Transaction run(String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
        return this;
    }

    /** The number of rows it inserted, updated or deleted. */
    public int update(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }

    /** The first column of the first row; null if there is none. */
    public String query(String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : null;
        }
    }

    public void commit() throws SQLException {
        connection.commit();
    }

    public void rollback() throws SQLException {
        connection.rollback();
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
