package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import liquibase.exception.LiquibaseException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.testing.SmallDisk;
import liquibase.ext.partition.testing.TestDatabase;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A disk of the server is full: each step stops, keeps finished work, and goes on once there is room; or is taken back.
 *
 * <p>Autovacuum leaves the tables alone. When it ran between an update and the moment at which the disk was filled, the
 * next step found room in the pages of the rows that the update had replaced, and succeeded on a full disk.
 */
@Tag(SmallDisk.TAG)
@ExtendWith(FreshChangelog.class)
class DiskFullTest {
    private static final String KEY = "tableName=\"orders\" keyColumns=\"id\" ";

    private TestDatabase database;
    private Changelog changelog;
    private String small;
    private SmallDisk disk;

    @BeforeEach
    void orders() {
        small = "small_" + database.name();
        disk = database.createSmallDisk(small, 6);
        database.execute("""
                CREATE TABLE orders (id bigint PRIMARY KEY, note text NOT NULL, created_at timestamptz NOT NULL)
                WITH (autovacuum_enabled = false)""", """
                INSERT INTO orders
                SELECT i, repeat('x', 450), timestamptz '2024-01-01 00:00+00' + i %% 2 * interval '1 month'
                FROM generate_series(1, 20000) AS i""".formatted());
        changelog.changesets("""
                        <changeSet id="before" author="test"><tagDatabase tag="before"/></changeSet>
                        """
                + Changelog.changeset(
                        "prepare",
                        "createPartitionedTable tableName=\"orders\" partitionColumns=\"created_at\" from=\"2024-01\" until=\"2024-03\"")
                + Changelog.changeset("capture", "captureChanges " + KEY)
                + Changelog.changeset("copy", "chunkedCopy " + KEY + "chunkSize=\"500\"")
                + Changelog.changeset("index", "buildIndexes tableName=\"orders\"")
                + Changelog.changeset("replay", "replayChanges " + KEY + "batchSize=\"100\"")
                + Changelog.changeset("verify", "verifyCopy " + KEY)
                + Changelog.changeset("swap", "lockedSwap " + KEY));
    }

    private void putOnTheSmallDisk(String... tables) {
        for (String table : tables) {
            database.execute("ALTER TABLE %s SET TABLESPACE %s".formatted(table, small));
        }
    }

    private static void assertDiskFull(String step, ThrowingCallable command) {
        assertThatThrownBy(command)
                .isInstanceOf(LiquibaseException.class)
                .hasMessageContaining(step + " on public.orders stopped, because a disk of the server is full")
                .hasMessageContaining("What was committed before is kept")
                .hasMessageContaining("Free or add space, then run the same command again")
                .hasMessageContaining("take the migration back with rollback")
                .hasMessageNotContaining("..");
    }

    private String rows() {
        return database.queryString(
                "SELECT md5(string_agg(t::text, ',' ORDER BY id)) || ' ' || count(*) FROM orders AS t");
    }

    private void assertSwapped(String rows) {
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("p");
        assertThat(rows()).isEqualTo(rows);
    }

    @Test
    void theCopyKeepsItsChunksAndGoesOnOnceThereIsRoom() throws Exception {
        String rows = rows();
        changelog.update(3);
        putOnTheSmallDisk("orders_202401", "orders_202402");

        assertDiskFull("chunkedCopy", changelog::update);

        assertThat(changelog.recorded()).containsExactly("before", "prepare", "capture");
        long chunks = database.queryLong("SELECT count(*) FROM partition_chunk WHERE finished_at IS NOT NULL");
        assertThat(chunks).isPositive();
        assertThat(database.queryLong("SELECT sum(rows_copied) FROM partition_chunk"))
                .as("what is kept of the finished chunks")
                .isEqualTo(database.queryLong("SELECT count(*) FROM orders_new"));

        disk.grow(64);
        changelog.update();

        assertThat(changelog.lines())
                .anyMatch(line -> line.contains("resuming public.orders after")
                        && line.contains("in %d chunks".formatted(chunks)));
        assertSwapped(rows);
    }

    @Test
    void aCopyThatFilledTheDiskIsTakenBackWhileItIsStillFull() throws Exception {
        String rows = rows();
        changelog.update(3);
        putOnTheSmallDisk("orders_202401", "orders_202402", "orders_delta");
        assertDiskFull("chunkedCopy", changelog::update);
        disk.fill();

        changelog.rollback("before");

        assertThat(database.queryStrings("""
                        SELECT relname::text FROM pg_class WHERE relname LIKE 'orders%' AND relkind IN ('r', 'p') ORDER BY 1""")).containsExactly("orders");
        assertThat(rows()).isEqualTo(rows);
        database.execute("INSERT INTO orders VALUES (0, 'goes on', now())");
    }

    /** A table that is emptied needs one more page before it gives its pages back. */
    @Test
    void rowsThatCouldNotBeRemovedForLackOfRoomAreNotThereTwiceAfterTheNextCopy() throws Exception {
        String rows = rows();
        changelog.update(3);
        disk.grow(64);
        putOnTheSmallDisk("orders_202401", "orders_202402");
        changelog.update(1);
        disk.fill();

        changelog.rollback(1);

        assertThat(changelog.lines())
                .anyMatch(line -> line.contains("the disk is too full to empty public.orders_new"));
        assertThat(database.queryLong("SELECT count(*) FROM orders_new")).isEqualTo(20_000);
        assertDiskFull("chunkedCopy", changelog::update);
        disk.free();
        changelog.update();
        assertSwapped(rows);
    }

    /** Nothing can help here: a write whose key cannot be kept must not be made. */
    @Test
    void aWriterFailsWhereItsKeyHasNoRoomAndGoesOnOnceTheCaptureIsTakenBack() throws Exception {
        changelog.update(3);
        putOnTheSmallDisk("orders_delta");
        disk.fill();

        try (Transaction writer = Transaction.begin(database)) {
            assertThatThrownBy(() -> writer.run("UPDATE orders SET note = 'written'"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("53100"));
            writer.rollback();
            assertThat(database.queryLong("SELECT count(*) FROM orders WHERE note = 'written'"))
                    .isZero();

            changelog.rollback("before");

            writer.run("UPDATE orders SET note = 'written'");
            writer.commit();
        }
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE note = 'written'"))
                .isEqualTo(20_000);
    }

    @Test
    void indexBuildReplaySwapAndReverseSwapEachStopAndGoOnOnceThereIsRoom() throws Exception {
        database.execute("CREATE INDEX orders_created ON orders (created_at, id) TABLESPACE " + small);
        disk.grow(64);
        changelog.update(4);
        disk.fill();
        assertDiskFull("buildIndexes", changelog::update);
        disk.free();
        changelog.update(1);

        database.execute("UPDATE orders SET note = note || 'a' WHERE id % 5 = 0");
        putOnTheSmallDisk("orders_202401", "orders_202402");
        disk.fill();
        assertDiskFull("replayChanges", changelog::update);
        disk.free();
        changelog.update(2);

        database.execute("UPDATE orders SET note = note || 'b' WHERE id % 5 = 1");
        String rows = rows();
        disk.fill();
        assertDiskFull("lockedSwap", changelog::update);
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("r");
        disk.free();
        changelog.update();
        assertSwapped(rows);

        putOnTheSmallDisk("orders_old");
        database.execute("UPDATE orders SET note = note || 'c' WHERE id % 5 = 2");
        rows = rows();
        disk.fill();
        assertDiskFull("rollback of lockedSwap", () -> changelog.rollback("before"));
        assertSwapped(rows);
        disk.free();
        changelog.rollback("before");
        assertThat(rows()).isEqualTo(rows);
    }
}
