package liquibase.ext.partition.statement;

import liquibase.database.Database;
import liquibase.statement.AbstractSqlStatement;
import liquibase.statement.ExecutablePreparedStatement;

/**
 * Work of ours in a place where Liquibase expects a statement. Only {@code JdbcExecutor} calls {@link #execute}, so
 * nothing runs while SQL is only printed. {@link #toString} describes the work: Liquibase logs that, since there is no
 * single statement to show.
 */
abstract class WorkStatement extends AbstractSqlStatement implements ExecutablePreparedStatement {
    @Override
    public final boolean continueOnError() {
        return false;
    }

    @Override
    public final String getFormattedStatement(Database ignored) {
        return toString();
    }
}
