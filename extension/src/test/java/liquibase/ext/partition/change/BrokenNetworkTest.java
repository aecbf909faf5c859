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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The network breaks in the middle of a step: without a word, for good, or just when the server has answered. */
@ExtendWith(FreshChangelog.class)
class BrokenNetworkTest {
    private static final String KEY = "tableName=\"orders\" keyColumns=\"id\" ";
    private static final String CHANGELOG_LOCK = "SELECT count(*) FROM databasechangeloglock WHERE locked";

    private TestDatabase database;
    private TcpProxy network;
    private Changelog changelog;

    @BeforeEach
    void orders() {
        network = TcpProxy.before(database);
        changelog
                .through(network)
                .setting("liquibase.partition.askAfter", "300ms")
                .changesets(Changelog.changeset(
                                "prepare",
                                "createPartitionedTable tableName=\"orders\" partitionColumns=\"created_at\" from=\"2024-01\" until=\"2024-03\"")
                        + Changelog.changeset("capture", "captureChanges " + KEY)
                        + Changelog.changeset("copy", "chunkedCopy " + KEY + "chunkSize=\"100\"")
                        + Changelog.changeset("index", "buildIndexes tableName=\"orders\"")
                        + Changelog.changeset("replay", "replayChanges " + KEY)
                        + Changelog.changeset("verify", "verifyCopy " + KEY)
                        + Changelog.changeset("swap", "lockedSwap " + KEY)
                        + """
                        <changeSet id="drop" author="test" runInTransaction="false">
                          <preConditions onFail="CONTINUE"><partition:backupVerified tableName="orders"/></preConditions>
                          <partition:dropBackup tableName="orders"/>
                        </changeSet>""");
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, note text, created_at timestamptz NOT NULL)",
                "INSERT INTO orders SELECT i, 'note', timestamptz '2024-01-01 00:00+00' FROM generate_series(1, 1000) AS i");
    }

    @AfterEach
    void endNetwork() {
        network.close();
    }

    /** Begins the copy, and stops it in a chunk. */
    private Future<Void> copyBehind(Transaction holder) throws Exception {
        holder.run("LOCK TABLE orders_202401 IN SHARE MODE");
        Future<Void> update = changelog.updateInBackground(1);
        database.awaitTrue("""
                SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                               AND application_name LIKE 'liquibase-partition chunkedCopy%' AND wait_event_type = 'Lock')""");
        return update;
    }

    private void assertCopied() {
        assertThat(database.queryLong("SELECT count(*) FROM orders_new")).isEqualTo(1_000);
        assertThat(database.queryLong("SELECT sum(rows_copied) FROM partition_chunk"))
                .isEqualTo(1_000);
        assertThat(database.queryLong(CHANGELOG_LOCK)).isZero();
    }

    @Test
    void aStatementWhoseAnswerTheNetworkHasLostIsRunAgain() throws Exception {
        changelog.update(2);
        try (Transaction holder = Transaction.begin(database)) {
            Future<Void> update = copyBehind(holder);

            network.silence();
            holder.commit();
            MigrationFixture.join(update);
        }

        assertThat(changelog.lines())
                .anyMatch(line -> line.startsWith("chunkedCopy: the connection to the server is lost (no answer for")
                        && line.contains("the server says that its session"))
                .contains("chunkedCopy: connected again; going on.");
        assertCopied();
    }

    @Test
    void aNetworkThatIsSilentForAWhileIsWaitedFor() throws Exception {
        changelog.update(2);
        try (Transaction holder = Transaction.begin(database)) {
            Future<Void> update = copyBehind(holder);

            network.silenceAll();
            changelog.awaitLine(update, "the server could not be reached meanwhile");
            holder.commit();
            network.heal();
            MigrationFixture.join(update);
        }

        assertCopied();
    }

    @Test
    void anUpdateThatHasGivenUpIsGoneOnWithByTheNext() throws Exception {
        changelog.setting("liquibase.partition.giveUpAfter", "2s").update(2);
        try (Transaction holder = Transaction.begin(database)) {
            Future<Void> update = copyBehind(holder);

            network.refuse();

            assertThatThrownBy(() -> MigrationFixture.join(update))
                    .hasMessageContaining("could not be had again within 2 s (giveUpAfter)")
                    .hasMessageContaining("Run again; it goes on from there");
        }
        database.execute("UPDATE databasechangeloglock SET locked = false");
        network.heal();
        changelog.update(1);
        assertCopied();
    }

    @Test
    void writersGoOnSoonWhenTheNetworkIsLostUnderTheSwapsLock() throws Exception {
        changelog.update(6);
        network.silenceAfter("LOCK TABLE");
        Future<Void> update = changelog.updateInBackground(1);
        network.awaitBreak();

        // Nobody can tell the server that its client is gone, and the writer is there before the server gives up.
        database.execute("SET lock_timeout = '10s'", "INSERT INTO orders VALUES (-1, 'late', '2024-01-01')");

        assertThat(update.isDone()).isFalse();
        network.heal();
        MigrationFixture.join(update);
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("p");
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1_001);
    }

    @Test
    void aStepWhoseRecordIsLostIsRecordedByTheNextUpdate() throws Exception {
        changelog.update(6);
        network.cutAfter("LOCK TABLE", "INSERT INTO public.databasechangelog ");

        assertThatThrownBy(() -> changelog.update(1)).hasMessageContaining("I/O error");

        assertThat(changelog.recorded()).endsWith("verify");
        assertThat(database.queryLong(CHANGELOG_LOCK)).as("needs release-locks").isZero();
        changelog.update(1);
        assertThat(changelog.lines()).contains("lockedSwap: public.orders is swapped already.");
        assertThat(changelog.recorded()).endsWith("verify", "swap");
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1_000);
    }

    @Test
    void aQuestionWhoseConnectionIsLostIsAskedAgain() throws Exception {
        changelog.update(7);
        network.cutAfter("pg_try_advisory_lock");

        changelog.update(1);

        network.awaitBreak();
        assertThat(changelog.lines()).contains("backupVerified: connected again; going on.");
        assertThat(changelog.recorded()).endsWith("swap", "drop");
    }

    /**
     * The only step that may share a transaction with other changes: these are lost with it, and we cannot repeat them.
     */
    @Test
    void aStepInLiquibasesTransactionFailsAsAWholeAndLeavesNoLock() throws Exception {
        changelog.changesets("""
                <changeSet id="prepare" author="test">
                  <sql>CREATE TABLE first (yes boolean)</sql>
                  <partition:createPartitionedTable tableName="orders" partitionColumns="created_at" from="2024-01" until="2024-03"/>
                </changeSet>""");
        network.cutAfter("\"orders_202401\"");

        assertThatThrownBy(changelog::update)
                .hasMessageContaining("the transaction of its changeset was lost with the connection")
                .hasMessageContaining("All of that changeset was rolled back. Run again.");

        assertThat(database.queryString("SELECT concat(to_regclass('first'), to_regclass('orders_new'))"))
                .isEmpty();
        assertThat(database.queryLong(CHANGELOG_LOCK)).isZero();
        changelog.update();
        assertThat(changelog.recorded()).containsExactly("prepare");
    }

    @Test
    void aCommitWhoseAcknowledgementIsLostIsAskedForAndNotDoneTwice() throws Exception {
        changelog.update(6);
        network.cutAfter(" RENAME TO ", "COMMIT");
        changelog.update(1);
        network.awaitBreak();
        assertThat(changelog.lines())
                .contains("lockedSwap: connected again; going on.", "lockedSwap: public.orders is swapped already.");
        assertThat(changelog.recorded()).endsWith("verify", "swap");
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("p");
        database.execute("INSERT INTO orders VALUES (-1, 'after the swap', '2024-01-01')");

        network.cutAfter(" RENAME TO ", "COMMIT");
        changelog.rollback(1);
        network.awaitBreak();
        assertThat(changelog.lines())
                .contains(
                        "rollback of lockedSwap: connected again; going on.",
                        "rollback of lockedSwap: public.orders is not swapped.");
        assertThat(changelog.recorded()).endsWith("verify");
        assertThat(database.queryLong("SELECT count(*) FROM ONLY orders")).isEqualTo(1_001);

        changelog.update(1);
        network.cutAfter("DROP TABLE \"public\".\"orders_old\"", "COMMIT");
        changelog.update(1);
        network.awaitBreak();
        assertThat(changelog.lines())
                .contains(
                        "dropBackup: connected again; going on.",
                        "dropBackup: the backup of public.orders is dropped already.");
        assertThat(changelog.recorded()).endsWith("swap", "drop");
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1_001);
    }

    @Test
    void aStatementOfLiquibasesOwnWhoseAnswerTheNetworkHasLostEndsTheUpdateAndTheNextGoesOn() throws Exception {
        changelog.update(6);
        try (Transaction holder = Transaction.begin(database)) {
            holder.run("LOCK TABLE databasechangelog IN SHARE ROW EXCLUSIVE MODE");
            Future<Void> update = changelog.updateInBackground(1);
            database.awaitTrue("""
                    SELECT EXISTS (SELECT FROM pg_stat_activity
                                   WHERE datname = current_database() AND wait_event_type = 'Lock'
                                     AND query LIKE 'INSERT INTO public.databasechangelog %')""");

            network.silence();
            holder.commit();

            assertThatThrownBy(() -> MigrationFixture.join(update)).hasMessageContaining("I/O error");
        }
        assertThat(changelog.lines())
                .anyMatch(line -> line.startsWith("Liquibase's connection to the server is lost: no answer for")
                        && line.contains("Run the same command again; it goes on from there."));
        assertThat(database.queryLong(CHANGELOG_LOCK)).as("needs release-locks").isZero();

        changelog.update(1);

        assertThat(changelog.lines()).contains("lockedSwap: public.orders is swapped already.");
        assertThat(changelog.recorded()).endsWith("verify", "swap");
    }

    /**
     * Counts the sessions of the database after the statement has taken longer than it may before it is asked about.
     */
    private static final String LONG_CHANGE = """
            <changeSet id="long" author="test">
              <sql splitStatements="false">
                DO $$ BEGIN
                  PERFORM pg_sleep(2);
                  CREATE TABLE seen AS SELECT count(*) AS sessions FROM pg_stat_activity
                    WHERE datname = current_database() AND backend_type = 'client backend';
                END $$
              </sql>
            </changeSet>""";

    @Test
    void aLongStatementOfOthersIsAskedAboutAndLeftAlone() throws Exception {
        database.closeSessions();

        changelog.changesets(LONG_CHANGE).update();

        assertThat(changelog.recorded()).containsExactly("long");
        assertThat(database.queryLong("SELECT sessions FROM seen"))
                .as("its own, and the one that asks")
                .isEqualTo(2);
    }

    @Test
    void nobodyIsAskedAboutAPoolersSessionWhichMayBeAnothersByNow() throws Exception {
        network.giveKeysOfItsOwn();
        database.closeSessions();

        changelog.changesets(LONG_CHANGE).update();

        assertThat(changelog.recorded()).containsExactly("long");
        assertThat(database.queryLong("SELECT sessions FROM seen")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"SET LOCKED = FALSE", "SET LOCKED = FALSE, then COMMIT"})
    void theChangelogLockIsReleasedThoughTheConnectionBreaksAfter(String sent) throws Exception {
        changelog.update(5);
        network.cutAfter(sent.split(", then "));

        changelog.update(1);

        network.awaitBreak();
        assertThat(changelog.lines()).contains("DATABASECHANGELOGLOCK is released.");
        assertThat(database.queryLong(CHANGELOG_LOCK)).isZero();
        assertThat(changelog.recorded()).endsWith("replay", "verify");
    }

    @Test
    void theChangelogLockIsGivenBackWhereTheConnectionBreaksWhenItHasJustBeenTaken() throws Exception {
        changelog.update(5);
        network.cutAfter("pg_advisory_lock_shared");

        assertThatThrownBy(() -> changelog.update(1))
                .hasMessageContaining("It was given back, and nothing was changed. Run again.");

        assertThat(database.queryLong(CHANGELOG_LOCK)).isZero();
        changelog.update(1);
        assertThat(changelog.recorded()).endsWith("replay", "verify");
    }

    /** The session that nobody has told keeps the row locked until it is ended. */
    @Test
    void theChangelogLockIsReleasedThoughTheNetworkGoesSilentThere() throws Exception {
        changelog.update(5);
        network.silenceAfter("SET LOCKED = FALSE");
        Future<Void> update = changelog.updateInBackground(1);
        network.awaitBreak();
        network.heal();

        MigrationFixture.join(update);

        assertThat(changelog.lines()).contains("DATABASECHANGELOGLOCK is released.");
        assertThat(database.queryLong(CHANGELOG_LOCK)).isZero();
        assertThat(changelog.recorded()).endsWith("replay", "verify");
    }
}
