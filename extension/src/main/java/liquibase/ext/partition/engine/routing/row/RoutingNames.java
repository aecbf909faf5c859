package liquibase.ext.partition.engine.routing.row;

import java.util.List;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/** The names of a routing's functions, triggers and children, and the texts that several functions share. */
public record RoutingNames(RoutedTable table, PartitionLayout layout) {
    private static final Sql OURS = Sql.of("NULL::{type}");

    private static final Sql AS_OWNER = Sql.of("SECURITY DEFINER SET search_path = pg_catalog, pg_temp");

    /** The suffix of the function that does the same with the writer's rights. */
    private static final String AS_WRITER = "_as_writer";

    public QualifiedName parent() {
        return table.parent();
    }

    public QualifiedName child(Identifier name) {
        return parent().sibling(name);
    }

    public QualifiedName defaultChild() {
        return child(layout.defaultPartition());
    }

    /**
     * A type that only the owner may use in a signature. Each function that is called by its name has it as its last
     * parameter, so that nobody else who may create in the schema can make a function that the call could mean: by a
     * better match, or by one with defaults, beside which the call would be ambiguous and an error.
     */
    public QualifiedName type() {
        return function("_routing");
    }

    /** The argument of that type. */
    public Sql ours() {
        return OURS.with("type", type());
    }

    /** A function's parameter types, with the last one. */
    public String parameters(String types) {
        return types.isEmpty() ? type().quoted() : types + ", " + type().quoted();
    }

    QualifiedName timeColumns() {
        return function("_time_columns");
    }

    QualifiedName columns() {
        return function("_columns");
    }

    public QualifiedName insert() {
        return function("_insert");
    }

    public QualifiedName others() {
        return function("_others");
    }

    public QualifiedName permit() {
        return function("_permit");
    }

    public QualifiedName childOf() {
        return function("_child");
    }

    public QualifiedName leave() {
        return function("_leave");
    }

    public QualifiedName leaveAsWriter() {
        return function("_leave" + AS_WRITER);
    }

    public QualifiedName route() {
        return function("_route");
    }

    public QualifiedName routeAsWriter() {
        return function("_route" + AS_WRITER);
    }

    public QualifiedName move() {
        return function("_move");
    }

    public QualifiedName moveAsWriter() {
        return function("_move" + AS_WRITER);
    }

    public QualifiedName moved() {
        return function("_moved");
    }

    public QualifiedName movedAsWriter() {
        return function("_moved" + AS_WRITER);
    }

    /** The functions that triggers call. */
    public List<QualifiedName> triggerFunctions() {
        return List.of(
                leave(), leaveAsWriter(), route(), routeAsWriter(), move(), moveAsWriter(), moved(), movedAsWriter());
    }

    public QualifiedName make() {
        return function("_make");
    }

    /** As {@code TriggerRouting.triggersOnParent}. */
    public static List<Identifier> triggersOnParent(QualifiedName parent) {
        return Stream.of("_leave1", "_leave2", "_route1", "_route2", "_timeof")
                .map(suffix -> DerivedName.of("!" + parent.name().name(), suffix))
                .toList();
    }

    public List<Identifier> triggersOnParent() {
        return triggersOnParent(parent());
    }

    /** The triggers on the parent that move a row out of it, in the order in which they fire. */
    public List<Identifier> routeTriggers() {
        return triggersOnParent().subList(0, 4);
    }

    /** The trigger that keeps the columns that hold the time ({@link TimeColumns}). */
    Identifier timeTrigger() {
        return triggersOnParent().get(4);
    }

    public List<Identifier> triggersOnChild() {
        return List.of(moveTrigger(), moveAsWriterTrigger(), movedTrigger(), movedAsWriterTrigger());
    }

    /**
     * Triggers fire in the order of their names: this one comes after every trigger of a user, which may still change
     * the row's time. Only a name that begins with a letter outside ASCII comes later, and then no row moves.
     */
    public Identifier moveTrigger() {
        return DerivedName.of("~" + parent().name().name(), "_move1");
    }

    /** Right after the move trigger. */
    public Identifier moveAsWriterTrigger() {
        return DerivedName.of("~" + parent().name().name(), "_move2");
    }

    /** Before every AFTER trigger of a user, whose work must not find the row twice. */
    public Identifier movedTrigger() {
        return DerivedName.of("!" + parent().name().name(), "_moved1");
    }

    public Identifier movedAsWriterTrigger() {
        return DerivedName.of("!" + parent().name().name(), "_moved2");
    }

    /** The parent's name, as a string constant. */
    public Sql parentName() {
        return Sql.literal(parent().quoted());
    }

    /** The default child's name, as a string constant. */
    public Sql defaultName() {
        return Sql.literal(defaultChild().quoted());
    }

    /** Fills the holes of a function that runs with its owner's rights and a pinned path. */
    public Sql asOwner(Sql function, String tag) {
        return function.with("asOwner", AS_OWNER).with("quote", quote(tag));
    }

    /** Fills the holes of a function that finds a child by its name, or makes it. */
    public Sql withNameOfChild(Sql function) {
        return function.with("parentName", parentName())
                .with("defaultName", defaultName())
                .with("schema", Sql.literal(parent().schema().name()))
                .with("prefix", Sql.literal(layout.prefix()))
                .with("pattern", Sql.literal(layout.interval().suffixPattern()))
                .with("from", TimeColumns.timestamp(layout.from()));
    }

    /** A dollar quote that no name ends. */
    public Sql quote(String tag) {
        return Sql.dollarQuote(
                tag,
                Sql.raw(layout.prefix()
                        + parent().quoted()
                        + table.timeOf("NEW").text()));
    }

    private QualifiedName function(String suffix) {
        return parent().sibling(DerivedName.of(parent().name(), suffix));
    }
}
