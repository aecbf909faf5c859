package liquibase.ext.partition.engine.state;

import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.partitioning.Retention;
import liquibase.ext.partition.engine.partitioning.Runway;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration.CopyPlan;
import liquibase.ext.partition.engine.state.Migration.HeapPlan;

/**
 * Reads migrations, and records what their steps have done. Every write is part of the session's transaction if one is
 * open, so that a step and its record commit together.
 *
 * <p>The file is long because it has a statement and a method for each thing that a step records.
 */
public final class Migrations {
    private static final Sql TABLE_EXISTS = Sql.of("SELECT pg_catalog.to_regclass({table}) IS NOT NULL");

    private static final Sql SOURCES = Sql.of("SELECT source_schema, source_table FROM {migration} ORDER BY id");

    private static final Sql EXCHANGES_OF = Sql.of("""
            SELECT m.source_schema, m.source_table
            FROM {migration} AS m CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(m) -> 'exchange' AS exchange) AS x
            WHERE m.phase <> {over} AND (m.source_schema, m.source_table) <> ({schema}, {table})
              AND EXISTS (
                SELECT FROM pg_catalog.jsonb_array_elements(x.exchange -> 'leaving') AS l WHERE (l ->> 'oid')::bigint = ANY ({tables}::bigint[])
                UNION ALL
                SELECT FROM pg_catalog.jsonb_array_elements_text(x.exchange -> 'partitions') AS t WHERE t::bigint = ANY ({tables}::bigint[]))
            ORDER BY m.id""");

    private static final Sql START_CAPTURE = Sql.of("""
            UPDATE {migration} SET phase = {phase}, delta_table = {delta}, key_columns = {key}, caught_up_at = pg_catalog.clock_timestamp()
            WHERE source_schema = {schema} AND source_table = {table}""");

    private static final Sql END_CAPTURE = Sql.of("""
            UPDATE {migration} SET phase = {phase}, delta_table = NULL, key_columns = NULL, caught_up_at = NULL
            WHERE id = {id}""");

    private static final Sql SET_PHASE = Sql.of("UPDATE {migration} SET phase = {phase} WHERE id = {id}");

    private static final Sql START_COPY = Sql.of("""
            UPDATE {migration}
            SET phase = {phase}, source_blocks = {blocks}, source_filenode = {filenode},
                source_columns = {columns}, copy_started_at = pg_catalog.clock_timestamp(), copied_at = NULL
            WHERE id = {id}""");

    private static final Sql PLAN_HEAPS = Sql.of("""
            UPDATE {migration}
            SET exchange = exchange || pg_catalog.jsonb_build_object('heaps', (
              SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('blocks', h.blocks, 'filenode', h.filenode) ORDER BY h.place)
              FROM ROWS FROM (pg_catalog.unnest({blocks}::bigint[]), pg_catalog.unnest({filenodes}::bigint[]))
                WITH ORDINALITY AS h (blocks, filenode, place)))
            WHERE id = {id}""");

    private static final Sql FORGET_COPY = Sql.of("""
            UPDATE {migration}
            SET phase = {phase}, source_blocks = NULL, source_filenode = NULL,
                source_columns = NULL, copy_started_at = CASE WHEN {rowsLeft} THEN copy_started_at END, copied_at = NULL,
                restarting = false
            WHERE id = {id}""");

    private static final Sql RECORD_RESTART = Sql.of("UPDATE {migration} SET restarting = true WHERE id = {id}");

    /** Uses the server's clock only. */
    private static final Sql HAS_BEGUN_COPY_WITHIN = Sql.of("""
            SELECT coalesce(copy_started_at >= pg_catalog.clock_timestamp() - {milliseconds} * interval '1 millisecond', false)
            FROM {migration} WHERE id = {id}""");

    /**
     * A record without a plan means that no copy has begun, or that the rows of a forgotten copy could not be removed.
     */
    private static final Sql HAS_LEFT_ROWS = Sql.of("""
            SELECT source_blocks IS NULL AND copy_started_at IS NOT NULL FROM {migration} WHERE id = {id}""");

    private static final Sql FINISH_COPY = Sql.of("""
            UPDATE {migration} SET phase = {phase}, copied_at = pg_catalog.clock_timestamp() WHERE id = {id}""");

    private static final Sql RECORD_VERIFICATION = Sql.of("""
            UPDATE {migration}
            SET phase = {phase}, verified_at = pg_catalog.clock_timestamp(), verified_rows = {rows},
                verified_differences = {differences}, capture_triggers = {triggers}, fingerprint = {fingerprint},
                restarting = false
            WHERE id = {id}""");

    private static final Sql FORGET_VERIFICATION = Sql.of("""
            UPDATE {migration}
            SET phase = CASE phase WHEN {verified} THEN {phase} ELSE phase END, verified_at = NULL,
                verified_rows = NULL, verified_differences = NULL, fingerprint = NULL,
                default_null = NULL, default_unreadable = NULL, default_infinite = NULL, default_before = NULL,
                default_after = NULL
            WHERE id = {id}""");

    private static final Sql RECORD_DEFAULT_ROWS = Sql.of("""
            UPDATE {migration}
            SET default_null = {nulls}, default_unreadable = {unreadable}, default_infinite = {infinite},
                default_before = {before}, default_after = {after}
            WHERE id = {id}""");

    private static final Sql RECORD_DEFAULT_SHARE =
            Sql.of("UPDATE {migration} SET max_default_share = {percent}::pg_catalog.numeric WHERE id = {id}");

    private static final Sql DEFAULT_SHARE = Sql.of(
            "SELECT max_default_share::pg_catalog.text FROM {migration} WHERE id = {id} AND max_default_share IS NOT NULL");

    private static final Sql RECORD_SWAP = Sql.of("""
            UPDATE {migration}
            SET phase = {phase}, backup_table = {backup}, swapped_at = pg_catalog.clock_timestamp(), capture_triggers = {triggers},
                fingerprint = {fingerprint}, partitions = {partitions},
                caught_up_at = pg_catalog.clock_timestamp(), backup_verified_at = NULL, backup_differences = NULL
            WHERE id = {id}""");

    private static final Sql FORGET_SWAP = Sql.of("""
            UPDATE {migration}
            SET phase = {phase}, backup_table = NULL, swapped_at = NULL, lock_held_ms = NULL, capture_triggers = {triggers},
                fingerprint = {fingerprint}, partitions = NULL,
                caught_up_at = pg_catalog.clock_timestamp(), backup_verified_at = NULL, backup_differences = NULL
            WHERE id = {id}""");

    private static final Sql LOCK = Sql.of("SELECT FROM {migration} WHERE id = {id} FOR NO KEY UPDATE");

    private static final Sql MAKE_DURABLE =
            Sql.of("UPDATE {migration} SET phase = phase WHERE source_schema = {schema} AND source_table = {table}");

    /**
     * Nothing depends on it, so it waits for nobody: an operator who changes the tuning may have the row locked for
     * hours.
     */
    private static final Sql RECORD_CAUGHT_UP = Sql.of("""
            UPDATE {migration}
            SET caught_up_at = pg_catalog.clock_timestamp() - {milliseconds} * interval '1 millisecond'
            WHERE id = (SELECT m.id FROM {migration} AS m WHERE m.source_schema = {schema} AND m.source_table = {table}
                        FOR NO KEY UPDATE SKIP LOCKED)""");

    private static final Sql RECORD_LOCK_TIME = Sql.of("UPDATE {migration} SET lock_held_ms = {ms} WHERE id = {id}");

    private static final Sql RECORD_BACKUP_VERIFICATION = Sql.of("""
            UPDATE {migration}
            SET backup_verified_at = pg_catalog.clock_timestamp(), backup_differences = {differences},
                capture_triggers = CASE WHEN {differences} = 0 THEN {triggers} ELSE capture_triggers END,
                fingerprint = CASE WHEN {differences} = 0 THEN {fingerprint} ELSE fingerprint END,
                partitions = CASE WHEN {differences} = 0 THEN {partitions}::pg_catalog.jsonb ELSE partitions END
            WHERE id = {id}""");

    private static final Sql IS_FOUND_EQUAL = Sql.of("""
            SELECT phase = {phase} AND backup_differences = 0 FROM {migration} WHERE id = {id}""");

    private static final Sql RECORD_DROP = Sql.of("""
            UPDATE {migration} SET phase = {phase}, dropped_at = pg_catalog.clock_timestamp() WHERE id = {id}""");

    private static final Sql EXTEND_RANGE = Sql.of(
            "UPDATE {migration} SET range_until = {until}::pg_catalog.date WHERE id = {id} AND range_until < {until}::pg_catalog.date");

    /** Waits for nobody, as {@link #RECORD_CAUGHT_UP}: the next update records it. */
    private static final Sql RECORD_REACH = Sql.of("""
            UPDATE {migration} SET reach_ahead = {ahead}::integer, reach_until = {until}::pg_catalog.date
            WHERE id = (SELECT m.id FROM {migration} AS m WHERE m.id = {id} FOR NO KEY UPDATE SKIP LOCKED)""");

    private static final Sql KEPT =
            Sql.of("SELECT keep::pg_catalog.text FROM {migration} WHERE id = {id} AND keep IS NOT NULL");

    private static final Sql KEEP = Sql.of("UPDATE {migration} SET keep = {keep} WHERE id = {id}");

    private static final Sql TUNING = Sql.of("""
            SELECT t.key, t.value
            FROM {migration} AS m
            CROSS JOIN pg_catalog.jsonb_each_text(CASE pg_catalog.jsonb_typeof(m.tuning) WHEN 'object' THEN m.tuning END) AS t
            WHERE m.source_schema = {schema} AND m.source_table = {table}""");

    private static final Sql DELETE = Sql.of("DELETE FROM {migration} WHERE id = {id}");
    private static final Sql IS_EMPTY = Sql.of("SELECT NOT EXISTS (SELECT FROM {migration})");

    private final Session session;
    private final StateTables tables;

    public Migrations(Session session, StateTables tables) {
        this.session = session;
        this.tables = tables;
    }

    /** The migration of the table that the application knows as {@code source}; empty if there is none, or no state. */
    public Optional<Migration> find(QualifiedName source) throws SQLException {
        if (!session.queryBoolean(TABLE_EXISTS.with("table", tables.migration().quoted()))) {
            return Optional.empty();
        }
        return session.queryFirst(MigrationRow.query(tables, source), MigrationRow::read);
    }

    /** Every table that has a recorded migration, in whichever changelog it is; empty if there are no state tables. */
    public List<QualifiedName> sources() throws SQLException {
        if (!session.queryBoolean(TABLE_EXISTS.with("table", tables.migration().quoted()))) {
            return List.of();
        }
        return session.query(
                sql(SOURCES),
                row -> new QualifiedName(
                        new Identifier(row.getString("source_schema")), new Identifier(row.getString("source_table"))));
    }

    /**
     * The exchanges that are not over and have one of the given partitions among those that leave, or among those that
     * take their place.
     *
     * @param except the source of the exchange that is left out
     */
    public List<Migration> exchangesOf(Collection<Long> partitions, QualifiedName except) throws SQLException {
        if (!session.queryBoolean(TABLE_EXISTS.with("table", tables.migration().quoted()))) {
            return List.of();
        }
        List<QualifiedName> sources = session.query(
                sql(EXCHANGES_OF)
                        .with("over", Phase.DROPPED.word())
                        .with("schema", except.schema().name())
                        .with("table", except.name().name())
                        .with(
                                "tables",
                                partitions.stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}"))),
                row -> QualifiedName.of(row.getString("source_schema"), row.getString("source_table")));
        List<Migration> exchanges = new ArrayList<>();
        for (QualifiedName source : sources) {
            find(source).ifPresent(exchanges::add);
        }
        return exchanges;
    }

    /** @throws PartitionException when there is no migration, or it has not reached {@code phase} */
    public Migration require(QualifiedName source, Phase phase, String step) throws SQLException {
        Migration migration = find(source)
                .orElseThrow(() -> new PartitionException(
                        "%s found no migration of %s in %s. Nothing was changed. Run createPartitionedTable first; if it has run, check schemaName, tableName and Liquibase's own schema."
                                .formatted(step, source, tables.migration())));
        if (!migration.phase().isAtLeast(phase)) {
            throw new PartitionException(
                    "%s cannot run on %s yet: the migration is only <%s>, and it must be <%s>. Nothing was changed. Run the changesets before this one. Where they are recorded as run, somebody has rolled them back while an update recorded them: delete the records of this table's changesets from DATABASECHANGELOG and run update again; what is done is not done again."
                            .formatted(step, source, migration.phase().word(), phase.word()));
        }
        return migration;
    }

    /** The statement that records that capture is on, for execution and for review. */
    public static Sql startCaptureStatement(
            StateTables tables, QualifiedName source, Identifier delta, List<Identifier> key) {
        return START_CAPTURE
                .with("migration", tables.migration())
                .with("phase", Phase.CAPTURING.word())
                .with("delta", delta.name())
                .with("key", key.stream().map(Identifier::name).toArray(String[]::new))
                .with("schema", source.schema().name())
                .with("table", source.name().name());
    }

    public void endCapture(Migration migration) throws SQLException {
        session.update(phased(END_CAPTURE, Phase.PREPARED, migration));
    }

    public void setPhase(Migration migration, Phase phase) throws SQLException {
        session.update(phased(SET_PHASE, phase, migration));
    }

    public void startCopy(Migration migration, CopyPlan plan) throws SQLException {
        session.update(phased(START_COPY, Phase.COPYING, migration)
                .with("blocks", plan.blocks())
                .with("filenode", plan.filenode())
                .with("columns", plan.columnFingerprint()));
        if (!plan.heaps().isEmpty()) {
            session.update(sql(PLAN_HEAPS)
                    .with("id", migration.id())
                    .with("blocks", numbers(plan, HeapPlan::blocks))
                    .with("filenodes", numbers(plan, HeapPlan::filenode)));
        }
    }

    private static String[] numbers(CopyPlan plan, ToLongFunction<HeapPlan> number) {
        return plan.heaps().stream()
                .map(it -> Long.toString(number.applyAsLong(it)))
                .toArray(String[]::new);
    }

    /** @param rowsLeft whether the copy's rows are still in the new table */
    public void forgetCopy(Migration migration, boolean rowsLeft) throws SQLException {
        session.update(phased(FORGET_COPY, Phase.CAPTURING, migration).with("rowsLeft", rowsLeft));
    }

    /** Records that a later step starts the copy over; the mark stays until the tables have been compared again. */
    public void recordRestart(Migration migration) throws SQLException {
        session.update(sql(RECORD_RESTART).with("id", migration.id()));
    }

    /** Whether the copy began within the last {@code time}. */
    public boolean hasBegunCopyWithin(Migration migration, Duration time) throws SQLException {
        return session.queryBoolean(
                sql(HAS_BEGUN_COPY_WITHIN).with("milliseconds", time.toMillis()).with("id", migration.id()));
    }

    /** Whether rows of a forgotten copy are still in the new table. */
    public boolean hasLeftRows(Migration migration) throws SQLException {
        return session.queryBoolean(sql(HAS_LEFT_ROWS).with("id", migration.id()));
    }

    public void finishCopy(Migration migration) throws SQLException {
        session.update(phased(FINISH_COPY, Phase.COPIED, migration));
    }

    /**
     * Records the result of {@code verifyCopy}; the phase becomes VERIFIED only if nothing differed.
     *
     * @param misplaced whether too many rows are in the default partition, so that the tables do not count as verified
     *     although they are equal
     * @param triggers the triggers that captured changes when the comparison began
     * @param fingerprint the tables' fingerprint, which was the same when it began and when it ended
     */
    public void recordVerification(
            Migration migration,
            long rows,
            long differences,
            boolean misplaced,
            String[] triggers,
            String[] fingerprint)
            throws SQLException {
        boolean verified = differences == 0 && !misplaced;
        session.update(phased(RECORD_VERIFICATION, verified ? Phase.VERIFIED : Phase.REPLAYED, migration)
                .with("rows", rows)
                .with("differences", differences)
                .with("triggers", triggers)
                .with("fingerprint", fingerprint));
    }

    /** Records the share of rows, in percent, that the default partition may have. */
    public void recordDefaultShare(Migration migration, String percent) throws SQLException {
        session.update(sql(RECORD_DEFAULT_SHARE).with("percent", percent).with("id", migration.id()));
    }

    /** The share that was recorded last; empty if there is none. */
    public Optional<String> defaultShare(Migration migration) throws SQLException {
        return session.queryStrings(sql(DEFAULT_SHARE).with("id", migration.id())).stream()
                .findFirst();
    }

    /** Records how many rows the default partition has, and why. */
    public void recordDefaultRows(Migration migration, DefaultRows rows) throws SQLException {
        session.update(sql(RECORD_DEFAULT_ROWS)
                .with("nulls", rows.nulls())
                .with("unreadable", rows.unreadable())
                .with("infinite", rows.infinite())
                .with("before", rows.before())
                .with("after", rows.after())
                .with("id", migration.id()));
    }

    public void forgetVerification(Migration migration) throws SQLException {
        session.update(phased(FORGET_VERIFICATION, Phase.REPLAYED, migration).with("verified", Phase.VERIFIED.word()));
    }

    /**
     * The statement that records the swap and runs in its transaction.
     *
     * @param triggers an expression for the triggers that capture changes from now on
     * @param fingerprint an expression for the tables' fingerprint at that moment
     * @param partitions an expression for the partitions that the swap leaves
     */
    public Sql swapStatement(Migration migration, Identifier backup, Sql triggers, Sql fingerprint, Sql partitions) {
        return phased(RECORD_SWAP, Phase.SWAPPED, migration)
                .with("backup", backup.name())
                .with("triggers", triggers)
                .with("fingerprint", fingerprint)
                .with("partitions", partitions);
    }

    /** After the reverse swap the new table equals the source again, so the migration is VERIFIED as before. */
    public Sql reverseSwapStatement(Migration migration, Sql triggers, Sql fingerprint) {
        return phased(FORGET_SWAP, Phase.VERIFIED, migration)
                .with("triggers", triggers)
                .with("fingerprint", fingerprint);
    }

    /**
     * The statement that locks the record of a migration, for a transaction that writes it while others wait: an
     * operator who changes the tuning may have it locked.
     */
    public Sql lockStatement(Migration migration) {
        return sql(LOCK).with("id", migration.id());
    }

    /**
     * Commits something, so that everything that was committed without waiting for the disk is on the disk, as the
     * server's settings require.
     */
    public void makeDurable(QualifiedName source) throws SQLException {
        session.update(sql(MAKE_DURABLE)
                .with("schema", source.schema().name())
                .with("table", source.name().name()));
    }

    /** Records that every change that was committed this many milliseconds ago has been replayed. */
    public void recordCaughtUp(QualifiedName source, long milliseconds) throws SQLException {
        session.update(sql(RECORD_CAUGHT_UP)
                .with("milliseconds", milliseconds)
                .with("schema", source.schema().name())
                .with("table", source.name().name()));
    }

    public void recordLockTime(Migration migration, long milliseconds) throws SQLException {
        session.update(sql(RECORD_LOCK_TIME).with("ms", milliseconds).with("id", migration.id()));
    }

    /**
     * Records the result of a comparison of the backup with the live table.
     *
     * @param triggers the triggers that captured changes when it began
     * @param fingerprint the tables' fingerprint, which was the same when it began and when it ended
     * @param partitions the live table's partitions when it began
     */
    public void recordBackupVerification(
            Migration migration, long differences, String[] triggers, String[] fingerprint, String partitions)
            throws SQLException {
        session.update(sql(RECORD_BACKUP_VERIFICATION)
                .with("differences", differences)
                .with("triggers", triggers)
                .with("fingerprint", fingerprint)
                .with("partitions", partitions)
                .with("id", migration.id()));
    }

    /** Whether the table is swapped and the last recorded comparison since found the backup equal to the live table. */
    public boolean isFoundEqual(Migration migration) throws SQLException {
        return session.queryBoolean(phased(IS_FOUND_EQUAL, Phase.SWAPPED, migration));
    }

    /** Records that every interval up to that day, without it, has had its partition. */
    public Sql extendRangeStatement(Migration migration, LocalDate until) {
        return sql(EXTEND_RANGE).with("until", until.toString()).with("id", migration.id());
    }

    /** How many intervals were to stay in the table at the last update; empty if all. */
    public Optional<Retention> retention(Migration migration) throws SQLException {
        return session.queryStrings(sql(KEPT).with("id", migration.id())).stream()
                .findFirst()
                .map(Retention::parse);
    }

    /** Records how many intervals stay in the table, for those who watch the table without a changelog. */
    public Sql keepStatement(Migration migration, Retention retention) {
        return sql(KEEP).with("keep", retention.keep()).with("id", migration.id());
    }

    /**
     * Records how far the partitions shall reach, for those who watch the table without a changelog.
     *
     * @param runway as it is asked for now
     */
    public Sql reachStatement(Migration migration, Runway runway) {
        return sql(RECORD_REACH)
                .with("ahead", runway.ahead().orElse(null))
                .with(
                        "until",
                        runway.followsTheClock()
                                ? null
                                : runway.end(migration.spec().layout().interval(), LocalDate.EPOCH)
                                        .toString())
                .with("id", migration.id());
    }

    public void recordDrop(Migration migration) throws SQLException {
        session.update(phased(RECORD_DROP, Phase.DROPPED, migration));
    }

    /** The settings that somebody has written into {@code tuning}, by name; a JSON null is null. */
    public Map<String, String> tuning(QualifiedName source) throws SQLException {
        Map<String, String> tuning = new HashMap<>();
        session.query(
                        sql(TUNING)
                                .with("schema", source.schema().name())
                                .with("table", source.name().name()),
                        row -> new String[] {row.getString("key"), row.getString("value")})
                .forEach(entry -> tuning.put(entry[0], entry[1]));
        return tuning;
    }

    /** Forgets the migration. The state tables go with the last one. */
    public void delete(Migration migration) throws SQLException {
        session.update(sql(DELETE).with("id", migration.id()));
        if (session.queryBoolean(sql(IS_EMPTY))) {
            session.updateAll(tables.dropStatements());
        }
    }

    private Sql sql(Sql template) {
        return template.with("migration", tables.migration());
    }

    private Sql phased(Sql template, Phase phase, Migration migration) {
        return sql(template).with("phase", phase.word()).with("id", migration.id());
    }
}
