package liquibase.ext.partition.engine.routing.row;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The functions by which routing by triggers decides with whose rights a row is put into a table, or taken out of it.
 * It uses the owner's rights only if that fires no trigger that could notice. Everybody else's triggers fire with the
 * rights, the {@code current_user} and the {@code search_path} of the writer, as on a plain table. Otherwise a role
 * with TRIGGER on the table would have its owner's rights.
 *
 * <p>A trigger does not count if its function runs with the rights of a trusted role, the owner or a superuser, and
 * with a path of its own. This holds for the triggers that capture changes, and for those that stand for foreign keys.
 * Somebody else's function may become SECURITY INVOKER between the question and the answer. A WHEN is evaluated with
 * the rights of the role that fires the trigger, and the roles that may EXECUTE a function now need not be those that
 * could when the trigger was made. So a trigger with a WHEN is trusted only if its function is that of a foreign key of
 * ours, which nobody else may EXECUTE from the transaction on that makes it.
 *
 * <p><b>The settings are the writer's.</b> A trigger in between, or its WHEN, could change what the first of our
 * triggers notes for the next ones, and where one of ours does not fire as it was made, the writer could note it
 * himself. So both count, on the table that the row comes from, whether the row is to be taken away or put into another
 * table: otherwise a role that may UPDATE and make triggers could DELETE, or INSERT.
 *
 * <p><b>The answer holds until the statement that fires the triggers.</b> The session that asks holds ROW EXCLUSIVE on
 * the table, and CREATE TRIGGER takes SHARE ROW EXCLUSIVE, so no trigger can be made since. A READ COMMITTED
 * transaction asks by a snapshot that is younger than its lock. In REPEATABLE READ and SERIALIZABLE a trigger may be
 * younger than the snapshot, so the answer is good only if nobody but the owner can have made one: nobody has TRIGGER
 * by that snapshot, and the table's row in {@code pg_class}, which a GRANT or a change of the owner replaces, is still
 * the one that the snapshot sees. A trigger that the owner has made since the snapshot simply fires with the owner's
 * rights.
 */
public record OthersTriggers(RoutingNames names) {
    /** A trigger's events, as in {@code pg_trigger.tgtype}. */
    public static final Sql INSERT = Sql.raw("4");

    public static final Sql DELETE = Sql.raw("8");

    /** FOR EACH ROW, as {@code pg_trigger.tgtype} as a whole. */
    private static final String BEFORE_UPDATE = "19";

    private static final String AFTER_UPDATE = "17";
    private static final String AFTER_INSERT_OR_UPDATE = "21";

    private static final String ARGUMENTS = "pg_catalog.regclass, pg_catalog.int4, pg_catalog.regclass";

    /** The answer for a table that was altered since the snapshot; no trigger has this name. */
    private static final String ALTERED = "altered";

    /**
     * Whether a transaction that the snapshot does not see has replaced the row of a catalog. An aborted transaction
     * leaves its number there for ever. The number is widened with the help of the transaction's own number, from which
     * it is less than 2^31 away.
     */
    private static final Sql REPLACED = Sql.of("""
            ({row}.xmax::pg_catalog.text <> '0' AND pg_catalog.pg_xact_status((
               SELECT (own.id + ((({row}.xmax::pg_catalog.text::pg_catalog.int8 - own.id + 2147483648) & 4294967295) - 2147483648))
               FROM (SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8 AS id) AS own
             )::pg_catalog.text::pg_catalog.xid8) IN ('committed', 'in progress'))""");

    /**
     * Whether a trigger {@code t}, which calls {@code f}, is one of ours, and fires for all that it was made for. A
     * role that may make triggers on the table may also replace one of ours by one that calls another function, but not
     * by one that calls a function of ours, which no other role may EXECUTE. ENABLE TRIGGER ALL enables ours in the
     * ordinary way. They fire all the same unless the session replicates. The setting counts when a row is written, and
     * only a role that may switch off every trigger by it can change it until the question is asked.
     */
    private static final Sql AS_MADE = Sql.of("""
            ((t.tgname, f.proname, t.tgtype, t.tgqual IS NULL) IN ({ours})
              AND f.pronamespace = {schema}::pg_catalog.regnamespace AND f.pronargs = 0 AND t.tgattr::pg_catalog.text = ''
              AND (t.tgenabled = 'A' OR t.tgenabled = 'O' AND pg_catalog.current_setting('session_replication_role') <> 'replica'))""");

    private static final Sql OUR_TRIGGER = Sql.of("({trigger}, {function}, {type}, {unconditional})");

    /** BEFORE UPDATE after the first of ours, or AFTER INSERT OR UPDATE before the last one. */
    private static final Sql BETWEEN_OURS = Sql.of("""
            (t.tgtype & 19 = 19 AND t.tgname > {moveFirst} OR t.tgtype & 3 = 1 AND t.tgtype & 20 <> 0 AND t.tgname < {routeLast})""");

    private static final Sql COUNTS = Sql.of("""
            (t.tgenabled <> 'D' AND (t.tgrelid = relation AND t.tgtype & event <> 0 OR t.tgrelid = origin AND {between} AND NOT {asMade}))""");

    /**
     * NULL if only triggers fire that run the same for every writer. Reads the catalog only, whoever calls it. The row
     * comes from {@code origin}, which is the table itself if the row is taken out of it. A transaction whose snapshot
     * is older than our triggers does not see them, so that it is asked last whether they are there.
     */
    private static final Sql CREATE_OTHERS_FUNCTION = Sql.of("""
            CREATE FUNCTION {others}(relation pg_catalog.regclass, event pg_catalog.int4, origin pg_catalog.regclass, ours {type}) RETURNS pg_catalog.text LANGUAGE plpgsql AS {quote}
            DECLARE
              other pg_catalog.text;
              whole pg_catalog.bool;
              alone pg_catalog.bool;
            BEGIN
              -- Most tables have none at all, and this is asked for each row.
              SELECT pg_catalog.count(*) FILTER (WHERE t.tgrelid = origin AND {asMade}) = 4, pg_catalog.count(*) FILTER (WHERE {counts}) = 0
              INTO whole, alone
              FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
              WHERE t.tgrelid IN (relation, origin) AND NOT t.tgisinternal;
              IF NOT alone THEN
                SELECT pg_catalog.format('trigger %I%s fires with the rights of whoever writes', t.tgname,
                                         CASE WHEN t.tgrelid <> relation THEN ' of ' || origin::pg_catalog.text ELSE '' END) INTO other
                FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
                WHERE t.tgrelid IN (relation, origin) AND NOT t.tgisinternal AND {counts}
                  AND NOT (f.prosecdef
                           AND EXISTS (SELECT FROM pg_catalog.unnest(f.proconfig) AS s (setting) WHERE s.setting LIKE 'search\\_path=%')
                           AND EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = t.tgrelid AND c.relowner = f.proowner
                                       UNION ALL
                                       SELECT FROM pg_catalog.pg_roles AS r WHERE r.oid = f.proowner AND r.rolsuper)
                           AND (t.tgqual IS NULL
                                OR f.prosrc LIKE '%''liquibase\\_partition.search\\_path''%' AND f.proacl IS NOT NULL
                                   AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(f.proacl) AS acl WHERE acl.grantee <> f.proowner)))
                ORDER BY t.tgrelid <> relation, t.tgname LIMIT 1;
              END IF;
              IF other IS NULL AND pg_catalog.current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
                SELECT CASE WHEN pg_catalog.bool_or(EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) AS acl
                                                            WHERE acl.privilege_type = 'TRIGGER' AND acl.grantee <> c.relowner))
                              THEN 'a trigger that somebody with the right TRIGGER may have made since the transaction began fires with the rights of whoever writes'
                            WHEN pg_catalog.bool_or({replaced}) THEN {altered} END
                  INTO other FROM pg_catalog.pg_class AS c WHERE c.oid IN (relation, origin);
              END IF;
              IF other IS NULL AND NOT whole THEN
                SELECT pg_catalog.format('trigger %I%s is not as it was made', o.name, CASE WHEN origin <> relation THEN ' of ' || origin::pg_catalog.text ELSE '' END)
                INTO other
                FROM pg_catalog.unnest(CASE WHEN origin = pg_catalog.to_regclass({parentName}) THEN ARRAY[{onParent}] ELSE ARRAY[{onChild}] END)
                  WITH ORDINALITY AS o (name, place)
                WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
                                  WHERE t.tgrelid = origin AND t.tgname = o.name AND {asMade})
                ORDER BY o.place LIMIT 1;
              END IF;
              RETURN other;
            END
            {quote}""");

    /** An error if the writer lacks the right; the server's own error would not say why the right is needed. */
    private static final Sql CREATE_PERMIT_FUNCTION = Sql.of("""
            CREATE FUNCTION {permit}(relation pg_catalog.regclass, event pg_catalog.int4, origin pg_catalog.regclass, ours {type}) RETURNS pg_catalog.void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS {quote}
            DECLARE
              other pg_catalog.text;
            BEGIN
              -- The INSERT names every column, the DELETE the place of the row.
              IF event = {insert} AND (pg_catalog.has_table_privilege(relation, 'INSERT')
                                       OR NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                                                      WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                                                        AND NOT pg_catalog.has_column_privilege(relation, a.attnum, 'INSERT')))
                 OR event <> {insert} AND pg_catalog.has_table_privilege(relation, 'DELETE')
                    AND pg_catalog.has_column_privilege(relation, 'ctid', 'SELECT') THEN
                RETURN;
              END IF;
              other := {others}(relation, event, origin, ours);
              IF other = {altered} THEN
                RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
                  MESSAGE = pg_catalog.format('could not serialize access, because %s was altered since the transaction began', relation),
                  HINT = 'Nothing was changed. Run the transaction again.';
              END IF;
              RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
                MESSAGE = pg_catalog.format('%I may not %s %s, where %s', current_user,
                                            CASE event WHEN {insert} THEN 'INSERT INTO' ELSE 'DELETE FROM' END, relation, other),
                HINT = pg_catalog.format('Nothing was changed. Either %s, or: GRANT %s ON %s TO %I;', CASE WHEN other LIKE '%made' THEN 'make it again' ELSE 'the trigger goes' END,
                                         CASE event WHEN {insert} THEN 'INSERT' ELSE 'SELECT, DELETE' END, relation, current_user);
            END
            {quote}""");

    /**
     * Whether the row called {@code row} was replaced since the snapshot of a transaction that has only one snapshot.
     */
    static Sql replaced(String row) {
        return REPLACED.with("row", Sql.raw(row));
    }

    /** The function that looks for such triggers, and the one that reports the rights that the writer lacks. */
    public List<RoutingFunction> functions() {
        Sql parameters = Sql.raw(names.parameters(ARGUMENTS));
        return List.of(
                new RoutingFunction(names.others(), parameters, othersStatement(), true),
                new RoutingFunction(names.permit(), parameters, permitStatement(), true));
    }

    private Sql othersStatement() {
        Sql asMade = asMade();
        List<Identifier> onParent = names.routeTriggers();
        Sql between = BETWEEN_OURS
                .with("moveFirst", Sql.literal(names.moveTrigger().name()))
                .with("routeLast", Sql.literal(onParent.get(onParent.size() - 1).name()));
        return CREATE_OTHERS_FUNCTION
                .with("others", names.others())
                .with("type", names.type())
                .with("counts", COUNTS.with("between", between).with("asMade", asMade))
                .with("asMade", asMade)
                .with("parentName", names.parentName())
                .with("onParent", literals(onParent))
                .with("onChild", literals(names.triggersOnChild()))
                .with("replaced", replaced("c"))
                .with("altered", Sql.literal(ALTERED))
                .with("quote", Sql.dollarQuote("others", asMade));
    }

    private Sql permitStatement() {
        return CREATE_PERMIT_FUNCTION
                .with("permit", names.permit())
                .with("type", names.type())
                .with("others", names.others())
                .with("insert", INSERT)
                .with("altered", Sql.literal(ALTERED))
                .with("quote", Sql.dollarQuote("permit", names.others().asSql()));
    }

    private Sql asMade() {
        List<Identifier> onParent = names.routeTriggers();
        List<Identifier> onChild = names.triggersOnChild();
        List<QualifiedName> functions = names.triggerFunctions();
        List<Sql> ours = new ArrayList<>();
        for (int i = 0; i < onParent.size(); i++) {
            ours.add(ourTrigger(onParent.get(i), functions.get(i), AFTER_INSERT_OR_UPDATE, "true"));
        }
        for (int i = 0; i < onChild.size(); i++) {
            QualifiedName function = functions.get(onParent.size() + i);
            ours.add(ourTrigger(onChild.get(i), function, i < 2 ? BEFORE_UPDATE : AFTER_UPDATE, "false"));
        }
        return AS_MADE.with("ours", Sql.join(", ", ours))
                .with("schema", Sql.literal(names.parent().schema().quoted()));
    }

    private static Sql ourTrigger(Identifier trigger, QualifiedName function, String type, String unconditional) {
        return OUR_TRIGGER
                .with("trigger", Sql.literal(trigger.name()))
                .with("function", Sql.literal(function.name().name()))
                .with("type", Sql.raw(type))
                .with("unconditional", Sql.raw(unconditional));
    }

    private static Sql literals(List<Identifier> triggers) {
        return Sql.join(
                ", ",
                triggers.stream().map(trigger -> Sql.literal(trigger.name())).toList());
    }
}
