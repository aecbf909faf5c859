package liquibase.ext.partition.engine.belonging.kind;

import java.sql.SQLException;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.properties.TableProperties;
import liquibase.ext.partition.engine.catalog.properties.TablePropertiesReader;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migration;

/**
 * Everything from which the parts of a switch are planned: the two tables, the migration, and what was read for all
 * parts.
 *
 * @param key the partition key; empty on the way back, which does not ask for it
 * @param stretched whether the leaving table's sequences count by twice their increment already, as they always do when
 *     the switch is run
 * @param capture the capture that moves from the leaving to the entering table
 * @param leavingProperties the properties of the table that has the live name
 * @param enteringProperties the properties of the table that gets it
 */
public record SwitchContext(
        StepRun run,
        Migration migration,
        Direction direction,
        TablePair pair,
        SwitchedNames names,
        Optional<PartitionKey> key,
        boolean stretched,
        Capture capture,
        TableProperties leavingProperties,
        TableProperties enteringProperties) {
    /** On the way to the partitioned table. Reads the properties of both tables. */
    public static SwitchContext there(
            StepRun run,
            Migration migration,
            TablePair pair,
            SwitchedNames names,
            PartitionKey key,
            boolean stretched,
            Capture capture)
            throws SQLException {
        return of(Direction.THERE, run, migration, pair, names, key, stretched, capture);
    }

    /** On the way back. Reads the properties of both tables. */
    public static SwitchContext back(
            StepRun run, Migration migration, TablePair pair, SwitchedNames names, Capture capture)
            throws SQLException {
        return of(Direction.BACK, run, migration, pair, names, null, true, capture);
    }

    /** @param key null on the way back */
    private static SwitchContext of(
            Direction direction,
            StepRun run,
            Migration migration,
            TablePair pair,
            SwitchedNames names,
            PartitionKey key,
            boolean stretched,
            Capture capture)
            throws SQLException {
        TablePropertiesReader reader = new TablePropertiesReader(run.session());
        return new SwitchContext(
                run,
                migration,
                direction,
                pair,
                names,
                Optional.ofNullable(key),
                stretched,
                capture,
                reader.read(pair.old().table()),
                reader.read(pair.next().table()));
    }

    /** Whether the partitioned table is the one that leaves. */
    public boolean isBack() {
        return direction == Direction.BACK;
    }

    /** The session in which to ask. */
    public Session session() {
        return run.session();
    }

    /** The oid of the table that has the live name. */
    public long leavingOid() {
        return pair.old().table().oid();
    }

    /** The oid of the table that gets it. */
    public long enteringOid() {
        return pair.next().table().oid();
    }
}
