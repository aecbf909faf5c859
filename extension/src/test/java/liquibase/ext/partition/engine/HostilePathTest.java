package liquibase.ext.partition.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.HostileSchema;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Whatever somebody else has put where our names could be looked up, none of it runs with our rights. */
@ExtendWith(FreshDatabase.class)
class HostilePathTest {
    private TestDatabase database;
    private String boss;
    private HostileSchema hostile;

    /** The path of the role that migrates begins with somebody else's schema, even before the catalog. */
    private void begin() throws SQLException {
        String attacker = database.createRole("mallory", "");
        boss = database.createRole("boss", "SUPERUSER");
        database.execute("CREATE SCHEMA evil AUTHORIZATION " + attacker, "GRANT USAGE ON SCHEMA evil TO PUBLIC");
        hostile = HostileSchema.of(database, "evil", attacker);
        database.execute("ALTER ROLE %s IN DATABASE %s SET search_path = evil, pg_catalog, public, pg_temp"
                .formatted(boss, database.name()));
        assertThat(database.queryLong("SELECT count(*) FROM pg_operator WHERE oprnamespace = 'evil'::regnamespace"))
                .isGreaterThan(1_500);
        assertThat(database.queryLong("SELECT count(*) FROM pg_proc WHERE pronamespace = 'evil'::regnamespace"))
                .isGreaterThan(1_000);
    }

    private void assertWouldBeCalled() {
        for (String sql : new String[] {
            "SELECT to_regclass('a')",
            "SELECT count(*) FROM pg_catalog.pg_class",
            "SELECT relname FROM pg_class LIMIT 1",
            "SELECT 'a'::text",
            "SELECT 1 WHERE oid '1' = bigint '1'"
        }) {
            try (Connection connection = database.connect(boss, boss);
                    Statement statement = connection.createStatement()) {
                statement.execute(sql);
                throw new AssertionError("harmless: " + sql);
            } catch (SQLException e) {
                assertThat(e.getMessage()).containsAnyOf("attacked as boss", "enum", "evil");
            }
        }
        database.execute("ALTER SEQUENCE evil.calls RESTART");
    }

    @Test
    void noStepCallsAnythingOfIt() throws SQLException {
        begin();
        assertWouldBeCalled();
        MigrationFixture orders = MigrationFixture.ofOrders(database, 300)
                .as(boss)
                .between("2024-01", "2024-04")
                .incomingForeignKeys(IncomingForeignKeys.TRIGGER)
                .converting("amount", "numeric(12,4)", null, null);
        database.execute(
                "ALTER TABLE orders ADD CONSTRAINT positive CHECK (id > 0)",
                "CREATE UNIQUE INDEX by_number ON orders (lower(status), id)",
                "CREATE TABLE lines (order_id bigint REFERENCES orders)",
                "INSERT INTO lines SELECT i FROM generate_series(1, 20) AS i",
                "CREATE VIEW seen AS SELECT id, status FROM orders",
                "CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM orders",
                "CREATE FUNCTION latest() RETURNS SETOF orders LANGUAGE sql STABLE AS 'SELECT * FROM public.orders'",
                "CREATE PUBLICATION feed FOR TABLE orders",
                "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY everybody ON orders USING (true)",
                "COMMENT ON TABLE orders IS 'what people bought'");

        orders.prepare().capture();
        write("INSERT INTO public.orders (id, status, created_at) VALUES (1001, 'late', pg_catalog.now())");
        orders.copy();
        write("UPDATE public.orders SET status = 'paid' WHERE id OPERATOR(pg_catalog.<=) 30");
        orders.index().replay().verify();
        write("DELETE FROM public.orders WHERE id OPERATOR(pg_catalog.=) 31");
        orders.swap();
        write("UPDATE public.orders SET status = 'sent' WHERE id OPERATOR(pg_catalog.<=) 40");
        write("DELETE FROM public.lines WHERE order_id OPERATOR(pg_catalog.=) 3");
        write("DELETE FROM public.orders WHERE id OPERATOR(pg_catalog.=) 3");
        orders.reverseSwap().verify().swap().dropBackup();

        hostile.assertNeverCalled();
        assertThat(database.queryLong("SELECT pg_catalog.count(*) FROM public.orders"))
                .isEqualTo(299);
    }

    @Test
    void norDoesATableThatIsRoutedByTriggersWithDatesKeptAsText() throws SQLException {
        begin();
        database.execute(
                "CREATE TABLE events (id bigint PRIMARY KEY, happened text NOT NULL, kind int)",
                "INSERT INTO events SELECT i, '2024-0' || (1 + i % 3) || '-05', 1 FROM generate_series(1, 200) AS i",
                "ANALYZE events");
        MigrationFixture events = MigrationFixture.of(database, "public", "events", "happened", "id")
                .as(boss)
                .between("2024-01", "2024-04")
                .routedByTrigger()
                .converting("kind", "bigint", "kind OPERATOR(pg_catalog.+) 1", "kind OPERATOR(pg_catalog.-) 1");

        events.prepare().capture().copy().index().replay();
        write("INSERT INTO public.events VALUES (1001, '2024-02-07', 5)");
        events.verify().swap();
        write("UPDATE public.events SET happened = '2024-03-01' WHERE id OPERATOR(pg_catalog.<=) 20");
        write("INSERT INTO public.events VALUES (1002, '2024-05-07', 6)");
        events.reverseSwap().undo();

        hostile.assertNeverCalled();
        assertThat(database.queryLong("SELECT pg_catalog.count(*) FROM public.events"))
                .isEqualTo(202);
    }

    /**
     * Workers have the path of the role, of the URL or of a pool; the connection on which the table is made may have
     * another one.
     */
    @Test
    void whatTheCallerWroteIsLookedUpOnTheCallersPathOnceAndForAll() throws SQLException {
        String role = database.createRole("team", "SUPERUSER");
        database.execute(
                "CREATE SCHEMA app",
                "CREATE FUNCTION app.cents(numeric) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT ($1 * 100)::bigint'",
                "CREATE FUNCTION app.euros(bigint) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 100.0'",
                "CREATE FUNCTION public.cents(numeric) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 0::bigint'",
                "CREATE FUNCTION public.euros(bigint) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT 0.0'",
                "CREATE TYPE app.state AS ENUM ('new', 'paid')",
                "CREATE TYPE public.state AS ENUM ('other')");
        MigrationFixture orders = MigrationFixture.ofOrders(database, 120)
                .as(role)
                .converting("amount", "bigint", "cents(amount) -- of a euro", "euros(amount)")
                .converting("status", "state", "status::state", "status::text");
        String path = "ALTER ROLE %s IN DATABASE %s SET search_path = %s";

        database.execute(path.formatted(role, database.name(), "app, public"));
        orders.prepare();
        database.execute(path.formatted(role, database.name(), "public, app"));
        orders.capture();
        database.execute("UPDATE orders SET amount = 7 WHERE id = 5");
        orders.copy().index().replay().verify();

        assertThat(database.queryLong("SELECT sum(amount) FROM orders_new"))
                .isEqualTo(database.queryLong("SELECT sum(amount * 100)::bigint FROM orders"));
        assertThat(database.queryString("SELECT DISTINCT pg_typeof(status)::text FROM orders_new"))
                .isEqualTo("app.state");
        orders.swap();
        database.execute("UPDATE orders SET amount = 900, status = 'paid' WHERE id = 6");
        orders.reverseSwap();
        assertThat(database.queryString("SELECT amount || ' ' || status FROM orders WHERE id = 6"))
                .isEqualTo("9.00 paid");
    }

    /** Writes like an application with the same path. */
    private void write(String sql) throws SQLException {
        try (Connection connection = database.connect(boss, boss);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
