package liquibase.ext.partition.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Partitions in a schema of their own, all the way there and back, and later. */
@ExtendWith(FreshDatabase.class)
class PartitionSchemaTest {
    private static final String SCHEMA = "Partitions of \"shop\"";

    private TestDatabase database;

    private MigrationFixture orders() {
        return MigrationFixture.ofOrders(database, 240).partitionsIn(SCHEMA);
    }

    private void createSchema() {
        database.execute("CREATE SCHEMA \"Partitions of \"\"shop\"\"\"");
    }

    private List<String> partitions() {
        return database.queryStrings("""
                SELECT DISTINCT n.nspname || ' ' || count(*) FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relispartition AND c.relkind = 'r' GROUP BY n.nspname""");
    }

    @Test
    void thereAndBackAndAgainAndLater() throws SQLException {
        createSchema();
        MigrationFixture orders = orders();
        // The names are free where the partitions are made.
        database.execute(
                "CREATE TABLE orders_202401 (note text)",
                "CREATE TABLE customers (id int PRIMARY KEY)",
                "INSERT INTO customers VALUES (1)",
                "ALTER TABLE orders ADD COLUMN customer int DEFAULT 1 REFERENCES customers",
                "CREATE INDEX by_status ON orders (status)",
                "CREATE STATISTICS together ON status, customer FROM orders");
        orders.throughVerification();
        assertThat(partitions()).containsExactly(SCHEMA + " 13");
        orders.upkeep("2025-02");
        List<String> rows = orders.rows();
        orders.swap();
        assertThat(orders.rows()).isEqualTo(rows);
        orders.upkeep("2025-03");
        database.execute(
                "INSERT INTO orders VALUES (1001, 'ahead', 1, 'x', '2025-02-05')",
                "UPDATE orders SET created_at = '2025-01-05' WHERE id <= 20",
                "DELETE FROM orders WHERE id = 30");
        rows = orders.rows();

        orders.reverseSwap();
        assertThat(orders.rows()).isEqualTo(rows);
        orders.swap().upkeep("2025-04");

        assertThat(orders.rows()).isEqualTo(rows);
        assertThat(partitions()).containsExactly(SCHEMA + " 16");
        assertThat(orders.lines()).noneMatch(line -> line.contains("compared") && line.contains("again"));
        orders.dropBackup().upkeep("2025-05");
        assertThat(orders.rows()).isEqualTo(rows);
        assertThat(partitions()).containsExactly(SCHEMA + " 17");
        assertThat(database.queryStrings(
                        "SELECT indexdef FROM pg_indexes WHERE schemaname = ? AND tablename = 'orders_202504'", SCHEMA))
                .hasSize(2);
        assertThat(
                        database.queryStrings(
                                "SELECT c.relname FROM pg_class AS c WHERE relnamespace = 'public'::regnamespace AND relname ~ 'orders.*(new|old|20)'"))
                .containsExactly("orders_202401");
    }

    @Test
    void aPartitionThatIsTakenOutIsMissed() throws SQLException {
        createSchema();
        MigrationFixture orders = orders().throughSwap().upkeep("2025-02");
        database.execute("INSERT INTO orders VALUES (1001, 'ahead', 1, 'x', '2025-01-05')");
        database.execute("DROP TABLE \"Partitions of \"\"shop\"\"\".orders_202403");

        assertThatThrownBy(orders::reverseSwap)
                .hasMessageContainingAll(SCHEMA + ".orders_202403 was dropped", "Nothing was renamed");
        assertThatThrownBy(orders::dropBackup).hasMessageContaining("orders_202403");
    }

    @Test
    void aSchemaThatIsNotThereIsRefused() {
        assertThatThrownBy(() -> orders().prepare())
                .hasMessageContainingAll(
                        "its partitions are to be made in schema \"Partitions of \"\"shop\"\"\", and there is none",
                        "CREATE SCHEMA \"Partitions of \"\"shop\"\"\" AUTHORIZATION",
                        "Nothing was changed");
    }

    @Test
    void aNameThatIsTakenThereIsRefused() {
        createSchema();
        database.execute("CREATE TABLE \"Partitions of \"\"shop\"\"\".orders_202405 (note text)");

        assertThatThrownBy(() -> orders().prepare())
                .hasMessageContaining("these names are taken by something that this migration did not make: " + SCHEMA
                        + ".orders_202405;");
    }

    @Test
    void aRoleThatMayNotCreateThereIsToldWhatToGrant() throws SQLException {
        createSchema();
        String role = database.createRole("shopkeeper", "");
        MigrationFixture orders = orders().as(role);
        database.execute(
                "ALTER TABLE orders OWNER TO " + role,
                "GRANT ALL ON SCHEMA public TO " + role,
                "GRANT TEMPORARY ON DATABASE %s TO %s".formatted(database.name(), role));

        assertThatThrownBy(orders::prepare)
                .hasMessageContaining("GRANT USAGE, CREATE ON SCHEMA \"Partitions of \"\"shop\"\"\" TO " + role);
        database.execute("GRANT USAGE, CREATE ON SCHEMA \"Partitions of \"\"shop\"\"\" TO " + role);
        orders.throughSwap().upkeep("2025-02").reverseSwap();
        assertThat(partitions()).containsExactly(SCHEMA + " 14");
    }

    @Test
    void childrenOfTriggersAreInTheTablesSchema() {
        assertThatThrownBy(() -> orders().routedByTrigger().prepare())
                .hasMessageContaining("partitionSchema cannot be given with routing trigger");
    }
}
