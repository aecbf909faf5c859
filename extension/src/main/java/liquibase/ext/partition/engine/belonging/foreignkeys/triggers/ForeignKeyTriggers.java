package liquibase.ext.partition.engine.belonging.foreignkeys.triggers;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey.Action;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey.Pair;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements of {@code incomingForeignKeys: trigger}: two functions and the constraint triggers that enforce a
 * foreign key's rules once the referenced table is partitioned. Pure; runs nothing.
 *
 * <p><b>The referring side.</b> A row that is written locks the row that it refers to with FOR KEY SHARE, as the
 * server's own check does; if there is none, it is an error. The trigger has the foreign key's name, so that
 * {@code SET CONSTRAINTS} still finds it. Under READ COMMITTED, a row that moved to another partition while the trigger
 * waited for it is looked for again, by a new snapshot, as long as a snapshot has it. If a snapshot does not have it,
 * there is none, since a row moves within one transaction. A deferred check that fails asks whether any row still has
 * the value, because the row may have been changed since.
 *
 * <p><b>The referenced side.</b> A row that was deleted, or whose key was updated, locks out writers of referring rows
 * (they wait, and then find nothing). So the trigger sees every referring row, and does what the foreign key said. That
 * holds under READ COMMITTED, where each statement of the trigger has its own snapshot. In a transaction with one
 * snapshot, which the server's own check can look past but a trigger cannot, it is an error. An update that moves a row
 * to another partition fires as a DELETE and an INSERT: the trigger first checks whether the key still exists. An
 * update that changes the key and moves the row is refused, because no trigger sees both keys. A referential action on
 * the referring table runs as the owner of both tables, with the search path of the session that deletes or updates, as
 * in the server: triggers of that table may rely on it.
 *
 * <p><b>Later alterations.</b> The functions know tables and columns by their numbers, and their statements use the
 * names at the swap. If the names have changed, the statements are put together from the names that the catalog has at
 * that moment. The key is gone, and its triggers do nothing, once one of its columns, either table, or its trigger on
 * the referring table is gone. In a database that was restored from a dump, the numbers are different; there the tables
 * are those that have the triggers, and the columns are found by name.
 *
 * <p>The functions are in the referring table's schema and belong to the owner of both tables, who is also the role
 * with which the server checks one table and changes the other. They pin their {@code search_path}, qualify every name,
 * and only the triggers call them.
 *
 * @param key the key as it was before the swap
 * @param live the partitioned table under the name that it has when writers use it
 * @param referring the referring table and its columns, in the key's order; the partitioned table if that refers to
 *     itself
 * @param referenced the partitioned table and its columns
 * @param tables the tables that get its row triggers: itself, or its children if triggers route the rows
 * @param routing if triggers route the rows, a row that moves fires as an update
 */
public record ForeignKeyTriggers(
        ForeignKey key,
        QualifiedName live,
        Numbers referring,
        Numbers referenced,
        List<QualifiedName> tables,
        Routing routing) {
    /**
     * The numbers by which the catalog knows a table and some of its columns, whatever their names are.
     *
     * @param columns their {@code attnum}
     */
    public record Numbers(long oid, List<Integer> columns) {
        public Numbers {
            columns = List.copyOf(columns);
        }
    }

    private static final Sql CREATE_FUNCTION = Sql.of("""
            CREATE FUNCTION {function}() RETURNS pg_catalog.trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS {quote}
            {body}
            {quote}""");

    private static final Sql PATH_IS_KEPT = Sql.of("""
            pg_catalog.set_config('liquibase_partition.search_path', pg_catalog.current_schemas(false)::pg_catalog.text, true) IS NOT NULL""");

    private static final Sql CHANGE_OWNER = Sql.of("ALTER FUNCTION {function}() OWNER TO {owner}");
    private static final Sql DROP_FUNCTION = Sql.of("DROP FUNCTION IF EXISTS {function}() CASCADE");

    private static final Sql CREATE_CHECK_TRIGGER = Sql.of("""
            CREATE CONSTRAINT TRIGGER {trigger} AFTER INSERT OR UPDATE ON {table} {deferrable}
              FOR EACH ROW EXECUTE FUNCTION {function}()""");

    private static final Sql CREATE_DELETE_TRIGGER = Sql.of("""
            CREATE CONSTRAINT TRIGGER {trigger} AFTER DELETE ON {table} {deferrable}
              FOR EACH ROW {condition}EXECUTE FUNCTION {function}()""");

    private static final Sql CREATE_UPDATE_TRIGGER = Sql.of("""
            CREATE CONSTRAINT TRIGGER {trigger} AFTER UPDATE ON {table} {deferrable}
              FOR EACH ROW {condition}EXECUTE FUNCTION {function}()""");

    private static final Sql CREATE_MOVE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} BEFORE UPDATE ON {table}
              FOR EACH ROW {condition}EXECUTE FUNCTION {function}()""");

    private static final Sql CREATE_TRUNCATE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} AFTER TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {function}()""");

    private static final Sql WHEN = Sql.of("WHEN ({condition}) ");

    /**
     * Compares texts, which every type has; pg_dump does not write the comparison of two records in a form that could
     * be read again.
     */
    private static final Sql CHANGED =
            Sql.of("OLD.{column}::pg_catalog.text IS DISTINCT FROM NEW.{column}::pg_catalog.text");

    private static final Sql COMMENT = Sql.of("COMMENT ON TRIGGER {trigger} ON {table} IS {comment}");

    public ForeignKeyTriggers {
        tables = List.copyOf(tables);
    }

    /** The names of the triggers on the referenced table. */
    public List<Identifier> triggersOnReferenced() {
        return new KeyTables(key, live, referring, referenced).names().triggersOnReferenced();
    }

    /**
     * Statements that make the functions and the triggers, in the swap's transaction, once the partitioned table has
     * its name and the foreign key is gone. Locks: SHARE ROW EXCLUSIVE on both tables.
     */
    public List<Sql> createStatements() {
        KeyTables keyTables = new KeyTables(key, live, referring, referenced);
        ForeignKeyTriggerNames names = keyTables.names();
        List<Sql> statements = new ArrayList<>();
        statements.add(function(names.check(), new CheckFunction(keyTables, routing).body()));
        statements.add(function(names.act(), new ActFunction(keyTables, routing).body()));
        for (QualifiedName function : names.functions()) {
            statements.add(Seclusion.ofFunction(function));
            statements.add(CHANGE_OWNER
                    .with("function", function)
                    .with("owner", key.referenced().owner()));
        }
        for (QualifiedName table : key.refersToItself() ? tables : List.of(keyTables.referringTable())) {
            statements.add(CREATE_CHECK_TRIGGER
                    .with("trigger", key.name())
                    .with("table", table)
                    .with("deferrable", deferrable())
                    .with("function", names.check()));
            key.comment()
                    .ifPresent(comment -> statements.add(COMMENT.with("trigger", key.name())
                            .with("table", table)
                            .with("comment", Sql.literal(comment))));
        }
        for (QualifiedName table : tables) {
            Action onDelete = key.rules().onDelete();
            Action onUpdate = key.rules().onUpdate();
            statements.add(CREATE_DELETE_TRIGGER
                    .with("trigger", names.deleted())
                    .with("table", table)
                    .with("deferrable", deferrable(onDelete))
                    .with(
                            "condition",
                            ReferentialAction.changesRows(onDelete)
                                    ? WHEN.with("condition", PATH_IS_KEPT)
                                    : Sql.empty())
                    .with("function", names.act()));
            statements.add(CREATE_UPDATE_TRIGGER
                    .with("trigger", names.updated())
                    .with("table", table)
                    .with("deferrable", deferrable(onUpdate))
                    .with(
                            "condition",
                            WHEN.with(
                                    "condition",
                                    ReferentialAction.changesRows(onUpdate)
                                            ? Sql.of("({changed}) AND {kept}")
                                                    .with("changed", changed())
                                                    .with("kept", PATH_IS_KEPT)
                                            : changed()))
                    .with("function", names.act()));
            if (routing == Routing.NATIVE) {
                statements.add(CREATE_MOVE_TRIGGER
                        .with("trigger", names.moved())
                        .with("table", table)
                        .with("condition", WHEN.with("condition", changed()))
                        .with("function", names.act()));
            }
        }
        // The functions find the table by it, also if the table refers to itself.
        statements.add(CREATE_TRUNCATE_TRIGGER
                .with("trigger", names.truncated())
                .with("table", live)
                .with("function", names.act()));
        return statements;
    }

    /**
     * Statements that remove the functions, and with them the triggers. Locks: ACCESS EXCLUSIVE on both tables. Safe to
     * repeat.
     *
     * @param functions the functions as {@link ForeignKeyTriggerNames#functions} names them, wherever they are by then
     */
    public static List<Sql> dropStatements(List<QualifiedName> functions) {
        return functions.stream()
                .map(function -> DROP_FUNCTION.with("function", function))
                .toList();
    }

    private Sql changed() {
        return Sql.join(
                " OR ",
                key.columns().stream()
                        .map(Pair::referenced)
                        .map(column -> CHANGED.with("column", column))
                        .toList());
    }

    private static Sql function(QualifiedName name, Sql body) {
        return CREATE_FUNCTION
                .with("function", name)
                .with("quote", Sql.dollarQuote("foreign_key", body))
                .with("body", body);
    }

    private Sql deferrable() {
        return Sql.raw(
                !key.rules().deferrable()
                        ? "NOT DEFERRABLE"
                        : key.rules().deferred() ? "DEFERRABLE INITIALLY DEFERRED" : "DEFERRABLE INITIALLY IMMEDIATE");
    }

    /** As in the server: a referential action acts at once. */
    private Sql deferrable(Action action) {
        return action == Action.NO_ACTION ? deferrable() : Sql.raw("NOT DEFERRABLE");
    }
}
