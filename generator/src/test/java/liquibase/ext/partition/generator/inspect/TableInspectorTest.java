package liquibase.ext.partition.generator.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.generator.config.ColumnConfig;
import liquibase.ext.partition.generator.config.PartitionBy;
import liquibase.ext.partition.generator.config.TableConfig;
import liquibase.ext.partition.generator.config.read.ConfigReader;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A table is read into a config that says what was found, and what people must decide.
 *
 * <p>The file is long because it is a catalogue: a table for each thing that the inspector proposes or says.
 */
@ExtendWith(FreshDatabase.class)
class TableInspectorTest {
    @TempDir
    private Path directory;

    private TestDatabase database;

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
                # How the migrations work; a table may say otherwise in its entry, and off where it wants none.
                # defaults:
                #   workers: 4                           # connections that work side by side
                #   maxReplicaLag: 10s                   # pause while a replica is further behind
                #   maxLoad: 16                          # pause while more sessions are active
                #   window: 22:00-06:00 Europe/Berlin    # work in these hours only
                #   maxDuration: 50min                   # then end; the next update goes on
                #   lockTimeout: 1s                      # the longest that writers wait behind an attempt
                tables:
                  - schemaName: public
                    tableName: orders
                    # The primary key.
                    keyColumns: [id]
                    partitionBy:
                      columns: [created_at]
                      interval: month
                      # The oldest row is of 2024-01-31, the newest of 2024-02-29 (UTC).
                      # None of the 2 rows would be in the default partition.
                      from: 2024-01
                      # The first month without a partition: 6 months after the newest row.
                      # It is past, so rows of today would be in the default partition: say ahead: 6 instead if such rows come in.
                      until: 2024-09
                    # Every column with its type in the new table: change one here, and values are converted on the way.
                    # The deployment stops before anything is made if the table has other columns by then.
                    columns:
                      id: bigint
                      amount: numeric(12,2)
                      code: "\\"char\\""
                      created_at: timestamp(3) with time zone
                """);
        ConfigText uncommented = new ConfigText(text.yaml().replaceAll("(?m)^# (?=defaults:|  )", ""), text.todos());
        assertThat(accepted(uncommented).tuning().settings())
                .containsOnlyKeys("workers", "maxReplicaLag", "maxLoad", "window", "maxDuration", "lockTimeout");
        assertThat(accepted(text).tuning().settings()).isEmpty();
        assertThat(text.todos()).isZero();
        assertThat(accepted(text).columns())
                .containsEntry("code", new ColumnConfig("\"char\"", null, null))
                .containsEntry("created_at", new ColumnConfig("timestamp(3) with time zone", null, null));
    }

    @Test
    void theMonthsOfATableThatIsWrittenAreAhead() throws Exception {
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL)",
                "INSERT INTO orders VALUES (1, now())");

        assertThat(inspect("orders").yaml()).contains("      ahead: 6\n").doesNotContain("until:");
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
    void leavesFarOutDatesAsideAndCountsThemByCause() throws Exception {
        database.execute("CREATE TABLE orders (id int PRIMARY KEY, at timestamptz)", """
                INSERT INTO orders VALUES (1, '2024-05-05'), (2, '-infinity'), (3, 'infinity'), (4, '1970-01-01'),
                                          (5, '2999-12-31'), (6, '0001-01-01'), (7, NULL)""");

        ConfigText text = inspect("orders");

        assertThat(text.yaml())
                .contains(
                        "# 6 of the 7 rows would be in the default partition: 1 NULL, 2 infinite, 2 before from, 1 after"
                                + " until.\n")
                .contains("# Dates before 1971, or more than ten years ahead, are hardly meant")
                .contains("from: 2024-05\n", "until: 2024-12\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"date", "timestamp", "timestamptz", "text", "bigint"})
    void countsExactlyTheRowsThatNoneOfTheProposedPartitionsTakes(String type) throws Exception {
        String value = type.equals("bigint") ? "extract(epoch FROM t)::bigint" : "t::" + type;
        database.execute(
                "CREATE TABLE orders (id bigserial PRIMARY KEY, made_at %s)".formatted(type), """
                INSERT INTO orders (made_at)
                SELECT %s FROM (SELECT timestamp '1970-12-01' + n * interval '7 days' AS t FROM generate_series(0, 3500) AS n
                                UNION ALL SELECT NULL) AS times""".formatted(value));

        ConfigText text = inspect("orders");

        PartitionBy partitionBy = accepted(text).partitionBy();
        String outside = database.queryStrings("""
                        SELECT count(*) FROM orders CROSS JOIN LATERAL (SELECT %s AS t) AS times
                        WHERE t IS NULL OR t < '%s' OR t >= '%s'""".formatted(
                                type.equals("bigint") ? "to_timestamp(made_at)" : "made_at::timestamp",
                                partitionBy.from(),
                                partitionBy.runway().end(partitionBy.interval(), LocalDate.now(ZoneOffset.UTC))))
                .get(0);
        assertThat(text.yaml())
                .contains("# %s of the 3502 rows would be in the default partition: 1 NULL, ".formatted(outside));
    }

    @Test
    void proposesTheNullableDateWithTheFewestNullsAndNamesTheOthersToCoalesce() throws Exception {
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, created_at date, paid date, shipped timestamptz)",
                "INSERT INTO orders SELECT n, CASE n WHEN 1 THEN date '2024-01-01' END, NULL, '2024-03-04 05:06+00'"
                        + " FROM generate_series(1, 9) AS n",
                "INSERT INTO orders VALUES (10, '2024-02-03', '2024-02-04', NULL)");

        ConfigText text = inspect("orders");

        assertThat(accepted(text).partitionBy().columns()).containsExactly("shipped");
        assertThat(text.yaml())
                .contains(
                        "# It may be NULL, so that no primary key can hold it. If it never is, SET NOT NULL in the table"
                                + " first.\n")
                .contains(
                        "# TODO Add others if they tell the time where this one is NULL; the first in the list that is not"
                                + " NULL decides. There is created_at, paid.\n")
                .contains("# 1 of the 10 rows would be in the default partition: 1 NULL.\n")
                .contains("from: 2024-03\n");
    }

    @Test
    void countsADateThatNoTimestampCanHold() throws Exception {
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, at date NOT NULL)",
                "INSERT INTO orders VALUES (1, '5874897-12-31'), (2, '2024-01-01')");

        assertThat(inspect("orders").yaml())
                .contains("# 1 of the 2 rows would be in the default partition: 1 not in the range of a timestamp.\n");
    }

    @Test
    void prefersADateThatIsNeverNullToOneThatMayBe() throws Exception {
        database.execute("CREATE TABLE orders (id int PRIMARY KEY, created_at date, ended date NOT NULL)");

        assertThat(accepted(inspect("orders")).partitionBy().columns()).containsExactly("ended");
    }

    @Test
    void countsNullsByTheStatisticsWhenReadingTheRowsTakesTooLong() throws Exception {
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, a timestamp, b timestamp)",
                """
                INSERT INTO orders SELECT n, CASE WHEN n % 2 = 0 THEN now() END, CASE WHEN n % 4 > 0 THEN now() END
                FROM generate_series(1, 200000) AS n""",
                // With this, ANALYZE reads all rows, and not a random sample of them.
                "ALTER TABLE orders ALTER b SET STATISTICS 1000",
                "ANALYZE orders");

        ConfigText text = inspect(Duration.ofMillis(1), "orders");

        assertThat(accepted(text).partitionBy().columns()).containsExactly("b");
        assertThat(text.yaml()).contains("# About 25 % of the rows have NULL and would be in the default partition;");
    }

    @Test
    void takesAKeyOfUuidsOfVersionSevenWhenThereIsNoDate() throws Exception {
        database.execute(
                "CREATE TABLE orders (id uuid PRIMARY KEY, made text)",
                "INSERT INTO orders SELECT ('018cfa05-8000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '2024-01-01'"
                        + " FROM generate_series(1, 40) AS n",
                "INSERT INTO orders VALUES ('9cc3a9b2-6f0c-4c1c-9c1e-0f9c3a9b26f0')");

        ConfigText text = inspect("orders");

        assertThat(accepted(text).partitionBy().columns()).containsExactly("id");
        assertThat(accepted(text).partitionBy().keyTime()).isEqualTo("uuidv7");
        assertThat(text.yaml())
                .contains("# There is no date column to use; nearly every value in a sample of this one is a UUID of"
                        + " version 7.\n")
                .contains("# 1 of the 41 rows would be in the default partition: 1 not a UUID of version 7.\n")
                .contains("# The oldest row is of 2024-01-11, the newest of 2024-01-11 (UTC).\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "varchar(40)", "char(40)", "citext"})
    void takesATextOfIsoDatesAndNeverFailsAtWhatIsNone(String type) throws Exception {
        database.execute(
                "CREATE EXTENSION IF NOT EXISTS citext",
                "CREATE TABLE orders (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), note text, ordered %s)"
                        .formatted(type),
                "INSERT INTO orders (note, ordered) SELECT '2024', '2024-05-05' FROM generate_series(1, 380)",
                """
                INSERT INTO orders (ordered) VALUES ('2023-02-29'), ('2023-13-01'), ('0000-01-01'), ('infinity'), (''),
                    ('2024-05-05T24:61'), ('today'), ('2024-04-31'), ('2100-02-29'), (NULL), ('1900-01-01'),
                    (E' 2024-02-29T23:59:59.999999Z\\n'), ('2024-08-01 00:30:00+05:45'), ('2000-02-29'), ('2024-12-31')""");

        ConfigText text = inspect("orders");

        assertThat(accepted(text).partitionBy().columns()).containsExactly("ordered");
        assertThat(accepted(text).partitionBy().textFormat()).isEqualTo("iso");
        assertThat(text.yaml())
                .contains(
                        "# There is no date column to use; nearly every value in a sample of this one is an ISO date.\n")
                .contains(
                        "# 11 of the 395 rows would be in the default partition: 1 NULL, 9 not an ISO date, 1 before from.\n")
                .contains("from: 2000-02\n", "until: 2025-07\n");
    }

    @ParameterizedTest
    @CsvSource({"seconds, 1", "milliseconds, 1000"})
    void takesANumberWithTheNameOfATimeAndTheSizeOfAnEpoch(String unit, long perSecond) throws Exception {
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, amount bigint, created_at bigint)",
                """
                INSERT INTO orders SELECT 1700000000 + n, 1700000000, extract(epoch FROM timestamp '2024-05-31 23:59:59') * %d
                FROM generate_series(1, 100) AS n""".formatted(perSecond),
                """
                INSERT INTO orders VALUES (1, 1, 9223372036854775807), (2, 2, -9223372036854775808), (3, 3, 0), (4, 4, NULL)""");

        ConfigText text = inspect("orders");

        assertThat(accepted(text).partitionBy().columns()).containsExactly("created_at");
        assertThat(accepted(text).partitionBy().epoch().word()).isEqualTo(unit);
        assertThat(text.yaml())
                .contains("# The oldest row is of 2024-05-31, the newest of 2024-05-31 (UTC).\n")
                .contains(
                        "# 4 of the 104 rows would be in the default partition: 1 NULL, 2 not a number of %s since 1970, 1 before from.\n"
                                .formatted(unit));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            integer          | seconds      | 1
            bigint           | seconds      | 1
            bigint           | milliseconds | 1000
            numeric(20,3)    | seconds      | 1.0001
            numeric          | milliseconds | 1000
            double precision | seconds      | 1.0001
            double precision | milliseconds | 1000
            """)
    void takesAnEpochInEveryTypeOfNumbersWhateverItsNameAndSaysWhatSpeaksForIt(
            String type, String unit, String perSecond) throws Exception {
        database.execute(
                "CREATE TABLE customers (id bigint PRIMARY KEY)",
                "INSERT INTO customers VALUES (1700000000)",
                """
                CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint REFERENCES customers, number bigserial, paid boolean,
                                     weight integer, wann %s)""".formatted(type),
                """
                INSERT INTO orders SELECT 1700000000 + n, 1700000000, 1700000000 + n, true, n,
                                          extract(epoch FROM timestamp '2024-05-31 12:00') * %s
                FROM generate_series(1, 100) AS n""".formatted(perSecond));

        ConfigText text = inspect("orders");

        assertThat(accepted(text).partitionBy().columns()).containsExactly("wann");
        assertThat(accepted(text).partitionBy().epoch().word()).isEqualTo(unit);
        assertThat(text.yaml())
                .contains(
                        "# There is no date column to use; nearly every value in a sample of this one is a number of %s since 1970.\n"
                                .formatted(unit),
                        "# TODO Make sure that wann is a time: nothing but the size of its numbers says so.\n",
                        "# None of the 100 rows would be in the default partition.\n")
                .doesNotContain("would do too");
        assertThat(text.todos()).isEqualTo(1);
    }

    /** As Mattermost keeps its posts. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            updateat bigint, editat bigint, createat bigint, deleteat bigint | createat
            "updatedAt" bigint, "createdAt" bigint, amount bigint, deleted bigint | createdAt
            geaendert bigint, amount bigint, angelegt bigint, weg bigint | angelegt
            updated_at text, edited bigint, created_at bigint, deleted bigint | created_at
            updated_at timestamp NOT NULL, edited bigint, createat bigint, deleted bigint | createat
            updated_at timestamp NOT NULL, edited bigint, created_at timestamp, deleted bigint | created_at
            """)
    void prefersWhatDoesNotChangeWithAnEdit(String columns, String chosen) throws Exception {
        database.execute("CREATE TABLE posts (id text PRIMARY KEY, %s)".formatted(columns));
        String[] names = columns.split(", ");
        List<String> values = new ArrayList<>();
        for (int i = 0; i < names.length; i++) {
            String at = names[i].contains(chosen) ? "at" : i == 3 ? "to_timestamp(0)" : "at + interval '3 days'";
            values.add(
                    names[i].contains("amount")
                            ? "5"
                            : names[i].contains("bigint")
                                    ? "(extract(epoch FROM %s) * 1000)::bigint".formatted(at)
                                    : names[i].contains("text") ? "to_char(%s, 'YYYY-MM-DD')".formatted(at) : at);
        }
        database.execute("""
                INSERT INTO posts SELECT 'p' || n, %s
                FROM generate_series(1, 40) AS n, LATERAL (SELECT timestamptz '2024-05-05 00:00+00' + n * interval '1 hour' AS at) AS t""".formatted(String.join(", ", values)));

        ConfigText text = inspect("posts");

        assertThat(accepted(text).partitionBy().columns()).containsExactly(chosen);
        assertThat(text.yaml()).contains("The oldest row is of 2024-05-05").doesNotContain("By its name it changes");
    }

    @Test
    void saysOfTheOnlyDateThatItChangesWithAnEdit() throws Exception {
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, created_at date, updated_at date NOT NULL)",
                "INSERT INTO orders VALUES (1, NULL, '2024-05-05'), (2, '2024-05-05', '2024-05-05')");

        ConfigText text = inspect("orders");

        assertThat(accepted(text).partitionBy().columns()).containsExactly("updated_at");
        assertThat(text.yaml())
                .contains("# TODO By its name it changes with an edit, and then a row moves to another partition.");
    }

    @Test
    void saysOnlyWhatItHasLookedAt() {
        database.execute(
                "CREATE TABLE customers (id bigint PRIMARY KEY)",
                """
                CREATE TABLE orders (id uuid PRIMARY KEY, customer bigint REFERENCES customers, number bigserial, note text,
                                     weight numeric, updates integer, paid boolean, size smallint)""",
                "INSERT INTO orders (id, note, weight, updates) SELECT gen_random_uuid(), 'n', n, n FROM generate_series(1, 7) AS n",
                "CREATE TABLE ids (id bigint PRIMARY KEY, paid boolean)",
                "CREATE TABLE nothing (id bigint PRIMARY KEY, at bigint)");

        assertThatThrownBy(() -> inspect("orders", "ids", "nothing"))
                .hasMessageContainingAll(
                        "public.orders cannot be partitioned by month: it has no column of type date, timestamp or timestamptz,"
                                + " and 7 rows that were looked at show no UUIDs of version 7 in id, and no ISO dates in note, and no"
                                + " seconds or milliseconds since 1970 in weight, updates. Give it a date column",
                        "public.ids cannot be partitioned by month: it has no column of type date, timestamp or timestamptz, and it"
                                + " has no other column in which a time was looked for: a uuid of the key, a text, or a number that is"
                                + " neither a key, nor counted by a sequence, nor refers to another table. Give",
                        "public.nothing cannot be partitioned by month: it has no column of type date, timestamp or timestamptz,"
                                + " and it has no rows by which to tell whether another column holds the time. Give");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati"})
    void findsTheSameRangeInEverySessionTimeZone(String zone) throws Exception {
        database.execute(
                "CREATE TABLE a (id int PRIMARY KEY, at timestamptz NOT NULL)",
                "INSERT INTO a VALUES (1, '2024-02-29 23:59:59.999999+00'), (2, '2024-07-01 00:00:00+00')",
                "CREATE TABLE b (id int PRIMARY KEY, at text NOT NULL)",
                "INSERT INTO b VALUES (1, '2024-02-29 23:59:59.999999'), (2, '2024-07-01T05:45:00+05:45')",
                "CREATE TABLE c (at uuid PRIMARY KEY)",
                // The same moments, to the millisecond.
                "INSERT INTO c VALUES ('018df74f-83ff-7000-8000-000000000000'), ('01906b97-5c00-7000-8000-000000000000')");

        try (Connection connection = database.connect()) {
            connection.createStatement().execute("SET TimeZone = '" + zone + "'");
            connection.setReadOnly(true);
            ConfigText text = new TableInspector(Session.pinned(connection), Duration.ofSeconds(30))
                    .inspect(List.of("a", "b", "c"));

            assertThat(configs(text)).hasSize(3).allSatisfy(table -> {
                assertThat(table.partitionBy().columns()).containsExactly("at");
                assertThat(table.partitionBy().from()).hasToString("2024-02-01");
                assertThat(table.partitionBy().until()).hasToString("2025-02-01");
            });
            assertThat(text.yaml()
                            .lines()
                            .filter(line -> line.contains(
                                    "# The oldest row is of 2024-02-29, the newest of 2024-07-01 (UTC).")))
                    .hasSize(3);
        }
    }

    @Test
    void saysThatItCouldNotTakeASample() throws Exception {
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, at text)", "INSERT INTO orders VALUES (1, '2024-01-01')");
        String reader = database.createRole("reader", "");

        try (Connection connection = database.connect(reader, reader)) {
            assertThatThrownBy(() -> new TableInspector(Session.pinned(connection), Duration.ofSeconds(5))
                            .inspect(List.of("orders")))
                    .isInstanceOf(UnsuitableTableException.class)
                    .hasMessageContaining(
                            "whether another column holds the time is not known, because this role may not read the table, or not all of its rows.");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "DATE_TYPE; timestamptz; t AT TIME ZONE 'UTC'",
                "ISO_TEXT; text; t::text",
                "EPOCH_SECONDS; bigint; extract(epoch FROM t)::bigint",
                "EPOCH_MILLISECONDS; bigint; extract(epoch FROM t)::bigint * 1000",
                "UUID_7; uuid; (lpad(to_hex(extract(epoch FROM t)::bigint * 1000), 12, '0') || '70008000000000000000')::uuid"
            })
    void takesTheStatisticsOfEveryNotation(TimeNotation notation, String type, String value) throws Exception {
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, at %s)".formatted(type),
                """
                INSERT INTO orders
                SELECT n, %s FROM generate_series(0, 28000) AS n,
                LATERAL (SELECT timestamp '2024-01-15' + n * interval '5 minutes' AS t) AS times""".formatted(value),
                "ANALYZE orders");

        try (Connection connection = database.connect()) {
            connection.createStatement().execute("SET TimeZone = 'Asia/Kathmandu'");
            Session session = Session.pinned(connection);
            Table table = new TableReader(session)
                    .find(QualifiedName.of("public", "orders"))
                    .orElseThrow();
            TimeColumn column =
                    new TimeColumn(table.column(new Identifier("at")).orElseThrow(), notation);

            assertThat(new DateRangeReader(session, Duration.ofMillis(1)).read(table.name(), List.of(column)))
                    .containsExactly(new DateRange.Estimated(
                            LocalDate.of(2024, 1, 15),
                            LocalDate.of(2024, 4, 21),
                            0,
                            "reading all rows takes longer than 0 s"));
        }
    }

    @Test
    void samplesSomeBlocksOfALargeTable() throws Exception {
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, at text, filler text)",
                "INSERT INTO orders SELECT n, '2024-05-05', repeat('x', 1500) FROM generate_series(1, 2500) AS n");

        assertThat(accepted(inspect("orders")).partitionBy().columns()).containsExactly("at");
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
                    new TableInspector(Session.pinned(connection), Duration.ofSeconds(5)).inspect(List.of("orders"));

            assertThat(text.yaml())
                    .contains(
                            "because this role may not read the table, or not all of its rows, and there are no statistics.");
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
                "CREATE VIEW recent AS SELECT o FROM orders AS o",
                "INSERT INTO orders VALUES (1, '2024-01-01')");

        ConfigText text = inspect("orders");

        assertThat(text.todos()).isEqualTo(1);
        assertThat(text.yaml())
                .contains("# TODO The table is refused as long as column o of view public.recent is of its row type");
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
                    new TableInspector(Session.pinned(connection), Duration.ofSeconds(5)).inspect(List.of("ORDERS"));

            assertThat(accepted(text).schemaName()).isEqualTo("shop");
        }
    }

    @Test
    void saysOfEveryTableWhyItCannotBePartitioned() {
        database.execute(
                "CREATE TABLE no_key (id int, at date NOT NULL)",
                "CREATE TABLE no_date (id int PRIMARY KEY, at text NOT NULL)",
                "INSERT INTO no_date SELECT n, 'day ' || n FROM generate_series(1, 10) AS n",
                "CREATE TABLE generated (id int PRIMARY KEY, made date GENERATED ALWAYS AS (date '2024-01-01' + id) STORED)",
                "CREATE VIEW a_view AS SELECT 1 AS id",
                "CREATE TABLE partitioned (id int, at date) PARTITION BY RANGE (at)",
                "CREATE TABLE fine (id int PRIMARY KEY, at date NOT NULL)");

        assertThatThrownBy(() -> inspect(
                        "no_key",
                        "no_date",
                        "generated",
                        "a_view",
                        "partitioned",
                        "fine",
                        "missing",
                        "a.b.c",
                        "\"open"))
                .isInstanceOf(UnsuitableTableException.class)
                .hasMessageContainingAll(
                        "public.no_key cannot be partitioned: nothing tells its rows apart. Give it a primary key",
                        "public.no_date cannot be partitioned by month: it has no column of type date",
                        "public.generated cannot be partitioned by month: its column made is generated",
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
            return new TableInspector(Session.pinned(connection), limit).inspect(List.of(tables));
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
