package liquibase.ext.partition.generator.inspect;

import liquibase.ext.partition.engine.sql.Sql;

/**
 * Which times are meant. Earlier ones are almost always a default that nobody meant (1970-01-01, year 1), and later
 * ones a stand-in for "never" (2999-12-31, infinity). A partition for each month up to them would help nobody; they go
 * to the default partition.
 */
final class Plausible {
    /** The first moment that is meant. The start of a month, so that no month is in part too early. */
    static final Sql EARLIEST = Sql.of("timestamp '1971-01-01'");

    /** The first moment that is not meant any more, some ten years ahead. The start of a month too. */
    static final Sql LATEST = Sql.of("""
            (pg_catalog.date_trunc('month', pg_catalog.timezone('UTC', pg_catalog.now())) + interval '10 years 1 month')""");

    private static final Sql IS = Sql.of("{value} >= {earliest} AND {value} < {latest}");

    private Plausible() {}

    /** Whether a timestamp in UTC is meant; NULL where it is NULL. */
    static Sql is(Sql value) {
        return IS.with("value", value).with("earliest", EARLIEST).with("latest", LATEST);
    }
}
