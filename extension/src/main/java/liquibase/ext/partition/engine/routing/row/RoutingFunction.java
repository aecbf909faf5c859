package liquibase.ext.partition.engine.routing.row;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A function of the routing: how it is made, who may call it, and how it is dropped.
 *
 * @param arguments the types of its arguments
 * @param create the statement that makes it
 * @param calledByWriters whether writers call it when they write with their own rights; nobody calls a trigger function
 */
public record RoutingFunction(QualifiedName name, Sql arguments, Sql create, boolean calledByWriters) {
    private static final Sql GRANT = Sql.of("GRANT EXECUTE ON FUNCTION {function}({arguments}) TO PUBLIC");
    private static final Sql CHANGE_OWNER = Sql.of("ALTER FUNCTION {function}({arguments}) OWNER TO {owner}");
    private static final Sql DROP_FUNCTION = Sql.of("DROP FUNCTION IF EXISTS {function}({arguments}) CASCADE");

    /** A function that only other functions of the routing call. */
    public static RoutingFunction called(QualifiedName name, String arguments, Sql create) {
        return new RoutingFunction(name, Sql.raw(arguments), create, false);
    }

    /** A function that a trigger calls. */
    public static RoutingFunction ofTrigger(QualifiedName name, Sql create) {
        return new RoutingFunction(name, Sql.empty(), create, false);
    }

    public List<Sql> createStatements(Identifier owner) {
        List<Sql> statements = new ArrayList<>();
        statements.add(create);
        statements.add(Seclusion.ofFunction(name, arguments.text()));
        if (calledByWriters) {
            statements.add(GRANT.with("function", name).with("arguments", arguments));
        }
        statements.add(
                CHANGE_OWNER.with("function", name).with("arguments", arguments).with("owner", owner));
        return statements;
    }

    /** Also drops the triggers that call it. */
    public Sql dropStatement() {
        return DROP_FUNCTION.with("function", name).with("arguments", arguments);
    }
}
