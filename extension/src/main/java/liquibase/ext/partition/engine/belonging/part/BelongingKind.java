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

    /** The sentence with which the swap refuses a table because of {@link #obstacles}. */
    default Refusal refusal() {
        return Refusal.LEFT_BEHIND;
    }

    /** What comes along, but changed, for people to know before a row is copied. The partition key is known. */
    default List<Change> changes(Intent intent) throws SQLException {
        return List.of();
    }

    /** How it moves in a switch, to the partitioned table or back from it. */
    default List<SwitchPart> parts(Switching switching) throws SQLException {
        return List.of();
    }
}
