package liquibase.ext.partition.engine.routing.row;

import java.util.List;
import liquibase.ext.partition.engine.sql.Sql;

/** The functions that put together the INSERT of a row of the parent into a child. */
public record InsertFunctions(RoutingNames names) {
    /**
     * The names come from the row's type and not from {@code pg_attribute}, where a transaction with an older snapshot
     * would miss a column that was added since, and would lose its value. No row's type shows which columns are
     * generated, so if DROP EXPRESSION may have come since, the transaction has to begin anew.
     */
    private static final Sql CREATE_COLUMNS_FUNCTION = Sql.of("""
            CREATE FUNCTION {columnsOf}(isolation pg_catalog.text, ours {type}) RETURNS pg_catalog.text LANGUAGE plpgsql IMMUTABLE {asOwner} AS {quote}
            BEGIN
              RETURN (
                SELECT pg_catalog.format(' (%s) VALUES (%s)', pg_catalog.string_agg(pg_catalog.quote_ident(k.name), ', '),
                                         pg_catalog.string_agg('($1).' || pg_catalog.quote_ident(k.name), ', '))
                FROM pg_catalog.json_object_keys((
                       SELECT pg_catalog.row_to_json(r.*)
                       FROM (SELECT o.* FROM (SELECT) AS one LEFT JOIN ONLY {parent} AS o ON false) AS r)) AS k (name)
                WHERE k.name <> ALL (ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.pg_attribute AS a
                                           WHERE a.attrelid = {parentName}::pg_catalog.regclass AND a.attgenerated <> '')));
            END
            {quote}""");

    /**
     * The server evaluates an immutable function of constants once, when it plans the statement, and plans anew when
     * the table that the statement names has been altered. So the columns cost hardly anything per row. A result from
     * an older snapshot must not be kept, so in that case it is computed for each row.
     */
    private static final Sql CREATE_INSERT_FUNCTION = Sql.of("""
            CREATE FUNCTION {insertInto}(child pg_catalog.regclass, ours {type}) RETURNS pg_catalog.text LANGUAGE plpgsql {asOwner} AS {quote}
            DECLARE
              isolation pg_catalog.text := pg_catalog.current_setting('transaction_isolation');
            BEGIN
              IF isolation IN ('repeatable read', 'serializable') THEN
                IF EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                           WHERE a.attrelid = {parentName}::pg_catalog.regclass AND a.attgenerated <> '' AND {replaced}) THEN
                  RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
                    MESSAGE = pg_catalog.format('could not serialize access, because a generated column of %s was altered since the transaction began', {parentName}::pg_catalog.regclass),
                    HINT = 'Nothing was changed. Run the transaction again.';
                END IF;
                RETURN 'INSERT INTO ' || child::pg_catalog.text || {columnsOf}(isolation, ours);
              END IF;
              RETURN 'INSERT INTO ' || child::pg_catalog.text
                || (SELECT {columnsOf}(''::pg_catalog.text, {ours}) FROM (SELECT) AS one LEFT JOIN ONLY {parent} AS o ON false);
            END
            {quote}""");

    public List<RoutingFunction> functions() {
        return List.of(
                RoutingFunction.called(names.columns(), names.parameters("pg_catalog.text"), columnsStatement()),
                RoutingFunction.called(names.insert(), names.parameters("pg_catalog.regclass"), insertStatement()));
    }

    private Sql columnsStatement() {
        return names.asOwner(CREATE_COLUMNS_FUNCTION, "columns")
                .with("columnsOf", names.columns())
                .with("type", names.type())
                .with("parent", names.parent())
                .with("parentName", names.parentName());
    }

    private Sql insertStatement() {
        return names.asOwner(CREATE_INSERT_FUNCTION, "insert")
                .with("insertInto", names.insert())
                .with("columnsOf", names.columns())
                .with("type", names.type())
                .with("ours", names.ours())
                .with("parent", names.parent())
                .with("parentName", names.parentName())
                .with("replaced", OthersTriggers.replaced("a"));
    }
}
