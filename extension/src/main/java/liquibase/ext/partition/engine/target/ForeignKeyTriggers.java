package liquibase.ext.partition.engine.target;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.catalog.ForeignKey;
import liquibase.ext.partition.engine.catalog.ForeignKey.Action;
import liquibase.ext.partition.engine.catalog.ForeignKey.Pair;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements of {@code incomingForeignKeys: trigger}: two functions and the constraint triggers that keep what a foreign key
 * kept, once a partitioned table is the referenced one. Pure; runs nothing.
 *
 * <p><b>The referring side.</b> A row that is written locks the row that it refers to with FOR KEY SHARE, as the server's own check
 * does, or is an error. The trigger has the foreign key's name, so that {@code SET CONSTRAINTS} goes on finding it. A deferred
 * check that fails asks whether any row still has the value, because the row may have been changed since.
 *
 * <p><b>The referenced side.</b> A row that was deleted, or whose key was updated, locks out those who would refer to it (they wait,
 * and then find nothing), so the trigger sees every row that does, and does what the foreign key said. That is true under READ
 * COMMITTED, where each statement of the trigger has a snapshot of its own; in a transaction with one snapshot, which the server's
 * own check can look past and a trigger cannot, it is an error. An update that moves a row to another partition fires as a DELETE
 * and an INSERT: the trigger first looks whether the key is still there. One that changes the key and moves the row is refused,
 * because no trigger sees both keys.
 *
 * <p>The functions are in the referring table's schema and belong to the owner of both tables, as whom the server too looks at the
 * one and changes the other. They have a pinned {@code search_path}, qualify every name, and only the triggers call them. They go
 * by names: who renames a table makes them anew.
 *
 * @param key as it was before the swap
 * @param live the partitioned table by the name that it has when writers use it
 * @param tables where its row triggers belong: itself, or its children where rows are routed by triggers
 * @param moves whether an update of the row, {@code OLD} to {@code NEW}, takes it to another partition; empty where such an update
 *     fires as one
 */
public record ForeignKeyTriggers(ForeignKey key, QualifiedName live, List<QualifiedName> tables, Optional<Sql> moves) {
    private static final Sql CREATE_FUNCTION = Sql.of("""
            CREATE FUNCTION {function}() RETURNS pg_catalog.trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS {quote}
            {body}
            {quote}""");

    private static final Sql CHECK = Sql.of("""
            BEGIN
              IF TG_OP = 'UPDATE' THEN
                IF ROW({new})::pg_catalog.record OPERATOR(pg_catalog.*=) ROW({old})::pg_catalog.record THEN
                  RETURN NULL;
                END IF;
              END IF;
              IF {noKey} THEN
                RETURN NULL;
              END IF;{matchFull}
              PERFORM FROM {live} AS p WHERE {matches} FOR KEY SHARE OF p;
              IF FOUND THEN
                RETURN NULL;
              END IF;{deferred}
              RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', MESSAGE = {message},
                DETAIL = {detailBegin} || pg_catalog.concat_ws(', ', {texts}) || {detailEnd},
                SCHEMA = {schema}, TABLE = {table}, CONSTRAINT = {constraint};
            END""");

    private static final Sql MATCH_FULL = Sql.of("""

              IF {anyNull} THEN
                RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', MESSAGE = {message},
                  DETAIL = 'MATCH FULL does not allow mixing of null and nonnull key values.',
                  SCHEMA = {schema}, TABLE = {table}, CONSTRAINT = {constraint};
              END IF;""");

    private static final Sql DEFERRED = Sql.of("""

              IF NOT EXISTS (SELECT FROM {referring} AS c WHERE {same}) THEN
                RETURN NULL;
              END IF;""");

    private static final Sql ACT = Sql.of("""
            BEGIN{truncate}{move}
              IF {noKey} THEN
                RETURN NULL;
              END IF;
              PERFORM FROM {live} AS p WHERE {sameKey} FOR KEY SHARE OF p;
              IF FOUND THEN
                RETURN NULL;
              END IF;
              IF pg_catalog.current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
                RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = {isolation},
                  HINT = 'Do it in a READ COMMITTED transaction.', SCHEMA = {schema}, TABLE = {table}, CONSTRAINT = {constraint};
              END IF;
              IF TG_OP = 'DELETE' THEN
                {onDelete}
              ELSE
                {onUpdate}
              END IF;
              RETURN NULL;
            END""");

    private static final Sql TRUNCATE = Sql.of("""

              IF TG_OP = 'TRUNCATE' THEN
                PERFORM FROM {referring} AS c WHERE {anyKey} LIMIT 1;
                IF FOUND THEN
                  RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = 'cannot truncate a table referenced in a foreign key constraint',
                    DETAIL = {detail}, HINT = {hint}, SCHEMA = {schema}, TABLE = {table}, CONSTRAINT = {constraint};
                END IF;
                RETURN NULL;
              END IF;""");

    private static final Sql MOVE = Sql.of("""

              IF TG_WHEN = 'BEFORE' THEN
                IF {moves} THEN
                  RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = {message},
                    HINT = 'Change the key and the date in two statements.', SCHEMA = {schema}, TABLE = {table}, CONSTRAINT = {constraint};
                END IF;
                RETURN NEW;
              END IF;""");

    private static final Sql REFUSE = Sql.of("""
            PERFORM FROM {referring} AS c WHERE {refers} FOR KEY SHARE OF c;
                IF FOUND THEN
                  RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', MESSAGE = {message},
                    DETAIL = {detailBegin} || pg_catalog.concat_ws(', ', {texts}) || {detailEnd},
                    SCHEMA = {schema}, TABLE = {table}, CONSTRAINT = {constraint};
                END IF;""");

    private static final Sql DELETE = Sql.of("DELETE FROM {referring} AS c WHERE {refers};");
    private static final Sql UPDATE = Sql.of("UPDATE {referring} AS c SET {assignments} WHERE {refers};");

    private static final Sql CHANGE_OWNER = Sql.of("ALTER FUNCTION {function}() OWNER TO {owner}");
    private static final Sql DROP_FUNCTION = Sql.of("DROP FUNCTION IF EXISTS {function}() CASCADE");

    private static final Sql CREATE_CHECK_TRIGGER = Sql.of("""
            CREATE CONSTRAINT TRIGGER {trigger} AFTER INSERT OR UPDATE ON {table} {deferrable}
              FOR EACH ROW EXECUTE FUNCTION {function}()""");

    private static final Sql CREATE_DELETE_TRIGGER = Sql.of("""
            CREATE CONSTRAINT TRIGGER {trigger} AFTER DELETE ON {table} {deferrable}
              FOR EACH ROW EXECUTE FUNCTION {function}()""");

    private static final Sql CREATE_UPDATE_TRIGGER = Sql.of("""
            CREATE CONSTRAINT TRIGGER {trigger} AFTER UPDATE ON {table} {deferrable}
              FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION {function}()""");

    private static final Sql CREATE_MOVE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} BEFORE UPDATE ON {table}
              FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION {function}()""");

    private static final Sql CREATE_TRUNCATE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {function}()""");

    /** By their texts, which every type has; pg_dump does not write the comparison of two records so that it could be read again. */
    private static final Sql CHANGED =
            Sql.of("OLD.{column}::pg_catalog.text IS DISTINCT FROM NEW.{column}::pg_catalog.text");

    private static final Sql COMMENT = Sql.of("COMMENT ON TRIGGER {trigger} ON {table} IS {comment}");

    public ForeignKeyTriggers {
        tables = List.copyOf(tables);
    }

    /**
     * Statements that make the functions and the triggers, in the swap's transaction, once the partitioned table has its name and
     * the foreign key is gone. Locks: SHARE ROW EXCLUSIVE on both tables.
     */
    public List<Sql> createStatements() {
        List<Sql> statements = new ArrayList<>();
        statements.add(function(checkFunction(), check()));
        statements.add(function(actFunction(), act()));
        for (QualifiedName function : List.of(checkFunction(), actFunction())) {
            statements.add(Seclusion.ofFunction(function));
            statements.add(CHANGE_OWNER
                    .with("function", function)
                    .with("owner", key.referenced().owner()));
        }
        for (QualifiedName table : key.refersToItself() ? tables : List.of(referring())) {
            statements.add(CREATE_CHECK_TRIGGER
                    .with("trigger", key.name())
                    .with("table", table)
                    .with("deferrable", deferrable())
                    .with("function", checkFunction()));
            key.comment()
                    .ifPresent(comment -> statements.add(COMMENT.with("trigger", key.name())
                            .with("table", table)
                            .with("comment", Sql.literal(comment))));
        }
        for (QualifiedName table : tables) {
            statements.add(CREATE_DELETE_TRIGGER
                    .with("trigger", deleteTrigger())
                    .with("table", table)
                    .with("deferrable", deferrable(key.rules().onDelete()))
                    .with("function", actFunction()));
            statements.add(onKeyChange(CREATE_UPDATE_TRIGGER, updateTrigger(), table)
                    .with("deferrable", deferrable(key.rules().onUpdate())));
            if (moves.isPresent()) {
                statements.add(onKeyChange(CREATE_MOVE_TRIGGER, moveTrigger(), table));
            }
        }
        if (!key.refersToItself()) {
            statements.add(CREATE_TRUNCATE_TRIGGER
                    .with("trigger", truncateTrigger())
                    .with("table", live)
                    .with("function", actFunction()));
        }
        return statements;
    }

    /**
     * Statements that remove the functions, and with them the triggers. Locks: ACCESS EXCLUSIVE on both tables. Safe to repeat.
     *
     * @param live the referenced table
     * @param referring the referring one, by the name that it had in the swap
     */
    public static List<Sql> dropStatements(QualifiedName live, QualifiedName referring, Identifier key) {
        return Stream.of("_check", "_act")
                .map(suffix -> DROP_FUNCTION.with("function", function(live, referring, key, suffix)))
                .toList();
    }

    /** The names of the triggers on the referenced table. */
    public static List<Identifier> triggersOnReferenced(QualifiedName live, QualifiedName referring, Identifier key) {
        String base = base(live, referring, key);
        List<Identifier> names = new ArrayList<>(Stream.of("_deleted", "_updated", "_truncated")
                .map(suffix -> DerivedName.of(base, suffix))
                .toList());
        names.add(DerivedName.of("~" + base, "_moved"));
        if (live.equals(referring)) {
            names.add(key);
        }
        return names;
    }

    /** The functions. */
    public static List<QualifiedName> functions(QualifiedName live, QualifiedName referring, Identifier key) {
        return List.of(function(live, referring, key, "_check"), function(live, referring, key, "_act"));
    }

    private Sql onKeyChange(Sql create, Identifier trigger, QualifiedName table) {
        return create.with("trigger", trigger)
                .with("table", table)
                .with(
                        "changed",
                        Sql.join(
                                " OR ",
                                referencedColumns().stream()
                                        .map(column -> CHANGED.with("column", column))
                                        .toList()))
                .with("function", actFunction());
    }

    private static Sql function(QualifiedName name, Sql body) {
        return CREATE_FUNCTION
                .with("function", name)
                .with("quote", Sql.dollarQuote("foreign_key", body))
                .with("body", body);
    }

    private Sql check() {
        Sql message = Sql.literal("insert or update on table \"%s\" violates foreign key constraint \"%s\""
                .formatted(referring().name(), key.name()));
        List<Sql> nulls = isNull("NEW", columns());
        boolean full = key.rules().full() && nulls.size() > 1;
        return named(CHECK)
                .with("new", Sql.list("NEW", columns()))
                .with("old", Sql.list("OLD", columns()))
                .with("noKey", Sql.join(full ? " AND " : " OR ", nulls))
                .with(
                        "matchFull",
                        full
                                ? named(MATCH_FULL)
                                        .with("anyNull", Sql.join(" OR ", nulls))
                                        .with("message", message)
                                : Sql.empty())
                .with("live", live)
                .with("matches", referring("p", "NEW"))
                .with(
                        "deferred",
                        key.rules().deferrable()
                                ? DEFERRED.with("referring", referring()).with("same", imageOf("c", "NEW"))
                                : Sql.empty())
                .with("message", message)
                .with("detailBegin", Sql.literal("Key (" + key.columnNames() + ")=("))
                .with("texts", texts("NEW", columns()))
                .with("detailEnd", Sql.literal(") is not present in table \"" + live.name() + "\"."));
    }

    private Sql act() {
        String refusal = "update or delete on table \"%s\" violates foreign key constraint \"%s\" on table \"%s\""
                .formatted(live.name(), key.name(), referring().name());
        return named(ACT)
                .with(
                        "truncate",
                        key.refersToItself()
                                ? Sql.empty()
                                : named(TRUNCATE)
                                        .with("referring", referring())
                                        .with(
                                                "anyKey",
                                                Sql.join(
                                                        " AND ",
                                                        columns().stream()
                                                                .map(column -> Sql.of("c.{column} IS NOT NULL")
                                                                        .with("column", column))
                                                                .toList()))
                                        .with(
                                                "detail",
                                                Sql.literal("Table \"%s\" references \"%s\"."
                                                        .formatted(referring().name(), live.name())))
                                        .with(
                                                "hint",
                                                Sql.literal("Truncate table \"%s\" in a statement before."
                                                        .formatted(referring().name()))))
                .with(
                        "move",
                        moves.map(it -> named(MOVE)
                                        .with("moves", it)
                                        .with(
                                                "message",
                                                Sql.literal(
                                                        "an update that moves a row of table \"%s\" to another partition cannot change the key that foreign key constraint \"%s\" on table \"%s\" refers to"
                                                                .formatted(
                                                                        live.name(),
                                                                        key.name(),
                                                                        referring()
                                                                                .name()))))
                                .orElse(Sql.empty()))
                .with("noKey", Sql.join(" OR ", isNull("OLD", referencedColumns())))
                .with("live", live)
                .with(
                        "sameKey",
                        Sql.join(
                                " AND ",
                                key.columns().stream()
                                        .map(pair -> Sql.of("p.{column} {equality} OLD.{column}")
                                                .with("column", pair.referenced())
                                                .with("equality", pair.sameKey()))
                                        .toList()))
                .with(
                        "isolation",
                        Sql.literal(
                                "a transaction of one snapshot cannot see all rows of table \"%s\" that refer to a row of table \"%s\", which foreign key constraint \"%s\" asks for"
                                        .formatted(referring().name(), live.name(), key.name())))
                .with("onDelete", action(key.rules().onDelete(), true, refusal))
                .with("onUpdate", action(key.rules().onUpdate(), false, refusal));
    }

    private Sql action(Action action, boolean delete, String refusal) {
        Sql refuse = named(REFUSE)
                .with("referring", referring())
                .with("refers", referring("OLD", "c"))
                .with("message", Sql.literal(refusal))
                .with("detailBegin", Sql.literal("Key (" + key.referencedNames() + ")=("))
                .with("texts", texts("OLD", referencedColumns()))
                .with(
                        "detailEnd",
                        Sql.literal(") is still referenced from table \""
                                + referring().name() + "\"."));
        List<Identifier> set =
                delete && !key.rules().setColumns().isEmpty() ? key.rules().setColumns() : columns();
        return switch (action) {
            case NO_ACTION, RESTRICT -> refuse;
            case CASCADE ->
                delete
                        ? DELETE.with("referring", referring()).with("refers", referring("OLD", "c"))
                        : update(key.columns().stream()
                                .map(pair -> Sql.of("{column} = NEW.{referenced}")
                                        .with("column", pair.column())
                                        .with("referenced", pair.referenced()))
                                .toList());
            case SET_NULL -> update(assignments(set, "NULL"));
            // Where the default is the value that is gone, nothing changed and nothing was checked.
            case SET_DEFAULT -> Sql.join("\n    ", List.of(update(assignments(set, "DEFAULT")), refuse));
        };
    }

    private Sql update(Collection<Sql> assignments) {
        return UPDATE.with("referring", referring())
                .with("assignments", Sql.list(assignments))
                .with("refers", referring("OLD", "c"));
    }

    private static List<Sql> assignments(List<Identifier> columns, String value) {
        return columns.stream()
                .map(column ->
                        Sql.of("{column} = {value}").with("column", column).with("value", Sql.raw(value)))
                .toList();
    }

    /** The referenced row {@code referenced} is the one that {@code referring} refers to. */
    private Sql referring(String referenced, String referring) {
        return Sql.join(
                " AND ",
                key.columns().stream()
                        .map(pair -> Sql.of("{referenced} {equality} {referring}{collation}")
                                .with("referenced", Sql.list(referenced, List.of(pair.referenced())))
                                .with("equality", pair.equality())
                                .with("referring", Sql.list(referring, List.of(pair.column())))
                                .with("collation", collation(pair)))
                        .toList());
    }

    private static Sql collation(Pair pair) {
        return Sql.raw(pair.collation().map(name -> " COLLATE " + name).orElse(""));
    }

    /** By their images, which every type has. */
    private Sql imageOf(String row, String other) {
        return Sql.of("ROW({row})::pg_catalog.record OPERATOR(pg_catalog.*=) ROW({other})::pg_catalog.record")
                .with("row", Sql.list(row, columns()))
                .with("other", Sql.list(other, columns()));
    }

    /** What errors say of the constraint beside their message. */
    private Sql named(Sql statement) {
        return statement
                .with("schema", Sql.literal(referring().schema().name()))
                .with("table", Sql.literal(referring().name().name()))
                .with("constraint", Sql.literal(key.name().name()));
    }

    private static List<Sql> isNull(String row, List<Identifier> columns) {
        return columns.stream()
                .map(column -> Sql.of("{column} IS NULL").with("column", Sql.list(row, List.of(column))))
                .toList();
    }

    private static Sql texts(String row, List<Identifier> columns) {
        return Sql.list(columns.stream()
                .map(column -> Sql.of("{column}::pg_catalog.text").with("column", Sql.list(row, List.of(column))))
                .toList());
    }

    private Sql deferrable() {
        return Sql.raw(
                !key.rules().deferrable()
                        ? "NOT DEFERRABLE"
                        : key.rules().deferred() ? "DEFERRABLE INITIALLY DEFERRED" : "DEFERRABLE INITIALLY IMMEDIATE");
    }

    /** As the server has it: what an action does, it does at once. */
    private Sql deferrable(Action action) {
        return action == Action.NO_ACTION ? deferrable() : Sql.raw("NOT DEFERRABLE");
    }

    private List<Identifier> columns() {
        return key.columns().stream().map(Pair::column).toList();
    }

    private List<Identifier> referencedColumns() {
        return key.columns().stream().map(Pair::referenced).toList();
    }

    /** Where the table refers to itself, the partitioned one is both. */
    private QualifiedName referring() {
        return key.refersToItself() ? live : key.referring().name();
    }

    private QualifiedName checkFunction() {
        return function(live, referring(), key.name(), "_check");
    }

    private QualifiedName actFunction() {
        return function(live, referring(), key.name(), "_act");
    }

    private Identifier deleteTrigger() {
        return DerivedName.of(base(live, referring(), key.name()), "_deleted");
    }

    private Identifier updateTrigger() {
        return DerivedName.of(base(live, referring(), key.name()), "_updated");
    }

    private Identifier truncateTrigger() {
        return DerivedName.of(base(live, referring(), key.name()), "_truncated");
    }

    /** Triggers fire in the order of their names: this one after a user's, which may still change the row. */
    private Identifier moveTrigger() {
        return DerivedName.of("~" + base(live, referring(), key.name()), "_moved");
    }

    private static QualifiedName function(QualifiedName live, QualifiedName referring, Identifier key, String suffix) {
        return referring.sibling(DerivedName.of(base(live, referring, key), suffix));
    }

    /** Tables of several schemas can have foreign keys of one name. */
    private static String base(QualifiedName live, QualifiedName referring, Identifier key) {
        String schema = referring.schema().equals(live.schema())
                ? ""
                : referring.schema().name() + "_";
        return schema + referring.name().name() + "_" + key.name();
    }
}
