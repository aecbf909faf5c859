package liquibase.ext.partition.engine.time;

import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The form of a date in a text column: ISO 8601, or one of PostgreSQL's template patterns for {@code to_timestamp}. It
 * renders a function {@code (text) RETURNS timestamp} that gives the time in UTC, and NULL for anything that is no real
 * date; it never raises an error.
 *
 * <p>PostgreSQL's own {@code to_timestamp} and {@code ::timestamp} raise errors for a bad date and are not immutable,
 * because they depend on {@code DateStyle}, {@code TimeZone} and {@code lc_time}; so neither can be a partition key.
 *
 * <p>The function is PL/pgSQL in which every name has its schema, operators too, so that a caller's {@code search_path}
 * does not matter; a {@code SET search_path} of its own would cost a microsecond per call. A single SQL expression that
 * PostgreSQL inlines is no faster for a million rows and much slower for one: it is parsed and planned again for every
 * statement, which with a stored generated column added half a millisecond to an insert of one row. The text is tested
 * by a regular expression without groups and then cut at its separators: groups cost 8 to 30 microseconds more. There
 * is no block with an exception handler, because that would be a subtransaction per row. See {@code TextDateBenchmark}.
 */
public sealed interface TextDateFormat permits TextDateFormat.Iso, TextDatePattern {
    /** The word for ISO 8601 in the config. */
    String ISO = "iso";

    /** A longer text is no date; a regular expression would run out of memory on the longest texts of PostgreSQL. */
    int MAX_BYTES = 256;

    /**
     * Parses a format as people write it: {@value #ISO}, or a template pattern as {@link TextDatePattern} describes it.
     *
     * @throws IllegalArgumentException with a message for people, when the pattern is unknown or contradictory
     */
    static TextDateFormat parse(String pattern) {
        return pattern.strip().equalsIgnoreCase(ISO) ? new Iso() : TextDatePattern.parse(pattern);
    }

    /**
     * The expression of type {@code timestamp} over {@code written}, which is the text without surrounding blanks,
     * under the collation C.
     */
    Sql expression();

    /**
     * The expression over a column that {@link #expression} takes as {@code written}: what the function computes before
     * it looks at the text.
     *
     * @param column an expression of a text type
     */
    static Sql written(Sql column) {
        return Sql.of("""
                        (CASE WHEN pg_catalog.octet_length(({column})::pg_catalog.text) OPERATOR(pg_catalog.<=) {maxBytes}
                              THEN pg_catalog.btrim(({column})::pg_catalog.text, E' \\t\\n\\r') END) COLLATE pg_catalog."C"
                        """).with("column", column).with("maxBytes", Sql.raw(String.valueOf(MAX_BYTES)));
    }

    /**
     * The function's result for a column, as an expression that needs no function: for a question about a table before
     * anything is made. For a few thousand rows, because each is a subquery.
     *
     * @param column an expression of a text type
     */
    default Sql time(Sql column) {
        return Sql.of("(SELECT {expression} FROM (SELECT {written} AS written OFFSET 0) AS parameter)")
                .with("expression", expression())
                .with("written", written(column));
    }

    /** The statement that creates the function; it fails if the function exists. */
    default Sql createFunction(QualifiedName function) {
        return Sql.of("""
                        CREATE FUNCTION {function}(value pg_catalog.text) RETURNS timestamp
                        LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
                        AS $function$
                        DECLARE
                          written pg_catalog.text COLLATE pg_catalog."C";
                        BEGIN
                          IF pg_catalog.octet_length(value) OPERATOR(pg_catalog.>) {maxBytes} THEN
                            RETURN NULL;
                          END IF;
                          written := pg_catalog.btrim(value, E' \\t\\n\\r');
                          RETURN {expression};
                        END
                        $function$""")
                .with("function", function)
                .with("maxBytes", Sql.raw(String.valueOf(MAX_BYTES)))
                .with("expression", expression());
    }

    /**
     * {@code YYYY-MM-DD}, optionally followed by {@code T} or a blank and {@code HH:MM[:SS[.fraction]]}, and that by
     * {@code Z}, {@code ±HH}, {@code ±HHMM} or {@code ±HH:MM}. Without an offset it is UTC; an offset is at most 15:59,
     * as in PostgreSQL. Digits of the fraction after the sixth are cut off, so that rounding cannot carry a row into
     * the next partition.
     */
    record Iso() implements TextDateFormat {
        private static final String PATTERN = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
                + "([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?"
                + "(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)?)?$";

        /** The cast of such a text depends on no setting. But it would round the fraction, and accept an hour 24. */
        private static final Sql EXPRESSION = Sql.of("""
                CASE
                  WHEN written OPERATOR(pg_catalog.!~) {pattern} THEN NULL
                  WHEN pg_catalog.left(written, 4) OPERATOR(pg_catalog.=) '0000' THEN NULL
                  WHEN pg_catalog.substr(written, 9, 2) OPERATOR(pg_catalog.>) '28' AND {day} OPERATOR(pg_catalog.>) ({daysOfMonth}) THEN NULL
                  WHEN pg_catalog.strpos({signs}, '+') OPERATOR(pg_catalog.=) 0
                    THEN pg_catalog.rtrim(pg_catalog.left(written, 26), 'Z')::timestamp
                  ELSE pg_catalog.left(pg_catalog.split_part(pg_catalog.overlay(written, {signs}, 17), '+', 1), 26)::timestamp
                       OPERATOR(pg_catalog.-) pg_catalog.make_interval(mins =>
                         CASE WHEN pg_catalog.strpos(pg_catalog.substr(written, 17), '-') OPERATOR(pg_catalog.>) 0
                           THEN OPERATOR(pg_catalog.-) ({offset}) ELSE {offset} END)
                END""");

        /** The end of the text from the seconds on, with one sign for both signs of an offset. */
        private static final Sql SIGNS = Sql.of("pg_catalog.translate(pg_catalog.substr(written, 17), '-', '+')");

        private static final Sql OFFSET_DIGITS =
                Sql.of("pg_catalog.replace(pg_catalog.split_part({signs}, '+', 2), ':', '')");

        private static final Sql OFFSET_MINUTES =
                Sql.of("(pg_catalog.left({digits}, 2)::int OPERATOR(pg_catalog.*) 60) OPERATOR(pg_catalog.+)"
                        + " pg_catalog.rpad(pg_catalog.substr({digits}, 3), 2, '0')::int");

        @Override
        public Sql expression() {
            Sql year = Sql.of("pg_catalog.substr(written, 1, 4)::int");
            Sql month = Sql.of("pg_catalog.substr(written, 6, 2)::int");
            Sql digits = OFFSET_DIGITS.with("signs", SIGNS);
            return EXPRESSION
                    .with("pattern", Sql.literal(PATTERN))
                    .with("daysOfMonth", daysOfMonth(year, month))
                    .with("offset", OFFSET_MINUTES.with("digits", digits))
                    .with("signs", SIGNS)
                    .with("day", Sql.of("pg_catalog.substr(written, 9, 2)::int"));
        }
    }

    /** The number of days of the month, from the first days of this month and of the next; for years from 1 on. */
    static Sql daysOfMonth(Sql year, Sql month) {
        return Sql.of("""
                        pg_catalog.make_date({year} OPERATOR(pg_catalog.+) ({month} OPERATOR(pg_catalog./) 12), \
                        ({month} OPERATOR(pg_catalog.%) 12) OPERATOR(pg_catalog.+) 1, 1) \
                        OPERATOR(pg_catalog.-) pg_catalog.make_date({year}, {month}, 1)""").with("year", year).with("month", month);
    }
}
