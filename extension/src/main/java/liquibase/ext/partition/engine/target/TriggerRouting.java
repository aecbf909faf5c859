package liquibase.ext.partition.engine.target;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.catalog.KeyColumn;
import liquibase.ext.partition.engine.catalog.SettableOptions;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements of {@code routing: trigger}: an ordinary table, its inheritance children, and the triggers that put every row
 * into the child of its time. Pure; runs nothing.
 *
 * <p><b>Insert.</b> A BEFORE trigger of the parent inserts the row into its child and gives it on, so that the parent takes it
 * too: only a row that is really inserted is counted and returned, for {@code INSERT … RETURNING}, {@code COPY} and JDBC alike. An
 * AFTER trigger then removes it from the parent again. Both are row triggers, {@code ENABLE ALWAYS}: a subscription's apply fires no
 * statement triggers, and {@code session_replication_role = replica} must not fill the parent. The parent keeps its primary key:
 * {@code GROUP BY id}, {@code ON CONFLICT (id)} and a publication of deletes need it.
 *
 * <p><b>Children on demand.</b> The routing function has a planned INSERT for each of the {@value #PLANNED_CHILDREN} children
 * nearest to now. For any other row it asks {@link #childFunction}, which finds the child by its name or makes it, from the default
 * child: its indexes, storage parameters, tablespace, grants and row triggers. It makes none beyond the interval that holds this
 * day next year, none while the default child has a foreign key (adding one takes a lock on the referenced table, and two writers
 * who had both written that would be a deadlock), none when the owner may not create in the schema, and none in a REPEATABLE READ
 * or SERIALIZABLE transaction, whose snapshot may be older than a trigger of the default child, as that of change capture: then
 * the row's place is the default child.
 *
 * <p>Two writers are kept apart by SHARE UPDATE EXCLUSIVE on the parent, until the first commits. {@code CREATE TABLE … INHERITS}
 * takes that lock anyway, it lets every writer through that needs no new child, and taking it makes the session read what others
 * have changed in the catalog, which an advisory lock does not: a writer that had looked before it waited would go on seeing no
 * child. The second look is by {@code to_regclass}, which sees what was committed whatever the transaction's snapshot is.
 *
 * <p><b>Update.</b> A child's row cannot leave it, so a BEFORE trigger inserts the new row into its child and gives the old
 * child the new row with the old time, which counts as the update; an AFTER trigger removes that row at the end of the statement.
 * As with native partitioning the INSERT and DELETE triggers of the row fire; its AFTER UPDATE triggers fire too.
 * {@code UPDATE … RETURNING} shows the new values, but the old ones of the columns that hold the time.
 *
 * <p>A user's row triggers belong on the children, their statement triggers on the parent. Statement triggers for DELETE cannot be
 * kept: removing a row from the parent fires them.
 *
 * <p><b>Limits.</b> A key is unique in each child only. {@code ON CONFLICT} inserts new keys, but is an error where the key is taken
 * in the child; and where one statement brings a key twice, for two children, {@code DO NOTHING} leaves both rows. A foreign key that
 * references the parent finds no row. An update or delete that waited for a row which another transaction moved finds no row, and
 * says so by its count only (native partitioning raises an error). During a statement that moves rows, its BEFORE triggers can see
 * a row in both children. A publication has no children that are made later.
 *
 * @param table what is routed
 * @param layout its prefix, interval and {@code from}; {@code until} is only where the children made in advance end
 * @param rights whose rights the work in the children takes
 */
public record TriggerRouting(RoutedTable table, PartitionLayout layout, Rights rights) {
    /** How many children the routing function knows. For the others a statement is planned for each row. */
    static final int PLANNED_CHILDREN = 120;

    /** Whose rights, {@code current_user} and {@code search_path} hold while a child is written. */
    public enum Rights {
        /**
         * The table owner's, with a pinned path. As with native partitioning, rights on the parent are enough, those granted
         * tomorrow too. For children without a user's row triggers, which would run as the owner, and not find an unqualified name.
         */
        OWNER,

        /**
         * The writer's. A user's row triggers run as on a plain table. Writers need the rights on the children too (a child made on
         * demand gets the default child's grants): INSERT, SELECT where a trigger fires BEFORE INSERT, and for updates of the time
         * INSERT, SELECT and DELETE. PUBLIC may call the function that makes a missing child.
         */
        WRITER
    }

    /** Stands for what is known at run time while a template is built; never part of a name or an expression. */
    private static final Sql CHILD = Sql.raw("\u0001");

    private static final Sql CHILD_LITERAL = Sql.raw("\u0004");
    private static final Sql FROM = Sql.raw("\u0002");
    private static final Sql TO = Sql.raw("\u0003");

    private static final Sql CREATE_CHILD = Sql.of("CREATE TABLE {child} (CHECK ({check})) INHERITS ({parent})");

    private static final Sql CREATE_DEFAULT_CHILD = Sql.of("CREATE TABLE {child} () INHERITS ({parent})");

    private static final Sql AS_OWNER = Sql.of("SECURITY DEFINER SET search_path = pg_catalog, pg_temp");

    /**
     * The cast is checked when the statement is planned, and planned again when the child changes: rows never go to a table
     * that was taken out of the inheritance (NO INHERIT) but kept its name.
     */
    private static final Sql INSERT = Sql.of("""
            INSERT INTO {child} AS c ({columns}) SELECT {values} WHERE (NULL::{child}::{parent}) IS NULL""");

    private static final Sql ROUTE_BEGIN = Sql.of("""
            CREATE OR REPLACE FUNCTION {route}() RETURNS pg_catalog.trigger LANGUAGE plpgsql {rights} AS {quote}
            #variable_conflict use_column
            DECLARE
              routed_at timestamp := {time};
            BEGIN
              IF routed_at IS NULL OR routed_at < {from} THEN
                {insert}""");

    private static final Sql ROUTE_BRANCH = Sql.of("""
            ;
              ELSIF routed_at >= {from} AND routed_at < {to} AND pg_catalog.to_regclass({name}) IS NOT NULL THEN
                {insert}""");

    private static final Sql ROUTE_OTHERWISE = Sql.of("""
            ;
              ELSE
                EXECUTE pg_catalog.replace(""");

    private static final Sql ROUTE_OTHERWISE_INTO = Sql.of(", {marker}, {childOf}(routed_at)::pg_catalog.text)");

    private static final Sql ROUTE_END = Sql.of("""
             USING NEW;
              END IF;
              RETURN NEW;
            END
            {quote}""");

    private static final Sql CREATE_REFRESH_FUNCTION = Sql.of("""
            CREATE FUNCTION {refresh}() RETURNS pg_catalog.void LANGUAGE plpgsql {asOwner} SET client_min_messages = warning AS {quote}
            DECLARE
              step interval := {step};
              this timestamp := pg_catalog.date_trunc({unit}, pg_catalog.now() AT TIME ZONE 'UTC');
              child pg_catalog.record;
              body pg_catalog.text;
              shown pg_catalog.text := '';
              shown_into pg_catalog.text := '';
            BEGIN
              LOCK TABLE ONLY {parent} IN SHARE UPDATE EXCLUSIVE MODE;
              -- What a trigger BEFORE INSERT makes of the row is to be returned. Asked for only then: it takes the right to SELECT.
              IF EXISTS (SELECT FROM pg_catalog.pg_trigger
                         WHERE tgrelid = {defaultName}::pg_catalog.regclass AND tgtype & 7 = 7 AND tgenabled <> 'D') THEN
                shown := {shown};
                shown_into := {shownInto};
              END IF;
              body := {begin} || shown || shown_into;
              FOR child IN
                SELECT start, pg_catalog.format('%I.%I', {schema}, {prefix} || pg_catalog.to_char(start, {pattern})) AS name
                FROM pg_catalog.generate_series(greatest({from}::timestamp, this - {planned} * step),
                                     greatest(this + interval '1 year', {until}::timestamp), step) AS start
                WHERE EXISTS (SELECT FROM pg_catalog.pg_inherits
                              WHERE inhparent = {parentName}::pg_catalog.regclass
                                AND inhrelid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', {schema}, {prefix} || pg_catalog.to_char(start, {pattern}))))
                ORDER BY pg_catalog.abs(extract(epoch FROM start - this)) LIMIT {planned}
              LOOP
                body := body || pg_catalog.format({branch}, child.name, pg_catalog.to_char(child.start, 'YYYY-MM-DD'), pg_catalog.to_char(child.start + step, 'YYYY-MM-DD')) || shown || shown_into;
              END LOOP;
              EXECUTE body || {otherwise} || pg_catalog.quote_literal({insert} || shown) || {otherwiseInto} || shown_into || {end};
              FOR child IN
                SELECT DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::pg_catalog.regrole::pg_catalog.text END AS name
                FROM pg_catalog.pg_proc AS p
                CROSS JOIN pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS g
                WHERE p.oid = pg_catalog.to_regproc({routeName}) AND g.grantee <> p.proowner
              LOOP
                EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s() FROM %s', {routeName}, child.name);
              END LOOP;
            END
            {quote}""");

    private static final Sql CREATE_CHILD_FUNCTION = Sql.of("""
            CREATE FUNCTION {childOf}(routed_at timestamp) RETURNS pg_catalog.regclass LANGUAGE plpgsql {asOwner} SET client_min_messages = warning AS {quote}
            DECLARE
              step interval := {step};
              lower timestamp;
              full_name pg_catalog.text;
              default_child pg_catalog.regclass := {defaultName}::pg_catalog.regclass;
              child pg_catalog.regclass;
              it pg_catalog.record;
            BEGIN
              IF routed_at IS NULL OR NOT pg_catalog.isfinite(routed_at) OR routed_at < {from} OR routed_at >= timestamp '10000-01-01' THEN
                RETURN default_child;
              END IF;
              lower := pg_catalog.date_trunc({unit}, routed_at);
              full_name := pg_catalog.format('%I.%I', {schema}, {prefix} || pg_catalog.to_char(lower, {pattern}));
              child := pg_catalog.to_regclass(full_name);
              IF child IS NULL THEN
                IF lower > (pg_catalog.now() AT TIME ZONE 'UTC') + interval '1 year'
                   OR pg_catalog.current_setting('transaction_isolation') <> 'read committed'
                   OR NOT pg_catalog.has_schema_privilege(current_user, {schema}, 'CREATE')
                   OR EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = default_child AND contype = 'f') THEN
                  RETURN default_child;
                END IF;
                LOCK TABLE ONLY {parent} IN SHARE UPDATE EXCLUSIVE MODE;
                child := pg_catalog.to_regclass(full_name);
              END IF;
              IF child IS NOT NULL THEN
                -- By the catalog where the snapshot is too old to show it: the cast fails when the table is no child.
                IF NOT EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhrelid = child AND inhparent = {parentName}::pg_catalog.regclass) THEN
                  EXECUTE pg_catalog.format('SELECT NULL::%s::%s', child, {parentName}::pg_catalog.regclass);
                END IF;
                RETURN child;
              END IF;
              SELECT c.relowner, c.relacl, t.spcname,
                     (SELECT pg_catalog.string_agg(o.prefix || p.option_name || '=' || pg_catalog.quote_literal(p.option_value), ', ')
                      FROM (VALUES ('', c.reloptions),
                                   ('toast.', (SELECT reloptions FROM pg_catalog.pg_class WHERE oid = c.reltoastrelid))) AS o (prefix, options),
                           pg_catalog.pg_options_to_table(o.options) AS p
                      WHERE p.option_name IN ({ofTable})) AS options
                INTO it
                FROM pg_catalog.pg_class AS c LEFT JOIN pg_catalog.pg_tablespace AS t ON t.oid = c.reltablespace WHERE c.oid = default_child;
              EXECUTE pg_catalog.format({create}, full_name, pg_catalog.to_char(lower, 'YYYY-MM-DD') || ' 00:00:00+00',
                             pg_catalog.to_char(lower + step, 'YYYY-MM-DD') || ' 00:00:00+00')
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
              EXECUTE pg_catalog.format({createMove}, full_name, pg_catalog.to_char(lower, 'YYYY-MM-DD'), pg_catalog.to_char(lower + step, 'YYYY-MM-DD'));
              EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', child, {move});
              PERFORM {refresh}();
              RETURN child;
            END
            {quote}""");

    /** How columns are stored is inherited from the parent; the default child's way would be an error where it is another. */
    private static final Sql CREATE_LIKE_DEFAULT_CHILD = Sql.of("""
            CREATE TABLE {child} (LIKE {defaultChild} INCLUDING INDEXES INCLUDING STATISTICS, CHECK ({check})) INHERITS ({parent})""");

    /**
     * Always with the owner's rights: there is no user's row trigger on the parent, and who may INSERT may not always DELETE. Without
     * the setting, a session that plans this while the parent is empty would go on scanning all that was ever inserted since the last
     * VACUUM, for each row.
     */
    private static final Sql CREATE_SETTLE_FUNCTION = Sql.of("""
            CREATE FUNCTION {settle}() RETURNS pg_catalog.trigger LANGUAGE plpgsql {asOwner} SET enable_seqscan = off AS {quote}
            BEGIN
              DELETE FROM ONLY {parent} AS c WHERE {sameKey};
              RETURN NULL;
            END
            {quote}""");

    /** The settings name the row that is left over and where such rows went; they end with the transaction. */
    private static final Sql CREATE_MOVE_FUNCTION = Sql.of("""
            CREATE FUNCTION {moveFunction}() RETURNS pg_catalog.trigger LANGUAGE plpgsql {rights} AS {quote}
            DECLARE
              child pg_catalog.regclass := {childOf}({time});
              moved_to pg_catalog.text := pg_catalog.current_setting('liquibase_partition.moved_to', true);
            BEGIN
              IF child = TG_RELID THEN
                RETURN NEW;
              END IF;
              EXECUTE pg_catalog.replace({insert}, {marker}, child::pg_catalog.text) USING NEW;
              {reset}
              IF child::pg_catalog.oid::pg_catalog.text <> ALL (pg_catalog.string_to_array(coalesce(moved_to, ''), ',')) THEN
                PERFORM pg_catalog.set_config('liquibase_partition.moved_to', pg_catalog.concat_ws(',', nullif(moved_to, ''), child::pg_catalog.oid::pg_catalog.text), true);
              END IF;
              PERFORM pg_catalog.set_config('liquibase_partition.moved', {row}, true);
              RETURN NEW;
            END
            {quote}""");

    /** Who sets the settings by hand cannot make a row vanish that is in no other child. */
    private static final Sql CREATE_MOVED_FUNCTION = Sql.of("""
            CREATE FUNCTION {movedFunction}() RETURNS pg_catalog.trigger LANGUAGE plpgsql {rights} AS {quote}
            DECLARE
              target pg_catalog.oid;
              arrived boolean;
            BEGIN
              PERFORM pg_catalog.set_config('liquibase_partition.moved', '', true);
              FOREACH target IN ARRAY pg_catalog.string_to_array(pg_catalog.current_setting('liquibase_partition.moved_to'), ',')::pg_catalog.oid[] LOOP
                CONTINUE WHEN target = TG_RELID;
                EXECUTE pg_catalog.replace({isThere}, {marker}, target::pg_catalog.regclass::pg_catalog.text) INTO arrived USING NEW;
                IF arrived THEN
                  EXECUTE pg_catalog.replace({delete}, {marker}, TG_RELID::pg_catalog.regclass::pg_catalog.text) USING NEW;
                  RETURN NULL;
                END IF;
              END LOOP;
              RETURN NULL;
            END
            {quote}""");

    private static final Sql IS_THERE = Sql.of("""
            SELECT EXISTS (SELECT FROM ONLY {child} AS c WHERE {sameKey} AND (NULL::{child}::{parent}) IS NULL)""");

    private static final Sql DELETE_LEFT_OVER = Sql.of("DELETE FROM ONLY {child} AS c WHERE {sameKey}");

    private static final Sql CREATE_PARENT_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} {when} INSERT ON {parent} FOR EACH ROW EXECUTE FUNCTION {function}()""");

    private static final Sql CREATE_MOVE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} BEFORE UPDATE ON {child} FOR EACH ROW
              WHEN (({time} >= {from} AND {time} < {to}) IS NOT TRUE) EXECUTE FUNCTION {function}()""");

    /** What is in the default child may have a child by now. */
    private static final Sql CREATE_DEFAULT_MOVE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} BEFORE UPDATE ON {child} FOR EACH ROW
              WHEN ({time} >= {from} AND {time} < 'infinity') EXECUTE FUNCTION {function}()""");

    /** The condition is looked at right after the row's update, so the setting is still this row's. */
    private static final Sql CREATE_MOVED_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} AFTER UPDATE ON {child} FOR EACH ROW
              WHEN (pg_catalog.current_setting('liquibase_partition.moved', true) <> ''
                    AND pg_catalog.current_setting('liquibase_partition.moved', true) = {row})
              EXECUTE FUNCTION {function}()""");

    private static final Sql RESET = Sql.of("NEW.{column} := OLD.{column};");
    private static final Sql SAME = Sql.of("c.{column} {equality} {row}.{column}");
    private static final Sql ROW_NAME = Sql.of("{table}::pg_catalog.text || ':' || ROW({key})::pg_catalog.text");
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
    private static final Sql CALL_REFRESH = Sql.of("SELECT {refresh}()");
    private static final Sql GRANT = Sql.of("GRANT EXECUTE ON FUNCTION {function}({arguments}) TO PUBLIC");
    private static final Sql CHANGE_OWNER = Sql.of("ALTER FUNCTION {function}({arguments}) OWNER TO {owner}");
    private static final Sql DROP_FUNCTION = Sql.of("DROP FUNCTION IF EXISTS {function}({arguments}) CASCADE");

    private record Function(QualifiedName name, Sql arguments) {}

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
                    .with("check", table.check().between(bound(partition.from()), bound(partition.to())))
                    .with("parent", parent));
        }
        statements.add(CREATE_DEFAULT_CHILD.with("child", defaultChild()).with("parent", parent));
        return statements;
    }

    /**
     * Statements that make the functions and attach the triggers, in the swap's transaction, once the parent has its name and the
     * children have their indexes, grants and triggers. Locks: SHARE ROW EXCLUSIVE on the parent and every child.
     *
     * @param owner of the parent; the functions get it. The routing function has it from the function that makes it.
     * @param children of this layout that exist
     */
    public List<Sql> attachStatements(Identifier owner, Collection<Partition> children) {
        List<Sql> statements = new ArrayList<>();
        statements.add(refreshStatement());
        statements.add(childFunctionStatement());
        statements.add(settleStatement());
        statements.add(moveStatement());
        statements.add(movedStatement());
        for (Function function : functions()) {
            if (function.name().equals(routeFunction())) {
                continue;
            }
            if (rights == Rights.OWNER || !function.name().equals(childFunction())) {
                statements.add(Seclusion.ofFunction(
                        function.name(), function.arguments().text()));
            } else {
                // Default privileges may have taken it from PUBLIC.
                statements.add(GRANT.with("function", function.name()).with("arguments", function.arguments()));
            }
            statements.add(CHANGE_OWNER
                    .with("function", function.name())
                    .with("arguments", function.arguments())
                    .with("owner", owner));
        }
        statements.add(CALL_REFRESH.with("refresh", refreshFunction()));
        for (Partition partition : children) {
            QualifiedName child = child(partition.name());
            statements.add(moveTrigger(child.asSql(), timestamp(partition.from()), timestamp(partition.to())));
            statements.add(ENABLE_ALWAYS.with("table", child).with("trigger", moveTriggerName()));
            attachMoved(statements, child);
        }
        statements.add(CREATE_DEFAULT_MOVE_TRIGGER
                .with("trigger", moveTriggerName())
                .with("child", defaultChild())
                .with("time", newTime())
                .with("from", timestamp(layout.from()))
                .with("function", moveFunction()));
        statements.add(ENABLE_ALWAYS.with("table", defaultChild()).with("trigger", moveTriggerName()));
        attachMoved(statements, defaultChild());
        attachToParent(statements, "BEFORE", routeFunction());
        attachToParent(statements, "AFTER", settleFunction());
        statements.add(SET_ANALYZE_THRESHOLD.with("parent", table.parent()));
        return statements;
    }

    /** As {@link #attachStatements(Identifier, Collection)}, where the children are those of {@link #childStatements}. */
    public List<Sql> attachStatements(Identifier owner) {
        return attachStatements(owner, layout.partitions());
    }

    /**
     * Statements that remove the functions, and the triggers that call them, from the parent and every child, those made on
     * demand too. Children and rows stay. Lock: ACCESS EXCLUSIVE on the parent and every child. Safe to repeat.
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
     * Plans the routing function anew, for the children that there are and the triggers that the default child has: after children
     * were detached or made by hand, or a trigger BEFORE INSERT was added. Lock: SHARE UPDATE EXCLUSIVE on the parent.
     */
    public Sql refreshCall() {
        return CALL_REFRESH.with("refresh", refreshFunction());
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

    /** Whether a trigger of that name is one of ours. */
    public boolean owns(Identifier trigger) {
        return Stream.of(
                        moveTriggerName(),
                        movedTriggerName(),
                        routeFunction().name(),
                        settleFunction().name())
                .anyMatch(trigger::equals);
    }

    /** The default child. */
    public QualifiedName defaultChild() {
        return child(layout.defaultPartition());
    }

    /** The function that gives the child of a time, making it where it is missing. */
    public QualifiedName childFunction() {
        return function("_child");
    }

    private void attachMoved(List<Sql> statements, QualifiedName child) {
        statements.add(CREATE_MOVED_TRIGGER
                .with("trigger", movedTriggerName())
                .with("child", child)
                .with("row", rowName("NEW.tableoid"))
                .with("function", movedFunction()));
        statements.add(ENABLE_ALWAYS.with("table", child).with("trigger", movedTriggerName()));
    }

    private void attachToParent(List<Sql> statements, String when, QualifiedName function) {
        statements.add(CREATE_PARENT_TRIGGER
                .with("trigger", function.name())
                .with("when", Sql.raw(when))
                .with("parent", table.parent())
                .with("function", function));
        statements.add(ENABLE_ALWAYS.with("table", table.parent()).with("trigger", function.name()));
    }

    private Sql refreshStatement() {
        Sql begin = ROUTE_BEGIN
                .with("route", routeFunction())
                .with("rights", rightsClause())
                .with("quote", quote("route"))
                .with("time", newTime())
                .with("from", timestamp(layout.from()))
                .with("insert", insert(defaultChild().asSql(), "NEW"));
        Sql branch = ROUTE_BRANCH
                .with("from", timestamp(FROM))
                .with("to", timestamp(TO))
                .with("name", CHILD_LITERAL)
                .with("insert", insert(CHILD, "NEW"));
        return common(CREATE_REFRESH_FUNCTION, "refresh")
                .with("unit", Sql.literal(layout.interval().word()))
                .with("planned", Sql.raw(Integer.toString(PLANNED_CHILDREN)))
                .with("until", timestamp(layout.until()))
                .with(
                        "shown",
                        Sql.literal(
                                " RETURNING " + Sql.list("c", table.columns()).text()))
                .with(
                        "shownInto",
                        Sql.literal(" INTO " + Sql.list("NEW", table.columns()).text()))
                .with("begin", text(begin))
                .with("branch", format(branch))
                .with("otherwise", text(ROUTE_OTHERWISE))
                .with("insert", text(insert(marker(), "$1")))
                .with(
                        "otherwiseInto",
                        text(ROUTE_OTHERWISE_INTO.with("marker", text(marker())).with("childOf", childFunction())))
                .with("end", text(ROUTE_END.with("quote", quote("route"))))
                .with("routeName", Sql.literal(routeFunction().quoted()));
    }

    private Sql childFunctionStatement() {
        Sql create = CREATE_LIKE_DEFAULT_CHILD
                .with("child", CHILD)
                .with("defaultChild", defaultChild())
                .with("check", table.check().between(FROM, TO))
                .with("parent", table.parent());
        return common(CREATE_CHILD_FUNCTION, "child")
                .with("childOf", childFunction())
                .with("unit", Sql.literal(layout.interval().word()))
                .with("create", format(create))
                .with("move", Sql.literal(moveTriggerName().name()))
                .with("createMove", format(moveTrigger(CHILD, timestamp(FROM), timestamp(TO))))
                .with("ofTable", SettableOptions.in(SettableOptions.TABLE))
                .with("ofColumn", SettableOptions.in(SettableOptions.COLUMN));
    }

    /** What the functions about children have in common. */
    private Sql common(Sql function, String tag) {
        return function.with("refresh", refreshFunction())
                .with("asOwner", AS_OWNER)
                .with("quote", quote(tag))
                .with("step", Sql.raw("interval " + Sql.literal(step()).text()))
                .with("parent", table.parent())
                .with("parentName", Sql.literal(table.parent().quoted()))
                .with("defaultName", Sql.literal(defaultChild().quoted()))
                .with("schema", Sql.literal(table.parent().schema().name()))
                .with("prefix", Sql.literal(layout.prefix()))
                .with("pattern", Sql.literal(layout.interval().suffixPattern()))
                .with("from", timestamp(layout.from()));
    }

    private Sql settleStatement() {
        return CREATE_SETTLE_FUNCTION
                .with("settle", settleFunction())
                .with("asOwner", AS_OWNER)
                .with("quote", quote("settle"))
                .with("parent", table.parent())
                .with("sameKey", sameKey("NEW"));
    }

    private Sql moveStatement() {
        List<Sql> reset = table.timeColumns().stream()
                .map(column -> RESET.with("column", column))
                .toList();
        return CREATE_MOVE_FUNCTION
                .with("moveFunction", moveFunction())
                .with("rights", rightsClause())
                .with("quote", quote("move"))
                .with("childOf", childFunction())
                .with("time", newTime())
                .with("insert", text(insert(marker(), "$1")))
                .with("marker", text(marker()))
                .with("reset", Sql.join("\n  ", reset))
                .with("row", rowName("TG_RELID"));
    }

    private Sql movedStatement() {
        return CREATE_MOVED_FUNCTION
                .with("movedFunction", movedFunction())
                .with("rights", rightsClause())
                .with("quote", quote("moved"))
                .with("marker", text(marker()))
                .with(
                        "isThere",
                        text(IS_THERE.with("child", marker())
                                .with("parent", table.parent())
                                .with("sameKey", sameKey("$1"))))
                .with("delete", text(DELETE_LEFT_OVER.with("child", marker()).with("sameKey", sameKey("$1"))));
    }

    private Sql moveTrigger(Sql child, Sql from, Sql to) {
        return CREATE_MOVE_TRIGGER
                .with("trigger", moveTriggerName())
                .with("child", child)
                .with("time", newTime())
                .with("from", from)
                .with("to", to)
                .with("function", moveFunction());
    }

    private Sql insert(Sql child, String row) {
        return INSERT.with("child", child)
                .with("parent", table.parent())
                .with("columns", Sql.list(table.columns()))
                .with("values", Sql.list(row, table.columns()));
    }

    private Sql sameKey(String row) {
        return Sql.join(
                " AND ",
                table.key().stream()
                        .map(column -> SAME.with("column", column.name())
                                .with("equality", column.equality())
                                .with("row", Sql.raw(row)))
                        .toList());
    }

    private Sql rowName(String tableOid) {
        return ROW_NAME.with("table", Sql.raw(tableOid))
                .with(
                        "key",
                        Sql.list(
                                "NEW", table.key().stream().map(KeyColumn::name).toList()));
    }

    private Sql newTime() {
        return table.time().of("NEW");
    }

    private Sql rightsClause() {
        return rights == Rights.OWNER ? AS_OWNER : Sql.raw("SECURITY INVOKER");
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

    /** A statement as a string constant, to be put together and executed by a function. */
    private static Sql text(Sql statement) {
        return Sql.literal(statement.text());
    }

    /** As {@link #text}, for {@code format}: 1 is the child's quoted name, 2 and 3 are its bounds. */
    private static Sql format(Sql statement) {
        return Sql.literal(statement
                .text()
                .replace("%", "%%")
                .replace(CHILD_LITERAL.text(), "%1$L")
                .replace(CHILD.text(), "%1$s")
                .replace(FROM.text(), "%2$L")
                .replace(TO.text(), "%3$L"));
    }

    /** Stands for the child's name in a statement that is executed, and nowhere in the statement's own names. */
    private Sql marker() {
        return Sql.raw(absentFromNames("@child@", "@"));
    }

    /** A dollar quote that no name ends. */
    private Sql quote(String tag) {
        String inside = absentFromNames("$" + tag, "_");
        return Sql.raw(inside + "$");
    }

    private String absentFromNames(String start, String more) {
        String names = layout.prefix()
                + table.parent().quoted()
                + Sql.list(table.columns()).text()
                + newTime().text();
        String candidate = start;
        while (names.contains(candidate)) {
            candidate += more;
        }
        return candidate;
    }

    private List<Function> functions() {
        Sql none = Sql.empty();
        return List.of(
                new Function(routeFunction(), none),
                new Function(settleFunction(), none),
                new Function(moveFunction(), none),
                new Function(movedFunction(), none),
                new Function(childFunction(), Sql.raw("timestamp")),
                new Function(refreshFunction(), none));
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

    private QualifiedName settleFunction() {
        return function("_settle");
    }

    private QualifiedName moveFunction() {
        return function("_move");
    }

    private QualifiedName movedFunction() {
        return function("_moved");
    }

    private QualifiedName refreshFunction() {
        return function("_refresh");
    }

    /**
     * Triggers fire in the order of their names: this one after every trigger of a user, which may still change the row's time. A
     * user's name would have to begin with a letter outside ASCII to come later.
     */
    private Identifier moveTriggerName() {
        return DerivedName.of("~" + table.parent().name().name(), "_move");
    }

    /** Before every AFTER trigger of a user: what those do must not find the row twice. */
    private Identifier movedTriggerName() {
        return DerivedName.of("!" + table.parent().name().name(), "_moved");
    }
}
