package liquibase.ext.partition.engine.routing;

import liquibase.ext.partition.engine.sql.Sql;

/**
 * The texts of the functions that {@link TriggerRouting} makes, which says what each is for, and in which order they
 * are called.
 */
final class RoutingFunctions {
    /** Kept as a tree, so that it follows a column that gets another name. */
    static final Sql CREATE_TIME_FUNCTION = Sql.of("""
            CREATE FUNCTION {timeOf}(routed {parent}) RETURNS timestamp LANGUAGE sql IMMUTABLE RETURN {time}""");

    /**
     * The names are those of the row's type and not of {@code pg_attribute}, where a transaction with an older snapshot
     * would not see a column that was added since, and would lose its value. Which of them are generated is in no row's
     * type, so where DROP EXPRESSION may have come since, the transaction has to begin anew.
     */
    static final Sql CREATE_COLUMNS_FUNCTION = Sql.of("""
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
     * The server computes a function of constants that it takes for immutable once, when it plans the statement, and
     * plans anew when the table that the statement names has been altered. So the columns cost hardly anything for each
     * row. What is computed by an older snapshot must not stay, so there it is computed for each row.
     */
    static final Sql CREATE_INSERT_FUNCTION = Sql.of("""
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
     * The child of a time, locked for the writer. Rows never go to a table that was taken out of the inheritance (NO
     * INHERIT) but kept its name: it is asked again once the lock is there, since who waited for it may have waited for
     * just that. An older snapshot shows what was, but the parser looks up by the latest one whether a row of the one
     * is a row of the other. For functions with the owner's rights and path, which cost too much to be taken again for
     * each row.
     */
    static final Sql CREATE_CHILD_FUNCTION = Sql.of("""
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

    /**
     * By the {@code ctid}, and without the setting a session that plans this while the parent is small would go on
     * scanning all that was ever inserted since the last VACUUM, for each row; in a SERIALIZABLE transaction that scan
     * would be a read of the whole parent. In a trigger of its own, so that no trigger and no check of the child runs
     * with that setting. With the owner's rights where these can do no harm: who may INSERT may not always DELETE. The
     * parent is named in these functions, and another table may have its name by now.
     */
    static final Sql CREATE_LEAVE_FUNCTION = Sql.of("""
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

    static final Sql CREATE_LEAVE_AS_WRITER_FUNCTION = Sql.of("""
            CREATE FUNCTION {leaveAsWriter}() RETURNS pg_catalog.trigger LANGUAGE plpgsql AS {quote}
            DECLARE
              seqscan pg_catalog.text;
              gone pg_catalog.bool;
            BEGIN
              IF pg_catalog.current_setting('liquibase_partition.left') OPERATOR(pg_catalog.=) '' THEN
                PERFORM {permit}(TG_RELID::pg_catalog.regclass, {deleted});
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

    /**
     * A row that was updated since, by a function that the statement calls, has fired the trigger for the version that
     * is there. Where the writer is to insert it, the setting has the child and the statement: what reads the table's
     * columns is for nobody to call.
     */
    static final Sql CREATE_ROUTE_FUNCTION = Sql.of("""
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

    static final Sql CREATE_ROUTE_AS_WRITER_FUNCTION = Sql.of("""
            CREATE FUNCTION {routeAsWriter}() RETURNS pg_catalog.trigger LANGUAGE plpgsql AS {quote}
            DECLARE
              task pg_catalog.text := pg_catalog.current_setting('liquibase_partition.left');
            BEGIN
              IF pg_catalog.strpos(task, ' ') OPERATOR(pg_catalog.>) 0 THEN
                PERFORM {permit}(pg_catalog.split_part(task, ' ', 1)::pg_catalog.oid::pg_catalog.regclass, {inserted});
                EXECUTE pg_catalog.substr(task, 1 OPERATOR(pg_catalog.+) pg_catalog.strpos(task, ' ')) USING NEW;
                PERFORM pg_catalog.set_config('liquibase_partition.left', 'false', true);
              END IF;
              RETURN NULL;
            END
            {quote}""");

    /** The names that they have at present. */
    static final Sql TIME_COLUMNS = Sql.of("""
            SELECT a.attname::pg_catalog.text
            FROM pg_catalog.pg_depend AS d
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) d.refobjid AND a.attnum OPERATOR(pg_catalog.=) d.refobjsubid
            WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
              AND d.objid OPERATOR(pg_catalog.=) {timeSignature}::pg_catalog.regprocedure
              AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid OPERATOR(pg_catalog.>) 0""");

    /**
     * The setting names the row that is left over, and ends with the transaction. Nobody can make a row vanish by
     * setting it: a row that stays takes it back. What is left over must satisfy the child's constraints: it is what
     * {@code left_over} makes of the new row and the old one, where that says something.
     */
    static final Sql MOVE = Sql.of("""
            EXECUTE {insert} USING NEW;
              IF left_over OPERATOR(pg_catalog.<>) '' THEN
                EXECUTE left_over INTO NEW USING NEW, OLD;
              END IF;
              PERFORM pg_catalog.set_config('liquibase_partition.moved', TG_RELID::pg_catalog.text OPERATOR(pg_catalog.||) ':' OPERATOR(pg_catalog.||) OLD.ctid::pg_catalog.text, true);
              RETURN NEW;""");

    /**
     * Nothing for the default child, which has no range. Else the time is the old one, and so is each column that a
     * CHECK or a unique index has beside it, or beside one of those; but for a key of its own, by which foreign keys
     * that triggers keep tell that the row got another one. The names are those of the row's type; no value is
     * looked at, as the owner of a column's type may have made a cast of it. Where the snapshot is older than the
     * routing, or than a column's name, the old row is left.
     */
    static final Sql LEFT_OVER = Sql.of("""
            IF TG_RELID <> {defaultName}::pg_catalog.regclass::pg_catalog.oid THEN
                EXECUTE pg_catalog.format('SELECT pg_catalog.array_agg(k.name) FROM pg_catalog.json_object_keys((
                    SELECT pg_catalog.row_to_json(r) FROM (SELECT o.* FROM (SELECT) AS one LEFT JOIN ONLY %s AS o ON false) AS r)) AS k (name)',
                  TG_RELID::pg_catalog.regclass) INTO columns;
                times := ARRAY({timeColumns});
                IF pg_catalog.cardinality(times) = 0 OR NOT times <@ columns THEN
                  times := columns;
                END IF;
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
     * A trigger that comes later could keep the old row from being updated, and the new one would be there as well. A
     * table that was taken out of the inheritance is one like any other. Where the writer is to insert the row, the
     * setting has the child and the statement.
     */
    static final Sql CREATE_MOVE_FUNCTION = Sql.of("""
            CREATE FUNCTION {moveFunction}() RETURNS pg_catalog.trigger LANGUAGE plpgsql {asOwner} AS {quote}
            DECLARE
              child pg_catalog.regclass;
              later pg_catalog.name;
              left_over pg_catalog.text := '';
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
              WHERE t.tgrelid = TG_RELID AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 19 = 19 AND t.tgname > {moveFirst} AND t.tgname <> {moveLast}
              LIMIT 1;
              IF FOUND THEN
                RAISE EXCEPTION USING ERRCODE = 'triggered_data_change_violation',
                  MESSAGE = pg_catalog.format('a row of %s cannot move to another child, because trigger %I fires after the one that moves it', TG_RELID::pg_catalog.regclass, later),
                  HINT = pg_catalog.format('Nothing was changed. Give the trigger a name that sorts before: ALTER TRIGGER %I ON %s RENAME TO %I;', later, TG_RELID::pg_catalog.regclass, 'before_' || later);
              END IF;
              {leftOver}
              IF {others}(child, {inserted}) IS NOT NULL THEN
                PERFORM pg_catalog.set_config('liquibase_partition.left_over', left_over, true);
                PERFORM pg_catalog.set_config('liquibase_partition.moved', '>' || child::pg_catalog.oid || ' ' || {insertInto}(child), true);
                RETURN NEW;
              END IF;
              {move}
            END
            {quote}""");

    static final Sql CREATE_MOVE_AS_WRITER_FUNCTION = Sql.of("""
            CREATE FUNCTION {moveAsWriter}() RETURNS pg_catalog.trigger LANGUAGE plpgsql AS {quote}
            DECLARE
              task pg_catalog.text := pg_catalog.substr(pg_catalog.current_setting('liquibase_partition.moved'), 2);
              left_over pg_catalog.text := pg_catalog.current_setting('liquibase_partition.left_over');
            BEGIN
              PERFORM {permit}(pg_catalog.split_part(task, ' ', 1)::pg_catalog.oid::pg_catalog.regclass, {inserted});
              {move}
            END
            {quote}""");

    /** A trigger of a user may keep the row from being deleted, and then it would be there twice. */
    static final Sql TAKE_AWAY = Sql.of("""
            EXECUTE pg_catalog.format('DELETE FROM ONLY %s AS c WHERE c.ctid OPERATOR(pg_catalog.=) %L', TG_RELID::pg_catalog.regclass, NEW.ctid);
              GET DIAGNOSTICS deleted = ROW_COUNT;
              IF deleted OPERATOR(pg_catalog.=) 0 THEN
                RAISE EXCEPTION USING ERRCODE = 'triggered_data_change_violation',
                  MESSAGE = pg_catalog.format('a row of %s cannot move to another child, because a trigger keeps it from being deleted here', TG_RELID::pg_catalog.regclass),
                  HINT = 'Nothing was changed. Insert the row anew with its other date, or have the trigger let it go.';
              END IF;
              PERFORM pg_catalog.set_config('liquibase_partition.taken', 'true', true);
              RETURN NULL;""");

    static final Sql CREATE_MOVED_FUNCTION = Sql.of("""
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

    static final Sql CREATE_MOVED_AS_WRITER_FUNCTION = Sql.of("""
            CREATE FUNCTION {movedAsWriter}() RETURNS pg_catalog.trigger LANGUAGE plpgsql AS {quote}
            DECLARE
              deleted pg_catalog.int8;
            BEGIN
              IF pg_catalog.current_setting('liquibase_partition.taken') OPERATOR(pg_catalog.=) 'true' THEN
                RETURN NULL;
              END IF;
              PERFORM {permit}(TG_RELID::pg_catalog.regclass, {deleted});
              {takeAway}
            END
            {quote}""");

    static final Sql CREATE_MAKE_FUNCTION = Sql.of("""
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

    private RoutingFunctions() {}
}
