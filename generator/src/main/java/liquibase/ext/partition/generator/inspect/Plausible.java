package liquibase.ext.partition.generator.inspect;

import liquibase.ext.partition.engine.sql.Sql;

/**
 * The plausible times. Earlier ones are almost always a default that nobody meant (1970-01-01, year 1), and later ones
 * stand for "never" (2999-12-31, infinity). Partitions for all months up to them would help nobody, so such rows go to
 * the default partition.
 */
final class Plausible {
    /** The first plausible moment. It is the start of a month, so that no month is partly too early. */
    static final Sql EARLIEST = Sql.of("timestamp '1971-01-01'");

    /** The first moment that is too late to be plausible, some ten years ahead. Also the start of a month. */
    static final Sql LATEST = Sql.of("""
            (pg_catalog.date_trunc('month', pg_catalog.timezone('UTC', pg_catalog.now())) + interval '10 years 1 month')""");

    private static final Sql IS = Sql.of("{value} >= {earliest} AND {value} < {latest}");

    private Plausible() {}

    /** Whether a timestamp in UTC is plausible; NULL if it is NULL. */
    static Sql is(Sql value) {
        return IS.with("value", value).with("earliest", EARLIEST).with("latest", LATEST);
    }
}
