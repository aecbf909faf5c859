package liquibase.ext.partition.benchmark;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.routing.TriggerRouting;
import liquibase.ext.partition.engine.routing.row.RoutedTable;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.testing.TestDatabase;

/**
 * The cost of inserting a row with {@code routing: trigger}, compared with native partitioning and with the plain
 * table: the same rows into each in turn, several rounds on one server, and the median of each.
 *
 * <p>Run {@link #main} from an IDE, or with the class path of the tests:
 *
 * <pre>{@code
 * mvn -pl extension test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath -Dmdep.includeScope=test
 * java -cp extension/target/classes:extension/target/test-classes:$(cat extension/target/classpath) \
 *      liquibase.ext.partition.benchmark.RoutingCost
 * }</pre>
 *
 * The server is an embedded one; {@code -Dpg=jdbc:postgresql:…} names another.
 */
public final class RoutingCost {
    private static final int ROUNDS = 3;
    private static final int ROWS = 100_000;
    private static final int STATEMENTS = 20_000;
    private static final int MONTHS = 24;

    private enum Target {
        PLAIN,
        NATIVE,
        TRIGGER
    }

    private RoutingCost() {}

    /** No arguments. Prints microseconds per row, and their ratio to the plain table's. */
    public static void main(String[] arguments) throws SQLException {
        try (TestDatabase database = TestDatabase.create();
                Connection connection = database.connect()) {
            make(connection);
            Map<Target, List<Double>> bulk = new EnumMap<>(Target.class);
            Map<Target, List<Double>> single = new EnumMap<>(Target.class);
            for (int round = 0; round <= ROUNDS; round++) {
                for (Target target : Target.values()) {
                    empty(connection, target);
                    double perRow = insertFromSelect(connection, target);
                    empty(connection, target);
                    double perStatement = insertOneByOne(connection, target);
                    // The first round warms up.
                    if (round > 0) {
                        bulk.computeIfAbsent(target, t -> new ArrayList<>()).add(perRow);
                        single.computeIfAbsent(target, t -> new ArrayList<>()).add(perStatement);
                    }
                }
            }
            print("INSERT … SELECT of %,d rows".formatted(ROWS), bulk);
            print("prepared INSERT of one row, %,d in one transaction".formatted(STATEMENTS), single);
        }
    }

    private static void make(Connection connection) throws SQLException {
        String columns =
                "(id bigint, status text NOT NULL, created_at timestamptz NOT NULL, amount numeric(12,2), note text";
        LocalDate until = LocalDate.now(ZoneOffset.UTC).withDayOfMonth(1).plusMonths(1);
        run(connection, "CREATE TABLE plain %s, PRIMARY KEY (id))".formatted(columns));
        run(
                connection,
                "CREATE TABLE native %s, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at)"
                        .formatted(columns));
        for (int month = 0; month < MONTHS; month++) {
            LocalDate from = until.minusMonths(month + 1);
            run(
                    connection,
                    "CREATE TABLE native_%d PARTITION OF native FOR VALUES FROM ('%s 00:00+00') TO ('%s 00:00+00')"
                            .formatted(month, from, from.plusMonths(1)));
        }
        run(connection, "CREATE TABLE native_default PARTITION OF native DEFAULT");
        route(connection, Target.TRIGGER, columns, until);
    }

    private static void route(Connection connection, Target target, String columns, LocalDate until)
            throws SQLException {
        QualifiedName parent = QualifiedName.of("public", table(target));
        run(connection, "CREATE TABLE %s %s, PRIMARY KEY (id))".formatted(parent.quoted(), columns));
        Identifier time = new Identifier("created_at");
        RoutedTable table = new RoutedTable(
                parent,
                List.of(time),
                names -> Sql.of("({time} AT TIME ZONE 'UTC')").with("time", names.apply(time)),
                (names, from, to) -> Sql.of("{time} >= {from} AND {time} < {to}")
                        .with("time", names.apply(time))
                        .with("from", from)
                        .with("to", to));
        TriggerRouting routing = new TriggerRouting(
                table,
                new PartitionLayout(table(target) + "_", PartitionInterval.MONTH, until.minusMonths(MONTHS), until));
        for (Sql statement : routing.childStatements(parent)) {
            run(connection, statement.text());
        }
        for (String child : children(connection, target)) {
            run(connection, "ALTER TABLE %s ADD PRIMARY KEY (id)".formatted(child));
        }
        for (Sql statement : routing.attachStatements(new Identifier("postgres"))) {
            run(connection, statement.text());
        }
    }

    private static List<String> children(Connection connection, Target target) throws SQLException {
        List<String> children = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                var row = statement.executeQuery(
                        "SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = '%s'::regclass"
                                .formatted(table(target)))) {
            while (row.next()) {
                children.add(row.getString(1));
            }
        }
        return children;
    }

    private static String table(Target target) {
        return target.name().toLowerCase(java.util.Locale.ROOT);
    }

    private static void empty(Connection connection, Target target) throws SQLException {
        run(connection, "TRUNCATE " + table(target));
        run(connection, "VACUUM " + table(target));
        run(connection, "CHECKPOINT");
    }

    private static double insertFromSelect(Connection connection, Target target) throws SQLException {
        long start = System.nanoTime();
        run(connection, """
                INSERT INTO %s (id, status, created_at, amount, note)
                SELECT i, 'new', now() - (i %% 600) * interval '1 day', i, 'a note of some length'
                FROM generate_series(1, %d) AS i""".formatted(table(target), ROWS));
        return (System.nanoTime() - start) / 1e3 / ROWS;
    }

    private static double insertOneByOne(Connection connection, Target target) throws SQLException {
        connection.setAutoCommit(false);
        long start;
        try (PreparedStatement insert = connection.prepareStatement(
                        "INSERT INTO %s (id, status, created_at, amount, note) VALUES (?, 'new', ?, ?, 'a note of some length')"
                                .formatted(table(target)));
                Statement ask = connection.createStatement();
                var now = ask.executeQuery("SELECT now()")) {
            now.next();
            Timestamp time = now.getTimestamp(1);
            start = System.nanoTime();
            for (int i = 0; i < STATEMENTS; i++) {
                insert.setLong(1, i);
                insert.setTimestamp(2, time);
                insert.setInt(3, i);
                if (insert.executeUpdate() != 1) {
                    throw new IllegalStateException("A row was not counted.");
                }
            }
            connection.commit();
        }
        double perStatement = (System.nanoTime() - start) / 1e3 / STATEMENTS;
        connection.setAutoCommit(true);
        return perStatement;
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(sql);
        }
    }

    private static void print(String what, Map<Target, List<Double>> measured) {
        double plain = median(measured.get(Target.PLAIN));
        System.out.println(what);
        measured.forEach((target, values) -> System.out.printf(
                "  %-18s %7.1f µs/row   x %.1f%n", table(target), median(values), median(values) / plain));
    }

    static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }
}
