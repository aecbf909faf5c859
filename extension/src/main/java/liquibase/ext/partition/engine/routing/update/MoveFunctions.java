package liquibase.ext.partition.engine.routing.update;

import java.util.List;
import liquibase.ext.partition.engine.routing.row.OthersTriggers;
import liquibase.ext.partition.engine.routing.row.RoutingFunction;
import liquibase.ext.partition.engine.routing.row.RoutingNames;
import liquibase.ext.partition.engine.routing.row.TimeColumns;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The functions that, before a row is updated, insert the new row into another child if it belongs there: with the
 * owner's rights, or, if {@link OthersTriggers} finds a trigger, with the writer's. {@link MovedFunctions} remove the
 * row that is left in the old child.
 */
public record MoveFunctions(RoutingNames names) {
    /**
     * The setting names the row that is left over, and ends with the transaction. Nobody can make a row vanish by
     * setting it: a row that stays resets it. The row that is left over must satisfy the child's constraints: it is
     * what {@code left_over} makes of the new row and the old one, if that gives a row.
     */
    private static final Sql MOVE = Sql.of("""
            EXECUTE {insert} USING NEW;
              IF left_over OPERATOR(pg_catalog.<>) '' THEN
                EXECUTE left_over INTO NEW USING NEW, OLD;
              END IF;
              PERFORM pg_catalog.set_config('liquibase_partition.moved', TG_RELID::pg_catalog.text OPERATOR(pg_catalog.||) ':' OPERATOR(pg_catalog.||) OLD.ctid::pg_catalog.text, true);
              RETURN NEW;""");

    /**
     * Empty for the default child, which has no range. Otherwise the time is the old one, and so is each column that
     * appears beside it in a CHECK, an exclusion constraint or a unique index, or beside one of those. The columns of a
     * unique index without the time are an exception: by such a key, which is the new one, the triggers that keep
     * foreign keys notice that the row got another one. The names come from the row's type; no value is inspected,
     * because the owner of a column's type may have defined a cast for it. If the snapshot is older than the routing,
     * or than the name of a column of the child, the old row is left. A CHECK or an index that is younger than the
     * snapshot is not seen; the row that is left over may break it, and then the move is an error.
     */
    private static final Sql LEFT_OVER = Sql.of("""
            IF TG_RELID <> {defaultName}::pg_catalog.regclass::pg_catalog.oid THEN
                EXECUTE pg_catalog.format('SELECT pg_catalog.array_agg(k.name) FROM pg_catalog.json_object_keys((
                    SELECT pg_catalog.row_to_json(r.*) FROM (SELECT o.* FROM (SELECT) AS one LEFT JOIN ONLY %s AS o ON false) AS r)) AS k (name)',
                  TG_RELID::pg_catalog.regclass) INTO columns;
                times := CASE WHEN present = ARRAY({namesInSnapshot})
                    AND columns = ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.pg_attribute AS a
                                        WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
                  THEN {columnsOfTime} ELSE columns END;
                WITH RECURSIVE sets AS (
                  SELECT k.conkey AS keys FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = TG_RELID AND k.contype IN ('c', 'x')
                  UNION ALL
                  SELECT ARRAY(SELECT pg_catalog.unnest(i.indkey::pg_catalog.int2[])
                               UNION
                               SELECT d.refobjsubid::pg_catalog.int2 FROM pg_catalog.pg_depend AS d
                               WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid
                                 AND d.refclassid = d.classid AND d.refobjid = TG_RELID)
                  FROM pg_catalog.pg_index AS i WHERE i.indrelid = TG_RELID AND i.indisunique),
                held AS (
                  SELECT a.attnum FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = TG_RELID AND a.attname = ANY (times)),
                keys AS (
                  SELECT pg_catalog.unnest(i.indkey::pg_catalog.int2[]) AS attnum FROM pg_catalog.pg_index AS i
                  WHERE i.indrelid = TG_RELID AND i.indisunique
                    AND NOT EXISTS (SELECT FROM held AS h WHERE h.attnum = ANY (i.indkey::pg_catalog.int2[]))),
                kept AS (
                  SELECT h.attnum FROM held AS h
                  UNION
                  SELECT u.attnum FROM kept AS k
                  JOIN sets AS s ON k.attnum = ANY (s.keys)
                  CROSS JOIN LATERAL pg_catalog.unnest(s.keys) AS u (attnum)
                  WHERE u.attnum > 0 AND NOT EXISTS (SELECT FROM keys AS o WHERE o.attnum = u.attnum))
                SELECT times || ARRAY(SELECT a.attname::pg_catalog.text FROM kept AS k
                                      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = TG_RELID AND a.attnum = k.attnum)
                  INTO times;
                SELECT 'SELECT ' || pg_catalog.string_agg(
                         CASE WHEN k.name = ANY (times) THEN '($2).' ELSE '($1).' END || pg_catalog.quote_ident(k.name), ', ' ORDER BY k.place)
                  INTO left_over FROM pg_catalog.unnest(columns) WITH ORDINALITY AS k (name, place);
              END IF;""");

    /**
     * A later trigger could keep the old row from being updated, and then the new row would exist as well. A table that
     * was taken out of the inheritance is an ordinary table; to a transaction with an older snapshot the cast is an
     * error then. If the writer must insert the row, the setting has the child and the statement.
     */
    private static final Sql CREATE_MOVE_FUNCTION = Sql.of("""
            CREATE FUNCTION {moveFunction}() RETURNS pg_catalog.trigger LANGUAGE plpgsql {asOwner} AS {quote}
            DECLARE
              child pg_catalog.regclass;
              later pg_catalog.name;
              left_over pg_catalog.text := '';
              columns pg_catalog.text[];
              present pg_catalog.text[];
              times pg_catalog.text[];
              routed_at timestamp;
            BEGIN
              IF NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i
                             WHERE i.inhrelid = TG_RELID AND i.inhparent = pg_catalog.to_regclass({parentName})) THEN
                PERFORM pg_catalog.set_config('liquibase_partition.moved', '', true);
                RETURN NEW;
              END IF;
              PERFORM NEW::{parent};
              {readTime}
              child := {childOf}(routed_at, {ours});
              IF child = TG_RELID THEN
                PERFORM pg_catalog.set_config('liquibase_partition.moved', '', true);
                RETURN NEW;
              END IF;
              SELECT t.tgname INTO later FROM pg_catalog.pg_trigger AS t
              WHERE t.tgrelid = TG_RELID AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 19 = 19 AND t.tgname > {moveFirst}
                AND NOT (t.tgname = {moveLast} AND t.tgfoid = pg_catalog.to_regprocedure({moveLastFunction}))
              LIMIT 1;
              IF FOUND THEN
                RAISE EXCEPTION USING ERRCODE = 'triggered_data_change_violation',
                  MESSAGE = pg_catalog.format('a row of %s cannot move to another child, because trigger %I fires after the one that moves it', TG_RELID::pg_catalog.regclass, later),
                  HINT = pg_catalog.format('Nothing was changed. Give the trigger a name that sorts before: ALTER TRIGGER %I ON %s RENAME TO %I;', later, TG_RELID::pg_catalog.regclass, 'before_' || later);
              END IF;
              {leftOver}
              IF {others}(child, {inserted}, TG_RELID::pg_catalog.regclass, {ours}) IS NOT NULL THEN
                PERFORM pg_catalog.set_config('liquibase_partition.left_over', left_over, true);
                PERFORM pg_catalog.set_config('liquibase_partition.moved', '>' || child::pg_catalog.oid || ' ' || {insertInto}(child, {ours}), true);
                RETURN NEW;
              END IF;
              {move}
            END
            {quote}""");

    private static final Sql CREATE_MOVE_AS_WRITER_FUNCTION = Sql.of("""
            CREATE FUNCTION {moveAsWriter}() RETURNS pg_catalog.trigger LANGUAGE plpgsql AS {quote}
            DECLARE
              task pg_catalog.text := pg_catalog.substr(pg_catalog.current_setting('liquibase_partition.moved'), 2);
              left_over pg_catalog.text := pg_catalog.current_setting('liquibase_partition.left_over');
            BEGIN
              PERFORM {permit}(pg_catalog.split_part(task, ' ', 1)::pg_catalog.oid::pg_catalog.regclass, {inserted}, TG_RELID::pg_catalog.regclass, {ours});
              {move}
            END
            {quote}""");

    public List<RoutingFunction> functions() {
        return List.of(
                RoutingFunction.ofTrigger(names.move(), moveStatement()),
                RoutingFunction.ofTrigger(names.moveAsWriter(), moveAsWriterStatement()));
    }

    private Sql moveStatement() {
        TimeColumns columns = new TimeColumns(names);
        return names.asOwner(CREATE_MOVE_FUNCTION, "move")
                .with("move", MOVE.with("insert", Sql.of("{insertInto}(child, {ours})")))
                .with(
                        "leftOver",
                        LEFT_OVER
                                .with("defaultName", names.defaultName())
                                .with("namesInSnapshot", columns.namesInSnapshot())
                                .with("columnsOfTime", columns.columnsOfTime()))
                .with("insertInto", names.insert())
                .with("moveFunction", names.move())
                .with("childOf", names.childOf())
                .with("readTime", columns.readTime())
                .with("parent", names.parent())
                .with("parentName", names.parentName())
                .with("moveFirst", Sql.literal(names.moveTrigger().name()))
                .with("moveLast", Sql.literal(names.moveAsWriterTrigger().name()))
                .with("moveLastFunction", Sql.literal(names.moveAsWriter().quoted() + "()"))
                .with("others", names.others())
                .with("ours", names.ours())
                .with("inserted", OthersTriggers.INSERT);
    }

    private Sql moveAsWriterStatement() {
        return CREATE_MOVE_AS_WRITER_FUNCTION
                .with("quote", names.quote("move"))
                .with(
                        "move",
                        MOVE.with(
                                "insert",
                                Sql.raw(
                                        "pg_catalog.substr(task, 1 OPERATOR(pg_catalog.+) pg_catalog.strpos(task, ' '))")))
                .with("moveAsWriter", names.moveAsWriter())
                .with("permit", names.permit())
                .with("ours", names.ours())
                .with("inserted", OthersTriggers.INSERT);
    }
}
