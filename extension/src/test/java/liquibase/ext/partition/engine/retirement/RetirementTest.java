package liquibase.ext.partition.engine.retirement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.lock.LockNotAvailable;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.partitioning.Runway;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.state.StatusReport;
import liquibase.ext.partition.engine.upkeep.UpkeepStatus;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Partitions that are older than their table keeps, once the backup is dropped.
 *
 * <p>The file is long because it is a catalogue: a test for each thing that a partition can have as it leaves.
 */
@ExtendWith(FreshDatabase.class)
class RetirementTest {
    private TestDatabase database;

    private MigrationFixture orders() {
        return MigrationFixture.ofOrders(database, 120, 6);
    }

    private List<String> partitions() {
        return database.queryStrings("""
                SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'orders'::regclass AND c.relname < 'orders_202406' ORDER BY 1""");
    }

    private List<String> rowsOf(String table) {
        return database.queryStrings("SELECT t::text FROM %s AS t ORDER BY 1".formatted(table));
    }

    private List<String> recorded() {
        return database.queryStrings("""
                SELECT concat_ws(' ', partition_schema, partition_name, bound, retired_schema, way, state) FROM partition_retirement ORDER BY id""");
    }

    private void assertSaid(MigrationFixture table, String... parts) {
        assertThat(table.lines()).anySatisfy(line -> assertThat(line).contains(parts));
    }

    private boolean isDue(MigrationFixture table, String month) throws SQLException {
        return database.onConnection(database.username(), database.password(), connection -> {
            Session session = new Session(connection);
            return session.whilePinned(() -> Retirement.isDue(
                    session,
                    new StateTables(new Identifier("public")),
                    table.source(),
                    RetirementRule.of(MigrationFixture.keeping(month), RetirementWay.DETACH, null)));
        });
    }

    @Test
    void nothingIsDueBeforeTheSwap() throws SQLException {
        MigrationFixture orders = orders();
        assertThat(isDue(orders, "2024-04")).isFalse();
        orders.prepare();
        assertThat(isDue(orders, "2024-04")).isFalse();
        orders.retireBefore("2024-04").capture().copy().index().replay().verify();
        assertThat(isDue(orders, "2024-04")).isFalse();
        orders.swap();
        orders.retireBefore("2024-01");
        assertThat(isDue(orders, "2024-01")).isFalse();
        assertThat(isDue(orders, "2024-02")).isTrue();
        assertThat(orders.lines()).noneMatch(line -> line.contains("retire"));
    }

    @Test
    void theOldestLeaveOneAfterTheOtherWithAllTheirRowsAndARecord() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        database.execute(
                "INSERT INTO orders VALUES (1001, 'ancient', 1, 'x', '1999-01-01'), (1002, 'never', 1, 'x', '-infinity')");
        List<String> january = rowsOf("orders_202401");
        List<String> others = database.queryStrings(
                "SELECT t::text FROM orders AS t WHERE tableoid::regclass::text NOT IN ('orders_202401', 'orders_202402', 'orders_202403') ORDER BY 1");

        orders.retireBefore("2024-04");

        assertThat(partitions()).containsExactly("orders_202404", "orders_202405");
        assertThat(rowsOf("orders_202401")).isEqualTo(january).hasSize(20);
        assertThat(rowsOf("orders")).isEqualTo(others);
        assertThat(recorded())
                .containsExactly(
                        "public orders_202401 FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2024-02-01 00:00:00+00') public detach detached",
                        "public orders_202402 FOR VALUES FROM ('2024-02-01 00:00:00+00') TO ('2024-03-01 00:00:00+00') public detach detached",
                        "public orders_202403 FOR VALUES FROM ('2024-03-01 00:00:00+00') TO ('2024-04-01 00:00:00+00') public detach detached");
        assertSaid(
                orders,
                "retirePartitions: orders_202401 of public.orders is retired: its rows are in the table public.orders_202401 now.");
        assertThat(isDue(orders, "2024-04")).isFalse();
        int lines = orders.lines().size();
        orders.retireBefore("2024-04");
        assertThat(orders.lines()).hasSize(lines);
    }

    @Test
    void aLateRowGoesToTheDefaultPartitionAndItsMonthIsNotMadeAgain() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup().retireBefore("2024-04");

        database.execute("INSERT INTO orders VALUES (1001, 'late', 1, 'x', '2024-02-03')");
        orders.upkeep("2024-10").retireBefore("2024-04");

        assertThat(database.queryString("SELECT tableoid::regclass::text FROM orders WHERE id = 1001"))
                .isEqualTo("orders_default");
        assertThat(partitions()).containsExactly("orders_202404", "orders_202405");
        assertThat(database.queryLong("SELECT count(*) FROM orders_202402")).isEqualTo(20);
    }

    @Test
    void aPartitionOfOtherBoundsLeavesWhenAllOfItIsOlder() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        database.execute(
                "CREATE TABLE before_all PARTITION OF orders FOR VALUES FROM (MINVALUE) TO ('2023-06-01 00:00+00')",
                "CREATE TABLE half_a_year PARTITION OF orders FOR VALUES FROM ('2023-06-01 00:00+00') TO ('2024-01-01 00:00+00')",
                "CREATE TABLE to_come PARTITION OF orders FOR VALUES FROM ('2031-06-01 00:00+00') TO (MAXVALUE)",
                "INSERT INTO orders VALUES (1001, 'half', 1, 'x', '2023-07-01'), (1002, 'first', 1, 'x', '-infinity')");
        assertThat(isDue(orders, "2024-01")).isTrue();

        orders.retireBefore("2024-02");

        assertThat(recorded())
                .containsExactly(
                        "public before_all FOR VALUES FROM (MINVALUE) TO ('2023-06-01 00:00:00+00') public detach detached",
                        "public half_a_year FOR VALUES FROM ('2023-06-01 00:00:00+00') TO ('2024-01-01 00:00:00+00') public detach detached",
                        "public orders_202401 FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2024-02-01 00:00:00+00') public detach detached");
        assertThat(database.queryLong("SELECT count(*) FROM half_a_year")).isEqualTo(1);
        assertThat(isDue(orders, "2024-02")).isFalse();
    }

    /** The name says which partition is meant, and the bound which rows it has. */
    @Test
    void aPartitionThatHasTheNameOfAnOlderOneStays() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        database.execute(
                "DROP TABLE orders_202401",
                "CREATE TABLE orders_202401 PARTITION OF orders FOR VALUES FROM ('2030-01-01 00:00+00') TO ('2030-02-01 00:00+00')");

        orders.retireBefore("2024-03");

        assertThat(partitions()).containsExactly("orders_202401", "orders_202403", "orders_202404", "orders_202405");
    }

    @Test
    void whatLeavesKeepsWhatIsItsOwnAndNothingOfOurs() throws SQLException {
        String reader = database.createRole("reader", "");
        database.execute(
                """
                CREATE TABLE orders (
                  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                  amount numeric(10,2) CHECK (amount >= 0),
                  doubled numeric GENERATED ALWAYS AS (amount * 2) STORED,
                  customer int,
                  created_at timestamptz NOT NULL)""",
                "CREATE TABLE customers (id int PRIMARY KEY)",
                "INSERT INTO customers SELECT generate_series(1, 10)",
                "ALTER TABLE orders ADD CONSTRAINT of_customer FOREIGN KEY (customer) REFERENCES customers",
                "CREATE INDEX by_amount ON orders (amount)",
                "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
                "CREATE TRIGGER note AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION note()",
                "GRANT SELECT ON orders TO " + reader,
                "INSERT INTO orders (amount, customer, created_at) SELECT i, 1 + i % 10, timestamptz '2024-01-15' + (i % 12) * interval '1 month' FROM generate_series(1, 200) AS i",
                "ANALYZE orders");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "created_at", "id");
        orders.throughSwap();
        database.execute("GRANT SELECT ON orders_202401 TO " + reader);

        orders.retireBefore("2024-02");

        assertThat(database.queryStrings(
                        "SELECT tgname FROM pg_trigger WHERE tgrelid = 'orders_202401'::regclass AND NOT tgisinternal"))
                .isEmpty();
        assertThat(database.queryStrings("""
                        SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
                        WHERE i.indrelid = 'orders_202401'::regclass AND NOT c.relispartition ORDER BY 1""")).containsExactly("orders_202401_by_amount", "orders_202401_orders_pkey");
        assertThat(database.queryStrings("""
                        SELECT pg_get_constraintdef(oid) FROM pg_constraint
                        WHERE conrelid = 'orders_202401'::regclass AND contype IN ('p', 'c', 'f') AND conparentid = 0 ORDER BY 1"""))
                .containsExactly(
                        "CHECK ((amount >= (0)::numeric))",
                        "FOREIGN KEY (customer) REFERENCES customers(id)",
                        "PRIMARY KEY (id, created_at)");
        assertThat(database.queryString("SELECT has_table_privilege(?, 'orders_202401', 'SELECT')", reader))
                .isEqualTo("t");
        database.execute("TRUNCATE orders_202401");
        orders.dropBackup();
    }

    @Test
    void aSchemaOfItsOwnIsWhereTheyGo() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        assertThatThrownBy(() -> orders.retireBefore("2024-03", "Old Ones", MigrationFixture.LOCK))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("There is no schema Old Ones")
                .hasMessageContaining("CREATE SCHEMA \"Old Ones\"");
        assertThat(partitions()).hasSize(5);
        database.execute("CREATE SCHEMA \"Old Ones\"", "CREATE TABLE \"Old Ones\".orders_202401 ()");

        orders.retireBefore("2024-03", "Old Ones", MigrationFixture.LOCK);

        assertThat(partitions()).hasSize(4).contains("orders_202401");
        assertThat(database.queryLong("SELECT count(*) FROM \"Old Ones\".orders_202402"))
                .isEqualTo(20);
        assertSaid(
                orders, "WARNING: public.orders_202401 of public.orders", "something in schema Old Ones has its name");
        database.execute("DROP TABLE \"Old Ones\".orders_202401");
        orders.retireBefore("2024-03", "Old Ones", MigrationFixture.LOCK);
        assertThat(partitions()).hasSize(3);
        assertThat(recorded()).hasSize(2).allMatch(line -> line.endsWith("Old Ones detach detached"));
    }

    @Test
    void rowsThatOthersReferToKeepTheirPartition() throws SQLException {
        MigrationFixture orders = orders();
        database.execute(
                "ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (id, created_at)",
                "CREATE TABLE lines (line int, order_id bigint, order_at timestamptz, CONSTRAINT of_order FOREIGN KEY (order_id, order_at) REFERENCES orders)",
                "INSERT INTO lines SELECT id, id, created_at FROM orders WHERE id IN (12, 13)");
        orders = MigrationFixture.of(database, "public", "orders", "created_at", "id", "created_at")
                .throughSwap()
                .dropBackup();

        orders.retireBefore("2024-04");

        assertThat(partitions()).containsExactly("orders_202401", "orders_202402", "orders_202404", "orders_202405");
        assertSaid(
                orders,
                "public.orders_202401 of public.orders is older than the",
                "rows refer to rows of it by the foreign key of_order of public.lines");
        database.execute("DELETE FROM lines");
        orders.retireBefore("2024-04");
        assertThat(partitions()).containsExactly("orders_202404", "orders_202405");
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void rowsThatOthersReferToByTriggersKeepTheirPartition(boolean routedByTrigger) throws SQLException {
        MigrationFixture orders = orders().incomingForeignKeys(IncomingForeignKeys.TRIGGER);
        database.execute(
                "CREATE TABLE lines (\"line \"\"no\" int, \"of (x), y\" bigint CONSTRAINT of_order REFERENCES orders ON DELETE CASCADE)",
                "INSERT INTO lines SELECT id, id FROM orders WHERE id IN (12, 13)");
        if (routedByTrigger) {
            orders.routedByTrigger();
        }
        orders.throughSwap().dropBackup();

        orders.retireBefore("2024-04");

        assertThat(partitions()).containsExactly("orders_202401", "orders_202402", "orders_202404", "orders_202405");
        assertSaid(orders, "rows refer to rows of it by the foreign key of_order of public.lines");
        database.execute("DELETE FROM lines WHERE \"line \"\"no\" = 12", "DELETE FROM orders_202403");
        orders.retireBefore("2024-04");
        assertThat(partitions()).containsExactly("orders_202402", "orders_202404", "orders_202405");
        database.execute("INSERT INTO lines SELECT 1, id FROM orders LIMIT 1");
        assertThat(database.errorOf("INSERT INTO lines SELECT 1, min(id) FROM orders_202401"))
                .isEqualTo("23503");
        database.execute("DELETE FROM orders_202401");
    }

    @Test
    void childrenOfATableWhoseRowsTriggersRouteLeaveOnceTheBackupIsDropped() throws SQLException {
        MigrationFixture orders = orders().routedByTrigger().throughSwap();
        orders.retireBefore("2024-04");
        assertThat(isDue(orders, "2024-04")).isFalse();
        assertThat(partitions()).hasSize(5);
        orders.dropBackup();
        List<String> others =
                database.queryStrings("SELECT t::text FROM orders AS t WHERE created_at >= '2024-04-01' ORDER BY 1");

        orders.retireBefore("2024-04");

        assertThat(partitions()).containsExactly("orders_202404", "orders_202405");
        assertThat(rowsOf("orders")).isEqualTo(others);
        assertThat(database.queryLong("SELECT count(*) FROM orders_202402")).isEqualTo(20);
        assertThat(database.queryStrings("SELECT tgname FROM pg_trigger WHERE tgrelid = 'orders_202402'::regclass"))
                .isEmpty();
        database.execute(
                "INSERT INTO orders VALUES (1001, 'late', 1, 'x', '2024-02-03')",
                "UPDATE orders SET created_at = '2024-01-03' WHERE id = 5",
                "UPDATE orders_202402 SET created_at = created_at + interval '1 minute'");
        assertThat(database.queryStrings("SELECT id::text FROM orders_default ORDER BY orders_default.id"))
                .containsExactly("5", "1001");
        orders.upkeep("2024-10").retireBefore("2024-04");
        assertThat(partitions()).containsExactly("orders_202404", "orders_202405");
    }

    private StatusReport status(MigrationFixture table) throws SQLException {
        return database.onConnection(database.username(), database.password(), connection -> {
            Session session = new Session(connection);
            StateTables state = new StateTables(new Identifier("public"));
            return session.whilePinned(() -> RetirementStatus.of(
                    session,
                    state,
                    new Migrations(session, state).find(table.source()).orElseThrow()));
        });
    }

    @Test
    void whatLeavesNextAndWhatShouldHaveLeftAreTold() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        assertThat(status(orders)).isEqualTo(StatusReport.empty());

        orders.retireBefore("2024-03");

        int keep = MigrationFixture.keeping("2024-03").keep();
        String next = YearMonth.now(ZoneOffset.UTC).plusMonths(1) + "-01";
        assertThat(status(orders))
                .isEqualTo(new StatusReport(
                        List.of(
                                "Retirement: %d months are kept; orders_202403 leaves next, with the first update from %s on."
                                        .formatted(keep, next)),
                        List.of()));
        database.execute(
                "ALTER TABLE orders ATTACH PARTITION orders_202402 FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00')");
        assertThat(status(orders).problems())
                .containsExactly(
                        "orders_202402 of public.orders should have left, since %d months are kept. Run liquibase update --label-filter=upkeep, which takes out what is due, or says what is in the way."
                                .formatted(keep));
        orders.retireToDropBefore("2024-03");
        assertThat(status(orders).problems()).isEmpty();
        assertThat(status(orders).facts())
                .contains(
                        "Out of the table, and waiting for the drop: public.orders_202402. To approve it: liquibase update -DretireApproved=orders.");
    }

    @Test
    void lateRowsOfWhatHasLeftAreWhereTheyBelong() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup().upkeep(Runway.ahead(1), MigrationFixture.LOCK);
        orders.retireBefore("2024-03");
        database.execute("INSERT INTO orders VALUES (1001, 'late', 1, 'x', '2024-02-03')");

        StatusReport report = database.onConnection(database.username(), database.password(), connection -> {
            Session session = new Session(connection);
            StateTables state = new StateTables(new Identifier("public"));
            return session.whilePinned(() -> UpkeepStatus.of(
                    session,
                    state,
                    new Migrations(session, state).find(orders.source()).orElseThrow()));
        });

        assertThat(report.problems()).isEmpty();
        assertThat(report.facts())
                .anyMatch(fact -> fact.startsWith("Rows in the default partition: 1 row (1 before 2024-03)"));
    }

    @Test
    void aReaderInTheWayIsNamedAndWritersGoOn() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        try (Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.execute("SELECT count(*) FROM orders");
            assertThatThrownBy(() -> orders.retireBefore("2024-02", null, new LockPolicy(Duration.ofMillis(50), 2)))
                    .isInstanceOf(LockNotAvailable.class)
                    .hasMessageContainingAll(
                            "Could not lock public.orders", "Nothing was retired", "SELECT count(*) FROM orders");
            database.execute("INSERT INTO orders VALUES (1001, 'meanwhile', 1, 'x', '2024-02-03')");
        }
        assertThat(partitions()).hasSize(5);
        assertThat(recorded()).isEmpty();
        orders.retireBefore("2024-02");
        assertThat(partitions()).hasSize(4);
    }

    @Test
    void aWriterWhoWaitsWhileAPartitionLeavesWritesTheDefaultOne() throws Exception {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        database.execute("ALTER DATABASE %s SET deadlock_timeout = '60s'".formatted(database.name()));
        try (Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.execute("SELECT count(*) FROM ONLY orders_202401");
            Future<Void> retirement = MigrationFixture.inBackground(
                    () -> orders.retireBefore("2024-02", null, new LockPolicy(Duration.ofSeconds(30), 1)));
            orders.awaitBlockedStatement("orders_202401");
            Future<Void> writer = MigrationFixture.inBackground(() -> {
                database.execute("INSERT INTO orders VALUES (1001, 'just now', 1, 'x', '2024-01-05')");
                return null;
            });
            orders.awaitBlockedStatement("just now");
            reader.rollback();
            MigrationFixture.join(retirement);
            MigrationFixture.join(writer);
        }
        assertThat(database.queryString("SELECT tableoid::regclass::text FROM orders WHERE id = 1001"))
                .isEqualTo("orders_default");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "bigint NOT NULL; extract(epoch FROM t)::bigint;; seconds;;",
                "text; to_char(t, 'DD.MM.YYYY'); DD.MM.YYYY;;;",
                "date; t::date;;;; day_of_order",
                "uuid NOT NULL; (lpad(to_hex((extract(epoch FROM t) * 1000)::bigint), 12, '0') || '7000800000000000' || lpad(to_hex(i), 4, '0'))::uuid;;; uuidv7;"
            })
    void everyKindOfKey(String type, String value, String textFormat, String epoch, String keyTime, String combined)
            throws SQLException {
        database.execute(
                "CREATE TABLE orders (id bigint, at %s, PRIMARY KEY (id))".formatted(type), """
                INSERT INTO orders SELECT i, %s FROM generate_series(1, 200) AS i,
                LATERAL (SELECT timestamp '2024-01-15 12:00' + (i %% 12) * interval '1 month' AS t) AS of""".formatted(value));
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "at", "id")
                .partitionedBy(new PartitionKeySpec(
                        List.of(new Identifier("at")),
                        Optional.ofNullable(textFormat),
                        Optional.ofNullable(epoch),
                        Optional.ofNullable(keyTime),
                        Optional.ofNullable(combined).map(Identifier::new)))
                .throughSwap();

        orders.retireBefore("2024-03");

        assertThat(partitions()).containsExactly("orders_202403", "orders_202404", "orders_202405");
        assertThat(database.queryLong("SELECT count(*) FROM orders_202402")).isEqualTo(17);
        List<String> rows = database.queryStrings("SELECT id::text FROM orders ORDER BY id");
        orders.reverseSwap();
        assertThat(database.queryStrings("SELECT id::text FROM orders ORDER BY id"))
                .isEqualTo(rows);
    }

    /** It would update the row where it is, and fail at the CHECK of what is no child any more. */
    @ParameterizedTest
    @EnumSource(RetirementWay.class)
    void anUpdateThatWaitsWhileAChildLeavesFindsItGone(RetirementWay way) throws Exception {
        MigrationFixture orders = orders().routedByTrigger().throughSwap().dropBackup();
        database.execute("ALTER DATABASE %s SET deadlock_timeout = '60s'".formatted(database.name()));
        try (Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.execute("SELECT count(*) FROM ONLY orders_202401");
            Future<Void> retirement = MigrationFixture.inBackground(() -> orders.retire(
                    RetirementRule.of(MigrationFixture.keeping("2024-02"), way, null),
                    new LockPolicy(Duration.ofSeconds(30), 1)));
            orders.awaitBlockedStatement("orders_202401");
            Future<Void> writer = MigrationFixture.inBackground(() -> {
                database.execute("UPDATE orders SET created_at = '2024-06-05' WHERE id = 12 /* just now */");
                return null;
            });
            orders.awaitBlockedStatement("just now");
            reader.rollback();
            MigrationFixture.join(retirement);
            MigrationFixture.join(writer);
        }
        assertThat(database.queryLong("SELECT count(*) FROM orders_202401 WHERE created_at < '2024-02-01 00:00+00'"))
                .isEqualTo(20);
    }

    @Test
    void whereNothingRefersToThePartitionItLeavesHoweverLongThatTakes() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        database.execute(
                "CREATE FUNCTION audit() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); END'",
                "CREATE EVENT TRIGGER audit ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION audit()");

        orders.retireBefore("2024-02");

        assertThat(partitions()).doesNotContain("orders_202401");
    }

    @Test
    void whatTheRoleMayNotReadOrLockIsNamed() throws SQLException {
        String owner = database.createRole("owner", "");
        database.execute(
                "GRANT USAGE, CREATE ON SCHEMA public TO " + owner,
                "CREATE TABLE orders (id bigint, created_at timestamptz NOT NULL, PRIMARY KEY (id, created_at))",
                "INSERT INTO orders SELECT i, timestamptz '2024-01-15' + (i % 12) * interval '1 month' FROM generate_series(1, 240) AS i",
                "ALTER TABLE orders OWNER TO " + owner);
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "created_at", "id", "created_at")
                .as(owner)
                .throughSwap()
                .dropBackup();
        database.execute(
                "CREATE TABLE lines (order_id bigint, order_at timestamptz, FOREIGN KEY (order_id, order_at) REFERENCES orders)");
        orders.retireBefore("2024-02");
        database.execute("GRANT SELECT ON lines TO " + owner);
        orders.retireBefore("2024-02");

        assertThat(orders.lines())
                .filteredOn(line ->
                        line.contains("stays: PostgreSQL refuses it: ERROR: permission denied for table lines. Grant"))
                .hasSize(2);
        database.execute("GRANT DELETE ON lines TO " + owner);
        orders.retireBefore("2024-02");
        assertThat(partitions()).doesNotContain("orders_202401");
    }

    /** Its tables have other oids then. */
    @ParameterizedTest
    @CsvSource({"false", "true"})
    void inADatabaseThatWasRestoredItGoesOn(boolean routedByTrigger) throws SQLException {
        MigrationFixture orders = orders().incomingForeignKeys(IncomingForeignKeys.TRIGGER);
        database.execute(
                "CREATE TABLE lines (line int, of_order bigint CONSTRAINT of_order REFERENCES orders ON DELETE CASCADE)",
                "INSERT INTO lines SELECT id, id FROM orders WHERE id IN (12, 13)");
        if (routedByTrigger) {
            orders.routedByTrigger();
        }
        orders.throughSwap().dropBackup();
        database.execute(
                "UPDATE partition_migration SET new_oid = 1", "UPDATE partition_foreign_key SET referring_oid = 1");

        orders.retireBefore("2024-04");

        assertThat(partitions()).containsExactly("orders_202401", "orders_202402", "orders_202404", "orders_202405");
        assertThat(status(orders).problems())
                .hasSize(1)
                .allMatch(it -> it.startsWith("orders_202401, orders_202402 of"));
        if (!routedByTrigger) {
            orders.undoRetirement();
            assertThat(partitions()).hasSize(5);
        }
    }

    @Test
    void anotherTableThatHasGotTheNameKeepsItsPartitions() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        database.execute(
                "ALTER TABLE orders RENAME TO former",
                "CREATE TABLE orders (created_at timestamptz, at timestamptz) PARTITION BY RANGE (at)",
                "CREATE TABLE old PARTITION OF orders FOR VALUES FROM ('2001-01-01') TO ('2002-01-01')");

        orders.retireBefore("2024-04");

        assertThat(partitions()).containsExactly("old");
        assertSaid(orders, "WARNING: public.orders is not the table that its migration has made");
    }
}
