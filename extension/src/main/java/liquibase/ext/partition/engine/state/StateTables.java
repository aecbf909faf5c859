package liquibase.ext.partition.engine.state;

import java.util.Arrays;
import java.util.List;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The tables and the view that hold the state, and the statements that make and drop them.
 *
 * @param schema Liquibase's own schema
 */
public record StateTables(Identifier schema) {
    private static final Sql CREATE_MIGRATION = Sql.of("""
            CREATE TABLE IF NOT EXISTS {migration} (
              id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
              source_schema pg_catalog.text NOT NULL,
              source_table pg_catalog.text NOT NULL,
              new_table pg_catalog.text NOT NULL,
              partition_columns pg_catalog.text[] NOT NULL,
              text_format pg_catalog.text,
              epoch pg_catalog.text,
              key_time pg_catalog.text,
              combined_column pg_catalog.text,
              partition_prefix pg_catalog.text NOT NULL,
              partition_schema pg_catalog.text,
              partition_interval pg_catalog.text NOT NULL,
              range_from pg_catalog.date NOT NULL,
              range_until pg_catalog.date NOT NULL,
              reach_ahead integer,
              reach_until pg_catalog.date,
              keep integer,
              routing pg_catalog.text NOT NULL,
              incoming_foreign_keys pg_catalog.text NOT NULL,
              converted_columns pg_catalog.text[] NOT NULL,
              converted_types pg_catalog.text[] NOT NULL,
              converted_using pg_catalog.text[] NOT NULL,
              converted_reverse_using pg_catalog.text[] NOT NULL,
              phase pg_catalog.text NOT NULL,
              source_oid bigint NOT NULL,
              new_oid bigint NOT NULL,
              delta_table pg_catalog.text,
              key_columns pg_catalog.text[],
              capture_triggers pg_catalog.text[],
              fingerprint pg_catalog.text[],
              partitions pg_catalog.jsonb,
              caught_up_at pg_catalog.timestamptz,
              source_blocks bigint,
              source_filenode bigint,
              source_columns pg_catalog.text,
              restarting boolean NOT NULL DEFAULT false,
              backup_table pg_catalog.text,
              tuning pg_catalog.jsonb,
              started_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
              copy_started_at pg_catalog.timestamptz,
              copied_at pg_catalog.timestamptz,
              verified_at pg_catalog.timestamptz,
              verified_rows bigint,
              verified_differences bigint,
              max_default_share pg_catalog.numeric,
              default_null bigint,
              default_unreadable bigint,
              default_infinite bigint,
              default_before bigint,
              default_after bigint,
              swapped_at pg_catalog.timestamptz,
              lock_held_ms bigint,
              backup_verified_at pg_catalog.timestamptz,
              backup_differences bigint,
              dropped_at pg_catalog.timestamptz,
              UNIQUE (source_schema, source_table)
            )""");

    /**
     * Chunks differ in size, so the key alone would allow claiming a chunk that overlaps another one, on which a killed
     * runner's backend may still be at work. The constraint forbids it, whichever claim is committed yet. It needs no
     * extension: a table has fewer than 2^32 blocks, so migration and block fit into one number, a migration's blocks
     * are one range of such numbers, and no range reaches into another migration's.
     */
    private static final Sql CREATE_CHUNK = Sql.of("""
            CREATE TABLE IF NOT EXISTS {chunk} (
              migration_id bigint NOT NULL REFERENCES {migration} ON DELETE CASCADE,
              from_block bigint NOT NULL,
              to_block bigint NOT NULL,
              CHECK (from_block >= 0 AND from_block < to_block AND to_block < 4294967296),
              rows_copied bigint NOT NULL,
              started_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
              finished_at pg_catalog.timestamptz,
              PRIMARY KEY (migration_id, from_block),
              EXCLUDE USING gist (pg_catalog.int8range((migration_id << 32) + from_block, (migration_id << 32) + to_block) WITH OPERATOR(pg_catalog.&&))
            )""");

    private static final Sql CREATE_FOREIGN_KEY = Sql.of("""
            CREATE TABLE IF NOT EXISTS {foreignKey} (
              migration_id bigint NOT NULL REFERENCES {migration} ON DELETE CASCADE,
              incoming boolean NOT NULL,
              referring_oid bigint NOT NULL,
              referring_schema pg_catalog.text NOT NULL,
              referring_table pg_catalog.text NOT NULL,
              name pg_catalog.text NOT NULL,
              referring_columns smallint[],
              definition pg_catalog.text NOT NULL,
              validated boolean NOT NULL,
              enforced boolean NOT NULL,
              kept boolean NOT NULL,
              comment pg_catalog.text,
              PRIMARY KEY (migration_id, incoming, referring_oid, name)
            )""");

    private static final Sql CREATE_SEQUENCE = Sql.of("""
            CREATE TABLE IF NOT EXISTS {sequence} (
              migration_id bigint NOT NULL REFERENCES {migration} ON DELETE CASCADE,
              sequence_oid bigint NOT NULL,
              name pg_catalog.text NOT NULL,
              increment bigint,
              options pg_catalog.text,
              narrower_type pg_catalog.text,
              PRIMARY KEY (migration_id, sequence_oid)
            )""");

    /** A row for each partition that was taken out of its table, which stays when it is put back or dropped. */
    private static final Sql CREATE_RETIREMENT = Sql.of("""
            CREATE TABLE IF NOT EXISTS {retirement} (
              id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
              migration_id bigint NOT NULL REFERENCES {migration} ON DELETE CASCADE,
              partition_oid bigint NOT NULL,
              partition_schema pg_catalog.text NOT NULL,
              partition_name pg_catalog.text NOT NULL,
              bound pg_catalog.text,
              retired_schema pg_catalog.text NOT NULL,
              way pg_catalog.text NOT NULL,
              state pg_catalog.text NOT NULL,
              batch pg_catalog.text NOT NULL,
              left_in pg_catalog.text NOT NULL,
              guard pg_catalog.text,
              dropped_in pg_catalog.text,
              dropped_at pg_catalog.timestamptz,
              archive_directory pg_catalog.text,
              archive_sha256 pg_catalog.text,
              archived_rows bigint,
              archived_at pg_catalog.timestamptz,
              archived_in pg_catalog.text,
              archive_host pg_catalog.text,
              archive_token pg_catalog.text,
              archive_number integer NOT NULL DEFAULT 1,
              earlier_archive pg_catalog.text,
              archive_tablespace pg_catalog.text,
              former_tablespace pg_catalog.text,
              detached_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
            )""");

    /**
     * The delta backlog is the statistics' estimate, because a view cannot count a table whose name is in a row. The
     * age is an upper bound for the keys in it; for their true age, writers would have to write the time with each key.
     * The view looks the table up in the catalog by its name, since to_regclass is an error for a role that may read
     * the view but not look into the table's schema.
     *
     * <p>The partitions of the live table are counted by their names. {@code intervals_ahead} is the number of those
     * that follow the present interval without a gap: -1 if the present one has no partition itself.
     */
    private static final Sql CREATE_PROGRESS = Sql.of("""
            CREATE OR REPLACE VIEW {progress} AS
            SELECT m.source_schema, m.source_table, m.phase,
                   pg_catalog.round(100.0 * c.blocks / nullif(m.source_blocks, 0), 1) AS per_cent,
                   c.chunks AS chunks_done, c.rows AS rows_copied,
                   pg_catalog.round(c.rows / nullif(extract(epoch FROM c.last_finished - c.first_started), 0)) AS rows_per_second,
                   CASE WHEN m.phase = 'copying' AND c.blocks > 0 THEN
                     (c.last_finished - c.first_started) * ((m.source_blocks - c.blocks)::pg_catalog.float8 / c.blocks)
                   END AS eta,
                   d.rows AS delta_backlog, d.bytes AS delta_bytes,
                   CASE WHEN d.rows > 0 THEN pg_catalog.clock_timestamp() - m.caught_up_at END AS delta_age,
                   m.started_at, m.copied_at, m.verified_at, m.verified_differences,
                   m.default_null, m.default_unreadable, m.default_infinite, m.default_before, m.default_after,
                   m.swapped_at, m.lock_held_ms, m.dropped_at,
                   m.reach_ahead, m.reach_until, a.intervals_ahead, a.partitions_until,
                   p.partitions, p.bytes AS partition_bytes, p.largest AS largest_partition, p.largest_bytes AS largest_partition_bytes,
                   p.default_bytes AS default_partition_bytes
            FROM {migration} AS m
            LEFT JOIN LATERAL (
              SELECT pg_catalog.count(*) AS chunks, coalesce(pg_catalog.sum(k.to_block - k.from_block), 0) AS blocks,
                     coalesce(pg_catalog.sum(k.rows_copied), 0) AS rows,
                     pg_catalog.min(k.started_at) AS first_started, pg_catalog.max(k.finished_at) AS last_finished
              FROM {chunk} AS k WHERE k.migration_id = m.id
            ) AS c ON true
            LEFT JOIN LATERAL (
              SELECT pg_catalog.sum(pg_catalog.pg_stat_get_live_tuples(s.oid))::bigint AS rows,
                     pg_catalog.sum(pg_catalog.pg_total_relation_size(s.oid))::bigint AS bytes
              FROM (SELECT r.oid FROM pg_catalog.pg_class AS r JOIN pg_catalog.pg_namespace AS n ON n.oid = r.relnamespace
                    WHERE n.nspname = m.source_schema AND r.relname = m.delta_table) AS t
              CROSS JOIN LATERAL (
                SELECT t.oid UNION ALL SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = t.oid
              ) AS s (oid)
            ) AS d ON true
            LEFT JOIN LATERAL (
              SELECT pg_catalog.count(*) AS partitions, pg_catalog.sum(s.bytes)::bigint AS bytes,
                     (pg_catalog.array_agg(s.relname ORDER BY s.bytes DESC, s.relname))[1]::pg_catalog.text AS largest, pg_catalog.max(s.bytes) AS largest_bytes,
                     pg_catalog.max(s.bytes) FILTER (WHERE s.relname = m.partition_prefix || 'default') AS default_bytes,
                     pg_catalog.array_agg(s.relname::pg_catalog.text) AS names
              FROM (SELECT r.relname, pg_catalog.pg_total_relation_size(r.oid) AS bytes
                    FROM pg_catalog.pg_class AS l JOIN pg_catalog.pg_namespace AS n ON n.oid = l.relnamespace
                    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = l.oid JOIN pg_catalog.pg_class AS r ON r.oid = i.inhrelid
                    WHERE n.nspname = m.source_schema AND l.relname = m.source_table) AS s
            ) AS p ON m.phase IN ('swapped', 'dropped')
            LEFT JOIN LATERAL (
              SELECT pg_catalog.count(*) - 1 AS intervals_ahead, pg_catalog.max(w.next)::pg_catalog.date AS partitions_until
              FROM (SELECT s.start, s.start + t.step AS next,
                           pg_catalog.bool_and(m.partition_prefix || pg_catalog.to_char(s.start, t.pattern) = ANY (p.names)) OVER (ORDER BY s.start) AS covered
                    FROM (SELECT pg_catalog.date_trunc(m.partition_interval, pg_catalog.clock_timestamp() AT TIME ZONE 'UTC') AS present,
                                 CASE m.partition_interval WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || m.partition_interval)::interval END AS step,
                                 {pattern} AS pattern) AS t
                    CROSS JOIN pg_catalog.generate_series(t.present, greatest(m.range_until, t.present), t.step) AS s (start)) AS w
              WHERE w.covered
            ) AS a ON p.names IS NOT NULL""");

    private static final Sql PATTERN = Sql.of("CASE m.partition_interval {patterns} END");
    private static final Sql PATTERN_OF = Sql.of("WHEN {interval} THEN {pattern}");

    private static final Sql DROP_VIEW = Sql.of("DROP VIEW IF EXISTS {progress}");
    private static final Sql DROP_TABLES =
            Sql.of("DROP TABLE IF EXISTS {retirement}, {sequence}, {foreignKey}, {chunk}, {migration}");

    public QualifiedName migration() {
        return named("partition_migration");
    }

    public QualifiedName chunk() {
        return named("partition_chunk");
    }

    public QualifiedName foreignKey() {
        return named("partition_foreign_key");
    }

    public QualifiedName sequence() {
        return named("partition_sequence");
    }

    public QualifiedName retirement() {
        return named("partition_retirement");
    }

    /** The tables, in the order in which they refer to each other. */
    public List<QualifiedName> all() {
        return List.of(migration(), chunk(), foreignKey(), sequence(), retirement());
    }

    public QualifiedName progress() {
        return named("partition_progress");
    }

    /**
     * Statements that make what is missing; safe to repeat. All of it belongs to its owner alone, whatever default
     * privileges say: a role that may write {@code tuning} runs SQL as Liquibase's role. Grants that somebody makes
     * afterwards stay, such as SELECT on the view for monitoring.
     */
    public List<Sql> createStatements() {
        return List.of(
                Seclusion.made(migration(), CREATE_MIGRATION.with("migration", migration())),
                Seclusion.made(chunk(), CREATE_CHUNK.with("chunk", chunk()).with("migration", migration())),
                Seclusion.made(
                        foreignKey(),
                        CREATE_FOREIGN_KEY.with("foreignKey", foreignKey()).with("migration", migration())),
                Seclusion.made(
                        sequence(), CREATE_SEQUENCE.with("sequence", sequence()).with("migration", migration())),
                createRetirement(),
                Seclusion.made(
                        progress(),
                        CREATE_PROGRESS
                                .with("progress", progress())
                                .with("migration", migration())
                                .with("chunk", chunk())
                                .with("pattern", suffixPattern())));
    }

    /** How the names of a migration's partitions end, as a pattern of {@code to_char}. */
    private static Sql suffixPattern() {
        return PATTERN.with(
                "patterns",
                Sql.join(
                        " ",
                        Arrays.stream(PartitionInterval.values())
                                .map(it -> PATTERN_OF
                                        .with("interval", Sql.literal(it.word()))
                                        .with("pattern", Sql.literal(it.suffixPattern())))
                                .toList()));
    }

    /** The one of {@link #createStatements} for retired partitions, which an earlier version has not made. */
    public Sql createRetirement() {
        return Seclusion.made(
                retirement(), CREATE_RETIREMENT.with("retirement", retirement()).with("migration", migration()));
    }

    /** Statements that remove everything; safe to repeat. */
    public List<Sql> dropStatements() {
        return List.of(
                DROP_VIEW.with("progress", progress()),
                DROP_TABLES
                        .with("retirement", retirement())
                        .with("sequence", sequence())
                        .with("foreignKey", foreignKey())
                        .with("chunk", chunk())
                        .with("migration", migration()));
    }

    private QualifiedName named(String name) {
        return new QualifiedName(schema, new Identifier(name));
    }
}
