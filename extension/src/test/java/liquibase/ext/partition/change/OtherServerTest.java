package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.Future;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.testing.TcpProxy;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The server that answers after a failover takes no writes, or is not the one in which the step began. */
@ExtendWith(FreshChangelog.class)
class OtherServerTest {
    private static final String KEY = "tableName=\"orders\" keyColumns=\"id\" ";

    private TestDatabase database;
    private TcpProxy network;
    private Changelog changelog;

    @BeforeEach
    void captured() throws Exception {
        network = TcpProxy.before(database);
        changelog
                .through(network)
                .changesets(Changelog.changeset(
                                "prepare",
                                "createPartitionedTable tableName=\"orders\" partitionColumns=\"created_at\" from=\"2024-01\" until=\"2024-03\"")
                        + Changelog.changeset("capture", "captureChanges " + KEY)
                        + Changelog.changeset("copy", "chunkedCopy " + KEY));
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, note text, created_at timestamptz NOT NULL)",
                "INSERT INTO orders SELECT i, 'note', timestamptz '2024-01-01 00:00+00' FROM generate_series(1, 1000) AS i");
        changelog.update(2);
    }

    @AfterEach
    void endNetwork() {
        network.close();
    }

    private void readOnly(boolean is) {
        database.execute(
                "SET default_transaction_read_only = off",
                "ALTER DATABASE %s %s"
                        .formatted(
                                database.name(),
                                is ? "SET default_transaction_read_only = on" : "RESET default_transaction_read_only"));
    }

    /** Starts the copy, and stops it when it has its connection and no workers yet. */
    private Future<Void> copyBehind(Transaction holder) throws Exception {
        holder.run("LOCK TABLE partition_migration");
        Future<Void> update = changelog.updateInBackground(1);
        database.awaitTrue("""
                SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                               AND application_name LIKE 'liquibase-partition on %' AND wait_event_type = 'Lock')""");
        return update;
    }

    private void assertCopied() {
        assertThat(database.queryLong("SELECT count(*) FROM orders_new")).isEqualTo(1_000);
        assertThat(changelog.recorded()).containsExactly("prepare", "capture", "copy");
        assertThat(database.queryLong("SELECT count(*) FROM databasechangeloglock WHERE locked"))
                .isZero();
    }

    @Test
    void aServerThatTakesNoWritesIsWaitedFor() throws Exception {
        try (Transaction holder = Transaction.begin(database)) {
            Future<Void> update = copyBehind(holder);
            readOnly(true);
            holder.commit();
            changelog.awaitLine(update, "chunkedCopy: the server takes no writes now");

            readOnly(false);
            MigrationFixture.join(update);
        }
        assertCopied();
    }

    @Test
    void aServerThatTakesNoWritesForTooLongIsGivenUpWithTheWayOut() throws Exception {
        changelog.setting("liquibase.partition.giveUpAfter", "1s");
        try (Transaction holder = Transaction.begin(database)) {
            Future<Void> update = copyBehind(holder);
            readOnly(true);
            network.cut();
            holder.commit();

            assertThatThrownBy(() -> MigrationFixture.join(update))
                    .hasMessageContaining("the server has taken no writes for 1 s (giveUpAfter)")
                    .hasMessageContaining("default_transaction_read_only is on")
                    .hasMessageContaining("What was committed is kept")
                    .hasMessageContaining("then run again, and it goes on from there");
        }
        readOnly(false);
        database.execute("UPDATE databasechangeloglock SET locked = false");
        changelog.update(1);
        assertCopied();
    }

    @Test
    void anUpdateThatBeginsOnAServerWithoutWritesSaysSo() throws Exception {
        readOnly(true);

        assertThatThrownBy(changelog::update)
                .hasMessageContaining(
                        "The server takes no writes: it is a standby, or default_transaction_read_only is on")
                .hasMessageContaining("Give the address of the primary");

        readOnly(false);
        changelog.update();
        assertCopied();
    }

    @Test
    void nothingIsDoneInAnotherDatabaseThatAnswersInstead() throws Exception {
        String original = database.name() + "_original";
        try (TestDatabase other = TestDatabase.create()) {
            try (Transaction holder = Transaction.begin(database)) {
                Future<Void> update = copyBehind(holder);
                network.refuse();
                other.execute(
                        """
                        SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE datname = '%s'""".formatted(database.name()),
                        "ALTER DATABASE %s RENAME TO %s".formatted(database.name(), original),
                        "CREATE DATABASE " + database.name());
                network.heal();

                assertThatThrownBy(() -> MigrationFixture.join(update))
                        .hasMessageContaining("what answers at the same address now is database")
                        .hasMessageContaining("Nothing was changed there");
            }
            assertThat(database.queryLong("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"))
                    .isZero();
            other.execute("DROP DATABASE %s WITH (FORCE)".formatted(original));
        }
    }
}
