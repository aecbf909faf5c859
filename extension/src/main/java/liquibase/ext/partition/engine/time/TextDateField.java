package liquibase.ext.partition.engine.time;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.sql.Sql;

/** A field of PostgreSQL's template patterns for dates, with the form of its value and its meaning. */
enum TextDateField {
    YYYY("YYYY", Meaning.YEAR, 4, "[0-9]{4}", "[0-9]{4}", "{written}::int"),
    /** 70 to 99 are in the 20th century and 00 to 69 in the 21st, as in PostgreSQL. */
    YY("YY", Meaning.YEAR, 2, "[0-9]{2}", "[0-9]{2}", Names.YEAR),
    MONTH("MONTH", Meaning.MONTH, 0, Names.FULL, Names.FULL, Names.NUMBER),
    MON("MON", Meaning.MONTH, 3, Names.SHORT, Names.SHORT, Names.NUMBER),
    MM("MM", Meaning.MONTH, 2, "(0[1-9]|1[0-2])", "(0?[1-9]|1[0-2])", "{written}::int"),
    DDD("DDD", Meaning.DAY_OF_YEAR, 3, "[0-9]{3}", "[0-9]{1,3}", "{written}::int"),
    DD("DD", Meaning.DAY, 2, "(0[1-9]|[12][0-9]|3[01])", "(0?[1-9]|[12][0-9]|3[01])", "{written}::int"),
    HH24("HH24", Meaning.HOUR, 2, "([01][0-9]|2[0-3])", "([01]?[0-9]|2[0-3])", "{written}::int"),
    HH12("HH12", Meaning.HOUR, 2, "(0[1-9]|1[0-2])", "(0?[1-9]|1[0-2])", "{written}::int"),
    HH("HH", Meaning.HOUR, 2, "(0[1-9]|1[0-2])", "(0?[1-9]|1[0-2])", "{written}::int"),
    MI("MI", Meaning.MINUTE, 2, "[0-5][0-9]", "[0-5]?[0-9]", "{written}::int"),
    SS("SS", Meaning.SECOND, 2, "[0-5][0-9]", "[0-5]?[0-9]", "{written}::int"),
    /** Like US, the digits after the point: 5 is half a second. */
    MS(
            "MS",
            Meaning.FRACTION,
            3,
            "[0-9]{3}",
            "[0-9]{1,3}",
            "('0.' OPERATOR(pg_catalog.||) {written})::double precision"),
    US(
            "US",
            Meaning.FRACTION,
            6,
            "[0-9]{6}",
            "[0-9]{1,6}",
            "('0.' OPERATOR(pg_catalog.||) {written})::double precision"),
    A_M("A.M.", Meaning.HALF_OF_DAY, 4, "[AaPp][.][Mm][.]", "[AaPp][.][Mm][.]", Names.HALF),
    P_M("P.M.", Meaning.HALF_OF_DAY, 4, "[AaPp][.][Mm][.]", "[AaPp][.][Mm][.]", Names.HALF),
    AM("AM", Meaning.HALF_OF_DAY, 2, "[AaPp][Mm]", "[AaPp][Mm]", Names.HALF),
    PM("PM", Meaning.HALF_OF_DAY, 2, "[AaPp][Mm]", "[AaPp][Mm]", Names.HALF),
    /** With its sign, which also applies to {@link #TZM}; at most 15, as in PostgreSQL. */
    TZH("TZH", Meaning.OFFSET_HOURS, 3, "[+-](0[0-9]|1[0-5])", "[+-](0?[0-9]|1[0-5])", "{written}"),
    TZM("TZM", Meaning.OFFSET_MINUTES, 2, "[0-5][0-9]", "[0-5][0-9]", "{written}");

    /** The meaning of a field; a pattern has each meaning at most once. */
    enum Meaning {
        YEAR,
        MONTH,
        DAY,
        DAY_OF_YEAR,
        HOUR,
        HALF_OF_DAY,
        MINUTE,
        SECOND,
        FRACTION,
        OFFSET_HOURS,
        OFFSET_MINUTES
    }

    /** Names in English, whatever {@code lc_time} says, and in any case of letters. */
    private static final class Names {
        private static final String SHORT =
                anyOf(List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"));
        private static final String FULL = anyOf(List.of(
                "january",
                "february",
                "march",
                "april",
                "may",
                "june",
                "july",
                "august",
                "september",
                "october",
                "november",
                "december"));
        private static final String NUMBER =
                "((pg_catalog.strpos('janfebmaraprmayjunjulaugsepoctnovdec', pg_catalog.lower(pg_catalog.left({written}, 3)))"
                        + " OPERATOR(pg_catalog.+) 2) OPERATOR(pg_catalog./) 3)";
        private static final String YEAR =
                "(1970 OPERATOR(pg_catalog.+) (({written}::int OPERATOR(pg_catalog.+) 30) OPERATOR(pg_catalog.%) 100))";
        private static final String HALF =
                "CASE WHEN pg_catalog.strpos('Pp', pg_catalog.left({written}, 1)) OPERATOR(pg_catalog.>) 0 THEN 12 ELSE 0 END";

        private static String anyOf(List<String> names) {
            return names.stream().map(Names::anyCase).collect(Collectors.joining("|", "(", ")"));
        }

        private static String anyCase(String name) {
            return name.chars()
                    .mapToObj(c -> "[" + (char) Character.toUpperCase(c) + (char) c + "]")
                    .collect(Collectors.joining());
        }
    }

    private final String word;
    private final Meaning meaning;
    private final int width;
    private final String fullWidth;
    private final String anyWidth;
    private final Sql value;

    TextDateField(String word, Meaning meaning, int width, String fullWidth, String anyWidth, String value) {
        this.word = word;
        this.meaning = meaning;
        this.width = width;
        this.fullWidth = fullWidth;
        this.anyWidth = anyWidth;
        this.value = Sql.of(value);
    }

    /**
     * The field whose word stands in {@code pattern} at {@code at}, in capitals, in small letters or, for names, with
     * one capital.
     */
    static Optional<TextDateField> at(String pattern, int at) {
        return Arrays.stream(values())
                .filter(field -> pattern.regionMatches(true, at, field.word, 0, field.word.length()))
                .max(Comparator.comparing(field -> field.word.length()));
    }

    /** The words of all fields, for messages. */
    static String supported() {
        return Arrays.stream(values()).map(TextDateField::word).collect(Collectors.joining(", "));
    }

    String word() {
        return word;
    }

    Meaning meaning() {
        return meaning;
    }

    /** The width in characters when nothing separates the field from the next; 0 for names of any length. */
    int width() {
        return width;
    }

    /** @param separated whether a character or the end stands before and after it */
    String regularExpression(boolean separated) {
        return separated ? anyWidth : fullWidth;
    }

    /** The field's value, computed from its text; a number, except for the fields of the offset. */
    Sql value(Sql written) {
        return value.with("written", written);
    }

    /** The characters other than digits that the field's value may have, in small letters. */
    String characters() {
        return switch (meaning) {
            case MONTH -> this == MM ? "" : this == MON ? "abcdefgjlmnoprstuvy" : "abcdefghijlmnoprstuvy";
            case HALF_OF_DAY -> word.length() == 4 ? "apm." : "apm";
            case OFFSET_HOURS -> "+-";
            default -> "";
        };
    }
}
