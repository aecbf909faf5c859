package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.Workload;
import liquibase.ext.partition.testing.WorkloadReport;
import liquibase.ext.partition.testing.WorkloadReport.Count;

/** Writers on every table of a scenario, from before its first step until after its last. */
final class LiveWriters implements AutoCloseable {

    private static final int WRITERS_PER_TABLE = 2;
    private static final double WRITES_PER_SECOND = 100;
    private static final int COMMITS_AFTER_A_STEP = 12;

    private final TestDatabase database;
    private final List<Workload> workloads = new ArrayList<>();

    LiveWriters(Story story, TestDatabase database) {
        this.database = database;
        story.writers(database)
                .forEach(table -> workloads.add(table.writers(WRITERS_PER_TABLE)
                        .writesPerSecond(WRITES_PER_SECOND)
                        .start()));
        write();
    }

    /**
     * The contents that must never change: the {@linkplain Migrated#contents contents} of each table that nobody
     * writes.
     */
    Map<String, String> tablesWithoutWriters() {
        List<Long> written = workloads.stream()
                .map(workload -> database.queryLong("SELECT ?::regclass::oid", workload.table()))
                .toList();
        Map<String, String> contents = new HashMap<>();
        for (String table : Migrated.tables(database)) {
            if (!written.contains(database.queryLong("SELECT ?::regclass::oid", table))) {
                contents.put(table, Migrated.contents(database, table));
            }
        }
        return contents;
    }

    /** Waits until every table has new writes. */
    void write() {
        workloads.forEach(workload -> workload.awaitCommits(COMMITS_AFTER_A_STEP));
    }

    /** Runs assertions while no transaction is open; the first is that no table has lost a row. */
    void whilePaused(Runnable assertions) {
        workloads.forEach(Workload::pause);
        workloads.forEach(Workload::assertNothingLost);
        assertions.run();
        workloads.forEach(Workload::resume);
    }

    /**
     * Stops the writers, and checks that no row is lost and no client has met an error that a swap should not cause.
     */
    void stopAndAssertNothingLost() {
        for (Workload workload : workloads) {
            WorkloadReport report = workload.stop();
            workload.assertNothingLost();
            assertThat(report.count(Count.SWAP_ERRORS)
                            + report.count(Count.DEADLOCKS)
                            + report.count(Count.LOCK_TIMEOUTS))
                    .as("%s", report)
                    .isZero();
        }
    }

    @Override
    public void close() {
        workloads.forEach(Workload::close);
    }
}
