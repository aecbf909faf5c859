package liquibase.ext.partition.engine.newtable;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.newtable.TimeSamples.Sample;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.time.DateTime;
import liquibase.ext.partition.engine.time.Epoch;
import liquibase.ext.partition.engine.time.KeyTime;
import liquibase.ext.partition.engine.time.TextDate;
import liquibase.ext.partition.engine.time.TextDateFormat;
import liquibase.ext.partition.engine.time.TimeEncoding;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Draws values of every kind of column and compares the partition that PostgreSQL puts each in, and the time in a
 * stored generated column, with Java's results. Everything, including the tables, is made under another DateStyle and
 * two time zones with odd offsets.
 */
@ExtendWith(FreshDatabase.class)
class PlacementTest {
    private static final QualifiedName FUNCTION = QualifiedName.of("public", "date_of");
    private static final long DISCORD = 1_420_070_400_000L;

    /**
     * @param type the column's type, with its collation
     * @param textFormat the format of the function that the encoding calls, or null
     * @param byColumn whether the column itself is the partition key, and not the expression
     */
    record Kind(String type, String textFormat, TimeEncoding encoding, boolean byColumn, TimeSamples samples) {
        @Override
        public String toString() {
            return "%s %s %s by %s"
                    .formatted(type, textFormat == null ? "" : textFormat, samples, byColumn ? "column" : "expression");
        }
    }

    static Stream<Kind> kinds() {
        List<Kind> kinds = new ArrayList<>();
        for (String type : List.of("date", "timestamp", "timestamptz")) {
            both(kinds, type, new DateTime(type), new TimeSamples.Dates(type));
        }
        text(kinds, "text", "iso", new TimeSamples.IsoTexts());
        text(kinds, "varchar", "MM/DD/YYYY", new TimeSamples.Texts("MM/DD/YYYY", "M/d/uuuu", TimeSamples.DAY));
        text(kinds, "char(30)", "YYYYMMDD", new TimeSamples.Texts("YYYYMMDD", "uuuuMMdd", TimeSamples.DAY));
        text(
                kinds,
                "text COLLATE \"C\"",
                "DD.MM.YYYY HH24:MI:SS.US",
                new TimeSamples.Texts("", "dd.MM.uuuu HH:mm:ss.SSSSSS", 1));
        text(
                kinds,
                "text",
                "DD-Mon-YYYY HH12:MI AM",
                new TimeSamples.Texts("", "dd-MMM-uuuu hh:mm a", 60 * TimeSamples.MICROS));
        text(kinds, "text", "YYYYDDD", new TimeSamples.Texts("", "uuuuDDD", TimeSamples.DAY));
        for (Epoch.Unit unit : Epoch.Unit.values()) {
            long perSecond = unit == Epoch.Unit.SECONDS ? 1 : 1_000;
            for (String type : List.of("int4", "int8", "numeric", "float8", "int2", "float4")) {
                TimeSamples samples = new TimeSamples.Numbers(type, perSecond);
                kinds.add(new Kind(type, null, new Epoch(unit, type), false, samples));
                boolean boundsFit =
                        !type.equals("int2") && !type.equals("float4") && (perSecond == 1 || !type.equals("int4"));
                if (boundsFit) {
                    kinds.add(new Kind(type, null, new Epoch(unit, type), true, samples));
                }
            }
        }
        both(kinds, "uuid", KeyTime.parse("uuidv7").in("uuid"), new TimeSamples.Uuids(true));
        both(kinds, "uuid", KeyTime.parse("ulid").in("uuid"), new TimeSamples.Uuids(false));
        both(kinds, "text", KeyTime.parse("ulid").in("text"), new TimeSamples.Ulids());
        both(kinds, "char(26)", KeyTime.parse("ulid").in("bpchar"), new TimeSamples.Ulids());
        both(kinds, "text COLLATE \"en-US-x-icu\"", KeyTime.parse("ulid").in("text"), new TimeSamples.Ulids());
        for (String type : List.of("int8", "numeric")) {
            both(
                    kinds,
                    type,
                    KeyTime.parse("snowflake").in(type),
                    new TimeSamples.Snowflakes(1_288_834_974_657L, type.equals("numeric")));
            both(
                    kinds,
                    type,
                    KeyTime.parse("snowflake(2015-01-01)").in(type),
                    new TimeSamples.Snowflakes(DISCORD, type.equals("numeric")));
        }
        return kinds.stream();
    }

    private static void both(List<Kind> kinds, String type, TimeEncoding encoding, TimeSamples samples) {
        kinds.add(new Kind(type, null, encoding, true, samples));
        kinds.add(new Kind(type, null, encoding, false, samples));
    }

    private static void text(List<Kind> kinds, String type, String format, TimeSamples samples) {
        kinds.add(new Kind(type, format, new TextDate(FUNCTION), false, samples));
    }

    /** Short layouts, because partitions differ at their bounds. */
    private static final List<PartitionLayout> LAYOUTS = List.of(
            PartitionLayout.parse("p_", "day", "2024-02-28", "2024-03-02"),
            PartitionLayout.parse("p_", "week", "2020-W52", "2021-W02"),
            PartitionLayout.parse("p_", "month", "2023-12", "2024-04"),
            PartitionLayout.parse("p_", "month", "2010-11", "2011-01"),
            PartitionLayout.parse("p_", "quarter", "1999-Q4", "2000-Q3"),
            PartitionLayout.parse("p_", "year", "1969", "1972"),
            PartitionLayout.parse("p_", "year", "0001", "0003"),
            PartitionLayout.parse("p_", "week", "0001-W01", "0001-W03"),
            PartitionLayout.parse("p_", "month", "9999-10", "9999-12"));

    private static final List<String> ZONES = List.of("Asia/Kathmandu", "America/St_Johns");

    @BeforeAll
    static void makeWaysAbroad(TestDatabase database) {
        for (String zone : ZONES) {
            database.execute("""
                    CREATE FUNCTION in_zone_%d(statement text, numbers int[], texts text[]) RETURNS void LANGUAGE plpgsql
                    SET TimeZone = '%s' SET DateStyle = 'SQL, DMY' SET search_path = public
                    AS $$ BEGIN EXECUTE statement USING numbers, texts; END $$""".formatted(ZONES.indexOf(zone), zone));
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everyValueIsInThePartitionThatJavaSays(Kind kind, TestDatabase database) throws SQLException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int laidOut = 0;
        try (Connection connection = database.connect()) {
            // The zones take turns in making the tables; rows come from the other one.
            for (PartitionLayout layout : LAYOUTS) {
                int zone = laidOut % 2;
                List<String> table = table(kind, layout);
                if (table.isEmpty()) {
                    continue;
                }
                laidOut++;
                abroad(connection, zone, String.join(";", table), List.of());
                List<Sample> samples = samples(kind, layout, random);
                abroad(connection, 1 - zone, """
                        INSERT INTO t (n, v) SELECT n, v::%s FROM unnest($1, $2) AS value (n, v)""".formatted(kind.type().replaceAll(" COLLATE.*", "")), samples);
                compare(connection, kind, layout, samples, "%s, seed %d".formatted(kind, seed));
            }
        }
        assertThat(laidOut).isGreaterThanOrEqualTo(2);
    }

    /** The statements that make the table anew; empty if its type cannot express the bounds. */
    private static List<String> table(Kind kind, PartitionLayout layout) {
        List<String> statements = new ArrayList<>();
        statements.add("DROP TABLE IF EXISTS t");
        if (kind.textFormat() != null) {
            statements.add("DROP FUNCTION IF EXISTS date_of");
            statements.add(TextDateFormat.parse(kind.textFormat())
                    .createFunction(FUNCTION)
                    .script());
        }
        String expression = kind.encoding().time(Sql.raw("v")).script();
        statements.add(
                "CREATE TABLE t (n int, v %s, at timestamp GENERATED ALWAYS AS (%s) STORED) PARTITION BY RANGE (%s)"
                        .formatted(kind.type(), expression, kind.byColumn() ? "v" : "(" + expression + ")"));
        TimeEncoding key = kind.byColumn() ? kind.encoding() : new DateTime("timestamp");
        for (Partition partition : layout.partitions()) {
            Optional<String> from = bound(key, partition.from());
            Optional<String> to = bound(key, partition.to());
            if (from.isEmpty() || to.isEmpty()) {
                return List.of();
            }
            statements.add("CREATE TABLE %s PARTITION OF t FOR VALUES FROM (%s) TO (%s)"
                    .formatted(partition.name().quoted(), from.get(), to.get()));
        }
        statements.add("CREATE TABLE p_default PARTITION OF t DEFAULT");
        return statements;
    }

    private static Optional<String> bound(TimeEncoding encoding, LocalDate day) {
        try {
            return encoding.bound(day).map(Sql::script);
        } catch (IllegalArgumentException beyondTheType) {
            return Optional.empty();
        }
    }

    private static List<Sample> samples(Kind kind, PartitionLayout layout, Random random) {
        TreeSet<Long> times = new TreeSet<>();
        for (Partition partition : layout.partitions()) {
            long from = partition.from().toEpochDay() * TimeSamples.DAY;
            for (long around :
                    new long[] {0, 1, 1_000, TimeSamples.MICROS, 3_600 * TimeSamples.MICROS, TimeSamples.DAY}) {
                times.add(from + around);
                times.add(from - around);
            }
        }
        long from = layout.from().minusDays(400).toEpochDay() * TimeSamples.DAY;
        long until = layout.until().plusDays(400).toEpochDay() * TimeSamples.DAY;
        random.longs(100, from, until).forEach(times::add);
        for (LocalDate day : List.of(
                LocalDate.of(1, 1, 1),
                LocalDate.of(0, 12, 31),
                LocalDate.of(-43, 3, 15),
                LocalDate.of(1970, 1, 1),
                LocalDate.of(2024, 2, 29),
                LocalDate.of(2024, 12, 31),
                LocalDate.of(2038, 1, 19),
                LocalDate.of(9999, 12, 31),
                LocalDate.of(1900, 2, 28),
                LocalDate.of(2010, 11, 4))) {
            times.add(day.toEpochDay() * TimeSamples.DAY);
            times.add((day.toEpochDay() + 1) * TimeSamples.DAY - 1);
        }
        List<Sample> samples = new ArrayList<>(kind.samples().odd());
        times.forEach(time -> samples.addAll(kind.samples().at(time, random)));
        return samples;
    }

    private static void abroad(Connection connection, int zone, String statement, List<Sample> samples)
            throws SQLException {
        try (PreparedStatement call = connection.prepareStatement("SELECT in_zone_" + zone + "(?, ?, ?)")) {
            Integer[] numbers = new Integer[samples.size()];
            String[] texts = new String[samples.size()];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = i;
                texts[i] = samples.get(i).text();
            }
            call.setString(1, statement);
            call.setArray(2, connection.createArrayOf("int4", numbers));
            call.setArray(3, connection.createArrayOf("text", texts));
            call.execute();
        } catch (SQLException e) {
            throw new AssertionError(e.getMessage() + "\nfrom: " + statement, e);
        }
    }

    private static void compare(
            Connection connection, Kind kind, PartitionLayout layout, List<Sample> samples, String about)
            throws SQLException {
        int rows = 0;
        try (var statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        SELECT n, tableoid::regclass,
                               CASE WHEN isfinite(at)
                                 THEN trunc((at::date - date '1970-01-01') * 86400000000.0 + extract(epoch FROM at::time) * 1000000)::text
                                 ELSE at::text END
                        FROM t""")) {
            while (row.next()) {
                Sample sample = samples.get(row.getInt(1));
                assertThat(row.getString(3))
                        .as("time of <%s>: %s", sample.text(), about)
                        .isEqualTo(sample.time());
                assertThat(row.getString(2))
                        .as("partition of <%s>: %s, %s", sample.text(), layout, about)
                        .isEqualTo(expected(kind, layout, sample));
                rows++;
            }
        }
        assertThat(rows).as(about).isEqualTo(samples.size());
    }

    private static String expected(Kind kind, PartitionLayout layout, Sample sample) {
        String micros = kind.byColumn() ? Objects.toString(sample.order(), null) : sample.time();
        if (micros == null || micros.contains("infinity")) {
            return "p_default";
        }
        LocalDate day = LocalDate.ofEpochDay(new BigDecimal(micros)
                .divide(BigDecimal.valueOf(TimeSamples.DAY), 0, RoundingMode.FLOOR)
                .longValueExact());
        return day.isBefore(layout.from()) || !day.isBefore(layout.until())
                ? "p_default"
                : "p_" + layout.interval().suffix(layout.interval().startOf(day));
    }
}
