package liquibase.ext.partition.generator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.dialect.Dialects;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.exchange.ExchangeOutlook;
import liquibase.ext.partition.engine.exchange.ExchangeSpec;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.DefaultRows;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.survey.Belonging;
import liquibase.ext.partition.engine.survey.Condition;
import liquibase.ext.partition.engine.survey.Condition.Verdict;
import liquibase.ext.partition.engine.survey.Estimate;
import liquibase.ext.partition.engine.survey.Survey;
import liquibase.ext.partition.engine.survey.TableSize;
import liquibase.ext.partition.engine.survey.sample.DefaultSample;
import liquibase.ext.partition.generator.config.TableConfigBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Compares a plan as text and as JSON with files that people can read. After a change on purpose run the test with
 * {@code -Dgolden.update=true}, and review the difference.
 */
public class PlanOutputTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/plan");
    private static final long GIGABYTE = 1L << 30;

    private static NewTableSpec spec(String table) {
        return TableSpec.of(
                TableConfigBuilder.table(table)
                        .range(LocalDate.of(2023, 1, 1), LocalDate.of(2027, 1, 1))
                        .build(),
                new Identifier("shop"),
                LocalDate.of(2026, 1, 1));
    }

    private static DatabasePlan plan() {
        List<Condition> ofTable = List.of(
                new Condition(
                        "max_locks_per_transaction",
                        "6,390 locks free",
                        Verdict.OK,
                        "48 partitions with their indexes take up to 200."),
                new Condition("autovacuum", "off for this table", Verdict.ADVICE, "Switch it on."));
        Survey orders = new Survey(
                spec("orders"),
                Optional.of(new TableSize(OptionalLong.of(212_000_000), 41 * GIGABYTE, 9 * GIGABYTE, 8192)),
                Optional.of(new Estimate(
                        41 * GIGABYTE + 8192,
                        9 * GIGABYTE,
                        50 * GIGABYTE + 8192,
                        120_000_000,
                        Duration.ofMinutes(20),
                        Duration.ofMinutes(107),
                        "an assumption")),
                List.of(
                        new Belonging(
                                Feature.COLUMNS, List.of("id", "a", "b", "c", "d", "e", "\"f g\"", "h", "created_at")),
                        new Belonging(Feature.INDEXES, List.of("orders_pkey", "orders_status")),
                        new Belonging(Feature.GRANTS, List.of("reporting"))),
                List.of(
                        new AnnouncedChange(
                                Feature.INDEXES,
                                "orders_pkey",
                                "PRIMARY KEY (id)",
                                "PRIMARY KEY (id, \"created_at\")",
                                "Rows with the same id are no longer refused where created_at differs. INSERT … ON CONFLICT (id) finds no such index any more; name created_at too."),
                        new AnnouncedChange(Feature.INDEXES, "broken", "btree (note)", "", "It is invalid.")),
                List.of(),
                Optional.of(new DefaultSample(
                        spec("orders"),
                        4_950,
                        false,
                        new DefaultRows(31, 200, 0, 0, 23),
                        Optional.of("2027-01-03 to 2037-05-05"),
                        DefaultShare.DEFAULT,
                        Optional.empty())),
                ofTable);
        Survey events = new Survey(
                spec("events"),
                Optional.of(new TableSize(OptionalLong.empty(), 0, 0, 0)),
                Optional.of(new Estimate(0, 0, 0, 120_000_000, Duration.ZERO, Duration.ZERO, "an assumption")),
                List.of(new Belonging(Feature.COLUMNS, List.of("id"))),
                List.of(),
                List.of(
                        new Obstacle(Feature.RULES, "it has the rule quiet", "DROP RULE quiet ON shop.events"),
                        new Obstacle(
                                null,
                                "role app may not create tables in schema shop",
                                "GRANT CREATE ON SCHEMA \"shop\" TO app"),
                        new Obstacle(Feature.COLUMNS, "it has no column \u001b[31m\nat", "")),
                Optional.of(new DefaultSample(
                        spec("events"),
                        7,
                        true,
                        DefaultRows.none(),
                        Optional.empty(),
                        DefaultShare.DEFAULT,
                        Optional.empty())),
                ofTable);
        Survey missing = new Survey(
                spec("missing"),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                List.of(),
                List.of(new Obstacle(null, "there is no such table in this database", "check its name")),
                Optional.empty(),
                List.of());
        return new DatabasePlan(
                "shop",
                List.of(
                        new Condition("server", "PostgreSQL 17.2", Verdict.OK, "14 or newer is needed."),
                        new Condition(
                                "free disk",
                                "not known",
                                Verdict.ADVICE,
                                "SQL does not tell it: see on the server that there is room for what is reckoned for each table, and for its WAL.")),
                List.of(
                        new TablePlan(spec("orders"), Optional.empty(), Optional.of(orders)),
                        new TablePlan(spec("events"), Optional.empty(), Optional.of(events)),
                        new TablePlan(spec("missing"), Optional.empty(), Optional.of(missing)),
                        new TablePlan(
                                spec("audit"), Optional.of("shop.audit: copying, copied 41 %."), Optional.empty())),
                List.of(
                        new ExchangePlan(exchange("orders_202401"), Optional.empty(), Optional.of(outlook())),
                        new ExchangePlan(
                                exchange("orders_202301"),
                                Optional.of("shop.orders_202301: verified."),
                                Optional.empty())));
    }

    private static ExchangeSpec exchange(String partition) {
        return new ExchangeSpec(
                QualifiedName.of("shop", partition),
                Optional.of(QualifiedName.of("shop", partition.substring(0, partition.length() - 2) + "12")),
                new Identifier(partition + "_new"),
                "orders_",
                PartitionInterval.YEAR,
                Optional.empty(),
                Optional.empty());
    }

    private static ExchangeOutlook outlook() {
        List<QualifiedName> months = IntStream.rangeClosed(1, 12)
                .mapToObj(month -> QualifiedName.of("shop", "orders_2024%02d".formatted(month)))
                .toList();
        QualifiedName rest = QualifiedName.of("shop", "orders_default");
        return new ExchangeOutlook(
                exchange("orders_202401"),
                Optional.of(QualifiedName.of("shop", "orders")),
                months,
                Optional.of(new PartitionLayout(
                        "orders_", PartitionInterval.YEAR, LocalDate.of(2024, 1, 1), LocalDate.of(2025, 1, 1))),
                List.of(new Obstacle(
                        Feature.GRANTS,
                        "shop.orders_202403 has the grant of SELECT to PUBLIC, which shop.orders_202401 lacks",
                        "make the two alike, or exchange them apart from each other")),
                OptionalLong.of(1_200_000),
                120_000_000,
                60_000_000,
                8192,
                Stream.of(List.of(QualifiedName.of("shop", "orders")), months, List.of(rest))
                        .flatMap(List::stream)
                        .toList(),
                Stream.concat(Stream.of(rest), months.stream()).toList());
    }

    @ParameterizedTest
    @CsvSource({"plan.txt", "plan.json"})
    void isExactlyTheGoldenFile(String name) throws IOException {
        String text = name.endsWith("json") ? PlanJson.of(plan()) : PlanText.of(plan());
        if (Boolean.getBoolean("golden.update")) {
            Files.createDirectories(GOLDEN);
            Files.writeString(GOLDEN.resolve(name), text);
        }

        assertThat(text).isEqualTo(Files.readString(GOLDEN.resolve(name)));
    }

    @Test
    void theJsonIsAsItsSchemaSays() throws IOException {
        assertThat(schema().validate(PlanJson.of(plan()), InputFormat.JSON)).isEmpty();
    }

    @Test
    void theSchemaOfTheJsonIsOneOfDraft2020AndRefusesWhatIsMissing() throws IOException {
        assertThat(SchemaRegistry.withDialect(Dialects.getDraft202012())
                        .getSchema(SchemaLocation.of(SpecificationVersion.DRAFT_2020_12.getDialectId()))
                        .validate(schemaText(), InputFormat.JSON))
                .isEmpty();
        assertThat(schema().validate(PlanJson.of(plan()).replace("\"verdict\"", "\"verdit\""), InputFormat.JSON))
                .isNotEmpty();
    }

    @Test
    void theTextLetsNoNameFromTheCatalogWriteToTheTerminal() {
        assertThat(PlanText.of(plan()).lines()).noneMatch(line -> line.contains("\u001b"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            0 | 0 bytes
            8192 | 8 kB
            1536 | 1.5 kB
            1073741824 | 1 GB
            536870912000 | 500 GB
            2199023255552 | 2 TB
            """)
    void bytesAreToldInTheLargestUnitThatFits(long bytes, String text) {
        assertThat(Figures.bytes(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            3 | 40 | less than a minute
            30 | 300 | up to 5 min
            120 | 900 | 2 min to 15 min
            1200 | 36000 | 20 min to 10 h
            """)
    void timesAreToldRoughly(long shortest, long longest, String text) {
        assertThat(Figures.span(Duration.ofSeconds(shortest), Duration.ofSeconds(longest)))
                .isEqualTo(text);
    }

    public static Schema schema() throws IOException {
        return SchemaRegistry.withDialect(Dialects.getDraft202012()).getSchema(schemaText(), InputFormat.JSON);
    }

    private static String schemaText() throws IOException {
        try (InputStream file = PlanJson.class.getResourceAsStream("plan.schema.json")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
