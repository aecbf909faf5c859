package liquibase.ext.partition.engine.routing.insert;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.routing.row.RoutingNames;
import liquibase.ext.partition.engine.routing.row.RoutingTrigger;
import liquibase.ext.partition.engine.routing.row.TimeColumns;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/** The triggers on the table itself: those that move an inserted row to its child, and the one that keeps columns. */
public record ParentTriggers(RoutingNames names) {
    /** Also fires for an update, by a function that the statement calls, of a row that is still in the parent. */
    private static final Sql CREATE_ROUTE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} AFTER INSERT OR UPDATE ON {parent} FOR EACH ROW EXECUTE FUNCTION {function}()""");

    public List<Sql> statements() {
        List<Identifier> triggers = names.routeTriggers();
        List<QualifiedName> functions =
                List.of(names.leave(), names.leaveAsWriter(), names.route(), names.routeAsWriter());
        List<Sql> statements = new ArrayList<>();
        for (int i = 0; i < functions.size(); i++) {
            statements.add(CREATE_ROUTE_TRIGGER
                    .with("trigger", triggers.get(i))
                    .with("parent", names.parent())
                    .with("function", functions.get(i)));
            statements.add(RoutingTrigger.enableAlways(names.parent(), triggers.get(i)));
        }
        statements.add(new TimeColumns(names).triggerStatement());
        return statements;
    }
}
