package liquibase.ext.partition.engine.upkeep;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Runway;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.state.StateTables;

/**
 * The server's answer to the question about the partitions of a table: which intervals were made once, which
 * partitions exist now, what time it is, how far they were to reach at the last update, and whether a killed run has
 * left its CHECK.
 *
 * <p>Until the backup is dropped, the table is the one that the migration has made. Later it is the one that has the
 * name: a database that was dumped and restored has given it another oid.
 *
 * <p>An interval that was made once and has no partition now was taken out by somebody. It is not made again while a
 * way back rests on it, nor if it has passed. Once the backup is gone, one that is still to come is made again.
 *
 * @param layout up to the end of what was made without a gap
 * @param oid of the partitioned table; 0 if there is none
 * @param present the names of the partitions, or children
 * @param reach how far the partitions were to reach at the last update; empty if none has asked for any
 * @param leftCheck whether the default partition seems to have the CHECK of a {@link DefaultRange}; only a run that was
 *     killed leaves it, or one that is under way
 */
public record MissingPartitions(
        PartitionLayout layout,
        Phase phase,
        long oid,
        Instant now,
        Set<String> present,
        Optional<Runway> reach,
        boolean leftCheck) {
    /** A year of days, and then some: more in one run are asked for by mistake, or by a clock that is wrong. */
    static final int MOST_IN_A_RUN = 500;

    private static final Sql EXISTS = Sql.of("SELECT pg_catalog.to_regclass({migration}) IS NOT NULL");

    private static final Sql IS_PARTITIONED = Sql.of(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_partitioned_table WHERE partrelid = pg_catalog.to_regclass({table}))");

    private static final Sql QUESTION = Sql.of("""
            SELECT m.phase, m.partition_prefix, m.partition_interval, m.range_from, m.range_until, m.reach_ahead, m.reach_until,
                   pg_catalog.clock_timestamp() AS now, coalesce(t.oid, 0)::bigint AS oid,
                   ARRAY(SELECT c.relname::pg_catalog.text
                         FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
                         WHERE i.inhparent = t.oid) AS present,
                   EXISTS (SELECT FROM pg_catalog.pg_partitioned_table AS p
                           JOIN pg_catalog.pg_constraint AS k ON k.conrelid = p.partdefid
                           WHERE p.partrelid = t.oid AND k.contype = 'c'
                             AND pg_catalog.right(k.conname::pg_catalog.text, {length}) = {suffix}) AS left_check
            FROM {migration} AS m
            LEFT JOIN LATERAL (
              SELECT m.new_oid::pg_catalog.oid AS oid WHERE m.phase <> {dropped}
              UNION ALL
              SELECT c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
              WHERE m.phase = {dropped} AND n.nspname = m.source_schema AND c.relname = m.source_table AND c.relkind IN ('r', 'p')
            ) AS t ON true
            WHERE m.source_schema = {schema} AND m.source_table = {table}""");

    /**
     * The names of the partitions that are missing, in order. Takes no lock.
     *
     * @throws PartitionException when too many are missing, or the table is partitioned and not by a migration
     */
    public static List<Identifier> names(Session session, StateTables state, QualifiedName source, Runway runway)
            throws SQLException {
        return ask(session, state, source).map(it -> it.upTo(runway)).orElse(List.of()).stream()
                .map(Partition::name)
                .toList();
    }

    /**
     * Asks the server; empty if no migration of the table has begun. Takes no lock.
     *
     * @throws PartitionException when the table is partitioned, and not by a migration: without a word, its months
     *     would run out although a changelog says that they are made
     */
    static Optional<MissingPartitions> ask(Session session, StateTables state, QualifiedName source)
            throws SQLException {
        Optional<MissingPartitions> answer =
                session.queryBoolean(EXISTS.with("migration", state.migration().quoted()))
                        ? session.queryFirst(
                                QUESTION.with("migration", state.migration())
                                        .with("schema", source.schema().name())
                                        .with("table", source.name().name())
                                        .with("length", DefaultRange.SUFFIX.length())
                                        .with("suffix", DefaultRange.SUFFIX)
                                        .with("dropped", Phase.DROPPED.word()),
                                MissingPartitions::read)
                        : Optional.empty();
        if (answer.isEmpty() && session.queryBoolean(IS_PARTITIONED.with("table", source.quoted()))) {
            throw new PartitionException(
                    "%s is partitioned already, and no migration of it is recorded in %s. Nothing was made. addPartitions makes partitions of tables that createPartitionedTable has partitioned, in this database and with this schema of Liquibase. Take the changeset out, and let whatever has partitioned the table make its partitions; or restore the record, if it is lost."
                            .formatted(source, state.migration()));
        }
        return answer;
    }

    private static MissingPartitions read(ResultSet row) throws SQLException {
        return new MissingPartitions(
                new PartitionLayout(
                        row.getString("partition_prefix"),
                        PartitionInterval.parse(row.getString("partition_interval")),
                        row.getObject("range_from", LocalDate.class),
                        row.getObject("range_until", LocalDate.class)),
                Phase.parse(row.getString("phase")),
                row.getLong("oid"),
                row.getObject("now", OffsetDateTime.class).toInstant(),
                Arrays.stream((String[]) row.getArray("present").getArray()).collect(Collectors.toSet()),
                reach(row),
                row.getBoolean("left_check"));
    }

    private static Optional<Runway> reach(ResultSet row) throws SQLException {
        Integer ahead = row.getObject("reach_ahead", Integer.class);
        LocalDate until = row.getObject("reach_until", LocalDate.class);
        return ahead == null
                ? Optional.ofNullable(until).map(it -> Runway.until(it.toString()))
                : Optional.of(Runway.ahead(ahead));
    }

    /** Today's date in UTC, by the server's clock. */
    public LocalDate today() {
        return now.atOffset(ZoneOffset.UTC).toLocalDate();
    }

    /** Whether that runway is the one that was asked for at the last update. */
    boolean isRecorded(Runway runway) {
        return reach.filter(it -> it.followsTheClock() == runway.followsTheClock()
                        && (runway.followsTheClock()
                                ? it.equals(runway)
                                : it.end(layout.interval(), today()).equals(runway.end(layout.interval(), today()))))
                .isPresent();
    }

    /**
     * The partitions that are missing, in order.
     *
     * @throws PartitionException when they are too many to be meant
     * @throws IllegalArgumentException with a message for people, when no interval begins at the runway's end
     */
    List<Partition> upTo(Runway runway) {
        LocalDate today = today();
        LocalDate end = runway.end(layout.interval(), today);
        Stream<Partition> takenOut = phase.isAtLeast(Phase.DROPPED)
                ? layout.partitions().stream()
                        .filter(it -> it.to().isAfter(today) && !it.from().isAfter(end))
                        .filter(it -> !present.contains(it.name().name()))
                : Stream.empty();
        List<Partition> missing =
                Stream.concat(takenOut, neverMade(end).stream()).toList();
        if (missing.size() > MOST_IN_A_RUN) {
            throw new PartitionException(
                    "%d partitions %s… are missing until %s, and one run makes no more than %d. Nothing was made. %s"
                            .formatted(
                                    missing.size(),
                                    layout.prefix(),
                                    end,
                                    MOST_IN_A_RUN,
                                    runway.followsTheClock()
                                            ? "By the server's clock it is %s; set it if that is wrong. Or else make the first of them with until instead of ahead."
                                                    .formatted(today)
                                            : "Correct until; or bring it nearer, and further with later runs."));
        }
        return missing;
    }

    private List<Partition> neverMade(LocalDate end) {
        return layout.until().isBefore(end)
                ? new PartitionLayout(layout.prefix(), layout.interval(), layout.until(), end).partitions()
                : List.of();
    }
}
