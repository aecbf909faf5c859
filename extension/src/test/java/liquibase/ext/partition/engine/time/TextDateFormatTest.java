package liquibase.ext.partition.engine.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Texts are read as the dates that their pattern says, and what is no date is read as none.
 *
 * <p>The file is long because of its tables of texts and what each is read as.
 */
@ExtendWith(FreshDatabase.class)
class TextDateFormatTest {
    private static final QualifiedName FUNCTION = QualifiedName.of("public", "orders_new_date");

    @Test
    void readsIso8601AndNothingElse(TestDatabase database) {
        assertReads(database, "iso", """
                2024-01-05                        | 2024-01-05 00:00:00
                0001-01-01                        | 0001-01-01 00:00:00
                9999-12-31                        | 9999-12-31 00:00:00
                2024-02-29                        | 2024-02-29 00:00:00
                2000-02-29                        | 2000-02-29 00:00:00
                2024-01-05T10:20                  | 2024-01-05 10:20:00
                2024-01-05 10:20                  | 2024-01-05 10:20:00
                2024-01-05T10:20:30               | 2024-01-05 10:20:30
                2024-12-31T23:59:59.999999        | 2024-12-31 23:59:59.999999
                2024-12-31T23:59:59.9999999999999 | 2024-12-31 23:59:59.999999
                2024-01-05T10:20:30.5             | 2024-01-05 10:20:30.5
                2024-01-05T10:20Z                 | 2024-01-05 10:20:00
                2024-01-05T10:20:30Z              | 2024-01-05 10:20:30
                2024-01-05T10:20:30.123456Z       | 2024-01-05 10:20:30.123456
                2024-01-05T10:20:30.1+05:45       | 2024-01-05 04:35:30.1
                2024-01-05 10:20:30+0545          | 2024-01-05 04:35:30
                2024-01-05 10:20:30+05            | 2024-01-05 05:20:30
                2024-01-05 10:20:30-03:30         | 2024-01-05 13:50:30
                2024-01-05 10:20-00:30            | 2024-01-05 10:50:00
                2024-01-05 10:20+15:59            | 2024-01-04 18:21:00
                0001-01-01 00:00+01               | 0001-12-31 23:00:00 BC
                9999-12-31 23:59:59.999999-15:59  | 10000-01-01 15:58:59.999999
                2023-02-29                        |
                1900-02-29                        |
                2024-02-30                        |
                2024-02-31                        |
                2024-04-31                        |
                2024-00-01                        |
                2024-13-01                        |
                2024-01-00                        |
                2024-01-32                        |
                0000-01-01                        |
                02024-01-01                       |
                24-01-01                          |
                2024-1-5                          |
                2024-01-05T                       |
                2024-01-05T10                     |
                2024-01-05T24:00                  |
                2024-01-05T24:61                  |
                2024-01-05T10:60                  |
                2024-01-05T10:20:60               |
                2024-01-05T10:20:30.              |
                2024-01-05T10:20:30+16:00         |
                2024-01-05T10:20:30+05:60         |
                2024-01-05T10:20:30+5             |
                2024-01-05T10:20:30+              |
                2024-01-05T10:20:30ZZ             |
                2024-01-05+02:00                  |
                2024-01-05Z                       |
                2024-01-05 BC                     |
                2024-01-05 10:20:30 pm            |
                20240105                          |
                05/01/2024                        |
                -2024-01-05                       |
                infinity                          |
                now                               |
                epoch                             |
                today                             |
                NULL                              |
                """);
    }

    /** All in one database, because a new one for each takes longer than the question. */
    @Test
    void readsPatternsOfToTimestamp(TestDatabase database) {
        SoftAssertions soft = new SoftAssertions();
        """
            MM/DD/YYYY              | 01/05/2024                    | 2024-01-05 00:00:00
            MM/DD/YYYY              | 1/5/2024                      | 2024-01-05 00:00:00
            MM/DD/YYYY              | 02/29/2024                    | 2024-02-29 00:00:00
            MM/DD/YYYY              | 02/29/2023                    |
            MM/DD/YYYY              | 02/31/2024                    |
            MM/DD/YYYY              | 13/01/2024                    |
            MM/DD/YYYY              | 1/5/24                        |
            MM/DD/YYYY              | 1-5-2024                      |
            MM/DD/YYYY              | 001/5/2024                    |
            MM/DD/YYYY              | 1/5/2024x                     |
            MM/DD/YYYY              | 1/5/0000                      |
            mm/dd/yyyy              | 10/31/2024                    | 2024-10-31 00:00:00
            FMMM/FMDD/YYYY          | 1/5/2024                      | 2024-01-05 00:00:00
            YYYYMMDD                | 20240105                      | 2024-01-05 00:00:00
            YYYYMMDD                | 2024015                       |
            YYYYMMDD                | 20240230                      |
            YYYYMMDDHH24MISS        | 20241231235959                | 2024-12-31 23:59:59
            YYYYMMDDHH24MISSUS      | 20241231235959000001          | 2024-12-31 23:59:59.000001
            DD.MM.YYYY HH24:MI      | 31.12.2024 23:59              | 2024-12-31 23:59:00
            DD.MM.YYYY HH24:MI      | 1.2.2024 3:4                  | 2024-02-01 03:04:00
            DD.MM.YYYY HH24:MI      | 31.12.2024 24:00              |
            DD.MM.YYYY HH24:MI      | 31.12.2024                    |
            DD.MM.YYYY HH24:MI:SS.MS | 31.12.2024 23:59:59.5        | 2024-12-31 23:59:59.5
            DD.MM.YYYY HH24:MI:SS.US | 31.12.2024 23:59:59.999999   | 2024-12-31 23:59:59.999999
            DD.MM.YYYY HH24:MI:SS.US | 31.12.2024 23:59:59.9999999  |
            DD.MM.YYYY HH24:MI:SS   | 31.12.2024 23:59:60           |
            MM/DD/YYYY HH12:MI AM   | 1/5/2024 12:00 AM             | 2024-01-05 00:00:00
            MM/DD/YYYY HH12:MI AM   | 1/5/2024 12:00 pm             | 2024-01-05 12:00:00
            MM/DD/YYYY HH:MI PM     | 1/5/2024 1:05 Am              | 2024-01-05 01:05:00
            MM/DD/YYYY HH12:MI AM   | 1/5/2024 13:00 PM             |
            MM/DD/YYYY HH12:MI AM   | 1/5/2024 0:00 AM              |
            MM/DD/YYYY HH12:MI AM   | 1/5/2024 1:00                 |
            MM/DD/YYYY HH12:MI:SSam | 1/5/2024 1:00:09pm            | 2024-01-05 13:00:09
            DD.MM.YYYY HH12:MI a.m. | 5.1.2024 1:00 P.M.            | 2024-01-05 13:00:00
            DD-Mon-YYYY             | 05-Jan-2024                   | 2024-01-05 00:00:00
            DD-MON-YYYY             | 5-dEC-2024                    | 2024-12-05 00:00:00
            DD-MON-YYYY             | 5-Dez-2024                    |
            DDMonYYYY               | 05Jan2024                     | 2024-01-05 00:00:00
            FMMonth DD, YYYY        | September 30, 2024            | 2024-09-30 00:00:00
            MONTH DD, YYYY          | MAY 1, 2024                   | 2024-05-01 00:00:00
            MONTH DD, YYYY          | Sep 30, 2024                  |
            MONTH DD, YYYY          | September 31, 2024            |
            YY-MM-DD                | 69-01-05                      | 2069-01-05 00:00:00
            YY-MM-DD                | 70-01-05                      | 1970-01-05 00:00:00
            YY-MM-DD                | 99-12-31                      | 1999-12-31 00:00:00
            YY-MM-DD                | 00-02-29                      | 2000-02-29 00:00:00
            YYYY-DDD                | 2024-366                      | 2024-12-31 00:00:00
            YYYY-DDD                | 2023-366                      |
            YYYY-DDD                | 2023-60                       | 2023-03-01 00:00:00
            YYYY-DDD                | 2023-000                      |
            YYYYDDD                 | 2024060                       | 2024-02-29 00:00:00
            YYYY-MM                 | 2024-10                       | 2024-10-01 00:00:00
            YYYY                    | 2024                          | 2024-01-01 00:00:00
            YYYY-MM-DD"T"HH24:MI:SS | 2024-01-05T10:20:30           | 2024-01-05 10:20:30
            YYYY-MM-DD"T"HH24:MI:SS | 2024-01-05t10:20:30           |
            YYYY-MM-DD HH24:MI:SSTZH:TZM | 2024-01-05 10:20:30-03:30 | 2024-01-05 13:50:30
            YYYY-MM-DD HH24:MI:SSTZH:TZM | 2024-01-05 10:20:30+05:45 | 2024-01-05 04:35:30
            YYYY-MM-DD HH24:MI:SS TZH | 2024-01-05 10:20:30 +5      | 2024-01-05 05:20:30
            YYYY-MM-DD HH24:MI:SS TZHTZM | 2024-01-05 10:20:30 -0030 | 2024-01-05 10:50:30
            YYYY-MM-DD HH24:MI:SSTZH | 2024-01-05 10:20:30+16       |
            DD. Month YYYY "um" HH24:MI   | 5. March 2024 um 7:05    | 2024-03-05 07:05:00
            YYYY年MM月DD日            | 2024年1月5日                     | 2024-01-05 00:00:00
            [YYYY]^MM*DD$           | [2024]^01*05$                 | 2024-01-05 00:00:00
            "it's" DD'MM'YYYY       | it's 05'01'2024               | 2024-01-05 00:00:00
            """.lines().forEach(line -> {
            String[] parts = line.split("\\|", -1);
            String pattern = parts[0].strip();
            String text = parts[1].strip();
            String expected = parts[2].strip();
            create(database, pattern);
            soft.assertThat(database.queryString("SELECT orders_new_date(?)", text))
                    .as("<%s> by %s", text, pattern)
                    .isEqualTo(expected.isEmpty() ? null : expected);
            database.execute("DROP FUNCTION orders_new_date");
        });
        soft.assertAll();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            MM/DD                | it has no year (YYYY or YY)
            HH24:MI              | it has no year
            YYYY-DD              | DD needs a month (MM, MON or MONTH)
            YYYY-MM-MM           | MM stands in it twice
            YYYY-MM-Mon          | MM and MON say the same thing
            YYYY YY-MM           | YYYY and YY say the same thing
            YYYY-MM-DD HH24 HH12 | HH24 and HH12 say the same thing
            YYYY-MM-DD HH12:MI   | HH12 needs AM or PM; hours from 0 to 23 are HH24
            YYYY-MM-DD HH:MI     | HH needs AM or PM
            YYYY-MM-DD HH24:MI AM | AM and PM go with HH12 only
            YYYY-MM-DDD          | DDD, the day of the year, does not go with a month or DD
            YYYY-MM HH24         | HH24 needs a day (DD or DDD)
            YYYY-MM-DD MI        | MI needs an hour
            YYYY-MM-DD HH24:SS   | SS needs minutes (MI)
            YYYY-MM-DD HH24:MI.MS | MS needs seconds (SS)
            YYYY-MM-DD TZH       | TZH needs an hour
            YYYY-MM-DD HH24 TZM  | TZM needs TZH
            YYYY-Q               | <Q> is none of its fields; text goes in double quotes
            YYYY-MM-DDTHH24:MI   | <THH24> is none of its fields
            IYYY-IW              | <IYYY> is none of its fields
            YYYY-MM-DD "at       | the quotation mark at character 12 is not closed
            YYYY-MM-"1"          | <1> has a digit or a backslash
            DDMonthYYYY          | MONTH needs a character before and after it
            DD Mon"t"YYYY        | the <t> next to a field can also be part of what MON stands for
            YYYY-MM-DD HH24 TZH-TZM | the <-> next to a field can also be part of what TZH stands for
            isodate              | <isodate> is none of its fields
            """)
    void refusesPatternsThatMakeNoSense(String pattern, String problem) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TextDateFormat.parse(pattern))
                .withMessageContaining("textFormat is <" + pattern + ">, but ")
                .withMessageContaining(problem)
                .withMessageContaining("It can be iso, or a pattern of YYYY, YY, MONTH, MON, MM,");
    }

    @Test
    void refusesAPatternWithoutAnythingAndOneWithoutEnd() {
        assertThatIllegalArgumentException().isThrownBy(() -> TextDateFormat.parse(" "));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TextDateFormat.parse("YYYY" + "-".repeat(61)))
                .withMessageContaining("it is longer than 64 characters");
    }

    @ParameterizedTest
    @ValueSource(strings = {"iso", "MM/DD/YYYY", "DD. Month YYYY HH12:MI:SS.US AM TZH:TZM", "YYYYMMDD"})
    void neverRaisesAnErrorWhateverTheText(String pattern, TestDatabase database) {
        create(database, pattern);
        database.execute("CREATE TABLE garbage (t text)");
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<String> texts = new ArrayList<>(List.of(
                "",
                " ",
                "\n",
                "\u0661\u0669\u0669\u0669-\u0660\u0661-\u0660\u0661",
                "２０２４-０１-０５",
                "2024-01-05\u00a0",
                "2024-01-05\u2028",
                "99999999999999999999999-01-01",
                "2024-01-05T10:20:30." + "9".repeat(300),
                "2024-01-05T10:20:30.1\n",
                "\uD83D\uDE00".repeat(63),
                "'; DROP TABLE garbage; --",
                "{}()[]^$.*+?|\\"));
        String alphabet = "0123456789-/:. TZ+APMapmJanDecé年\uFEFF\t\r\n";
        for (int i = 0; i < 5_000; i++) {
            StringBuilder text =
                    new StringBuilder(List.of("", "2024-01-05", "2024-02-31T", "1/5/", "20240", "5. March ")
                            .get(random.nextInt(6)));
            for (int j = random.nextInt(20); j > 0; j--) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            texts.add(text.toString());
        }
        insert(database, texts);
        assertThat(database.queryLong("SELECT count(*) FROM garbage"))
                .as("seed %d", seed)
                .isEqualTo(texts.size());
        database.queryLong("SELECT count(orders_new_date(t)) FROM garbage");
        assertThat(database.queryString("SELECT orders_new_date(NULL)")).isNull();
    }

    @Test
    void takesBlanksAroundADate(TestDatabase database) {
        for (String pattern : new String[] {"iso", "YYYY-MM-DD", "YYYY-MM-DD\"T\"HH24:MI:SS"}) {
            create(database, pattern);
            String text = pattern.endsWith("SS") ? "2024-01-05T00:00:00" : "2024-01-05";
            assertThat(database.queryString("SELECT orders_new_date(?)", " \t" + text + " \r\n"))
                    .isEqualTo("2024-01-05 00:00:00");
            database.execute("DROP FUNCTION orders_new_date");
        }
    }

    @Test
    void dependsOnNoSettingOfTheCaller(TestDatabase database) {
        create(database, "DD-Mon-YYYY HH24:MI:SSTZH");
        database.execute(
                "CREATE SCHEMA evil",
                "CREATE FUNCTION evil.btrim(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$",
                "CREATE FUNCTION evil.make_date(int, int, int) RETURNS date LANGUAGE sql AS $$ SELECT date '1066-10-14' $$",
                "CREATE FUNCTION evil.differs(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$",
                "CREATE OPERATOR evil.~ (FUNCTION = evil.differs, LEFTARG = text, RIGHTARG = text)");
        // In a function, because the driver breaks off when it is told of another DateStyle.
        database.execute("""
                CREATE FUNCTION is_right() RETURNS boolean LANGUAGE plpgsql
                SET search_path = evil, pg_catalog SET DateStyle = 'SQL, DMY' SET TimeZone = 'Asia/Kathmandu'
                SET IntervalStyle = 'sql_standard' SET extra_float_digits = -15
                AS $$ BEGIN
                  RETURN public.orders_new_date('5-Jan-2024 10:20:30-03') = timestamp '2024-01-05 13:20:30';
                END $$""");
        assertThat(database.queryString("SELECT is_right()")).isEqualTo("t");
    }

    @Test
    void givesNullForATextOfTheGreatestLength(TestDatabase database) {
        create(database, "iso");
        assertThat(database.queryString("SELECT orders_new_date(repeat('2024-01-05 ', 30000000))")) // 330 MB
                .isNull();
        assertThat(database.queryString("SELECT orders_new_date(repeat(' ', 246) || '2024-01-05')"))
                .isEqualTo("2024-01-05 00:00:00");
        assertThat(database.queryString("SELECT orders_new_date(repeat(' ', 247) || '2024-01-05')"))
                .isNull();
    }

    @Test
    void readsEveryTypeOfTextUnderAnyCollation(TestDatabase database) {
        create(database, "DD Month YYYY");
        database.execute(
                "CREATE COLLATION anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
        for (String column : List.of("a text COLLATE anycase", "a char(40)", "a varchar(40) COLLATE \"C\"")) {
            database.execute(
                    "CREATE TABLE t (%s) PARTITION BY RANGE ((%s))"
                            .formatted(
                                    column,
                                    new TextDate(FUNCTION).time(Sql.raw("a")).script()),
                    "CREATE TABLE t_march PARTITION OF t FOR VALUES FROM ('2024-03-01') TO ('2024-04-01')",
                    "INSERT INTO t VALUES ('31 MARCH 2024')");
            assertThat(database.queryLong("SELECT count(*) FROM t_march")).isEqualTo(1);
            database.execute("DROP TABLE t");
        }
    }

    @Test
    void theFunctionOfAPattern() {
        assertThat(TextDateFormat.parse("YYYYMM").createFunction(FUNCTION).script())
                .isEqualTo("""
                        CREATE FUNCTION "public"."orders_new_date"(value pg_catalog.text) RETURNS timestamp
                        LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
                        AS $function$
                        DECLARE
                          written pg_catalog.text COLLATE pg_catalog."C";
                        BEGIN
                          IF pg_catalog.octet_length(value) OPERATOR(pg_catalog.>) 256 THEN
                            RETURN NULL;
                          END IF;
                          written := pg_catalog.btrim(value, E' \\t\\n\\r');
                          RETURN CASE
                          WHEN written OPERATOR(pg_catalog.!~) '^[0-9]{4}(0[1-9]|1[0-2])$' THEN NULL
                          WHEN pg_catalog.substr(written, 1, 4)::int OPERATOR(pg_catalog.=) 0 THEN NULL
                          ELSE pg_catalog.make_date(pg_catalog.substr(written, 1, 4)::int, pg_catalog.substr(written, 5, 2)::int, 1)::timestamp
                        END;
                        END
                        $function$""");
    }

    /**
     * Functions, operators, types and a collation of the same names, which a caller's path has before those of the
     * server.
     */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            iso                                 | 2024-01-05;2024-02-30;2023-02-29;0000-01-01;2024-12-31T10:20:30.1234567Z;2024-01-31 10:20+05;2024-01-05T10:20:30-03:30;x
            MM/DD/YYYY                          | 1/5/2024;12/31/2024;2/30/2024;1/1/0000;x
            YY-MM-DD HH12:MI:SS.US AM           | 24-01-31 12:20:30.5 PM;24-01-05 1:2:3.4 am
            DD Mon YYYY HH24:MI:SSTZH:TZM       | 31 Jan 2024 10:20:30-03:30;5 FEB 2024 1:2:3+05:45
            DD. Month YYYY                      | 31. January 2024;31. April 2024
            YYYYDDD                             | 2024366;2023366;2023000
            YYYYMMDDHH24MISSMS                  | 20240131102030123;20240230102030123
            YYYY-MM-DD HH24 TZH                 | 2024-01-05 10 -03
            """)
    void callsNothingThatASearchPathCanReplace(String pattern, String texts, TestDatabase database) {
        create(database, pattern);
        List<String> asItIs = new ArrayList<>();
        for (String text : texts.split(";")) {
            asItIs.add(database.queryString("SELECT orders_new_date(?)", text));
        }
        database.execute("""
                DO $$
                DECLARE
                  made text;
                BEGIN
                  CREATE SCHEMA evil;
                  FOR made IN
                    SELECT format('CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L',
                                  p.proname, pg_get_function_identity_arguments(p.oid), p.prorettype::regtype,
                                  format('BEGIN RAISE EXCEPTION %L; END', p.proname || ' of another schema was called'))
                    FROM pg_proc AS p
                    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND NOT p.proretset
                      AND p.proname IN (SELECT m[1] FROM pg_proc AS ours, regexp_matches(ours.prosrc, '([a-z_0-9]+)\\(', 'g') AS m
                                        WHERE ours.proname = 'orders_new_date')
                      AND NOT EXISTS (SELECT FROM pg_type AS t WHERE t.typtype = 'p' AND (t.oid = p.prorettype OR t.oid = ANY (p.proargtypes)))
                  LOOP
                    EXECUTE made;
                  END LOOP;
                  FOR made IN
                    SELECT format('CREATE FUNCTION evil.op%1$s(%2$s%3$s) RETURNS %4$s LANGUAGE plpgsql AS %5$L; CREATE OPERATOR evil.%6$s (FUNCTION = evil.op%1$s%7$s, RIGHTARG = %3$s)',
                                  o.oid, nullif(o.oprleft, 0)::regtype || ', ', o.oprright::regtype, o.oprresult::regtype,
                                  format('BEGIN RAISE EXCEPTION %L; END', replace(o.oprname, '%', '%%') || ' of another schema was called'), o.oprname,
                                  ', LEFTARG = ' || nullif(o.oprleft, 0)::regtype)
                    FROM pg_operator AS o
                    WHERE o.oprnamespace = 'pg_catalog'::regnamespace
                      AND o.oprright = ANY ('{text,int4,int8,float8,numeric,date,time,timestamp,interval}'::regtype[])
                      AND (o.oprleft = 0 OR o.oprleft = ANY ('{text,int4,int8,float8,numeric,date,time,timestamp,interval}'::regtype[]))
                  LOOP
                    EXECUTE made;
                  END LOOP;
                  CREATE DOMAIN evil.text AS pg_catalog.text CHECK (VALUE IS NULL);
                  CREATE DOMAIN evil.int4 AS pg_catalog.int4 CHECK (VALUE IS NULL);
                  CREATE DOMAIN evil.date AS pg_catalog.date CHECK (VALUE IS NULL);
                  CREATE DOMAIN evil.timestamp AS pg_catalog.timestamp CHECK (VALUE IS NULL);
                  CREATE COLLATION evil."C" (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
                END $$""");
        assertThat(database.queryLong("SELECT count(*) FROM pg_proc WHERE pronamespace = 'evil'::regnamespace"))
                .isGreaterThan(100);
        database.execute("""
                CREATE FUNCTION read_by(written pg_catalog.text) RETURNS timestamp LANGUAGE plpgsql SET search_path = evil, pg_catalog
                AS $$ BEGIN RETURN public.orders_new_date(written); END $$""");

        List<String> abroad = new ArrayList<>();
        for (String text : texts.split(";")) {
            abroad.add(database.queryString("SELECT read_by(?)", text));
        }
        assertThat(abroad).isEqualTo(asItIs).anyMatch(time -> time != null);
    }

    private static void assertReads(TestDatabase database, String pattern, String table) {
        create(database, pattern);
        SoftAssertions soft = new SoftAssertions();
        table.lines().forEach(line -> {
            String[] parts = line.split("\\|", -1);
            String expected = parts[1].strip();
            soft.assertThat(database.queryString("SELECT orders_new_date(?)", parts[0].strip()))
                    .as(parts[0])
                    .isEqualTo(expected.isEmpty() ? null : expected);
        });
        soft.assertAll();
    }

    private static void create(TestDatabase database, String pattern) {
        database.execute(TextDateFormat.parse(pattern).createFunction(FUNCTION).script());
    }

    private static void insert(TestDatabase database, List<String> texts) {
        try (var connection = database.connect();
                var statement = connection.prepareStatement("INSERT INTO garbage SELECT unnest(?)")) {
            statement.setArray(1, connection.createArrayOf("text", texts.toArray()));
            statement.execute();
        } catch (java.sql.SQLException e) {
            throw new AssertionError(e);
        }
    }
}
