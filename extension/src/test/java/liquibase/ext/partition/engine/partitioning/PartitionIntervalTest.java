package liquibase.ext.partition.engine.partitioning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.LocalDate;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(FreshDatabase.class)
class PartitionIntervalTest {
    @ParameterizedTest
    @CsvSource(textBlock = """
            DAY,     2024-01-05, 2024-01-05, 2024-01-06, 20240105
            DAY,     2024-02-29, 2024-02-29, 2024-03-01, 20240229
            DAY,     0001-01-01, 0001-01-01, 0001-01-02, 00010101
            WEEK,    2024-01-05, 2024-01-01, 2024-01-08, 2024w01
            WEEK,    2021-01-01, 2020-12-28, 2021-01-04, 2020w53
            WEEK,    2021-01-03, 2020-12-28, 2021-01-04, 2020w53
            WEEK,    2021-01-04, 2021-01-04, 2021-01-11, 2021w01
            WEEK,    2019-12-30, 2019-12-30, 2020-01-06, 2020w01
            WEEK,    0001-01-01, 0001-01-01, 0001-01-08, 0001w01
            MONTH,   2024-01-31, 2024-01-01, 2024-02-01, 202401
            MONTH,   2024-12-31, 2024-12-01, 2025-01-01, 202412
            QUARTER, 2024-03-31, 2024-01-01, 2024-04-01, 2024q1
            QUARTER, 2024-02-29, 2024-01-01, 2024-04-01, 2024q1
            QUARTER, 2024-12-31, 2024-10-01, 2025-01-01, 2024q4
            YEAR,    2024-12-31, 2024-01-01, 2025-01-01, 2024
            YEAR,    9999-12-31, 9999-01-01, +10000-01-01, 9999
            """)
    void beginsEndsAndIsNamed(
            PartitionInterval interval, LocalDate day, LocalDate start, LocalDate next, String suffix) {
        assertThat(interval.startOf(day)).isEqualTo(start);
        assertThat(interval.next(start)).isEqualTo(next);
        assertThat(interval.suffix(start)).isEqualTo(suffix);
        assertThat(interval.startsAt(day)).isEqualTo(day.equals(start));
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            day,     2024-01-05, 2024-01-05
            week,    2024-01-01, 2024-01-01
            week,    2024-W01,   2024-01-01
            week,    2024-w1,    2024-01-01
            week,    2024w01,    2024-01-01
            week,    2020-W53,   2020-12-28
            month,   2024-02,    2024-02-01
            month,   2024-02-01, 2024-02-01
            month,   2024,       2024-01-01
            month,   2024-Q2,    2024-04-01
            quarter, 2024-Q4,    2024-10-01
            quarter, 2024q1,     2024-01-01
            quarter, 2024-07,    2024-07-01
            year,    2024,       2024-01-01
            year,    2024-01,    2024-01-01
            year,    0001,       0001-01-01
            """)
    void readsABoundAsPeopleWriteIt(String word, String written, LocalDate start) {
        assertThat(PartitionInterval.parse(word).parseBound("from", written)).isEqualTo(start);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            day     | 2024-02-30  | from is <2024-02-30>; write the first day of a day, as in 2024-01-01.
            week    | 2021-W53    | from is <2021-W53>; write the first day of a week, as in 2024-W01 or 2024-01-01.
            week    | 2024-W00    | from is <2024-W00>; write
            week    | 2024-01-02  | from is <2024-01-02>, which is not the first day of a week.
            week    | 2021        | from is <2021>, which is not the first day of a week.
            month   | 2024-W02    | from is <2024-W02>, which is not the first day of a month.
            month   | 2024-13     | from is <2024-13>; write
            month   | 2024-1      | from is <2024-1>; write
            month   | 0000-01     | from is <0000-01>; write
            month   | 10000-01    | from is <10000-01>; write
            month   | -2024-01    | from is <-2024-01>; write
            quarter | 2024-Q5     | from is <2024-Q5>; write the first day of a quarter, as in 2024-Q1 or 2024-01-01.
            quarter | 2024-Q0     | from is <2024-Q0>; write
            quarter | 2024-02     | from is <2024-02>, which is not the first day of a quarter.
            year    | 2024-Q2     | from is <2024-Q2>, which is not the first day of a year.
            year    | 24          | from is <24>; write the first day of a year, as in 2024 or 2024-01-01.
            year    | ٢٠٢٤        | from is <٢٠٢٤>; write
            """)
    void refusesABoundThatIsNone(String word, String written, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PartitionInterval.parse(word).parseBound("from", written))
                .withMessageContaining(message);
    }

    @ParameterizedTest
    @EnumSource
    void writesABoundSoThatItIsReadAgain(PartitionInterval interval) {
        LocalDate start = interval.startOf(LocalDate.of(2020, 12, 31));
        assertThat(interval.parseBound("from", interval.write(start))).isEqualTo(start);
        assertThat(interval.parseBound("from", interval.example()))
                .isEqualTo(interval.startOf(interval.parseBound("from", interval.example())));
        assertThat(PartitionInterval.parse(interval.word())).isEqualTo(interval);
    }

    @Test
    void isTheSameInPostgresql(TestDatabase database) {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int first = (int) LocalDate.of(1, 1, 1).toEpochDay();
        int end = (int) LocalDate.of(10_000, 1, 1).toEpochDay();
        List<LocalDate> days =
                random.ints(3_000, first, end).mapToObj(LocalDate::ofEpochDay).collect(Collectors.toList());
        for (int year : new int[] {1, 4, 1582, 1900, 2000, 2020, 2021, 9999}) {
            days.addAll(List.of(LocalDate.of(year, 1, 1), LocalDate.of(year, 2, 28), LocalDate.of(year, 12, 31)));
        }
        String values = days.stream().map(day -> "'" + day + "'").collect(Collectors.joining(","));
        for (PartitionInterval interval : PartitionInterval.values()) {
            List<List<String>> rows =
                    database.queryRows("""
                    SELECT to_char(day::timestamp, '%s'), date_trunc('%s', day::timestamp)::date
                    FROM unnest(ARRAY[%s]::date[]) AS day""".formatted(interval.suffixPattern(), interval.word(), values));
            for (int i = 0; i < days.size(); i++) {
                LocalDate start = interval.startOf(days.get(i));
                assertThat(rows.get(i))
                        .as("%s of %s, seed %d", interval, days.get(i), seed)
                        .containsExactly(interval.suffix(start), start.toString());
            }
        }
    }
}
