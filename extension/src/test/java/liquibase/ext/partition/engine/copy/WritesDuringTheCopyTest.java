package liquibase.ext.partition.engine.copy;

import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Future;
import liquibase.ext.partition.engine.ChunkGate;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The interleavings of a writer with the copy that lose rows in other tools, each held still at its worst moment. */
@ExtendWith(FreshDatabase.class)
class WritesDuringTheCopyTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = MigrationFixture.ofOrders(database, 1000);
    }

    private static final String INSERT =
            "INSERT INTO orders (id, status, created_at) VALUES (%d, 'late', timestamptz '2024-03-01 00:00+00')";

    /** The copy stands before its {@code chunk}; rows of the first chunks are copied, those of the last are not. */
    private Future<Void> copyAsFarAs(ChunkGate gate) throws Exception {
        Future<Void> copy = inBackground(() -> orders.copy(MigrationFixture.CHUNK_SIZE, 1, false));
        gate.awaitWorker(copy);
        assertThat(copied(5)).as("row 5 is copied").isTrue();
        assertThat(copied(990)).as("row 990 is copied").isFalse();
        return copy;
    }

    private boolean copied(long id) {
        return database.queryLong("SELECT count(*) FROM orders_new WHERE id = " + id) > 0;
    }

    private void catchUpAndCompare() throws Exception {
        orders.index().replay();
        orders.assertNewTableEqualsSource();
        assertThat(orders.deltaRows()).isZero();
        orders.verify();
    }

    /** Copies, and makes these changes when the first five chunks are done. */
    private void copyWhileChanged(String... changes) throws Exception {
        try (ChunkGate gate = ChunkGate.beforeChunk(orders, 5)) {
            Future<Void> copy = copyAsFarAs(gate);
            database.execute(changes);
            gate.open();
            join(copy);
        }
    }

    @Test
    void aLowerIdThatCommitsAfterItsBlockWasCopiedIsNotMissed() throws Exception {
        // Free space in the first block, so that the late row is stored where the copy has been.
        database.execute("DELETE FROM orders WHERE id <= 10", "VACUUM orders");
        orders.prepare().capture();
        try (Transaction late = Transaction.begin(database)) {
            late.run(INSERT.formatted(3));
            database.execute(INSERT.formatted(2000));
            orders.copy();
            late.commit();
        }
        assertThat(database.queryString("SELECT (ctid::text::point)[0]::int FROM orders WHERE id = 3"))
                .isEqualTo("0");
        assertThat(copied(3)).isFalse();

        catchUpAndCompare();

        assertThat(copied(3)).isTrue();
        assertThat(copied(2000)).isTrue();
    }

    @Test
    void rowsUpdatedAndDeletedAfterTheyWereCopiedAreBroughtUpToDate() throws Exception {
        orders.prepare().capture();
        copyWhileChanged(
                "UPDATE orders SET status = 'paid' WHERE id IN (5, 990)",
                "UPDATE orders SET amount = NULL WHERE id IN (6, 991)",
                "DELETE FROM orders WHERE id IN (7, 992)",
                "DELETE FROM orders WHERE id IN (8, 993)",
                INSERT.formatted(8),
                INSERT.formatted(993),
                INSERT.formatted(3000),
                INSERT.formatted(3001),
                "DELETE FROM orders WHERE id = 3001");

        catchUpAndCompare();

        assertThat(database.queryStrings(
                        "SELECT status FROM orders_new WHERE id IN (5, 990, 8, 993, 3000) ORDER BY id"))
                .containsExactly("paid", "late", "paid", "late", "late");
    }

    @Test
    void aKeyChangedBehindTheCopyIsNeitherLostNorDoubled() throws Exception {
        orders.prepare().capture();
        copyWhileChanged("UPDATE orders SET id = 1005 WHERE id = 5");

        catchUpAndCompare();

        assertThat(copied(5)).isFalse();
        assertThat(copied(1005)).isTrue();
    }

    @Test
    void aKeyChangedAheadOfTheCopyIsNeitherLostNorDoubled() throws Exception {
        database.execute("DELETE FROM orders WHERE id <= 10", "VACUUM orders", INSERT.formatted(5));
        orders.prepare().capture();
        // Its new version goes into the free space of the first block, which the copy has passed.
        copyWhileChanged("UPDATE orders SET id = 4 WHERE id = 990");

        catchUpAndCompare();

        assertThat(copied(990)).isFalse();
        assertThat(copied(4)).isTrue();
    }

    @Test
    void keysThatChangePlacesWhileOneIsCopiedAndTheOtherNotEndUpAsInTheSource() throws Exception {
        orders.prepare().capture();
        copyWhileChanged(
                "UPDATE orders SET id = -1 WHERE id = 5",
                "UPDATE orders SET id = 5 WHERE id = 990",
                "UPDATE orders SET id = 990 WHERE id = -1");

        catchUpAndCompare();
    }

    @Test
    void aRowThatChangesItsMonthBehindTheCopyIsInOneMonthOnly() throws Exception {
        orders.prepare().capture();
        copyWhileChanged(
                "UPDATE orders SET created_at = created_at + interval '2 months' WHERE id IN (5, 990)",
                "UPDATE orders SET created_at = timestamptz '2024-12-31 23:59:59+00' WHERE id IN (5, 991)",
                "UPDATE orders SET created_at = timestamptz '1999-01-01 00:00+00' WHERE id IN (6, 992)");

        catchUpAndCompare();

        assertThat(database.queryString("SELECT tableoid::regclass FROM orders_new WHERE id = 5"))
                .isEqualTo("orders_202412");
        assertThat(database.queryString("SELECT tableoid::regclass FROM orders_new WHERE id = 992"))
                .isEqualTo("orders_default");
    }

    /**
     * The copying statement has its snapshot and is inserting the old version when the row moves to another month and
     * commits.
     */
    @Test
    void aRowThatChangesItsMonthWhileTheCopyHoldsItsOldVersionIsInOneMonthOnly() throws Exception {
        orders.prepare().capture();
        database.execute(
                """
                CREATE FUNCTION wait() RETURNS bool LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN true; END $$""",
                "ALTER TABLE orders_202406 ADD CONSTRAINT wait CHECK (CASE WHEN id = 5 THEN wait() ELSE true END)");
        try (Transaction gate = Transaction.begin(database)) {
            gate.run("SELECT pg_advisory_xact_lock(4711)");
            Future<Void> copy = inBackground(() -> orders.copy(MigrationFixture.CHUNK_SIZE, 1, false));
            orders.awaitBlocked("liquibase-partition chunkedCopy%");
            database.execute("UPDATE orders SET created_at = timestamptz '2024-11-11 00:00+00' WHERE id IN (4, 5, 6)");
            gate.rollback();
            join(copy);
        }
        database.execute("ALTER TABLE orders_202406 DROP CONSTRAINT wait");
        assertThat(database.queryString("SELECT tableoid::regclass FROM orders_new WHERE id = 5"))
                .as("the old version was copied")
                .isEqualTo("orders_202406");

        catchUpAndCompare();

        assertThat(database.queryStrings("SELECT tableoid::regclass FROM orders_new WHERE id IN (4, 5, 6)"))
                .containsExactly("orders_202411", "orders_202411", "orders_202411");
    }

    @Test
    void aRepeatableReadWriterWithASnapshotOlderThanTheCopyLeavesNothingStaleOrUndead() throws Exception {
        orders.prepare().capture();
        try (Transaction old = Transaction.beginRepeatableRead(database)) {
            old.query("SELECT count(*) FROM orders WHERE id = 5");
            orders.copy();
            assertThat(copied(5)).isTrue();
            old.run(
                    "UPDATE orders SET status = 'paid' WHERE id = 5",
                    "DELETE FROM orders WHERE id = 6",
                    "UPDATE orders SET id = 4000 WHERE id = 7");
            old.commit();
        }

        catchUpAndCompare();

        assertThat(database.queryString("SELECT status FROM orders_new WHERE id = 5"))
                .isEqualTo("paid");
        assertThat(copied(6)).isFalse();
    }

    @Test
    void aRepeatableReadWriterWithASnapshotOlderThanTheCaptureIsCapturedToo() throws Exception {
        orders.prepare();
        try (Transaction old = Transaction.beginRepeatableRead(database)) {
            // It has read the table, which does not conflict with the trigger's lock.
            old.query("SELECT count(*) FROM orders WHERE id = 5");
            orders.capture().copy();
            old.run("UPDATE orders SET status = 'paid' WHERE id = 5");
            old.commit();
        }

        catchUpAndCompare();

        assertThat(database.queryString("SELECT status FROM orders_new WHERE id = 5"))
                .isEqualTo("paid");
    }

    @Test
    void aWriterInReplicaRoleIsCaptured() throws Exception {
        orders.prepare().capture().copy();
        try (Transaction replica = Transaction.begin(database)) {
            replica.run(
                    "SET session_replication_role = replica",
                    "UPDATE orders SET status = 'replicated' WHERE id = 5",
                    "DELETE FROM orders WHERE id = 6",
                    INSERT.formatted(5000));
            replica.commit();
        }
        assertThat(orders.deltaRows()).isEqualTo(3);

        catchUpAndCompare();
    }

    @Test
    void aTransactionThatIsRolledBackLeavesNoTrace() throws Exception {
        orders.prepare().capture();
        try (Transaction rolledBack = Transaction.begin(database)) {
            rolledBack.run("UPDATE orders SET status = 'never' WHERE id <= 100", "DELETE FROM orders WHERE id > 900");
            orders.copy();
            rolledBack.rollback();
        }

        assertThat(orders.deltaRows()).isZero();
        catchUpAndCompare();
    }

    @Test
    void aSavepointRolledBackAmongCommittedWritesIsRight() throws Exception {
        orders.prepare().capture();
        try (Transaction writer = Transaction.begin(database)) {
            writer.run(
                    "UPDATE orders SET status = 'kept' WHERE id = 5",
                    "SAVEPOINT s",
                    "UPDATE orders SET status = 'never' WHERE id = 5",
                    "DELETE FROM orders WHERE id = 6",
                    "ROLLBACK TO s");
            orders.copy();
            writer.commit();
        }

        catchUpAndCompare();
    }

    @Test
    void mergeAndUpsertAndCopyAreCaptured() throws Exception {
        orders.prepare().capture().copy();
        database.execute(
                """
                INSERT INTO orders (id, status, created_at) VALUES (5, 'x', now()), (6000, 'new', timestamptz '2024-02-02 00:00+00')
                ON CONFLICT (id) DO UPDATE SET status = 'upserted'""",
                "COPY orders (id, status, created_at) FROM PROGRAM 'printf \"7000\\\\tcopied\\\\t2024-05-05 00:00+00\\\\n\"'");

        catchUpAndCompare();
        assertThat(copied(6000)).isTrue();
        assertThat(copied(7000)).isTrue();
    }
}
