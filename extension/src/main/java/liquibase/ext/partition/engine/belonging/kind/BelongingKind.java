package liquibase.ext.partition.engine.belonging.kind;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.sql.Session;

/**
 * A kind of thing that hangs on a table and goes with its name: its obstacles, how partitioning changes it, and how it
 * moves. Each room of {@code belonging} has one, and {@code BelongingKinds} lists them in order. A kind without
 * obstacles, announcements, parts or anything left to do leaves the method out.
 *
 * <p>Stateless. Until a switch has committed it reads the catalog only, in the open transaction or else in one of its
 * own, and takes no lock. The questions that it asks for {@link #standing}, {@link #obstacles} and {@link #parts} are
 * asked again under the switch's lock; so it asks in the session that it is given, and asks little. After the commit
 * {@link #settle} and {@link #finish} open transactions of their own and lock under the lock policy.
 */
public interface BelongingKind {
    /** The features that it stands for; empty if it is something that a migration puts on the table. */
    Set<Feature> features();

    /**
     * The obstacles that a table has by itself, whatever its new form; empty for most tables. Asked before a row is
     * copied, again at the swap, and of the partitioned table at the reverse swap. Names that the server writes are
     * qualified.
     */
    default List<Obstacle> standing(Session session, Table table) throws SQLException {
        return List.of();
    }

    /** Further obstacles of its new form, asked before a row is copied and again at the swap. */
    default List<Obstacle> obstacles(Intent intent) throws SQLException {
        return List.of();
    }

    /** Further obstacles, which are asked for only before a row is copied. */
    default List<Obstacle> obstaclesAhead(Intent intent) throws SQLException {
        return List.of();
    }

    /** The obstacles at the reverse swap. */
    default List<Obstacle> obstaclesBack(WayBack way) throws SQLException {
        return List.of();
    }

    /**
     * Judges the obstacles that a table has by itself, once it is known what will become of this kind: the remaining
     * ones, with new ones of this kind. Asked before a row is copied and again at the swap.
     *
     * @param standing the obstacles of every kind
     */
    default List<Obstacle> judged(List<Obstacle> standing, Intent intent) throws SQLException {
        return standing;
    }

    /** As {@link #judged}, at the reverse swap. */
    default List<Obstacle> judgedBack(List<Obstacle> standing, WayBack way) throws SQLException {
        return standing;
    }

    /** The sentence with which the swap refuses a table because of {@link #obstacles}. */
    default Refusal refusal() {
        return Refusal.LEFT_BEHIND;
    }

    /**
     * Belongings that come along, but changed, for people to know before a row is copied, as far as the table that was
     * read and the plan show them. Asks the server nothing.
     */
    default List<AnnouncedChange> changes(Table source, NewTable plan) {
        return List.of();
    }

    /**
     * As {@link #changes}, for changes that only the catalog shows: those that affect others that rely on the table.
     * The partition key is known.
     */
    default List<AnnouncedChange> changesForOthers(Intent intent) throws SQLException {
        return List.of();
    }

    /** How it moves in a switch, to the partitioned table or back from it. */
    default List<? extends PlannedPart> parts(SwitchContext context) throws SQLException {
        return List.of();
    }

    /**
     * Does at once, when a switch has committed, what should not wait: users notice that it is not done yet. Does
     * nothing if nothing is left, so that the next run does it for one that was killed.
     */
    default void settle(AfterSwitch after) throws SQLException {}

    /** As {@link #settle}, for work that may take long and holds up nobody. */
    default void finish(AfterSwitch after) throws SQLException {}
}
