package liquibase.ext.partition.engine.sql;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Statements that the server has parsed ahead, for a moment when there is no time for it. The first execution of a
 * statement makes its plan, so callers that have no time for that either must execute each once before. See PREPARE in
 * PostgreSQL's manual.
 *
 * <p>The statements belong to the session, whatever becomes of its transactions, and live until {@link #release}.
 */
public final class PreparedStatements {
    private static final Sql PREPARE = Sql.of("PREPARE {name} AS {statement}");
    private static final Sql EXECUTE = Sql.of("EXECUTE {name}");
    private static final Sql DEALLOCATE = Sql.of("DEALLOCATE {name}");

    private static final AtomicLong NUMBERS = new AtomicLong();

    private final List<Sql> names;

    private PreparedStatements(List<Sql> names) {
        this.names = names;
    }

    /** @param statements each a SELECT, INSERT, UPDATE, DELETE or MERGE; the server prepares no others */
    public static PreparedStatements of(Session session, List<Sql> statements) throws SQLException {
        List<Sql> names = new ArrayList<>();
        List<Sql> preparations = new ArrayList<>();
        for (Sql statement : statements) {
            Sql name = Sql.raw("liquibase_partition_statement_" + NUMBERS.incrementAndGet());
            names.add(name);
            preparations.add(PREPARE.with("name", name).with("statement", statement));
        }
        session.updateAll(preparations);
        return new PreparedStatements(names);
    }

    /** The statements that execute them, in their order. */
    public List<Sql> executions() {
        return names.stream().map(name -> EXECUTE.with("name", name)).toList();
    }

    public void release(Session session) throws SQLException {
        session.updateAll(
                names.stream().map(name -> DEALLOCATE.with("name", name)).toList());
    }
}
