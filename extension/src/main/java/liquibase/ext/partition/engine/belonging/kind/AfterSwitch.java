package liquibase.ext.partition.engine.belonging.kind;

import java.time.Duration;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;

/**
 * A switch that has committed, if there was one, for the work that is left after it.
 *
 * @param direction that of the switch
 * @param idle the name of the table that does not have the live name: the backup, or the new table
 * @param patience how long to wait for transactions that are older than what is exchanged after the switch
 * @param again whether the table is about to be switched again: then only that is done which would be in the way
 */
public record AfterSwitch(
        StepRun run,
        Migration migration,
        Direction direction,
        QualifiedName idle,
        LockPolicy lock,
        Duration patience,
        boolean again) {
    /** Whether the partitioned table is the one that left. */
    public boolean isBack() {
        return direction == Direction.BACK;
    }

    /** The oid of the table that left. */
    public long leftOid() {
        return isBack() ? migration.newOid() : migration.sourceOid();
    }

    /** The oid of the table that has the live name. */
    public long liveOid() {
        return isBack() ? migration.sourceOid() : migration.newOid();
    }
}
