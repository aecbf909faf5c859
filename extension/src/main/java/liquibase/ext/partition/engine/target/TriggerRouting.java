package liquibase.ext.partition.engine.target;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.catalog.DependentsReader;
import liquibase.ext.partition.engine.catalog.SettableOptions;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements of {@code routing: trigger}: an ordinary table, its inheritance children, and the triggers that put every row
 * into the child of its time. Pure; runs nothing.
 *
 * <p><b>Insert.</b> A statement inserts its rows into the parent, where a user's BEFORE INSERT triggers fire and the row is counted and
 * returned, for {@code INSERT … RETURNING}, {@code COPY} and JDBC alike. The first AFTER triggers of each row take it out of the
 * parent again and insert it into its child. So what the user's triggers assign decides the child; and as all rows of the statement
 * are in the table by then, a foreign key is checked as on a plain table, whichever row refers to whichever. They are row
 * triggers, {@code ENABLE ALWAYS}: a subscription's apply fires no statement triggers, and {@code session_replication_role = replica}
 * must not fill the parent. The parent keeps its primary key: {@code GROUP BY id}, {@code ON CONFLICT (id)} and a publication of
 * deletes need it.
 *
 * <p><b>Nothing is frozen.</b> The INSERT into a child is put together from the columns that the parent has at that moment, and the
 * time is read by a function whose body the server keeps as a tree: whoever adds, renames or drops a column, or gives it another type,
 * need not think of the routing. The type of a column that holds the time cannot be changed, as with native partitioning.
 *
 * <p><b>No table is read.</b> A row is taken out of the parent, and an old version out of its child, by its {@code ctid}, and a child is
 * looked up in the catalog: in a SERIALIZABLE transaction nothing is remembered by which two inserts could be in each other's way.
 *
 * <p><b>Children</b> are made ahead, by the first step and by {@link #makeFunction}, and never by a writer: who creates a table holds
 * locks until the end of its transaction, and would keep others waiting that long. A row that has no child yet goes to the default one,
 * where every query finds it.
 *
 * <p><b>Update.</b> A child's row cannot leave it, so a BEFORE trigger inserts the new row into its child and gives the old
 * child the new row with the old time, which counts as the update; an AFTER trigger removes that row at the end of the statement.
 * As with native partitioning the row's DELETE and AFTER INSERT triggers fire; its AFTER UPDATE triggers fire too, and BEFORE INSERT
 * triggers do not. {@code UPDATE … RETURNING} shows the new values, but the old ones of the columns that hold the time.
 *
 * <p><b>Rights.</b> As with native partitioning, rights on the parent are enough, those granted tomorrow too: a row is taken out of a
 * table and put into another with the owner's rights and a pinned path. Where that would fire a trigger which could tell the
 * difference, or somebody else's, it is done with the writer's rights ({@link OthersTriggers}), who needs INSERT on the child then (a
 * child that is made later gets the default child's grants), and for updates of the time SELECT and DELETE too. So each of these
 * deeds has two trigger functions, one of which does it. PUBLIC may call what looks up whether a
 * table has such triggers, in the catalog.
 *
 * <p>Of a user's triggers, those BEFORE INSERT FOR EACH ROW and those FOR EACH STATEMENT belong on the parent, other row triggers on the
 * children. Statement triggers for DELETE cannot be kept: removing a row from the parent fires them.
 *
 * <p><b>Limits.</b> A key is unique in each child only. {@code ON CONFLICT} inserts new keys, but is an error where the key is taken
 * in the child. A foreign key that references the parent finds no row. An update or delete that waited for a row which another
 * transaction moved finds no row, and says so by its count only (native partitioning raises an error). During a statement that moves
 * rows, its BEFORE triggers can see a row in both children. A publication has no children that are made later.
 *
 * @param table what is routed
 * @param layout its prefix, interval and {@code from}; {@code until} is only where the children made in advance end
 */
public record TriggerRouting(RoutedTable table, PartitionLayout layout) {
    /** Stands for what is known at run time while a template is built; never part of a name or an expression. */
    private static final Sql CHILD = Sql.raw("\u0001");

    private static final Sql FROM = Sql.raw("\u0002");
    private static final Sql TO = Sql.raw("\u0003");
    /** The first column that the time or the CHECK reads; the next ones follow it. */
    private static final char COLUMN = '\uE000';

    private static final Sql CREATE_CHILD = Sql.of("CREATE TABLE {child} (CHECK ({check})) INHERITS ({parent})");

    private static final Sql CREATE_DEFAULT_CHILD = Sql.of("CREATE TABLE {child} () INHERITS ({parent})");

    private static final Sql AS_OWNER = Sql.of("SECURITY DEFINER SET search_path = pg_catalog, pg_temp");

    /** What the function that does it with the writer's rights is called. */
    private static final String AS_WRITER = "_as_writer";

    private static final Sql TABLE_AND_EVENT = Sql.raw("pg_catalog.regclass, pg_catalog.int4");
    private static final Sql INSERTED = Sql.raw(Integer.toString(OthersTriggers.INSERT));
    private static final Sql DELETED = Sql.raw(Integer.toString(OthersTriggers.DELETE));

    /** Kept as a tree, so that it follows a column that gets another name. */
    private static final Sql CREATE_TIME_FUNCTION = Sql.of("""
            CREATE FUNCTION {timeOf}(routed {parent}) RETURNS timestamp LANGUAGE sql IMMUTABLE RETURN {time}""");

    private static final Sql COMMENT_ON_TIME_FUNCTION = Sql.of("COMMENT ON FUNCTION {timeOf}({parent}) IS {comment}");

    /**
     * The names are those of the row's type and not of {@code pg_attribute}, where a transaction with an older snapshot would not see
     * a column that was added since, and would lose its value. Which of them are generated is in no row's type, so where DROP EXPRESSION
     * may have come since, the transaction has to begin anew.
     */
    private static final Sql CREATE_COLUMNS_FUNCTION = Sql.of("""
            CREATE FUNCTION {columnsOf}(isolation pg_catalog.text) RETURNS pg_catalog.text LANGUAGE plpgsql IMMUTABLE {asOwner} AS {quote}
            BEGIN
              RETURN (
                SELECT pg_catalog.format(' (%s) VALUES (%s)', pg_catalog.string_agg(pg_catalog.quote_ident(k.name), ', '),
                                         pg_catalog.string_agg('($1).' || pg_catalog.quote_ident(k.name), ', '))
                FROM pg_catalog.json_object_keys((
                       SELECT pg_catalog.row_to_json(r)
                       FROM (SELECT o.* FROM (SELECT) AS one LEFT JOIN ONLY {parent} AS o ON false) AS r)) AS k (name)
                WHERE k.name <> ALL (ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.pg_attribute AS a
                                           WHERE a.attrelid = {parentName}::pg_catalog.regclass AND a.attgenerated <> '')));
            END
            {quote}""");

    /**
     * The server computes a function of constants that it takes for immutable once, when it plans the statement, and plans anew
     * when the table that the statement names has been altered. So the columns cost hardly anything for each row. What is computed
     * by an older snapshot must not stay, so there it is computed for each row.
     */
    private static final Sql CREATE_INSERT_FUNCTION = Sql.of("""
            CREATE FUNCTION {insertInto}(child pg_catalog.regclass) RETURNS pg_catalog.text LANGUAGE plpgsql {asOwner} AS {quote}
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
                RETURN 'INSERT INTO ' || child::pg_catalog.text || {columnsOf}(isolation);
              END IF;
              RETURN 'INSERT INTO ' || child::pg_catalog.text
                || (SELECT {columnsOf}(''::pg_catalog.text) FROM (SELECT) AS one LEFT JOIN ONLY {parent} AS o ON false);
            END
            {quote}""");

    /**
     * The child of a time, locked for the writer. Rows never go to a table that was taken out of the inheritance (NO INHERIT) but kept
     * its name: it is asked again once the lock is there, since who waited for it may have waited for just that. An older
     * snapshot shows what was, but the parser looks up by the latest one whether a row of the one is a row of the other. For functions
     * with the owner's rights and path, which cost too much to be taken again for each row.
     */
    private static final Sql CREATE_CHILD_FUNCTION = Sql.of("""
            CREATE FUNCTION {childOf}(routed_at timestamp) RETURNS pg_catalog.regclass LANGUAGE plpgsql AS {quote}
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
                EXECUTE pg_catalog.format('LOCK TABLE ONLY %s IN ROW EXCLUSIVE MODE', child);
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

    /**
     * By the {@code ctid}, and without the setting a session that plans this while the parent is small would go on scanning all that
     * was ever inserted since the last VACUUM, for each row; in a SERIALIZABLE transaction that scan would be a read of the whole
     * parent. In a trigger of its own, so that no trigger and no check of the child runs with that setting. With the owner's rights
     * where these can do no harm: who may INSERT may not always DELETE. The parent is named in these functions, and another table
     * may have its name by now.
     */
    private static final Sql CREATE_LEAVE_FUNCTION = Sql.of("""
            CREATE FUNCTION {leave}() RETURNS pg_catalog.trigger LANGUAGE plpgsql {asOwner} SET enable_seqscan = off AS {quote}
            BEGIN
              IF TG_RELID IS DISTINCT FROM pg_catalog.to_regclass({parentName})::pg_catalog.oid THEN
                RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
                  MESSAGE = pg_catalog.format('%s was renamed, and the triggers that put its rows into its children know it as %s', TG_RELID::pg_catalog.regclass, {parentSaid}),
                  HINT = 'Nothing was changed. Give it that name again.';
              END IF;
              IF {others}(TG_RELID::pg_catalog.regclass, {deleted}) IS NOT NULL THEN
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
              IF pg_catalog.current_setting('liquibase_partition.left') = '' THEN
                PERFORM {permit}(TG_RELID::pg_catalog.regclass, {deleted});
                seqscan := pg_catalog.current_setting('enable_seqscan');
                PERFORM pg_catalog.set_config('enable_seqscan', 'off', true);
                DELETE FROM ONLY {parent} AS c WHERE c.ctid = NEW.ctid;
                gone := FOUND;
                PERFORM pg_catalog.set_config('enable_seqscan', seqscan, true);
                PERFORM pg_catalog.set_config('liquibase_partition.left', gone::pg_catalog.text, true);
              END IF;
              RETURN NULL;
            END
            {quote}""");

    /**
     * A row that was updated since, by a function that the statement calls, has fired the trigger for the version that is there. Where
     * the writer is to insert it, the setting has the child and the statement: what reads the table's columns is for nobody to call.
     */
    private static final Sql CREATE_ROUTE_FUNCTION = Sql.of("""
            CREATE FUNCTION {route}() RETURNS pg_catalog.trigger LANGUAGE plpgsql {asOwner} AS {quote}
            DECLARE
              child pg_catalog.regclass;
            BEGIN
              IF pg_catalog.current_setting('liquibase_partition.left') = 'true' THEN
                child := {childOf}({timeOf}(NEW));
                IF {others}(child, {inserted}) IS NOT NULL THEN
                  PERFORM pg_catalog.set_config('liquibase_partition.left', child::pg_catalog.oid || ' ' || {insertInto}(child), true);
                  RETURN NULL;
                END IF;
                EXECUTE {insertInto}(child) USING NEW;
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
              IF task NOT IN ('true', 'false', '') THEN
                PERFORM {permit}(pg_catalog.split_part(task, ' ', 1)::pg_catalog.oid::pg_catalog.regclass, {inserted});
                EXECUTE pg_catalog.substr(task, 1 + pg_catalog.strpos(task, ' ')) USING NEW;
                PERFORM pg_catalog.set_config('liquibase_partition.left', 'false', true);
              END IF;
              RETURN NULL;
            END
            {quote}""");

    /** The names that they have at present. */
    private static final Sql TIME_COLUMNS = Sql.of("""
            SELECT a.attname::pg_catalog.text
            FROM pg_catalog.pg_depend AS d
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
              AND d.objid = {timeSignature}::pg_catalog.regprocedure
              AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid > 0""");

    /**
     * The setting names the row that is left over, and ends with the transaction. Nobody can make a row vanish by setting it: a row
     * that stays takes it back. What is left over must satisfy the child's CHECK, and the default child has none.
     */
    private static final Sql MOVE = Sql.of("""
            EXECUTE {insert} USING NEW;
              IF TG_RELID <> {defaultName}::pg_catalog.regclass THEN
                columns := ARRAY(SELECT k.name FROM pg_catalog.json_object_keys(pg_catalog.row_to_json(NEW)) AS k (name));
                times := ARRAY({timeColumns});
                IF times = '{}' OR NOT times <@ columns THEN
                  -- By a snapshot that is older than the routing, or than a column's name.
                  NEW := OLD;
                ELSE
                  EXECUTE (
                    SELECT 'SELECT ' || pg_catalog.string_agg(
                             CASE WHEN k.name = ANY (times) THEN '($2).' ELSE '($1).' END || pg_catalog.quote_ident(k.name), ', ' ORDER BY k.place)
                    FROM pg_catalog.unnest(columns) WITH ORDINALITY AS k (name, place))
                    INTO NEW USING NEW, OLD;
                END IF;
              END IF;
              PERFORM pg_catalog.set_config('liquibase_partition.moved', TG_RELID::pg_catalog.text || ':' || OLD.ctid::pg_catalog.text, true);
              RETURN NEW;""");

    /**
     * A trigger that comes later could keep the old row from being updated, and the new one would be there as well. A table that was taken
     * out of the inheritance is one like any other. Where the writer is to insert the row, the setting has the child and the statement.
     */
    private static final Sql CREATE_MOVE_FUNCTION = Sql.of("""
            CREATE FUNCTION {moveFunction}() RETURNS pg_catalog.trigger LANGUAGE plpgsql {asOwner} AS {quote}
            DECLARE
              child pg_catalog.regclass;
              later pg_catalog.name;
              columns pg_catalog.text[];
              times pg_catalog.text[];
            BEGIN
              IF NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i
                             WHERE i.inhrelid = TG_RELID AND i.inhparent = pg_catalog.to_regclass({parentName})) THEN
                PERFORM pg_catalog.set_config('liquibase_partition.moved', '', true);
                RETURN NEW;
              END IF;
              child := {childOf}({timeOf}(NEW::{parent}));
              IF child = TG_RELID THEN
                PERFORM pg_catalog.set_config('liquibase_partition.moved', '', true);
                RETURN NEW;
              END IF;
              SELECT t.tgname INTO later FROM pg_catalog.pg_trigger AS t
              WHERE t.tgrelid = TG_RELID AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 19 = 19 AND t.tgname > {moveLast}
              LIMIT 1;
              IF FOUND THEN
                RAISE EXCEPTION USING ERRCODE = 'triggered_data_change_violation',
                  MESSAGE = pg_catalog.format('a row of %s cannot move to another child, because trigger %I fires after the one that moves it', TG_RELID::pg_catalog.regclass, later),
                  HINT = pg_catalog.format('Nothing was changed. Give the trigger a name that sorts before: ALTER TRIGGER %I ON %s RENAME TO %I;', later, TG_RELID::pg_catalog.regclass, 'before_' || later);
              END IF;
              IF {others}(child, {inserted}) IS NOT NULL THEN
                PERFORM pg_catalog.set_config('liquibase_partition.moved', '>' || child::pg_catalog.oid || ' ' || {insertInto}(child), true);
                RETURN NEW;
              END IF;
              {move}
            END
            {quote}""");

    private static final Sql CREATE_MOVE_AS_WRITER_FUNCTION = Sql.of("""
            CREATE FUNCTION {moveAsWriter}() RETURNS pg_catalog.trigger LANGUAGE plpgsql AS {quote}
            DECLARE
              task pg_catalog.text := pg_catalog.substr(pg_catalog.current_setting('liquibase_partition.moved'), 2);
              columns pg_catalog.text[];
              times pg_catalog.text[];
            BEGIN
              PERFORM {permit}(pg_catalog.split_part(task, ' ', 1)::pg_catalog.oid::pg_catalog.regclass, {inserted});
              {move}
            END
            {quote}""");

    /** A trigger of a user may keep the row from being deleted, and then it would be there twice. */
    private static final Sql TAKE_AWAY = Sql.of("""
            EXECUTE pg_catalog.format('DELETE FROM ONLY %s AS c WHERE c.ctid = %L', TG_RELID::pg_catalog.regclass, NEW.ctid);
              GET DIAGNOSTICS deleted = ROW_COUNT;
              IF deleted = 0 THEN
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
              IF {others}(TG_RELID::pg_catalog.regclass, {deleted}) IS NOT NULL THEN
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
              IF pg_catalog.current_setting('liquibase_partition.taken') = 'true' THEN
                RETURN NULL;
              END IF;
              PERFORM {permit}(TG_RELID::pg_catalog.regclass, {deleted});
              {takeAway}
            END
            {quote}""");

    private static final Sql CREATE_MAKE_FUNCTION = Sql.of("""
            CREATE FUNCTION {make}(day pg_catalog.date) RETURNS pg_catalog.regclass LANGUAGE plpgsql {asOwner} SET client_min_messages = warning SET default_tablespace = '' AS {quote}
            DECLARE
              step interval := {step};
              lower timestamp := pg_catalog.date_trunc({unit}, day::timestamp);
              full_name pg_catalog.text;
              default_child pg_catalog.regclass := {defaultName}::pg_catalog.regclass;
              child pg_catalog.regclass;
              it pg_catalog.record;
              names pg_catalog.text[] := {names};
              others pg_catalog.text[];
              indexes pg_catalog.oid[];
              statistics pg_catalog.text;
            BEGIN
              IF (day >= {from} AND day < timestamp '10000-01-01') IS NOT TRUE THEN
                RAISE EXCEPTION USING ERRCODE = 'datetime_field_overflow',
                  MESSAGE = pg_catalog.format('%3$s has no child of %1$s: they begin between %2$s and the year 9999', {parentName}::pg_catalog.regclass, {from}::pg_catalog.date, day);
              END IF;
              IF pg_catalog.current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
                RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
                  MESSAGE = 'by an older snapshot not all is seen that the default child has, and the new child is to have',
                  HINT = 'Do it in a READ COMMITTED transaction.';
              END IF;
              IF NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i
                             WHERE i.inhrelid = default_child AND i.inhparent = {parentName}::pg_catalog.regclass) THEN
                RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
                  MESSAGE = pg_catalog.format('%s, which tells what a child has, is no child of %s', default_child, {parentName}::pg_catalog.regclass);
              END IF;
              full_name := pg_catalog.format('%I.%I', {schema}, {prefix} || pg_catalog.to_char(lower, {pattern}));
              LOCK TABLE ONLY {parent} IN SHARE UPDATE EXCLUSIVE MODE;
              child := pg_catalog.to_regclass(full_name);
              IF child IS NOT NULL THEN
                IF NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = child AND i.inhparent = {parentName}::pg_catalog.regclass) THEN
                  RAISE EXCEPTION USING ERRCODE = 'duplicate_table',
                    MESSAGE = pg_catalog.format('%s is there already, and is no child of %s', child, {parentName}::pg_catalog.regclass);
                END IF;
                RETURN child;
              END IF;
              -- One of the columns may have got another name; the time's function knows it.
              others := ARRAY({timeColumns} AND a.attname <> ALL (names));
              FOR it IN
                SELECT k.name, k.place FROM pg_catalog.unnest(names) WITH ORDINALITY AS k (name, place)
                WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                                  WHERE a.attrelid = {parentName}::pg_catalog.regclass AND a.attname = k.name AND a.attnum > 0)
              LOOP
                IF pg_catalog.cardinality(others) <> 1 THEN
                  RAISE EXCEPTION USING ERRCODE = 'undefined_column',
                    MESSAGE = pg_catalog.format('column %I of %s, by which a child is told, has another name', it.name, {parentName}::pg_catalog.regclass),
                    HINT = 'Give it that name for as long as the child is made.';
                END IF;
                names[it.place] := others[1];
                others := ARRAY[]::pg_catalog.text[];
              END LOOP;
              SELECT c.relowner, c.relacl, t.spcname,
                     (SELECT pg_catalog.string_agg(o.prefix || p.option_name || '=' || pg_catalog.quote_literal(p.option_value), ', ')
                      FROM (VALUES ('', c.reloptions),
                                   ('toast.', (SELECT reloptions FROM pg_catalog.pg_class WHERE oid = c.reltoastrelid))) AS o (prefix, options),
                           pg_catalog.pg_options_to_table(o.options) AS p
                      WHERE p.option_name IN ({ofTable})) AS options
                INTO it
                FROM pg_catalog.pg_class AS c LEFT JOIN pg_catalog.pg_tablespace AS t ON t.oid = c.reltablespace WHERE c.oid = default_child;
              EXECUTE pg_catalog.format({create}, VARIADIC ARRAY[full_name, pg_catalog.to_char(lower, 'YYYY-MM-DD') || ' 00:00:00+00',
                             pg_catalog.to_char(lower + step, 'YYYY-MM-DD') || ' 00:00:00+00'] || names)
                || coalesce(' WITH (' || it.options || ')', '')
                || coalesce(' TABLESPACE ' || pg_catalog.quote_ident(it.spcname), '');
              child := full_name::pg_catalog.regclass;
              -- What default privileges gave would be a way round the parent's.
              FOR it IN
                SELECT DISTINCT acl.grantee
                FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS acl WHERE c.oid = child AND acl.grantee <> c.relowner
              LOOP
                EXECUTE pg_catalog.format('REVOKE ALL ON %s FROM %s', child,
                               CASE it.grantee WHEN 0 THEN 'PUBLIC' ELSE it.grantee::pg_catalog.regrole::pg_catalog.text END);
              END LOOP;
              -- Not by LIKE: columns would be the child's own, and stay when the parent drops them.
              FOR it IN
                SELECT pg_catalog.format('CREATE %sINDEX ON %s%s', u.word, child, pg_catalog.substr(pg_catalog.pg_get_indexdef(i.indexrelid), 1 + pg_catalog.length(
                         pg_catalog.format('CREATE %sINDEX %I ON %s', u.word, c.relname, default_child)))) AS definition,
                       pg_catalog.pg_get_constraintdef(k.oid) AS key, t.spcname,
                       (SELECT pg_catalog.string_agg(pg_catalog.format('%I=%L', o.option_name, o.option_value), ', ')
                        FROM pg_catalog.pg_options_to_table(c.reloptions) AS o) AS options
                FROM pg_catalog.pg_index AS i
                CROSS JOIN LATERAL (SELECT CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END) AS u (word)
                JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                LEFT JOIN pg_catalog.pg_tablespace AS t ON t.oid = c.reltablespace
                LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = i.indexrelid AND k.conrelid = default_child AND k.contype IN ('p', 'u', 'x')
                WHERE i.indrelid = default_child
                ORDER BY i.indexrelid
              LOOP
                PERFORM pg_catalog.set_config('default_tablespace', coalesce(it.spcname, ''), true);
                IF it.key IS NULL THEN
                  EXECUTE it.definition;
                  CONTINUE;
                END IF;
                indexes := ARRAY(SELECT i.indexrelid FROM pg_catalog.pg_index AS i WHERE i.indrelid = child);
                EXECUTE pg_catalog.format('ALTER TABLE %s ADD %s', child, it.key);
                IF it.options IS NOT NULL THEN
                  EXECUTE (SELECT pg_catalog.format('ALTER INDEX %s SET (%s)', i.indexrelid::pg_catalog.regclass, it.options)
                           FROM pg_catalog.pg_index AS i WHERE i.indrelid = child AND i.indexrelid <> ALL (indexes));
                END IF;
              END LOOP;
              FOR it IN
                SELECT pg_catalog.format('%I.%I', n.nspname, s.stxname) AS name, pg_catalog.pg_get_statisticsobjdef(s.oid) AS definition,
                       pg_catalog.row_number() OVER (ORDER BY s.oid) AS place
                FROM pg_catalog.pg_statistic_ext AS s JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
                WHERE s.stxrelid = default_child
              LOOP
                SELECT pg_catalog.format('%I.%I', {schema}, f.name) INTO statistics
                FROM (VALUES ({prefix} || pg_catalog.to_char(lower, {pattern}) || '_stat' || it.place), ('stat' || it.place || '_' || child::pg_catalog.oid)) AS f (name)
                WHERE pg_catalog.octet_length(f.name) < 64
                  AND NOT EXISTS (SELECT FROM pg_catalog.pg_statistic_ext AS s JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
                                  WHERE n.nspname = {schema} AND s.stxname = f.name)
                LIMIT 1;
                EXECUTE pg_catalog.format('CREATE STATISTICS %s%s FROM %s', statistics,
                  pg_catalog.left(pg_catalog.substr(it.definition, 1 + pg_catalog.length('CREATE STATISTICS ' || it.name)),
                                  -pg_catalog.length(pg_catalog.format(' FROM %s', default_child))),
                  child);
              END LOOP;
              FOR it IN
                SELECT a.attname, nullif(a.attstattarget, -1) AS target,
                       (SELECT pg_catalog.string_agg(option_name || '=' || option_value, ', ')
                        FROM pg_catalog.pg_options_to_table(a.attoptions) WHERE option_name IN ({ofColumn})) AS options
                FROM pg_catalog.pg_attribute AS a
                WHERE a.attrelid = default_child AND a.attnum > 0 AND NOT a.attisdropped
                  AND (nullif(a.attstattarget, -1) IS NOT NULL
                       OR EXISTS (SELECT FROM pg_catalog.pg_options_to_table(a.attoptions) WHERE option_name IN ({ofColumn})))
              LOOP
                EXECUTE pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', child, it.attname, coalesce(it.target, -1));
                IF it.options IS NOT NULL THEN
                  EXECUTE pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET (%s)', child, it.attname, it.options);
                END IF;
              END LOOP;
              FOR it IN
                SELECT CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
                         ELSE 'USING INDEX ' || (
                           SELECT pg_catalog.quote_ident(n.relname)
                           FROM pg_catalog.pg_index AS i
                           JOIN pg_catalog.pg_index AS j ON j.indrelid = child AND j.indisunique AND j.indimmediate AND j.indpred IS NULL
                            AND j.indkey::pg_catalog.text = i.indkey::pg_catalog.text AND j.indclass::pg_catalog.text = i.indclass::pg_catalog.text
                            AND j.indcollation::pg_catalog.text = i.indcollation::pg_catalog.text
                           JOIN pg_catalog.pg_class AS n ON n.oid = j.indexrelid
                           WHERE i.indrelid = default_child AND i.indisreplident LIMIT 1) END AS identity
                FROM pg_catalog.pg_class AS c WHERE c.oid = default_child AND c.relreplident <> 'd'
              LOOP
                EXECUTE pg_catalog.format('ALTER TABLE %s REPLICA IDENTITY %s', child, coalesce(it.identity, 'DEFAULT'));
              END LOOP;
              FOR it IN
                SELECT acl.privilege_type || acl.cols AS privilege, acl.grantee, acl.is_grantable
                FROM (SELECT (pg_catalog.aclexplode(relacl)).*, '' AS cols, relowner FROM pg_catalog.pg_class WHERE oid = default_child
                      UNION ALL
                      SELECT (pg_catalog.aclexplode(a.attacl)).*, pg_catalog.format(' (%I)', a.attname), c.relowner
                      FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
                      WHERE a.attrelid = default_child AND NOT a.attisdropped) AS acl
                WHERE acl.grantee <> acl.relowner
              LOOP
                EXECUTE pg_catalog.format('GRANT %s ON %s TO %s%s', it.privilege, child,
                               CASE it.grantee WHEN 0 THEN 'PUBLIC' ELSE it.grantee::pg_catalog.regrole::pg_catalog.text END,
                               CASE WHEN it.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
              END LOOP;
              FOR it IN
                SELECT tgname, tgenabled, pg_catalog.pg_get_triggerdef(oid) AS definition FROM pg_catalog.pg_trigger
                WHERE tgrelid = default_child AND NOT tgisinternal AND tgname <> {move}
                ORDER BY tgname
              LOOP
                -- Nothing before the table's name but the trigger's own and its events.
                EXECUTE overlay(it.definition PLACING pg_catalog.format(' ON %s ', child)
                                FROM position(pg_catalog.format(' ON %s ', default_child) IN it.definition)
                                FOR pg_catalog.length(pg_catalog.format(' ON %s ', default_child)));
                IF it.tgenabled <> 'O' THEN
                  EXECUTE pg_catalog.format('ALTER TABLE %s %s TRIGGER %I', child,
                                 CASE it.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'DISABLE' END,
                                 it.tgname);
                END IF;
              END LOOP;
              EXECUTE pg_catalog.format({createMove}, VARIADIC ARRAY[full_name, pg_catalog.to_char(lower, 'YYYY-MM-DD'), pg_catalog.to_char(lower + step, 'YYYY-MM-DD')] || names);
              EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', child, {move});
              -- Last, as writers of the table that it refers to wait from here on.
              FOR it IN
                SELECT k.conname, pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID$', '') AS definition
                FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = default_child AND k.contype = 'f' ORDER BY k.conname
              LOOP
                EXECUTE pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', child, it.conname, it.definition);
              END LOOP;
              RETURN child;
            END
            {quote}""");

    /** Of an update, too, that a function which the statement calls makes of a row that is still in the parent. */
    private static final Sql CREATE_ROUTE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} AFTER INSERT OR UPDATE ON {parent} FOR EACH ROW EXECUTE FUNCTION {function}()""");

    /** Where a row has moved just now in this statement, the function takes that back for the ones that stay. */
    private static final Sql CREATE_MOVE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} BEFORE UPDATE ON {child} FOR EACH ROW
              WHEN (({time} >= {from} AND {time} < {to}) IS NOT TRUE OR pg_catalog.current_setting('liquibase_partition.moved', true) <> '')
              EXECUTE FUNCTION {function}()""");

    /** What is in the default child may have a child by now. */
    private static final Sql CREATE_DEFAULT_MOVE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} BEFORE UPDATE ON {child} FOR EACH ROW
              WHEN (({time} >= {from} AND {time} < 'infinity') OR pg_catalog.current_setting('liquibase_partition.moved', true) <> '')
              EXECUTE FUNCTION {function}()""");

    /** Where the first one has left the row to this one. */
    private static final Sql CREATE_MOVE_AS_WRITER_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} BEFORE UPDATE ON {child} FOR EACH ROW
              WHEN (pg_catalog.left(pg_catalog.current_setting('liquibase_partition.moved', true), 1) = '>')
              EXECUTE FUNCTION {function}()""");

    /** The condition is looked at right after the row's update, so the setting is still this row's. */
    private static final Sql CREATE_MOVED_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} AFTER UPDATE ON {child} FOR EACH ROW
              WHEN (pg_catalog.current_setting('liquibase_partition.moved', true) <> ''
                    AND pg_catalog.current_setting('liquibase_partition.moved', true)
                        = OLD.tableoid::pg_catalog.text || ':' || OLD.ctid::pg_catalog.text)
              EXECUTE FUNCTION {function}()""");

    private static final Sql TIMESTAMP = Sql.of("timestamp {literal}");
    private static final Sql ENABLE_ALWAYS = Sql.of("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}");
    /**
     * Every insert is two changes of the parent, and ANALYZE of the parent reads a sample of every child: by the server's own
     * threshold it would be due each minute, under the lock that a new child needs.
     */
    private static final Sql SET_ANALYZE_THRESHOLD =
            Sql.of("ALTER TABLE {parent} SET (autovacuum_analyze_threshold = 1000000)");

    private static final Sql RESET_ANALYZE_THRESHOLD =
            Sql.of("ALTER TABLE IF EXISTS {parent} RESET (autovacuum_analyze_threshold)");
    private static final Sql GRANT = Sql.of("GRANT EXECUTE ON FUNCTION {function}({arguments}) TO PUBLIC");
    private static final Sql CHANGE_OWNER = Sql.of("ALTER FUNCTION {function}({arguments}) OWNER TO {owner}");
    private static final Sql DROP_FUNCTION = Sql.of("DROP FUNCTION IF EXISTS {function}({arguments}) CASCADE");

    /** @param calledByWriters where they write with their own rights; a trigger function is called by nobody */
    private record Function(QualifiedName name, Sql arguments, Sql create, boolean calledByWriters) {}

    /**
     * Statements that make the children and the default child, without indexes: the copy fills them directly. Lock: SHARE UPDATE
     * EXCLUSIVE on the parent. To be run in one transaction.
     *
     * @param parent by its name at that time, which before the swap is not that of {@link RoutedTable#parent()}
     */
    public List<Sql> childStatements(QualifiedName parent) {
        List<Sql> statements = new ArrayList<>();
        for (Partition partition : layout.partitions()) {
            statements.add(CREATE_CHILD
                    .with("child", child(partition.name()))
                    .with(
                            "check",
                            table.check().between(Identifier::asSql, bound(partition.from()), bound(partition.to())))
                    .with("parent", parent));
        }
        statements.add(CREATE_DEFAULT_CHILD.with("child", defaultChild()).with("parent", parent));
        return statements;
    }

    /**
     * Statements that make the functions and attach the triggers, in the swap's transaction, once the parent has its name and the
     * children have their indexes, grants and triggers. Locks: SHARE ROW EXCLUSIVE on the parent and every child.
     *
     * @param owner of the parent; the functions get it
     * @param children of this layout that exist
     */
    public List<Sql> attachStatements(Identifier owner, Collection<Partition> children) {
        List<Sql> statements = new ArrayList<>();
        for (Function function : functions()) {
            statements.add(function.create());
            statements.add(
                    Seclusion.ofFunction(function.name(), function.arguments().text()));
            if (function.calledByWriters()) {
                statements.add(GRANT.with("function", function.name()).with("arguments", function.arguments()));
            }
            statements.add(CHANGE_OWNER
                    .with("function", function.name())
                    .with("arguments", function.arguments())
                    .with("owner", owner));
        }
        statements.add(COMMENT_ON_TIME_FUNCTION
                .with("timeOf", timeFunction())
                .with("parent", table.parent())
                .with(
                        "comment",
                        Sql.literal(DependentsReader.COMMENT_ON_OURS + "the time by which rows of "
                                + table.parent().name().name() + " find their child")));
        for (Partition partition : children) {
            QualifiedName child = child(partition.name());
            attachToChild(
                    statements,
                    child,
                    moveTrigger(child.asSql(), newTime(), timestamp(partition.from()), timestamp(partition.to())));
        }
        attachToChild(
                statements,
                defaultChild(),
                CREATE_DEFAULT_MOVE_TRIGGER
                        .with("trigger", moveTriggerName())
                        .with("child", defaultChild())
                        .with("time", newTime())
                        .with("from", timestamp(layout.from()))
                        .with("function", moveFunction()));
        List<QualifiedName> onParent = List.of(
                leaveFunction(), function("_leave" + AS_WRITER), routeFunction(), function("_route" + AS_WRITER));
        for (int i = 0; i < onParent.size(); i++) {
            Identifier trigger = triggersOnParent(table.parent()).get(i);
            statements.add(CREATE_ROUTE_TRIGGER
                    .with("trigger", trigger)
                    .with("parent", table.parent())
                    .with("function", onParent.get(i)));
            statements.add(ENABLE_ALWAYS.with("table", table.parent()).with("trigger", trigger));
        }
        statements.add(SET_ANALYZE_THRESHOLD.with("parent", table.parent()));
        return statements;
    }

    /** As {@link #attachStatements(Identifier, Collection)}, where the children are those of {@link #childStatements}. */
    public List<Sql> attachStatements(Identifier owner) {
        return attachStatements(owner, layout.partitions());
    }

    /**
     * Statements that remove the functions, and the triggers that call them, from the parent and every child, those made later too.
     * Children and rows stay. Lock: ACCESS EXCLUSIVE on the parent and every child. Safe to repeat.
     */
    public List<Sql> dropStatements() {
        List<Sql> statements = new ArrayList<>();
        for (Function function : functions()) {
            statements.add(DROP_FUNCTION.with("function", function.name()).with("arguments", function.arguments()));
        }
        statements.add(RESET_ANALYZE_THRESHOLD.with("parent", table.parent()));
        return statements;
    }

    /**
     * Why a table with that trigger cannot be routed; empty where it can.
     *
     * @param trigger of the source
     */
    public static Optional<String> obstacle(Trigger trigger) {
        return !trigger.forEachRow() && trigger.onDelete()
                ? Optional.of(
                        "statement trigger %s fires on DELETE, and every routed INSERT removes a row from the parent again; make it a row trigger"
                                .formatted(trigger.name()))
                : Optional.empty();
    }

    /** Whether a user's trigger has to be on the parent: it fires before a row has a child, or for the statement. */
    public static boolean belongsOnParent(Trigger trigger) {
        return !trigger.forEachRow() || trigger.beforeRowIsInserted();
    }

    /** What a user's trigger has to be on the children; empty where it is the parent's alone. */
    public static Optional<Trigger> onChildren(Trigger trigger) {
        if (!trigger.forEachRow()) {
            return Optional.empty();
        }
        return trigger.beforeRowIsInserted() ? trigger.withoutInsert() : Optional.of(trigger);
    }

    /**
     * The names of our triggers on the table itself, in the order in which they fire: before every other AFTER trigger, a foreign
     * key's too, since these are to find the row in its child, and nowhere else. All as long, so that a long name is cut alike.
     */
    public static List<Identifier> triggersOnParent(QualifiedName parent) {
        return Stream.of("_leave1", "_leave2", "_route1", "_route2")
                .map(suffix -> DerivedName.of("!" + parent.name().name(), suffix))
                .toList();
    }

    /** Whether a trigger of that name is one of ours. */
    public boolean owns(Identifier trigger) {
        return triggersOnParent(table.parent()).contains(trigger)
                || triggersOnChild().contains(trigger);
    }

    /** The default child. */
    public QualifiedName defaultChild() {
        return child(layout.defaultPartition());
    }

    /** The function that makes the child of a day, where it is missing; for its owner to call: {@code orders_make(date)}. */
    public QualifiedName makeFunction() {
        return function("_make");
    }

    private void attachToChild(List<Sql> statements, QualifiedName child, Sql moveTrigger) {
        statements.add(moveTrigger);
        statements.add(CREATE_MOVE_AS_WRITER_TRIGGER
                .with("trigger", moveAsWriterTriggerName())
                .with("child", child)
                .with("function", function("_move" + AS_WRITER)));
        statements.add(CREATE_MOVED_TRIGGER
                .with("trigger", movedTriggerName())
                .with("child", child)
                .with("function", movedFunction()));
        statements.add(CREATE_MOVED_TRIGGER
                .with("trigger", movedAsWriterTriggerName())
                .with("child", child)
                .with("function", function("_moved" + AS_WRITER)));
        for (Identifier trigger : triggersOnChild()) {
            statements.add(ENABLE_ALWAYS.with("table", child).with("trigger", trigger));
        }
    }

    private Sql timeStatement() {
        return CREATE_TIME_FUNCTION
                .with("timeOf", timeFunction())
                .with("parent", table.parent())
                .with("time", table.time().of(column -> Sql.list("routed", List.of(column))));
    }

    private Sql columnsStatement() {
        return asOwner(CREATE_COLUMNS_FUNCTION, "columns")
                .with("columnsOf", columnsFunction())
                .with("parent", table.parent())
                .with("parentName", parentName());
    }

    private Sql insertStatement() {
        return asOwner(CREATE_INSERT_FUNCTION, "insert")
                .with("insertInto", insertFunction())
                .with("columnsOf", columnsFunction())
                .with("parent", table.parent())
                .with("parentName", parentName())
                .with("replaced", OthersTriggers.replaced("a"));
    }

    private Sql childStatement() {
        return named(CREATE_CHILD_FUNCTION.with("quote", quote("child")))
                .with("childOf", childFunction())
                .with("defaultSaid", Sql.literal(defaultChild().toString()));
    }

    private Sql leaveStatement() {
        return asOwner(CREATE_LEAVE_FUNCTION, "leave")
                .with("leave", leaveFunction())
                .with("parent", table.parent())
                .with("parentName", parentName())
                .with("parentSaid", Sql.literal(table.parent().toString()))
                .with("others", othersFunction())
                .with("deleted", DELETED);
    }

    private Sql leaveAsWriterStatement() {
        return CREATE_LEAVE_AS_WRITER_FUNCTION
                .with("quote", quote("leave"))
                .with("leaveAsWriter", function("_leave" + AS_WRITER))
                .with("parent", table.parent())
                .with("permit", permitFunction())
                .with("deleted", DELETED);
    }

    private Sql routeStatement() {
        return asOwner(CREATE_ROUTE_FUNCTION, "route")
                .with("route", routeFunction())
                .with("insertInto", insertFunction())
                .with("childOf", childFunction())
                .with("timeOf", timeFunction())
                .with("others", othersFunction())
                .with("inserted", INSERTED);
    }

    private Sql routeAsWriterStatement() {
        return CREATE_ROUTE_AS_WRITER_FUNCTION
                .with("quote", quote("route"))
                .with("routeAsWriter", function("_route" + AS_WRITER))
                .with("permit", permitFunction())
                .with("inserted", INSERTED);
    }

    private Sql moveStatement() {
        return asOwner(CREATE_MOVE_FUNCTION, "move")
                .with("move", move(Sql.of("{insertInto}(child)")))
                .with("insertInto", insertFunction())
                .with("moveFunction", moveFunction())
                .with("childOf", childFunction())
                .with("timeOf", timeFunction())
                .with("parent", table.parent())
                .with("parentName", parentName())
                .with("moveLast", Sql.literal(moveAsWriterTriggerName().name()))
                .with("others", othersFunction())
                .with("inserted", INSERTED);
    }

    private Sql moveAsWriterStatement() {
        return CREATE_MOVE_AS_WRITER_FUNCTION
                .with("quote", quote("move"))
                .with("move", move(Sql.raw("pg_catalog.substr(task, 1 + pg_catalog.strpos(task, ' '))")))
                .with("moveAsWriter", function("_move" + AS_WRITER))
                .with("permit", permitFunction())
                .with("inserted", INSERTED);
    }

    /** @param insert the text of the statement */
    private Sql move(Sql insert) {
        return MOVE.with("insert", insert).with("defaultName", defaultName()).with("timeColumns", timeColumns());
    }

    private Sql timeColumns() {
        return TIME_COLUMNS.with(
                "timeSignature",
                Sql.literal("%s(%s)"
                        .formatted(timeFunction().quoted(), table.parent().quoted())));
    }

    private Sql movedStatement() {
        return asOwner(CREATE_MOVED_FUNCTION, "moved")
                .with("movedFunction", movedFunction())
                .with("takeAway", TAKE_AWAY)
                .with("others", othersFunction())
                .with("deleted", DELETED);
    }

    private Sql movedAsWriterStatement() {
        return CREATE_MOVED_AS_WRITER_FUNCTION
                .with("quote", quote("moved"))
                .with("movedAsWriter", function("_moved" + AS_WRITER))
                .with("takeAway", TAKE_AWAY)
                .with("permit", permitFunction())
                .with("deleted", DELETED);
    }

    private Sql makeStatement() {
        Sql create = CREATE_CHILD
                .with("child", CHILD)
                .with("check", table.check().between(this::placeholder, FROM, TO))
                .with("parent", table.parent());
        return named(asOwner(CREATE_MAKE_FUNCTION, "make"))
                .with("make", makeFunction())
                .with("timeColumns", timeColumns())
                .with(
                        "names",
                        Sql.join(
                                "",
                                List.of(
                                        Sql.raw("ARRAY["),
                                        Sql.list(table.columns().stream()
                                                .map(column -> Sql.literal(column.name()))
                                                .toList()),
                                        Sql.raw("]"))))
                .with("parent", table.parent())
                .with("step", Sql.raw("interval " + Sql.literal(step()).text()))
                .with("unit", Sql.literal(layout.interval().word()))
                .with("create", format(create))
                .with("move", Sql.literal(moveTriggerName().name()))
                .with(
                        "createMove",
                        format(moveTrigger(
                                CHILD,
                                table.time().of(column -> Sql.join(".", List.of(Sql.raw("NEW"), placeholder(column)))),
                                timestamp(FROM),
                                timestamp(TO))))
                .with("ofTable", SettableOptions.in(SettableOptions.TABLE))
                .with("ofColumn", SettableOptions.in(SettableOptions.COLUMN));
    }

    private Sql asOwner(Sql function, String tag) {
        return function.with("asOwner", AS_OWNER).with("quote", quote(tag));
    }

    /** By which a child is found, or made. */
    private Sql named(Sql function) {
        return function.with("parentName", parentName())
                .with("defaultName", defaultName())
                .with("schema", Sql.literal(table.parent().schema().name()))
                .with("prefix", Sql.literal(layout.prefix()))
                .with("pattern", Sql.literal(layout.interval().suffixPattern()))
                .with("from", timestamp(layout.from()));
    }

    private Sql parentName() {
        return Sql.literal(table.parent().quoted());
    }

    private Sql defaultName() {
        return Sql.literal(defaultChild().quoted());
    }

    private Sql moveTrigger(Sql child, Sql time, Sql from, Sql to) {
        return CREATE_MOVE_TRIGGER
                .with("trigger", moveTriggerName())
                .with("child", child)
                .with("time", time)
                .with("from", from)
                .with("to", to)
                .with("function", moveFunction());
    }

    private Sql newTime() {
        return table.time().of(column -> Sql.list("NEW", List.of(column)));
    }

    private String step() {
        return switch (layout.interval()) {
            case DAY -> "1 day";
            case WEEK -> "7 days";
            case MONTH -> "1 month";
            case QUARTER -> "3 months";
            case YEAR -> "1 year";
        };
    }

    private static Sql bound(LocalDate day) {
        return Sql.literal(day + " 00:00:00+00");
    }

    private static Sql timestamp(LocalDate day) {
        return timestamp(Sql.literal(day.toString()));
    }

    private static Sql timestamp(Sql literal) {
        return TIMESTAMP.with("literal", literal);
    }

    private Sql placeholder(Identifier column) {
        return Sql.raw(Character.toString(COLUMN + table.columns().indexOf(column)));
    }

    /**
     * A statement as a string constant, for {@code format}: 1 is the child's quoted name, 2 and 3 are its bounds, and then come the
     * columns by the names that they have by then.
     */
    private Sql format(Sql statement) {
        String text = statement
                .text()
                .replace("%", "%%")
                .replace(CHILD.text(), "%1$s")
                .replace(FROM.text(), "%2$L")
                .replace(TO.text(), "%3$L");
        for (int i = 0; i < table.columns().size(); i++) {
            text = text.replace(Character.toString(COLUMN + i), "%" + (4 + i) + "$I");
        }
        return Sql.literal(text);
    }

    /** A dollar quote that no name ends. */
    private Sql quote(String tag) {
        String names = layout.prefix() + table.parent().quoted() + newTime().text();
        String inside = "$" + tag;
        while (names.contains(inside)) {
            inside += "_";
        }
        return Sql.raw(inside + "$");
    }

    /** In the order in which they can be made. */
    private List<Function> functions() {
        Sql none = Sql.empty();
        OthersTriggers others = new OthersTriggers(othersFunction(), permitFunction());
        return List.of(
                new Function(timeFunction(), table.parent().asSql(), timeStatement(), false),
                new Function(columnsFunction(), Sql.raw("pg_catalog.text"), columnsStatement(), false),
                new Function(insertFunction(), Sql.raw("pg_catalog.regclass"), insertStatement(), false),
                new Function(othersFunction(), TABLE_AND_EVENT, others.othersStatement(), true),
                new Function(permitFunction(), TABLE_AND_EVENT, others.permitStatement(), true),
                new Function(childFunction(), Sql.raw("timestamp"), childStatement(), false),
                new Function(leaveFunction(), none, leaveStatement(), false),
                new Function(function("_leave" + AS_WRITER), none, leaveAsWriterStatement(), false),
                new Function(routeFunction(), none, routeStatement(), false),
                new Function(function("_route" + AS_WRITER), none, routeAsWriterStatement(), false),
                new Function(moveFunction(), none, moveStatement(), false),
                new Function(function("_move" + AS_WRITER), none, moveAsWriterStatement(), false),
                new Function(movedFunction(), none, movedStatement(), false),
                new Function(function("_moved" + AS_WRITER), none, movedAsWriterStatement(), false),
                new Function(makeFunction(), Sql.raw("pg_catalog.date"), makeStatement(), false));
    }

    private QualifiedName child(Identifier name) {
        return table.parent().sibling(name);
    }

    private QualifiedName function(String suffix) {
        return table.parent().sibling(DerivedName.of(table.parent().name(), suffix));
    }

    private QualifiedName routeFunction() {
        return function("_route");
    }

    private QualifiedName leaveFunction() {
        return function("_leave");
    }

    private QualifiedName othersFunction() {
        return function("_others");
    }

    private QualifiedName permitFunction() {
        return function("_permit");
    }

    private QualifiedName moveFunction() {
        return function("_move");
    }

    private QualifiedName movedFunction() {
        return function("_moved");
    }

    private QualifiedName timeFunction() {
        return function("_time");
    }

    private QualifiedName columnsFunction() {
        return function("_columns");
    }

    private QualifiedName insertFunction() {
        return function("_insert");
    }

    private QualifiedName childFunction() {
        return function("_child");
    }

    /**
     * Triggers fire in the order of their names: this one after every trigger of a user, which may still change the row's time. A
     * name would have to begin with a letter outside ASCII to come later, and then no row moves.
     */
    private Identifier moveTriggerName() {
        return DerivedName.of("~" + table.parent().name().name(), "_move1");
    }

    /** Right after that one. */
    private Identifier moveAsWriterTriggerName() {
        return DerivedName.of("~" + table.parent().name().name(), "_move2");
    }

    /** Before every AFTER trigger of a user: what those do must not find the row twice. */
    private Identifier movedTriggerName() {
        return DerivedName.of("!" + table.parent().name().name(), "_moved1");
    }

    private Identifier movedAsWriterTriggerName() {
        return DerivedName.of("!" + table.parent().name().name(), "_moved2");
    }

    private List<Identifier> triggersOnChild() {
        return List.of(moveTriggerName(), moveAsWriterTriggerName(), movedTriggerName(), movedAsWriterTriggerName());
    }
}
