package liquibase.ext.partition.engine.retirement;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Keeps rows from being written to a table that is to be dropped, from the moment at which it leaves: whoever writes to
 * it by its name gets an error that says so, instead of losing the row with the table. So the drop has no row to look
 * at. It only has to see that the trigger was there all the time: every {@code ALTER TABLE … TRIGGER} writes the
 * trigger's catalog row anew, and so does a function that is replaced.
 *
 * <p>Rows may be deleted, and a foreign key may change them by its action: whoever deletes a customer must not fail
 * because of a table that has left. An action is known by what it changes: columns of a foreign key that has one, and
 * nothing else. What any other trigger writes is refused as what people write.
 *
 * @param function the trigger's function, one for all that have left the table
 */
record Guard(QualifiedName source, QualifiedName function) {
    static final Identifier TRIGGER = new Identifier("liquibase_partition_retired");

    private static final Sql EXISTS = Sql.of("SELECT pg_catalog.to_regprocedure({function}) IS NOT NULL");

    private static final Sql CREATE_FUNCTION = Sql.of("""
            CREATE FUNCTION {function}() RETURNS pg_catalog.trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS {quote}
            BEGIN
              IF TG_OP = 'UPDATE' AND pg_catalog.pg_trigger_depth() > 1
                 AND NOT EXISTS (
                   SELECT FROM pg_catalog.json_each_text(pg_catalog.row_to_json(OLD)) AS o
                   JOIN pg_catalog.json_each_text(pg_catalog.row_to_json(NEW)) AS n ON n.key = o.key
                   WHERE n.value IS DISTINCT FROM o.value
                     AND NOT EXISTS (
                       SELECT FROM pg_catalog.pg_attribute AS a
                       WHERE a.attrelid = TG_RELID AND a.attname = o.key
                         AND (a.attgenerated <> ''
                              OR EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
                                         WHERE k.conrelid = TG_RELID AND k.contype = 'f' AND a.attnum = ANY (k.conkey)
                                           AND (k.confupdtype IN ('c', 'n', 'd') OR k.confdeltype IN ('n', 'd')))))) THEN
                RETURN NEW;
              END IF;
              RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = pg_catalog.format('table %I.%I has left %s and is to be dropped, so that nothing is written to it', TG_TABLE_SCHEMA, TG_TABLE_NAME, {source}),
                HINT = pg_catalog.format('Nothing was changed. Write to %s: a row of that time goes to its default partition.', {source}),
                SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
            END
            {quote}""");

    private static final Sql CREATE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()""");

    private static final Sql ENABLE_ALWAYS = Sql.of("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}");
    private static final Sql DROP_TRIGGER = Sql.of("DROP TRIGGER IF EXISTS {trigger} ON {table}");

    private static final Sql DISABLE = Sql.of("ALTER TABLE {table} DISABLE TRIGGER {trigger}");

    private static final Sql OID = Sql.of("pg_catalog.to_regclass({table})");

    private static final Sql STATE = Sql.of("""
            (SELECT pg_catalog.format('%s:%s:%s', g.oid, g.xmin, f.xmin)
             FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_proc AS f ON f.oid = g.tgfoid
             WHERE g.tgrelid = {oid} AND g.tgname = {trigger} AND g.tgenabled = 'A')""");

    static Guard of(QualifiedName source) {
        return new Guard(source, source.sibling(DerivedName.of(source.name(), "_retired_guard")));
    }

    /** The statements that guard a table, in the transaction in which it leaves. */
    List<Sql> statements(Session session, QualifiedName table) throws SQLException {
        List<Sql> statements = new ArrayList<>();
        if (!session.queryBoolean(EXISTS.with("function", function.quoted() + "()"))) {
            statements.add(CREATE_FUNCTION
                    .with("function", function)
                    .with("quote", Sql.dollarQuote("retired", Sql.list(List.of(source))))
                    .with("source", Sql.literal(source.toString())));
            statements.add(Seclusion.ofFunction(function));
        }
        statements.add(
                CREATE_TRIGGER.with("trigger", TRIGGER).with("table", table).with("function", function));
        statements.add(ENABLE_ALWAYS.with("trigger", TRIGGER).with("table", table));
        return statements;
    }

    /** The statement that frees a table that is not to be dropped. */
    static Sql dropStatement(QualifiedName table) {
        return DROP_TRIGGER.with("trigger", TRIGGER).with("table", table);
    }

    /**
     * The statement that lets rows in until {@link #resumeStatement}, in the same transaction: it locks the table, so
     * that no other session's row gets in meanwhile.
     */
    static Sql pauseStatement(QualifiedName table) {
        return DISABLE.with("trigger", TRIGGER).with("table", table);
    }

    /** The statement after which rows are refused again. Its state is another one then. */
    static Sql resumeStatement(QualifiedName table) {
        return ENABLE_ALWAYS.with("trigger", TRIGGER).with("table", table);
    }

    /** As {@link #state(long)}, of the table that has that name when it is asked. */
    static Sql state(QualifiedName table) {
        return state(OID.with("table", Sql.literal(table.quoted())));
    }

    /** An expression for the guard of the table with that oid, as it was made; NULL if it is off or gone. */
    static Sql state(long oid) {
        return state(Sql.raw(Long.toString(oid)));
    }

    private static Sql state(Sql oid) {
        return STATE.with("oid", oid).with("trigger", Sql.literal(TRIGGER.name()));
    }
}
