package liquibase.ext.partition.engine.routing.insert;

import java.util.List;
import liquibase.ext.partition.engine.routing.row.OthersTriggers;
import liquibase.ext.partition.engine.routing.row.RoutingFunction;
import liquibase.ext.partition.engine.routing.row.RoutingNames;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The functions that take a row out of the parent again: with the owner's rights, or, if {@link OthersTriggers} finds a
 * trigger, with the writer's.
 */
public record LeaveFunctions(RoutingNames names) {
    /**
     * Deletes by the {@code ctid}. Without the setting, a session that plans this while the parent is small would go on
     * scanning, for each row, everything that was inserted since the last VACUUM; in a SERIALIZABLE transaction that
     * scan would be a read of the whole parent. A trigger of its own does it, so that no other trigger and no check of
     * the child runs with that setting. It uses the owner's rights if these can do no harm, because a role that may
     * INSERT may not always DELETE. These functions name the parent, and another table may have its name by now.
     */
    private static final Sql CREATE_LEAVE_FUNCTION = Sql.of("""
            CREATE FUNCTION {leave}() RETURNS pg_catalog.trigger LANGUAGE plpgsql {asOwner} SET enable_seqscan = off AS {quote}
            BEGIN
              IF TG_RELID IS DISTINCT FROM pg_catalog.to_regclass({parentName})::pg_catalog.oid THEN
                RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
                  MESSAGE = pg_catalog.format('%s was renamed, and the triggers that put its rows into its children know it as %s', TG_RELID::pg_catalog.regclass, {parentSaid}),
                  HINT = 'Nothing was changed. Give it that name again.';
              END IF;
              IF {others}(TG_RELID::pg_catalog.regclass, {deleted}, TG_RELID::pg_catalog.regclass, {ours}) IS NOT NULL THEN
                PERFORM pg_catalog.set_config('liquibase_partition.left', '', true);
                RETURN NULL;
              END IF;
              DELETE FROM ONLY {parent} AS c WHERE c.ctid = NEW.ctid;
              PERFORM pg_catalog.set_config('liquibase_partition.left', FOUND::pg_catalog.text, true);
              RETURN NULL;
            END
            {quote}""");

    private static final Sql CREATE_LEAVE_AS_WRITER_FUNCTION = Sql.of("""
            CREATE FUNCTION {leaveAsWriter}() RETURNS pg_catalog.trigger LANGUAGE plpgsql AS {quote}
            DECLARE
              seqscan pg_catalog.text;
              gone pg_catalog.bool;
            BEGIN
              IF pg_catalog.current_setting('liquibase_partition.left') OPERATOR(pg_catalog.=) '' THEN
                PERFORM {permit}(TG_RELID::pg_catalog.regclass, {deleted}, TG_RELID::pg_catalog.regclass, {ours});
                seqscan := pg_catalog.current_setting('enable_seqscan');
                PERFORM pg_catalog.set_config('enable_seqscan', 'off', true);
                DELETE FROM ONLY {parent} AS c WHERE c.ctid OPERATOR(pg_catalog.=) NEW.ctid;
                gone := FOUND;
                PERFORM pg_catalog.set_config('enable_seqscan', seqscan, true);
                PERFORM pg_catalog.set_config('liquibase_partition.left', gone::pg_catalog.text, true);
              END IF;
              RETURN NULL;
            END
            {quote}""");

    public List<RoutingFunction> functions() {
        return List.of(
                RoutingFunction.ofTrigger(names.leave(), leaveStatement()),
                RoutingFunction.ofTrigger(names.leaveAsWriter(), leaveAsWriterStatement()));
    }

    private Sql leaveStatement() {
        return names.asOwner(CREATE_LEAVE_FUNCTION, "leave")
                .with("leave", names.leave())
                .with("parent", names.parent())
                .with("parentName", names.parentName())
                .with("parentSaid", Sql.literal(names.parent().toString()))
                .with("others", names.others())
                .with("ours", names.ours())
                .with("deleted", OthersTriggers.DELETE);
    }

    private Sql leaveAsWriterStatement() {
        return CREATE_LEAVE_AS_WRITER_FUNCTION
                .with("quote", names.quote("leave"))
                .with("leaveAsWriter", names.leaveAsWriter())
                .with("parent", names.parent())
                .with("permit", names.permit())
                .with("ours", names.ours())
                .with("deleted", OthersTriggers.DELETE);
    }
}
