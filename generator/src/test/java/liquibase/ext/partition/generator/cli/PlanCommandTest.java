package liquibase.ext.partition.generator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.lock.OnBusy;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.prepare.Preparation;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.generator.plan.PlanOutputTest;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@ExtendWith(FreshDatabase.class)
class PlanCommandTest {
    private static final String TABLE = """
              - tableName: %s
                keyColumns: [id]
                partitionBy: {columns: [created_at], from: 2024-01, until: 2025-01}
            """;

    @TempDir
    private Path directory;

    private final Terminal terminal = new Terminal();
    private final StringWriter out = terminal.out;
    private final StringWriter err = terminal.err;
    private TestDatabase database;
    private Path config;

    @BeforeEach
    void makeTable() throws IOException {
        config = directory.resolve("tables.yaml");
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL)",
                "INSERT INTO orders VALUES (1, '2024-01-01'), (2, '2024-06-01')",
                "ANALYZE orders");
        configure("orders");
    }

    private void configure(String... tables) throws IOException {
        StringBuilder text = new StringBuilder("tables:\n");
        for (String table : tables) {
            text.append(TABLE.formatted(table));
        }
        Files.writeString(config, text);
    }

    @Test
    void endsWithZeroWhereEveryTableCanBePartitionedAndMakesNothing() {
        String before = everything();

        assertThat(plan()).as(err.toString()).isEqualTo(ExitCodes.OK);

        assertThat(out.toString())
                .contains(
                        "public.orders: can be partitioned",
                        "about 2\n",
                        "public.orders_new: 12 partitions by month from 2024-01 until 2025-01",
                        "+ PRIMARY KEY (id, \"created_at\")",
                        "1 table: 1 can be partitioned, 0 refused. Nothing was changed.");
        assertThat(err.toString()).isEmpty();
        assertThat(everything()).isEqualTo(before);
    }

    @Test
    void endsWithTwoAndSaysWhyWhereOneIsRefused() throws IOException {
        database.execute(
                "CREATE TABLE events (id bigint PRIMARY KEY, created_at timestamptz NOT NULL)",
                "CREATE RULE quiet AS ON DELETE TO events DO INSTEAD NOTHING");
        configure("orders", "events", "nowhere");

        assertThat(plan()).isEqualTo(2);

        assertThat(out.toString())
                .contains(
                        "public.orders: can be partitioned",
                        "public.events: REFUSED",
                        "- it has the rule quiet",
                        "→ have a trigger do what it does, then DROP RULE quiet ON public.events",
                        "public.nowhere: REFUSED",
                        "there is no such table in this database",
                        "3 tables: 1 can be partitioned, 2 refused.");
        out.getBuffer().setLength(0);
        assertThat(plan("--table", "orders")).isZero();
        assertThat(out.toString()).doesNotContain("events");
    }

    @Test
    void refusesAKeyThatDoesNotTellRowsApart() {
        database.execute("ALTER TABLE orders DROP CONSTRAINT orders_pkey");

        assertThat(plan()).isEqualTo(2);
        assertThat(out.toString()).contains("No unique index of public.orders makes (id) unique");
    }

    @Test
    void refusesAColumnThatTheConfigDoesNotKnow() throws IOException {
        Files.writeString(config, Files.readString(config) + "    columns: {id: bigint, created_at: timestamptz}\n");
        database.execute("ALTER TABLE orders ADD COLUMN note text");

        assertThat(plan()).isEqualTo(2);
        assertThat(out.toString()).contains("its column note text is none of the columns of the config");
    }

    @Test
    void tellsWhatAnExchangeWouldComeToAndWhatStandsInItsWay() throws IOException {
        database.execute(
                "CREATE TABLE readings (id bigint, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
                "CREATE TABLE readings_202401 PARTITION OF readings FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')",
                "CREATE TABLE readings_202402 PARTITION OF readings FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')",
                "CREATE TABLE readings_default PARTITION OF readings DEFAULT",
                "INSERT INTO readings SELECT i, date '2024-01-01' + i % 60 FROM generate_series(1, 120) AS i",
                "CREATE VIEW january AS SELECT * FROM readings_202401",
                "ANALYZE readings");
        Files.writeString(config, """
                exchanges:
                  - tableName: readings_202401
                    throughTableName: readings_202402
                    keyColumns: [id, at]
                    partitionPrefix: readings_
                    partitionBy: {interval: week}
                """);

        assertThat(plan()).as(err.toString()).isEqualTo(ExitCodes.REFUSED);

        assertThat(out.toString())
                .contains(
                        "Exchange of public.readings_202401 through public.readings_202402: REFUSED",
                        "january",
                        "about 120\n",
                        "9 partitions by week from 2024-01-01 until 2024-03-01, in readings_202401_new",
                        "1 exchange: 0 can be made, 1 refused. Nothing was changed.");
        database.execute("DROP VIEW january");
        out.getBuffer().setLength(0);
        String before = everything();

        assertThat(plan()).isEqualTo(ExitCodes.OK);

        assertThat(out.toString())
                .contains("Exchange of public.readings_202401 through public.readings_202402: can be made")
                .containsPattern("ACCESS EXCLUSIVE for a moment, on public.readings, public.readings_202401")
                .containsPattern("public.readings_default, public.readings_202401");
        assertThat(everything()).isEqualTo(before);
    }

    @Test
    void printsJsonForPipelines() throws IOException {
        configure("orders", "nowhere");

        assertThat(plan("--json")).isEqualTo(2);

        JsonNode json = JsonMapper.shared().readTree(out.toString());
        assertThat(json.path("refused").booleanValue()).isTrue();
        assertThat(json.path("database").asString()).isEqualTo(database.name());
        assertThat(json.path("tables").get(0).path("verdict").asString()).isEqualTo("partitionable");
        assertThat(json.path("tables").get(0).path("size").path("rows").longValue())
                .isEqualTo(2);
        assertThat(json.path("tables").get(1).path("verdict").asString()).isEqualTo("refused");
    }

    /** Enough rows to show by themselves that a setting is wrong. */
    private void visits(String type, String values, String setting) throws IOException {
        database.execute(
                "CREATE TABLE visits (id bigint PRIMARY KEY, at %s)".formatted(type),
                "INSERT INTO visits SELECT i, %s FROM generate_series(0, 199) AS i".formatted(values));
        Files.writeString(config, """
                tables:
                  - tableName: visits
                    keyColumns: [id]
                    partitionBy: {columns: [at], from: 2024-01, until: 2025-01, %s}
                """.formatted(setting));
    }

    @Test
    void saysFromASampleThatAPatternOfDatesIsMisreadAndHowMuchOfItBeforeAnythingIsCopied() throws IOException {
        visits("text", "to_char(date '2024-01-01' + i::int, 'DD/MM/YYYY')", "textFormat: MM/DD/YYYY");

        assertThat(plan()).as(out.toString()).isZero();
        assertThat(unwrapped())
                .contains(
                        "public.visits: can be partitioned, but look at its default partition first",
                        "58.0 % of its 200 rows would be in the default partition public.visits_default, more than"
                                + " maxDefaultShare (1%): 116 rows (116 not a date).",
                        "verifyCopy counts them all, and where they are so many, it fails and nothing is swapped.",
                        "Check textFormat (MM/DD/YYYY), and whether at is the column that has the time.",
                        "set maxDefaultShare: 58%",
                        "1 table: 1 can be partitioned, 0 refused, 1 to look at. Nothing was changed.");

        JsonNode sample = json("--json").path("tables").get(0).path("defaultPartition");
        assertThat(sample.path("tableName").asString()).isEqualTo("visits_default");
        assertThat(sample.path("sampledRows").longValue()).isEqualTo(200);
        assertThat(sample.path("wholeTable").booleanValue()).isTrue();
        assertThat(sample.path("rows").longValue()).isEqualTo(116);
        assertThat(sample.path("unreadable").longValue()).isEqualTo(116);
        assertThat(sample.path("maxDefaultShare").asString()).isEqualTo("1%");
        assertThat(sample.path("exceeded").booleanValue()).isTrue();
        assertThat(sample.path("sentence").asString()).contains("more than maxDefaultShare (1%)");

        Files.writeString(config, Files.readString(config).replace("MM/DD", "DD/MM"));
        out.getBuffer().setLength(0);
        assertThat(plan()).isZero();
        assertThat(unwrapped())
                .contains(
                        "public.visits: can be partitioned\n",
                        "None of its 200 rows would be in the default partition public.visits_default.");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            bigint | (extract(epoch FROM timestamptz '2024-02-03 00:00+00') * 1000)::bigint | epoch: seconds | 200 from 2025-01 on | check epoch (seconds) | are read as times from 56060-
            bigint | extract(epoch FROM timestamptz '2024-02-03 00:00+00')::bigint | epoch: milliseconds | 200 before 2024-01 | check epoch (milliseconds) | are read as times from 1970-01-20 to 1970-01-20
            uuid | concat('ffffffff-ffff-4fff-8fff-', lpad(to_hex(i), 12, '0'))::uuid | keyTime: uuidv7 | 200 not a date | check keyTime (uuidv7) | keyColumns
            bigint | (extract(epoch FROM timestamptz '2024-02-03 00:00+00') * 1000 - 1420070400000)::bigint << 22 | keyTime: snowflake | 200 before 2024-01 | check keyTime (snowflake) | are read as times from 2019-
            text | '2024-05-05' | textFormat: DD.MM.YYYY | 200 not a date | check textFormat (DD.MM.YYYY) | column
            date | date '2023-05-05' | interval: month | 200 before 2024-01 | from (2024-01), until (2025-01) | are read as times from 2023-05-05 to 2023-05-05
            """)
    void refusesASettingByWhichEveryRowOfASampleWouldBeInTheDefaultPartition(
            String type, String values, String setting, String cause, String check, String more) throws IOException {
        visits(type, values, setting);

        assertThat(plan()).as(out.toString()).isEqualTo(ExitCodes.REFUSED);
        assertThat(unwrapped())
                .contains(
                        "public.visits: REFUSED",
                        "all of its 200 rows would be in the default partition public.visits_default, and"
                                + " maxDefaultShare is 1%: 200 rows (" + cause + ")",
                        check,
                        "set maxDefaultShare: 100%");
        assertThat(unwrapped()).contains(more.equals("keyColumns") || more.equals("column") ? "→" : more);
        assertThat(json("--json")
                        .path("tables")
                        .get(0)
                        .path("refused")
                        .get(0)
                        .path("what")
                        .asString())
                .contains("maxDefaultShare is 1%");

        Files.writeString(config, Files.readString(config) + "    maxDefaultShare: 100%\n");
        out.getBuffer().setLength(0);
        assertThat(plan()).as(out.toString()).isZero();
        assertThat(unwrapped()).contains("public.visits: can be partitioned\n", "200 rows (" + cause + ")");
    }

    @Test
    void saysNothingOfTheDefaultPartitionOfATableWithoutRowsAndWhyWhereItMayNotReadThem() throws IOException {
        database.execute("TRUNCATE orders");
        assertThat(plan()).isZero();
        assertThat(unwrapped()).doesNotContain("in the default partition");
        assertThat(json("--json").path("tables").get(0).path("defaultPartition").isNull())
                .isTrue();

        database.execute("INSERT INTO orders VALUES (1, '2024-01-01')");
        String stranger = database.createRole("stranger", "");
        out.getBuffer().setLength(0);
        terminal.run(arguments(stranger, stranger));
        assertThat(unwrapped()).contains("no sample was read: this role may not read the table");
    }

    private String unwrapped() {
        return out.toString().replaceAll("\n {6,}(?=[^ ])", " ");
    }

    private JsonNode json(String... more) throws IOException {
        out.getBuffer().setLength(0);
        plan(more);
        assertThat(PlanOutputTest.schema().validate(out.toString(), InputFormat.JSON))
                .isEmpty();
        return JsonMapper.shared().readTree(out.toString());
    }

    @Test
    void tellsHowFarAMigrationIsInsteadOfRefusingWhatItHasMade() throws Exception {
        database.execute("CREATE SCHEMA liquibase");
        try (Connection connection = database.connect()) {
            prepare(connection, "liquibase");
        }

        assertThat(plan()).as(out.toString()).isZero();

        assertThat(out.toString())
                .contains(
                        "public.orders: its migration has begun", "public.orders: prepared", "Next: liquibase update");
    }

    @Test
    void tellsWhichPartitionsTheNextUpdateMakes() throws Exception {
        try (Connection connection = database.connect()) {
            prepare(connection, "public");
        }
        Files.writeString(config, Files.readString(config).replace("until: 2025-01", "ahead: 0"));

        assertThat(plan()).isZero();

        assertThat(out.toString().replaceAll("\\s+", " "))
                .contains("partitions from orders_202501 to orders_2")
                .contains("are missing, and the next update makes them. public.orders: prepared");
    }

    @Test
    void tellsWhichPartitionsLeaveWithTheNextUpdateAndWhatMayKeepThem() throws Exception {
        try (Connection connection = database.connect()) {
            prepare(connection, "public");
        }
        database.execute(
                "ALTER TABLE orders RENAME TO orders_old",
                "ALTER TABLE orders_new RENAME TO orders",
                "UPDATE partition_migration SET phase = 'swapped', backup_table = 'orders_old'",
                "CREATE UNIQUE INDEX ON orders (id, created_at)",
                "CREATE TABLE lines (id bigint, at timestamptz, CONSTRAINT of_order FOREIGN KEY (id, at) REFERENCES orders (id, created_at))");
        Files.writeString(
                config,
                Files.readString(config).replace("keyColumns:", "keep: 1\n    retire: detach\n    keyColumns:"));

        assertThat(plan()).isZero();

        assertThat(out.toString().replaceAll("\\s+", " "))
                .contains(
                        "12 partitions from orders_202401 to orders_202412 are older than is kept, and leave with the next update, but for those to whose rows others refer (of_order of public.lines). public.orders: swapped");
    }

    @Test
    void readsAsAnyRoleAndSaysWhatThatRoleLacks() {
        String stranger = database.createRole("stranger", "");

        assertThat(terminal.run(arguments(stranger, stranger))).isEqualTo(2);

        assertThat(out.toString()).contains("- it belongs to role ", "→ run as that role, or GRANT ");
    }

    @Test
    void endsWithTwoAndPrintsNoPlanWhereTheConfigIsWrongOrATableIsNotInIt() throws IOException {
        assertThat(plan("--table", "ordres")).isEqualTo(ExitCodes.USAGE);
        assertThat(err.toString()).contains("has no table ordres. Nothing was read. Its tables: orders.");

        Files.writeString(config, "tables: []\n");
        assertThat(plan("--json")).isEqualTo(ExitCodes.USAGE);
        assertThat(terminal.run("plan")).isEqualTo(ExitCodes.USAGE);
        assertThat(err.toString()).contains("There is nothing in it.", "--url");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void endsWithThreeAndNoPasswordWhenTheDatabaseIsNotThere() {
        assertThat(terminal.run(
                        "plan",
                        "--config",
                        config.toString(),
                        "--url",
                        "jdbc:postgresql://localhost:1/shop?password=hunter2",
                        "--password=hunter2"))
                .isEqualTo(ExitCodes.FAILURE);

        assertThat(err.toString())
                .contains("Cannot connect to the database: ", "Check --url")
                .doesNotContain("hunter2", "Exception", "\tat ");
        assertThat(out.toString()).isEmpty();
    }

    private String everything() {
        return database.queryStrings("SELECT oid || relname FROM pg_class ORDER BY 1")
                .toString();
    }

    private int plan(String... more) {
        List<String> arguments = new ArrayList<>(List.of(arguments(database.username(), database.password())));
        arguments.addAll(List.of(more));
        return terminal.run(arguments.toArray(String[]::new));
    }

    private String[] arguments(String username, String password) {
        return new String[] {
            "plan",
            "--config",
            config.toString(),
            "--url",
            database.url(),
            "--username",
            username,
            "--password=" + password
        };
    }

    /** Prepares by the engine, as Liquibase would. */
    private static void prepare(Connection connection, String stateSchema) throws Exception {
        var environment = new StepRun.Environment(
                connection, Optional::empty, new StateTables(new Identifier(stateSchema)), line -> {}, OnBusy.FAIL);
        var source = QualifiedName.of("public", "orders");
        try (var run = environment.begin("createPartitionedTable", source)) {
            Preparation.run(
                    run,
                    new NewTableSpec(
                            source,
                            new Identifier("orders_new"),
                            PartitionKeySpec.of(new Identifier("created_at")),
                            PartitionLayout.parse("orders_", "month", "2024-01", "2025-01"),
                            Routing.NATIVE,
                            IncomingForeignKeys.REFUSE,
                            List.of()),
                    DefaultShare.DEFAULT);
        }
    }
}
