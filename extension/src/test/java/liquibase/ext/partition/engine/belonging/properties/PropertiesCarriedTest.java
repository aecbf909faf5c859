package liquibase.ext.partition.engine.belonging.properties;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The properties of a table that LIKE does not copy: under the live name after the swap, on its partitions, and again
 * after the way back.
 */
@ExtendWith(FreshDatabase.class)
class PropertiesCarriedTest {
    private TestDatabase database;
    private RichOrders rich;

    @BeforeEach
    void makeOrders() {
        rich = RichOrders.in(database);
    }

    @Test
    void everythingComesAlongAndGoesBackAndComesAgain() throws SQLException {
        List<String> before = rich.description("orders");
        List<String> after = RichOrders.announced(before);
        MigrationFixture orders = rich.migration().throughSwap();

        assertThat(rich.description("orders")).isEqualTo(after);
        assertThat(orders.lines())
                .anySatisfy(line -> assertThat(line).contains("check positive").contains("NOT VALID"));
        assertPartitionsHaveIt();
        assertReachedThroughTheTableOnly();
        orders.reverseSwap();
        assertThat(rich.description("orders")).isEqualTo(before);
        orders.swap();
        assertThat(rich.description("orders")).isEqualTo(after);
        assertPartitionsHaveIt();
        orders.assertSameRows(orders.source(), orders.backup());
        orders.dropBackup();
        assertThat(rich.description("orders")).isEqualTo(after);
        assertThat(
                        database.queryRows(
                                "SELECT seqstart, seqincrement, seqmax, seqcache, seqcycle FROM pg_sequence WHERE seqrelid = 'orders_id_seq'::regclass"))
                .containsExactly(List.of("1000", "5", "9000", "3", "t"));
    }

    private void assertPartitionsHaveIt() {
        List<String> partition = rich.description("orders_202403").stream()
                .map(line -> line.replace("orders_202403_", "").replace("orders_202403", "orders"))
                .toList();
        assertThat(partition)
                .anyMatch(
                        line -> line.matches(
                                "column number target 77 options \\{n_distinct=7\\} storage x compression p collation .*letters.*"))
                .anyMatch(line ->
                        line.startsWith("column place target  options {n_distinct=-1,n_distinct_inherited=-0.5}"))
                .anyMatch(line -> line.startsWith("column doc target  options  storage e"))
                .anyMatch(line -> line.equals("constraint positive CHECK ((amount > (0)::numeric)) NOT VALID comment "))
                .anyMatch(line -> line.startsWith(
                        "constraint sits UNIQUE (place, created_at) INCLUDE (number) DEFERRABLE INITIALLY DEFERRED"))
                .anyMatch(line -> line.matches("index \"?the key\"? .* in fast_ .* clustered t .*"))
                .anyMatch(line ->
                        line.matches("index by_number .* in fast_ options \\{fillfactor=50\\} .* targets 55 .*"))
                .anyMatch(line -> line.matches("index gist .* in cold_ .*"))
                .anyMatch(line -> line.matches("index identified .* in  .* identity t .*"))
                .anyMatch(line -> line.matches(
                        "statistics .*together \\(ndistinct, dependencies\\) ON number, code target 44 .*"))
                .anyMatch(
                        line -> line.equals(
                                "table identity i in cold_ options {autovacuum_vacuum_threshold=77,fillfactor=80,parallel_workers=2} toast {autovacuum_enabled=false}"));
        assertThat(database.queryLong("""
                        SELECT count(*) FROM pg_statistic_ext_data AS d JOIN pg_statistic_ext AS s ON s.oid = d.stxoid
                        WHERE s.stxrelid = 'orders_202403'::regclass""")).as("filled by ANALYZE").isEqualTo(3);
    }

    private void assertReachedThroughTheTableOnly() {
        assertThat(database.queryStrings("""
                        SELECT c.relname || ' ' || acl.grantee::regrole FROM pg_class AS c, aclexplode(c.relacl) AS acl
                        WHERE c.relkind IN ('r', 'p') AND c.relname ~ '^orders' AND acl.grantee <> c.relowner""")).isEmpty();
    }

    @Test
    void rowsExchangeADeferrableUniqueValueAtEveryTime() throws SQLException {
        MigrationFixture orders = rich.migration().prepare().capture();
        exchange();
        orders.copy();
        exchange();
        orders.index();
        exchange();
        // One row per batch, so that one batch takes a value and another gives it away.
        orders.replay(1);
        exchange();
        orders.replay().verify();
        exchange();
        orders.swap();
        orders.assertSameRows(orders.source(), orders.backup());
        exchange();
        orders.reverseSwap();
        exchange();
        orders.swap();
        exchange();
        orders.reverseSwap();
    }

    /** Within a month, where the new table's constraint still holds. */
    private void exchange() {
        database.execute("""
                UPDATE orders SET place = CASE place WHEN 12 THEN 24 ELSE 12 END WHERE place IN (12, 24)""");
    }

    @Test
    void whatIsSaidWhileItIsPreparedComesAlongToo() throws SQLException {
        MigrationFixture orders = rich.migration().throughVerification();
        database.execute(
                "COMMENT ON INDEX by_number IS 'otherwise'",
                "COMMENT ON CONSTRAINT \"the key\" ON orders IS NULL",
                "COMMENT ON CONSTRAINT known ON orders IS 'well known'",
                "COMMENT ON COLUMN orders.doc IS 'late'",
                "COMMENT ON STATISTICS together IS NULL",
                "ALTER STATISTICS alone SET STATISTICS 5",
                "ALTER TABLE orders ADD CONSTRAINT late CHECK (place > 20) NOT VALID",
                "CREATE STATISTICS late (mcv) ON number, place FROM orders",
                "ALTER STATISTICS late OWNER TO " + rich.owner(),
                "ALTER TABLE orders ALTER number SET STATISTICS -1, ALTER number RESET (n_distinct), ALTER code SET STATISTICS 9, ALTER code SET (n_distinct = 3)",
                "ALTER TABLE orders ALTER doc SET STORAGE MAIN, ALTER number SET COMPRESSION default",
                "ALTER TABLE orders SET (fillfactor = 95, autovacuum_analyze_threshold = 5)",
                "ALTER TABLE orders RESET (autovacuum_vacuum_threshold, toast.autovacuum_enabled)",
                "ALTER TABLE orders CLUSTER ON identified",
                "ALTER TABLE orders REPLICA IDENTITY USING INDEX \"the key\"");
        List<String> before = rich.description("orders");

        orders.swap();

        assertThat(rich.description("orders")).isEqualTo(RichOrders.announced(before));
        assertThat(database.queryLong("SELECT count(*) FROM pg_constraint WHERE conname = 'late' AND NOT convalidated"))
                .isEqualTo(7);
        assertThat(rich.description("orders_202403"))
                .anyMatch(line -> line.startsWith("column number target  options  storage x compression  collation"))
                .anyMatch(line -> line.startsWith("column doc target  options  storage m"))
                .anyMatch(line -> line.startsWith("column code target 9 options {n_distinct=3} storage"))
                .anyMatch(line -> line.matches("index orders_202403_identified .* clustered t identity f .*"))
                .anyMatch(line -> line.matches("index \"?orders_202403_the key\"? .* clustered f identity t .*"))
                .anyMatch(line -> line.startsWith("table identity i in cold_ options {")
                        && line.contains("fillfactor=95")
                        && line.contains("autovacuum_analyze_threshold=5")
                        && !line.contains("vacuum_threshold=77")
                        && line.endsWith("toast "));
        database.execute("COMMENT ON INDEX by_number IS 'again otherwise'", "DELETE FROM orders WHERE amount <= 0");
        database.execute("ALTER TABLE orders VALIDATE CONSTRAINT positive");
        orders.reverseSwap();
        assertThat(rich.description("orders"))
                .isEqualTo(before.stream()
                        .map(line -> line.replace("'otherwise'", "'again otherwise'")
                                .replace("comment otherwise", "comment again otherwise"))
                        .toList());
        database.execute("ALTER TABLE orders VALIDATE CONSTRAINT positive");
        orders.swap();
    }

    /** Properties of the table itself, and properties of each of its partitions. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theReplicaIdentityAndTheParametersGoBackAsTheyWereSetSinceTheSwap(boolean onTable) throws SQLException {
        MigrationFixture orders = rich.migration().throughSwap();
        List<String> before = rich.description("orders_old");
        for (String partition : database.queryStrings(
                "SELECT relid::regclass::text FROM pg_partition_tree('orders') WHERE level > 0")) {
            database.execute(
                    "ALTER TABLE %s SET (fillfactor = 42), RESET (autovacuum_vacuum_threshold)".formatted(partition));
            if (!onTable) {
                database.execute("ALTER TABLE %s REPLICA IDENTITY FULL".formatted(partition));
            }
        }
        if (onTable) {
            database.execute("ALTER TABLE orders REPLICA IDENTITY USING INDEX \"the key\"");
        }

        orders.reverseSwap();

        assertThat(replicaIdentity("orders")).isEqualTo(onTable ? "i \"the key\"" : "f");
        assertThat(rich.description("orders"))
                .anyMatch(line -> line.startsWith("table identity")
                        && line.contains("fillfactor=42")
                        && line.contains("parallel_workers=2")
                        && !line.contains("vacuum_threshold"));
        assertThat(before)
                .anyMatch(line -> line.startsWith("table identity i") && line.contains("vacuum_threshold=77"));
        orders.swap();
        assertThat(replicaIdentity("orders")).isEqualTo(onTable ? "i \"the key\"" : "f");
    }

    @Test
    void whatWasSetOnSomePartitionsAloneSinceTheSwapStaysWithThem() throws SQLException {
        List<String> before = rich.description("orders");
        MigrationFixture orders = rich.migration().throughSwap();
        database.execute(
                "ALTER TABLE orders_202401 SET (fillfactor = 42)",
                "ALTER TABLE orders_202401 REPLICA IDENTITY FULL",
                "ALTER TABLE orders_202403 RESET (parallel_workers)");

        orders.reverseSwap();

        assertThat(rich.description("orders")).isEqualTo(before);
    }

    private String replicaIdentity(String table) {
        return database.queryString("""
                SELECT pg_catalog.concat_ws(' ', c.relreplident, (SELECT i.indexrelid::regclass FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisreplident))
                FROM pg_class AS c WHERE c.oid = ?::regclass""", table);
    }

    @Test
    void whatIsSaidOfTheColumnsOfThePartitionedTableGoesBackWithThem() throws SQLException {
        List<String> before = rich.description("orders");
        MigrationFixture orders = rich.migration().throughSwap();
        database.execute(
                "ALTER TABLE orders ALTER code SET STATISTICS 99, ALTER number SET STATISTICS -1",
                "ALTER TABLE orders ALTER code SET (n_distinct_inherited = 8), ALTER number SET (n_distinct_inherited = 5)",
                "ALTER TABLE orders ALTER doc SET STORAGE MAIN, ALTER code SET COMPRESSION pglz");

        orders.reverseSwap();

        assertThat(rich.description("orders"))
                .containsExactlyInAnyOrderElementsOf(before.stream()
                        .map(line -> line.replace(
                                        "column code target  options  storage x compression ",
                                        "column code target 99 options {n_distinct=8} storage x compression p")
                                .replace(
                                        "column doc target  options  storage e",
                                        "column doc target  options  storage m")
                                .replace(
                                        "column number target 77 options {n_distinct=7}",
                                        "column number target  options {n_distinct=5}"))
                        .toList());
        orders.swap().reverseSwap();
    }

    @Test
    void aCheckAddedOrValidatedOnOneOfTheTwoIsToldByName() throws SQLException {
        MigrationFixture orders = rich.migration().throughVerification();
        database.execute("DELETE FROM orders WHERE amount <= 0", "ALTER TABLE orders VALIDATE CONSTRAINT positive");

        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("only public.orders has: constraint positive CHECK");

        database.execute("ALTER TABLE orders_new ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID");
        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "only public.orders_new has: constraint positive CHECK ((amount > (0)::numeric)) NOT VALID");
        orders.replay();
        database.execute("ALTER TABLE orders_new VALIDATE CONSTRAINT positive");
        orders.swap();
    }

    /** Its type changes, but its collation does not. */
    @Test
    void aColumnKeepsItsCollationWithAnotherType() throws SQLException {
        rich.migration()
                .converting("code", "text", null, null)
                .converting("number", "varchar", null, null)
                .throughSwap();

        assertThat(rich.description("orders"))
                .anyMatch(line -> line.matches("column code .* collation \"?C\"? comment "))
                .anyMatch(line -> line.matches("column number target 77 .* collation .*letters comment no number"));
    }

    /** The partition key may be NULL, so no unique index of the table can include it. */
    @Test
    void whatIsSaidOfAUniqueIndexIsSaidOfEachPartitionsWhereTheTableHasNone() throws SQLException {
        database.execute(
                "DROP INDEX identified",
                "ALTER TABLE orders ALTER created_at DROP NOT NULL",
                "ALTER TABLE orders REPLICA IDENTITY USING INDEX \"the key\"");
        List<String> before = rich.description("orders");
        MigrationFixture orders = rich.migration().throughSwap();

        assertThat(rich.description("orders"))
                .contains("table identity d in cold_ options  toast ")
                .noneMatch(line -> line.contains("the key") || line.contains("sits"));
        assertThat(rich.description("orders_202403"))
                .anyMatch(line -> line.startsWith("table identity i in cold_"))
                .anyMatch(
                        line -> line.matches(
                                "index \"?orders_202403_the key\"? .* in fast_ .* clustered t identity t .* comment the key's index"))
                .anyMatch(
                        line -> line.matches("constraint \"?orders_202403_the key\"? .* comment the key's constraint"))
                .anyMatch(
                        line -> line.matches("constraint orders_202403_sits UNIQUE \\(place\\) .* DEFERRED comment "));
        orders.reverseSwap();
        assertThat(rich.description("orders")).isEqualTo(before);
    }

    @Test
    void childrenThatTriggersRouteToHaveItToo() throws SQLException {
        List<String> before = rich.description("orders");
        MigrationFixture orders = rich.migration().routedByTrigger().throughSwap();

        assertPartitionHasProperties("orders_202403");
        assertReachedThroughTheTableOnly();
        database.execute(
                "SELECT orders_make(now()::date)",
                "INSERT INTO orders (number, place, amount, created_at) VALUES ('now', 9999, 1, now())");
        String child = database.queryString("SELECT tableoid::regclass FROM orders WHERE number = 'now'");
        assertThat(child).isNotEqualTo("orders_default");
        assertPartitionHasProperties(child);
        assertReachedThroughTheTableOnly();
        orders.reverseSwap();
        assertThat(rich.description("orders")).isEqualTo(before);
    }

    /** Options that a newer server keeps for itself; a statement that wrote them would be refused. */
    private void keepOptionsOfTheServersOwn(String relations) {
        database.execute("SET allow_system_table_mods = on", """
                UPDATE pg_attribute SET attoptions = attoptions || ARRAY['kept_attver=' || (attrelid::bigint * 7 + attnum)]
                WHERE attrelid IN (SELECT oid FROM pg_class WHERE relname ~ '%s') AND attnum > 0""".formatted(relations), """
                UPDATE pg_class SET reloptions = reloptions || ARRAY['kept_relver=' || oid]
                WHERE relname ~ '%1$s' AND relkind IN ('r', 'm')
                   OR oid = (SELECT reltoastrelid FROM pg_class WHERE relname = '%1$s')""".formatted(relations), """
                UPDATE pg_class SET reloptions = reloptions || ARRAY['kept_relver=' || oid] WHERE relname IN ('sits', 'reading')""");
    }

    private List<String> optionsOf(String relation) {
        return database.queryStrings("""
                SELECT o FROM pg_attribute AS a, unnest(a.attoptions) AS o
                WHERE a.attrelid = '%1$s'::regclass AND o NOT LIKE 'pg\\_attver=%%'
                UNION ALL
                SELECT o FROM pg_class AS c, unnest(c.reloptions) AS o
                WHERE c.oid = '%1$s'::regclass OR c.oid = (SELECT reltoastrelid FROM pg_class WHERE oid = '%1$s'::regclass)
                ORDER BY 1""".formatted(relation));
    }

    @Test
    void optionsThatAPersonSetsComeAlongAndThoseThatTheServerKeepsDoNot() throws SQLException {
        database.execute(
                "CREATE VIEW reading WITH (security_barrier) AS SELECT id FROM orders",
                "CREATE MATERIALIZED VIEW read AS SELECT id, number FROM orders",
                "ALTER MATERIALIZED VIEW read SET (fillfactor = 90), ALTER number SET (n_distinct = 7)",
                "ALTER VIEW reading OWNER TO " + rich.owner(),
                "ALTER MATERIALIZED VIEW read OWNER TO " + rich.owner());
        keepOptionsOfTheServersOwn("^(orders|read)$");
        rich.migration().throughSwap();

        assertThat(optionsOf("orders"))
                .containsExactly(
                        "n_distinct=-1", "n_distinct=7", "n_distinct_inherited=-0.5", "n_distinct_inherited=7");
        assertThat(optionsOf("orders_202403"))
                .containsExactly(
                        "autovacuum_enabled=false",
                        "autovacuum_vacuum_threshold=77",
                        "fillfactor=80",
                        "n_distinct=-1",
                        "n_distinct=7",
                        "n_distinct_inherited=-0.5",
                        "parallel_workers=2");
        assertThat(optionsOf("sits")).containsExactly("fillfactor=60");
        assertThat(optionsOf("reading")).containsExactly("security_barrier=true");
        assertThat(optionsOf("read")).containsExactly("fillfactor=90", "n_distinct=7");
    }

    @Test
    void aChildThatIsMadeLaterHasNoOptionsThatTheServerKeeps() throws SQLException {
        rich.migration().routedByTrigger().throughSwap();
        keepOptionsOfTheServersOwn("^orders_default$");

        String child = database.queryString("SELECT orders_make(now()::date)::text");
        database.execute("INSERT INTO orders (number, place, amount, created_at) VALUES ('now', 9999, 1, now())");

        assertThat(child).isEqualTo(database.queryString("SELECT tableoid::regclass FROM orders WHERE number = 'now'"));
        assertThat(child).isNotEqualTo("orders_default");
        assertThat(optionsOf(child)).contains("n_distinct=7", "fillfactor=80").noneMatch(it -> it.startsWith("kept_"));
    }

    private void assertPartitionHasProperties(String child) {
        assertThat(rich.description(child))
                .anyMatch(line ->
                        line.startsWith("column number target 77 options {n_distinct=7} storage x compression p"))
                .anyMatch(line -> line.startsWith("constraint positive CHECK ((amount > (0)::numeric))"))
                .anyMatch(line -> line.contains("DEFERRABLE INITIALLY DEFERRED"))
                .anyMatch(line -> line.matches("index .* in fast_ options \\{fillfactor=50\\} .*"))
                .anyMatch(line -> line.matches("index .* identity t .*"))
                .anyMatch(line -> line.matches("statistics .* ON number, code target .*"))
                .anyMatch(line -> line.startsWith("table identity i in cold_ options {")
                        && line.contains("fillfactor=80")
                        && line.endsWith("toast {autovacuum_enabled=false}"));
    }
}
