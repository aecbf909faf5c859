package liquibase.ext.partition.engine.sql;

/**
 * Where PostgreSQL looks a name up that stands without its schema. Our statements write every name with its schema, but
 * operators, and what the server itself looks up for them ({@code IN}, {@code IS DISTINCT FROM}), are taken from the
 * path: on the caller's, whoever may create in one of its schemas could have put a better match there, to run with our
 * rights.
 */
public final class SearchPath {
    /** The catalog alone. Where it is not named, {@code pg_temp} is looked into first. */
    public static final String PINNED = "pg_catalog, pg_temp";

    private static final Sql CURRENT = Sql.of("SELECT pg_catalog.current_setting('search_path')");
    private static final Sql SET = Sql.of("SELECT pg_catalog.set_config('search_path', {path}, {local})");

    /** One round trip; the subquery is computed before. */
    private static final Sql REPLACE = Sql.of("""
            SELECT it.path, pg_catalog.set_config('search_path', {path}, {local})
            FROM (SELECT pg_catalog.current_setting('search_path') AS path OFFSET 0) AS it""");

    private SearchPath() {}

    /** For the beginning of a transaction in a script that people run. */
    public static Sql pinScript() {
        return Sql.of("SET LOCAL search_path = " + PINNED);
    }

    static Sql current() {
        return CURRENT;
    }

    /**
     * Sets it, and gives one row.
     *
     * @param local until the end of the transaction only
     */
    public static Sql set(String path, boolean local) {
        return SET.with("path", path).with("local", local);
    }

    /** As {@link #set}; the row's first column is the path as it was before. */
    static Sql replace(String path, boolean local) {
        return REPLACE.with("path", path).with("local", local);
    }
}
