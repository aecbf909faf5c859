package liquibase.ext.partition.engine.routing.update;

import java.util.List;
import liquibase.ext.partition.engine.routing.row.OthersTriggers;
import liquibase.ext.partition.engine.routing.row.RoutingFunction;
import liquibase.ext.partition.engine.routing.row.RoutingNames;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The functions that, after a row has moved to another child ({@link MoveFunctions}), remove the row that is left in
 * the old one: with the owner's rights, or, if {@link OthersTriggers} finds a trigger, with the writer's.
 */
public record MovedFunctions(RoutingNames names) {
    /** A user's trigger may keep the row from being deleted, and then it would be there twice. */
    private static final Sql TAKE_AWAY = Sql.of("""
            EXECUTE pg_catalog.format('DELETE FROM ONLY %s AS c WHERE c.ctid OPERATOR(pg_catalog.=) %L', TG_RELID::pg_catalog.regclass, NEW.ctid);
              GET DIAGNOSTICS deleted = ROW_COUNT;
              IF deleted OPERATOR(pg_catalog.=) 0 THEN
                RAISE EXCEPTION USING ERRCODE = 'triggered_data_change_violation',
                  MESSAGE = pg_catalog.format('a row of %s cannot move to another child, because a trigger keeps it from being deleted here', TG_RELID::pg_catalog.regclass),
                  HINT = 'Nothing was changed. Insert the row anew with its other date, or have the trigger let it go.';
              END IF;
              PERFORM pg_catalog.set_config('liquibase_partition.taken', 'true', true);
              RETURN NULL;""");

    private static final Sql CREATE_MOVED_FUNCTION = Sql.of("""
            CREATE FUNCTION {movedFunction}() RETURNS pg_catalog.trigger LANGUAGE plpgsql {asOwner} AS {quote}
            DECLARE
              deleted pg_catalog.int8;
            BEGIN
              PERFORM pg_catalog.set_config('liquibase_partition.moved', '', true);
              IF {others}(TG_RELID::pg_catalog.regclass, {deleted}, TG_RELID::pg_catalog.regclass, {ours}) IS NOT NULL THEN
                PERFORM pg_catalog.set_config('liquibase_partition.taken', 'false', true);
                RETURN NULL;
              END IF;
              {takeAway}
            END
            {quote}""");

    private static final Sql CREATE_MOVED_AS_WRITER_FUNCTION = Sql.of("""
            CREATE FUNCTION {movedAsWriter}() RETURNS pg_catalog.trigger LANGUAGE plpgsql AS {quote}
            DECLARE
              deleted pg_catalog.int8;
            BEGIN
              IF pg_catalog.current_setting('liquibase_partition.taken') OPERATOR(pg_catalog.=) 'true' THEN
                RETURN NULL;
              END IF;
              PERFORM {permit}(TG_RELID::pg_catalog.regclass, {deleted}, TG_RELID::pg_catalog.regclass, {ours});
              {takeAway}
            END
            {quote}""");

    public List<RoutingFunction> functions() {
        return List.of(
                RoutingFunction.ofTrigger(names.moved(), movedStatement()),
                RoutingFunction.ofTrigger(names.movedAsWriter(), movedAsWriterStatement()));
    }

    private Sql movedStatement() {
        return names.asOwner(CREATE_MOVED_FUNCTION, "moved")
                .with("movedFunction", names.moved())
                .with("takeAway", TAKE_AWAY)
                .with("others", names.others())
                .with("ours", names.ours())
                .with("deleted", OthersTriggers.DELETE);
    }

    private Sql movedAsWriterStatement() {
        return CREATE_MOVED_AS_WRITER_FUNCTION
                .with("quote", names.quote("moved"))
                .with("movedAsWriter", names.movedAsWriter())
                .with("takeAway", TAKE_AWAY)
                .with("permit", names.permit())
                .with("ours", names.ours())
                .with("deleted", OthersTriggers.DELETE);
    }
}
