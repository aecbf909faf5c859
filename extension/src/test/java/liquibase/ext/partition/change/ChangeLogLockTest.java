package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.Future;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** DATABASECHANGELOGLOCK is held, and the next runner is told what to do. */
@ExtendWith(FreshChangelog.class)
class ChangeLogLockTest {
    private static final String SIGNED =
            "SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database AND d.datname = current_database() WHERE locktype = 'advisory'";

    private TestDatabase database;
    private Changelog changelog;
    private Changelog second;

    @BeforeEach
    void aStepThatCanBeHeldUp() {
        changelog.changesets("""
                <changeSet id="step" author="test"><sql>INSERT INTO step SELECT 1</sql></changeSet>""");
        second.setting("liquibase.changelogLockWaitTimeInMinutes", "0")
                .setting("liquibase.changelogLockPollRate", "1")
                .changesets("""
                        <changeSet id="another" author="test"><sql>SELECT 1</sql></changeSet>""");
        database.execute("CREATE TABLE step (number integer)");
    }

    /** Two updates in one JVM share a flag of Liquibase's, so the first one does not release its lock here. */
    @Test
    void theRunnerThatHoldsItIsNamedWhileItIsAlive() throws Exception {
        try (Transaction holder = Transaction.begin(database)) {
            holder.run("LOCK TABLE step");
            Future<Void> first = changelog.updateInBackground();
            database.awaitTrue(
                    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')");
            long pid = database.queryLong(
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");

            assertThatThrownBy(second::update)
                    .hasMessageContaining("Could not acquire change log lock.  Currently locked by")
                    .hasMessageContaining("is alive: pid %d (".formatted(pid))
                    .hasMessageContaining("connected since")
                    .hasMessageContaining("SELECT pg_terminate_backend(%d)".formatted(pid));

            assertThat(second.lines().stream().filter(line -> line.contains("is held by")))
                    .as("said in the rhythm of Liquibase's own lines, not more often")
                    .hasSize(1)
                    .allMatch(line -> line.contains(", pid " + pid + " since "));
            holder.commit();
            MigrationFixture.join(first);
        }
    }

    @Test
    void nothingOfItIsLeftWhenItIsReleased() throws Exception {
        changelog.update();

        assertThat(database.queryString(
                        "SELECT concat_ws(' ', locked, lockgranted, lockedby) FROM databasechangeloglock"))
                .isEqualTo("f");
        assertThat(database.queryLong(SIGNED)).isZero();
    }

    @Test
    void aRunnerThatWasKilledIsSaidToBeGone() throws Exception {
        changelog.update();
        database.execute(
                "UPDATE databasechangeloglock SET locked = true, lockgranted = now(), lockedby = 'ci-7 (10.0.0.5), pid 1'");

        assertThatThrownBy(second::update)
                .hasMessageContaining("is held by ci-7 (10.0.0.5), pid 1 since")
                .hasMessageContaining("is not alive")
                .hasMessageContaining("Run liquibase release-locks");
    }

    @Test
    void ofARunnerWithoutThisExtensionItIsSaidThatNothingCanBeTold() throws Exception {
        changelog.update();
        database.execute(
                "UPDATE databasechangeloglock SET locked = true, lockgranted = now(), lockedby = 'ci-7 (10.0.0.5)'");

        assertThatThrownBy(second::update)
                .hasMessageContaining("is held by ci-7 (10.0.0.5) since")
                .hasMessageContaining("cannot be told")
                .hasMessageContaining("only if it has ended, run liquibase release-locks");
    }
}
