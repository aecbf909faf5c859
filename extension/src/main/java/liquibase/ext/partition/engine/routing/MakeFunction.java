package liquibase.ext.partition.engine.routing;

import java.util.List;
import liquibase.ext.partition.engine.catalog.server.SettableOptions;
import liquibase.ext.partition.engine.routing.row.RoutedTable;
import liquibase.ext.partition.engine.routing.row.RoutingFunction;
import liquibase.ext.partition.engine.routing.row.RoutingNames;
import liquibase.ext.partition.engine.routing.row.TimeColumns;
import liquibase.ext.partition.engine.routing.update.ChildTriggers;
import liquibase.ext.partition.engine.sql.Sql;

/** The function that makes the missing child of a day, with everything that the default child has. */
record MakeFunction(RoutingNames names) {
    /**
     * A placeholder, while a template is built, for what is known only at run time; never part of a name or an
     * expression.
     */
    private static final Sql CHILD = Sql.raw("\u0001");

    private static final Sql FROM = Sql.raw("\u0002");
    private static final Sql TO = Sql.raw("\u0003");

    private static final Sql CREATE_MAKE_FUNCTION = Sql.of("""
            CREATE FUNCTION {make}(day pg_catalog.date, ours {type} DEFAULT NULL) RETURNS pg_catalog.regclass LANGUAGE plpgsql {asOwner} SET client_min_messages = warning SET default_tablespace = '' AS {quote}
            DECLARE
              step interval := {step};
              lower timestamp := pg_catalog.date_trunc({unit}, day::timestamp);
              full_name pg_catalog.text;
              default_child pg_catalog.regclass := {defaultName}::pg_catalog.regclass;
              child pg_catalog.regclass;
              it pg_catalog.record;
              names pg_catalog.text[];
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
              names := {present};
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

    RoutingFunction function() {
        return RoutingFunction.called(names.make(), names.parameters("pg_catalog.date"), statement());
    }

    private Sql statement() {
        RoutedTable table = names.table();
        TimeColumns columns = new TimeColumns(names);
        return names.withNameOfChild(names.asOwner(CREATE_MAKE_FUNCTION, "make"))
                .with("make", names.make())
                .with("type", names.type())
                .with("present", columns.present())
                .with("parent", names.parent())
                .with("step", Sql.raw("interval " + Sql.literal(step()).text()))
                .with("unit", Sql.literal(names.layout().interval().word()))
                .with(
                        "create",
                        format(ChildTables.create(
                                CHILD, table.check().between(columns::placeholder, FROM, TO), names.parent())))
                .with("move", Sql.literal(names.moveTrigger().name()))
                .with(
                        "createMove",
                        format(new ChildTriggers(names)
                                .moveTrigger(
                                        CHILD,
                                        table.time()
                                                .of(column -> Sql.join(
                                                        ".", List.of(Sql.raw("NEW"), columns.placeholder(column)))),
                                        TimeColumns.timestamp(FROM),
                                        TimeColumns.timestamp(TO))))
                .with("ofTable", SettableOptions.in(SettableOptions.TABLE))
                .with("ofColumn", SettableOptions.in(SettableOptions.COLUMN));
    }

    private String step() {
        return switch (names.layout().interval()) {
            case DAY -> "1 day";
            case WEEK -> "7 days";
            case MONTH -> "1 month";
            case QUARTER -> "3 months";
            case YEAR -> "1 year";
        };
    }

    /**
     * A statement as a string constant, for {@code format}: 1 is the child's quoted name, 2 and 3 are its bounds, and
     * then come the columns under the names that they have by then.
     */
    private Sql format(Sql statement) {
        return Sql.literal(new TimeColumns(names)
                .template(statement, 4)
                .replace(CHILD.text(), "%1$s")
                .replace(FROM.text(), "%2$L")
                .replace(TO.text(), "%3$L"));
    }
}
