package liquibase.ext.partition.engine.retirement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.state.StatusReport;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.Workload;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Partitions that move to another tablespace and stay partitions. */
@ExtendWith(FreshDatabase.class)
class ArchivedTablespaceTest {
    private TestDatabase database;
    private String cold;

    @BeforeEach
    void tablespace() {
        cold = database.createTablespace("Cold");
    }

    private MigrationFixture orders() throws SQLException {
        return MigrationFixture.ofOrders(database, 300, 3).throughSwap().dropBackup();
    }

    private RetirementRule rule(String tablespace) {
        return new RetirementRule(
                MigrationFixture.keeping("2024-02"),
                RetirementWay.ARCHIVE,
                Optional.empty(),
                Optional.of(new ArchivePlace.Tablespace(new Identifier(tablespace))));
    }

    private MigrationFixture move(MigrationFixture table) throws SQLException {
        return table.retire(rule(cold), MigrationFixture.PATIENT);
    }

    /** The tablespaces of January's heap, TOAST table and indexes. */
    private List<String> tablespaces() {
        return database.queryStrings("""
                SELECT DISTINCT coalesce(t.spcname, 'default')
                FROM pg_class AS p JOIN pg_class AS c
                  ON c.oid = p.oid OR c.oid = p.reltoastrelid OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid IN (p.oid, p.reltoastrelid))
                LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
                WHERE p.oid = 'orders_202401'::regclass ORDER BY 1""");
    }

    /** What January is, but for its oid and where it lies. */
    private List<String> january() {
        return database.queryStrings("""
                SELECT format('%s %s', relname, pg_get_expr(relpartbound, oid)) || coalesce(relacl::text, '') || coalesce(reloptions::text, '') FROM pg_class WHERE oid = 'orders_202401'::regclass
                UNION ALL SELECT regexp_replace(indexdef, ' TABLESPACE .*', '') FROM pg_indexes WHERE tablename = 'orders_202401'
                UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated || ' ' || (conparentid <> 0) FROM pg_constraint WHERE conrelid = 'orders_202401'::regclass AND contype <> 'n'
                UNION ALL SELECT stxname || ' ' || stxkind::text FROM pg_statistic_ext WHERE stxrelid = 'orders_202401'::regclass
                UNION ALL SELECT tgname || ' ' || (tgparentid <> 0) FROM pg_trigger WHERE tgrelid = 'orders_202401'::regclass AND NOT tgisinternal
                ORDER BY 1""");
    }

    private List<String> leftovers() {
        return database.queryStrings("""
                SELECT relname FROM pg_class WHERE relname LIKE '%moving%' UNION ALL SELECT proname FROM pg_proc WHERE proname LIKE '%moving%'
                UNION ALL SELECT tgname FROM pg_trigger WHERE tgname LIKE '%moving%'
                UNION ALL SELECT conname FROM pg_constraint WHERE conname LIKE 'liquibase%' OR conname LIKE '%makes_room%'""");
    }

    private static void assertSaid(MigrationFixture table, String... parts) {
        assertThat(table.lines()).anySatisfy(line -> assertThat(line).contains(parts));
    }

    @Test
    void aPartitionMovesWithAllThatItHasAndComesBack() throws SQLException {
        MigrationFixture orders = orders();
        database.execute(
                "CREATE TABLE states (name text PRIMARY KEY)",
                "INSERT INTO states VALUES ('new')",
                "ALTER TABLE orders ADD CONSTRAINT state FOREIGN KEY (status) REFERENCES states",
                "ALTER TABLE orders ADD CONSTRAINT positive CHECK (amount >= 0)",
                "CREATE INDEX by_amount ON orders (amount, lower(status)) WHERE amount > 1",
                "CREATE STATISTICS orders_202401_both ON status, amount FROM orders_202401",
                "ALTER TABLE orders_202401 SET (fillfactor = 90)",
                "CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                "CREATE TRIGGER audited AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION audit()",
                "GRANT SELECT ON orders_202401 TO PUBLIC",
                "UPDATE orders SET filler = (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 300) AS i) WHERE id = 3");
        List<String> rows = orders.rows();
        List<String> january = january();
        assertThat(tablespaces()).containsExactly("default");

        move(orders);

        assertThat(tablespaces()).containsExactly(cold);
        assertThat(january()).isEqualTo(january);
        assertThat(orders.rows()).isEqualTo(rows);
        assertThat(leftovers()).isEmpty();
        assertSaid(
                orders,
                "retirePartitions: public.orders_202401 of public.orders is in the tablespace %s now, and was in pg_default; each of its rows was compared."
                        .formatted(cold));
        database.execute("INSERT INTO orders (id, status, created_at) VALUES (1001, 'new', '2024-01-03')");
        assertThat(database.queryString("SELECT tableoid::regclass::text FROM orders WHERE id = 1001"))
                .isEqualTo("orders_202401");
        int lines = orders.lines().size();
        move(orders);
        assertThat(orders.lines()).hasSize(lines);
        assertThat(database.queryStrings("SELECT partition_name || ' ' || state FROM partition_retirement"))
                .containsExactly("orders_202401 moved");
        orders.dropRetired();
        database.execute("DELETE FROM orders WHERE id = 1001");

        orders.undoRetirement();

        assertThat(tablespaces()).containsExactly("default");
        assertThat(january()).isEqualTo(january);
        assertThat(orders.rows()).isEqualTo(rows);
        assertThat(leftovers()).isEmpty();
        assertSaid(orders, "rollback: public.orders_202401 is in the tablespace pg_default again.");
    }

    /** A run that does not get its lock leaves the copy, as one that is killed does. */
    private void copyOnly(MigrationFixture orders) throws SQLException {
        try (Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.execute("LOCK TABLE ONLY orders IN ACCESS SHARE MODE");
            assertThatThrownBy(() -> orders.retire(rule(cold), new LockPolicy(Duration.ofMillis(50), 2)))
                    .isInstanceOf(PartitionException.class)
                    .hasMessageContaining("It stays where it was.");
            reader.rollback();
        }
        assertThat(tablespaces()).containsExactly("default");
    }

    private String twin() {
        return database.queryString("SELECT 'orders_202401_moving'::regclass::oid::text");
    }

    @Test
    void aKilledRunGoesOnWithItsCopyUnlessSomebodyHasWrittenMeanwhile() throws SQLException {
        MigrationFixture orders = orders();
        copyOnly(orders);
        String twin = twin();
        for (String write : List.of(
                "UPDATE orders SET status = 'paid' WHERE id = 3",
                "SET session_replication_role = replica; DELETE FROM orders WHERE id = 6",
                "INSERT INTO orders (id, status, created_at) VALUES (1001, 'new', '2024-01-03')",
                "UPDATE orders SET created_at = '2024-02-03' WHERE id = 9",
                "TRUNCATE orders_202402, orders_202401")) {
            database.execute(write);
            List<String> rows = orders.rows();

            copyOnly(orders);

            assertThat(twin()).as(write).isNotEqualTo(twin);
            twin = twin();
            assertThat(orders.rows()).isEqualTo(rows);
        }
        database.execute("INSERT INTO orders (id, status, created_at) VALUES (1002, 'new', '2024-01-04')");
        copyOnly(orders);
        twin = twin();
        List<String> rows = orders.rows();

        move(orders);

        assertThat(tablespaces()).containsExactly(cold);
        assertThat(database.queryString("SELECT 'orders_202401'::regclass::oid::text"))
                .isEqualTo(twin);
        assertThat(orders.rows()).isEqualTo(rows);
        assertThat(leftovers()).isEmpty();
    }

    private List<String> ours() {
        return database.queryStrings("SELECT t::text FROM orders AS t WHERE id < -9000000 ORDER BY 1");
    }

    @Test
    void whoWritesToTheTableMeanwhileFailsNotAndLosesNothing() throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 240);
        database.execute(
                "UPDATE orders SET created_at = created_at + interval '5 months' WHERE created_at < '2024-04-01'");
        orders.throughSwap().dropBackup();
        try (Workload workload = Workload.on(database, "public.orders", "id", "created_at")
                .between(LocalDate.of(2024, 5, 1), LocalDate.of(2025, 1, 1))
                .writers(4)
                .start()) {
            workload.awaitCommits(30);
            database.execute(
                    "INSERT INTO orders SELECT -10000000 - i, 'old', 1, repeat('x', 400), timestamptz '2024-01-10 00:00+00' FROM generate_series(1, 9000) AS i");
            List<String> ours = ours();
            move(orders);
            assertThat(tablespaces()).containsExactly(cold);
            workload.awaitCommits(30);
            assertThat(ours()).isEqualTo(ours);
            orders.undoRetirement();
            workload.awaitCommits(30);
            workload.stop();
            assertThat(ours()).isEqualTo(ours);
            database.execute("DELETE FROM orders WHERE id < -9000000");
            workload.assertNothingLost();
        }
        assertThat(tablespaces()).containsExactly("default");
    }

    /** Each time in the last moment before the lock. */
    @Test
    void aPartitionThatIsWrittenToAgainAndAgainStays() throws SQLException {
        MigrationFixture orders = orders();
        database.execute(
                """
                CREATE FUNCTION late() RETURNS event_trigger LANGUAGE plpgsql SET search_path = public AS $$ BEGIN
                  IF current_query() LIKE '%VALIDATE CONSTRAINT%' THEN UPDATE orders SET amount = amount + 1 WHERE id = 3; END IF;
                END $$""",
                "CREATE EVENT TRIGGER late ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION late()");
        String before = database.queryString("SELECT amount FROM orders WHERE id = 3");

        move(orders);

        assertSaid(orders, "WARNING: public.orders_202401", "it was written to each of the 3 times that it was copied");
        assertThat(database.queryString("SELECT amount - 3 FROM orders WHERE id = 3"))
                .isEqualTo(before);
        assertThat(tablespaces()).containsExactly("default");
        assertThat(leftovers()).isEmpty();
        database.execute("DROP EVENT TRIGGER late");
        move(orders);
        assertThat(tablespaces()).containsExactly(cold);
        assertThat(status(orders).facts())
                .contains("Archived in another tablespace, and still partitions: public.orders_202401.");
        assertThat(status(orders).problems()).isEmpty();
    }

    private StatusReport status(MigrationFixture orders) throws SQLException {
        try (Connection connection = database.connect()) {
            Session session = new Session(connection);
            StateTables state = new StateTables(new Identifier("public"));
            return session.whilePinned(() -> RetirementStatus.of(
                    session,
                    state,
                    new Migrations(session, state).find(orders.source()).orElseThrow()));
        }
    }

    @Test
    void whatCannotMoveSaysWhyAndStaysAsItWas() throws SQLException {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 30, 3).throughSwap();
        move(orders);
        assertSaid(orders, "WARNING: public.orders_202401", "the way back of the swap is still open");
        orders.dropBackup();
        assertThatThrownBy(() -> orders.retire(rule("nowhere"), MigrationFixture.LOCK))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("There is no tablespace nowhere", "CREATE TABLESPACE \"nowhere\"");
        database.execute(
                "CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                "CREATE TRIGGER audited AFTER INSERT ON orders_202401 FOR EACH ROW EXECUTE FUNCTION audit()");
        move(orders);
        assertSaid(
                orders,
                "it has the trigger audited for itself",
                "ALTER TABLE \"public\".\"orders_202401\" SET TABLESPACE \"%s\"".formatted(cold));
        database.execute("DROP TRIGGER audited ON orders_202401", "CREATE VIEW january AS SELECT * FROM orders_202401");
        assertThatThrownBy(() -> move(orders))
                .hasMessageContaining("since others depend on it", "january", "It stays where it was.");
        assertThat(tablespaces()).containsExactly("default");
        database.execute(
                "DROP VIEW january",
                "CREATE TABLE items (id bigint, at timestamptz, FOREIGN KEY (id, at) REFERENCES orders (id, created_at))");
        move(orders);
        assertSaid(orders, "the foreign key items_id_at_fkey", "refers to the table");
        database.execute("DROP TABLE items", "CREATE PUBLICATION everything FOR ALL TABLES");
        move(orders);
        assertSaid(orders, "the publication everything would send the rows of its twin");
        database.execute("DROP PUBLICATION everything");

        move(orders);

        assertThat(tablespaces()).containsExactly(cold);
        assertThat(leftovers()).isEmpty();
    }

    /** The rows of the copy are younger than what such a transaction sees. */
    @Test
    void aReaderWithAnOlderSnapshotIsWaitedForAndMissesNoRow() throws Exception {
        MigrationFixture orders = orders();
        try (Transaction reader = Transaction.beginRepeatableRead(database)) {
            reader.query("SELECT 1");
            Future<Void> moving = MigrationFixture.inBackground(() -> {
                move(orders);
                return null;
            });
            while (orders.lines().stream()
                    .noneMatch(line -> line.startsWith("Waiting for transactions with an older snapshot"))) {
                assertThat(moving.isDone()).isFalse();
                LockSupport.parkNanos(10_000_000);
            }
            assertThat(reader.query("SELECT count(*) FROM orders")).isEqualTo("300");
            reader.rollback();
            MigrationFixture.join(moving);
        }
        assertThat(tablespaces()).containsExactly(cold);
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(300);
    }
}
