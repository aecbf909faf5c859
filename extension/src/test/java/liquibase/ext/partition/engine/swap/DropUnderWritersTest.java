package liquibase.ext.partition.engine.swap;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(FreshDatabase.class)
class DropUnderWritersTest {

    /** The drop waits for readers of the backup before any writer of the table has to wait. */
    @Test
    void aReaderOfTheBackupHoldsUpTheDropAndNoWriter(TestDatabase database) throws Exception {
        MigrationFixture fixture = MigrationFixture.ofOrders(database, 120).throughSwap();
        LockPolicy patient = new LockPolicy(Duration.ofSeconds(30), 1);
        try (Transaction reader = Transaction.begin(database);
                Transaction writer = Transaction.begin(database)) {
            reader.run("SELECT count(*) FROM orders_old");
            Future<Void> drop = MigrationFixture.inBackground(() -> fixture.dropBackup(patient));
            fixture.awaitBlockedStatement(fixture.backup().name().name());

            writer.run("SET LOCAL lock_timeout = '5s'");
            assertThat(writer.update("UPDATE orders SET status = 'written'")).isEqualTo(120);
            writer.commit();
            reader.commit();
            MigrationFixture.join(drop);
        }
        assertThat(fixture.exists(fixture.backup())).isFalse();
    }

    /**
     * DROP TRIGGER on a partitioned table locks the partitions before the table; a writer locks the table before a
     * partition. When the two met, PostgreSQL ended one of them after a second, often the writer.
     */
    @Test
    void theDropLocksTheTableBeforeItsPartitionsAsWritersDo(TestDatabase database) throws Exception {
        MigrationFixture fixture = MigrationFixture.ofOrders(database, 120).throughSwap();
        LockPolicy patient = new LockPolicy(Duration.ofSeconds(30), 1);
        try (Connection writer = database.connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            // Row i is of month 1 + i % 12, so this is one partition in the middle.
            statement.execute("UPDATE orders SET status = 'held' WHERE id = 6 AND created_at >= '2024-07-01 00:00+00'"
                    + " AND created_at < '2024-08-01 00:00+00'");
            Future<Void> drop = MigrationFixture.inBackground(() -> fixture.dropBackup(patient));
            fixture.awaitBlockedStatement(fixture.source().name().name());

            statement.execute("SET LOCAL lock_timeout = '5s'");
            int written = statement.executeUpdate("UPDATE orders SET status = 'written' WHERE id <> 6");
            writer.commit();

            assertThat(written).isEqualTo(119);
            MigrationFixture.join(drop);
        }
        assertThat(fixture.exists(fixture.backup())).isFalse();
    }
}
