package liquibase.ext.partition.engine.upkeep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.partitioning.Runway;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.swap.CatchUp;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.Workload;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The partitions ahead: before the swap, after it, on the way back and after the drop.
 *
 * <p>The file is long because partitions are made in every phase, by either routing and with every kind of key.
 */
@ExtendWith(FreshDatabase.class)
class UpkeepTest {
    private TestDatabase database;

    private MigrationFixture orders() {
        return MigrationFixture.ofOrders(database, 240, YearMonth.of(2024, 10), 3);
    }

    /** From two months ago until then, without a row of this month or a later one. */
    private MigrationFixture ordersOfToday(YearMonth until) {
        YearMonth first = YearMonth.now(ZoneOffset.UTC).minusMonths(2);
        return MigrationFixture.ofOrders(database, 240, first, 2).between(first.toString(), until.toString());
    }

    private List<String> rows() {
        return database.queryStrings("SELECT t::text FROM orders AS t ORDER BY 1");
    }

    private List<String> partitionsOf(String table) {
        return database.queryStrings("""
                SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                WHERE i.inhparent = ?::regclass AND c.relname > 'orders_202412' ORDER BY 1""", table);
    }

    private void assertSaid(MigrationFixture table, String part) {
        assertThat(table.lines()).anyMatch(line -> line.contains(part));
    }

    private void assertNeverSaid(MigrationFixture table, String part) {
        assertThat(table.lines()).noneMatch(line -> line.contains(part));
    }

    /** Besides by verifyCopy: no partition that is made changes what was found. */
    private void assertNeverComparedAgain(MigrationFixture table) {
        assertNeverSaid(table, "once more");
        assertNeverSaid(table, "compared with its backup");
        assertNeverSaid(table, "The two are compared");
    }

    private boolean isDue(MigrationFixture table, Runway runway) throws SQLException {
        return database.onConnection(database.username(), database.password(), connection -> {
            Session session = new Session(connection);
            return session.whilePinned(
                    () -> Upkeep.isDue(session, new StateTables(new Identifier("public")), table.source(), runway));
        });
    }

    @Test
    void nothingIsMadeForATableWhoseMigrationHasNotBegun() throws SQLException {
        MigrationFixture orders = orders();
        assertThat(isDue(orders, Runway.until("2026-01"))).isFalse();

        orders.upkeep("2026-01");

        assertThat(orders.lines()).isEmpty();
        assertThat(database.queryLong("SELECT count(*) FROM pg_class WHERE relname LIKE 'orders\\_2%'"))
                .isZero();
    }

    @Test
    void nothingIsDueOnceAllIsMadeAndNothingIsSaid() throws SQLException {
        MigrationFixture orders = orders().throughSwap();
        // The first time, how far they shall reach is recorded.
        for (String end : List.of("2024-11", "2025-01")) {
            assertThat(isDue(orders, Runway.until(end))).isTrue();
            orders.upkeep(end);
            assertThat(isDue(orders, Runway.until(end))).isFalse();
        }
        assertThat(partitionsOf("orders")).containsExactly("orders_default");
        assertThat(isDue(orders, Runway.until("2025-02"))).isTrue();
        orders.upkeep("2025-02");
        int lines = orders.lines().size();

        orders.upkeep("2025-02");

        assertThat(isDue(orders, Runway.until("2025-02"))).isFalse();
        assertThat(orders.lines()).hasSize(lines);
    }

    @Test
    void theLiveTableGetsWhatIsMissingAndGoesThereAndBackWithItSeveralTimes() throws SQLException {
        MigrationFixture orders = orders().throughSwap();

        orders.upkeep("2025-03");
        assertSaid(orders, "public.orders has partitions orders_202501 and orders_202502 now, until 2025-03.");
        assertThat(partitionsOf("orders")).containsExactly("orders_202501", "orders_202502", "orders_default");
        database.execute(
                "INSERT INTO orders VALUES (1001, 'ahead', 1, 'x', '2025-01-31 23:59:59+00'), (1002, 'ahead', 1, 'x', '2025-02-01 00:00+00')",
                "UPDATE orders SET created_at = '2025-02-28' WHERE id = 7");
        assertThat(database.queryStrings(
                        "SELECT tableoid::regclass || ' ' || id FROM orders WHERE id IN (7, 1001, 1002) ORDER BY id"))
                .containsExactly("orders_202502 7", "orders_202501 1001", "orders_202502 1002");
        assertThatThrownBy(() -> database.execute("TRUNCATE orders_202501")).hasMessageContaining("TRUNCATE");

        for (int month = 3; month < 9; month += 3) {
            List<String> rows = rows();
            orders.reverseSwap();
            assertThat(rows()).isEqualTo(rows);
            assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                    .isEqualTo("r");
            orders.upkeep("2025-0" + (month + 1));
            database.execute("INSERT INTO orders VALUES (%d, 'back', 1, 'x', '2025-0%d-15')"
                    .formatted(1000 + month * 10, month));
            orders.upkeep("2025-0" + (month + 2));
            orders.replay();
            orders.assertNewTableEqualsSource();
            rows = rows();
            orders.swap();
            assertThat(rows()).isEqualTo(rows);
            orders.upkeep("2025-0" + (month + 3));
            database.execute("UPDATE orders SET created_at = '2025-0%d-02' WHERE id = 9".formatted(month + 2));
        }
        assertNeverComparedAgain(orders);
        assertThat(database.queryStrings(
                        "SELECT DISTINCT tableoid::regclass::text FROM orders WHERE created_at >= '2025-01-01'"))
                .doesNotContain("orders_default");
        assertThat(partitionsOf("orders")).hasSize(9);

        List<String> rows = rows();
        orders.dropBackup();
        orders.upkeep("2025-12");
        assertThat(rows()).isEqualTo(rows);
        assertThat(partitionsOf("orders")).hasSize(12).contains("orders_202511");
        assertThat(database.queryStrings("SELECT tgname FROM pg_trigger WHERE tgname LIKE '%delta%'"))
                .isEmpty();
    }

    @Test
    void theNewTableGetsWhatIsMissingInEveryPhase() throws SQLException {
        MigrationFixture orders = orders();
        orders.prepare().upkeep("2025-02");
        orders.capture().upkeep("2025-03");
        database.execute(
                "UPDATE orders SET created_at = created_at + (4 + id % 7) * interval '1 month' WHERE id <= 120",
                "UPDATE orders SET created_at = 'infinity' WHERE id = 200");
        orders.copy().upkeep("2025-04");
        orders.index().upkeep("2025-05");
        orders.replay().upkeep("2025-06");
        orders.assertNewTableEqualsSource();
        orders.verify().upkeep("2025-07");
        List<String> rows = rows();
        orders.swap();

        assertThat(rows()).isEqualTo(rows);
        assertNeverComparedAgain(orders);
        assertThat(database.queryStrings("SELECT id::text FROM ONLY orders_default ORDER BY id"))
                .contains("200")
                .allMatch(id -> id.equals("200")
                        || database.queryLong(
                                        "SELECT count(*) FROM orders WHERE id = ? AND created_at >= '2025-07-01'",
                                        Long.valueOf(id))
                                == 1);
        assertThat(database.queryLong("SELECT count(*) FROM orders_202503")).isPositive();
        assertIndexesLikeSisters();
    }

    /** Each partition's indexes have the names and definitions of those of its sister. */
    private void assertIndexesLikeSisters() {
        String indexes = """
                SELECT replace(pg_get_indexdef(i.indexrelid), c.relname, '*') || coalesce(' of ' || p.inhparent::regclass, '')
                FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid LEFT JOIN pg_inherits AS p ON p.inhrelid = i.indexrelid
                WHERE c.relname = ? ORDER BY 1""";
        List<String> wanted = database.queryStrings(indexes, "orders_202412");
        assertThat(wanted).isNotEmpty();
        for (String partition : partitionsOf("orders")) {
            assertThat(database.queryStrings(indexes, partition)).as(partition).isEqualTo(wanted);
        }
    }

    @Test
    void aPartitionIsLikeItsSisters() throws SQLException {
        String reader = database.createRole("reader", "");
        database.execute(
                """
                CREATE TABLE orders (
                  id bigint GENERATED ALWAYS AS IDENTITY,
                  gone int,
                  status text COLLATE "C" NOT NULL DEFAULT 'new',
                  amount numeric(10,2) CHECK (amount >= 0),
                  doubled numeric GENERATED ALWAYS AS (amount * 2) STORED,
                  customer int,
                  created_at timestamptz NOT NULL,
                  PRIMARY KEY (id)) WITH (fillfactor = 70, autovacuum_enabled = false)""",
                "ALTER TABLE orders DROP COLUMN gone",
                "CREATE TABLE customers (id int PRIMARY KEY)",
                "INSERT INTO customers SELECT generate_series(1, 10)",
                "ALTER TABLE orders ADD CONSTRAINT of_customer FOREIGN KEY (customer) REFERENCES customers",
                "ALTER TABLE orders ALTER COLUMN status SET STATISTICS 500, ALTER COLUMN status SET STORAGE EXTERNAL",
                "ALTER TABLE orders ALTER COLUMN customer SET (n_distinct = 10)",
                "CREATE INDEX by_status ON orders (lower(status)) WHERE amount > 1",
                "CREATE UNIQUE INDEX by_number ON orders (customer, id)",
                "CREATE STATISTICS together ON status, customer FROM orders",
                "ALTER TABLE orders REPLICA IDENTITY FULL",
                "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY all_of_them ON orders USING (true)",
                "COMMENT ON COLUMN orders.status IS 'how far'",
                "GRANT SELECT ON orders TO " + reader,
                "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO " + reader,
                "INSERT INTO orders (amount, customer, created_at) SELECT i, 1 + i % 10, timestamptz '2024-10-15' + (i % 3) * interval '1 month' FROM generate_series(1, 200) AS i",
                "ANALYZE orders");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "created_at", "id")
                .between("2024-10", "2025-01");
        orders.throughVerification().upkeep("2025-02").swap().upkeep("2025-03").dropBackup();
        database.execute(
                "ALTER TABLE orders ADD COLUMN late text DEFAULT 'l'",
                "CREATE INDEX by_late ON orders (late)",
                "GRANT SELECT ON orders_default TO " + reader);
        orders.upkeep("2025-04");

        List<String> sister = described("orders_202412");
        assertThat(described("orders_202501")).isEqualTo(sister);
        assertThat(described("orders_202502")).isEqualTo(sister);
        assertThat(described("orders_202503"))
                .isEqualTo(described("orders_default"))
                .anyMatch(line -> line.contains(reader));
        assertThat(sister).noneMatch(line -> line.contains(reader));
        assertIndexesLikeSisters();
    }

    private List<String> described(String partition) {
        return database.queryStrings("""
                SELECT replace(line, ?1, '*') FROM (
                  SELECT concat_ws(' ', 'table', c.relowner, c.relam, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
                                   c.reloptions, c.reltablespace, obj_description(c.oid)) FROM pg_class AS c WHERE c.oid = ?1::regclass
                  UNION ALL
                  SELECT concat_ws(' ', 'right', a.grantee::regrole, a.privilege_type) FROM pg_class AS c, aclexplode(c.relacl) AS a
                  WHERE c.oid = ?1::regclass AND a.grantee <> c.relowner
                  UNION ALL
                  SELECT concat_ws(' ', 'column', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated, a.attidentity,
                                   pg_get_expr(d.adbin, d.adrelid), a.attstorage, a.attcompression, coalesce(a.attstattarget, -1), a.attoptions, a.attcollation,
                                   a.attislocal, a.attinhcount, col_description(a.attrelid, a.attnum))
                  FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                  WHERE a.attrelid = ?1::regclass AND a.attnum > 0 AND NOT a.attisdropped
                  UNION ALL
                  SELECT concat_ws(' ', 'constraint', k.conname, pg_get_constraintdef(k.oid), k.convalidated, k.conparentid <> 0)
                  FROM pg_constraint AS k WHERE k.conrelid = ?1::regclass
                  UNION ALL
                  SELECT concat_ws(' ', 'trigger', g.tgfoid::regproc, g.tgenabled, g.tgtype, g.tgparentid <> 0)
                  FROM pg_trigger AS g WHERE g.tgrelid = ?1::regclass
                  UNION ALL
                  SELECT concat_ws(' ', 'statistics', s.stxname, s.stxkind, pg_get_statisticsobjdef_columns(s.oid))
                  FROM pg_statistic_ext AS s WHERE s.stxrelid = ?1::regclass) AS d (line)
                ORDER BY 1""".replace("?1", "'" + partition + "'"));
    }

    @Test
    void aPartitionAndItsIndexesLieInTheTablespacesOfItsSisters() throws SQLException {
        String fast = database.createTablespace("Fast \"and\" 'near'");
        String cold = database.createTablespace("Cold");
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY USING INDEX TABLESPACE %2$s, created_at timestamptz NOT NULL) TABLESPACE %1$s"
                        .formatted(new Identifier(fast).quoted(), new Identifier(cold).quoted()),
                "CREATE INDEX elsewhere ON orders (created_at)",
                "INSERT INTO orders SELECT i, timestamptz '2024-10-15' + (i % 3) * interval '1 month' FROM generate_series(1, 50) AS i",
                "ANALYZE orders");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "created_at", "id")
                .between("2024-10", "2025-01");

        orders.throughVerification().upkeep("2025-02").swap().upkeep("2025-03");

        for (String month : List.of("orders_202412", "orders_202501", "orders_202502")) {
            assertThat(database.queryStrings("""
                            SELECT concat_ws(' ', c.relkind, coalesce(s.spcname, '-'))
                            FROM pg_class AS c LEFT JOIN pg_tablespace AS s ON s.oid = c.reltablespace
                            WHERE c.oid = ?1::regclass
                               OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = ?1::regclass)
                            ORDER BY 1""".replace("?1", "'" + month + "'")))
                    .as(month)
                    .containsExactly("i -", "i " + cold, "r " + fast);
        }
    }

    @Test
    void rowsInTheDefaultPartitionKeepTheirMonthFromBeingMadeAndNoOther() throws SQLException {
        MigrationFixture orders = orders().throughSwap();
        database.execute(
                "INSERT INTO orders VALUES (1001, 'early', 1, 'x', '2025-02-03'), (1002, 'early', 1, 'x', '2025-02-28 23:59+00')");
        List<String> rows = rows();

        orders.upkeep("2025-05");

        assertSaid(
                orders,
                "WARNING: orders_202502 of public.orders is not made: the default partition public.orders_default has 2 rows of it, from 2025-02-01 to 2025-03-01");
        assertThat(partitionsOf("orders"))
                .containsExactly("orders_202501", "orders_202503", "orders_202504", "orders_default");
        assertThat(rows()).isEqualTo(rows);
        assertThat(isDue(orders, Runway.until("2025-05"))).isTrue();
        database.execute("DELETE FROM orders WHERE id > 1000");
        orders.upkeep("2025-05");
        assertThat(partitionsOf("orders")).contains("orders_202502");
        assertThat(isDue(orders, Runway.until("2025-05"))).isFalse();
        rows = rows();
        orders.reverseSwap();
        assertThat(rows()).isEqualTo(rows);
    }

    @Test
    void whatIsInTheWayIsNamedAndTheOthersAreMade() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        database.execute(
                "CREATE TABLE later PARTITION OF orders FOR VALUES FROM ('2025-02-10 00:00+00') TO ('2025-03-10 00:00+00')",
                "CREATE TABLE april PARTITION OF orders FOR VALUES FROM ('2025-04-01 00:00+00') TO ('2025-05-01 00:00+00')",
                "CREATE TABLE orders_202505 (note text)");

        orders.upkeep("2025-07");

        assertSaid(
                orders,
                "orders_202502 of public.orders is not made: its range, from 2025-02-01 to 2025-03-01, overlaps that of [public.later]");
        assertSaid(orders, "orders_202503 of public.orders is not made: its range");
        assertSaid(orders, "orders_202505 of public.orders is not made: something else has that name");
        assertNeverSaid(orders, "orders_202504");
        assertThat(partitionsOf("orders")).containsExactly("orders_202501", "orders_202506", "orders_default");
        database.execute("DROP TABLE later", "DROP TABLE orders_202505");
        orders.upkeep("2025-07");
        assertThat(partitionsOf("orders"))
                .contains("orders_202502", "orders_202503", "orders_202505")
                .doesNotContain("orders_202504");
    }

    @Test
    void aPartitionOfTheWantedNameWithOtherBoundsIsNamedAndMadeOnceItIsRenamed() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        database.execute(
                "CREATE TABLE orders_202501 PARTITION OF orders FOR VALUES FROM ('2025-05-01 00:00+00') TO ('2025-06-01 00:00+00')",
                "CREATE TABLE orders_202502 PARTITION OF orders FOR VALUES FROM ('2025-02-01 00:00+00') TO ('2025-02-15 00:00+00')");

        orders.upkeep("2025-04");

        assertSaid(
                orders,
                "orders_202501 of public.orders is not made: the partition of that name has other bounds, from '2025-05-01 00:00:00+00' to '2025-06-01 00:00:00+00', than it should have, from 2025-01-01 to 2025-02-01");
        assertSaid(orders, "orders_202502 of public.orders is not made: the partition of that name has other bounds");
        database.execute(
                "ALTER TABLE orders_202501 RENAME TO orders_may",
                "ALTER TABLE orders_202502 RENAME TO orders_first_half");
        orders.upkeep("2025-04");
        assertThat(partitionsOf("orders")).contains("orders_202501").doesNotContain("orders_202502");
        assertSaid(
                orders,
                "orders_202502 of public.orders is not made: its range, from 2025-02-01 to 2025-03-01, overlaps");
    }

    /** The others are made, and rows of the gap stay where every query finds them. */
    @Test
    void gapsAreFilledAndWhatLiesBeyondEveryBoundIsNamed() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        database.execute(
                "CREATE TABLE orders_202502 PARTITION OF orders FOR VALUES FROM ('2025-02-01 00:00+00') TO ('2025-03-01 00:00+00')",
                "CREATE TABLE orders_202504 PARTITION OF orders FOR VALUES FROM ('2025-04-01 00:00+00') TO ('2025-05-01 00:00+00')",
                "CREATE TABLE the_rest PARTITION OF orders FOR VALUES FROM ('2025-06-10 00:00+00') TO (MAXVALUE)");

        orders.upkeep("2025-08");

        assertThat(partitionsOf("orders"))
                .containsExactly(
                        "orders_202501",
                        "orders_202502",
                        "orders_202503",
                        "orders_202504",
                        "orders_202505",
                        "orders_default",
                        "the_rest");
        assertSaid(
                orders,
                "orders_202506 of public.orders is not made: its range, from 2025-06-01 to 2025-07-01, overlaps");
        assertSaid(orders, "orders_202507 of public.orders is not made: its range");
        assertNeverSaid(orders, "orders_202505 of public.orders is not made");
        database.execute("DROP TABLE the_rest");
        orders.upkeep("2025-08");
        assertThat(isDue(orders, Runway.until("2025-08"))).isFalse();
    }

    /** People free Liquibase's lock with release-locks. */
    @Test
    void ofTwoRunnersAtOnceTheSecondFailsOrWaitsAndEachPartitionIsMadeOnce() throws Exception {
        MigrationFixture orders = orders().throughSwap();
        LockPolicy patient = new LockPolicy(Duration.ofSeconds(30), 2);
        try (Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.execute("SELECT count(*) FROM ONLY orders_default");
            Future<Void> first = MigrationFixture.inBackground(() -> orders.upkeep(Runway.until("2025-03"), patient));
            orders.awaitBlockedStatement("orders_default");

            assertThatThrownBy(() -> orders.upkeep(Runway.until("2025-04"), patient))
                    .isInstanceOf(PartitionException.class)
                    .hasMessageContaining("another runner is at work on public.orders: pid ");

            orders.waitingForOthers();
            Future<Void> second = MigrationFixture.inBackground(() -> orders.upkeep(Runway.until("2025-04"), patient));
            while (orders.lines().stream()
                    .noneMatch(line -> line.contains("waiting for another runner at work on public.orders"))) {
                LockSupport.parkNanos(1_000_000);
                assertThat(second.isDone()).isFalse();
            }
            reader.rollback();
            MigrationFixture.join(first);
            MigrationFixture.join(second);
        }
        assertThat(partitionsOf("orders"))
                .containsExactly("orders_202501", "orders_202502", "orders_202503", "orders_default");
        assertSaid(orders, "public.orders has partitions orders_202501 and orders_202502 now");
        assertSaid(orders, "public.orders has partition orders_202503 now");
        assertNeverSaid(orders, "WARNING");
    }

    @Test
    void tooManyAreRefused() throws SQLException {
        MigrationFixture orders = orders().throughSwap();

        assertThatThrownBy(() -> orders.upkeep("2225-01"))
                .isInstanceOf(PartitionException.class)
                .hasMessageContainingAll(
                        "2400 partitions orders_… are missing until 2225-01-01", "Nothing was made", "Correct until");
        assertThat(partitionsOf("orders")).containsExactly("orders_default");
    }

    @Test
    void aheadCountsFromTheServersDay() throws SQLException {
        YearMonth now = YearMonth.now(ZoneOffset.UTC);
        MigrationFixture orders = ordersOfToday(now.plusMonths(1)).throughSwap();

        orders.upkeep(Runway.ahead(2), MigrationFixture.LOCK);

        assertThat(partitionsOf("orders"))
                .contains("orders_" + now.plusMonths(2).toString().replace("-", ""))
                .doesNotContain("orders_" + now.plusMonths(3).toString().replace("-", ""));
        assertThat(isDue(orders, Runway.ahead(2))).isFalse();
        assertThat(isDue(orders, Runway.ahead(3))).isTrue();
    }

    @Test
    void aMonthThatSomebodyTookOutIsMadeAgainOnlyIfItIsToComeAndNoWayBackRestsOnIt() throws SQLException {
        YearMonth now = YearMonth.now(ZoneOffset.UTC);
        String past = "orders_" + now.minusMonths(1).toString().replace("-", "");
        String next = "orders_" + now.plusMonths(1).toString().replace("-", "");
        MigrationFixture orders = ordersOfToday(now.plusMonths(2)).throughSwap();
        database.execute("ALTER TABLE orders DETACH PARTITION " + next, "DROP TABLE " + next);
        orders.upkeep(Runway.ahead(1), MigrationFixture.LOCK);
        assertThat(isDue(orders, Runway.ahead(1))).isFalse();
        database.execute("CREATE TABLE %s PARTITION OF orders FOR VALUES FROM ('%s-01 00:00+00') TO ('%s-01 00:00+00')"
                .formatted(next, now.plusMonths(1), now.plusMonths(2)));
        orders.dropBackup();
        database.execute("DROP TABLE " + past, "DROP TABLE " + next);

        orders.upkeep(Runway.ahead(1), MigrationFixture.LOCK);

        assertThat(orders.exists(orders.source().sibling(new Identifier(next)))).isTrue();
        assertThat(orders.exists(orders.source().sibling(new Identifier(past)))).isFalse();
    }

    /** The default partition is read in the time of an attempt, or beside the writers. */
    @Test
    void aDefaultPartitionThatIsTooLargeToBeReadUnderTheLockIsReadBefore() throws SQLException {
        YearMonth now = YearMonth.now(ZoneOffset.UTC);
        MigrationFixture orders = ordersOfToday(now.plusMonths(2)).throughSwap();
        database.execute(
                "INSERT INTO orders SELECT i, 'old', 1, repeat('x', 900), '1999-01-01' FROM generate_series(1001, 1500) AS i");
        LockPolicy brief = new LockPolicy(Duration.ofMillis(1), 500);

        orders.upkeep(Runway.ahead(2), brief);

        assertSaid(orders, "public.orders_default is read to show that it has no rows from");
        assertThat(orders.exists(orders.source()
                        .sibling(new Identifier(
                                "orders_" + now.plusMonths(2).toString().replace("-", "")))))
                .isTrue();
        assertNoCheckIsLeft();
        database.execute("INSERT INTO orders VALUES (2001, 'ahead', 1, 'x', '%s-05')".formatted(now.plusMonths(2)));
    }

    /** Its size promises a short look, and the function that reads its dates does not keep the promise. */
    @Test
    void aLookAtTheDefaultPartitionUnderTheLockIsGivenUpWhenItTakesAsLongAsAnAttempt() throws SQLException {
        YearMonth now = YearMonth.now(ZoneOffset.UTC);
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, at text NOT NULL)",
                "INSERT INTO orders SELECT i, to_char(date '%s-01' + i, 'DD.MM.YYYY') FROM generate_series(1, 20) AS i"
                        .formatted(now),
                "ANALYZE orders");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "at", "id")
                .between(now.toString(), now.plusMonths(2).toString())
                .partitionedBy(new PartitionKeySpec(
                        List.of(new Identifier("at")),
                        Optional.of("DD.MM.YYYY"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()))
                .throughSwap();
        database.execute("INSERT INTO orders VALUES (1001, '01.01.1999')");
        database.execute(database.queryString("""
                SELECT regexp_replace(pg_get_functiondef(oid), '\\mBEGIN\\M', $$BEGIN
                         IF EXISTS (SELECT FROM pg_catalog.pg_locks AS l
                                    WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
                                      AND l.relation OPERATOR(pg_catalog.=) 'public.orders_default'::pg_catalog.regclass::pg_catalog.oid
                                      AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock') THEN
                           PERFORM pg_catalog.pg_sleep(5);
                         END IF;$$)
                FROM pg_proc WHERE oid = 'public.orders_text_date'::regproc"""));

        orders.upkeep(Runway.ahead(2), new LockPolicy(Duration.ofMillis(300), 500));

        assertSaid(orders, "public.orders_default is read to show that it has no rows from");
        assertNoCheckIsLeft();
        database.execute(
                "INSERT INTO orders VALUES (1002, to_char(date '%s-05', 'DD.MM.YYYY'))".formatted(now.plusMonths(2)));
        assertThat(database.queryString("SELECT tableoid::regclass::text FROM orders WHERE id = 1002"))
                .isEqualTo("orders_" + now.plusMonths(2).toString().replace("-", ""));
    }

    @Test
    void whatMayBeWrittenTodayIsNotRefusedToWriters() throws SQLException {
        MigrationFixture orders = orders().throughSwap();
        database.execute(
                "INSERT INTO orders SELECT i, 'old', 1, repeat('x', 900), '1999-01-01' FROM generate_series(1001, 1500) AS i");

        orders.upkeep(Runway.until("2025-02"), new LockPolicy(Duration.ofMillis(1), 500));

        assertSaid(orders, "orders_202501 of public.orders is not made: rows of it may come at any moment");
        assertThat(partitionsOf("orders")).containsExactly("orders_default");
        assertNoCheckIsLeft();
        orders.upkeep("2025-02");
        assertThat(partitionsOf("orders")).contains("orders_202501");
    }

    private void assertNoCheckIsLeft() {
        assertThat(
                        database.queryStrings(
                                "SELECT conname FROM pg_constraint WHERE conrelid = 'orders_default'::regclass AND contype = 'c'"))
                .isEmpty();
    }

    @Test
    void theCheckThatAKilledRunHasLeftIsDroppedByTheNext() throws SQLException {
        MigrationFixture orders = orders().throughSwap();
        database.execute(
                "ALTER TABLE orders_default ADD CONSTRAINT orders_default_makes_room CHECK (created_at IS NULL OR created_at < '2025-01-01 00:00+00' OR created_at >= '2025-03-01 00:00+00') NOT VALID");
        database.execute("INSERT INTO orders VALUES (1000, 'old', 1, 'x', '1999-01-01')");

        orders.upkeep("2025-02");

        assertNoCheckIsLeft();
        assertThat(partitionsOf("orders")).containsExactly("orders_202501", "orders_default");
        database.execute("INSERT INTO orders VALUES (1001, 'later', 1, 'x', '2025-02-03')");
    }

    @Test
    void theCheckThatAKilledRunHasLeftIsDroppedThoughNoPartitionIsMissing() throws SQLException {
        MigrationFixture orders = orders().throughSwap();
        database.execute(
                "ALTER TABLE orders_default ADD CONSTRAINT orders_default_makes_room CHECK (created_at IS NULL OR created_at < '2025-01-01 00:00+00' OR created_at >= '2025-03-01 00:00+00') NOT VALID");
        assertThat(isDue(orders, Runway.until("2025-01"))).isTrue();

        orders.upkeep("2025-01");

        assertNoCheckIsLeft();
        assertThat(isDue(orders, Runway.until("2025-01"))).isFalse();
        database.execute("INSERT INTO orders VALUES (1001, 'later', 1, 'x', '2025-02-03')");
    }

    /** The server would refuse the row of a writer who waits for the default partition with it. */
    @Test
    void aWriterWhoComesWhileThePartitionIsAttachedFindsIt() throws Exception {
        MigrationFixture orders = orders().throughSwap();
        database.execute("ALTER DATABASE %s SET deadlock_timeout = '60s'".formatted(database.name()));
        try (Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.execute("SELECT count(*) FROM ONLY orders_default");
            Future<Void> upkeep = MigrationFixture.inBackground(
                    () -> orders.upkeep(Runway.until("2025-02"), new LockPolicy(Duration.ofSeconds(30), 1)));
            orders.awaitBlockedStatement("orders_default");
            Future<Void> writer = MigrationFixture.inBackground(() -> {
                database.execute("INSERT INTO orders VALUES (1001, 'just now', 1, 'x', '2025-01-05')");
                return null;
            });
            orders.awaitBlockedStatement("just now");
            reader.rollback();
            MigrationFixture.join(upkeep);
            MigrationFixture.join(writer);
        }
        assertThat(database.queryString("SELECT tableoid::regclass::text FROM orders WHERE id = 1001"))
                .isEqualTo("orders_202501");
    }

    /** As one that the swap has left: nothing about its rows has to be found out on the way back. */
    @Test
    void aPartitionThatWasAddedSinceTheSwapIsKnownAndIsMissedWhenItGoes() throws SQLException {
        MigrationFixture orders = orders().throughSwap().upkeep("2025-02");
        database.execute("INSERT INTO orders VALUES (1001, 'ahead', 1, 'x', '2025-01-05')");
        orders.step("catchUp", run -> CatchUp.run(run, CatchUp.DEFAULT_TIME, GivenPace.NOTHING));
        assertThat(database.queryStrings("""
                        SELECT p.name FROM partition_migration AS m, jsonb_to_recordset(m.partitions) AS p (name text, judged boolean)
                        WHERE p.judged AND p.name > 'orders_202411' ORDER BY 1""")).containsExactly("orders_202412", "orders_202501", "orders_default");
        database.execute("DROP TABLE orders_202501");

        assertThatThrownBy(orders::reverseSwap)
                .hasMessageContainingAll("public.orders_202501 was dropped", "Nothing was renamed");
        assertThat(orders.phase()).isEqualTo("swapped");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "bigint NOT NULL; extract(epoch FROM t)::bigint;; seconds;;",
                "numeric NOT NULL; extract(epoch FROM t) * 1000;; milliseconds;;",
                "text; to_char(t, 'DD.MM.YYYY'); DD.MM.YYYY;;;",
                "text NOT NULL; to_char(t, 'YYYY-MM-DD');;;; day_of_order",
                "timestamp NOT NULL; t;;;;",
                "date; t::date;;;;",
                "date; t::date;;;; day_of_order",
                "uuid NOT NULL; (lpad(to_hex((extract(epoch FROM t) * 1000)::bigint), 12, '0') || '7000800000000000' || lpad(to_hex(i), 4, '0'))::uuid;;; uuidv7;",
                "text COLLATE \"C\" NOT NULL; (SELECT string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 1 + ((extract(epoch FROM t) * 1000)::bigint >> (45 - 5 * k) & 31)::int, 1), '' ORDER BY k) FROM generate_series(0, 9) AS k) || lpad(i::text, 16, '0');;; ulid;",
                "bigint NOT NULL; ((extract(epoch FROM t) * 1000)::bigint - 1288834974657) << 22;;; snowflake;"
            })
    void everyKindOfKey(String type, String value, String textFormat, String epoch, String keyTime, String combined)
            throws SQLException {
        String source =
                "(SELECT i, timestamp '2024-10-01' + i * interval '7 hours' AS t FROM generate_series(1, 300) AS i) AS s";
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, code int NOT NULL, at %s)".formatted(type),
                "CREATE UNIQUE INDEX orders_code ON orders (code)",
                "INSERT INTO orders SELECT i, i, %s FROM %s".formatted(value, source),
                "ANALYZE orders");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "at", "id")
                .between("2024-10", "2025-01")
                .partitionedBy(new PartitionKeySpec(
                        List.of(new Identifier("at")),
                        Optional.ofNullable(textFormat),
                        Optional.ofNullable(epoch),
                        Optional.ofNullable(keyTime),
                        Optional.ofNullable(combined).map(Identifier::new)));
        String later =
                "INSERT INTO orders (id, code, at) SELECT i + %1$d, i + %1$d, %2$s FROM (SELECT i, timestamp '2025-0%3$d-10' + i * interval '1 minute' AS t FROM generate_series(1, 5) AS i) AS s";
        orders.throughVerification().upkeep("2025-02");
        database.execute(later.formatted(1000, value, 1));
        orders.swap();
        orders.upkeep("2025-03");
        database.execute(later.formatted(2000, value, 2));
        List<String> rows = database.queryStrings("SELECT ROW(id, code, at)::text FROM orders ORDER BY id");
        orders.reverseSwap();
        assertThat(database.queryStrings("SELECT ROW(id, code, at)::text FROM orders ORDER BY id"))
                .isEqualTo(rows);
        orders.upkeep("2025-04");
        database.execute(later.formatted(3000, value, 3));
        orders.swap();

        assertThat(
                        database.queryStrings(
                                "SELECT tableoid::regclass || ' ' || count(*) FROM orders WHERE id > 1000 GROUP BY tableoid ORDER BY 1"))
                .containsExactly("orders_202501 5", "orders_202502 5", "orders_202503 5");
        assertIndexesLikeSisters();
        assertNeverComparedAgain(orders);
        if (combined != null) {
            assertThat(
                            database.queryStrings(
                                    "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'orders_202503'::regclass AND contype = 'c'"))
                    .anyMatch(check -> check.contains("2025-03-01") && check.contains("2025-04-01"))
                    .hasSize(1);
        }
        orders.dropBackup().upkeep("2025-05");
    }

    @Test
    void childrenOfATableWhoseRowsTriggersRoute() throws SQLException {
        MigrationFixture orders = orders().routedByTrigger();
        database.execute("UPDATE orders SET created_at = '2025-01-20' WHERE id <= 20");
        orders.throughVerification().upkeep("2025-02");
        assertThat(database.queryLong("SELECT count(*) FROM orders_202501")).isEqualTo(20);
        database.execute("INSERT INTO orders VALUES (1001, 'ahead', 1, 'x', '2025-01-31')");
        orders.swap().upkeep("2025-03");
        database.execute("INSERT INTO orders VALUES (1002, 'ahead', 1, 'x', '2025-02-28')");
        List<String> rows = rows();
        orders.reverseSwap();
        assertThat(rows()).isEqualTo(rows);
        orders.upkeep("2025-04");
        database.execute("INSERT INTO orders VALUES (1003, 'ahead', 1, 'x', '2025-03-31')");
        rows = rows();
        orders.swap();

        assertThat(rows()).isEqualTo(rows);
        assertThat(database.queryStrings(
                        "SELECT tableoid::regclass || ' ' || id FROM orders WHERE id > 1000 ORDER BY id"))
                .containsExactly("orders_202501 1001", "orders_202502 1002", "orders_202503 1003");
        orders.dropBackup().upkeep("2025-06");
        assertThat(partitionsOf("orders"))
                .containsExactly(
                        "orders_202501",
                        "orders_202502",
                        "orders_202503",
                        "orders_202504",
                        "orders_202505",
                        "orders_default");
        assertNeverComparedAgain(orders);
    }

    /**
     * Writers whose rows are of the months that are being attached, and others, some of them in the default partition.
     */
    @Test
    void noWriterFailsAndNoneWaitsForLong() throws Exception {
        MigrationFixture orders = orders().throughSwap();
        AtomicBoolean stop = new AtomicBoolean();
        Stream.Builder<Future<Void>> inserting = Stream.builder();
        for (int i = 0; i < 3; i++) {
            int id = 100_000 * (i + 1);
            inserting.add(MigrationFixture.inBackground(() ->
                    database.onConnection(database.username(), database.password(), connection -> {
                        connection.setAutoCommit(false);
                        try (var insert = connection.prepareStatement(
                                        "INSERT INTO orders SELECT ? + m, 'soon', 1, 'x', timestamptz '2025-01-15' + m * interval '1 month' FROM generate_series(0, 11) AS m");
                                var delete = connection.prepareStatement(
                                        "DELETE FROM orders WHERE id >= ? AND id < ? + 100")) {
                            while (!stop.get()) {
                                insert.setInt(1, id);
                                insert.executeUpdate();
                                delete.setInt(1, id);
                                delete.setInt(2, id);
                                delete.executeUpdate();
                                connection.commit();
                            }
                        }
                        return null;
                    })));
        }
        List<Future<Void>> threads = inserting.build().toList();
        try (Workload workload = Workload.on(database, "public.orders", "id", "created_at")
                .between(LocalDate.of(2024, 10, 1), LocalDate.of(2025, 1, 1))
                .withOutliers()
                .writers(4)
                .start()) {
            workload.awaitCommits(100);
            for (YearMonth month = YearMonth.of(2025, 2);
                    month.isBefore(YearMonth.of(2026, 2));
                    month = month.plusMonths(1)) {
                orders.upkeep(month.toString());
            }
            workload.awaitCommits(50);
            stop.set(true);
            for (Future<Void> thread : threads) {
                MigrationFixture.join(thread);
            }
            assertThat(workload.stop().longestWait()).isLessThan(Duration.ofSeconds(10));
            workload.assertNothingLost();
            orders.reverseSwap();
            workload.assertNothingLost();
        } finally {
            stop.set(true);
        }
        assertThat(orders.lines().stream()
                        .filter(line -> line.contains("partition orders_"))
                        .count())
                .isEqualTo(12);
    }
}
