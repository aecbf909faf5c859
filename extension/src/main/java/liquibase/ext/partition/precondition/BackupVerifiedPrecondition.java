package liquibase.ext.partition.precondition;

import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import liquibase.database.Database;
import liquibase.exception.ValidationErrors;
import liquibase.ext.partition.change.Attributes;
import liquibase.ext.partition.change.PaceAttributes;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.verify.Comparison;
import liquibase.ext.partition.engine.verify.ComparisonResult;
import liquibase.ext.partition.engine.verify.Verification;

/**
 * Whether every row of the backup is in the live table, and nothing else, keys written since the swap excepted. Compares the
 * two when it is asked, which takes as long as reading both, and records the result for {@code dropBackup}.
 */
public class BackupVerifiedPrecondition extends PartitionPrecondition {
    private static final String HALT = "halt";
    private static final String FAIL = "fail";

    private String onDifference;
    private String workers;
    private String chunkTime;
    private String pauseBetweenChunks;
    private String maxReplicaLag;
    private String maxLoad;
    private String throttleQuery;
    private String window;
    private String maxDuration;

    @Override
    public String getName() {
        return "backupVerified";
    }

    /**
     * {@code fail}: a difference is a failed precondition, as {@code onFail} says. {@code halt}: it is an error that stops the
     * run, for a changeset whose {@code onFail="CONTINUE"} is meant for another precondition.
     */
    public String getOnDifference() {
        return onDifference;
    }

    public void setOnDifference(String onDifference) {
        this.onDifference = onDifference;
    }

    public String getWorkers() {
        return workers;
    }

    public void setWorkers(String workers) {
        this.workers = workers;
    }

    public String getChunkTime() {
        return chunkTime;
    }

    public void setChunkTime(String chunkTime) {
        this.chunkTime = chunkTime;
    }

    public String getPauseBetweenChunks() {
        return pauseBetweenChunks;
    }

    public void setPauseBetweenChunks(String pauseBetweenChunks) {
        this.pauseBetweenChunks = pauseBetweenChunks;
    }

    public String getMaxReplicaLag() {
        return maxReplicaLag;
    }

    public void setMaxReplicaLag(String maxReplicaLag) {
        this.maxReplicaLag = maxReplicaLag;
    }

    public String getMaxLoad() {
        return maxLoad;
    }

    public void setMaxLoad(String maxLoad) {
        this.maxLoad = maxLoad;
    }

    public String getThrottleQuery() {
        return throttleQuery;
    }

    public void setThrottleQuery(String throttleQuery) {
        this.throttleQuery = throttleQuery;
    }

    public String getWindow() {
        return window;
    }

    public void setWindow(String window) {
        this.window = window;
    }

    public String getMaxDuration() {
        return maxDuration;
    }

    public void setMaxDuration(String maxDuration) {
        this.maxDuration = maxDuration;
    }

    @Override
    public ValidationErrors validate(Database database) {
        ValidationErrors errors = super.validate(database);
        if (onDifference != null && !onDifference.equals(HALT) && !onDifference.equals(FAIL)) {
            errors.addError("backupVerified: onDifference is <%s>; it can be fail or halt.".formatted(onDifference));
        }
        try {
            workerCount();
            pace();
        } catch (IllegalArgumentException e) {
            errors.addError("backupVerified: " + e.getMessage());
        }
        return errors;
    }

    @Override
    protected Optional<String> whyNot(Question question) throws SQLException {
        try (StepRun run = question.environment().begin(getName(), question.table())) {
            Optional<Migration> migration = run.migrations().find(question.table());
            if (migration.isEmpty() || !migration.get().phase().isAtLeast(Phase.SWAPPED)) {
                return Optional.of("%s is not swapped yet.".formatted(question.table()));
            }
            if (migration.get().phase().isAtLeast(Phase.DROPPED)) {
                return Optional.empty();
            }
            ComparisonResult result =
                    Verification.verifyBackup(run, Comparison.DEFAULT_CHUNK_SIZE, workerCount(), pace());
            if (result.differences() == 0) {
                return Optional.empty();
            }
            String difference =
                    "%s and its backup differ in %d rows that were not written since the swap. The backup stays. The keys:%s"
                            .formatted(question.table(), result.differences(), result.list());
            if (HALT.equals(onDifference)) {
                throw new PartitionException(difference);
            }
            return Optional.of(difference);
        }
    }

    private Map<String, String> pace() {
        return new PaceAttributes()
                .with("chunkTime", chunkTime)
                .with("pauseBetweenChunks", pauseBetweenChunks)
                .with("maxReplicaLag", maxReplicaLag)
                .with("maxLoad", maxLoad)
                .with("throttleQuery", throttleQuery)
                .with("window", window)
                .with("maxDuration", maxDuration)
                .checked();
    }

    private int workerCount() {
        return Math.toIntExact(Attributes.positive("workers", workers, 1));
    }
}
