package liquibase.ext.partition.engine.delta;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import liquibase.ext.partition.engine.InvariantChecker;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.sql.Answers;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.swap.Swap;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Rows that the replay has taken are not read again, least of all under the lock, though an old transaction keeps them
 * from being vacuumed; and no key gets lost on the way.
 */
@ExtendWith(FreshDatabase.class)
class DrainedRowsTest {
    /** Two segments that are not large yet. */
    private static final long FEW_BLOCKS = 2 * Segments.LARGE_BLOCKS;

    /** Enough to make a segment large. */
    private static final String[] MANY_WRITES = {"""
        INSERT INTO orders (id, status, filler, created_at)
        SELECT 10000 + i, 'short', '', timestamptz '2024-02-02 00:00+00' FROM generate_series(1, 6500) AS i""", "DELETE FROM orders WHERE id > 10000"};

    private TestDatabase database;
    private MigrationFixture orders;
    private Transaction old;

    @BeforeEach
    void indexedOrdersAndAnOldTransaction() throws SQLException {
        orders = MigrationFixture.ofOrders(database, 500)
                .prepare()
                .capture()
                .copy()
                .index();
        old = Transaction.beginRepeatableRead(database);
        old.query("SELECT count(*) FROM pg_class");
    }

    @AfterEach
    void end() throws SQLException {
        old.close();
    }

    /** The blocks that a drain reads: every block of every table that has keys. */
    private long blocks() {
        return database.queryLong("""
                SELECT (sum(pg_relation_size(oid)) / current_setting('block_size')::bigint)::bigint FROM pg_class
                WHERE relkind = 'r' AND relname LIKE 'orders\\_delta%'""");
    }

    private void write() {
        database.execute(MANY_WRITES);
    }

    @Test
    void drainedRowsAreNotReadAgainThoughAnOldTransactionKeepsThemFromBeingVacuumed() throws SQLException {
        for (int days = 0; days < 3; days++) {
            write();
            orders.replay();
        }
        orders.replay();

        assertThat(blocks()).isLessThan(FEW_BLOCKS);
        database.execute("UPDATE orders SET created_at = created_at + interval '1 month' WHERE id % 5 = 0");
        InvariantChecker.assertHolds(orders);
        orders.replay().assertNewTableEqualsSource();
    }

    /** And the segment is left alone as long as the writer is at work; nobody waits for anybody. */
    @Test
    void theKeyOfAWriterThatEndsLateIsReplayedFromTheSegmentThatOthersHaveLeft() throws SQLException {
        try (Transaction writer = Transaction.begin(database)) {
            writer.run("UPDATE orders SET status = 'late' WHERE id = 1");
            write();
            orders.replay();
            write();
            orders.replay();
            assertThat(blocks()).isGreaterThan(FEW_BLOCKS);
            database.execute("UPDATE orders SET status = 'early' WHERE id = 2");
            writer.commit();
        }
        assertThat(orders.deltaRows()).isEqualTo(2);
        InvariantChecker.assertHolds(orders);

        orders.replay().assertNewTableEqualsSource();
        orders.replay();
        assertThat(blocks()).isLessThan(FEW_BLOCKS);
    }

    /** One of its rows says where the row was, and the other where it went. */
    @Test
    void theRowsOfAKeyThatAreInDifferentSegmentsAreTakenTogether() throws SQLException {
        try (Transaction writer = Transaction.begin(database)) {
            writer.run(
                    "UPDATE orders SET status = 'late', created_at = timestamptz '2024-10-10 00:00+00' WHERE id = 1");
            write();
            orders.replay();
            writer.commit();
        }
        database.execute(
                "UPDATE orders SET status = 'later', created_at = timestamptz '2024-11-11 00:00+00' WHERE id = 1");
        assertThat(database.queryLong("SELECT count(DISTINCT tableoid) FROM orders_delta WHERE id = 1"))
                .isEqualTo(2);

        orders.replay().assertNewTableEqualsSource();
    }

    @Test
    void aWriterWithASnapshotOlderThanTheTruncationIsCaptured() throws SQLException {
        try (Transaction writer = Transaction.beginRepeatableRead(database)) {
            writer.query("SELECT count(*) FROM orders");
            write();
            orders.replay().replay();
            writer.run("UPDATE orders SET status = 'old' WHERE id = 7");
            writer.commit();
        }
        InvariantChecker.assertHolds(orders);

        orders.replay().assertNewTableEqualsSource();
        assertThat(database.queryString("SELECT status FROM orders_new WHERE id = 7"))
                .isEqualTo("old");
    }

    /**
     * A key that a person inserts, as a message of the reverse swap says, is in the segment that nobody else uses now.
     */
    @Test
    void whatAPersonPutsIntoTheDeltaTableIsReplayedWhicheverSegmentIsInUse() throws SQLException {
        write();
        orders.replay();
        database.execute("ALTER TABLE orders DISABLE TRIGGER orders_delta_capture");
        database.execute("UPDATE orders SET status = 'unseen' WHERE id = 1");
        database.execute("ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_capture");
        database.execute("INSERT INTO orders_delta (id, created_at) SELECT id, created_at FROM orders WHERE id = 1");

        orders.replay().assertNewTableEqualsSource();
    }

    @Test
    void aReaderOfTheDeltaTableHoldsUpNobodyAndOnlyPutsTheTruncationOff() throws SQLException {
        try (Transaction reader = Transaction.begin(database)) {
            reader.query("SELECT count(*) FROM orders_delta");
            write();
            orders.replay().replay();
            assertThat(blocks()).isGreaterThan(Segments.LARGE_BLOCKS);
        }
        orders.replay().assertNewTableEqualsSource();

        assertThat(blocks()).isLessThan(FEW_BLOCKS);
    }

    @Test
    void bothSegmentsGoThereAndBackWithTheSwapAndWhateverTypesTheKeyHas() throws SQLException {
        old.rollback();
        database.execute("DROP TABLE orders_new, partition_chunk, partition_migration CASCADE");
        database.execute(
                "DROP TABLE orders, orders_delta, orders_delta_missed CASCADE",
                "DROP FUNCTION orders_delta_capture, orders_delta_no_truncate");
        orders = MigrationFixture.ofOrders(database, 500)
                .converting("id", "numeric", null, null)
                .throughVerification();
        write();
        orders.replay().replay();
        write();

        orders.swap();
        assertThat(database.queryStrings("""
                        SELECT DISTINCT atttypid::regtype::text FROM pg_attribute
                        WHERE attname = 'id' AND attrelid IN ('orders_delta'::regclass, 'orders_delta_2'::regclass)""")).containsExactly("numeric");
        write();
        InvariantChecker.assertHoldsAfterSwap(orders);
        orders.reverseSwap();
        write();
        orders.replay().assertNewTableEqualsSource();
    }

    /** A writer with the old function may have come and gone between a look without the lock and the lock. */
    @Test
    void aSegmentWithARowIsNotTruncated() throws SQLException {
        orders.step("review", run -> {
            Capture capture = Capture.of(run.migrations().find(orders.source()).orElseThrow());
            run.session()
                    .update(new CaptureFunctions(capture)
                            .captureInto(capture.segments().get(1)));
            database.execute("UPDATE orders SET status = 'late' WHERE id = 1");

            for (QualifiedName segment : capture.segments()) {
                run.session().update(Segments.truncateIfEmpty(segment));
            }
        });

        assertThat(orders.deltaRows()).isEqualTo(1);
    }

    /** Otherwise a switch would be planned anew, attempt after attempt, as long as writers are fast. */
    @Test
    void nothingThatASwitchIsPlannedFromChangesWhenTheOtherSegmentComesIntoUse() throws SQLException {
        orders.step("review", run -> {
            Swap swap = Swap.of(run, orders.backup().name());
            Answers answers = run.session().recorded(swap::reviewStatements).answers();
            Migration migration = run.migrations().find(orders.source()).orElseThrow();
            Capture capture = Capture.of(migration);
            run.session()
                    .update(new CaptureFunctions(capture)
                            .captureInto(capture.segments().get(1)));

            assertThat(answers.stillHold(run.session().queryAll(answers.asked())))
                    .isTrue();
        });
    }
}
