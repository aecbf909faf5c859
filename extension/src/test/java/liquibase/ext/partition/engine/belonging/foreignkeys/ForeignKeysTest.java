package liquibase.ext.partition.engine.belonging.foreignkeys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.lock.LockNotAvailable;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.swap.ReverseSwap;
import liquibase.ext.partition.engine.swap.SwapSettings;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The table's own foreign keys go where the live name goes. */
@ExtendWith(FreshDatabase.class)
class ForeignKeysTest {
    private static final String LONG_NAME = "long" + "x".repeat(59);

    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        database.execute(
                "CREATE SCHEMA crm",
                "CREATE TABLE crm.customers (id bigint PRIMARY KEY, region text NOT NULL, UNIQUE (region, id))",
                "INSERT INTO crm.customers SELECT i, 'r' || i % 3 FROM generate_series(0, 99) AS i");
        orders = MigrationFixture.ofOrders(database, 200);
        database.execute(
                "ALTER TABLE orders ADD customer bigint, ADD region text, ADD referrer bigint DEFAULT 0, ADD \"select\" bigint, ADD teller bigint",
                "UPDATE orders SET customer = id % 100, region = 'r' || (id % 100) % 3, referrer = id % 7");
    }

    /** The foreign keys of the table that has the live name, in the form in which anyone would make them again. */
    private List<String> definitions() {
        return database.queryStrings("""
                SELECT k.conname || ': ' || pg_get_constraintdef(k.oid) || coalesce(' -- ' || obj_description(k.oid, 'pg_constraint'), '')
                FROM pg_constraint AS k WHERE k.conrelid = 'orders'::regclass AND k.contype = 'f' ORDER BY 1""");
    }

    private List<List<String>> foreignKeysOf(String table) {
        return database.queryRows("""
                SELECT DISTINCT k.conname FROM pg_constraint AS k
                WHERE k.contype = 'f' AND k.conrelid IN (SELECT %1$s::regclass UNION
                                                         SELECT inhrelid FROM pg_inherits WHERE inhparent = %1$s::regclass)""".formatted("'" + table + "'"));
    }

    private void addAll() {
        database.execute(
                "ALTER TABLE orders ADD CONSTRAINT plain FOREIGN KEY (customer) REFERENCES crm.customers",
                "ALTER TABLE orders ADD CONSTRAINT \"Bo\"\"th\" FOREIGN KEY (region, customer) REFERENCES crm.customers (region, id) MATCH FULL ON UPDATE CASCADE ON DELETE RESTRICT",
                "ALTER TABLE orders ADD CONSTRAINT " + LONG_NAME
                        + " FOREIGN KEY (referrer) REFERENCES crm.customers ON DELETE SET DEFAULT DEFERRABLE INITIALLY DEFERRED",
                "ALTER TABLE orders ADD CONSTRAINT cleared FOREIGN KEY (\"select\") REFERENCES crm.customers ON DELETE SET NULL DEFERRABLE",
                "COMMENT ON CONSTRAINT plain ON orders IS 'who; DROP TABLE orders'");
        if (database.isAtLeast(15)) {
            database.execute(
                    "ALTER TABLE orders ADD CONSTRAINT part FOREIGN KEY (region, customer) REFERENCES crm.customers (region, id) ON DELETE SET NULL (customer)");
        }
        if (database.isAtLeast(18)) {
            database.execute(
                    "ALTER TABLE orders ADD CONSTRAINT told FOREIGN KEY (teller) REFERENCES crm.customers NOT ENFORCED");
        }
    }

    @Test
    void allOfThemComeAlongWithEverythingThatTheySayAndGoBackOnRollback() throws SQLException {
        addAll();
        List<String> before = definitions();

        orders.throughVerification();
        assertThat(foreignKeysOf("orders_new")).isEmpty();
        orders.swap();

        assertThat(definitions()).isEqualTo(before);
        assertThat(foreignKeysOf("orders_old")).isEmpty();
        assertThat(
                        database.queryLong(
                                "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = 'orders_202403'::regclass AND conparentid = 0"))
                .isZero();
        assertThat(database.errorOf(
                        "INSERT INTO orders (id, status, created_at, customer) VALUES (9001, 'x', '2024-03-03', 1000)"))
                .isEqualTo("23503");
        assertThat(database.queryLong("SELECT count(*) FROM partition_foreign_key"))
                .isZero();

        orders.reverseSwap();

        assertThat(definitions()).isEqualTo(before);
        assertThat(foreignKeysOf("orders_new")).isEmpty();
        assertThat(database.errorOf(
                        "INSERT INTO orders (id, status, created_at, customer) VALUES (9001, 'x', '2024-03-03', 1000)"))
                .isEqualTo("23503");

        orders.swap();

        assertThat(definitions()).isEqualTo(before);
        orders.dropBackup();
        assertThat(database.queryLong(
                        "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'crm.customers'::regclass AND tgisinternal"))
                .isEqualTo(2L * before.size() - (database.isAtLeast(18) ? 2 : 0));
    }

    @Test
    void oneThatWasNotValidStaysSoAndIsTold() throws SQLException {
        database.execute(
                "UPDATE orders SET customer = 5000 WHERE id = 17",
                "ALTER TABLE orders ADD CONSTRAINT old FOREIGN KEY (customer) REFERENCES crm.customers NOT VALID",
                "COMMENT ON CONSTRAINT old ON orders IS 'since May'");
        List<String> before = definitions();
        orders.throughVerification();
        database.execute("UPDATE orders SET status = 'seen' WHERE id = 17");

        orders.swap();

        assertThat(orders.lines())
                .anySatisfy(line ->
                        assertThat(line).contains("Foreign key old of public.orders was NOT VALID and stays so"));
        String where = database.isAtLeast(18) ? "orders" : "orders_202403";
        assertThat(database.queryString(
                        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'old' AND conrelid = ?::regclass",
                        where))
                .endsWith("NOT VALID");
        assertThat(database.errorOf("UPDATE orders SET customer = 6000 WHERE id = 18"))
                .isEqualTo("23503");

        orders.reverseSwap();

        assertThat(definitions()).isEqualTo(before);
    }

    /** Nobody can make such rows while the key is in force, except by disabling its triggers. */
    @Test
    void oneThatRowsViolateIsToldAndGoesOnForNewRows() throws SQLException {
        database.execute(
                "ALTER TABLE orders ADD CONSTRAINT broken FOREIGN KEY (customer) REFERENCES crm.customers",
                "ALTER TABLE orders DISABLE TRIGGER ALL",
                "UPDATE orders SET customer = 5000 WHERE id = 17",
                "ALTER TABLE orders ENABLE TRIGGER ALL");

        orders.throughSwap();

        assertThat(orders.lines())
                .anySatisfy(line -> assertThat(line).contains("stays NOT VALID, because a row violates it"));
        assertThat(database.errorOf("UPDATE orders SET customer = 6000 WHERE id = 18"))
                .isEqualTo("23503");
    }

    /**
     * A reader of the referenced table keeps the swap from dropping the backup's key, and from the rest of the work.
     */
    @Test
    void whatARunCouldNotFinishTheNextOneDoes() throws SQLException {
        addAll();
        List<String> before = definitions();
        orders.throughVerification();
        SwapSettings impatient = new SwapSettings(new LockPolicy(Duration.ofMillis(20), 2), 5000);
        try (Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.execute("LOCK TABLE crm.customers IN ACCESS SHARE MODE");

            assertThatThrownBy(() -> orders.swap(impatient)).isInstanceOf(LockNotAvailable.class);

            assertThat(orders.phase()).isEqualTo("swapped");
            assertThat(
                            database.errorOf(
                                    "INSERT INTO orders (id, status, created_at, customer) VALUES (9001, 'x', '2024-03-03', 1000)"))
                    .isEqualTo("23503");
            assertThat(foreignKeysOf("orders_old")).hasSameSizeAs(before);
            reader.rollback();
        }

        orders.swap();

        assertThat(definitions()).isEqualTo(before);
        assertThat(foreignKeysOf("orders_old")).isEmpty();

        try (Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.execute("LOCK TABLE crm.customers IN ACCESS SHARE MODE");
            assertThatThrownBy(() -> orders.step("rollback", run -> ReverseSwap.run(run, impatient)))
                    .isInstanceOf(LockNotAvailable.class);
            assertThat(orders.phase()).isEqualTo("verified");
            reader.rollback();
        }

        orders.swap();

        assertThat(definitions()).isEqualTo(before);
        assertThat(foreignKeysOf("orders_old")).isEmpty();
    }

    @Test
    void writersOfBothTablesNoticeNothing() throws Exception {
        database.execute(
                "ALTER TABLE orders ADD CONSTRAINT plain FOREIGN KEY (customer) REFERENCES crm.customers ON DELETE CASCADE");
        orders.throughVerification();
        AtomicBoolean over = new AtomicBoolean();
        Future<Void> inserting = MigrationFixture.inBackground(() -> writeOrders(over, 10_000));
        Future<Void> alternating = MigrationFixture.inBackground(() -> writeCustomers(over));

        orders.swap();
        orders.reverseSwap();
        orders.swap();
        over.set(true);
        MigrationFixture.join(inserting);
        MigrationFixture.join(alternating);

        assertThat(
                        database.queryLong(
                                "SELECT count(*) FROM orders AS o WHERE NOT EXISTS (SELECT FROM crm.customers AS c WHERE c.id = o.customer)"))
                .isZero();
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id >= 10000"))
                .isPositive();
        orders.dropBackup();
    }

    private Void writeOrders(AtomicBoolean over, long first) throws SQLException {
        try (Connection connection = database.connect();
                PreparedStatement insert = connection.prepareStatement(
                        "INSERT INTO orders (id, status, created_at, customer) VALUES (?, 'n', timestamptz '2024-05-05' + ? * interval '1 hour', ?)");
                PreparedStatement update = connection.prepareStatement("UPDATE orders SET customer = ? WHERE id = ?")) {
            for (long id = first; !over.get(); id++) {
                insert.setLong(1, id);
                insert.setLong(2, id % 1000);
                insert.setLong(3, id % 50);
                insert.execute();
                update.setLong(1, id % 40);
                update.setLong(2, 1 + id % 200);
                update.execute();
            }
        }
        return null;
    }

    /**
     * Inserts a customer and its order in one transaction, then gives the order to another customer, then deletes the
     * first customer.
     */
    private Void writeCustomers(AtomicBoolean over) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            for (long id = 100_000; !over.get(); id++) {
                connection.setAutoCommit(false);
                statement.execute("INSERT INTO crm.customers VALUES (%d, 'r')".formatted(id));
                statement.execute(
                        "INSERT INTO orders (id, status, created_at, customer) VALUES (%1$d, 'n', '2024-07-07', %1$d)"
                                .formatted(id));
                connection.commit();
                connection.setAutoCommit(true);
                if (id % 2 == 0) {
                    statement.execute("UPDATE orders SET customer = 1 WHERE id = " + id);
                }
                statement.execute("DELETE FROM crm.customers WHERE id = " + id);
            }
        }
        return null;
    }

    @Test
    void whereRowsAreRoutedByTriggersEveryChildHasThem() throws SQLException {
        addAll();
        List<String> before = definitions();

        orders.routedByTrigger().throughSwap();

        assertThat(definitions()).isEqualTo(before);
        assertThat(foreignKeysOf("orders_202403")).hasSameSizeAs(before);
        assertThat(database.errorOf(
                        "INSERT INTO orders (id, status, created_at, customer) VALUES (9001, 'x', '2024-03-03', 1000)"))
                .isEqualTo("23503");
        database.execute(
                "DELETE FROM crm.customers WHERE id = 99 AND NOT EXISTS (SELECT FROM orders WHERE customer = 99)");
        database.execute(
                "INSERT INTO orders (id, status, created_at, customer, region) VALUES (9002, 'x', now(), 1, 'r1')");
        assertThat(database.queryString("SELECT tableoid::regclass FROM orders WHERE id = 9002"))
                .isEqualTo("orders_default");

        orders.reverseSwap();

        assertThat(definitions()).isEqualTo(before);
        assertThat(foreignKeysOf("orders_new")).isEmpty();
    }

    @Test
    void theRightToReferIsAskedForBeforeAnythingIsMade() throws SQLException {
        database.execute("ALTER TABLE orders ADD CONSTRAINT plain FOREIGN KEY (customer) REFERENCES crm.customers");
        String owner = database.createRole("owner", "");
        database.execute("GRANT ALL ON SCHEMA public TO " + owner, "ALTER TABLE orders OWNER TO " + owner);
        orders.as(owner);

        assertThatThrownBy(orders::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "its foreign key plain refers to crm.customers, which takes the right to REFERENCE it")
                .hasMessageContaining("GRANT USAGE ON SCHEMA crm TO %1$s; GRANT REFERENCES ON crm.customers TO %1$s"
                        .formatted(owner));

        database.execute("GRANT USAGE ON SCHEMA crm TO " + owner, "GRANT REFERENCES ON crm.customers TO " + owner);
        List<String> before = definitions();
        orders.throughSwap();
        assertThat(definitions()).isEqualTo(before);
        orders.reverseSwap();
        assertThat(definitions()).isEqualTo(before);
    }

    @Test
    void aColumnThatGetsATypeWhichCannotReferIsRefusedAndOneThatCanIsNot() throws SQLException {
        database.execute(
                "ALTER TABLE orders ALTER customer TYPE integer",
                "ALTER TABLE orders ADD CONSTRAINT plain FOREIGN KEY (customer) REFERENCES crm.customers",
                "ALTER TABLE orders ADD CONSTRAINT clerk FOREIGN KEY (teller) REFERENCES crm.customers");
        orders.converting("customer", "bigint", null, null)
                .converting("teller", "text", "teller::text", "teller::bigint");

        assertThatThrownBy(orders::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "its foreign key clerk has the column teller, which becomes text and then cannot refer to id of crm.customers; ALTER TABLE public.orders DROP CONSTRAINT clerk")
                .hasMessageNotContaining("foreign key plain");

        database.execute("ALTER TABLE orders DROP CONSTRAINT clerk");
        orders.throughSwap();
        assertThat(definitions()).hasSize(1);
    }
}
