package liquibase.ext.partition.engine.swap;

import java.util.List;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.sql.Sql;

/** The plan of a switch, which is one transaction. Pure: planned from the catalog, run by {@link LockedSwitch}. */
public interface SwitchPlan {
    /** All locks, in the order in which they must be taken. */
    List<Lock> locks();

    /** The statements in their order; every one must succeed. */
    List<Sql> statements();

    /** Messages for people once the switch is committed. */
    List<String> consequences();
}
