package liquibase.ext.partition.benchmark;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.time.DateTime;
import liquibase.ext.partition.engine.time.KeyTime;
import liquibase.ext.partition.engine.time.TextDate;
import liquibase.ext.partition.engine.time.TextDateFormat;
import liquibase.ext.partition.engine.time.TimeEncoding;
import liquibase.ext.partition.testing.TestDatabase;
import org.postgresql.PGConnection;

/**
 * The cost of partitioning by an expression over a text, or over a key, compared with a timestamp column: microseconds
 * of CPU time per row in the server's process, with 60 months, in two forms of load, {@code INSERT … SELECT} and
 * statements of one row each, and each without and with a stored generated column of the same expression. Rounds are
 * interleaved; the difference and the ratio are the medians over the rounds. Besides our functions it measures two
 * obvious alternatives that read the same: PL/pgSQL with {@code regexp_match} and groups, and PL/pgSQL that casts after
 * a test.
 *
 * <pre>{@code
 * mvn -q -pl extension test-compile exec:java -Dexec.classpathScope=test \
 *     -Dexec.mainClass=liquibase.ext.partition.benchmark.TextDateBenchmark -Dexec.args="500000 5"
 * }</pre>
 *
 * The arguments are the number of rows and of rounds; {@code -Dpg.version} chooses the server. It measures CPU time,
 * because on a machine that is not idle elapsed time is mostly that of other processes.
 */
public final class TextDateBenchmark {
    private static final String BASELINE = "timestamp column";

    private static final String GROUPS = """
            CREATE FUNCTION date_by_groups(value text) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
            DECLARE
              part text[] := regexp_match(value COLLATE "C",
                '^([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[T ]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])Z?$');
            BEGIN
              IF part IS NULL OR part[3]::int > extract(day FROM make_date(part[1]::int, part[2]::int, 1) + interval '1 month - 1 day') THEN
                RETURN NULL;
              END IF;
              RETURN make_timestamp(part[1]::int, part[2]::int, part[3]::int, part[4]::int, part[5]::int, part[6]::int);
            END $$""";

    private static final String CAST = """
            CREATE FUNCTION date_by_cast(value text) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
            BEGIN
              IF value COLLATE "C" ~ '^[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z?$' THEN
                RETURN value::timestamp;
              END IF;
              RETURN NULL;
            END $$""";

    private TextDateBenchmark() {}

    /** One way to partition: the source of the rows, and the partition key over the target's column {@code v}. */
    private record Way(String type, String column, Sql key) {}

    /** One row is inserted by a statement of its own for this many rows of the bulk load. */
    private static final int ROWS_TO_ONE_STATEMENT = 20;

    private record Load(boolean bulk, boolean generated) {
        @Override
        public String toString() {
            return (bulk ? "bulk" : "one row") + (generated ? ", generated column" : "");
        }
    }

    private static final List<Load> LOADS =
            List.of(new Load(true, false), new Load(true, true), new Load(false, false), new Load(false, true));

    public static void main(String[] arguments) throws SQLException {
        int rows = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 500_000;
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 5;
        try (TestDatabase database = TestDatabase.create();
                Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            Map<String, Way> ways = ways(statement);
            statement.execute("""
                    CREATE TABLE rows AS
                    SELECT n, at, to_char(at, 'YYYY-MM-DD') AS iso_day, to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS iso, to_char(at, 'FMMM/FMDD/YYYY') AS us,
                           to_char(at, 'YYYYMMDD') AS compact, to_char(at, 'DD.MM.YYYY HH24:MI') AS german,
                           (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7abc8abc012345678901')::uuid AS id,
                           extract(epoch FROM at)::bigint AS seconds
                    FROM (SELECT n, timestamp '2020-01-01' + random() * interval '1800 days' AS at FROM generate_series(1, %d) AS n) AS r""".formatted(rows));
            statement.execute("VACUUM ANALYZE rows");
            System.out.println(
                    database.queryString("SHOW server_version") + ", " + rows + " rows, " + rounds + " rounds");
            int pid = connection.unwrap(PGConnection.class).getBackendPID();
            ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
            Map<Load, Map<String, List<Double>>> times = new LinkedHashMap<>();
            for (int round = 0; round <= rounds; round++) {
                for (Load load : LOADS) {
                    for (var way : ways.entrySet()) {
                        double micros = insert(statement, process, way.getValue(), load, rows);
                        if (round > 0) { // the first one warms up
                            times.computeIfAbsent(load, of -> new LinkedHashMap<>())
                                    .computeIfAbsent(way.getKey(), name -> new ArrayList<>())
                                    .add(micros);
                        }
                    }
                }
            }
            times.forEach((load, byWay) -> {
                System.out.println(load);
                List<Double> baseline = byWay.get(BASELINE);
                byWay.forEach((name, of) -> System.out.printf(
                        "  %-38s %7.2f µs a row, %6.2f more, ratio %.2f%n",
                        name, median(of), difference(of, baseline), ratio(of, baseline)));
            });
        }
    }

    private static Map<String, Way> ways(Statement statement) throws SQLException {
        Map<String, Way> ways = new LinkedHashMap<>();
        ways.put(BASELINE, new Way("timestamp", "at", Sql.raw("v")));
        Sql v = Sql.raw("v");
        ways.put(
                "timestamptz expression",
                new Way("timestamptz", "at AT TIME ZONE 'UTC'", expression(new DateTime("timestamptz"))));
        Map<String, String> formats = new LinkedHashMap<>();
        formats.put("iso", "iso");
        formats.put("iso_day", "iso");
        formats.put("us", "MM/DD/YYYY");
        formats.put("compact", "YYYYMMDD");
        formats.put("german", "DD.MM.YYYY HH24:MI");
        for (var format : formats.entrySet()) {
            QualifiedName function = QualifiedName.of("public", "date_of_" + format.getKey());
            statement.execute(TextDateFormat.parse(format.getValue())
                    .createFunction(function)
                    .script());
            ways.put(
                    "text, %s (%s)".formatted(format.getValue(), format.getKey()),
                    new Way("text", format.getKey(), expression(new TextDate(function))));
        }
        statement.execute(GROUPS);
        statement.execute(CAST);
        ways.put(
                "text, iso, PL/pgSQL with groups",
                new Way("text", "iso", Sql.of("(date_by_groups({v}))").with("v", v)));
        ways.put(
                "text, iso, PL/pgSQL with a cast",
                new Way("text", "iso", Sql.of("(date_by_cast({v}))").with("v", v)));
        ways.put("uuid column", new Way("uuid", "id", v));
        ways.put(
                "uuidv7 expression",
                new Way("uuid", "id", expression(KeyTime.parse("uuidv7").in("uuid"))));
        return ways;
    }

    private static Sql expression(TimeEncoding encoding) {
        return Sql.of("({time})").with("time", encoding.time(Sql.raw("v")));
    }

    /** In microseconds per row. */
    private static double insert(Statement statement, ProcessHandle server, Way way, Load load, int rows)
            throws SQLException {
        statement.execute("DROP TABLE IF EXISTS target");
        statement.execute("CREATE UNLOGGED TABLE target (n bigint, v %s%s) PARTITION BY RANGE (%s)"
                .formatted(
                        way.type(),
                        load.generated()
                                ? ", g %s GENERATED ALWAYS AS (%s) STORED"
                                        .formatted(
                                                way.type().equals("uuid")
                                                                && way.key()
                                                                        .script()
                                                                        .equals("v")
                                                        ? "uuid"
                                                        : "timestamp",
                                                way.key().script())
                                : "",
                        way.key().script()));
        TimeEncoding encoding = way.key().script().equals("v") && way.type().equals("uuid")
                ? KeyTime.parse("uuidv7").in("uuid")
                : new DateTime("timestamp");
        LocalDate month = LocalDate.of(2020, 1, 1);
        for (int i = 0; i < 60; i++) {
            statement.execute("CREATE UNLOGGED TABLE target_%d PARTITION OF target FOR VALUES FROM (%s) TO (%s)"
                    .formatted(
                            i,
                            encoding.bound(month.plusMonths(i)).orElseThrow().script(),
                            encoding.bound(month.plusMonths(i + 1))
                                    .orElseThrow()
                                    .script()));
        }
        statement.execute("CREATE UNLOGGED TABLE target_default PARTITION OF target DEFAULT");
        List<String> statements = new ArrayList<>();
        if (load.bulk()) {
            statements.add("INSERT INTO target SELECT n, %s FROM rows".formatted(way.column()));
        } else {
            int count = rows / ROWS_TO_ONE_STATEMENT;
            var value = statement.executeQuery(
                    "SELECT format('INSERT INTO target VALUES (%%s, %%L)', n, %s) FROM rows LIMIT %d"
                            .formatted(way.column(), count));
            while (value.next()) {
                statements.add(value.getString(1));
            }
        }
        statement.execute("BEGIN");
        Duration before = server.info().totalCpuDuration().orElseThrow();
        for (String insert : statements) {
            statement.execute(insert);
        }
        Duration taken = server.info().totalCpuDuration().orElseThrow().minus(before);
        statement.execute("COMMIT");
        var inDefault = statement.executeQuery("SELECT count(*) FROM target_default");
        inDefault.next();
        if (inDefault.getLong(1) > 0) {
            throw new IllegalStateException(inDefault.getLong(1) + " rows without a month by " + way);
        }
        return taken.toNanos() / 1_000.0 / (load.bulk() ? rows : statements.size());
    }

    private static double ratio(List<Double> times, List<Double> baseline) {
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < times.size(); i++) {
            ratios.add(times.get(i) / baseline.get(i));
        }
        return median(ratios);
    }

    private static double difference(List<Double> times, List<Double> baseline) {
        List<Double> differences = new ArrayList<>();
        for (int i = 0; i < times.size(); i++) {
            differences.add(times.get(i) - baseline.get(i));
        }
        return median(differences);
    }

    private static double median(List<Double> values) {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return Arrays.stream(sorted)
                .skip((sorted.length - 1) / 2)
                .limit(sorted.length % 2 == 0 ? 2 : 1)
                .average()
                .orElseThrow();
    }
}
