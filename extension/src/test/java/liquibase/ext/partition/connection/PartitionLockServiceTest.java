package liquibase.ext.partition.connection;

import static org.assertj.core.api.Assertions.assertThat;

import liquibase.Liquibase;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.lockservice.LockService;
import liquibase.lockservice.LockServiceFactory;
import liquibase.resource.ClassLoaderResourceAccessor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Liquibase's questions to the service, for all its versions. */
@ExtendWith(FreshDatabase.class)
class PartitionLockServiceTest {
    private TestDatabase fresh;
    private Database database;

    @BeforeEach
    void open() throws Exception {
        database = DatabaseFactory.getInstance()
                .openDatabase(
                        fresh.url(),
                        fresh.username(),
                        fresh.password(),
                        null,
                        new ClassLoaderResourceAccessor(getClass().getClassLoader()));
    }

    @AfterEach
    void close() throws Exception {
        database.close();
        LockServiceFactory.getInstance().resetAll();
    }

    private LockService service() {
        return LockServiceFactory.getInstance().getLockService(database);
    }

    /** Liquibase 5 asks this before it releases anything. */
    @Test
    void whoHasConnectedAgainStillHoldsTheLock() throws Exception {
        LockService first = service();
        first.waitForLock();

        ((PartitionConnection) database.getConnection()).reopen();

        assertThat(service())
                .as("a service of its own for what Liquibase takes for another database")
                .isNotSameAs(first);
        assertThat(service().hasChangeLogLock()).isTrue();
        assertThat(service().acquireLock())
                .as("it has it, and need not wait for itself")
                .isTrue();
        service().releaseLock();
        assertThat(service().hasChangeLogLock()).isFalse();
        assertThat(fresh.queryLong("SELECT count(*) FROM databasechangeloglock WHERE locked"))
                .isZero();
    }

    @Test
    void aLockThatWasDroppedWithAllElseIsReleased() throws Exception {
        fresh.execute("CREATE TABLE orders (id bigint)");

        new Liquibase(
                        (DatabaseChangeLog) null,
                        new ClassLoaderResourceAccessor(getClass().getClassLoader()),
                        database)
                .dropAll();

        assertThat(service().hasChangeLogLock()).isFalse();
        assertThat(fresh.queryString("SELECT concat(to_regclass('orders'), to_regclass('databasechangeloglock'))"))
                .isEmpty();
    }
}
