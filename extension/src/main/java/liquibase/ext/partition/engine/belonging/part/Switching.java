package liquibase.ext.partition.engine.belonging.part;

import java.util.Optional;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migration;

/**
 * A switch that is to be planned: one table takes the place of the other.
 *
 * @param key the partition key, on the way to the partitioned table; empty on the way back
 * @param stretched whether the leaving table's sequences count by twice their increment already, as they always do when
 *     the switch is run
 * @param capture the capture that moves from the leaving to the entering table
 */
public record Switching(
        StepRun run,
        Migration migration,
        Exchange exchange,
        CarriedNames names,
        Optional<PartitionKey> key,
        boolean stretched,
        Capture capture) {
    /** The session in which to ask. */
    public Session session() {
        return run.session();
    }

    /** The oid of the table that has the live name. */
    public long leavingOid() {
        return exchange.old().table().oid();
    }

    /** The oid of the table that gets it. */
    public long enteringOid() {
        return exchange.next().table().oid();
    }
}
