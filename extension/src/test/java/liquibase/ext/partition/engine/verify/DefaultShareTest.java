package liquibase.ext.partition.engine.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.prepare.Preparation;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.survey.SurveyReader;
import liquibase.ext.partition.engine.survey.sample.DefaultSample;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Migrations whose rows are mostly in the default partition. */
@ExtendWith(FreshDatabase.class)
class DefaultShareTest {
    private TestDatabase database;

    /** Days after the twelfth of the month are no dates when they are read as the month. */
    @Test
    void aDateThatIsMisreadIsNotSwappedUntilItsFormatIsCorrected() throws SQLException {
        MigrationFixture orders =
                written("MM/DD/YYYY").prepare().capture().copy().index().replay();

        assertThatThrownBy(orders::verify)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("58.0 % of the 200 rows of public.orders_new are in the default partition"
                        + " public.orders_default, more than maxDefaultShare (1%): 116 rows (116 not a date).")
                .hasMessageContaining("nothing is swapped")
                .hasMessageContaining("liquibase rollback --tag=orders-before")
                .hasMessageContaining("set maxDefaultShare: 58% in the config");
        assertThat(phase()).isEqualTo("replayed");
        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("more than maxDefaultShare (1%)");
        assertThat(database.queryLong("SELECT count(*) FROM pg_class WHERE relname = 'orders_old'"))
                .isZero();

        orders.undo()
                .partitionedBy(key("DD/MM/YYYY"))
                .prepare()
                .capture()
                .copy()
                .index()
                .replay()
                .verify()
                .swap();
        assertThat(database.queryLong("SELECT count(*) FROM orders_default")).isZero();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(200);
    }

    @Test
    void rowsThatBelongThereAreSwappedWhereTheShareSaysSo() throws SQLException {
        MigrationFixture orders =
                written("MM/DD/YYYY").prepare().capture().copy().index().replay();
        orders.maxDefaultShare("57%");
        assertThatThrownBy(orders::verify).hasMessageContaining("more than maxDefaultShare (57%)");

        orders.maxDefaultShare("58%").verify();
        assertThat(phase()).isEqualTo("verified");
        database.execute("VACUUM FULL orders_new");
        // The swap compares once more, by the share that the comparison was given.
        orders.maxDefaultShare(null).swap();
        assertThat(orders.lines()).anyMatch(line -> line.contains("They are compared once more"));
        assertThat(database.queryLong("SELECT count(*) FROM orders_default")).isEqualTo(116);
    }

    @Test
    void theSwapGoesByItsOwnShareWhereRowsBecameTooManySinceTheComparison() throws SQLException {
        MigrationFixture orders = written("DD/MM/YYYY")
                .prepare()
                .capture()
                .copy()
                .index()
                .replay()
                .verify();
        database.execute("UPDATE orders SET written = 'unknown' WHERE id < 10", "VACUUM FULL orders");
        orders.replay();
        assertThatThrownBy(orders::swap).hasMessageContaining("10 rows (10 not a date)");

        orders.maxDefaultShare("5%").swap();
        assertThat(database.queryLong("SELECT count(*) FROM orders_default")).isEqualTo(10);
    }

    @Test
    void theFirstStepSaysFromASampleThatTheDateIsMisread() throws SQLException {
        MigrationFixture orders = written("MM/DD/YYYY").prepare();

        assertThat(orders.lines())
                .anyMatch(line ->
                        line.startsWith("createPartitionedTable of public.orders: WARNING: 58.0 % of its 200 rows"
                                        + " would be in the default partition public.orders_default, more than maxDefaultShare (1%):"
                                        + " 116 rows (116 not a date).")
                                && line.endsWith(
                                        "Check textFormat (MM/DD/YYYY), and whether written is the column that has the time."
                                                + " Where these rows belong there, set maxDefaultShare: 58%."));

        orders.step("rollback", Preparation::undo);
        orders.maxDefaultShare("58%").prepare();
        orders.step("rollback", Preparation::undo);
        orders.maxDefaultShare(null).partitionedBy(key("DD/MM/YYYY")).prepare();
        assertThat(orders.lines())
                .filteredOn(line -> line.contains("in the default partition"))
                .last()
                .isEqualTo("createPartitionedTable of public.orders: None of its 200 rows would be in the default"
                        + " partition public.orders_default.");
        assertThat(orders.lines()).filteredOn(line -> line.contains("WARNING")).hasSize(1);
    }

    @Test
    void theFirstStepRefusesWhatPutsEveryRowOfASampleIntoTheDefaultPartition() throws SQLException {
        database.execute("CREATE TABLE orders (id bigint PRIMARY KEY, at bigint)", """
                INSERT INTO orders SELECT i, (extract(epoch FROM timestamptz '2024-02-03 00:00+00') * 1000)::bigint + i
                FROM generate_series(1, 50) AS i""");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "at", "id")
                .maxDefaultShare("49%")
                .partitionedBy(key("at", null, "seconds", null));

        assertThatThrownBy(orders::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("all of its 50 rows would be in the default partition public.orders_default, and"
                        + " maxDefaultShare is 49%: 50 rows (50 from 2025-01 on); check epoch (seconds), from (2024-01), until"
                        + " (2025-01) (these rows are read as times from 56060-02-03 to 56060-02-03); where these rows belong there,"
                        + " set maxDefaultShare: 100%");
        assertThat(database.queryLong(
                        "SELECT count(*) FROM pg_class WHERE relname LIKE 'orders\\_%' AND relkind <> 'i'"))
                .isZero();

        orders.maxDefaultShare("100%").prepare();
        orders.step("rollback", Preparation::undo);
        orders.maxDefaultShare(null)
                .partitionedBy(key("at", null, "milliseconds", null))
                .prepare();

        // Forty-nine may be chance.
        orders.step("rollback", Preparation::undo);
        database.execute("DELETE FROM orders WHERE id = 1");
        orders.partitionedBy(key("at", null, "seconds", null)).prepare();
        assertThat(orders.lines()).last().asString().contains("WARNING: 100.0 % of its 49 rows");
    }

    /** The sample's result for a whole table is what the comparison will count, cause by cause. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
            at       | -          | -       | -      | native
            iso      | -          | -       | -      | trigger
            pattern  | DD/MM/YYYY | -       | -      | native
            at,iso   | iso        | -       | -      | native
            number   | -          | seconds | -      | native
            approx   | -          | seconds | -      | native
            key      | -          | -       | uuidv7 | native
            day      | -          | -       | -      | native
            """)
    void whatASampleOfAllRowsSaysIsWhatTheComparisonCounts(
            String columns, String format, String epoch, String keyTime, String routing) throws SQLException {
        database.execute("""
                CREATE TABLE orders (id bigint PRIMARY KEY, at timestamptz, iso text, pattern varchar(20), number numeric, approx real, key uuid,
                                     day text)""", """
                INSERT INTO orders
                SELECT i, at, CASE i % 10 WHEN 3 THEN 'soon' ELSE ' ' || to_char(at, 'YYYY-MM-DD') END, to_char(at, 'DD/MM/YYYY'),
                       CASE i % 10 WHEN 4 THEN 'NaN' ELSE extract(epoch FROM at) END,
                       CASE i % 10 WHEN 4 THEN 'Infinity' ELSE extract(epoch FROM at)::real END,
                       CASE i % 10 WHEN 5 THEN '9cc3a9b2-6f0c-4c1c-9c1e-0f9c3a9b26f0'
                       ELSE (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid END,
                       to_char(at, 'YYYYMMDD')
                FROM generate_series(1, 100) AS i,
                     LATERAL (SELECT CASE WHEN i % 10 <> 7 THEN timestamptz '2023-11-15 00:00+00' + i * interval '5 days' END) AS t (at)
                """, "UPDATE orders SET at = 'infinity' WHERE id = 50");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "at", "id")
                .partitionedBy(key(columns, format, epoch, keyTime));
        if (routing.equals("trigger")) {
            orders.routedByTrigger();
        }
        if (columns.equals("day")) {
            orders.converting("day", "date", "to_date(day, 'YYYYMMDD')", "to_char(day, 'YYYYMMDD')");
        }

        orders.throughVerification();

        Pattern counts = Pattern.compile("[0-9,]+ rows? \\([^)]*\\)");
        List<String> told = orders.lines().stream()
                .filter(line -> line.contains("of its 100 rows would be") || line.contains("no difference; "))
                .map(line -> counts.matcher(line)
                        .results()
                        .map(MatchResult::group)
                        .reduce((a, b) -> b)
                        .orElse(line))
                .toList();
        assertThat(told).hasSize(2);
        assertThat(told.get(0)).isEqualTo(told.get(1)).contains(" before 2024-01", " from 2025-01 on");
    }

    @Test
    void aSampleOfALargeTableIsOfAFewThousandRowsFromItsBeginningToItsEnd() throws SQLException {
        database.execute("CREATE TABLE orders (id bigint PRIMARY KEY, at timestamptz NOT NULL, filler text)", """
                INSERT INTO orders SELECT i, CASE WHEN i <= 400 THEN timestamptz '2020-02-02' WHEN i > 9800 THEN 'infinity'
                                             ELSE timestamptz '2024-02-02' END, repeat('x', 100)
                FROM generate_series(1, 10000) AS i""");
        MigrationFixture orders =
                MigrationFixture.of(database, "public", "orders", "at", "id").maxDefaultShare(null);

        orders.prepare();

        String told = orders.lines().get(orders.lines().size() - 1);
        Matcher matcher = Pattern.compile(
                        "WARNING: ([0-9.]+) % of a sample of ([0-9,]+) rows .* rows \\(([0-9]+) infinite, ([0-9]+) before 2024-01\\)")
                .matcher(told);
        assertThat(matcher.find()).as(told).isTrue();
        assertThat(Double.parseDouble(matcher.group(1))).isBetween(5.0, 7.5);
        assertThat(Long.parseLong(matcher.group(2).replace(",", ""))).isBetween(3_000L, 5_000L);
        assertThat(Long.parseLong(matcher.group(4))).isGreaterThan(Long.parseLong(matcher.group(3)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            PERFORM pg_catalog.pg_sleep(2) | reading a sample takes longer than 3 s
            INSERT INTO public.told VALUES (value) | cannot execute INSERT in a read-only transaction
            RAISE 'no such day' | no such day
            """)
    void anExpressionThatIsSlowOrWritesOrFailsHoldsUpNoFirstStepAndWritesNothing(String does, String why)
            throws SQLException {
        database.execute(
                "CREATE TABLE told (value text)",
                """
                CREATE FUNCTION day_of(value text) RETURNS date LANGUAGE plpgsql AS $$
                BEGIN IF value <> '' THEN %s; END IF; RETURN to_date(value, 'YYYYMMDD'); END $$""".formatted(does),
                "CREATE TABLE orders (id bigint PRIMARY KEY, day text NOT NULL)",
                "INSERT INTO orders VALUES (1, '20240501'), (2, '20240502')");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "day", "id")
                .converting("day", "date", "day_of(day)", "to_char(day, 'YYYYMMDD')");

        orders.prepare();

        assertThat(orders.lines())
                .anyMatch(line ->
                        line.startsWith("createPartitionedTable of public.orders: Whether the date is read right"
                                        + " is not known, for no sample was read: ")
                                && line.contains(why));
        assertThat(database.queryLong("SELECT count(*) FROM told")).isZero();
    }

    @Test
    void aSampleThatRowSecurityWouldCutShortIsNotRead() throws SQLException {
        String owner = database.createRole("owner", "");
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, at date NOT NULL)",
                "INSERT INTO orders SELECT i, '2020-01-01' FROM generate_series(1, 100) AS i",
                "CREATE POLICY few ON orders USING (id < 0)",
                "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
                "ALTER TABLE orders FORCE ROW LEVEL SECURITY",
                "ALTER TABLE orders OWNER TO " + owner);

        Optional<DefaultSample> sample;
        try (Connection connection = database.connect(owner, owner)) {
            connection.setReadOnly(true);
            MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "at", "id");
            sample = new SurveyReader(Session.pinned(connection))
                    .read(orders.spec(), orders.key(), 1, new Identifier("public"), DefaultShare.DEFAULT)
                    .sample();
        }

        assertThat(sample.orElseThrow().sentence())
                .endsWith("no sample was read: this role may not read the table, or not all of its rows.");
    }

    @Test
    void oneRowInAHundredIsOrdinary() {
        assertThat(DefaultShare.DEFAULT.isExceeded(1, 100)).isFalse();
        assertThat(DefaultShare.DEFAULT.isExceeded(2, 199)).isTrue();
        assertThat(DefaultShare.DEFAULT.isExceeded(0, 0)).isFalse();
        assertThat(DefaultShare.parse("0%").isExceeded(1, 1_000_000_000_000L)).isTrue();
        assertThat(DefaultShare.parse(" 100 % ").isExceeded(7, 7)).isFalse();
        assertThat(DefaultShare.parse("0.5%").isExceeded(1, 200)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"5", "101%", "-1%", "a%", "5 percent", ""})
    void anythingButAPercentageIsRefused(String written) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DefaultShare.parse(written))
                .withMessageContaining("maxDefaultShare is <");
    }

    private String phase() {
        return database.queryStrings("SELECT phase FROM partition_migration").get(0);
    }

    private MigrationFixture written(String format) {
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, written text NOT NULL)",
                "INSERT INTO orders SELECT i, to_char(date '2024-01-01' + i, 'DD/MM/YYYY') FROM generate_series(0, 199) AS i");
        return MigrationFixture.of(database, "public", "orders", "written", "id")
                .partitionedBy(key(format))
                .maxDefaultShare(null);
    }

    private static PartitionKeySpec key(String format) {
        return key("written", format, null, null);
    }

    private static PartitionKeySpec key(String columns, String format, String epoch, String keyTime) {
        return new PartitionKeySpec(
                Stream.of(columns.split(",")).map(Identifier::new).toList(),
                Optional.ofNullable(format),
                Optional.ofNullable(epoch),
                Optional.ofNullable(keyTime),
                Optional.empty());
    }
}
