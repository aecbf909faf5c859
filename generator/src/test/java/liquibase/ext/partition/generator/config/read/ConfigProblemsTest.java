package liquibase.ext.partition.generator.config.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import liquibase.ext.partition.generator.config.document.InvalidConfigException;
import liquibase.ext.partition.generator.config.document.Problem;
import org.assertj.core.api.AbstractAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each problem of a table config is told with its line, its key and what to write instead.
 *
 * <p>The file is long because it is a catalogue: a test for each problem.
 */
class ConfigProblemsTest {
    private static final String TABLE = """
            tables:
              - tableName: orders
                keyColumns: [id]
                partitionBy:
                  columns: [created_at]
                  from: 2024-01
                  until: 2026-07
            """;

    @TempDir
    private Path directory;

    @Test
    void tellsFileLineKeyProblemAndRemedy() {
        Problem problem = onlyProblem(TABLE.replace("2024-01", "2024-13"));

        assertThat(problem.toString().lines())
                .containsExactly(
                        directory.resolve("tables.yaml")
                                + ":6: tables[0].partitionBy.from: \"2024-13\" is not a month, nor the first day of one.",
                        "    Write for example from: 2024-01 or from: 2024-01-01.");
    }

    @Test
    void theRangeOfAnExchangeIsWholeOrLeftOut() {
        String exchange = """
                exchanges:
                  - tableName: orders_default
                    keyColumns: [id]
                    partitionPrefix: orders_
                    partitionBy: {from: 2024-01, until: 2024-07}
                """;
        assertThat(problems(exchange.replace(", until: 2024-07", "")))
                .extracting(Problem::message)
                .containsExactly("from is given without until.");
        assertThat(problems(exchange.replace("from: 2024-01, ", "")))
                .extracting(Problem::message)
                .containsExactly("until is given without from.");
        assertThat(problems(exchange.replace("2024-07", "2024-01")))
                .extracting(Problem::message)
                .containsExactly("The range from 2024-01 until 2024-01 holds no partition.");
        assertThat(problems(exchange.replace("2024-07", "2024-07-02")))
                .extracting(Problem::message)
                .containsExactly("\"2024-07-02\" is not the first day of a month.");
    }

    @Test
    void theLastOfSeveralPartitionsIsNotTheFirst() {
        assertThat(problems("""
                exchanges:
                  - tableName: orders_202401
                    throughTableName: orders_202401
                    keyColumns: [id]
                    partitionPrefix: orders_
                """))
                .extracting(Problem::message)
                .containsExactly("throughTableName is tableName, so that one partition leaves alone.");
    }

    @Test
    void anExchangeStandsOnceAndIsOfNoTableOfTheConfig() {
        String exchange = """
                exchanges:
                  - tableName: orders
                    keyColumns: [id]
                    partitionPrefix: orders_
                """;

        assertThat(problems(TABLE + exchange))
                .extracting(Problem::message)
                .containsExactly("The table stands twice; the first is in line 2.");
        assertThat(problems(exchange + exchange.substring(exchange.indexOf('\n') + 1)))
                .extracting(Problem::message)
                .containsExactly("The table stands twice; the first is in line 2.");
    }

    @Test
    void tellsEverythingAtOnceByLine() {
        List<Problem> problems = problems("""
                tables:
                  - tableName: orders
                    chunkSize: 0
                    keyColumns: []
                    partitionBy: {columns: [a, a], from: 2024-1, until: soon}
                  - tableName: orders
                    keyColumns: [id]
                    partitionBy: {columns: [a], from: 2024-05, until: 2024-04}
                    colour: red
                """);

        assertThat(problems)
                .extracting(Problem::line, Problem::key)
                .containsExactlyInAnyOrder(
                        tuple(3, "tables[0].chunkSize"),
                        tuple(4, "tables[0].keyColumns"),
                        tuple(5, "tables[0].partitionBy.columns"),
                        tuple(5, "tables[0].partitionBy.from"),
                        tuple(5, "tables[0].partitionBy.until"),
                        tuple(6, "tables[1].tableName"),
                        tuple(8, "tables[1].partitionBy.until"),
                        tuple(9, "tables[1].colour"));
        assertThat(problems).extracting(Problem::line).isSorted();
    }

    @Test
    void wantsEachRequiredKey() {
        List<Problem> problems = problems("tables:\n  - schemaName: public\n");

        assertThat(problems)
                .extracting(Problem::key)
                .containsExactlyInAnyOrder("tables[0].tableName", "tables[0].keyColumns", "tables[0].partitionBy");
        assertThat(problems).allSatisfy(problem -> {
            assertThat(problem.line()).isEqualTo(2);
            assertThat(problem.message()).isEqualTo("The key is missing.");
            assertThat(problem.remedy()).startsWith("Write for example ");
        });
    }

    @Test
    void wantsEachRequiredKeyOfPartitionBy() {
        assertThat(problems(TABLE.replaceAll("(?s)columns.*", "interval: month\n")))
                .extracting(Problem::line, Problem::key)
                .containsExactlyInAnyOrder(
                        tuple(4, "tables[0].partitionBy.columns"),
                        tuple(4, "tables[0].partitionBy.from"),
                        tuple(4, "tables[0].partitionBy.ahead"));
    }

    @Test
    void wantsEitherAheadOrUntil() {
        assertProblem(TABLE.replace("      until: 2026-07\n", ""), 4, "tables[0].partitionBy.ahead")
                .saying("Neither ahead nor until says how far the partitions reach.")
                .advising("Write ahead: 6");
        assertProblem(TABLE + "      ahead: 6\n", 8, "tables[0].partitionBy.ahead")
                .saying("ahead and until are both given.")
                .advising("Remove one of them");
        assertProblem(TABLE.replace("until: 2026-07", "ahead: -1"), 7, "tables[0].partitionBy.ahead")
                .saying("-1 is less than 0.");
        assertProblem(
                        TABLE.replace("until: 2026-07", "ahead: 6").replace("2024-01", "2924-01"),
                        6,
                        "tables[0].partitionBy.from")
                .saying("from is 2924-01, which is further ahead than ahead: 6 reaches today.");
        assertProblem(
                        TABLE.replace("until: 2026-07", "ahead: 6").replace("2024-01", "1000-01"),
                        6,
                        "tables[0].partitionBy.from")
                .saying("partitions today; at most 5000 are accepted.");
    }

    @Test
    void wantsKeepAndRetireTogether() {
        assertProblem(TABLE + "    keep: 36\n", 2, "tables[0].retire")
                .saying("keep says which partitions leave the table, and nothing says what becomes of them.")
                .advising("Write retire: detach, retire: drop, or retire: archive.");
        assertProblem(TABLE + "    retire: detach\n", 8, "tables[0].retire")
                .saying("Nothing says which partitions leave the table.")
                .advising("Write keep");
        assertProblem(TABLE + "    retireSchema: retired\n", 8, "tables[0].retireSchema")
                .advising("remove retireSchema");
        assertProblem(
                        TABLE + "    keep: 9\n    retire: detach\n    retireApproval: standing\n",
                        10,
                        "tables[0].retireApproval")
                .saying("retireApproval is about a drop, and retire: detach drops nothing.");
        assertProblem(TABLE + "    keep: 9\n    retire: archive\n", 9, "tables[0].retire")
                .saying("retire is archive, and nothing says where to.")
                .advising("Write archive: {files: /srv/archive");
        assertProblem(
                        TABLE + "    keep: 9\n    retire: drop\n    archive: {files: /srv/archive}\n",
                        10,
                        "tables[0].archive")
                .saying("retire does not say that they are.")
                .advising("Write retire: archive");
        assertProblem(
                        TABLE + "    keep: 9\n    retire: archive\n    archive: {files: /a, tablespace: cold}\n",
                        10,
                        "tables[0].archive")
                .saying("archive must name one place");
        assertProblem(
                        TABLE
                                + "    keep: 9\n    retire: archive\n    archive: {tablespace: cold}\n    retireApproval: standing\n",
                        11,
                        "tables[0].retireApproval")
                .saying("stays a partition, so that retireApproval has no meaning");
        assertProblem(TABLE + "    keep: 0\n    retire: detach\n", 8, "tables[0].keep")
                .saying("0 is less than 1.");
    }

    @Test
    void saysWhichKnownKeyIsNearestToAnUnknownOne() {
        assertProblem(TABLE + "    backup_table_nam: x\n", 8, "tables[0].backup_table_nam")
                .saying("The key is not known.")
                .advising("Did you mean backupTableName?");
    }

    @Test
    void listsTheKnownKeysWhenNoneIsNear() {
        assertProblem(
                        TABLE.replace("from:", "interval: month\n      colour: red\n      from:"),
                        7,
                        "tables[0].partitionBy.colour")
                .saying("The key is not known.")
                .advising(
                        "Remove it. Known here: columns, combinedColumn, textFormat, epoch, keyTime, interval, from, ahead, until.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"url", "jdbc-url", "username", "password", "PASSWORD", "host"})
    void saysThatTheConnectionIsLiquibasesOwnWithoutRepeatingASecret(String key) {
        Problem inTable = onlyProblem(TABLE + "    " + key + ": hunter2\n");
        Problem atTop = onlyProblem(TABLE + key + ": hunter2\n");

        assertThat(List.of(inTable, atTop)).allSatisfy(problem -> {
            assertThat(problem.line()).isEqualTo(8);
            assertThat(problem.remedy()).contains("Remove the key. The connection is Liquibase's own");
            assertThat(problem.toString()).doesNotContain("hunter2");
        });
    }

    @Test
    void refusesAKeyThatStandsTwice() {
        assertProblem(TABLE + "    keyColumns: [other]\n", 8, "tables[0].keyColumns")
                .saying("The key stands twice; the first is in line 3.")
                .advising("Remove one of the two.");
    }

    @Test
    void refusesMergeKeys() {
        assertProblem(TABLE + "    <<: {workers: 2}\n", 8, "tables[0].\"<<\"")
                .saying("Merge keys (<<) are not read.")
                .advising("Write the keys out");
    }

    @Test
    void refusesAKeyThatIsAList() {
        assertProblem(TABLE + "    ? [a]\n    : b\n", 8, "tables[0]")
                .saying("A key is a list or a mapping.")
                .advising("Write a plain name before the colon.");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            value = {
                "month, 2024-13, 2024-01 or from: 2024-01-01",
                "month, 2024-00, 2024-01 or from: 2024-01-01",
                "month, 2024-1, 2024-01 or from: 2024-01-01",
                "month, 202401, 2024-01 or from: 2024-01-01",
                "month, '202401', 2024-01 or from: 2024-01-01",
                "month, January, 2024-01 or from: 2024-01-01",
                "day, 2023-02-29, 2024-01-05",
                "week, 2024-W53, 2024-W01 or from: 2024-01-01",
                "quarter, 2024-Q5, 2024-Q1 or from: 2024-01-01",
                "year, -2024, 2024 or from: 2024-01-01"
            })
    void refusesWhatNoIntervalIsCalled(String interval, String from, String example) {
        assertProblem(between(interval, from), 6, "tables[0].partitionBy.from")
                .saying("\"%s\" is not a %s, nor the first day of one.".formatted(from.replace("'", ""), interval))
                .advising("Write for example from: %s.".formatted(example));
    }

    @ParameterizedTest
    @CsvSource({
        "week, 2024-01-03, 2024-01-01, 2024-W01",
        "week, 2023, 2022-12-26, 2022-W52",
        "week, 2021-01-01, 2020-12-28, 2020-W53",
        "month, 2024-01-15, 2024-01-01, 2024-01",
        "month, 2024-W02, 2024-01-01, 2024-01",
        "quarter, 2024-05, 2024-04-01, 2024-Q2",
        "year, 2024-07, 2024-01-01, 2024"
    })
    void saysWhichIntervalADayIsInThatDoesNotBeginOne(String interval, String from, String start, String written) {
        assertProblem(between(interval, from), 6, "tables[0].partitionBy.from")
                .saying("\"%s\" is not the first day of a %s.".formatted(from, interval))
                .advising("The one around it starts on %s: write from: %s.".formatted(start, written));
    }

    /** The table with another interval, until the start of a year that is also the start of a week. */
    private static String between(String interval, String from) {
        return TABLE.replace("2024-01", from).replace("2026-07", "2029-01-01") + "      interval: " + interval + "\n";
    }

    @Test
    void refusesTheYearZeroWhichPostgresqlDoesNotHave() {
        assertThat(problems(TABLE.replace("2024-01", "0000-01").replace("2026-07", "0000-07")))
                .extracting(Problem::key)
                .containsExactly("tables[0].partitionBy.from", "tables[0].partitionBy.until");
    }

    @ParameterizedTest
    @CsvSource({
        "partitionBy.interval, Month, 'day, week, month, quarter, year', Did you mean month?",
        "partitionBy.interval, decade, 'day, week, month, quarter, year', Write for example interval: month.",
        "partitionBy.epoch, millis, 'seconds, milliseconds', Write for example epoch: seconds.",
        "partitionBy.epoch, second, 'seconds, milliseconds', Did you mean seconds?",
        "routing, triggers, 'native, trigger', Did you mean trigger?",
        "incomingForeignKeys, dropp, 'refuse, drop, trigger', Did you mean drop?"
    })
    void listsTheChoicesAndTheNearest(String key, String value, String choices, String remedy) {
        String line = key.startsWith("partitionBy.") ? "      " + key.substring("partitionBy.".length()) : "    " + key;
        assertProblem(TABLE + line + ": " + value + "\n", 8, "tables[0]." + key)
                .saying("\"%s\" is none of %s.".formatted(value, choices))
                .advising(remedy);
    }

    @Test
    void refusesAPartitionColumnNamedTwice() {
        assertProblem(TABLE.replace("[created_at]", "[at, paid, at]"), 5, "tables[0].partitionBy.columns")
                .saying("\"at\" stands more than once.")
                .advising("Name every column once.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"id", "created_at", "note"})
    void refusesACombinedColumnThatTheTableHas(String column) {
        assertProblem(
                        TABLE + "      combinedColumn: " + column
                                + "\n    columns: {id: bigint, created_at: date, note: text}\n",
                        8,
                        "tables[0].partitionBy.combinedColumn")
                .saying("\"%s\" is a column of the table already".formatted(column))
                .advising("Choose another name, or remove the key");
    }

    @Test
    void refusesTwoAnswersToWhereTheTimeIs() {
        assertProblem(TABLE + "      keyTime: uuidv7\n      epoch: seconds\n", 8, "tables[0].partitionBy.keyTime")
                .saying("epoch and keyTime both say where the time of a row is.")
                .advising("Keep epoch if the columns count seconds or milliseconds since 1970");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "textFormat; QQ/YYYY; textFormat is <QQ/YYYY>, but <QQ> is none of its fields",
                "textFormat; DD.MM; textFormat is <DD.MM>, but it has no year",
                "keyTime; uuidv4; keyTime is <uuidv4>; it can be uuidv7, ulid, snowflake",
                "keyTime; snowflake(soon); keyTime is <snowflake(soon)>; it can be uuidv7, ulid, snowflake"
            })
    void tellsWhyTheTimeCannotBeReadLikeThat(String key, String value, String message) {
        assertProblem(TABLE + "      " + key + ": " + value + "\n", 8, "tables[0].partitionBy." + key)
                .saying(message)
                .advising("Write for example " + key + ": ");
    }

    @ParameterizedTest
    @CsvSource({
        "uuidv7, 1969-12, 1969-12-01 is beyond what a key can say",
        "ulid, 1969-12, 1969-12-01 is beyond what a key can say",
        "snowflake, 2009-01, 2009-01-01 is beyond what a snowflake id can say",
        "snowflake, 2010-10, No such key is of the month that begins on 2010-10-01; they begin later.",
        "snowflake(2015-01-01), 2014-12, No such key is of the month that begins on 2014-12-01; they begin later."
    })
    void refusesARangeThatBeginsBeforeTheClockOfTheKeyDoes(String keyTime, String from, String message) {
        assertProblem(
                        TABLE.replace("2024-01", from) + "      keyTime: " + keyTime + "\n",
                        6,
                        "tables[0].partitionBy.from")
                .saying(message)
                .advising("Write a day that such a key can hold, or correct keyTime.");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "uuidv7",
                "ulid",
                "snowflake",
                "snowflake(1288834974657)",
                "snowflake(2015-01-01)",
                "snowflake(2015-01-01T00:00:00Z)"
            })
    void acceptsEveryKindOfKeyWithATime(String keyTime) {
        assertThat(accepts(TABLE + "      keyTime: " + keyTime + "\n")).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "bigint; textFormat: iso; Column created_at is a number (int8); say what it is: epoch: seconds",
                "uuid; textFormat: iso; Column created_at is a uuid; say keyTime: uuidv7 or keyTime: ulid",
                "jsonb; textFormat: iso; Column created_at has type jsonb, from which no time can be read.",
                "text; keyTime: uuidv7; keyTime uuidv7 needs a uuid column; column created_at is text.",
                "numeric(20,0); keyTime: uuidv7; keyTime uuidv7 needs a uuid column; column created_at is numeric.",
                "character varying(26); {keyTime: ulid, textFormat: iso}; for which both keyTime and textFormat are set"
            })
    void refusesAPartitionColumnOfATypeWithoutATime(String type, String settings, String message) {
        assertProblem(withCreated(type, settings), 5, "tables[0].partitionBy.columns[0]")
                .saying(message)
                .advising("Add the key to partitionBy, or partition by another column.");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "timestamp(3) with time zone; interval: month",
                "text; interval: month",
                "text; keyTime: ulid",
                "bigint; epoch: seconds",
                "bigint; keyTime: snowflake",
                "uuid; keyTime: ulid",
                "my.domain; interval: month",
                "my.domain; keyTime: uuidv7"
            })
    void acceptsAPartitionColumnWithATimeOrOfAnUnknownType(String type, String setting) {
        assertThat(accepts(withCreated(type, setting))).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "timestamp(3) with time zone; keyTime; uuidv7; and no partition column is one: created_at is timestamptz",
                "character varying(30); epoch; seconds; and no partition column is a number: created_at is varchar",
                "date; textFormat; iso; and no partition column is text: created_at is date"
            })
    void refusesASettingThatNoPartitionColumnHasAUseFor(String type, String key, String value, String message) {
        assertProblem(withCreated(type, key + ": " + value), 8, "tables[0].partitionBy." + key)
                .saying(message)
                .advising("Remove it, or correct the column or its type.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoch: hours", "keyTime: snowflakes", "{epoch: seconds, keyTime: snowflake}"})
    void tellsASettingThatIsWrongInItselfOnce(String settings) {
        assertThat(problems(withCreated("bigint", settings))).hasSize(1);
    }

    private static String withCreated(String type, String settings) {
        String lines = settings.replaceAll("[{}]", "").replaceAll("(^|, )", "\n      ");
        return TABLE.stripTrailing() + lines + "\n    columns: {id: bigint, created_at: '" + type + "'}\n";
    }

    @Test
    void refusesAWayBackWithoutAWayThere() {
        assertProblem(withAmount("{type: numeric, reverseUsing: amount}"), 8, "tables[0].columns.amount.reverseUsing")
                .saying("reverseUsing is the way back from using, which is missing.")
                .advising("Add using, or remove reverseUsing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{using: round(amount)}", "{using: round(amount), reverseUsing: amount}"})
    void wantsTheTypeOfAColumnThatIsConverted(String column) {
        assertProblem(withAmount(column), 8, "tables[0].columns.amount.type")
                .saying("The key is missing.")
                .advising("Write for example type: numeric(14,2).");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '|',
            value = {
                "using; {type: text, using: \"'${x}'\"}; has ${, where Liquibase would put a changelog parameter.",
                "reverseUsing; {type: text, using: a, reverseUsing: \"'${x}'\"}; has ${, where Liquibase",
                "using; {type: text, using: \"a\\nb\"}; has the character U+000A"
            })
    void refusesExpressionsThatAChangelogCannotHold(String key, String column, String message) {
        assertProblem(withAmount(column), 8, "tables[0].columns.amount." + key)
                .saying(message)
                .advising("Write the expression on one line and without it");
    }

    @Test
    void refusesAFormatWithWhatLiquibaseWouldExpand() {
        assertProblem(TABLE + "      textFormat: 'YYYY\"${x}\"'\n", 8, "tables[0].partitionBy.textFormat")
                .saying("has ${")
                .advising("Write the format without it.");
    }

    @Test
    void saysThatAColumnIsATypeOrAMappingWithOne() {
        assertProblem(withAmount("[numeric]"), 8, "tables[0].columns.amount")
                .saying("This is a list, and text or a mapping (key: value) is wanted.")
                .advising("or type, using and reverseUsing where a cast is not enough");
        assertProblem(withAmount("{type: numeric, use: amount}"), 8, "tables[0].columns.amount.use")
                .saying("The key is not known.")
                .advising("Known here: type, using, reverseUsing.");
    }

    private static String withAmount(String column) {
        return TABLE + "    columns: {id: bigint, created_at: date, amount: " + column + "}\n";
    }

    @Test
    void refusesARangeWithoutAMonth() {
        assertProblem(TABLE.replace("2026-07", "2024-01"), 7, "tables[0].partitionBy.until")
                .saying("The range from 2024-01 until 2024-01 holds no partition.")
                .advising("write one after 2024-01");
    }

    @ParameterizedTest
    @CsvSource({
        "month, 2926-07, 10830",
        "day, 2037-09-10, 5001",
        "week, 2124-01-03, 5218",
        "quarter, 3274-04, 5001",
        "year, 7025, 5001"
    })
    void refusesMorePartitionsThanAnybodyCanWant(String interval, String until, int partitions) {
        assertProblem(
                        TABLE.replace("2024-01", "2024-01-01").replace("2026-07", until) + "      interval: " + interval
                                + "\n",
                        7,
                        "tables[0].partitionBy.until")
                .saying("makes %d partitions; at most 5000 are accepted.".formatted(partitions))
                .advising("Check the years, or choose a longer interval.");
    }

    @Test
    void refusesNumbersThatAreNotPositive() {
        assertProblem(TABLE + "    chunkSize: 0\n", 8, "tables[0].chunkSize")
                .saying("0 is less than 1.")
                .advising("Write for example chunkSize: 1000000.");
        assertProblem(TABLE + "    workers: -1\n", 8, "tables[0].workers")
                .saying("-1 is less than 1.")
                .advising("Write for example workers: 4.");
    }

    @Test
    void refusesNumbersThatAreTooLarge() {
        assertProblem(TABLE + "    workers: 99999999999999999999\n", 8, "tables[0].workers")
                .saying("99999999999999999999 is more than 128.")
                .advising("Write for example workers: 4.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"many", "1.5", "010", "0x10", "'4'", "1e3"})
    void refusesWhatIsNoWholeNumber(String workers) {
        assertProblem(TABLE + "    workers: " + workers + "\n", 8, "tables[0].workers")
                .saying("is not a whole number.")
                .advising("Write for example workers: 4.");
    }

    /** The engine's own words, so that generated settings cannot be refused when Liquibase runs. */
    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '|', textBlock = """
                    chunkTime | 2 | write a number and ms, s or min
                    chunkTime | off | write a number and ms, s or min
                    pauseBetweenChunks | 0ms | it must be longer than nothing
                    pauseBetweenChunks | a while | write a number and ms, s or min
                    maxReplicaLag | 10 | write a number and ms, s or min
                    maxReplicaLag | 1h | write a number and ms, s or min
                    maxLoad | 0 | it must be a whole number of 1 or more
                    maxLoad | 99999999999999999999 | it must be a whole number of 1 or more
                    maxLoad | 1.5 | it must be a whole number of 1 or more
                    throttleQuery | "  " | throttleQuery is empty
                    throttleQuery | SELECT ${busy} | where Liquibase would put a changelog parameter
                    throttleQuery | "SELECT true\\n-- always" | which cannot stand in a changelog
                    window | night | write two times and, where they are not UTC, a time zone
                    window | 25:00-06:00 | write two times and, where they are not UTC, a time zone
                    window | 22:00-06:00 Europe/Paradise | write two times and, where they are not UTC, a time zone
                    maxDuration | 0min | it must be longer than nothing
                    maxDuration | -5min | write a number and ms, s or min
                    lockTimeout | 500 | write a number and ms, s or min
                    lockTimeout | off | write a number and ms, s or min
                    lockAttempts | 0 | 0 is less than 1.
                    lockAttempts | many | is not a whole number.
                    maxDrainRows | -1 | -1 is less than 1.
                    waitForOldTransactions | never | write a number and ms, s or min
                    catchUpTime | never | write a number and ms, s or min
                    onOldTransactions | go | "go" is none of stop, goOn.
                    """)
    void refusesASettingThatTheExtensionWouldRefuseInATableAndForAll(String key, String value, String message) {
        // If two sentences are two problems, the schema and the engine would have reported the same twice.
        assertProblem(TABLE + "    %s: %s\n".formatted(key, value), 8, "tables[0]." + key)
                .saying(message);
        assertProblem("defaults:\n  %s: %s\n".formatted(key, value) + TABLE, 2, "defaults." + key)
                .saying(message);
    }

    @Test
    void showsHowASettingIsWritten() {
        assertProblem(TABLE + "    window: night\n", 8, "tables[0].window")
                .advising("Write for example window: 22:00-06:00 Europe/Berlin. The hours of the day");
        assertProblem("defaults: {maxReplicaLag: 10}\n" + TABLE, 1, "defaults.maxReplicaLag")
                .advising("Write for example maxReplicaLag: 10s.");
        assertProblem("defaults: {window: [22, 6]}\n" + TABLE, 1, "defaults.window")
                .saying("This is a list, and text is wanted.");
        assertProblem("defaults: {window: }\n" + TABLE, 1, "defaults.window")
                .saying("The key has no value.")
                .advising("off takes a default away");
        assertProblem("defaults: {}\n" + TABLE, 1, "defaults").saying("There is nothing in it.");
    }

    /** A setting of one table cannot be a default, and the other way round nothing is lost. */
    @Test
    void refusesInDefaultsWhatIsOfOneTable() {
        assertProblem("defaults: {keyColumns: [id]}\n" + TABLE, 1, "defaults.keyColumns")
                .saying("The key is not known.");
        assertProblem("defaults: {maxReplicalag: 10s}\n" + TABLE, 1, "defaults.maxReplicalag")
                .advising("Did you mean maxReplicaLag?");
    }

    @Test
    void asksForQuotesAroundANameOfDigits() {
        assertProblem(TABLE.replace("tableName: orders", "tableName: 2024"), 2, "tables[0].tableName")
                .saying("2024 is a number, and text is wanted.")
                .advising("Write it in quotes: \"2024\".");
    }

    @Test
    void refusesAKeyWithoutAValue() {
        assertProblem(TABLE + "    schemaName:\n", 8, "tables[0].schemaName")
                .saying("The key has no value.")
                .advising("Remove it, or give it one. Write for example schemaName: public.");
    }

    @Test
    void refusesAnEmptyName() {
        assertProblem(TABLE + "    schemaName: ''\n", 8, "tables[0].schemaName")
                .saying("The text is empty.")
                .advising("Write for example schemaName: public.");
    }

    @Test
    void refusesAValueWhereAListIsWanted() {
        assertProblem(TABLE.replace("[id]", "id"), 3, "tables[0].keyColumns")
                .saying("This is the single value \"id\", and a list is wanted.")
                .advising("Write for example keyColumns: [id].");
    }

    @Test
    void refusesAMappingWhereTextIsWanted() {
        assertProblem(TABLE + "    schemaName: {a: b}\n", 8, "tables[0].schemaName")
                .saying("This is a mapping, and text is wanted.")
                .advising("Write for example schemaName: public.");
    }

    @Test
    void refusesAConfigThatIsNoMapping() {
        assertProblem("- tableName: orders\n", 1, "")
                .saying("This is a list, and a mapping (key: value) is wanted.")
                .advising("Which tables become partitioned, and how.");
    }

    @Test
    void refusesAConfigWithoutTables() {
        assertProblem("tables: []\n", 1, "tables")
                .saying("There is nothing in it.")
                .advising("The tables to partition, one entry each.");
    }

    @Test
    void refusesAColumnNamedTwice() {
        assertProblem(TABLE.replace("[id]", "[tenant, id, id]"), 3, "tables[0].keyColumns")
                .saying("\"id\" stands more than once.")
                .advising("Name every column once.");
    }

    @Test
    void refusesAKeyColumnThatIsNotAmongTheColumns() {
        assertProblem(TABLE + "    columns: {ids: bigint, created_at: date}\n", 3, "tables[0].keyColumns[0]")
                .saying("The key column \"id\" is not in columns.")
                .advising("Did you mean ids?");
    }

    @Test
    void refusesAPartitionColumnThatIsNotAmongTheColumns() {
        assertProblem(TABLE + "    columns: {id: bigint}\n", 5, "tables[0].partitionBy.columns[0]")
                .saying("The partition column \"created_at\" is not in columns.")
                .advising("Add it to columns with its type, or correct the name.");
    }

    @Test
    void refusesColumnsWithoutATypeOrWithoutAColumn() {
        assertProblem(TABLE + "    columns: {id: bigint, created_at: ''}\n", 8, "tables[0].columns.created_at")
                .saying("The text is empty.")
                .advising("timestamp with time zone");
        assertProblem(TABLE + "    columns: {}\n", 8, "tables[0].columns")
                .saying("There is nothing in it.")
                .advising("Write for example columns: {id: bigint, created_at: timestamp with time zone}.");
    }

    @Test
    void refusesATableThatStandsTwice() {
        assertProblem(TABLE + TABLE.replace("tables:\n", ""), 8, "tables[1].tableName")
                .saying("The table stands twice; the first is in line 2.")
                .advising("Remove one of the two.");
    }

    @Test
    void refusesTwoTablesOfOneNameOfWhichOneHasNoSchema() {
        assertProblem(TABLE + TABLE.replace("tables:\n", "") + "    schemaName: sales\n", 8, "tables[1].tableName")
                .saying("The table in line 2 has the same name, and one of the two has no schemaName")
                .advising("Write the schemaName of both");
    }

    @Test
    void refusesTablesWhoseChangesetsWouldHaveTheSameIds() {
        String tables = """
                tables:
                  - {schemaName: a, tableName: b, keyColumns: [id], partitionBy: &p {columns: [d], from: 2024-01, until: 2024-02}}
                  - {schemaName: c, tableName: b, keyColumns: [id], partitionBy: *p}
                  - {schemaName: x, tableName: c_b, keyColumns: [id], partitionBy: *p}
                """;
        assertProblem(tables, 4, "tables[2].tableName")
                .saying("would both begin with \"c_b\"")
                .advising("Move one of the two to a config and an output directory of its own.");
    }

    @Test
    void refusesNamesOfOneTableThatCollide() {
        assertProblem(TABLE + "    newTableName: orders_old\n", 2, "tables[0].tableName")
                .saying("The name \"orders_old\" is wanted twice: for the backup, and for the new table in line 8.")
                .advising("Set backupTableName or newTableName.");
        assertProblem(TABLE + "    deltaTableName: orders\n", 8, "tables[0].deltaTableName")
                .saying("for the delta table, and for the table in line 2.");
    }

    @ParameterizedTest
    @CsvSource({
        "day, orders_20240229",
        "week, orders_2024w52",
        "month, orders_202402",
        "quarter, orders_2024q4",
        "year, orders_2024"
    })
    void refusesAPartitionWithTheNameOfATable(String interval, String name) {
        assertProblem(between(interval, "2024-01-01") + "    newTableName: " + name + "\n", 2, "tables[0].tableName")
                .saying("The name \"%s\" is wanted twice: for the partition, and for the new table in line 9."
                        .formatted(name))
                .advising("Set partitionPrefix or newTableName.");
    }

    @Test
    void refusesADefaultPartitionWithTheNameOfATable() {
        assertProblem(TABLE + "    newTableName: orders_default\n", 2, "tables[0].tableName")
                .saying("\"orders_default\" is wanted twice");
    }

    @Test
    void refusesTablesThatWantOneName() {
        String other = TABLE.replace("tables:\n", "").replace("tableName: orders", "tableName: orders_new");
        assertProblem(TABLE + other, 8, "tables[1].tableName")
                .saying("The name \"orders_new\" is wanted twice: for the table, and for the new table in line 2.");
    }

    @Test
    void tellsOnceThatTwoTablesShareAPartitionPrefix() {
        String other = TABLE.replace("tables:\n", "").replace("tableName: orders", "tableName: payments")
                + "    partitionPrefix: orders_\n";
        assertProblem(TABLE + other, 14, "tables[1].partitionPrefix")
                .saying(
                        "The name \"orders_202401\" is wanted twice: for the partition, and for the partition in line 2.")
                .advising("Set partitionPrefix.");
    }

    @Test
    void letsTablesOfDifferentSchemasShareNames() throws Exception {
        String one = TABLE.replace("tables:\n", "") + "    schemaName: one\n";
        write("tables:\n" + one + one.replace("schemaName: one", "schemaName: two"));

        assertThat(new ConfigReader().read(file()).tables()).hasSize(2);
    }

    @Test
    void letsPartitionsOfAnotherSchemaHaveNamesOfTables() throws Exception {
        write(TABLE + "    schemaName: one\n    newTableName: orders_202401\n    partitionSchema: parts\n");

        assertThat(new ConfigReader().read(file()).tables().get(0).partitionSchema())
                .isEqualTo("parts");
    }

    @Test
    void refusesASchemaOfPartitionsThatTriggersRoute() {
        assertProblem(TABLE + "    routing: trigger\n    partitionSchema: parts\n", 9, "tables[0].partitionSchema")
                .saying(
                        "partitionSchema is given, and routing is trigger, whose functions find the children in the table's own schema.")
                .advising("Remove partitionSchema, or write routing: native.");
    }

    @Test
    void refusesNamesLongerThanPostgresqlKeepsCountingBytes() {
        assertProblem(TABLE + "    newTableName: " + "é".repeat(32) + "\n", 8, "tables[0].newTableName")
                .saying("has 64 bytes in UTF-8; PostgreSQL keeps 63.")
                .advising("Choose a shorter one.");
    }

    @ParameterizedTest
    @CsvSource({
        "day, 56, 20240101",
        "week, 57, default",
        "month, 57, default",
        "quarter, 57, default",
        "year, 57, default"
    })
    void refusesAPrefixThatMakesPartitionNamesTooLong(String interval, int bytes, String longestSuffix) {
        String table = between(interval, "2024-01-01") + "    partitionPrefix: ";

        assertProblem(table + "p".repeat(bytes) + "\n", 9, "tables[0].partitionPrefix")
                .saying(longestSuffix + "\" has 64 bytes in UTF-8");
        assertThat(accepts(table + "p".repeat(bytes - 1) + "\n")).isTrue();
    }

    @Test
    void refusesDefaultNamesThatAreTooLong() {
        List<Problem> problems = problems(TABLE.replace("tableName: orders", "tableName: " + "t".repeat(60)));

        assertThat(problems)
                .extracting(Problem::key)
                .containsExactlyInAnyOrder(
                        "tables[0].newTableName",
                        "tables[0].backupTableName",
                        "tables[0].deltaTableName",
                        "tables[0].partitionPrefix");
        assertThat(problems).allSatisfy(problem -> {
            assertThat(problem.line()).isEqualTo(2);
            assertThat(problem.message()).startsWith("The key is missing, and its default makes the name \"tttt");
            assertThat(problem.remedy()).matches("Add \\w+ with a shorter name\\.");
        });
    }

    @Test
    void refusesNamesWithWhatLiquibaseWouldExpand() {
        assertProblem(TABLE.replace("tableName: orders", "tableName: a${b}"), 2, "tables[0].tableName")
                .saying("\"a${b}\" has ${, where Liquibase would put a changelog parameter.")
                .advising("Remove it, or rename it in the database first");
        assertProblem(
                        TABLE + "    columns: {id: bigint, created_at: date, '${x}': text}\n",
                        8,
                        "tables[0].columns.\"${x}\"")
                .saying("has ${");
    }

    @Test
    void refusesNamesWithACommaBecauseOfTheLists() {
        assertProblem(TABLE.replace("[id]", "['a,b']"), 3, "tables[0].keyColumns[0]")
                .saying("The name \"a,b\" has a comma")
                .advising("Rename it in the database first");
    }

    @Test
    void refusesNamesWithBlanksAroundThem() {
        assertProblem(TABLE.replace("[id]", "[' id']"), 3, "tables[0].keyColumns[0]")
                .saying("The name \" id\" begins or ends with a blank");
    }

    @Test
    void refusesCharactersThatAChangelogCannotHold() {
        assertProblem(TABLE.replace("tableName: orders", "tableName: \"a\\nb\""), 2, "tables[0].tableName")
                .saying("\"a\\u000ab\" has the character U+000A")
                .advising("Remove it");
        assertProblem(TABLE.replace("[id]", "[\"a\\0b\"]"), 3, "tables[0].keyColumns[0]")
                .saying("has the character U+0000");
    }

    @Test
    void recognisesASchemaInTheTablesName() {
        assertProblem(TABLE.replace("tableName: orders", "tableName: public.orders"), 2, "tables[0].tableName")
                .saying("\"public.orders\" looks like a schema and a table.")
                .advising("Write schemaName: public and tableName: orders.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"newTableName", "backupTableName", "deltaTableName", "partitionPrefix"})
    void refusesADotInTheNameOfATableThatIsMade(String key) {
        assertProblem(
                        TABLE.replace("tableName: orders", "tableName: orders\n    %s: partitions.x_".formatted(key)),
                        3,
                        "tables[0]." + key)
                .saying("<partitions.x_> has a dot, which would be a part of the name and end no schema's.")
                .advising("Write it without the dot; it is made in the table's own schema.");
    }

    @Test
    void refusesADotInTheNameOfTheColumnThatIsMade() {
        assertProblem(
                        TABLE.replace("from: 2024-01", "combinedColumn: orders.at\n      from: 2024-01"),
                        6,
                        "tables[0].partitionBy.combinedColumn")
                .saying("<orders.at> has a dot");
    }

    @Test
    void acceptsADotInATablesNameWhoseSchemaIsGiven() throws Exception {
        write(TABLE.replace("tableName: orders", "tableName: my.orders\n    schemaName: public"));

        assertThat(new ConfigReader().read(file()).tables().get(0).tableName()).isEqualTo("my.orders");
    }

    @Test
    void tellsTheLineOfASyntaxError() {
        assertProblem(TABLE.replace("keyColumns: [id]", "keyColumns: [id"), 4, "")
                .saying("This is not YAML: ")
                .advising("Mind the indentation");
        assertProblem(TABLE + "\tworkers: 2\n", 8, "").saying("This is not YAML: found character '\\t");
    }

    @Test
    void refusesASecondDocument() {
        assertProblem(TABLE + "---\n" + TABLE, 8, "").saying("This is not YAML: ");
    }

    @Test
    void tellsTheLineOfACharacterThatYamlForbids() {
        assertProblem(TABLE + "    schemaName: a\u0001b\n", 8, "").saying("YAML does not allow the character U+0001.");
    }

    @Test
    void tellsTheLineThatIsNotUtf8() throws Exception {
        Files.write(file(), (TABLE + "    schemaName: größe\n").getBytes(StandardCharsets.ISO_8859_1));

        Problem problem = onlyProblem();
        assertThat(problem.line()).isEqualTo(8);
        assertThat(problem.message()).isEqualTo("The file is not UTF-8.");
        assertThat(problem.remedy()).isEqualTo("Save it as UTF-8.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n\n", "# only a comment\n", "---\n", "~\n"})
    void refusesAnEmptyFile(String nothing) {
        assertProblem(nothing, onlyProblem(nothing).line(), "")
                .saying("The config is empty.")
                .advising("Write a list of tables under the key tables");
    }

    @Test
    void refusesAMissingFile() {
        Problem problem = onlyProblem();

        assertThat(problem.message()).isEqualTo("There is no such file.");
        assertThat(problem.remedy()).contains("Check the path", "init");
    }

    @Test
    void refusesADirectory() {
        InvalidConfigException exception =
                catchThrowableOfType(InvalidConfigException.class, () -> new ConfigReader().read(directory));

        assertThat(exception.problems().get(0).message()).isEqualTo("This is a directory.");
    }

    @Test
    @Timeout(20)
    void refusesAliasesThatStandForMoreThanAnybodyCanRead() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 15; i++) {
            bomb.append("a%d: &a%d [%s*a%d]\n".formatted(i, i, ("*a" + (i - 1) + ", ").repeat(8), i - 1));
        }
        Problem problem = onlyProblem(bomb.toString());

        assertThat(problem.message()).contains("more than 200000 values");
        assertThat(problem.remedy()).startsWith("Use fewer aliases");
    }

    @Test
    void refusesAliasesThatContainThemselves() {
        assertThat(onlyProblem("tables: &t [*t]\n").message()).contains("levels");
    }

    @Test
    void refusesNestingThatHasNoEnd() {
        assertThat(onlyProblem("tables: " + "[".repeat(100_000)).message()).contains("refused");
    }

    @Test
    void refusesATagThatNamesAClass() {
        assertProblem("tables: !!java.net.URL [http://localhost:1/]\n", 1, "")
                .saying("This is not YAML: Global tag is not allowed");
    }

    @Test
    void namesEveryProblemInTheMessageOfTheException() {
        write(TABLE.replace("2024-01", "2024-13") + "    workers: 0\n");

        assertThatThrownBy(() -> new ConfigReader().read(file()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("tables.yaml:6: ")
                .hasMessageContaining("tables.yaml:8: ");
    }

    private ProblemAssert assertProblem(String yaml, int line, String key) {
        Problem problem = onlyProblem(yaml);
        assertThat(problem.line()).as("line of " + problem).isEqualTo(line);
        assertThat(problem.key()).as("key of " + problem).isEqualTo(key);
        return new ProblemAssert(problem);
    }

    private Problem onlyProblem(String yaml) {
        write(yaml);
        return onlyProblem();
    }

    private Problem onlyProblem() {
        List<Problem> problems = problems();
        assertThat(problems).hasSize(1);
        return problems.get(0);
    }

    private boolean accepts(String yaml) {
        write(yaml);
        try {
            return !new ConfigReader().read(file()).tables().isEmpty();
        } catch (InvalidConfigException | IOException e) {
            return false;
        }
    }

    private List<Problem> problems(String yaml) {
        write(yaml);
        return problems();
    }

    private List<Problem> problems() {
        InvalidConfigException exception =
                catchThrowableOfType(InvalidConfigException.class, () -> new ConfigReader().read(file()));
        assertThat(exception).as("a config with problems").isNotNull();
        return exception.problems();
    }

    private Path file() {
        return directory.resolve("tables.yaml");
    }

    private void write(String yaml) {
        try {
            Files.writeString(file(), yaml);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class ProblemAssert extends AbstractAssert<ProblemAssert, Problem> {
        ProblemAssert(Problem problem) {
            super(problem, ProblemAssert.class);
        }

        ProblemAssert saying(String message) {
            assertThat(actual.message()).contains(message);
            return this;
        }

        ProblemAssert advising(String remedy) {
            assertThat(actual.remedy()).contains(remedy);
            return this;
        }
    }
}
