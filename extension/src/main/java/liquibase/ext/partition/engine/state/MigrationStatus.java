package liquibase.ext.partition.engine.state;

import java.math.BigDecimal;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * One row of {@code partition_progress}, for people.
 *
 * @param perCent how many per cent of its blocks are copied; empty before the copy begins
 * @param rowsCopied how many rows the finished chunks have copied
 * @param eta the copy's remaining time, as PostgreSQL writes an interval; empty unless it is under way
 * @param deltaBacklog the statistics' estimate of the delta table's rows; empty if nothing is captured
 * @param deltaBytes the size of the delta table with its indexes; empty if nothing is captured
 * @param deltaAge an upper bound for the age of its changes, as PostgreSQL writes an interval; empty if there are none
 * @param differences how many differences the last verification of the copy found; empty if there was none
 * @param defaultRows how many rows were in the default partition when the copy was last verified; empty if it never was
 * @param lockHeldMilliseconds how long the swap held its lock; empty before the swap
 */
public record MigrationStatus(
        QualifiedName source,
        Phase phase,
        Optional<BigDecimal> perCent,
        long rowsCopied,
        Optional<Long> rowsPerSecond,
        Optional<String> eta,
        Optional<Long> deltaBacklog,
        Optional<Long> deltaBytes,
        Optional<String> deltaAge,
        Optional<Long> differences,
        Optional<Long> defaultRows,
        Optional<Long> lockHeldMilliseconds) {

    private static final Sql EXISTS = Sql.of("SELECT pg_catalog.to_regclass({view}) IS NOT NULL");

    private static final Sql READ = Sql.of("""
            SELECT source_schema, source_table, phase, per_cent, rows_copied, rows_per_second::bigint AS rows_per_second,
                   pg_catalog.date_trunc('second', eta)::pg_catalog.text AS eta, delta_backlog, delta_bytes,
                   pg_catalog.date_trunc('second', delta_age)::pg_catalog.text AS delta_age, verified_differences,
                   default_null + default_unreadable + default_infinite + default_before + default_after AS default_rows,
                   lock_held_ms
            FROM {view} ORDER BY source_schema, source_table
            """);

    /** The migrations in this database, by name; empty if there are no state tables. */
    public static List<MigrationStatus> readAll(Session session, StateTables state) throws SQLException {
        if (!session.queryBoolean(EXISTS.with("view", state.progress().quoted()))) {
            return List.of();
        }
        return session.query(
                READ.with("view", state.progress()),
                row -> new MigrationStatus(
                        QualifiedName.of(row.getString("source_schema"), row.getString("source_table")),
                        Phase.parse(row.getString("phase")),
                        Optional.ofNullable(row.getBigDecimal("per_cent")),
                        row.getLong("rows_copied"),
                        Optional.ofNullable(row.getObject("rows_per_second", Long.class)),
                        Optional.ofNullable(row.getString("eta")),
                        Optional.ofNullable(row.getObject("delta_backlog", Long.class)),
                        Optional.ofNullable(row.getObject("delta_bytes", Long.class)),
                        Optional.ofNullable(row.getString("delta_age")),
                        Optional.ofNullable(row.getObject("verified_differences", Long.class)),
                        Optional.ofNullable(row.getObject("default_rows", Long.class)),
                        Optional.ofNullable(row.getObject("lock_held_ms", Long.class))));
    }

    /** A description for a person on call: where the migration is, and what comes next. */
    public String describe() {
        StringBuilder text = new StringBuilder("%s: %s".formatted(source, phase.word()));
        perCent.ifPresent(value -> text.append(
                String.format(Locale.ROOT, ", copied %s %% (%,d rows)", value.toPlainString(), rowsCopied)));
        if (phase == Phase.COPYING) {
            rowsPerSecond.ifPresent(value -> text.append(String.format(Locale.ROOT, ", %,d rows/s", value)));
            eta.ifPresent(value -> text.append(", ETA ").append(value));
        }
        deltaBacklog.ifPresent(value -> text.append(
                String.format(Locale.ROOT, ", delta backlog about %,d (%,d kB)", value, deltaBytes.orElse(0L) / 1024)));
        deltaAge.ifPresent(value -> text.append(", none of it older than ").append(value));
        differences.ifPresent(value -> text.append(String.format(Locale.ROOT, ", %,d differences", value)));
        defaultRows
                .filter(count -> count > 0)
                .ifPresent(
                        value -> text.append(String.format(Locale.ROOT, ", %,d rows in the default partition", value)));
        lockHeldMilliseconds.ifPresent(
                value -> text.append(", lock held for ").append(value).append(" ms"));
        return text.append(". ").append(next()).toString();
    }

    private String next() {
        return switch (phase) {
            case PREPARED, CAPTURING, COPYING, COPIED, INDEXED -> "Next: liquibase update goes on.";
            case REPLAYED ->
                differences.filter(count -> count > 0).isPresent()
                        ? "Next: find out why rows differ, then start the copy over with -DrestartCopy=%s; the swap refuses."
                                .formatted(source.name())
                        : "Next: liquibase update verifies.";
            case VERIFIED -> "Next: approve the swap with -DswapApproved=%s.".formatted(source.name());
            case SWAPPED ->
                "Next: approve the drop of the backup with -DdropApproved=%s, or take the swap back with -DswapBack=%s."
                        .formatted(source.name(), source.name());
            case DROPPED -> "Nothing is left to do.";
        };
    }
}
