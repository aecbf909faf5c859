package liquibase.ext.partition.engine.partitioning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.LocalDate;
import java.util.List;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PartitionLayoutTest {
    @Test
    void hasOnePartitionAMonthAcrossTheYears() {
        PartitionLayout layout = PartitionLayout.parse("orders_", "month", "2023-11", "2024-03-01");

        assertThat(layout.partitions())
                .containsExactly(
                        new Partition(new Identifier("orders_202311"), day(2023, 11), day(2023, 12)),
                        new Partition(new Identifier("orders_202312"), day(2023, 12), day(2024, 1)),
                        new Partition(new Identifier("orders_202401"), day(2024, 1), day(2024, 2)),
                        new Partition(new Identifier("orders_202402"), day(2024, 2), day(2024, 3)));
        assertThat(layout.defaultPartition().name()).isEqualTo("orders_default");
    }

    private static LocalDate day(int year, int month) {
        return LocalDate.of(year, month, 1);
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            day,     2023-12-31, 2024-01-02, 20231231 20240101
            week,    2020-W52,   2021-W02,   2020w52 2020w53 2021w01
            quarter, 2023-Q4,    2024-Q2,    2023q4 2024q1
            year,    2023,       2026,       2023 2024 2025
            """)
    void namesThePartitionsOfEveryInterval(String interval, String from, String until, String suffixes) {
        PartitionLayout layout = PartitionLayout.parse("orders_", interval, from, until);

        assertThat(layout.partitions())
                .extracting(partition -> partition.name().name())
                .containsExactlyElementsOf(
                        Stream.of(suffixes.split(" ")).map("orders_"::concat).toList());
        assertThat(layout.partitions().get(0).from()).isEqualTo(layout.from());
        assertThat(layout.partitions().get(layout.partitions().size() - 1).to()).isEqualTo(layout.until());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    decade | 2024-01    | 2025-01    | interval is <decade>; it can be day, week, month, quarter, year.
                    MONTH  | 2024-01    | 2025-01    | interval is <MONTH>; it can be day, week, month, quarter, year.
                    month  | 2024-13    | 2025-01    | from is <2024-13>; write the first day of a month, as in 2024-01 or 2024-01-01.
                    month  | 2024-1     | 2025-01    | from is <2024-1>; write the first day of a month, as in
                    month  | 2024-02-30 | 2025-01    | from is <2024-02-30>; write the first day of a month, as in
                    month  | 2024-02-02 | 2025-01    | from is <2024-02-02>, which is not the first day of a month.
                    month  | 2024-01    | yesterday  | until is <yesterday>; write the first day of a month, as in
                    month  | 2024-01    | 2024-01    | from is 2024-01-01 and until is 2024-01-01; until is the first month without a partition and must be later.
                    week   | 2024-W02   | 2024-W01   | until is the first week without a partition and must be later.
                    """)
    void sayWhatIsWrongWithAttributes(String interval, String from, String until, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PartitionLayout.parse("orders_", interval, from, until))
                .withMessageContaining(message);
    }

    @Test
    void yearsOfWhichNamesWouldNotBeDistinctAreAnError() {
        LocalDate end = LocalDate.of(10_000, 1, 1);
        assertThat(new PartitionLayout("o_", PartitionInterval.YEAR, LocalDate.of(1, 1, 1), end).partitions())
                .extracting(Partition::name)
                .doesNotHaveDuplicates()
                .hasSize(9_999);
        for (LocalDate[] range :
                new LocalDate[][] {{LocalDate.of(0, 1, 1), end}, {LocalDate.of(9_999, 1, 1), end.plusYears(1)}}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new PartitionLayout("o_", PartitionInterval.YEAR, range[0], range[1]))
                    .withMessageContaining("names of partitions are distinct for the years 1 to 9999 only");
        }
    }

    @Test
    void aPrefixWithWhichAPartitionsNameWouldBeTooLongIsAnError() {
        assertThat(PartitionLayout.parse("a".repeat(56), "month", "2024-01", "2024-02")
                        .defaultPartition()
                        .name())
                .hasSize(63);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PartitionLayout.parse("a".repeat(57), "month", "2024-01", "2024-02"))
                .withMessageContaining("has 64 bytes");
        assertThat(PartitionLayout.parse("a".repeat(55), "day", "2024-01-01", "2024-01-02")
                        .partitions()
                        .get(0)
                        .name()
                        .name())
                .hasSize(63);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PartitionLayout.parse("a".repeat(56), "day", "2024-01-01", "2024-01-02"))
                .withMessageContaining("has 64 bytes");
    }

    @Test
    void theStatementsOfTheNewTable() {
        NewTable table = NewTable.withoutCatalog(new NewTableSpec(
                        QualifiedName.of("Shop", "order"),
                        new Identifier("order_new"),
                        PartitionKeySpec.of(new Identifier("Created At")),
                        PartitionLayout.parse("order_", "month", "2024-01", "2024-02"),
                        Routing.NATIVE,
                        IncomingForeignKeys.REFUSE,
                        List.of()))
                .orElseThrow();

        List<String> script = table.statements().stream().map(Sql::script).toList();
        assertThat(script.get(script.size() - 1)).startsWith("DO $seclude$");
        assertThat(script.subList(0, script.size() - 1))
                .isEqualTo(List.of(
                        """
                        CREATE TABLE "Shop"."order_new" (
                          LIKE "Shop"."order" INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING IDENTITY
                            INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS
                        ) PARTITION BY RANGE ("Created At")""",
                        """
                        CREATE TABLE "Shop"."order_202401" PARTITION OF "Shop"."order_new"
                          FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2024-02-01 00:00:00+00')""",
                        "CREATE TABLE \"Shop\".\"order_default\" PARTITION OF \"Shop\".\"order_new\" DEFAULT"));
    }
}
