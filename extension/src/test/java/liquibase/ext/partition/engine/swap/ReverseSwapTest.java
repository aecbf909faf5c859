package liquibase.ext.partition.engine.swap;

import static liquibase.ext.partition.engine.MigrationFixture.insert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The way back: no row and nothing that was made since the swap is lost in silence. */
@ExtendWith(FreshDatabase.class)
class ReverseSwapTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = MigrationFixture.ofOrders(database, 1000, 4);
    }

    @Test
    void theReverseSwapLosesNoRowWrittenSinceTheSwap() throws SQLException {
        orders.throughSwap();
        database.execute(
                insert(5000),
                insert(5001),
                "UPDATE orders SET status = 'paid' WHERE id = 1",
                "UPDATE orders SET created_at = timestamptz '2024-04-24 00:00+00' WHERE id IN (2, 5001)",
                "UPDATE orders SET created_at = timestamptz '2030-01-01 00:00+00' WHERE id = 3",
                "UPDATE orders SET id = 6000 WHERE id = 4",
                "UPDATE orders SET id = 6001, created_at = timestamptz '2024-03-10 00:00+00' WHERE id = 5",
                "DELETE FROM orders WHERE id IN (6, 7)",
                insert(7),
                "UPDATE orders SET amount = NULL");
        List<String> rows = orders.rows();

        orders.reverseSwap();

        assertThat(orders.kind()).isEqualTo("r");
        assertThat(orders.rows()).isEqualTo(rows);
        assertThat(orders.phase()).isEqualTo("verified");
        assertThat(orders.exists(orders.backup())).isFalse();
        orders.assertNewTableEqualsSource();
    }

    @Test
    void canBeDoneAgainAfterItWasTakenBack() throws SQLException {
        orders.throughSwap();
        database.execute(insert(5000));
        orders.reverseSwap();
        database.execute(
                insert(5001),
                "UPDATE orders SET created_at = timestamptz '2024-03-10 00:00+00' WHERE id IN (1, 5000)",
                "DELETE FROM orders WHERE id = 2");
        List<String> rows = orders.rows();

        orders.swap();

        assertThat(orders.kind()).isEqualTo("p");
        assertThat(orders.rows()).isEqualTo(rows);
        orders.reverseSwap();
        assertThat(orders.rows()).isEqualTo(rows);
        orders.swap().dropBackup();
        assertThat(orders.rows()).isEqualTo(rows);
        assertThat(orders.exists(orders.backup())).isFalse();
        assertThat(orders.exists(orders.delta())).isFalse();
        assertThat(database.queryLong("SELECT count(*) FROM pg_proc WHERE proname LIKE 'orders%'"))
                .isZero();
        database.execute(insert(8000));
    }

    @Test
    void theReverseSwapIsRefusedOnceTheBackupIsDropped() throws SQLException {
        orders.throughSwap().dropBackup();

        assertThatThrownBy(orders::reverseSwap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("there is no table to go back to");
    }

    @Test
    void theReverseSwapSaysSoWhenTheLiveTableHasAnIdTwiceThatTheBackupCannotHold() throws SQLException {
        orders.throughSwap();
        // The partitioned table's key includes the month.
        database.execute(
                "INSERT INTO orders (id, status, created_at) VALUES (1, 'again', timestamptz '2024-02-09 00:00+00')");

        assertThatThrownBy(orders::reverseSwap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("its unique index refuses a row that public.orders has")
                .hasMessageContaining("Nothing is lost");
        assertThat(orders.kind()).isEqualTo("p");

        database.execute("DELETE FROM orders WHERE status = 'again'");
        orders.reverseSwap();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1000);
    }

    @Test
    void aPartitionAddedAfterTheSwapIsCapturedAndItsRowsComeBack() throws SQLException {
        orders.throughSwap();
        database.execute(
                "CREATE TABLE orders_202405 PARTITION OF orders FOR VALUES FROM ('2024-05-01 00:00+00') TO ('2024-06-01 00:00+00')",
                "INSERT INTO orders (id, status, created_at) VALUES (5000, 'next month', timestamptz '2024-05-09 00:00+00')");

        orders.reverseSwap();

        assertThat(database.queryString("SELECT status FROM orders WHERE id = 5000"))
                .isEqualTo("next month");
        orders.swap().dropBackup();
        assertThat(database.queryString("SELECT tableoid::regclass FROM orders WHERE id = 5000"))
                .isEqualTo("orders_202405");
    }

    private static final String CAPTURE_ELSEWHERE =
            "INSERT INTO \"public\".\"orders_delta\" (\"id\", \"created_at\") SELECT \"id\", \"created_at\" FROM \"public\".\"elsewhere\"";

    private void attachATableWithARow() throws SQLException {
        orders.throughSwap();
        database.execute(
                "CREATE TABLE elsewhere (LIKE orders INCLUDING ALL)",
                "INSERT INTO elsewhere (id, status, created_at) VALUES (5000, 'elsewhere', timestamptz '2024-05-09 00:00+00')",
                "ALTER TABLE orders ATTACH PARTITION elsewhere FOR VALUES FROM ('2024-05-01 00:00+00') TO ('2024-06-01 00:00+00')",
                "INSERT INTO orders (id, status, created_at) VALUES (5001, 'through orders', timestamptz '2024-05-10 00:00+00')");

        assertThatThrownBy(orders::reverseSwap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.elsewhere has rows that the backup has not")
                .hasMessageEndingWith(CAPTURE_ELSEWHERE)
                .hasMessageContaining("Nothing was renamed");
        assertThat(orders.kind()).isEqualTo("p");
    }

    @Test
    void theReverseSwapDoesNotLoseRowsThatATableHadWhenItWasAttached() throws SQLException {
        attachATableWithARow();

        database.execute(CAPTURE_ELSEWHERE);
        orders.reverseSwap();

        assertThat(database.queryStrings("SELECT status FROM orders WHERE id >= 5000 ORDER BY id"))
                .containsExactly("elsewhere", "through orders");
    }

    @Test
    void theReverseSwapLeavesATableThatWasTakenOutAgain() throws SQLException {
        attachATableWithARow();

        database.execute("ALTER TABLE orders DETACH PARTITION elsewhere");
        orders.reverseSwap().undo();

        assertThat(database.queryStrings("SELECT status FROM elsewhere ORDER BY id"))
                .containsExactly("elsewhere", "through orders");
    }

    private static String[] remedies(Throwable refused) {
        return refused.getMessage()
                .lines()
                .skip(1)
                .map(line -> line.replaceFirst("^.*?: ", "").replaceFirst("; or do without it: .*", ""))
                .flatMap(line -> Arrays.stream(line.split("; ")))
                .toArray(String[]::new);
    }

    private List<String> uniqueIndexes(String table) {
        return database.queryStrings("""
                SELECT pg_get_indexdef(indexrelid) FROM pg_index
                WHERE indrelid = ?::regclass AND indisunique AND NOT indisprimary ORDER BY 1""", table);
    }

    /** They used to be lost silently, together with what a unique one forbids. */
    @Test
    void indexesThatWereMadeAfterTheSwapAreNamedAndComeAlongOnceTheBackupHasThemAsTheMessageSays() throws SQLException {
        database.execute("CREATE INDEX of_status ON orders (status)");
        orders.throughSwap();
        database.execute(
                "CREATE UNIQUE INDEX one ON orders (amount, created_at) WHERE amount > 0",
                "ALTER TABLE orders ADD CONSTRAINT another UNIQUE (amount, id, created_at) DEFERRABLE INITIALLY DEFERRED",
                "CREATE INDEX \"Plain\" ON orders (amount)",
                "DROP INDEX of_status",
                "CREATE UNIQUE INDEX of_status ON orders (status, id, created_at)",
                "CREATE UNIQUE INDEX march ON orders_202403 (amount)",
                "CREATE INDEX april ON orders_202404 (status)");

        Throwable refused = catchThrowable(orders::reverseSwap);
        assertThat(refused)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("Nothing was renamed")
                .hasMessageContaining("unique index public.march of partition public.orders_202403")
                .hasMessageContaining("or do without it: DROP INDEX \"public\".\"Plain\"")
                .hasMessageContaining(
                        "or do without it: ALTER TABLE \"public\".\"orders\" DROP CONSTRAINT \"another\"");
        assertThat(orders.kind()).isEqualTo("p");
        List<String> unique = uniqueIndexes("orders");

        database.execute(remedies(refused));
        orders.reverseSwap();
        assertThat(uniqueIndexes("orders"))
                .isEqualTo(unique.stream()
                        .map(it -> it.replace("ON ONLY public.orders", "ON public.orders"))
                        .toList())
                .hasSize(3);
        assertThat(database.queryString("SELECT condeferred FROM pg_constraint WHERE conname = 'another'"))
                .isEqualTo("t");
        assertThat(database.queryLong("SELECT count(*) FROM pg_indexes WHERE tablename = 'orders'"))
                .isEqualTo(5);
        assertThat(orders.lines())
                .contains("Index public.april of partition public.orders_202404 stays with public.orders_new.");
        orders.swap();
        assertThat(uniqueIndexes("orders")).isEqualTo(unique);
    }

    /** Each is there after the rollback, or is the reason for its refusal. */
    @Test
    void nothingThatWasMadeOnTheLiveTableAfterTheSwapIsLostInSilence() throws SQLException {
        database.execute(
                "CREATE TABLE statuses (status text PRIMARY KEY)",
                "INSERT INTO statuses SELECT DISTINCT status FROM orders");
        orders.throughSwap();
        for (String[] made : new String[][] {
            {
                "ALTER TABLE orders ADD CONSTRAINT positive CHECK (amount >= 0)",
                "ALTER TABLE orders DROP CONSTRAINT positive"
            },
            {"CREATE RULE quiet AS ON DELETE TO orders DO ALSO NOTHING", "DROP RULE quiet ON orders"},
            {
                "CREATE TABLE items (id bigint, at timestamptz, FOREIGN KEY (id, at) REFERENCES orders (id, created_at))",
                "DROP TABLE items"
            },
        }) {
            database.execute(made[0]);
            assertThatThrownBy(orders::reverseSwap).isInstanceOf(PartitionException.class);
            database.execute(made[1]);
        }
        database.execute(
                "ALTER TABLE orders ADD CONSTRAINT of_status FOREIGN KEY (status) REFERENCES statuses",
                "COMMENT ON INDEX orders_pkey IS 'the key'",
                "COMMENT ON COLUMN orders.amount IS 'in euros'");
        orders.reverseSwap();
        assertThat(database.queryStrings("""
                SELECT conname::text FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype = 'f'
                UNION ALL SELECT obj_description('orders_pkey'::regclass, 'pg_class')
                UNION ALL SELECT col_description('orders'::regclass, 3)""")).contains("of_status", "the key", "in euros");
    }
}
