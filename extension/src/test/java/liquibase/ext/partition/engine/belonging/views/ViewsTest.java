package liquibase.ext.partition.engine.belonging.views;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.swap.SwapSettings;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.PGStatement;

/**
 * Views and policies that name the table refer to the new one after the swap, and to the old one after the way back.
 */
@ExtendWith(FreshDatabase.class)
class ViewsTest {
    private static final Duration BETWEEN_TRANSACTIONS = Duration.ofMillis(10);

    /** The catalog's whole description of views, by their names. */
    private static List<String> views(TestDatabase database) {
        return database.queryStrings("""
                SELECT format('%s %s oid=%s owner=%s acl=%s options=%s comment=%s columns=%s triggers=%s rules=%s %s',
                              c.relkind, c.oid::regclass, c.oid, c.relowner::regrole, c.relacl, c.reloptions, obj_description(c.oid),
                              ARRAY(SELECT format('%s %s %s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attacl,
                                                  col_description(c.oid, a.attnum), pg_get_expr(d.adbin, d.adrelid))
                                    FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
                                    WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum),
                              ARRAY(SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = c.oid),
                              ARRAY(SELECT pg_get_ruledef(oid) FROM pg_rewrite WHERE ev_class = c.oid AND rulename <> '_RETURN'),
                              pg_get_viewdef(c.oid))
                FROM pg_class AS c
                WHERE c.relkind = 'v' AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
                  AND c.relname NOT LIKE 'partition\\_%'
                ORDER BY 1""");
    }

    private static List<String> policies(TestDatabase database) {
        return database.queryStrings("""
                SELECT format('%s %s %s %s', polrelid::regclass, polname, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
                FROM pg_policy ORDER BY 1""");
    }

    private static List<String> dependentsOfTheBackup(TestDatabase database) {
        return database.queryStrings("""
                SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend
                WHERE refobjid = 'orders_old'::regclass AND deptype = 'n'""");
    }

    @Test
    void viewsOfEveryKindGoAlongAndComeBack(TestDatabase database) throws SQLException {
        String owner = database.createRole("owner", "");
        String analyst = database.createRole("analyst", "");
        MigrationFixture orders = MigrationFixture.ofOrders(database, 120).as(owner);
        database.execute(
                "ALTER TABLE orders OWNER TO " + owner,
                "GRANT CREATE ON SCHEMA public TO " + owner,
                "GRANT %s TO %s".formatted(analyst, owner),
                "GRANT SELECT, INSERT ON orders TO " + analyst,
                "CREATE SCHEMA \"we\"\"ird\" AUTHORIZATION " + analyst,
                """
                CREATE VIEW "we""ird"."Re ""Port" (number, "Sta'tus", amount, created_at)
                WITH (security_barrier, check_option = cascaded) AS
                SELECT id, status, amount, created_at FROM orders WHERE status <> 'a''; DROP TABLE orders; --'""",
                "ALTER VIEW \"we\"\"ird\".\"Re \"\"Port\" OWNER TO " + analyst,
                "ALTER VIEW \"we\"\"ird\".\"Re \"\"Port\" ALTER COLUMN \"Sta'tus\" SET DEFAULT 'by the view'",
                "GRANT SELECT ON \"we\"\"ird\".\"Re \"\"Port\" TO PUBLIC",
                "GRANT UPDATE (amount) ON \"we\"\"ird\".\"Re \"\"Port\" TO %s WITH GRANT OPTION".formatted(owner),
                "COMMENT ON VIEW \"we\"\"ird\".\"Re \"\"Port\" IS 'it''s $$ here'",
                "COMMENT ON COLUMN \"we\"\"ird\".\"Re \"\"Port\".number IS 'first'",
                "CREATE VIEW above AS SELECT number, o.amount FROM \"we\"\"ird\".\"Re \"\"Port\" AS r JOIN orders AS o ON o.id = r.number",
                "CREATE VIEW above_all AS SELECT * FROM above",
                """
                CREATE VIEW numbers AS WITH RECURSIVE up (n) AS (
                  SELECT min(id) FROM orders UNION ALL SELECT n + 1 FROM up WHERE n < 5) SELECT n FROM up""",
                "CREATE VIEW whole AS SELECT row_to_json(o) ->> 'status' AS status, o.id ? 1 AS odd FROM orders AS o"
                        .replace("o.id ? 1", "'{\"1\": 2}'::jsonb ? o.id::text"),
                "CREATE TABLE log (line text)",
                "CREATE VIEW ruled AS SELECT id FROM orders",
                "CREATE RULE logged AS ON DELETE TO ruled DO INSTEAD INSERT INTO log VALUES ('deleted')",
                "CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
                "CREATE TRIGGER instead INSTEAD OF UPDATE ON ruled FOR EACH ROW EXECUTE FUNCTION instead()",
                "ALTER VIEW ruled OWNER TO " + owner,
                "ALTER VIEW above OWNER TO " + owner,
                "ALTER VIEW numbers OWNER TO " + owner,
                "ALTER VIEW whole OWNER TO " + owner,
                "CREATE TABLE notes (order_id bigint, note text)",
                "ALTER TABLE notes OWNER TO " + owner,
                "CREATE POLICY known ON notes FOR ALL USING (EXISTS (SELECT FROM orders AS o WHERE o.id = order_id))"
                        + " WITH CHECK (order_id <= (SELECT max(id) FROM orders))",
                "CREATE POLICY made ON notes FOR INSERT WITH CHECK (order_id IN (SELECT id FROM orders))");
        List<String> views = views(database);
        List<String> policies = policies(database);

        orders.throughSwap();

        assertThat(views(database)).isEqualTo(views);
        assertThat(policies(database)).isEqualTo(policies);
        assertThat(dependentsOfTheBackup(database)).isEmpty();
        database.execute("INSERT INTO \"we\"\"ird\".\"Re \"\"Port\" (number, created_at) VALUES (500, '2024-05-05')");
        assertThat(database.queryRows("SELECT id, status, tableoid::regclass FROM orders WHERE id = 500"))
                .containsExactly(List.of("500", "by the view", "orders_202405"));
        assertThat(database.queryLong("SELECT count(*) FROM above_all WHERE number = 500"))
                .isEqualTo(1);
        assertThatThrownBy(() -> {
                    try (Transaction transaction = Transaction.begin(database)) {
                        transaction.run(
                                "INSERT INTO \"we\"\"ird\".\"Re \"\"Port\" VALUES (501, 'a''; DROP TABLE orders; --', 1, now())");
                    }
                })
                .hasMessageContaining("violates check option");

        orders.reverseSwap();

        assertThat(views(database)).isEqualTo(views);
        assertThat(policies(database)).isEqualTo(policies);
        assertThat(database.queryLong("SELECT count(*) FROM above_all WHERE number = 500"))
                .isEqualTo(1);
        orders.swap().dropBackup();
        assertThat(views(database)).isEqualTo(views);
        assertThat(policies(database)).isEqualTo(policies);
    }

    @Test
    void theOptionSecurityInvokerStays(TestDatabase database) throws SQLException {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 24);
        boolean known = database.isAtLeast(15);
        database.execute("CREATE VIEW careful WITH (%s) AS SELECT id FROM orders WHERE id > 3"
                .formatted(known ? "security_invoker = true, check_option = local" : "check_option = local"));
        List<String> views = views(database);

        orders.throughSwap();

        assertThat(views(database)).isEqualTo(views).allMatch(view -> !known || view.contains("security_invoker=true"));
    }

    @Test
    void aClientsPreparedStatementsThroughAViewGoOn(TestDatabase database) throws SQLException {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 120);
        database.execute(
                "CREATE VIEW open_orders AS SELECT id, status, created_at FROM orders WHERE status <> 'done' WITH CHECK OPTION",
                "CREATE VIEW open_ids AS SELECT id FROM open_orders");
        orders.throughVerification();
        try (Connection client = database.connect();
                PreparedStatement read = client.prepareStatement("SELECT count(*) FROM open_ids WHERE id > ?");
                PreparedStatement write = client.prepareStatement(
                        "INSERT INTO open_orders VALUES (?, 'new', timestamptz '2024-07-07 00:00+00')")) {
            read.unwrap(PGStatement.class).setPrepareThreshold(1);
            write.unwrap(PGStatement.class).setPrepareThreshold(1);
            List<Long> counted = new ArrayList<>();
            counted.add(writeAndCount(write, read, 1001));
            counted.add(writeAndCount(write, read, 1002));
            orders.swap();
            counted.add(writeAndCount(write, read, 1003));
            assertThat(database.queryString("SELECT tableoid::regclass FROM orders WHERE id = 1003"))
                    .isEqualTo("orders_202407");
            orders.reverseSwap();
            counted.add(writeAndCount(write, read, 1004));
            orders.swap().dropBackup();
            counted.add(writeAndCount(write, read, 1005));

            assertThat(counted).containsExactly(1L, 2L, 3L, 4L, 5L);
            assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id > 1000"))
                    .isEqualTo(5);
        }
    }

    private static long writeAndCount(PreparedStatement write, PreparedStatement read, long id) throws SQLException {
        write.setLong(1, id);
        write.executeUpdate();
        read.setLong(1, 1000);
        try (ResultSet row = read.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }

    /**
     * A session that has locked a view goes on to lock the table. The swap must not have locked the table while it
     * waits for the view.
     */
    @Test
    void theViewIsLockedBeforeTheTableAsItsReadersDo(TestDatabase database) throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 120);
        database.execute("CREATE VIEW seen AS SELECT id FROM orders");
        orders.throughVerification();
        try (Transaction reader = Transaction.begin(database)) {
            reader.run("COMMENT ON VIEW seen IS 'held'");
            Future<Void> swap = MigrationFixture.inBackground(() -> orders.swap(
                    new SwapSettings(new LockPolicy(Duration.ofSeconds(30), 1), SwapSettings.DEFAULT_MAX_DRAIN_ROWS)));
            orders.awaitBlockedStatement("seen");

            // Where nobody has the table locked, this is no limit, however loaded the machine is.
            reader.run("SET LOCAL lock_timeout = '50ms'", "UPDATE orders SET status = 'written' WHERE id = 1");
            assertThat(reader.query("SELECT count(*) FROM seen")).isEqualTo("120");
            reader.commit();

            MigrationFixture.join(swap);
        }
        assertThat(database.queryString("SELECT status FROM orders WHERE id = 1"))
                .isEqualTo("written");
    }

    @Test
    void readersAndWritersThroughAViewNoticeNothing(TestDatabase database) throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 120);
        database.execute(
                "CREATE VIEW seen AS SELECT id, status, created_at FROM orders",
                "CREATE VIEW one_between AS SELECT id FROM seen",
                "CREATE VIEW seen_again AS SELECT s.id FROM one_between AS s JOIN orders AS o USING (id)");
        orders.throughVerification();
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLong next = new AtomicLong(10_000);
        List<Future<Void>> clients = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            clients.add(MigrationFixture.inBackground(() -> {
                try (Transaction client = Transaction.begin(database)) {
                    while (!stop.get()) {
                        client.query("SELECT count(*) FROM seen_again");
                        client.run("INSERT INTO seen VALUES (%d, 'new', timestamptz '2024-02-02 00:00+00')"
                                .formatted(next.incrementAndGet()));
                        client.commit();
                        LockSupport.parkNanos(BETWEEN_TRANSACTIONS.toNanos());
                    }
                }
                return null;
            }));
        }
        try {
            orders.swap().reverseSwap().swap();
        } finally {
            stop.set(true);
        }
        for (Future<Void> client : clients) {
            MigrationFixture.join(client);
        }
        assertThat(database.queryLong("SELECT count(*) FROM seen")).isEqualTo(120 + next.get() - 10_000);
    }

    @Test
    void viewsReadTheChildrenWhereTriggersRoute(TestDatabase database) throws SQLException {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 120).routedByTrigger();
        database.execute("CREATE VIEW seen AS SELECT id, status, created_at FROM orders");

        orders.throughSwap();

        database.execute("INSERT INTO seen VALUES (500, 'new', timestamptz '2024-02-02 00:00+00')");
        assertThat(database.queryLong("SELECT count(*) FROM seen")).isEqualTo(121);
        assertThat(dependentsOfTheBackup(database)).isEmpty();
        orders.reverseSwap();
        assertThat(database.queryLong("SELECT count(*) FROM seen")).isEqualTo(121);
    }

    @Test
    void whatCannotBeMadeToMeanTheNewTableIsRefusedByName(TestDatabase database) throws SQLException {
        String owner = database.createRole("owner", "");
        String stranger = database.createRole("stranger", "");
        MigrationFixture orders = MigrationFixture.ofOrders(database, 24).as(owner);
        database.execute(
                "ALTER TABLE orders OWNER TO " + owner,
                "GRANT CREATE ON SCHEMA public TO " + owner,
                "CREATE SCHEMA closed",
                "GRANT USAGE ON SCHEMA closed TO " + owner,
                "CREATE SCHEMA hidden",
                "CREATE TABLE hidden.things (id bigint)",
                "CREATE VIEW foreign_one AS SELECT id FROM orders",
                "ALTER VIEW foreign_one OWNER TO " + stranger,
                "CREATE VIEW grouped AS SELECT id, status FROM orders GROUP BY id",
                "CREATE VIEW typed AS SELECT o FROM orders AS o",
                "CREATE VIEW lonely AS SELECT id FROM ONLY orders",
                "CREATE VIEW closed.inside AS SELECT id FROM orders",
                "CREATE VIEW peeping AS SELECT o.id FROM orders AS o JOIN hidden.things AS t ON t.id = o.id",
                "CREATE VIEW wide AS SELECT amount FROM orders",
                "CREATE VIEW elsewhere AS SELECT 1 AS id",
                "CREATE RULE into_orders AS ON DELETE TO elsewhere DO INSTEAD DELETE FROM orders WHERE id = OLD.id",
                "CREATE TABLE notes (id bigint)",
                "ALTER TABLE notes OWNER TO " + stranger,
                "CREATE POLICY known ON notes USING (id IN (SELECT id FROM orders))");
        for (String view : List.of("grouped", "typed", "lonely", "closed.inside", "peeping", "wide", "elsewhere")) {
            database.execute("ALTER VIEW %s OWNER TO %s".formatted(view, owner));
        }
        orders.converting("amount", "double precision", null, null);

        assertThatThrownBy(orders::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("view public.foreign_one reads it and belongs to role %s; GRANT %1$s TO %s"
                        .formatted(stranger, owner))
                .hasMessageContaining("view public.grouped reads it and is grouped by its key orders_pkey alone")
                .hasMessageContaining("column o of view public.typed is of its row type")
                .hasMessageContaining("view public.lonely reads ONLY it")
                .hasMessageContaining("view closed.inside reads it, and nothing can be made in its schema closed")
                .hasMessageContaining("GRANT CREATE ON SCHEMA closed TO " + owner)
                .hasMessageContaining("GRANT USAGE ON SCHEMA hidden TO " + owner)
                .hasMessageContaining(
                        "its column amount, which is not alike in the new table, is read by view public.wide")
                .hasMessageContaining("rule into_orders of public.elsewhere names it")
                .hasMessageContaining(
                        "policy known of public.notes reads it, a table of role %s; GRANT %1$s".formatted(stranger))
                .hasMessageContaining("Nothing was changed");
    }

    @Test
    void aViewMadeDuringTheCopyIsCarriedOrRefusedByTheSwap(TestDatabase database) throws SQLException {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 24).throughVerification();
        database.execute(
                "CREATE VIEW grouped AS SELECT id, status FROM orders GROUP BY id",
                "CREATE VIEW late AS SELECT id FROM orders");
        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("view public.grouped reads it and is grouped by its key orders_pkey alone")
                .hasMessageContaining("Nothing was renamed");
        database.execute("DROP VIEW grouped");

        orders.swap();

        assertThat(dependentsOfTheBackup(database)).isEmpty();
        assertThat(database.queryLong("SELECT count(*) FROM late")).isEqualTo(24);
    }

    @Test
    void whatSomebodyMadeOnTheBackupIsToldBeforeItIsDropped(TestDatabase database) throws SQLException {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 24).throughSwap();
        database.execute("CREATE VIEW remains AS SELECT id FROM orders_old");

        assertThatThrownBy(orders::dropBackup)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.orders_old cannot be dropped")
                .hasMessageContaining(
                        "view public.remains depends on it; have it read the live table instead, or DROP VIEW public.remains")
                .hasMessageContaining("Nothing was dropped");

        database.execute("DROP VIEW remains");
        orders.dropBackup();
    }
}
