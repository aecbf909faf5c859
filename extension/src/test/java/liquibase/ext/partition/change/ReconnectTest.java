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

/** The server ends sessions in the middle of a step. */
@ExtendWith(FreshChangelog.class)
class ReconnectTest {
    private static final String KEY = "tableName=\"orders\" keyColumns=\"id\" ";

    /** Every session of the test's changelog: Liquibase's own, whatever its name, and the workers'. */
    private static final String END_ALL = """
            SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> 'the test'""";

    private TestDatabase database;
    private Changelog changelog;

    @BeforeEach
    void orders() {
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, note text, created_at timestamptz NOT NULL)",
                "INSERT INTO orders SELECT i, 'note', timestamptz '2024-01-01 00:00+00' FROM generate_series(1, 1000) AS i",
                "CREATE TABLE busy (yes boolean)",
                "INSERT INTO busy VALUES (true)");
    }

    private static String throughTheCopy() {
        return Changelog.changeset(
                        "prepare",
                        "createPartitionedTable tableName=\"orders\" partitionColumns=\"created_at\" from=\"2024-01\" until=\"2024-03\"")
                + Changelog.changeset("capture", "captureChanges " + KEY)
                + Changelog.changeset(
                        "copy", "chunkedCopy " + KEY + "chunkSize=\"100\" throttleQuery=\"SELECT yes FROM busy\"");
    }

    @Test
    void anUpdateWhoseSessionsAllEndConnectsAgainAndFinishes() throws Exception {
        changelog.changesets(throughTheCopy());
        Future<Void> update = changelog.updateInBackground();
        changelog.awaitLine(update, "Paused: throttleQuery says so");

        database.queryStrings(END_ALL);
        changelog.awaitLine(update, "chunkedCopy: connected again; going on.");
        changelog.awaitLine(update, "Paused: throttleQuery says so", 2);
        database.execute("UPDATE busy SET yes = false");
        MigrationFixture.join(update);

        assertThat(changelog.lines())
                .anyMatch(line -> line.startsWith("chunkedCopy: the connection to the server is lost")
                        && line.contains("What was committed is kept"));
        assertThat(changelog.recorded()).containsExactly("prepare", "capture", "copy");
        assertThat(database.queryLong("SELECT count(*) FROM orders_new")).isEqualTo(1_000);
        assertThat(database.queryLong("SELECT count(*) FROM databasechangeloglock WHERE locked"))
                .isZero();
    }

    @Test
    void aWorkersChunkIsBegunAgainWhenItsSessionEnds() throws Exception {
        changelog.changesets(throughTheCopy());
        database.execute("UPDATE busy SET yes = false");
        changelog.update(2);
        try (Transaction holder = Transaction.begin(database)) {
            holder.run("LOCK TABLE orders_202401 IN SHARE MODE");
            Future<Void> update = changelog.updateInBackground();
            database.awaitTrue("""
                    SELECT EXISTS (SELECT FROM pg_stat_activity
                                   WHERE application_name LIKE 'liquibase-partition chunkedCopy%' AND wait_event_type = 'Lock')""");
            database.queryStrings("""
                    SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
                    WHERE application_name LIKE 'liquibase-partition chunkedCopy%'""");
            changelog.awaitLine(update, "chunkedCopy: connected again; going on.");
            holder.commit();
            MigrationFixture.join(update);
        }
        assertThat(database.queryLong("SELECT count(*) FROM orders_new")).isEqualTo(1_000);
        assertThat(database.queryLong("SELECT sum(rows_copied) FROM partition_chunk"))
                .isEqualTo(1_000);
    }

    @Test
    void aConnectionOfTheApplicationCannotBeOpenedAgainAndTheNextUpdateGoesOn() throws Exception {
        changelog.changesets(throughTheCopy()).onAConnectionOfTheApplication();
        Future<Void> update = changelog.updateInBackground();
        changelog.awaitLine(update, "Paused: throttleQuery says so");

        database.queryStrings(END_ALL);

        assertThatThrownBy(() -> MigrationFixture.join(update))
                .hasMessageContaining("an application's, which tells no credentials")
                .hasMessageContaining("What was committed is kept");
        database.execute("UPDATE busy SET yes = false", "UPDATE databasechangeloglock SET locked = false");
        changelog.update();
        assertThat(database.queryLong("SELECT count(*) FROM orders_new")).isEqualTo(1_000);
    }
}
