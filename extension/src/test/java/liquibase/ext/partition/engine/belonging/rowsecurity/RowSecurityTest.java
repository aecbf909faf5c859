package liquibase.ext.partition.engine.belonging.rowsecurity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.ChunkGate;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Row level security: nobody sees more rows than before, at any moment, and the copy sees all of them. */
@ExtendWith(FreshDatabase.class)
class RowSecurityTest {
    private TestDatabase database;
    private String owner;
    private String alice;
    private String bob;
    private String auditor;

    @BeforeEach
    void orders() {
        owner = database.createRole("owner", "");
        alice = database.createRole("alice", "");
        bob = database.createRole("bob", "");
        auditor = database.createRole("auditor", "");
        database.execute(
                "GRANT ALL ON SCHEMA public TO " + owner,
                """
                CREATE TABLE orders (
                  id bigint PRIMARY KEY, customer text NOT NULL, parent bigint, filler text DEFAULT repeat('x', 900),
                  day date NOT NULL)""",
                "ALTER TABLE orders OWNER TO " + owner,
                "GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO %s, %s".formatted(alice, bob),
                "GRANT pg_read_all_data TO " + auditor,
                """
                INSERT INTO orders (id, customer, parent, day)
                SELECT i, CASE i %% 2 WHEN 0 THEN '%s' ELSE '%s' END, i - 2, date '2024-01-01' + i
                FROM generate_series(1, 300) AS i""".formatted(alice, bob),
                "ANALYZE orders",
                "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY \"own ones\" ON orders USING (customer = current_user) WITH CHECK (customer = current_user AND id < 1000)",
                // It names the table itself, which after the swap must be the new one.
                """
                CREATE POLICY "has a parent" ON orders AS RESTRICTIVE FOR DELETE TO %s, %s
                USING (EXISTS (SELECT FROM orders AS up WHERE up.id = orders.parent))""".formatted(alice, bob),
                "COMMENT ON POLICY \"own ones\" ON orders IS 'everybody''s own; DROP TABLE orders'");
    }

    private MigrationFixture migration() {
        return MigrationFixture.of(database, "public", "orders", "day", "id")
                .between("2024-01", "2024-04")
                .as(owner);
    }

    private List<List<String>> described(String table) {
        return database.queryRows("""
                SELECT relrowsecurity, relforcerowsecurity, polname, polpermissive, polcmd,
                       ARRAY(SELECT r::regrole::text FROM unnest(polroles) AS r ORDER BY 1),
                       pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid), obj_description(p.oid, 'pg_policy'),
                       (SELECT string_agg(refobjid::regclass::text, ',') FROM pg_depend
                        WHERE objid = p.oid AND refclassid = 'pg_class'::regclass AND deptype = 'n')
                FROM pg_class AS c LEFT JOIN pg_policy AS p ON polrelid = c.oid
                WHERE c.oid = ?::regclass ORDER BY polname""", table);
    }

    private long seen(String role, String table) {
        try (Transaction transaction = Transaction.beginAs(database, role)) {
            return Long.parseLong(transaction.query("SELECT count(*) FROM " + table));
        } catch (SQLException e) {
            if ("42501".equals(e.getSQLState())) {
                return 0;
            }
            throw new AssertionError(e);
        }
    }

    private void assertHeld() throws SQLException {
        assertThat(seen(alice, "orders")).isEqualTo(150);
        assertThat(seen(bob, "orders")).isEqualTo(150);
        assertThat(seen(auditor, "orders")).isZero();
        try (Transaction transaction = Transaction.beginAs(database, alice)) {
            assertThat(transaction.update("DELETE FROM orders WHERE id = 2")).isZero();
            assertThat(transaction.update("DELETE FROM orders WHERE id = 4")).isEqualTo(1);
        }
        for (String forbidden : List.of(bob + "', 310", alice + "', 1310")) {
            try (Transaction transaction = Transaction.beginAs(database, alice)) {
                assertThatThrownBy(() ->
                                transaction.run("INSERT INTO orders (customer, id, day) VALUES ('%s, date '2024-02-02')"
                                        .formatted(forbidden)))
                        .hasMessageContaining("row-level security policy");
            }
        }
    }

    /** Nothing that we have made is readable, whatever its name. */
    private void assertNothingElseIsReadable() {
        for (String table : database.queryStrings("""
                SELECT oid::regclass::text FROM pg_class
                WHERE relkind IN ('r', 'p') AND relname ~ '^orders_(new|old|delta|default|20)'""")) {
            assertThat(seen(auditor, table)).as(table).isZero();
            assertThat(seen(alice, table)).as(table).isLessThanOrEqualTo(table.matches("orders_(new|old)") ? 150 : 0);
        }
    }

    /** A role that may read all data does not read a protected row in a partition by the partition's name either. */
    @Test
    void rowSecurityThatIsEnabledWhileTheSwapWaitsProtectsThePartitionsToo() throws SQLException {
        database.execute("ALTER TABLE orders DISABLE ROW LEVEL SECURITY");
        MigrationFixture orders = migration().throughVerification();
        database.execute("ALTER TABLE orders ENABLE ROW LEVEL SECURITY");

        orders.swap();

        assertThat(seen(auditor, "orders")).isZero();
        assertThat(seen(auditor, "orders_202403")).isZero();
        assertThat(seen(alice, "orders")).isEqualTo(150);
    }

    @Test
    void policiesComeAlongAndGoBack() throws SQLException {
        List<List<String>> before = described("orders");
        MigrationFixture orders = migration().throughVerification();
        assertNothingElseIsReadable();

        orders.swap();

        assertThat(described("orders")).isEqualTo(before);
        assertHeld();
        assertNothingElseIsReadable();
        database.execute(
                "DROP POLICY \"own ones\" ON orders",
                "CREATE POLICY every ON orders FOR SELECT TO %s USING (true)".formatted(bob));
        List<List<String>> changed = described("orders");

        orders.reverseSwap();

        assertThat(described("orders")).isEqualTo(changed);
        assertThat(seen(alice, "orders")).isZero();
        assertThat(seen(bob, "orders")).isEqualTo(300);
        assertNothingElseIsReadable();
        database.execute("DROP POLICY every ON orders", "ALTER TABLE orders DISABLE ROW LEVEL SECURITY");
        orders.swap();
        assertThat(seen(alice, "orders")).isEqualTo(300);
        orders.dropBackup();
    }

    @Test
    void forcedRowSecurityIsRefusedToWhoWouldNotSeeAllRows() throws SQLException {
        database.execute("ALTER TABLE orders FORCE ROW LEVEL SECURITY");

        assertThatThrownBy(() -> migration().prepare())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "row level security is forced on it, so that role %s may not see all".formatted(owner))
                .hasMessageContaining("ALTER TABLE public.orders NO FORCE ROW LEVEL SECURITY")
                .hasMessageContaining("Nothing was changed");

        String deployer = database.createRole("deployer", "BYPASSRLS");
        database.execute("GRANT %s TO %s".formatted(owner, deployer), "GRANT ALL ON SCHEMA public TO " + deployer);
        List<List<String>> before = described("orders");
        MigrationFixture orders = migration().as(deployer).throughSwap();
        assertThat(described("orders")).isEqualTo(before);
        assertThat(seen(owner, "orders")).isZero();
        assertThat(seen(owner, "orders_202403"))
                .as("by the partition's own name")
                .isZero();
        assertHeld();
        database.execute("UPDATE orders SET filler = 'y' WHERE id = 7");
        orders.reverseSwap().swap().dropBackup();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(300);
    }

    /** A policy that hides rows from us fails the statement, whichever step meets it first. */
    @Test
    void noStepWorksWithAPartOfTheRows() throws Exception {
        String force = "ALTER TABLE orders FORCE ROW LEVEL SECURITY";
        String noForce = "ALTER TABLE %s NO FORCE ROW LEVEL SECURITY";
        MigrationFixture orders = migration().prepare().capture();
        try (ChunkGate gate = ChunkGate.beforeChunk(orders, 1)) {
            Future<Void> copy = MigrationFixture.inBackground(() -> orders.copy(MigrationFixture.CHUNK_SIZE, 1, false));
            gate.awaitWorker(copy);
            database.execute(force);
            gate.open();
            assertThatThrownBy(() -> MigrationFixture.join(copy))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("would be affected by row-level security policy");
        }
        assertThat(database.queryLong("SELECT count(*) FROM orders_new")).isBetween(1L, 299L);
        database.execute(noForce.formatted("orders"));
        orders.copy().index();

        database.execute("UPDATE orders SET filler = 'y' WHERE id < 50", force);
        assertThatThrownBy(orders::replay).hasMessageContaining("would be affected by row-level security policy");
        assertThatThrownBy(orders::verify).hasMessageContaining("would be affected by row-level security policy");
        database.execute(noForce.formatted("orders"));
        orders.replay().verify();
        database.execute("UPDATE orders SET filler = 'z' WHERE id < 50", force);
        assertThatThrownBy(orders::swap).hasMessageContaining("would be affected by row-level security policy");
        database.execute(noForce.formatted("orders"));
        orders.swap();

        database.execute("UPDATE orders SET filler = 'a' WHERE id < 50", force);
        assertThatThrownBy(orders::reverseSwap).hasMessageContaining("would be affected by row-level security policy");
        assertThatThrownBy(orders::dropBackup).hasMessageContaining("would be affected by row-level security policy");
        database.execute(noForce.formatted("orders"));
        orders.reverseSwap();
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE filler = 'a'"))
                .isEqualTo(49);
        orders.swap().dropBackup();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(300);
    }

    @Test
    void whatHasRowSecurityIsNotRoutedByTriggers() {
        assertThatThrownBy(() -> migration().routedByTrigger().prepare())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("row level security is enabled on it, or has policies")
                .hasMessageContaining("use native partitioning");
    }
}
