package liquibase.ext.partition.step;

import java.sql.SQLException;
import liquibase.ext.partition.engine.run.StepRun;

/** Work of the engine, with the migration's lock held. */
@FunctionalInterface
public interface Work {
    void run(StepRun run) throws SQLException;
}
