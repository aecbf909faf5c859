package liquibase.ext.partition.engine.sql;

/**
 * The schemas in which PostgreSQL looks up a name without a schema. Our statements write every name with its schema,
 * but operators, and functions that the server itself looks up for them ({@code IN}, {@code IS DISTINCT FROM}), are
 * found by the path. On the caller's path, a role that may create in one of its schemas could have put a better match
 * there, which would run with our rights.
 */
public final class SearchPath {
    /** The catalog alone. {@code pg_temp} is named because it would be searched first otherwise. */
    public static final String PINNED = "pg_catalog, pg_temp";

    private static final Sql CURRENT = Sql.of("SELECT pg_catalog.current_setting('search_path')");
    private static final Sql SET = Sql.of("SELECT pg_catalog.set_config('search_path', {path}, {local})");

    /** Takes one round trip; the subquery is computed before the change. */
    private static final Sql REPLACE = Sql.of("""
            SELECT it.path, pg_catalog.set_config('search_path', {path}, {local})
            FROM (SELECT pg_catalog.current_setting('search_path') AS path OFFSET 0) AS it""");

    private SearchPath() {}

    /** A statement for the beginning of a transaction in a script that people run. */
    public static Sql pinScript() {
        return Sql.of("SET LOCAL search_path = " + PINNED);
    }

    static Sql current() {
        return CURRENT;
    }

    /**
     * Sets the path, and gives one row.
     *
     * @param local whether the path holds only until the end of the transaction
     */
    public static Sql set(String path, boolean local) {
        return SET.with("path", path).with("local", local);
    }

    /** As {@link #set}; the row's first column is the path as it was before. */
    static Sql replace(String path, boolean local) {
        return REPLACE.with("path", path).with("local", local);
    }
}
