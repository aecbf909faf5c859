package liquibase.ext.partition.engine.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Runway;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.state.StatusReport;
import liquibase.ext.partition.engine.time.DateTime;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is said of a table in service, in words and in the view. */
@ExtendWith(FreshDatabase.class)
class UpkeepStatusTest {
    private static final YearMonth NOW = YearMonth.now(ZoneOffset.UTC);

    private TestDatabase database;

    private MigrationFixture orders() {
        return MigrationFixture.ofOrders(database, 240)
                .between("2024-01", NOW.plusMonths(3).toString());
    }

    private static String name(YearMonth month) {
        return "orders_" + month.toString().replace("-", "");
    }

    private StatusReport status(MigrationFixture table) throws SQLException {
        StateTables state = new StateTables(new Identifier("public"));
        return database.onConnection(database.username(), database.password(), connection -> {
            Session session = new Session(connection);
            return session.whilePinned(() -> UpkeepStatus.of(
                    session,
                    state,
                    new Migrations(session, state).find(table.source()).orElseThrow()));
        });
    }

    private String view(String columns) {
        return database.queryString("SELECT ROW(%s)::text FROM partition_progress".formatted(columns));
    }

    @Test
    void nothingIsSaidBeforeTheSwap() throws SQLException {
        MigrationFixture orders = orders().throughVerification();

        assertThat(status(orders)).isEqualTo(StatusReport.empty());
        assertThat(view("intervals_ahead, partitions_until, partitions, partition_bytes"))
                .isEqualTo("(,,,)");
    }

    @Test
    void asManyAsThereShouldBeAreAhead() throws SQLException {
        MigrationFixture orders = orders().throughSwap();
        assertThat(status(orders).problems()).isEmpty();
        assertThat(status(orders).facts()).anyMatch(it -> it.contains("no addPartitions has run"));

        orders.upkeep(Runway.ahead(2), MigrationFixture.LOCK);

        for (String phase : List.of("swapped", "dropped")) {
            assertThat(orders.phase()).isEqualTo(phase);
            StatusReport report = status(orders);
            assertThat(report.problems()).isEmpty();
            assertThat(report.facts())
                    .contains("Ahead: 2 months after the present one have a partition, the last until %s; ahead is 2."
                            .formatted(NOW.plusMonths(3)))
                    .anyMatch(it ->
                            it.matches("Partitions: \\d+ with [\\d,]+ (kB|MB) in all; the largest is orders_2024.*"))
                    .contains("Rows in the default partition: 0 rows.");
            assertThat(view("reach_ahead, reach_until, intervals_ahead, partitions_until"))
                    .isEqualTo("(2,,2,%s-01)".formatted(NOW.plusMonths(3)));
            assertThat(view("partition_bytes > 100000, largest_partition, default_partition_bytes > 0"))
                    .startsWith("(t,orders_2024")
                    .endsWith(",t)");
            if (phase.equals("swapped")) {
                orders.dropBackup();
            }
        }
    }

    @Test
    void whatIsMissingIsAProblem() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        orders.upkeep(Runway.ahead(2), MigrationFixture.LOCK);
        database.execute("DROP TABLE " + name(NOW.plusMonths(1)));

        StatusReport report = status(orders);
        assertThat(report.facts())
                .contains("Ahead: 0 months after the present one have a partition, the last until %s; ahead is 2."
                        .formatted(NOW.plusMonths(1)));
        assertThat(report.problems())
                .containsExactly(
                        "public.orders misses %s; ahead is 2. Run liquibase update --label-filter=upkeep, which makes what is missing, or says what is in the way."
                                .formatted(name(NOW.plusMonths(1))));
        assertThat(view("intervals_ahead, partitions_until")).isEqualTo("(0,%s-01)".formatted(NOW.plusMonths(1)));

        database.execute("DROP TABLE " + name(NOW));
        assertThat(status(orders).facts())
                .contains("Ahead: the present month, %s, has no partition; ahead is 2.".formatted(NOW));
        assertThat(view("intervals_ahead, partitions_until")).isEqualTo("(-1,)");
        orders.upkeep(Runway.ahead(2), MigrationFixture.LOCK);
        assertThat(status(orders).problems()).isEmpty();
    }

    @Test
    void anEndThatWasAskedForAndIsNotReachedIsAProblem() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        String end = NOW.plusMonths(5).toString();
        database.execute("CREATE TABLE " + name(NOW.plusMonths(3)) + " (note text)");

        orders.upkeep(Runway.until(end), MigrationFixture.LOCK);

        assertThat(status(orders).problems())
                .singleElement()
                .asString()
                .contains("misses %s; until is %s".formatted(name(NOW.plusMonths(3)), end));
        assertThat(view("reach_ahead, reach_until")).isEqualTo("(,%s-01)".formatted(end));
    }

    @Test
    void rowsThatShouldHaveAPartitionAreAProblemAndOthersAreNot() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        orders.upkeep(Runway.ahead(2), MigrationFixture.LOCK);
        database.execute(
                "INSERT INTO orders VALUES (1001, 'x', 1, 'x', '1999-01-01'), (1002, 'x', 1, 'x', 'infinity'), (1003, 'x', 1, 'x', '9999-01-01')");
        assertThat(status(orders).problems()).isEmpty();
        assertThat(status(orders).facts())
                .contains("Rows in the default partition: 3 rows (1 infinite, 1 before 2024-01, 1 from %s on)."
                        .formatted(NOW.plusMonths(3)));

        database.execute(
                "ALTER TABLE orders DETACH PARTITION " + name(NOW),
                "INSERT INTO orders VALUES (1004, 'x', 1, 'x', '%s-01 00:00+00')".formatted(NOW));

        StatusReport report = status(orders);
        assertThat(report.facts())
                .contains(
                        "Rows in the default partition: 3 rows (1 infinite, 1 before 2024-01, 1 from %s on), and 1 of months that should have a partition."
                                .formatted(NOW.plusMonths(3)));
        assertThat(report.problems())
                .anyMatch(it -> it.startsWith(
                        "public.orders_default has 1 rows of months from 2024-01 until %s, which should have a partition."
                                .formatted(NOW.plusMonths(3))));
    }

    @Test
    void aLargeDefaultPartitionIsReadInPartAndAtItsEnd() throws SQLException {
        MigrationFixture orders = orders().throughSwap();
        database.execute(
                "INSERT INTO orders SELECT i, 'old', 1, repeat('x', 900), '1999-01-01' FROM generate_series(10001, 13000) AS i",
                "INSERT INTO orders VALUES (20001, 'x', 1, 'x', '9999-01-01')");
        PartitionLayout layout = new PartitionLayout(
                "orders_", PartitionInterval.MONTH, LocalDate.of(2024, 1, 1), LocalDate.of(9999, 12, 1));
        DefaultLook look = database.onConnection(database.username(), database.password(), connection -> {
            Session session = new Session(connection);
            return session.whilePinned(() -> DefaultLook.at(
                    session,
                    QualifiedName.of("public", "orders_default"),
                    new PartitionKey(
                            List.of(new PartitionKey.TimeSource(
                                    new Identifier("created_at"), false, new DateTime("timestamptz"))),
                            Optional.empty()),
                    layout,
                    100));
        });

        assertThat(look.isEstimate()).isTrue();
        assertThat(look.rows().before()).isBetween(1_000L, 6_000L);
        assertThat(look.misplaced()).isPositive();
    }

    @Test
    void aTableWhoseRowsTriggersRoute() throws SQLException {
        MigrationFixture orders = orders().routedByTrigger().throughSwap();
        orders.upkeep(Runway.ahead(4), MigrationFixture.LOCK);

        assertThat(status(orders).problems()).isEmpty();
        assertThat(status(orders).facts())
                .contains("Ahead: 4 months after the present one have a partition, the last until %s; ahead is 4."
                        .formatted(NOW.plusMonths(5)))
                .contains("Rows in the default partition: 0 rows.");
        assertThat(view("intervals_ahead")).isEqualTo("(4)");
        orders.dropBackup();
        database.execute("DROP TABLE " + name(NOW.plusMonths(2)));
        assertThat(status(orders).problems()).singleElement().asString().contains("misses " + name(NOW.plusMonths(2)));
        assertThat(view("intervals_ahead")).isEqualTo("(1)");
    }

    /** Twelve partitions of days in the place of a month, or one for years: what matters is that rows find one. */
    @Test
    void partitionsOfOtherBoundsCountByWhatTheyCover() throws SQLException {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 240)
                .between("2024-01", NOW.toString())
                .throughSwap()
                .dropBackup();
        database.execute(
                "CREATE TABLE first_half PARTITION OF orders FOR VALUES FROM ('%1$s-01 00:00+00') TO ('%1$s-15 00:00+00')"
                        .formatted(NOW),
                "CREATE TABLE second_half PARTITION OF orders FOR VALUES FROM ('%s-15 00:00+00') TO ('%s-01 00:00+00')"
                        .formatted(NOW, NOW.plusMonths(1)),
                "CREATE TABLE the_rest PARTITION OF orders FOR VALUES FROM ('%s-01 00:00+00') TO (MAXVALUE)"
                        .formatted(NOW.plusMonths(1)));
        orders.upkeep(Runway.ahead(6), MigrationFixture.LOCK);

        assertThat(status(orders).problems()).isEmpty();
        assertThat(status(orders).facts()).anyMatch(it -> it.matches("Ahead: [67] months .*"));
        database.execute("ALTER TABLE orders DETACH PARTITION second_half");
        assertThat(status(orders).facts()).anyMatch(it -> it.startsWith("Ahead: the present month"));
    }

    /** As ULIDs are compared: by the collation of their column. */
    @Test
    void keysOfUlids() throws SQLException {
        database.execute(
                "CREATE TABLE orders (id text COLLATE \"C\" PRIMARY KEY, note text)",
                "INSERT INTO orders SELECT '01HKVV6JP0' || lpad(i::text, 16, '0'), 'n' FROM generate_series(1, 50) AS i",
                "ANALYZE orders");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "id", "id")
                .between("2024-01", NOW.plusMonths(1).toString())
                .partitionedBy(new PartitionKeySpec(
                        List.of(new Identifier("id")),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of("ulid"),
                        Optional.empty()))
                .throughSwap();

        orders.upkeep(Runway.ahead(3), MigrationFixture.LOCK);

        assertThat(status(orders).problems()).isEmpty();
        assertThat(status(orders).facts()).anyMatch(it -> it.startsWith("Ahead: 3 months"));
    }

    /** A dump that is restored gives every table another oid. */
    @Test
    void aDatabaseThatWasRestoredKeepsItsTablesInShape() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        orders.upkeep(Runway.ahead(2), MigrationFixture.LOCK);
        database.execute("UPDATE partition_migration SET new_oid = 1, source_oid = 2");

        assertThat(status(orders).problems()).isEmpty();
        orders.upkeep(Runway.ahead(4), MigrationFixture.LOCK);

        assertThat(status(orders).facts()).anyMatch(it -> it.startsWith("Ahead: 4 months"));
        database.execute(
                "ALTER TABLE orders RENAME TO orders_before",
                "CREATE TABLE orders (id int, created_at timestamptz) PARTITION BY RANGE (id)");
        assertThat(status(orders).problems())
                .containsExactly(
                        "public.orders is not the table that its migration has made, so that it gets no partitions. Put the names right.");
        orders.upkeep(Runway.ahead(5), MigrationFixture.LOCK);
        assertThat(orders.lines())
                .anyMatch(it -> it.contains("is not the table that the migration of public.orders has made"));
    }

    @Test
    void aCheckThatRefusesRowsIsAProblem() throws SQLException {
        MigrationFixture orders = orders().throughSwap();
        database.execute(
                "ALTER TABLE orders_default ADD CONSTRAINT orders_default_makes_room CHECK (created_at < '2025-01-01 00:00+00') NOT VALID");

        assertThat(status(orders).problems())
                .singleElement()
                .asString()
                .startsWith("public.orders_default has a CHECK that refuses rows");
    }

    @Test
    void aRoleThatMayNotReadTheRowsIsToldSo() throws SQLException {
        MigrationFixture orders = orders().throughSwap();
        String watcher = database.createRole("watcher", "");
        database.execute(
                "GRANT USAGE ON SCHEMA public TO " + watcher,
                "GRANT SELECT ON partition_migration TO " + watcher,
                "GRANT SELECT ON partition_progress TO " + watcher);
        StateTables state = new StateTables(new Identifier("public"));

        StatusReport report = database.onConnection(watcher, watcher, connection -> {
            Session session = new Session(connection);
            return session.whilePinned(() -> UpkeepStatus.of(
                    session,
                    state,
                    new Migrations(session, state).find(orders.source()).orElseThrow()));
        });

        assertThat(report.facts()).anyMatch(it -> it.contains("not counted, since this role may not read"));
    }
}
