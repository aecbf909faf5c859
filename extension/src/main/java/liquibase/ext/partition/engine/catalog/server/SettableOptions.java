package liquibase.ext.partition.engine.catalog.server;

import java.util.List;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The options that a person can set, in PostgreSQL 14 to 18. Only these come along. The catalog may have others:
 * Debian's PostgreSQL 15.20 keeps a {@code pg_attver} among the options of each column and changes it by itself. Such
 * an option expresses nobody's intention, and carrying it would take a statement for each column of each partition,
 * while every writer waits.
 */
public final class SettableOptions {
    /** The options of a column of a table or materialized view. */
    public static final List<String> COLUMN = List.of("n_distinct", "n_distinct_inherited");

    /** The options of a TOAST table. */
    public static final List<String> TOAST = List.of(
            "autovacuum_enabled",
            "autovacuum_vacuum_threshold",
            "autovacuum_vacuum_max_threshold",
            "autovacuum_vacuum_scale_factor",
            "autovacuum_vacuum_insert_threshold",
            "autovacuum_vacuum_insert_scale_factor",
            "autovacuum_vacuum_cost_delay",
            "autovacuum_vacuum_cost_limit",
            "autovacuum_freeze_min_age",
            "autovacuum_freeze_max_age",
            "autovacuum_freeze_table_age",
            "autovacuum_multixact_freeze_min_age",
            "autovacuum_multixact_freeze_max_age",
            "autovacuum_multixact_freeze_table_age",
            "log_autovacuum_min_duration",
            "vacuum_index_cleanup",
            "vacuum_truncate",
            "vacuum_max_eager_freeze_failure_rate");

    /** The options of a table or materialized view. */
    public static final List<String> TABLE = Stream.concat(
                    Stream.of(
                            "fillfactor",
                            "toast_tuple_target",
                            "parallel_workers",
                            "user_catalog_table",
                            "autovacuum_analyze_threshold",
                            "autovacuum_analyze_scale_factor"),
                    TOAST.stream())
            .toList();

    /** The options of a constraint's index. */
    public static final List<String> BTREE = List.of("fillfactor", "deduplicate_items");

    public static final List<String> VIEW = List.of("security_barrier", "security_invoker", "check_option");

    private SettableOptions() {}

    /** The options as SQL, for the parentheses of {@code IN}. */
    public static Sql in(List<String> options) {
        return Sql.list(options.stream().map(Sql::literal).toList());
    }
}
