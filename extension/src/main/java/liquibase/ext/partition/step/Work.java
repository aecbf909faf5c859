package liquibase.ext.partition.step;

import java.sql.SQLException;
import liquibase.ext.partition.engine.run.StepRun;

/** Work of the engine that runs while the migration's lock is held. */
@FunctionalInterface
public interface Work {
    void run(StepRun run) throws SQLException;
}
