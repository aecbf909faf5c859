package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import liquibase.change.DatabaseChange;
import liquibase.change.DatabaseChangeProperty;
import liquibase.ext.partition.engine.index.IndexBuild;
import liquibase.ext.partition.engine.run.StepRun;

/** Builds the table's indexes on the new table. */
@DatabaseChange(
        name = "buildIndexes",
        description = "Builds every index and the key of a table on its partitioned successor, partition by partition",
        priority = 1)
public class BuildIndexesChange extends NewTableChange {
    private String workers;

    @DatabaseChangeProperty(
            description = "How many connections work at a time; 1 where it is not given",
            exampleValue = "4",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getWorkers() {
        return workers;
    }

    public void setWorkers(String workers) {
        this.workers = workers;
    }

    @Override
    protected List<Runnable> attributeChecks() {
        List<Runnable> checks = super.attributeChecks();
        checks.add(this::workerCount);
        return checks;
    }

    @Override
    protected Set<String> tuningAttributes() {
        return Set.of("workers");
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        requireRecordedNames(run);
        IndexBuild.of(run).build(workerCount());
    }

    @Override
    protected void rollBack(StepRun run) throws SQLException {
        IndexBuild.drop(run);
    }

    private int workerCount() {
        return Math.toIntExact(Attributes.positive("workers", workers, 1));
    }
}
