package liquibase.ext.partition.engine.time;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDate;
import liquibase.ext.partition.engine.sql.Sql;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The SQL of every kind of time, as it appears in a partition key or a generated column; a change of it would require a
 * new index.
 */
class TimeExpressionsTest {
    private static TimeEncoding encoding(String kind, String type) {
        return switch (kind) {
            case "date" -> new DateTime(type);
            case "seconds", "milliseconds" -> new Epoch(Epoch.Unit.parse(kind), type);
            default -> KeyTime.parse(kind).in(type);
        };
    }

    @ParameterizedTest
    @CsvSource(delimiter = '~', quoteCharacter = '`', textBlock = """
            date             ~ timestamp   ~ c
            date             ~ timestamptz ~ (c AT TIME ZONE 'UTC')
            date             ~ date        ~ CASE WHEN c < pg_catalog.date '294277-01-01' OR NOT pg_catalog.isfinite(c) THEN (c)::timestamp END
            seconds          ~ int8        ~ CASE WHEN (c) >= (-210866803200) AND (c) < 9224318016000 THEN timestamp '1970-01-01' + pg_catalog.make_interval(days => ((c) / 86400)::int, secs => (c) % 86400) END
            milliseconds     ~ int8        ~ CASE WHEN (c) >= (-210866803200000) AND (c) < 9224318016000000 THEN timestamp '1970-01-01' + pg_catalog.make_interval(days => ((c) / 86400000)::int, secs => ((c) % 86400000)::double precision / 1000) END
            seconds          ~ numeric     ~ CASE WHEN (c) >= (-210866803200) AND (c) < 9224318016000 THEN timestamp '1970-01-01' + pg_catalog.make_interval(days => pg_catalog.div((c), 86400)::int, secs => pg_catalog.floor((c) % 86400 * 1000000) / 1000000.0) END
            milliseconds     ~ float8      ~ CASE WHEN (c) >= (-210866803200000) AND (c) < 9224318016000000 THEN timestamp '1970-01-01' + pg_catalog.make_interval(days => pg_catalog.floor((c) / 86400000)::int, secs => pg_catalog.floor(((c) - pg_catalog.floor((c) / 86400000) * 86400000) * 1000) / 1000000.0) END
            snowflake        ~ int8        ~ CASE WHEN (c) >= 0 THEN timestamp '1970-01-01' + (((c) >> 22) + 1288834974657) * interval '1 millisecond' END
            snowflake(1000)  ~ numeric     ~ CASE WHEN (c) >= 0 AND (c) < 9223372036854775808 THEN timestamp '1970-01-01' + (pg_catalog.div(c, 4194304)::bigint + 1000) * interval '1 millisecond' END
            uuidv7           ~ uuid        ~ CASE WHEN pg_catalog.substr((c)::pg_catalog.text, 15, 1) = '7' AND pg_catalog.substr((c)::pg_catalog.text, 20, 1) IN ('8', '9', 'a', 'b') THEN timestamp '1970-01-01' + ('x' || pg_catalog.left((c)::pg_catalog.text, 8))::bit(32)::bigint * interval '65.536 seconds' + ('x' || pg_catalog.substr((c)::pg_catalog.text, 10, 4))::bit(16)::int * interval '1 millisecond' END
            ulid             ~ uuid        ~ (timestamp '1970-01-01' + ('x' || pg_catalog.left((c)::pg_catalog.text, 8))::bit(32)::bigint * interval '65.536 seconds' + ('x' || pg_catalog.substr((c)::pg_catalog.text, 10, 4))::bit(16)::int * interval '1 millisecond')
            """)
    void theTimeOf(String kind, String type, String expression) {
        assertThat(encoding(kind, type).time(Sql.raw("c")).script().replaceAll("\\s+", " "))
                .isEqualTo(expression);
    }

    @ParameterizedTest
    @CsvSource({
        "date, timestamptz, 2024-01-01, 2024-01-01 00:00:00+00",
        "seconds, int8, 2024-01-01, 1704067200",
        "seconds, int4, 1969-12-31, -86400",
        "milliseconds, numeric, 2024-01-01, 1704067200000",
        "snowflake, int8, 2024-01-01, 1741610183685046272",
        "snowflake(0), int8, 1970-01-02, 362387865600000",
        "snowflake, int8, 2010-11-01, 0",
        "uuidv7, uuid, 2024-01-01, 018cc251-f400-0000-0000-000000000000",
        "ulid, uuid, 2024-01-01, 018cc251-f400-0000-0000-000000000000",
        "ulid, text, 2024-01-01, 01HK153X00",
    })
    void theBoundOfADay(String kind, String type, LocalDate day, String bound) {
        assertThat(encoding(kind, type).bound(day).orElseThrow().script()).isEqualTo("'" + bound + "'");
    }
}
