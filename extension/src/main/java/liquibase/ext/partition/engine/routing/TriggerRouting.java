package liquibase.ext.partition.engine.routing;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.routing.insert.LeaveFunctions;
import liquibase.ext.partition.engine.routing.insert.ParentTriggers;
import liquibase.ext.partition.engine.routing.insert.RouteFunctions;
import liquibase.ext.partition.engine.routing.row.ChildFunction;
import liquibase.ext.partition.engine.routing.row.InsertFunctions;
import liquibase.ext.partition.engine.routing.row.OthersTriggers;
import liquibase.ext.partition.engine.routing.row.RoutedTable;
import liquibase.ext.partition.engine.routing.row.RoutingFunction;
import liquibase.ext.partition.engine.routing.row.RoutingNames;
import liquibase.ext.partition.engine.routing.row.TimeColumns;
import liquibase.ext.partition.engine.routing.update.ChildTriggers;
import liquibase.ext.partition.engine.routing.update.MoveFunctions;
import liquibase.ext.partition.engine.routing.update.MovedFunctions;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements of {@code routing: trigger}: an ordinary table, its inheritance children, and the triggers that put
 * every row into the child of its time. Pure; runs nothing.
 *
 * <p><b>Insert.</b> A statement inserts its rows into the parent, where a user's BEFORE INSERT triggers fire and the
 * row is counted and returned, for {@code INSERT … RETURNING}, {@code COPY} and JDBC alike. The first AFTER triggers of
 * each row take it out of the parent again and insert it into its child. So the values that the user's triggers assign
 * decide the child; and as all rows of the statement are in the table by then, a foreign key is checked as on a plain
 * table, whichever row refers to which. They are row triggers, {@code ENABLE ALWAYS}: a subscription's apply fires no
 * statement triggers, and {@code session_replication_role = replica} must not fill the parent. The parent keeps its
 * primary key: {@code GROUP BY id}, {@code ON CONFLICT (id)} and a publication of deletes need it.
 *
 * <p><b>Nothing is frozen.</b> The INSERT into a child is put together from the columns that the parent has at that
 * moment, and the time is read from columns that the server keeps by number ({@link TimeColumns}): adding, renaming or
 * dropping a column, or changing its type, requires no change of the routing. The type of a column that holds the time
 * cannot be changed, as with native partitioning.
 *
 * <p><b>No table is read.</b> A row is taken out of the parent, and an old version out of its child, by its
 * {@code ctid}, and a child is looked up in the catalog. So in a SERIALIZABLE transaction the server remembers no reads
 * by which two inserts could conflict.
 *
 * <p><b>Children</b> are made ahead, by the first step and by {@link #makeFunction}, and never by a writer: creating a
 * table takes locks until the end of the transaction, and others would wait that long. A row that has no child yet goes
 * to the default one, where every query finds it.
 *
 * <p><b>Update.</b> A child's row cannot leave it, so a BEFORE trigger inserts the new row into its child and gives the
 * old child the new row with the old time, which counts as the update; an AFTER trigger removes that row at the end of
 * the statement. As with native partitioning the row's DELETE and AFTER INSERT triggers fire; its AFTER UPDATE triggers
 * fire too, and BEFORE INSERT triggers do not. {@code UPDATE … RETURNING} shows the new values, but the old ones for
 * the columns that hold the time.
 *
 * <p><b>Rights.</b> As with native partitioning, rights on the parent are enough, including those granted tomorrow: a
 * row is taken out of a table and put into another with the owner's rights and a pinned path. If that would fire a
 * trigger which could notice the difference, or somebody else's, it happens with the writer's rights
 * ({@link OthersTriggers}). The writer then needs INSERT on the child (a child that is made later gets the default
 * child's grants), and for updates of the time SELECT and DELETE too. So each of these actions has two trigger
 * functions, one of which performs it. PUBLIC may call the function that looks up in the catalog whether a table has
 * such triggers.
 *
 * <p>Of a user's triggers, those BEFORE INSERT FOR EACH ROW and those FOR EACH STATEMENT belong on the parent, other
 * row triggers on the children. Statement triggers for DELETE cannot be kept, because removing a row from the parent
 * fires them.
 *
 * <p><b>Limits.</b> A key is unique in each child only. {@code ON CONFLICT} inserts new keys, but is an error if the
 * key exists in the child. A foreign key that references the parent finds no row. An update or delete that waited for a
 * row which another transaction moved finds no row, and only its count shows it (native partitioning raises an error).
 * During a statement that moves rows, its BEFORE triggers can see a row in both children. A publication does not
 * include children that are made later.
 *
 * @param table the table whose rows are routed
 * @param layout its prefix, interval and {@code from}; {@code until} is only the end of the children made in advance
 */
public record TriggerRouting(RoutedTable table, PartitionLayout layout) {
    /**
     * Every insert is two changes of the parent, and ANALYZE of the parent reads a sample of every child: with the
     * server's own threshold it would be due every minute, under the lock that a new child needs.
     */
    private static final Sql SET_ANALYZE_THRESHOLD =
            Sql.of("ALTER TABLE {parent} SET (autovacuum_analyze_threshold = 1000000)");

    /** It has no value but NULL. */
    private static final Sql CREATE_TYPE = Sql.of("CREATE TYPE {type} AS ENUM ()");

    private static final Sql CHANGE_OWNER_OF_TYPE = Sql.of("ALTER TYPE {type} OWNER TO {owner}");
    private static final Sql DROP_TYPE = Sql.of("DROP TYPE IF EXISTS {type}");

    private static final Sql MAKE = Sql.of("SELECT {function}({day}::pg_catalog.date, {ours})");

    private static final Sql RESET_ANALYZE_THRESHOLD =
            Sql.of("ALTER TABLE IF EXISTS {parent} RESET (autovacuum_analyze_threshold)");

    /**
     * Statements that make the children and the default child, without indexes, because the copy fills them directly.
     * Lock: SHARE UPDATE EXCLUSIVE on the parent. To be run in one transaction.
     *
     * @param parent the parent under its name at that time, which before the swap is not that of
     *     {@link RoutedTable#parent()}
     */
    public List<Sql> childStatements(QualifiedName parent) {
        return new ChildTables(names()).statements(parent);
    }

    /** The statement that makes one more child, before the swap; as {@link #childStatements}. */
    public Sql childStatement(QualifiedName parent, Partition partition) {
        return new ChildTables(names()).statement(parent, partition);
    }

    /**
     * The statement that makes the missing child of a day once the functions are there, with everything that the
     * default child has.
     */
    public Sql makeStatement(LocalDate day) {
        return MAKE.with("function", makeFunction())
                .with("day", Sql.literal(day.toString()))
                .with("ours", names().ours());
    }

    /**
     * Statements that make the functions and attach the triggers, in the swap's transaction, once the parent has its
     * name and the children have their indexes, grants and triggers. Locks: SHARE ROW EXCLUSIVE on the parent and every
     * child.
     *
     * @param owner the owner of the parent, who gets the functions
     * @param children the existing children of this layout
     */
    public List<Sql> attachStatements(Identifier owner, Collection<Partition> children) {
        RoutingNames names = names();
        List<Sql> statements = new ArrayList<>();
        statements.add(CREATE_TYPE.with("type", names.type()));
        statements.add(Seclusion.ofType(names.type()));
        statements.add(CHANGE_OWNER_OF_TYPE.with("type", names.type()).with("owner", owner));
        for (RoutingFunction function : functions()) {
            statements.addAll(function.createStatements(owner));
        }
        ChildTriggers onChild = new ChildTriggers(names);
        for (Partition child : children) {
            statements.addAll(onChild.statements(child));
        }
        statements.addAll(onChild.statementsForTheDefaultChild());
        statements.addAll(new ParentTriggers(names).statements());
        statements.add(SET_ANALYZE_THRESHOLD.with("parent", table.parent()));
        return statements;
    }

    /** As {@link #attachStatements(Identifier, Collection)}, with the children of {@link #childStatements}. */
    public List<Sql> attachStatements(Identifier owner) {
        return attachStatements(owner, layout.partitions());
    }

    /**
     * Statements that remove the functions, their type, and the triggers that call them, from the parent and every
     * child, including those made later. Children and rows stay. Lock: ACCESS EXCLUSIVE on the parent and every child.
     * Safe to repeat.
     */
    public List<Sql> dropStatements() {
        List<Sql> statements = new ArrayList<>();
        for (RoutingFunction function : functions()) {
            statements.add(function.dropStatement());
        }
        statements.add(DROP_TYPE.with("type", names().type()));
        statements.add(RESET_ANALYZE_THRESHOLD.with("parent", table.parent()));
        return statements;
    }

    /**
     * Why a table with that trigger cannot be routed; empty if it can.
     *
     * @param trigger a trigger of the source
     */
    public static Optional<String> obstacle(Trigger trigger) {
        return !trigger.forEachRow() && trigger.onDelete()
                ? Optional.of(
                        "statement trigger %s fires on DELETE, and every routed INSERT removes a row from the parent again; make it a row trigger"
                                .formatted(trigger.name()))
                : Optional.empty();
    }

    /** Whether a user's trigger must be on the parent: it fires before a row has a child, or for the statement. */
    public static boolean belongsOnParent(Trigger trigger) {
        return !trigger.forEachRow() || trigger.beforeRowIsInserted();
    }

    /** The trigger to make on the children for a user's trigger; empty if it belongs to the parent alone. */
    public static Optional<Trigger> onChildren(Trigger trigger) {
        if (!trigger.forEachRow()) {
            return Optional.empty();
        }
        return trigger.beforeRowIsInserted() ? trigger.withoutInsert() : Optional.of(trigger);
    }

    /**
     * The names of our triggers on the table itself, in the order in which they fire: before every other AFTER trigger,
     * including a foreign key's, since these must find the row in its child, and nowhere else. The last one never
     * fires. All names have the same length, so that long ones are cut alike.
     */
    public static List<Identifier> triggersOnParent(QualifiedName parent) {
        return RoutingNames.triggersOnParent(parent);
    }

    /** Whether a trigger calls a function of ours, or has the name of a trigger of ours: it is no user's. */
    public boolean owns(Trigger trigger) {
        return names().triggersOnParent().contains(trigger.name())
                || names().triggersOnChild().contains(trigger.name())
                || isCalledByTriggers(trigger.calls());
    }

    /** Whether the function is one of ours that triggers call. */
    public boolean isCalledByTriggers(QualifiedName function) {
        return names().triggerFunctions().contains(function);
    }

    /** The names of our triggers on each child, which are of no use once it is none. */
    public List<Identifier> triggersOnChild() {
        return names().triggersOnChild();
    }

    /** The default child. */
    public QualifiedName defaultChild() {
        return names().defaultChild();
    }

    /** The function that makes the missing child of a day; for its owner to call: {@code orders_make(date)}. */
    public QualifiedName makeFunction() {
        return names().make();
    }

    /** In the order in which they can be made. */
    private List<RoutingFunction> functions() {
        RoutingNames names = names();
        List<RoutingFunction> functions = new ArrayList<>();
        functions.add(new TimeColumns(names).function());
        functions.addAll(new InsertFunctions(names).functions());
        functions.addAll(new OthersTriggers(names).functions());
        functions.add(new ChildFunction(names).function());
        functions.addAll(new LeaveFunctions(names).functions());
        functions.addAll(new RouteFunctions(names).functions());
        functions.addAll(new MoveFunctions(names).functions());
        functions.addAll(new MovedFunctions(names).functions());
        functions.add(new MakeFunction(names).function());
        return functions;
    }

    private RoutingNames names() {
        return new RoutingNames(table, layout);
    }
}
