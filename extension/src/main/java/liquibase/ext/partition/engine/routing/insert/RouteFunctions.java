package liquibase.ext.partition.engine.routing.insert;

import java.util.List;
import liquibase.ext.partition.engine.routing.row.OthersTriggers;
import liquibase.ext.partition.engine.routing.row.RoutingFunction;
import liquibase.ext.partition.engine.routing.row.RoutingNames;
import liquibase.ext.partition.engine.routing.row.TimeColumns;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The functions that insert a row into its child once it has left the parent: with the owner's rights, or, if
 * {@link OthersTriggers} finds a trigger, with the writer's.
 */
public record RouteFunctions(RoutingNames names) {
    /**
     * If a function that the statement calls has updated the row since, the trigger has fired for the version that
     * exists now. If the writer must insert the row, the setting has the child and the statement: nobody may call the
     * function that reads the table's columns.
     */
    private static final Sql CREATE_ROUTE_FUNCTION = Sql.of("""
            CREATE FUNCTION {route}() RETURNS pg_catalog.trigger LANGUAGE plpgsql {asOwner} AS {quote}
            DECLARE
              child pg_catalog.regclass;
              present pg_catalog.text[];
              routed_at timestamp;
            BEGIN
              IF pg_catalog.current_setting('liquibase_partition.left') = 'true' THEN
                {readTime}
                child := {childOf}(routed_at, {ours});
                IF {others}(child, {inserted}, TG_RELID::pg_catalog.regclass, {ours}) IS NOT NULL THEN
                  PERFORM pg_catalog.set_config('liquibase_partition.left', child::pg_catalog.oid || ' ' || {insertInto}(child, {ours}), true);
                  RETURN NULL;
                END IF;
                EXECUTE {insertInto}(child, {ours}) USING NEW;
                PERFORM pg_catalog.set_config('liquibase_partition.left', 'false', true);
              END IF;
              RETURN NULL;
            END
            {quote}""");

    private static final Sql CREATE_ROUTE_AS_WRITER_FUNCTION = Sql.of("""
            CREATE FUNCTION {routeAsWriter}() RETURNS pg_catalog.trigger LANGUAGE plpgsql AS {quote}
            DECLARE
              task pg_catalog.text := pg_catalog.current_setting('liquibase_partition.left');
            BEGIN
              IF pg_catalog.strpos(task, ' ') OPERATOR(pg_catalog.>) 0 THEN
                PERFORM {permit}(pg_catalog.split_part(task, ' ', 1)::pg_catalog.oid::pg_catalog.regclass, {inserted}, TG_RELID::pg_catalog.regclass, {ours});
                EXECUTE pg_catalog.substr(task, 1 OPERATOR(pg_catalog.+) pg_catalog.strpos(task, ' ')) USING NEW;
                PERFORM pg_catalog.set_config('liquibase_partition.left', 'false', true);
              END IF;
              RETURN NULL;
            END
            {quote}""");

    public List<RoutingFunction> functions() {
        return List.of(
                RoutingFunction.ofTrigger(names.route(), routeStatement()),
                RoutingFunction.ofTrigger(names.routeAsWriter(), routeAsWriterStatement()));
    }

    private Sql routeStatement() {
        return names.asOwner(CREATE_ROUTE_FUNCTION, "route")
                .with("route", names.route())
                .with("insertInto", names.insert())
                .with("childOf", names.childOf())
                .with("readTime", new TimeColumns(names).readTime())
                .with("others", names.others())
                .with("ours", names.ours())
                .with("inserted", OthersTriggers.INSERT);
    }

    private Sql routeAsWriterStatement() {
        return CREATE_ROUTE_AS_WRITER_FUNCTION
                .with("quote", names.quote("route"))
                .with("routeAsWriter", names.routeAsWriter())
                .with("permit", names.permit())
                .with("ours", names.ours())
                .with("inserted", OthersTriggers.INSERT);
    }
}
