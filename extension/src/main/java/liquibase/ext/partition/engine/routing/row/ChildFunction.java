package liquibase.ext.partition.engine.routing.row;

import liquibase.ext.partition.engine.sql.Sql;

/** The function that finds the child of a time. */
public record ChildFunction(RoutingNames names) {
    /**
     * The child of a time, locked for the writer. Rows never go to a table that was taken out of the inheritance (NO
     * INHERIT) but kept its name. So this is checked again under the lock, since the writer may have waited for just
     * that change. An older snapshot shows the former state, but the parser decides by the latest one whether a row of
     * one table is a row of the other. For functions with the owner's rights and path, which cost too much to be set
     * again for each row.
     */
    private static final Sql CREATE_CHILD_FUNCTION = Sql.of("""
            CREATE FUNCTION {childOf}(routed_at timestamp, ours {type}) RETURNS pg_catalog.regclass LANGUAGE plpgsql AS {quote}
            DECLARE
              parent pg_catalog.regclass := {parentName}::pg_catalog.regclass;
              child pg_catalog.regclass;
            BEGIN
              FOREACH child IN ARRAY ARRAY[
                CASE WHEN routed_at >= {from} AND routed_at < timestamp '10000-01-01' THEN
                  pg_catalog.to_regclass(pg_catalog.format('%I.%I', {schema}, {prefix} || pg_catalog.to_char(routed_at, {pattern}))) END,
                pg_catalog.to_regclass({defaultName})]
              LOOP
                CONTINUE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = child AND i.inhparent = parent);
                BEGIN
                  EXECUTE pg_catalog.format('LOCK TABLE ONLY %s IN ROW EXCLUSIVE MODE', child);
                EXCEPTION WHEN undefined_table THEN
                  -- It was dropped meanwhile.
                  CONTINUE;
                END;
                IF pg_catalog.current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
                  BEGIN
                    EXECUTE pg_catalog.format('SELECT NULL::%s::%s', child, parent);
                    RETURN child;
                  EXCEPTION WHEN cannot_coerce THEN
                    CONTINUE;
                  END;
                ELSIF EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = child AND i.inhparent = parent) THEN
                  RETURN child;
                END IF;
              END LOOP;
              RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = pg_catalog.format('there is no place for a row of %s: its default child %s is no child of it any more', parent, {defaultSaid}),
                HINT = pg_catalog.format('Nothing was changed. Make it one again: ALTER TABLE %s INHERIT %s;', {defaultName}, parent);
            END
            {quote}""");

    public RoutingFunction function() {
        return RoutingFunction.called(
                names.childOf(),
                names.parameters("timestamp"),
                names.withNameOfChild(CREATE_CHILD_FUNCTION.with("quote", names.quote("child")))
                        .with("childOf", names.childOf())
                        .with("type", names.type())
                        .with("defaultSaid", Sql.literal(names.defaultChild().toString())));
    }
}
