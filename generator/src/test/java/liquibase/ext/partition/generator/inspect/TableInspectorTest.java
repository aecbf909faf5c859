package liquibase.ext.partition.generator.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.List;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.generator.config.ColumnConfig;
import liquibase.ext.partition.generator.config.ConfigReader;
import liquibase.ext.partition.generator.config.TableConfig;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(FreshDatabase.class)
class TableInspectorTest {
    @TempDir
    private Path directory;

    private TestDatabase database;

    @BeforeEach
    void remember(TestDatabase fresh) {
        database = fresh;
    }

    @Test
    void writesAConfigThatNeedsNoDecisionForAPlainTable() throws Exception {
        database.execute(
                """
                CREATE TABLE orders (id bigint PRIMARY KEY, amount numeric(12,2), code "char",
                                     created_at timestamp(3) with time zone NOT NULL)""",
                "INSERT INTO orders VALUES (1, 1, 'a', '2024-01-31 23:59:59+00'), (2, 2, 'b', '2024-03-01 00:00:00+14')");

        ConfigText text = inspect("orders");

        assertThat(text.yaml()).isEqualTo("""
                # The tables to partition. Decide what is marked TODO, review the rest, and then run generate.
                tables:
                  - schemaName: public
                    tableName: orders
                    # The primary key.
                    keyColumns: [id]
                    partitionBy:
                      columns: [created_at]
                      interval: month
                      # The oldest row is of 2024-01-31, the newest of 2024-02-29 (UTC).
                      from: 2024-01
                      # The first month without a partition: 6 months ahead.
                      until: 2024-09
                    # The deployment stops before anything is made if the table's columns are others by then.
                    columns:
                      id: bigint
                      amount: numeric(12,2)
                      code: "\\"char\\""
                      created_at: timestamp(3) with time zone
                    # Rows of one transaction, and connections that work side by side:
                    # chunkSize: 1000000
                    # workers: 1
                """);
        assertThat(text.todos()).isZero();
        assertThat(accepted(text).columns())
                .containsEntry("code", new ColumnConfig("\"char\"", null, null))
                .containsEntry("created_at", new ColumnConfig("timestamp(3) with time zone", null, null));
    }

    @Test
    void takesAUniqueIndexOverColumnsThatAreNotNullWhenThereIsNoPrimaryKey() throws Exception {
        database.execute(
                "CREATE TABLE orders (a int, b int NOT NULL, c int NOT NULL, d int NOT NULL, at date NOT NULL)",
                "CREATE UNIQUE INDEX nullable ON orders (a)",
                "CREATE UNIQUE INDEX part ON orders (b) WHERE b > 0",
                "CREATE UNIQUE INDEX expression ON orders ((b + 1))",
                "CREATE UNIQUE INDEX three ON orders (b, c, d)",
                "CREATE UNIQUE INDEX two ON orders (c, b)");

        ConfigText text = inspect("orders");

        assertThat(accepted(text).keyColumns()).containsExactly("c", "b");
        assertThat(text.yaml()).contains("# There is no primary key; the unique index two makes these unique.");
    }

    @Test
    void prefersTheMomentOfCreationAndNamesTheOtherCandidates() throws Exception {
        database.execute("""
                CREATE TABLE orders (id int PRIMARY KEY, updated_at timestamp NOT NULL, shipped date NOT NULL,
                                     ordered_on date NOT NULL, created timestamp NOT NULL, created_at timestamp)""");

        ConfigText text = inspect("orders");

        assertThat(accepted(text).partitionBy().columns()).containsExactly("created");
        assertThat(text.yaml())
                .contains("# TODO Choose the column that queries filter by and that does not change;"
                        + " ordered_on, shipped, updated_at would do too.");
    }

    @Test
    void prefersADateColumnOfTheKey() throws Exception {
        database.execute("""
                CREATE TABLE orders (id int, at timestamp, created_at timestamp NOT NULL, PRIMARY KEY (id, at))""");

        assertThat(accepted(inspect("orders")).partitionBy().columns()).containsExactly("at");
    }

    @Test
    void leavesFarOutDatesAsideAndCountsThem() throws Exception {
        database.execute("CREATE TABLE orders (id int PRIMARY KEY, at timestamptz NOT NULL)", """
                INSERT INTO orders VALUES (1, '2024-05-05'), (2, '-infinity'), (3, 'infinity'), (4, '1970-01-01'),
                                          (5, '2999-12-31'), (6, '0001-01-01')""");

        ConfigText text = inspect("orders");

        assertThat(text.yaml())
                .contains("# Left aside: 5 rows before 1971, more than ten years ahead, or infinite.")
                .contains("from: 2024-05\n", "until: 2024-12\n");
    }

    @Test
    void beginsWithThePresentMonthWhenThereAreNoRows() throws Exception {
        database.execute("CREATE TABLE orders (id int PRIMARY KEY, at date NOT NULL)");

        ConfigText text = inspect("orders");

        assertThat(text.todos()).isEqualTo(1);
        assertThat(text.yaml())
                .contains("# TODO Choose the months; these begin with the present one, because no row of"
                        + " the table has a sensible date.");
        assertThat(YearMonth.from(accepted(text).partitionBy().from()))
                .isIn(
                        YearMonth.now(ZoneOffset.UTC),
                        YearMonth.now(ZoneOffset.UTC).minusMonths(1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"date", "timestamp", "timestamptz"})
    void takesTheStatisticsWhenReadingTheRowsTakesTooLong(String type) throws Exception {
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, at %s NOT NULL)".formatted(type), """
                INSERT INTO orders SELECT n, timestamp '2024-01-15' + n * interval '1 minute'
                FROM generate_series(0, 200000) AS n""", "ANALYZE orders");

        ConfigText text = inspect(Duration.ofMillis(1), "orders");

        assertThat(text.yaml()).contains("# TODO Check the months: statistics say 2024-01-15 to 2024-06-");
        assertThat(accepted(text).partitionBy().from()).hasToString("2024-01-01");
        assertThat(accepted(text).partitionBy().until()).hasToString("2025-01-01");
    }

    @Test
    @Timeout(30)
    void doesNotWaitForATableThatSomebodyHasLocked() throws Exception {
        database.execute("CREATE TABLE orders (id int PRIMARY KEY, at date NOT NULL)");

        try (Connection locked = lock("orders")) {
            assertThatThrownBy(() -> inspect(Duration.ofMillis(200), "orders"))
                    .isInstanceOf(SQLException.class)
                    .extracting("SQLState")
                    .isEqualTo("55P03");
            assertThat(locked.isClosed()).isFalse();
        }
    }

    @Test
    void saysSoWhenNeitherRowsNorStatisticsCanBeRead() throws Exception {
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, at date NOT NULL)", "INSERT INTO orders VALUES (1, now())");
        String reader = database.createRole("reader", "");

        try (Connection connection = database.connect(reader, reader)) {
            ConfigText text =
                    new TableInspector(new Session(connection), Duration.ofSeconds(5)).inspect(List.of("orders"));

            assertThat(text.yaml()).contains("because this role may not read the table, and there are no statistics.");
        }
    }

    @Test
    void asksForALaterBeginningWhenThereWouldBeHundredsOfPartitions() throws Exception {
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, at date NOT NULL)",
                "INSERT INTO orders VALUES (1, '1980-01-01'), (2, '2020-01-01')");

        assertThat(inspect("orders").yaml()).contains("# TODO These are 487 partitions.");
    }

    @Test
    void listsWhatTheTableIsRefusedFor() throws Exception {
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, at date NOT NULL)",
                "CREATE VIEW recent AS SELECT * FROM orders",
                "INSERT INTO orders VALUES (1, '2024-01-01')");

        ConfigText text = inspect("orders");

        assertThat(text.todos()).isEqualTo(1);
        assertThat(text.yaml()).contains("# TODO The table is refused as long as view public.recent reads it.");
        accepted(text);
    }

    @Test
    void asksForOtherNamesWhenTheDefaultOnesAreTaken() throws Exception {
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, at date NOT NULL)",
                "CREATE TABLE orders_old ()",
                "INSERT INTO orders VALUES (1, '2024-01-01')");

        ConfigText text = inspect("orders");

        assertThat(text.yaml())
                .contains("# TODO There is orders_old in the schema already: choose other names here.")
                .contains("    newTableName: orders_new\n    backupTableName: orders_old\n");
    }

    @Test
    void carriesOddAndLongNamesIntoAConfigThatIsAccepted() throws Exception {
        String longest = "é".repeat(31) + "x";
        database.execute(
                "CREATE SCHEMA \"My Schema\"",
                """
                CREATE TABLE "My Schema"."%s" ("The ""Key\""" int PRIMARY KEY, "on" int, "null" int, "a: b #" text,
                                               "Created \\At" date NOT NULL)""".formatted(longest),
                "INSERT INTO \"My Schema\".\"%s\" VALUES (1, 1, 1, 'x', '2024-01-01')".formatted(longest));

        TableConfig table = accepted(inspect("\"My Schema\".\"%s\"".formatted(longest)));

        assertThat(table.schemaName()).isEqualTo("My Schema");
        assertThat(table.tableName()).isEqualTo(longest);
        assertThat(table.keyColumns()).containsExactly("The \"Key\"");
        assertThat(table.partitionBy().columns()).containsExactly("Created \\At");
        assertThat(table.columns()).containsOnlyKeys("The \"Key\"", "on", "null", "a: b #", "Created \\At");
    }

    @Test
    void letsNoNameEndAComment() throws Exception {
        database.execute("""
                CREATE TABLE orders (id int PRIMARY KEY, created date NOT NULL, "x\ntables: []" date NOT NULL)""");

        assertThat(inspect("orders").yaml()).contains("x?tables: [] would do too.");
    }

    @Test
    void writesEveryTableOnceInTheOrderTheyWereAskedFor() throws Exception {
        database.execute(
                "CREATE TABLE payments (id int PRIMARY KEY, at date NOT NULL)",
                "CREATE TABLE orders (id int PRIMARY KEY, at date NOT NULL)");

        ConfigText text = inspect("payments", "orders", "public.payments");

        assertThat(configs(text)).extracting(TableConfig::tableName).containsExactly("payments", "orders");
    }

    @Test
    void findsTablesBySearchPathAndFoldsCaseAsSqlDoes() throws Exception {
        database.execute("CREATE SCHEMA shop", "CREATE TABLE shop.orders (id int PRIMARY KEY, at date NOT NULL)");

        try (Connection connection = database.connect()) {
            connection.setSchema("shop");
            ConfigText text =
                    new TableInspector(new Session(connection), Duration.ofSeconds(5)).inspect(List.of("ORDERS"));

            assertThat(accepted(text).schemaName()).isEqualTo("shop");
        }
    }

    @Test
    void saysOfEveryTableWhyItCannotBePartitioned() {
        database.execute(
                "CREATE TABLE no_key (id int, at date NOT NULL)",
                "CREATE TABLE no_date (id int PRIMARY KEY, at text NOT NULL)",
                "CREATE TABLE nullable (id int PRIMARY KEY, at date, made date GENERATED ALWAYS AS (at) STORED)",
                "CREATE VIEW a_view AS SELECT 1 AS id",
                "CREATE TABLE partitioned (id int, at date) PARTITION BY RANGE (at)",
                "CREATE TABLE fine (id int PRIMARY KEY, at date NOT NULL)");

        assertThatThrownBy(() -> inspect(
                        "no_key", "no_date", "nullable", "a_view", "partitioned", "fine", "missing", "a.b.c", "\"open"))
                .isInstanceOf(UnsuitableTableException.class)
                .hasMessageContainingAll(
                        "public.no_key cannot be partitioned: nothing tells its rows apart. Give it a primary key",
                        "public.no_date cannot be partitioned by month: it has no column of type date",
                        "public.nullable cannot be partitioned by month: its column at may be NULL, and its column made",
                        "public.a_view cannot be partitioned: nothing tells its rows apart.",
                        "Also: it is a view",
                        "public.partitioned is partitioned already. Leave it out.",
                        "There is no table missing in this database.",
                        "a.b.c is not a table's name.",
                        "\"open is not a table's name.")
                .hasMessageNotContaining("fine");
    }

    @Test
    void suggestsTheNameThatDiffersInCaseOnly() {
        database.execute("CREATE TABLE \"Orders\" (id int PRIMARY KEY, at date NOT NULL)");

        assertThatThrownBy(() -> inspect("public.Orders"))
                .hasMessage(
                        "There is no table public.orders in this database. There is public.\"Orders\"; write its name like"
                                + " that, quotes included.");
    }

    private ConfigText inspect(String... tables) throws SQLException, UnsuitableTableException {
        return inspect(Duration.ofSeconds(30), tables);
    }

    private ConfigText inspect(Duration limit, String... tables) throws SQLException, UnsuitableTableException {
        try (Connection connection = database.connect()) {
            connection.setReadOnly(true);
            return new TableInspector(new Session(connection), limit).inspect(List.of(tables));
        }
    }

    /** A table that nobody else can read until the connection is closed. */
    private Connection lock(String table) throws SQLException {
        Connection connection = database.connect();
        connection.setAutoCommit(false);
        connection.createStatement().execute("LOCK TABLE " + table);
        return connection;
    }

    private TableConfig accepted(ConfigText text) throws Exception {
        assertThat(configs(text)).hasSize(1);
        return configs(text).get(0);
    }

    private List<TableConfig> configs(ConfigText text) throws Exception {
        return new ConfigReader()
                .read(Files.writeString(directory.resolve("tables.yaml"), text.yaml()))
                .tables();
    }
}
