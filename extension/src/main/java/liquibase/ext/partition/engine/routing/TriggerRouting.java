package liquibase.ext.partition.engine.routing;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.catalog.SettableOptions;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements of {@code routing: trigger}: an ordinary table, its inheritance children, and the triggers that put
 * every row into the child of its time. Pure; runs nothing.
 *
 * <p><b>Insert.</b> A statement inserts its rows into the parent, where a user's BEFORE INSERT triggers fire and the
 * row is counted and returned, for {@code INSERT … RETURNING}, {@code COPY} and JDBC alike. The first AFTER triggers of
 * each row take it out of the parent again and insert it into its child. So what the user's triggers assign decides the
 * child; and as all rows of the statement are in the table by then, a foreign key is checked as on a plain table,
 * whichever row refers to whichever. They are row triggers, {@code ENABLE ALWAYS}: a subscription's apply fires no
 * statement triggers, and {@code session_replication_role = replica} must not fill the parent. The parent keeps its
 * primary key: {@code GROUP BY id}, {@code ON CONFLICT (id)} and a publication of deletes need it.
 *
 * <p><b>Nothing is frozen.</b> The INSERT into a child is put together from the columns that the parent has at that
 * moment, and the time is read by a function whose body the server keeps as a tree: whoever adds, renames or drops a
 * column, or gives it another type, need not think of the routing. The type of a column that holds the time cannot be
 * changed, as with native partitioning.
 *
 * <p><b>No table is read.</b> A row is taken out of the parent, and an old version out of its child, by its {@code
 * ctid}, and a child is looked up in the catalog: in a SERIALIZABLE transaction nothing is remembered by which two
 * inserts could be in each other's way.
 *
 * <p><b>Children</b> are made ahead, by the first step and by {@link #makeFunction}, and never by a writer: who creates
 * a table holds locks until the end of its transaction, and would keep others waiting that long. A row that has no
 * child yet goes to the default one, where every query finds it.
 *
 * <p><b>Update.</b> A child's row cannot leave it, so a BEFORE trigger inserts the new row into its child and gives the
 * old child the new row with the old time, which counts as the update; an AFTER trigger removes that row at the end of
 * the statement. As with native partitioning the row's DELETE and AFTER INSERT triggers fire; its AFTER UPDATE triggers
 * fire too, and BEFORE INSERT triggers do not. {@code UPDATE … RETURNING} shows the new values, but the old ones of the
 * columns that hold the time.
 *
 * <p><b>Rights.</b> As with native partitioning, rights on the parent are enough, those granted tomorrow too: a row is
 * taken out of a table and put into another with the owner's rights and a pinned path. Where that would fire a trigger
 * which could tell the difference, or somebody else's, it is done with the writer's rights ({@link OthersTriggers}),
 * who needs INSERT on the child then (a child that is made later gets the default child's grants), and for updates of
 * the time SELECT and DELETE too. So each of these deeds has two trigger functions, one of which does it. PUBLIC may
 * call what looks up whether a table has such triggers, in the catalog.
 *
 * <p>Of a user's triggers, those BEFORE INSERT FOR EACH ROW and those FOR EACH STATEMENT belong on the parent, other
 * row triggers on the children. Statement triggers for DELETE cannot be kept: removing a row from the parent fires
 * them.
 *
 * <p><b>Limits.</b> A key is unique in each child only. {@code ON CONFLICT} inserts new keys, but is an error where the
 * key is taken in the child. A foreign key that references the parent finds no row. An update or delete that waited for
 * a row which another transaction moved finds no row, and says so by its count only (native partitioning raises an
 * error). During a statement that moves rows, its BEFORE triggers can see a row in both children. A publication has no
 * children that are made later.
 *
 * @param table what is routed
 * @param layout its prefix, interval and {@code from}; {@code until} is only where the children made in advance end
 */
public record TriggerRouting(RoutedTable table, PartitionLayout layout) {
    /** Comments on functions of ours that take a row of the table begin so: they are no dependents of the table. */
    public static final String COMMENT_ON_OURS = "liquibase-partition: ";

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

    private static final Sql COMMENT_ON_TIME_FUNCTION = Sql.of("COMMENT ON FUNCTION {timeOf}({parent}) IS {comment}");

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

    /** BEFORE UPDATE after the first of ours, or AFTER INSERT OR UPDATE before the last one. */
    private static final Sql BETWEEN_OURS = Sql.of("""
            ((t.tgtype & 19 = 19 AND t.tgname > {moveFirst} OR t.tgtype & 3 = 1 AND t.tgtype & 20 <> 0 AND t.tgname < {routeLast})
              AND t.tgname <> ALL (ARRAY[{ours}]::pg_catalog.name[]))""");

    private static final Sql TIMESTAMP = Sql.of("timestamp {literal}");
    private static final Sql ENABLE_ALWAYS = Sql.of("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}");
    /**
     * Every insert is two changes of the parent, and ANALYZE of the parent reads a sample of every child: by the
     * server's own threshold it would be due each minute, under the lock that a new child needs.
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
     * Statements that make the children and the default child, without indexes: the copy fills them directly. Lock:
     * SHARE UPDATE EXCLUSIVE on the parent. To be run in one transaction.
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
     * Statements that make the functions and attach the triggers, in the swap's transaction, once the parent has its
     * name and the children have their indexes, grants and triggers. Locks: SHARE ROW EXCLUSIVE on the parent and every
     * child.
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
                        Sql.literal(COMMENT_ON_OURS + "the time by which rows of "
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

    /**
     * As {@link #attachStatements(Identifier, Collection)}, where the children are those of {@link #childStatements}.
     */
    public List<Sql> attachStatements(Identifier owner) {
        return attachStatements(owner, layout.partitions());
    }

    /**
     * Statements that remove the functions, and the triggers that call them, from the parent and every child, those
     * made later too. Children and rows stay. Lock: ACCESS EXCLUSIVE on the parent and every child. Safe to repeat.
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
     * The names of our triggers on the table itself, in the order in which they fire: before every other AFTER trigger,
     * a foreign key's too, since these are to find the row in its child, and nowhere else. All as long, so that a long
     * name is cut alike.
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

    /**
     * The function that makes the child of a day, where it is missing; for its owner to call: {@code
     * orders_make(date)}.
     */
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
        return RoutingFunctions.CREATE_TIME_FUNCTION
                .with("timeOf", timeFunction())
                .with("parent", table.parent())
                .with("time", table.time().of(column -> Sql.list("routed", List.of(column))));
    }

    private Sql columnsStatement() {
        return asOwner(RoutingFunctions.CREATE_COLUMNS_FUNCTION, "columns")
                .with("columnsOf", columnsFunction())
                .with("parent", table.parent())
                .with("parentName", parentName());
    }

    private Sql insertStatement() {
        return asOwner(RoutingFunctions.CREATE_INSERT_FUNCTION, "insert")
                .with("insertInto", insertFunction())
                .with("columnsOf", columnsFunction())
                .with("parent", table.parent())
                .with("parentName", parentName())
                .with("replaced", OthersTriggers.replaced("a"));
    }

    private Sql childStatement() {
        return named(RoutingFunctions.CREATE_CHILD_FUNCTION.with("quote", quote("child")))
                .with("childOf", childFunction())
                .with("defaultSaid", Sql.literal(defaultChild().toString()));
    }

    private Sql leaveStatement() {
        return asOwner(RoutingFunctions.CREATE_LEAVE_FUNCTION, "leave")
                .with("leave", leaveFunction())
                .with("parent", table.parent())
                .with("parentName", parentName())
                .with("parentSaid", Sql.literal(table.parent().toString()))
                .with("others", othersFunction())
                .with("deleted", DELETED);
    }

    private Sql leaveAsWriterStatement() {
        return RoutingFunctions.CREATE_LEAVE_AS_WRITER_FUNCTION
                .with("quote", quote("leave"))
                .with("leaveAsWriter", function("_leave" + AS_WRITER))
                .with("parent", table.parent())
                .with("permit", permitFunction())
                .with("deleted", DELETED);
    }

    private Sql routeStatement() {
        return asOwner(RoutingFunctions.CREATE_ROUTE_FUNCTION, "route")
                .with("route", routeFunction())
                .with("insertInto", insertFunction())
                .with("childOf", childFunction())
                .with("timeOf", timeFunction())
                .with("others", othersFunction())
                .with("inserted", INSERTED);
    }

    private Sql routeAsWriterStatement() {
        return RoutingFunctions.CREATE_ROUTE_AS_WRITER_FUNCTION
                .with("quote", quote("route"))
                .with("routeAsWriter", function("_route" + AS_WRITER))
                .with("permit", permitFunction())
                .with("inserted", INSERTED);
    }

    private Sql moveStatement() {
        return asOwner(RoutingFunctions.CREATE_MOVE_FUNCTION, "move")
                .with("move", move(Sql.of("{insertInto}(child)")))
                .with(
                        "leftOver",
                        RoutingFunctions.LEFT_OVER
                                .with("defaultName", defaultName())
                                .with("timeColumns", timeColumns()))
                .with("insertInto", insertFunction())
                .with("moveFunction", moveFunction())
                .with("childOf", childFunction())
                .with("timeOf", timeFunction())
                .with("parent", table.parent())
                .with("parentName", parentName())
                .with("moveFirst", Sql.literal(moveTriggerName().name()))
                .with("moveLast", Sql.literal(moveAsWriterTriggerName().name()))
                .with("others", othersFunction())
                .with("inserted", INSERTED);
    }

    private Sql moveAsWriterStatement() {
        return RoutingFunctions.CREATE_MOVE_AS_WRITER_FUNCTION
                .with("quote", quote("move"))
                .with(
                        "move",
                        move(Sql.raw("pg_catalog.substr(task, 1 OPERATOR(pg_catalog.+) pg_catalog.strpos(task, ' '))")))
                .with("moveAsWriter", function("_move" + AS_WRITER))
                .with("permit", permitFunction())
                .with("inserted", INSERTED);
    }

    /** @param insert the text of the statement */
    private Sql move(Sql insert) {
        return RoutingFunctions.MOVE.with("insert", insert);
    }

    private Sql timeColumns() {
        return RoutingFunctions.TIME_COLUMNS.with(
                "timeSignature",
                Sql.literal("%s(%s)"
                        .formatted(timeFunction().quoted(), table.parent().quoted())));
    }

    private Sql movedStatement() {
        return asOwner(RoutingFunctions.CREATE_MOVED_FUNCTION, "moved")
                .with("movedFunction", movedFunction())
                .with("takeAway", RoutingFunctions.TAKE_AWAY)
                .with("others", othersFunction())
                .with("deleted", DELETED);
    }

    private Sql movedAsWriterStatement() {
        return RoutingFunctions.CREATE_MOVED_AS_WRITER_FUNCTION
                .with("quote", quote("moved"))
                .with("movedAsWriter", function("_moved" + AS_WRITER))
                .with("takeAway", RoutingFunctions.TAKE_AWAY)
                .with("permit", permitFunction())
                .with("deleted", DELETED);
    }

    private Sql makeStatement() {
        Sql create = CREATE_CHILD
                .with("child", CHILD)
                .with("check", table.check().between(this::placeholder, FROM, TO))
                .with("parent", table.parent());
        return named(asOwner(RoutingFunctions.CREATE_MAKE_FUNCTION, "make"))
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
     * A statement as a string constant, for {@code format}: 1 is the child's quoted name, 2 and 3 are its bounds, and
     * then come the columns by the names that they have by then.
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

    private Sql betweenOurs() {
        List<Identifier> onParent = triggersOnParent(table.parent());
        return BETWEEN_OURS
                .with("moveFirst", Sql.literal(moveTriggerName().name()))
                .with("routeLast", Sql.literal(onParent.get(onParent.size() - 1).name()))
                .with(
                        "ours",
                        Sql.join(
                                ", ",
                                Stream.concat(onParent.stream(), triggersOnChild().stream())
                                        .map(trigger -> Sql.literal(trigger.name()))
                                        .toList()));
    }

    /** In the order in which they can be made. */
    private List<Function> functions() {
        Sql none = Sql.empty();
        OthersTriggers others = new OthersTriggers(othersFunction(), permitFunction(), betweenOurs());
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
     * Triggers fire in the order of their names: this one after every trigger of a user, which may still change the
     * row's time. A name would have to begin with a letter outside ASCII to come later, and then no row moves.
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
