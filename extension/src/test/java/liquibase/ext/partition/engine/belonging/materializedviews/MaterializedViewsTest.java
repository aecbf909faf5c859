package liquibase.ext.partition.engine.belonging.materializedviews;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.swap.SwapSettings;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Materialized views read the new table after the swap, with all their properties, and the old one after the way back.
 */
@ExtendWith(FreshDatabase.class)
class MaterializedViewsTest {
    /** The catalog's whole description of materialized views and of the views that read them, by their names. */
    private static List<String> views(TestDatabase database) {
        return database.queryStrings("""
                SELECT format('%s %s populated=%s owner=%s acl=%s options=%s comment=%s columns=%s indexes=%s %s',
                              c.relkind, c.oid::regclass, c.relispopulated, c.relowner::regrole,
                              ARRAY(SELECT format('%s %s %s', grantee, privilege_type, is_grantable)
                                    FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) ORDER BY 1),
                              c.reloptions, obj_description(c.oid),
                              ARRAY(SELECT format('%s %s %s %s %s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attacl,
                                                  col_description(c.oid, a.attnum), to_jsonb(a) ->> 'attstattarget', array(SELECT o FROM unnest(a.attoptions) AS o WHERE o LIKE 'n\\_distinct%'), a.attstorage)
                                    FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum),
                              ARRAY(SELECT format('%s %s %s %s', pg_get_indexdef(i.indexrelid), i.indisclustered, obj_description(i.indexrelid),
                                                  ARRAY(SELECT to_jsonb(a) ->> 'attstattarget' FROM pg_attribute AS a WHERE a.attrelid = i.indexrelid))
                                    FROM pg_index AS i WHERE i.indrelid = c.oid ORDER BY 1),
                              pg_get_viewdef(c.oid))
                FROM pg_class AS c
                WHERE c.relkind IN ('v', 'm') AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
                  AND c.relname NOT LIKE 'partition\\_%'
                ORDER BY 1""");
    }

    private static List<String> readersOf(TestDatabase database, String table) {
        return database.queryStrings("""
                SELECT DISTINCT r.ev_class::regclass::text FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid
                WHERE d.refobjid = ?::regclass AND d.deptype = 'n' ORDER BY 1""", table);
    }

    @Test
    void materializedViewsGoAlongWithAllTheyHaveAndComeBack(TestDatabase database) throws SQLException {
        String owner = database.createRole("owner", "");
        String analyst = database.createRole("analyst", "");
        MigrationFixture orders = MigrationFixture.ofOrders(database, 120).as(owner);
        database.execute(
                "ALTER TABLE orders OWNER TO " + owner,
                "GRANT CREATE ON SCHEMA public TO %s, %s".formatted(owner, analyst),
                "GRANT %s TO %s".formatted(analyst, owner),
                "GRANT SELECT ON orders TO " + analyst,
                "ALTER DEFAULT PRIVILEGES FOR ROLE %s GRANT SELECT ON TABLES TO PUBLIC".formatted(owner),
                "CREATE MATERIALIZED VIEW \"To \"\"tals\" WITH (fillfactor = 70, autovacuum_enabled = false) AS"
                        + " SELECT status, date_trunc('month', created_at AT TIME ZONE 'UTC') AS month, count(*) AS orders, sum(amount) AS amount,"
                        + " 'a''; --' AS note FROM orders GROUP BY 1, 2",
                "CREATE UNIQUE INDEX \"Once \"\"a month\" ON \"To \"\"tals\" (status, month) WITH (fillfactor = 80)",
                "CREATE INDEX by_note ON \"To \"\"tals\" (lower(note), orders DESC) WHERE amount > 3",
                "ALTER INDEX by_note ALTER COLUMN 1 SET STATISTICS 77",
                "COMMENT ON INDEX by_note IS 'of the note''s'",
                "ALTER MATERIALIZED VIEW \"To \"\"tals\" CLUSTER ON \"Once \"\"a month\"",
                "ALTER MATERIALIZED VIEW \"To \"\"tals\" ALTER COLUMN note SET STATISTICS 44",
                "ALTER MATERIALIZED VIEW \"To \"\"tals\" ALTER COLUMN note SET (n_distinct = 5)",
                "ALTER MATERIALIZED VIEW \"To \"\"tals\" ALTER COLUMN note SET STORAGE EXTERNAL",
                "COMMENT ON MATERIALIZED VIEW \"To \"\"tals\" IS 'it''s $$ here'",
                "COMMENT ON COLUMN \"To \"\"tals\".month IS 'first day'",
                "GRANT SELECT (month) ON \"To \"\"tals\" TO " + owner,
                "CREATE MATERIALIZED VIEW above AS SELECT count(*) AS n FROM \"To \"\"tals\"",
                "CREATE MATERIALIZED VIEW aa_top AS SELECT a.n, (SELECT max(id) FROM orders) AS last FROM above AS a",
                "CREATE MATERIALIZED VIEW empty_one AS SELECT id FROM orders WITH NO DATA",
                "CREATE VIEW seen AS SELECT t.month, t.orders, a.n FROM \"To \"\"tals\" AS t, above AS a, orders AS o WHERE o.id = 1",
                "CREATE VIEW seen_again AS SELECT * FROM seen",
                "CREATE MATERIALIZED VIEW by_view AS SELECT count(*) AS n FROM seen_again",
                "ALTER VIEW seen OWNER TO " + owner,
                "CREATE FUNCTION of_it() RETURNS SETOF \"To \"\"tals\" LANGUAGE sql AS 'SELECT * FROM \"To \"\"tals\"'",
                "ALTER FUNCTION of_it() OWNER TO " + owner,
                "CREATE TABLE notes (month timestamp)",
                "ALTER TABLE notes OWNER TO " + owner,
                "CREATE POLICY told ON notes USING (month IN (SELECT month FROM \"To \"\"tals\"))");
        for (String view : List.of("above", "aa_top", "empty_one")) {
            database.execute("ALTER MATERIALIZED VIEW %s OWNER TO %s".formatted(view, owner));
        }
        database.execute(
                "ALTER MATERIALIZED VIEW \"To \"\"tals\" OWNER TO " + analyst,
                "GRANT SELECT ON \"To \"\"tals\" TO %s WITH GRANT OPTION".formatted(owner));
        List<String> views = views(database);

        orders.throughSwap();

        assertThat(views(database)).isEqualTo(views);
        assertThat(readersOf(database, "orders_old")).isEmpty();
        assertThat(readersOf(database, "orders"))
                .containsExactlyInAnyOrder("\"To \"\"tals\"", "aa_top", "empty_one", "seen");
        assertThat(orders.lines())
                .anyMatch(line -> line.startsWith("Filling materialized view public.above from public.orders"));
        database.execute(
                "INSERT INTO orders (id, status, created_at) VALUES (500, 'late', '2024-05-05')",
                "REFRESH MATERIALIZED VIEW CONCURRENTLY \"To \"\"tals\"",
                "REFRESH MATERIALIZED VIEW above",
                "REFRESH MATERIALIZED VIEW aa_top");
        assertThat(database.queryRows("SELECT n, last FROM aa_top")).containsExactly(List.of("13", "500"));
        assertThat(database.queryLong("SELECT count(*) FROM seen_again")).isEqualTo(13);
        assertThat(database.queryLong("SELECT count(*) FROM of_it()")).isEqualTo(13);
        assertThat(database.queryString("SELECT pg_get_expr(polqual, polrelid) FROM pg_policy"))
                .contains("FROM \"To \"\"tals\"");

        orders.reverseSwap();

        assertThat(views(database)).isEqualTo(views);
        assertThat(readersOf(database, "orders_new")).isEmpty();
        assertThat(database.queryRows("SELECT n, last FROM aa_top")).containsExactly(List.of("13", "500"));
        orders.swap().dropBackup();
        assertThat(views(database)).isEqualTo(views);
    }

    private static final String GATED =
            "CREATE MATERIALIZED VIEW totals AS SELECT count(*) / (SELECT divisor FROM gate) AS n FROM orders";

    private static MigrationFixture gated(TestDatabase database) {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 24);
        database.execute(
                "CREATE TABLE gate (divisor bigint)",
                "INSERT INTO gate VALUES (1)",
                GATED,
                "CREATE MATERIALIZED VIEW above AS SELECT n FROM totals");
        return orders;
    }

    private static void assertNotFilled(ThrowingStep step) {
        assertThatThrownBy(step::run)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("the successor of materialized view public.totals could not be filled")
                .hasMessageContaining("division by zero")
                .hasMessageContaining("The old one is as it was");
    }

    @FunctionalInterface
    private interface ThrowingStep {
        void run() throws SQLException;
    }

    @Test
    void whatCouldNotBeFilledIsFinishedByTheNextRun(TestDatabase database) throws SQLException {
        MigrationFixture orders = gated(database).throughVerification();
        database.execute("UPDATE gate SET divisor = 0");

        assertNotFilled(orders::swap);

        assertThat(orders.phase()).isEqualTo("swapped");
        assertThat(database.queryLong("SELECT n FROM totals")).isEqualTo(24);
        assertThatThrownBy(orders::dropBackup)
                .hasMessageContaining("materialized view public.totals depends on it")
                .hasMessageContaining("Nothing was dropped");
        database.execute("UPDATE gate SET divisor = 2");

        orders.swap();

        assertThat(database.queryLong("SELECT n FROM above")).isEqualTo(12);
        assertThat(readersOf(database, "orders_old")).isEmpty();
        database.execute("UPDATE gate SET divisor = 0");

        assertNotFilled(orders::reverseSwap);

        assertThat(orders.phase()).isEqualTo("verified");
        database.execute("UPDATE gate SET divisor = 4");
        orders.reverseSwap();
        assertThat(database.queryLong("SELECT n FROM above")).isEqualTo(6);
        assertThat(readersOf(database, "orders_new")).isEmpty();
    }

    /** A rollback does not wait for work that it takes back. */
    @Test
    void successorsThatWereNotFilledAreDroppedOnTheWayBack(TestDatabase database) throws SQLException {
        MigrationFixture orders = gated(database).throughVerification();
        List<String> views = views(database);
        database.execute("UPDATE gate SET divisor = 0");
        assertNotFilled(orders::swap);

        orders.reverseSwap();

        assertThat(views(database)).isEqualTo(views);
        assertThat(readersOf(database, "orders")).containsExactly("totals");
        assertNotFilled(orders::swap);
        assertNotFilled(orders::swap);
        database.execute("UPDATE gate SET divisor = 2");
        orders.swap();
        assertNotFilledOnTheWayBackAndSwappedAgain(database, orders);
        orders.dropBackup();
        assertThat(views(database)).isEqualTo(views);
    }

    private static void assertNotFilledOnTheWayBackAndSwappedAgain(TestDatabase database, MigrationFixture orders)
            throws SQLException {
        database.execute("UPDATE gate SET divisor = 0");
        assertNotFilled(orders::reverseSwap);
        orders.swap();
        assertThat(database.queryLong("SELECT n FROM above")).isEqualTo(12);
        assertThat(readersOf(database, "orders_old")).isEmpty();
    }

    /** Only the exchange of names waits for readers of the old view; the table goes on. */
    @Test
    void aReaderOfTheOldOneHoldsUpNobodyElse(TestDatabase database) throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 24);
        database.execute("CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM orders");
        orders.throughVerification();
        try (Transaction reader = Transaction.begin(database)) {
            // The second statement ends the snapshot of the first, which the swap would wait for.
            reader.run("SELECT n FROM totals", "SET LOCAL lock_timeout = '5s'");
            Future<Void> swap = MigrationFixture.inBackground(() -> orders.swap(
                    new SwapSettings(new LockPolicy(Duration.ofSeconds(30), 1), SwapSettings.DEFAULT_MAX_DRAIN_ROWS)));
            orders.awaitBlockedStatement("ALTER MATERIALIZED VIEW \"public\".\"totals\" OWNER");

            assertThat(orders.phase()).isEqualTo("swapped");
            reader.run("UPDATE orders SET status = 'written' WHERE id = 1");
            assertThat(reader.query("SELECT n FROM totals")).isEqualTo("24");
            reader.commit();

            MigrationFixture.join(swap);
        }
        assertThat(readersOf(database, "orders")).containsExactly("totals");
    }

    @Test
    void whatCannotBeMadeAnewIsRefusedByName(TestDatabase database) throws SQLException {
        String owner = database.createRole("owner", "");
        String stranger = database.createRole("stranger", "");
        MigrationFixture orders = MigrationFixture.ofOrders(database, 24).as(owner);
        database.execute(
                "ALTER TABLE orders OWNER TO " + owner,
                "GRANT CREATE ON SCHEMA public TO " + owner,
                "CREATE MATERIALIZED VIEW totals AS SELECT id, status FROM orders",
                "ALTER MATERIALIZED VIEW totals OWNER TO " + stranger,
                "CREATE TABLE totals_successor (id bigint)",
                "CREATE STATISTICS both_columns ON id, status FROM totals",
                "CREATE VIEW on_it AS SELECT t FROM totals AS t",
                "ALTER VIEW on_it OWNER TO " + owner,
                "CREATE MATERIALIZED VIEW grouped AS SELECT id, status FROM orders GROUP BY id",
                "ALTER MATERIALIZED VIEW grouped OWNER TO " + owner);

        assertThatThrownBy(orders::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("materialized view public.totals reads it and belongs to role %s; GRANT %1$s TO "
                        .formatted(stranger))
                .hasMessageContaining("its successor's name public.totals_successor is taken")
                .hasMessageContaining("DROP STATISTICS public.both_columns")
                .hasMessageContaining("column t of view public.on_it is of its row type")
                .hasMessageContaining("materialized view public.grouped reads it and is grouped by its key");
    }
}
