package liquibase.ext.partition.engine.belonging.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The settings of a table that LIKE does not copy: under the live name after the swap, on its partitions, and again
 * after the way back.
 */
@ExtendWith(FreshDatabase.class)
class SettingsCarriedTest {
    private static final String DESCRIPTION = """
            SELECT format('column %%s target %%s options %%s storage %%s compression %%s collation %%s comment %%s', attname,
                          nullif(attstattarget, -1), nullif(array(SELECT o FROM unnest(attoptions) AS o WHERE o LIKE 'n\\_distinct%%' ORDER BY o), '{}'),
                          attstorage, attcompression, attcollation::regcollation,
                          col_description(attrelid, attnum))
            FROM pg_attribute WHERE attrelid = %1$s AND attnum > 0
            UNION ALL
            SELECT format('constraint %%s %%s comment %%s', conname, pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint'))
            FROM pg_constraint WHERE conrelid = %1$s AND contype IN ('c', 'p', 'u', 'n')
            UNION ALL
            SELECT format('index %%s %%s in %%s options %%s clustered %%s identity %%s targets %%s comment %%s', c.relname,
                          replace(pg_get_indexdef(c.oid), ' ON ONLY ', ' ON '), (SELECT left(spcname, 5) FROM pg_tablespace WHERE oid = c.reltablespace),
                          c.reloptions, indisclustered, indisreplident,
                          (SELECT string_agg(nullif(attstattarget, -1)::text, ',') FROM pg_attribute WHERE attrelid = c.oid),
                          obj_description(c.oid, 'pg_class'))
            FROM pg_index JOIN pg_class AS c ON c.oid = indexrelid WHERE indrelid = %1$s
            UNION ALL
            SELECT format('statistics %%s target %%s comment %%s', regexp_replace(pg_get_statisticsobjdef(oid), ' FROM .*', ''),
                          nullif(stxstattarget, -1), obj_description(oid, 'pg_statistic_ext'))
            FROM pg_statistic_ext WHERE stxrelid = %1$s
            UNION ALL
            SELECT format('table identity %%s in %%s options %%s toast %%s', c.relreplident,
                          (SELECT left(spcname, 5) FROM pg_tablespace WHERE oid = c.reltablespace), c.reloptions, t.reloptions)
            FROM pg_class AS c LEFT JOIN pg_class AS t ON t.oid = c.reltoastrelid WHERE c.oid = %1$s
            ORDER BY 1""";

    private TestDatabase database;
    private String owner;
    private String stranger;

    @BeforeEach
    void rich() {
        owner = database.createRole("owner", "");
        stranger = database.createRole("stranger", "");
        String cold = database.createTablespace("cold");
        String fast = database.createTablespace("fast");
        database.execute(
                "GRANT ALL ON SCHEMA public TO " + owner,
                "GRANT USAGE ON SCHEMA public TO " + stranger,
                "CREATE COLLATION letters (provider = icu, locale = 'de')",
                """
                CREATE TABLE orders (
                  id bigint GENERATED ALWAYS AS IDENTITY (START 1000 INCREMENT 5 MAXVALUE 9000 CACHE 3 CYCLE)
                    CONSTRAINT "the key" PRIMARY KEY USING INDEX TABLESPACE %2$s,
                  number text COLLATE letters NOT NULL,
                  place integer NOT NULL,
                  doc jsonb, span int4range, pos point,
                  amount numeric CONSTRAINT positive CHECK (amount > 0),
                  code varchar(20) COLLATE "C",
                  created_at timestamptz NOT NULL,
                  CONSTRAINT sits UNIQUE (place) INCLUDE (number) WITH (fillfactor = 60) DEFERRABLE INITIALLY DEFERRED
                ) WITH (fillfactor = 80, autovacuum_vacuum_threshold = 77, toast.autovacuum_enabled = false, parallel_workers = 2)
                  TABLESPACE %1$s""".formatted(cold, fast),
                """
                INSERT INTO orders (number, place, doc, span, pos, amount, code, created_at)
                SELECT 'n' || i %% 7, i, '{}', int4range(i, i + 5), point(i, i), i - 5, i %% 7,
                       timestamptz '2024-01-15 12:00+00' + (i %% 12) * interval '1 month'
                FROM generate_series(6, 300) AS i""".replace("%%", "%"),
                "ALTER TABLE orders DROP CONSTRAINT positive",
                "UPDATE orders SET amount = -amount WHERE id % 35 = 0",
                "ALTER TABLE orders ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID",
                "ALTER TABLE orders ADD CONSTRAINT known CHECK (place <> 0), ADD CONSTRAINT own CHECK (number <> ')(''') NO INHERIT",
                "COMMENT ON CONSTRAINT positive ON orders IS 'not ''yet'''",
                "COMMENT ON CONSTRAINT known ON orders IS 'known'",
                "COMMENT ON CONSTRAINT \"the key\" ON orders IS 'the key''s constraint'",
                "COMMENT ON INDEX \"the key\" IS 'the key''s index'",
                "COMMENT ON COLUMN orders.number IS 'no number'",
                "ALTER TABLE orders ALTER number SET STATISTICS 77, ALTER number SET (n_distinct = 7)",
                "ALTER TABLE orders ALTER place SET (n_distinct = -1, n_distinct_inherited = -0.5)",
                "ALTER TABLE orders ALTER doc SET STORAGE EXTERNAL, ALTER number SET COMPRESSION pglz",
                "CREATE INDEX by_number ON orders (lower(number) text_pattern_ops, (place + 1) DESC NULLS LAST) INCLUDE (id) WITH (fillfactor = 50) TABLESPACE %s WHERE (amount > 5)"
                        .formatted(fast),
                "ALTER INDEX by_number ALTER COLUMN 1 SET STATISTICS 55",
                "COMMENT ON INDEX by_number IS 'by '' number'",
                "ALTER TABLE orders CLUSTER ON \"the key\"",
                "CREATE INDEX gin ON orders USING gin (doc jsonb_path_ops) WITH (fastupdate = off)",
                "CREATE INDEX gist ON orders USING gist (span range_ops, pos) TABLESPACE " + cold,
                "CREATE INDEX spgist ON orders USING spgist (pos)",
                "CREATE INDEX brin ON orders USING brin (created_at timestamptz_minmax_multi_ops (values_per_range = 16)) WITH (pages_per_range = 8)",
                "CREATE INDEX hash ON orders USING hash (code)",
                "CREATE UNIQUE INDEX identified ON orders (number COLLATE \"C\", place, created_at)",
                "ALTER TABLE orders REPLICA IDENTITY USING INDEX identified",
                "CREATE STATISTICS together (dependencies, ndistinct) ON number, code FROM orders",
                "CREATE STATISTICS expressed ON (place % 7), number FROM orders",
                "CREATE STATISTICS alone ON (lower(number)) FROM orders",
                "ALTER STATISTICS together SET STATISTICS 44",
                "COMMENT ON STATISTICS together IS 'they go '' together'",
                "ALTER TABLE orders OWNER TO " + owner,
                "ALTER STATISTICS together OWNER TO " + owner,
                "ALTER STATISTICS expressed OWNER TO " + owner,
                "ALTER STATISTICS alone OWNER TO " + owner,
                "ANALYZE orders");
        try (Transaction transaction = Transaction.beginAs(database, owner)) {
            transaction.run("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO " + stranger);
            transaction.run("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC");
            transaction.commit();
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private MigrationFixture migration() {
        return MigrationFixture.of(database, "public", "orders", "created_at", "id")
                .between("2024-01", "2024-05")
                .as(owner);
    }

    private List<String> description(String table) {
        return database.queryStrings(DESCRIPTION.formatted("'" + table + "'::regclass"));
    }

    /** The announced changes, and nothing else. */
    private static List<String> announced(List<String> before) {
        return before.stream()
                .map(line -> line.replace(" NO INHERIT", "")
                        .replace("PRIMARY KEY (id)", "PRIMARY KEY (id, created_at)")
                        .replace("USING btree (id)", "USING btree (id, created_at)")
                        .replace("UNIQUE (place)", "UNIQUE (place, created_at)")
                        .replace("USING btree (place)", "USING btree (place, created_at)")
                        .replace("clustered t", "clustered f")
                        .replaceAll("\\{n_distinct=(\\d)}", "{n_distinct=$1,n_distinct_inherited=$1}")
                        .replaceAll(
                                "^table identity i in cold_ options .*$", "table identity i in cold_ options  toast "))
                .sorted()
                .toList();
    }

    @Test
    void everythingComesAlongAndGoesBackAndComesAgain() throws SQLException {
        List<String> before = description("orders");
        List<String> after = announced(before);
        MigrationFixture orders = migration().throughSwap();

        assertThat(description("orders")).isEqualTo(after);
        assertThat(orders.lines())
                .anySatisfy(line -> assertThat(line).contains("check positive").contains("NOT VALID"));
        assertPartitionsHaveIt();
        assertReachedThroughTheTableOnly();
        orders.reverseSwap();
        assertThat(description("orders")).isEqualTo(before);
        orders.swap();
        assertThat(description("orders")).isEqualTo(after);
        assertPartitionsHaveIt();
        orders.assertSameRows(orders.source(), orders.backup());
        orders.dropBackup();
        assertThat(description("orders")).isEqualTo(after);
        assertThat(
                        database.queryRows(
                                "SELECT seqstart, seqincrement, seqmax, seqcache, seqcycle FROM pg_sequence WHERE seqrelid = 'orders_id_seq'::regclass"))
                .containsExactly(List.of("1000", "5", "9000", "3", "t"));
    }

    private void assertPartitionsHaveIt() {
        List<String> partition = description("orders_202403").stream()
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
        MigrationFixture orders = migration().prepare().capture();
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
        MigrationFixture orders = migration().throughVerification();
        database.execute(
                "COMMENT ON INDEX by_number IS 'otherwise'",
                "COMMENT ON CONSTRAINT \"the key\" ON orders IS NULL",
                "COMMENT ON CONSTRAINT known ON orders IS 'well known'",
                "COMMENT ON COLUMN orders.doc IS 'late'",
                "COMMENT ON STATISTICS together IS NULL",
                "ALTER STATISTICS alone SET STATISTICS 5",
                "ALTER TABLE orders ADD CONSTRAINT late CHECK (place > 20) NOT VALID",
                "CREATE STATISTICS late (mcv) ON number, place FROM orders",
                "ALTER STATISTICS late OWNER TO " + owner,
                "ALTER TABLE orders ALTER number SET STATISTICS -1, ALTER number RESET (n_distinct), ALTER code SET STATISTICS 9, ALTER code SET (n_distinct = 3)",
                "ALTER TABLE orders ALTER doc SET STORAGE MAIN, ALTER number SET COMPRESSION default",
                "ALTER TABLE orders SET (fillfactor = 95, autovacuum_analyze_threshold = 5)",
                "ALTER TABLE orders RESET (autovacuum_vacuum_threshold, toast.autovacuum_enabled)",
                "ALTER TABLE orders CLUSTER ON identified",
                "ALTER TABLE orders REPLICA IDENTITY USING INDEX \"the key\"");
        List<String> before = description("orders");

        orders.swap();

        assertThat(description("orders")).isEqualTo(announced(before));
        assertThat(database.queryLong("SELECT count(*) FROM pg_constraint WHERE conname = 'late' AND NOT convalidated"))
                .isEqualTo(7);
        assertThat(description("orders_202403"))
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
        assertThat(description("orders"))
                .isEqualTo(before.stream()
                        .map(line -> line.replace("'otherwise'", "'again otherwise'")
                                .replace("comment otherwise", "comment again otherwise"))
                        .toList());
        database.execute("ALTER TABLE orders VALIDATE CONSTRAINT positive");
        orders.swap();
    }

    /** Settings of the table itself, and settings of each of its partitions. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theReplicaIdentityAndTheParametersGoBackAsTheyWereSetSinceTheSwap(boolean onTable) throws SQLException {
        MigrationFixture orders = migration().throughSwap();
        List<String> before = description("orders_old");
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
        assertThat(description("orders"))
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
        List<String> before = description("orders");
        MigrationFixture orders = migration().throughSwap();
        database.execute(
                "ALTER TABLE orders_202401 SET (fillfactor = 42)",
                "ALTER TABLE orders_202401 REPLICA IDENTITY FULL",
                "ALTER TABLE orders_202403 RESET (parallel_workers)");

        orders.reverseSwap();

        assertThat(description("orders")).isEqualTo(before);
    }

    private String replicaIdentity(String table) {
        return database.queryString("""
                SELECT pg_catalog.concat_ws(' ', c.relreplident, (SELECT i.indexrelid::regclass FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisreplident))
                FROM pg_class AS c WHERE c.oid = ?::regclass""", table);
    }

    @Test
    void whatIsSaidOfTheColumnsOfThePartitionedTableGoesBackWithThem() throws SQLException {
        List<String> before = description("orders");
        MigrationFixture orders = migration().throughSwap();
        database.execute(
                "ALTER TABLE orders ALTER code SET STATISTICS 99, ALTER number SET STATISTICS -1",
                "ALTER TABLE orders ALTER code SET (n_distinct_inherited = 8), ALTER number SET (n_distinct_inherited = 5)",
                "ALTER TABLE orders ALTER doc SET STORAGE MAIN, ALTER code SET COMPRESSION pglz");

        orders.reverseSwap();

        assertThat(description("orders"))
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
        MigrationFixture orders = migration().throughVerification();
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
        migration()
                .converting("code", "text", null, null)
                .converting("number", "varchar", null, null)
                .throughSwap();

        assertThat(description("orders"))
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
        List<String> before = description("orders");
        MigrationFixture orders = migration().throughSwap();

        assertThat(description("orders"))
                .contains("table identity d in cold_ options  toast ")
                .noneMatch(line -> line.contains("the key") || line.contains("sits"));
        assertThat(description("orders_202403"))
                .anyMatch(line -> line.startsWith("table identity i in cold_"))
                .anyMatch(
                        line -> line.matches(
                                "index \"?orders_202403_the key\"? .* in fast_ .* clustered t identity t .* comment the key's index"))
                .anyMatch(
                        line -> line.matches("constraint \"?orders_202403_the key\"? .* comment the key's constraint"))
                .anyMatch(
                        line -> line.matches("constraint orders_202403_sits UNIQUE \\(place\\) .* DEFERRED comment "));
        orders.reverseSwap();
        assertThat(description("orders")).isEqualTo(before);
    }

    @Test
    void childrenThatTriggersRouteToHaveItToo() throws SQLException {
        List<String> before = description("orders");
        MigrationFixture orders = migration().routedByTrigger().throughSwap();

        assertPartitionHasSettings("orders_202403");
        assertReachedThroughTheTableOnly();
        database.execute(
                "SELECT orders_make(now()::date)",
                "INSERT INTO orders (number, place, amount, created_at) VALUES ('now', 9999, 1, now())");
        String child = database.queryString("SELECT tableoid::regclass FROM orders WHERE number = 'now'");
        assertThat(child).isNotEqualTo("orders_default");
        assertPartitionHasSettings(child);
        assertReachedThroughTheTableOnly();
        orders.reverseSwap();
        assertThat(description("orders")).isEqualTo(before);
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
                "ALTER VIEW reading OWNER TO " + owner,
                "ALTER MATERIALIZED VIEW read OWNER TO " + owner);
        keepOptionsOfTheServersOwn("^(orders|read)$");
        migration().throughSwap();

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
        migration().routedByTrigger().throughSwap();
        keepOptionsOfTheServersOwn("^orders_default$");

        String child = database.queryString("SELECT orders_make(now()::date)::text");
        database.execute("INSERT INTO orders (number, place, amount, created_at) VALUES ('now', 9999, 1, now())");

        assertThat(child).isEqualTo(database.queryString("SELECT tableoid::regclass FROM orders WHERE number = 'now'"));
        assertThat(child).isNotEqualTo("orders_default");
        assertThat(optionsOf(child)).contains("n_distinct=7", "fillfactor=80").noneMatch(it -> it.startsWith("kept_"));
    }

    private void assertPartitionHasSettings(String child) {
        assertThat(description(child))
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
