package liquibase.ext.partition.engine.belonging.part;

import java.sql.SQLException;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.settings.TableSettings;
import liquibase.ext.partition.engine.catalog.settings.TableSettingsReader;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migration;

/**
 * A switch to be planned: one table takes the place of the other.
 *
 * @param key the partition key, on the way to the partitioned table; empty on the way back
 * @param stretched whether the leaving table's sequences count by twice their increment already, as they always do when
 *     the switch is run
 * @param capture the capture that moves from the leaving to the entering table
 * @param leaving the settings of the table that has the live name
 * @param entering the settings of the table that gets it
 */
public record Switching(
        StepRun run,
        Migration migration,
        Exchange exchange,
        CarriedNames names,
        Optional<PartitionKey> key,
        boolean stretched,
        Capture capture,
        TableSettings leaving,
        TableSettings entering) {
    /** Reads the settings of both tables. */
    public static Switching of(
            StepRun run,
            Migration migration,
            Exchange exchange,
            CarriedNames names,
            Optional<PartitionKey> key,
            boolean stretched,
            Capture capture)
            throws SQLException {
        TableSettingsReader reader = new TableSettingsReader(run.session());
        return new Switching(
                run,
                migration,
                exchange,
                names,
                key,
                stretched,
                capture,
                reader.read(exchange.old().table()),
                reader.read(exchange.next().table()));
    }

    /** Whether the partitioned table is the one that leaves. */
    public boolean isBack() {
        return key.isEmpty();
    }

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
