package liquibase.ext.partition.engine.target;

import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * How a date is written in a column of text: ISO 8601, or one of PostgreSQL's template patterns for {@code to_timestamp}. It renders a
 * function {@code (text) RETURNS timestamp} that gives the time in UTC, and NULL for anything that is no real date; it never raises an
 * error.
 *
 * <p>PostgreSQL's own {@code to_timestamp} and {@code ::timestamp} raise errors for a bad date and are not immutable, for they depend on
 * {@code DateStyle}, {@code TimeZone} and {@code lc_time}; so neither can be a partition key.
 *
 * <p>The function is PL/pgSQL with a {@code search_path} of its own, so that a caller's does not matter. One SQL expression that PostgreSQL
 * puts in the place of the call is no faster for a million rows and much slower for one: it is read and planned again for
 * every statement, which added 46 microseconds to an insert of one row, and 550 with a stored generated column, where
 * this adds 15 and 25. The text is tested by a regular expression without groups and then cut at its separators: groups cost 8 to 30
 * microseconds more. There is no block with an exception handler, which would be a subtransaction a row. See {@code TextDateBenchmark}.
 */
public sealed interface TextDateFormat permits TextDateFormat.Iso, TextDatePattern {
    /** The word for ISO 8601 in the config. */
    String ISO = "iso";

    /** A longer text is no date; a regular expression would fail for want of memory on the longest that PostgreSQL has. */
    int MAX_BYTES = 256;

    /**
     * A format from what people write: {@value #ISO}, or a template pattern; {@link TextDatePattern} says what that may hold.
     *
     * @throws IllegalArgumentException with a message for people, when the pattern is unknown or contradictory
     */
    static TextDateFormat parse(String pattern) {
        return pattern.strip().equalsIgnoreCase(ISO) ? new Iso() : TextDatePattern.parse(pattern);
    }

    /** The expression of type {@code timestamp} over {@code written}, the text without blanks around it, under the collation C. */
    Sql expression();

    /** The statement that creates the function; it fails where the function is there. */
    default Sql createFunction(QualifiedName function) {
        return Sql.of("""
                        CREATE FUNCTION {function}(value text) RETURNS timestamp
                        LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
                        SET search_path = pg_catalog, pg_temp
                        AS $function$
                        DECLARE
                          written text COLLATE "C";
                        BEGIN
                          IF octet_length(value) > {maxBytes} THEN
                            RETURN NULL;
                          END IF;
                          written := btrim(value, E' \\t\\n\\r');
                          RETURN {expression};
                        END
                        $function$""")
                .with("function", function)
                .with("maxBytes", Sql.raw(String.valueOf(MAX_BYTES)))
                .with("expression", expression());
    }

    /**
     * {@code YYYY-MM-DD}, optionally followed by {@code T} or a blank and {@code HH:MM[:SS[.fraction]]}, and that by {@code Z},
     * {@code ±HH}, {@code ±HHMM} or {@code ±HH:MM}. Without an offset it is UTC; an offset is at most 15:59, as in PostgreSQL. Digits of
     * the fraction after the sixth are cut off, so that rounding cannot carry a row into the next partition.
     */
    record Iso() implements TextDateFormat {
        private static final String PATTERN = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
                + "([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?"
                + "(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)?)?$";

        private static final Sql EXPRESSION = Sql.of("""
                CASE
                  WHEN NOT written ~ {pattern} THEN NULL
                  WHEN {year} = 0 THEN NULL
                  WHEN {day} > 28 AND {day} > {daysOfMonth} THEN NULL
                  WHEN length(written) = 10 THEN make_date({year}, {month}, {day})::timestamp
                  ELSE make_timestamp({year}, {month}, {day}, substr(written, 12, 2)::int, substr(written, 15, 2)::int,
                         CASE WHEN substr(written, 17, 1) = ':'
                           THEN split_part(translate(substr(written, 18, 9), 'Z+-', '   '), ' ', 1)::double precision
                           ELSE 0 END)
                       - make_interval(mins =>
                           CASE WHEN strpos(substr(written, 17), '+') > 0 THEN {offset}
                                WHEN strpos(substr(written, 17), '-') > 0 THEN -({offset})
                                ELSE 0 END)
                END""");

        private static final Sql OFFSET_DIGITS =
                Sql.of("replace(split_part(translate(substr(written, 17), '-', '+'), '+', 2), ':', '')");

        private static final Sql OFFSET_MINUTES =
                Sql.of("left({digits}, 2)::int * 60 + ('0' || substr({digits}, 3))::int");

        @Override
        public Sql expression() {
            Sql year = Sql.of("substr(written, 1, 4)::int");
            Sql month = Sql.of("substr(written, 6, 2)::int");
            return EXPRESSION
                    .with("pattern", Sql.literal(PATTERN))
                    .with("daysOfMonth", daysOfMonth(year, month))
                    .with("offset", OFFSET_MINUTES.with("digits", OFFSET_DIGITS))
                    .with("year", year)
                    .with("month", month)
                    .with("day", Sql.of("substr(written, 9, 2)::int"));
        }
    }

    /** How many days the month has, from the days on which it and the next begin; for years from 1 on. */
    static Sql daysOfMonth(Sql year, Sql month) {
        return Sql.of("make_date({year} + {month} / 12, {month} % 12 + 1, 1) - make_date({year}, {month}, 1)")
                .with("year", year)
                .with("month", month);
    }
}
