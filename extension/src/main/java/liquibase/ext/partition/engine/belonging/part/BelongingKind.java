package liquibase.ext.partition.engine.belonging.part;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;

/**
 * A kind of thing that hangs on a table and goes with its name: what stands in its way, what partitioning changes about
 * it, and how it moves. Each room of {@code belonging} has one, and {@code BelongingKinds} lists them in order. A kind
 * without obstacles, announcements or parts leaves the method out.
 *
 * <p>Stateless. Reads the catalog only, in the transaction that is open or else in one of its own, and takes no lock.
 * What it reads for {@link #obstacles} and {@link #parts} is asked again under the switch's lock; so it asks in the
 * session that it is given, and little.
 */
public interface BelongingKind {
    /** The features that it stands for; none if it is something that a migration puts on the table. */
    Set<Feature> features();

    /** What stands in its way, asked before a row is copied and again at the swap; empty for most tables. */
    default List<Obstacle> obstacles(Intent intent) throws SQLException {
        return List.of();
    }

    /** What stands in its way too, but is asked before a row is copied only. */
    default List<Obstacle> obstaclesAhead(Intent intent) throws SQLException {
        return List.of();
    }

    /** What stands in its way at the reverse swap. */
    default List<Obstacle> obstaclesBack(WayBack way) throws SQLException {
        return List.of();
    }

    /**
     * What is left of the obstacles that a table has by itself, and what comes to them, once it is known what is to
     * become of this kind; asked before a row is copied and again at the swap.
     *
     * @param standing those of every kind
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
     * What comes along, but changed, for people to know before a row is copied: what the table tells that was read.
     * Asks nothing. The partition key is known.
     */
    default List<Change> changes(Intent intent) {
        return List.of();
    }

    /** As {@link #changes}: what the catalog tells of others that rely on the table. */
    default List<Change> changesForOthers(Intent intent) throws SQLException {
        return List.of();
    }

    /** How it moves in a switch, to the partitioned table or back from it. */
    default List<SwitchPart> parts(SwitchContext context) throws SQLException {
        return List.of();
    }
}
