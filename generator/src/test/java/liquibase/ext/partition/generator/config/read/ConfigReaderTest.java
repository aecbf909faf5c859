package liquibase.ext.partition.generator.config.read;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.time.Epoch;
import liquibase.ext.partition.generator.config.ColumnConfig;
import liquibase.ext.partition.generator.config.ExchangeConfig;
import liquibase.ext.partition.generator.config.TableConfig;
import liquibase.ext.partition.generator.config.TableConfigBuilder;
import liquibase.ext.partition.generator.config.TableTuning;
import liquibase.ext.partition.generator.config.TablesConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigReaderTest {
    @TempDir
    private Path directory;

    @Test
    void fillsInTheDefaultsOfWhatIsLeftOut() throws Exception {
        TableConfig table = onlyTable("""
                tables:
                  - tableName: orders
                    keyColumns: [id]
                    partitionBy: {columns: [created_at], from: 2024-01, until: 2026-07}
                """);

        assertThat(table)
                .isEqualTo(TableConfigBuilder.table("orders")
                        .names("orders_new", "orders_old", "orders_delta", "orders_")
                        .keyColumns("id")
                        .partitionColumns("created_at")
                        .range(LocalDate.of(2024, 1, 1), LocalDate.of(2026, 7, 1))
                        .build());
        assertThat(table.partitionBy().partitionCount()).isEqualTo(30);
    }

    @Test
    void anExchangeHasTheDefaultNamesAndWhereItSaysSoARange() throws Exception {
        TablesConfig config = read("""
                defaults: {workers: 4}
                exchanges:
                  - tableName: orders_default
                    keyColumns: [id, created_at]
                    partitionPrefix: orders_
                    partitionBy: {from: 2026-01, until: 2026-07}
                  - tableName: orders_202402
                    schemaName: shop
                    keyColumns: [id, created_at]
                    partitionPrefix: orders_
                    partitionBy: {interval: day}
                    workers: 1
                  - tableName: orders_202301
                    throughTableName: orders_202312
                    keyColumns: [id, created_at]
                    partitionPrefix: orders_
                    partitionBy: {interval: year}
                """);

        assertThat(config.tables()).isEmpty();
        assertThat(config.exchanges())
                .containsExactly(
                        new ExchangeConfig(
                                "orders_default",
                                null,
                                "orders_default",
                                null,
                                "orders_default_new",
                                "orders_default_old",
                                "orders_default_delta",
                                "orders_",
                                List.of("id", "created_at"),
                                PartitionInterval.MONTH,
                                LocalDate.of(2026, 1, 1),
                                LocalDate.of(2026, 7, 1),
                                new TableTuning(Map.of("workers", 4L))),
                        new ExchangeConfig(
                                "orders_202402",
                                "shop",
                                "orders_202402",
                                null,
                                "orders_202402_new",
                                "orders_202402_old",
                                "orders_202402_delta",
                                "orders_",
                                List.of("id", "created_at"),
                                PartitionInterval.DAY,
                                null,
                                null,
                                new TableTuning(Map.of("workers", 1L))),
                        new ExchangeConfig(
                                "orders_202301",
                                null,
                                "orders_202301",
                                "orders_202312",
                                "orders_202301_new",
                                "orders_202301_old",
                                "orders_202301_delta",
                                "orders_",
                                List.of("id", "created_at"),
                                PartitionInterval.YEAR,
                                null,
                                null,
                                new TableTuning(Map.of("workers", 4L))));
    }

    @Test
    void aTableSaysOtherwiseThanTheDefaultsOrWantsNoneOfThem() throws Exception {
        List<TableConfig> tables = read("""
                defaults: {workers: 4, maxLoad: 16, window: 22:00-06:00, lockTimeout: 500ms}
                tables:
                  - tableName: orders
                    keyColumns: [id]
                    partitionBy: {columns: [created_at], from: 2024-01, until: 2026-07}
                  - tableName: payments
                    keyColumns: [id]
                    partitionBy: {columns: [created_at], from: 2024-01, until: 2026-07}
                    workers: 1
                    maxLoad: off
                    window: "off"
                    maxReplicaLag: 2 min
                    throttleQuery: >-
                      SELECT count(*) > 100
                      FROM jobs
                """).tables();

        assertThat(tables)
                .extracting(TableConfig::tuning)
                .containsExactly(
                        new TableTuning(
                                Map.of("workers", 4L, "maxLoad", 16L, "window", "22:00-06:00", "lockTimeout", "500ms")),
                        new TableTuning(Map.of(
                                "workers",
                                1L,
                                "maxReplicaLag",
                                "2 min",
                                "throttleQuery",
                                "SELECT count(*) > 100 FROM jobs",
                                "lockTimeout",
                                "500ms")));
    }

    @Test
    void takesWhatIsGivenAsItIs() throws Exception {
        TableConfig table = onlyTable("""
                tables:
                  - schemaName: Sales
                    tableName: Orders
                    newTableName: Orders 2
                    backupTableName: "Orders\\u00e9"
                    deltaTableName: 'it''s'
                    partitionPrefix: o$
                    keyColumns: [tenant, id]
                    routing: trigger
                    incomingForeignKeys: drop
                    partitionBy:
                      columns: [day, id]
                      combinedColumn: a day
                      textFormat: DD.MM.YYYY
                      epoch: seconds
                      interval: month
                      from: 2024-01
                      until: 2024-03
                    columns:
                      tenant: text
                      id: {type: bigint}
                      day: {type: text, using: "to_date(day, 'YYYY')"}
                      amount: {type: "numeric(12,2)", using: "round(amount, 2)", reverseUsing: amount}
                    chunkSize: 1_000
                    workers: 4
                """);

        assertThat(table)
                .isEqualTo(TableConfigBuilder.table("Orders")
                        .schema("Sales")
                        .names("Orders 2", "Ordersé", "it's", "o$")
                        .keyColumns("tenant", "id")
                        .routing(Routing.TRIGGER)
                        .incomingForeignKeys(IncomingForeignKeys.DROP)
                        .partitionColumns("day", "id")
                        .combinedColumn("a day")
                        .textFormat("DD.MM.YYYY")
                        .epoch(Epoch.Unit.SECONDS)
                        .range(LocalDate.of(2024, 1, 1), LocalDate.of(2024, 3, 1))
                        .columns(Map.of(
                                "tenant", new ColumnConfig("text", null, null),
                                "id", new ColumnConfig("bigint", null, null),
                                "day", new ColumnConfig("text", "to_date(day, 'YYYY')", null),
                                "amount", new ColumnConfig("numeric(12,2)", "round(amount, 2)", "amount")))
                        .tuning(Map.of("chunkSize", 1000L, "workers", 4L))
                        .build());
        assertThat(table.columns().keySet()).containsExactly("tenant", "id", "day", "amount");
    }

    @Test
    void readsTheFirstDayOfAMonthAsThatMonthQuotedOrNot() throws Exception {
        TableConfig table = onlyTable("""
                tables:
                  - tableName: orders
                    keyColumns: [id]
                    partitionBy: {columns: [created_at], from: 2024-01-01, until: "2026-07-01"}
                """);

        assertThat(table.partitionBy().from()).isEqualTo(LocalDate.of(2024, 1, 1));
        assertThat(table.partitionBy().until()).isEqualTo(LocalDate.of(2026, 7, 1));
    }

    @Test
    void readsWordsThatYamlTakesForTruthValuesAsNames() throws Exception {
        TableConfig table = onlyTable("""
                tables:
                  - tableName: on
                    keyColumns: [no, y]
                    partitionBy: {columns: [off], from: 2024-01, until: 2024-02}
                    columns: {no: integer, y: integer, off: date}
                """);

        assertThat(table.tableName()).isEqualTo("on");
        assertThat(table.keyColumns()).containsExactly("no", "y");
        assertThat(table.columns()).containsOnlyKeys("no", "y", "off");
    }

    @Test
    void readsAliasesAndAByteOrderMark() throws Exception {
        TablesConfig config = read("\ufeff" + """
                tables:
                  - tableName: orders
                    keyColumns: &key [id]
                    partitionBy: &byMonth {columns: [created_at], from: 2024-01, until: 2026-07}
                  - tableName: payments
                    keyColumns: *key
                    partitionBy: *byMonth
                """);

        assertThat(config.tables()).extracting(TableConfig::keyColumns).containsExactly(List.of("id"), List.of("id"));
        assertThat(config.tables().get(0).partitionBy())
                .isEqualTo(config.tables().get(1).partitionBy());
    }

    @Test
    void putsTheSchemaBeforeTheChangesetsOfALaterTableOfTheSameNameOnly() throws Exception {
        TablesConfig config = read("""
                tables:
                  - {schemaName: eu, tableName: orders, keyColumns: [id], partitionBy: &p {columns: [d], from: 2024-01, until: 2024-02}}
                  - {schemaName: us, tableName: orders, keyColumns: [id], partitionBy: *p}
                  - {schemaName: us, tableName: payments, keyColumns: [id], partitionBy: *p}
                """);

        assertThat(config.tables())
                .extracting(TableConfig::changesetPrefix)
                .containsExactly("orders", "us_orders", "payments");
    }

    @Test
    void acceptsNamesOfSixtyThreeBytesWhenTheNamesDerivedFromThemAreGiven() throws Exception {
        String longest = "é".repeat(31) + "x";
        TableConfig table = onlyTable("""
                tables:
                  - tableName: %s
                    newTableName: n%s
                    backupTableName: o
                    deltaTableName: d
                    partitionPrefix: p_
                    keyColumns: [%s]
                    partitionBy: {columns: [created_at], from: 2024-01, until: 2026-07}
                """.formatted(longest, "é".repeat(31), longest));

        assertThat(table.tableName().getBytes(StandardCharsets.UTF_8)).hasSize(63);
    }

    private TableConfig onlyTable(String yaml) throws Exception {
        List<TableConfig> tables = read(yaml).tables();
        assertThat(tables).hasSize(1);
        return tables.get(0);
    }

    private TablesConfig read(String yaml) throws Exception {
        return new ConfigReader().read(Files.writeString(directory.resolve("tables.yaml"), yaml));
    }
}
