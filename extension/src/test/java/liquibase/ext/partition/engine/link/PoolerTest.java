package liquibase.ext.partition.engine.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.copy.ChunkedCopy;
import liquibase.ext.partition.engine.lock.OnBusy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clients that share the server's sessions, as those of PgBouncer do; the sessions are real. */
@ExtendWith(FreshDatabase.class)
class PoolerTest {
    /** Which of the idle sessions a transaction gets. */
    enum Pool {
        LAST_USED_FIRST,
        ROUND_ROBIN
    }

    private final List<Connection> sessions = new ArrayList<>();
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() throws SQLException {
        orders = MigrationFixture.ofOrders(database, 100);
        sessions.add(database.connect());
        sessions.add(database.connect());
    }

    @AfterEach
    void close() throws SQLException {
        for (Connection session : sessions) {
            session.close();
        }
    }

    /** A client whose transactions get the session that the pool gives; outside a transaction, each statement does. */
    private static Connection client(Supplier<Connection> pool) {
        Connection[] held = {null};
        return (Connection) Proxy.newProxyInstance(
                PoolerTest.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("close")) {
                        return null;
                    }
                    if (method.getName().equals("isWrapperFor")) {
                        // The keys that a pooler gives its clients are its own.
                        return false;
                    }
                    if (method.getName().equals("setAutoCommit")) {
                        Connection session = held[0] == null ? pool.get() : held[0];
                        session.setAutoCommit((Boolean) arguments[0]);
                        held[0] = (Boolean) arguments[0] ? null : session;
                        return null;
                    }
                    try {
                        return method.invoke(held[0] == null ? pool.get() : held[0], arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private Connection pooled(Pool pool) {
        int[] next = {0};
        return client(() -> sessions.get(pool == Pool.ROUND_ROBIN ? next[0]++ % 2 : 0));
    }

    private StepRun.Environment environment(Connection main, ConnectionSource more) {
        return new StepRun.Environment(main, more, new StateTables(new Identifier("public")), line -> {}, OnBusy.FAIL);
    }

    private void assertNothingIsLeftInThePool() throws SQLException {
        assertThat(database.queryLong("SELECT count(*) FROM " + TestDatabase.ADVISORY_LOCKS))
                .isZero();
        assertThat(database.queryStrings(
                        "SELECT application_name FROM pg_stat_activity WHERE datname = current_database()"))
                .noneMatch(name -> name.contains("liquibase-partition"));
    }

    @ParameterizedTest
    @EnumSource
    void whoSharesSessionsByTheTransactionIsRefusedBeforeAnythingIsLocked(Pool pool) throws SQLException {
        StepRun.Environment environment = environment(pooled(pool), () -> Optional.of(pooled(pool)));

        assertThatThrownBy(() -> environment.begin("captureChanges", orders.source()))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("captureChanges on public.orders reaches the server through a pooler")
                .hasMessageContaining("pool_mode = transaction")
                .hasMessageContaining("no lock was taken")
                .hasMessageContaining("pool_mode = session");
        assertNothingIsLeftInThePool();
    }

    /** The first step is part of Liquibase's transaction, which keeps its session that long. */
    @ParameterizedTest
    @EnumSource
    void itIsFoundOutFromWithinATransactionToo(Pool pool) throws SQLException {
        Connection main = pooled(pool);
        main.setAutoCommit(false);
        List<Connection> others = List.of(database.connect(), database.connect());
        int[] next = {0};
        ConnectionSource more =
                () -> Optional.of(client(() -> others.get(pool == Pool.ROUND_ROBIN ? next[0]++ % 2 : 0)));

        assertThatThrownBy(() -> environment(main, more).begin("createPartitionedTable", orders.source()))
                .hasMessageContaining("through a pooler");
        main.rollback();
        for (Connection other : others) {
            other.close();
        }
        assertNothingIsLeftInThePool();
    }

    @Test
    void whoHasASessionOfHisOwnBehindAPoolerGoesOn() throws SQLException {
        Connection first = sessions.get(0);
        Connection second = sessions.get(1);
        try (StepRun run = environment(client(() -> first), () -> Optional.of(client(() -> second)))
                .begin("captureChanges", orders.source())) {
            assertThat(run.backends()).isNotEmpty();
        }
        assertNothingIsLeftInThePool();
    }

    /** The main connection may be direct, and the workers' URL a pool's. */
    @Test
    void workersWhoShareSessionsAreRefusedToo() throws SQLException {
        orders.prepare().capture();
        try (Connection main = database.connect();
                StepRun run = environment(main, () -> Optional.of(pooled(Pool.LAST_USED_FIRST)))
                        .begin("chunkedCopy", orders.source())) {
            assertThatThrownBy(() -> ChunkedCopy.of(run).copy(100, 2, false, GivenPace.NOTHING))
                    .isInstanceOf(PartitionException.class)
                    .hasMessageContaining("chunkedCopy on public.orders reaches the server through a pooler")
                    .hasMessageContaining("liquibase.partition.url");
        }
        assertNothingIsLeftInThePool();
    }

    /** As a pool in the same JVM wraps it: no further connection is needed to know the process. */
    @Test
    void aWrappedConnectionOfTheDriverIsKnownToBeDirect() throws SQLException {
        Connection session = sessions.get(0);
        Connection wrapped = (Connection) Proxy.newProxyInstance(
                PoolerTest.class.getClassLoader(),
                new Class<?>[] {Connection.class},
                (proxy, method, arguments) -> method.invoke(session, arguments));

        assertThat(Backend.of(new Session(wrapped)).isAlone(wrapped)).isTrue();
        assertThat(Backend.of(new Session(wrapped)).isAlone(client(() -> session)))
                .isFalse();
    }
}
