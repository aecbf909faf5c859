package liquibase.ext.partition.engine.belonging.publications;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.sql.SQLException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Publications that publish the table by its name publish it after the swap, and after the way back. */
@ExtendWith(FreshDatabase.class)
class PublicationsTest {
    private static final String ORDERS =
            "CREATE TABLE orders (id bigint PRIMARY KEY, note text, secret text, day date NOT NULL)";

    private static final String INITIAL_ROWS =
            "INSERT INTO orders SELECT i, 'n', 's', date '2024-01-01' + i FROM generate_series(1, 100) AS i";

    private TestDatabase database;

    @BeforeEach
    void orders() {
        database.execute(
                ORDERS,
                "INSERT INTO orders SELECT i, 'n', 's', date '2024-01-01' + i FROM generate_series(1, 100) AS i");
    }

    private MigrationFixture migration() {
        return MigrationFixture.of(database, "public", "orders", "day", "id").between("2024-05", "2024-07");
    }

    private boolean hasLists() {
        return database.isAtLeast(15);
    }

    private List<List<String>> published() {
        return database.queryRows(hasLists() ? """
                          SELECT p.pubname, r.prrelid::regclass::text, pg_get_expr(r.prqual, r.prrelid),
                                 ARRAY(SELECT attname FROM pg_attribute
                                       WHERE attrelid = r.prrelid AND attnum = ANY (r.prattrs::int2[]) ORDER BY 1)
                          FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid ORDER BY 1, 2""" : """
                          SELECT p.pubname, r.prrelid::regclass::text
                          FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid ORDER BY 1, 2""");
    }

    @Test
    void theyGoWithTheName() throws SQLException {
        database.execute(
                "CREATE TABLE others (id bigint PRIMARY KEY)",
                "CREATE PUBLICATION \"the Feed\" FOR TABLE orders, others WITH (publish_via_partition_root = true)",
                "CREATE PUBLICATION leaves FOR TABLE orders");
        if (hasLists()) {
            database.execute(
                    "CREATE PUBLICATION part FOR TABLE orders (id, day, note) WHERE (id > 50 AND day > '2024-01-01')"
                            + " WITH (publish_via_partition_root = true)");
        }
        List<List<String>> before = published();
        MigrationFixture orders = migration().throughSwap();

        assertThat(published()).isEqualTo(before);
        assertThat(orders.lines())
                .filteredOn(line -> line.contains("publish_via_partition_root"))
                .singleElement()
                .asString()
                .contains("leaves", "ALTER PUBLICATION \"leaves\" SET (publish_via_partition_root = true)");
        assertThat(database.queryStrings(
                        "SELECT DISTINCT tablename FROM pg_publication_tables WHERE pubname = 'the Feed' ORDER BY 1"))
                .containsExactly("orders", "others");
        assertThat(database.queryStrings("SELECT tablename FROM pg_publication_tables WHERE pubname = 'leaves'"))
                .contains("orders_202405", "orders_default")
                .doesNotContain("orders", "orders_old");
        database.execute(
                "UPDATE orders SET note = 'm' WHERE id = 51",
                "DELETE FROM orders WHERE id = 52",
                "CREATE PUBLICATION late FOR TABLE orders",
                "DROP PUBLICATION leaves");
        List<List<String>> changed = published();

        orders.reverseSwap();

        assertThat(published()).isEqualTo(changed);
        assertThat(database.queryStrings("SELECT DISTINCT tablename FROM pg_publication_tables ORDER BY 1"))
                .containsExactly("orders", "others");
        orders.swap().dropBackup();
        assertThat(published()).isEqualTo(changed);
        database.execute("UPDATE orders SET note = 'o'", "DELETE FROM orders");
    }

    /** The subscriber's rows are compared; its primary key would stop it at the first change that comes twice. */
    @Test
    void aSubscriberGetsEveryChangeOnceAcrossTheSwapAndTheWayBack() throws SQLException {
        assumeTrue(database.queryString("SHOW wal_level").equals("logical"));
        String slot = database.name();
        try (TestDatabase subscriber = TestDatabase.create()) {
            subscriber.execute(ORDERS, INITIAL_ROWS);
            database.execute("CREATE PUBLICATION feed FOR TABLE orders WITH (publish_via_partition_root = true)");
            subscribe(subscriber, slot);
            try {
                MigrationFixture orders = migration().prepare().capture();
                write(1);
                orders.copy().index().replay().verify();
                // Drained in the swap's own transaction, after it was published from the source.
                write(2);
                orders.swap();
                write(3);
                orders.reverseSwap();
                write(4);
                orders.swap();
                write(5);
                orders.dropBackup();
                write(6);

                subscriber.awaitTrue("""
                        SELECT EXISTS (SELECT FROM orders WHERE id = 1006) AND NOT EXISTS (SELECT FROM orders WHERE id = 2006)""");
                String rows = "SELECT o::text FROM orders AS o ORDER BY id";
                assertThat(subscriber.queryStrings(rows)).hasSize(100 + 6).isEqualTo(database.queryStrings(rows));
            } finally {
                unsubscribe(subscriber, slot);
            }
        }
    }

    private void subscribe(TestDatabase subscriber, String slot) {
        database.execute("SELECT pg_create_logical_replication_slot('%s', 'pgoutput')".formatted(slot));
        subscriber.execute("""
                CREATE SUBSCRIPTION s CONNECTION 'host=localhost port=%s dbname=%s user=%s password=%s' PUBLICATION feed
                WITH (create_slot = false, slot_name = '%s', copy_data = false)""".formatted(
                        database.queryString("SELECT inet_server_port()"),
                        database.name(),
                        database.username(),
                        database.password(),
                        slot));
    }

    private void unsubscribe(TestDatabase subscriber, String slot) {
        subscriber.execute(
                "ALTER SUBSCRIPTION s DISABLE", "ALTER SUBSCRIPTION s SET (slot_name = NONE)", "DROP SUBSCRIPTION s");
        database.awaitTrue("SELECT NOT active FROM pg_replication_slots WHERE slot_name = ?", slot);
        database.execute("SELECT pg_drop_replication_slot('%s')".formatted(slot));
    }

    /** Its worker would skip changes for a table that it does not know, and confirm them. */
    @Test
    void aTableThatASubscriptionWritesIsRefusedUntilTheSubscriptionHasLetGoOfItWithEveryChange() throws SQLException {
        assumeTrue(database.queryString("SHOW wal_level").equals("logical"));
        String slot = database.name();
        try (TestDatabase subscriber = TestDatabase.create()) {
            String owner = subscriber.createRole("owner", "");
            subscriber.execute(
                    ORDERS,
                    INITIAL_ROWS,
                    "GRANT ALL ON SCHEMA public TO " + owner,
                    "ALTER TABLE orders OWNER TO " + owner);
            MigrationFixture late = MigrationFixture.of(subscriber, "public", "orders", "day", "id")
                    .as(owner)
                    .throughVerification();
            database.execute("CREATE PUBLICATION feed FOR TABLE orders");
            subscribe(subscriber, slot);
            try {
                assertThatThrownBy(late::swap)
                        .isInstanceOf(PartitionException.class)
                        .hasMessageContaining("subscription s writes it, and would skip every change after the swap")
                        .hasMessageContaining("note pg_current_wal_insert_lsn()")
                        .hasMessageContaining("Nothing was renamed");
                late.undo();
                assertRefused(late, "on the publisher take it out of feed (ALTER PUBLICATION … DROP TABLE …)");
                write(1);
                database.execute("ALTER PUBLICATION feed DROP TABLE orders");
                String end = database.queryString("SELECT pg_current_wal_insert_lsn()");
                database.awaitTrue(
                        "SELECT confirmed_flush_lsn >= ?::pg_lsn FROM pg_replication_slots WHERE slot_name = ?",
                        end,
                        slot);
                String rows = "SELECT o::text FROM orders AS o ORDER BY id";
                assertThat(subscriber.queryStrings(rows)).isEqualTo(database.queryStrings(rows));
                subscriber.execute("ALTER SUBSCRIPTION s REFRESH PUBLICATION");

                late.throughSwap();

                assertThat(subscriber.queryStrings(rows)).isEqualTo(database.queryStrings(rows));
            } finally {
                unsubscribe(subscriber, slot);
            }
        }
    }

    /** The remedy is printed whole, and done while a subscriber listens. */
    @Test
    void noChangeIsMissedBySubscribersWhereAPublicationOfAllTablesIsMadeAnewAsAdvised() throws SQLException {
        assumeTrue(database.queryString("SHOW wal_level").equals("logical"));
        String slot = database.name();
        String others = "CREATE TABLE others (id bigint PRIMARY KEY)";
        try (TestDatabase subscriber = TestDatabase.create()) {
            subscriber.execute(ORDERS, INITIAL_ROWS, others);
            database.execute(others, "CREATE PUBLICATION feed FOR ALL TABLES WITH (publish = 'insert, delete')");
            subscribe(subscriber, slot);
            try {
                database.execute("INSERT INTO others VALUES (1)");
                String message = catchThrowable(migration()::prepare).getMessage();
                Matcher remedy = Pattern.compile("BEGIN; .*; COMMIT").matcher(message);
                assertThat(remedy.find()).as(message).isTrue();
                database.execute(remedy.group(), "INSERT INTO others VALUES (2)", "DELETE FROM orders WHERE id = 5");
                subscriber.awaitTrue(
                        "SELECT EXISTS (SELECT FROM others WHERE id = 2) AND NOT EXISTS (SELECT FROM orders WHERE id = 5)");
                assertThat(subscriber.queryLong("SELECT count(*) FROM others")).isEqualTo(2);
                assertThat(database.queryString(
                                "SELECT pubinsert::text || pubupdate || pubdelete || pubtruncate FROM pg_publication"))
                        .isEqualTo("truefalsetruefalse");
                migration().prepare();
            } finally {
                unsubscribe(subscriber, slot);
            }
        }
    }

    /** An insert, an update, one that moves its row into another partition, and a delete. */
    private void write(int round) {
        database.execute(
                "INSERT INTO orders VALUES (%d, 'new', 's', date '2024-05-05'), (%d, 'gone', 's', date '2024-05-05')"
                        .formatted(1000 + round, 2000 + round),
                "UPDATE orders SET note = 'round %d' WHERE id = %d".formatted(round, round),
                "UPDATE orders SET day = day + 40 WHERE id = %d".formatted(round + 10),
                "DELETE FROM orders WHERE id = %d".formatted(2000 + round));
    }

    @Test
    void whatASwapCouldNotDoIsRefusedWithTheRemedy() {
        String owner = database.createRole("owner", "");
        database.execute(
                "GRANT ALL ON SCHEMA public TO " + owner,
                "ALTER TABLE orders OWNER TO " + owner,
                "CREATE PUBLICATION feed FOR TABLE orders");
        assertRefused(
                migration().as(owner), "publication feed publishes it and belongs to role " + database.username());
        assertRefused(migration().routedByTrigger(), "ALTER PUBLICATION \"feed\" DROP TABLE \"public\".\"orders\"");
        database.execute("DROP PUBLICATION feed");
        if (hasLists()) {
            database.execute("CREATE PUBLICATION feed FOR TABLES IN SCHEMA public");
            assertRefused(
                    migration(),
                    "BEGIN; ALTER PUBLICATION feed DROP TABLES IN SCHEMA public; ALTER PUBLICATION feed ADD TABLE public.orders; COMMIT");
            database.execute("DROP PUBLICATION feed", "CREATE PUBLICATION feed FOR TABLE orders WHERE (id > 5)");
            assertRefused(migration(), "publishes only some of its rows or columns");
            assertRefused(migration(), "SET (publish_via_partition_root = true)");
            database.execute(
                    "DROP PUBLICATION feed",
                    "CREATE PUBLICATION feed FOR TABLE orders (id, note) WITH (publish_via_partition_root = true)");
            assertRefused(migration(), "publishes updates and deletes without column day");
        }
    }

    private static void assertRefused(MigrationFixture migration, String reason) {
        assertThatThrownBy(migration::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(reason)
                .hasMessageContaining("Nothing was changed");
    }
}
