package liquibase.ext.partition.engine.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.LocalDate;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TimeFormatsTest {
    private static final TimeFormats ALL =
            new TimeFormats(QualifiedName.of("s", "f"), Epoch.Unit.SECONDS, KeyTime.parse("uuidv7"));

    @Test
    void readsEachColumnByItsType() {
        Identifier column = new Identifier("c");
        assertThat(ALL.of(column, "timestamptz")).isEqualTo(new DateTime("timestamptz"));
        assertThat(ALL.of(column, "bpchar")).isInstanceOf(TextDate.class);
        assertThat(ALL.of(column, "int8")).isEqualTo(new Epoch(Epoch.Unit.SECONDS, "int8"));
        assertThat(ALL.of(column, "uuid")).isEqualTo(new UuidTime(true));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            text  |        | Column c is text (text); say what it is: textFormat
            int8  |        | Column c is a number (int8); say what it is: epoch: seconds, epoch: milliseconds, or keyTime: snowflake.
            uuid  |        | Column c is a uuid; say keyTime: uuidv7 or keyTime: ulid
            jsonb |        | Column c has type jsonb, from which no time can be read.
            text  | uuidv7 | keyTime uuidv7 needs a uuid column; column c is text.
            int4  | ulid   | keyTime ulid needs a uuid, text, varchar or char column; column c is int4.
            uuid  | snowflake | keyTime snowflake needs a bigint or numeric column; column c is uuid.
            """)
    void saysWhatAColumnNeeds(String type, String keyTime, String message) {
        TimeFormats formats = new TimeFormats(null, null, keyTime == null ? null : KeyTime.parse(keyTime));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> formats.of(new Identifier("c"), type))
                .withMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource({
        "uuidv4",
        "snowflake()",
        "snowflake(yesterday)",
        "snowflake(2015-13-01)",
        "Snowflake",
        "snowflake(99999999999999)"
    })
    void refusesAnUnknownKindOfKey(String written) {
        assertThatIllegalArgumentException().isThrownBy(() -> KeyTime.parse(written));
    }

    @Test
    void refusesDaysThatAKeyCannotSay() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new UuidTime(true).bound(LocalDate.of(1969, 12, 31)))
                .withMessageContaining("begin on 1970-01-01");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KeyTime.parse("snowflake").in("int8").bound(LocalDate.of(3000, 1, 1)))
                .withMessageContaining("begin on 2010-11-04 and end on 2080-07-10");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Epoch(Epoch.Unit.SECONDS, "int4").bound(LocalDate.of(2038, 2, 1)))
                .withMessageContaining("2038-01-19");
    }
}
