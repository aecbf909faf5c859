package liquibase.ext.partition.engine.routing.update;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.routing.row.RoutingNames;
import liquibase.ext.partition.engine.routing.row.RoutingTrigger;
import liquibase.ext.partition.engine.routing.row.TimeColumns;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlFragment;

/** The triggers on a child that move a row to another child when its time is updated. */
public record ChildTriggers(RoutingNames names) {
    /** If a row has just moved in this statement, the function resets the setting for rows that stay. */
    private static final Sql CREATE_MOVE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} BEFORE UPDATE ON {child} FOR EACH ROW
              WHEN (({time} >= {from} AND {time} < {to}) IS NOT TRUE OR pg_catalog.current_setting('liquibase_partition.moved', true) <> '')
              EXECUTE FUNCTION {function}()""");

    /** A row of the default child may have a child by now. */
    private static final Sql CREATE_DEFAULT_MOVE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} BEFORE UPDATE ON {child} FOR EACH ROW
              WHEN (({time} >= {from} AND {time} < 'infinity') OR pg_catalog.current_setting('liquibase_partition.moved', true) <> '')
              EXECUTE FUNCTION {function}()""");

    /** Acts if the first trigger has left the row to this one. */
    private static final Sql CREATE_MOVE_AS_WRITER_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} BEFORE UPDATE ON {child} FOR EACH ROW
              WHEN (pg_catalog.left(pg_catalog.current_setting('liquibase_partition.moved', true), 1) = '>')
              EXECUTE FUNCTION {function}()""");

    /** The condition is evaluated right after the row's update, so the setting is still that of this row. */
    private static final Sql CREATE_MOVED_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} AFTER UPDATE ON {child} FOR EACH ROW
              WHEN (pg_catalog.current_setting('liquibase_partition.moved', true) <> ''
                    AND pg_catalog.current_setting('liquibase_partition.moved', true)
                        = OLD.tableoid::pg_catalog.text || ':' || OLD.ctid::pg_catalog.text)
              EXECUTE FUNCTION {function}()""");

    public List<Sql> statements(Partition partition) {
        QualifiedName child = names.child(partition.name());
        return statements(
                child,
                moveTrigger(
                        child,
                        newTime(),
                        TimeColumns.timestamp(partition.from()),
                        TimeColumns.timestamp(partition.to())));
    }

    public List<Sql> statementsForTheDefaultChild() {
        return statements(
                names.defaultChild(),
                CREATE_DEFAULT_MOVE_TRIGGER
                        .with("trigger", names.moveTrigger())
                        .with("child", names.defaultChild())
                        .with("time", newTime())
                        .with("from", TimeColumns.timestamp(names.layout().from()))
                        .with("function", names.move()));
    }

    /**
     * The trigger that moves a row.
     *
     * @param time the new row's time
     * @param from the beginning of the child's range
     * @param to the end of the range
     */
    public Sql moveTrigger(SqlFragment child, Sql time, Sql from, Sql to) {
        return CREATE_MOVE_TRIGGER
                .with("trigger", names.moveTrigger())
                .with("child", child)
                .with("time", time)
                .with("from", from)
                .with("to", to)
                .with("function", names.move());
    }

    private List<Sql> statements(QualifiedName child, Sql moveTrigger) {
        List<Sql> statements = new ArrayList<>();
        statements.add(moveTrigger);
        statements.add(CREATE_MOVE_AS_WRITER_TRIGGER
                .with("trigger", names.moveAsWriterTrigger())
                .with("child", child)
                .with("function", names.moveAsWriter()));
        statements.add(CREATE_MOVED_TRIGGER
                .with("trigger", names.movedTrigger())
                .with("child", child)
                .with("function", names.moved()));
        statements.add(CREATE_MOVED_TRIGGER
                .with("trigger", names.movedAsWriterTrigger())
                .with("child", child)
                .with("function", names.movedAsWriter()));
        for (Identifier trigger : names.triggersOnChild()) {
            statements.add(RoutingTrigger.enableAlways(child, trigger));
        }
        return statements;
    }

    private Sql newTime() {
        return names.table().timeOf("NEW");
    }
}
