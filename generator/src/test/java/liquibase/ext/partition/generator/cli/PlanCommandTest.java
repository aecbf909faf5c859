package liquibase.ext.partition.generator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.prepare.Preparation;
import liquibase.ext.partition.engine.run.OnBusy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.target.IncomingForeignKeys;
import liquibase.ext.partition.engine.target.NewTableSpec;
import liquibase.ext.partition.engine.target.PartitionKeySpec;
import liquibase.ext.partition.engine.target.PartitionLayout;
import liquibase.ext.partition.engine.target.Routing;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
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

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private TestDatabase database;
    private Path config;

    @BeforeEach
    void makeTable(TestDatabase fresh) throws IOException {
        database = fresh;
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
    void readsAsAnyRoleAndSaysWhatThatRoleLacks() {
        String stranger = database.createRole("stranger", "");

        assertThat(run(arguments(stranger, stranger))).isEqualTo(2);

        assertThat(out.toString()).contains("- it belongs to role ", "→ run as that role, or GRANT ");
    }

    @Test
    void endsWithTwoAndPrintsNoPlanWhereTheConfigIsWrongOrATableIsNotInIt() throws IOException {
        assertThat(plan("--table", "ordres")).isEqualTo(ExitCodes.USAGE);
        assertThat(err.toString()).contains("has no table ordres. Nothing was read. Its tables: orders.");

        Files.writeString(config, "tables: []\n");
        assertThat(plan("--json")).isEqualTo(ExitCodes.USAGE);
        assertThat(run("plan")).isEqualTo(ExitCodes.USAGE);
        assertThat(err.toString()).contains("There is nothing in it.", "--url");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void endsWithThreeAndNoPasswordWhenTheDatabaseIsNotThere() {
        assertThat(run(
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
        return run(arguments.toArray(String[]::new));
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

    private int run(String... arguments) {
        CommandLine commandLine = GeneratorCommand.commandLine();
        commandLine.setOut(new PrintWriter(out, true));
        commandLine.setErr(new PrintWriter(err, true));
        return commandLine.execute(arguments);
    }

    /** By the engine, as Liquibase would. */
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
                            List.of()));
        }
    }
}
