package liquibase.ext.partition.engine.upkeep;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
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
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.state.StateTables;

/**
 * The server's answer to one question about the partitions of a table: which intervals were made once, which partitions
 * exist now, what day it is, and whether a killed run has left its CHECK.
 *
 * <p>An interval that was made once and has no partition now was taken out by somebody. It is not made again while a
 * way back rests on it, nor if it has passed. Once the backup is gone, one that is still to come is made again.
 *
 * @param layout up to the end of what was made without a gap
 * @param present the names of the partitions, or children
 * @param leftCheck whether the default partition seems to have the CHECK of a {@link DefaultRange}; only a run that was
 *     killed leaves it, or one that is under way
 */
public record MissingPartitions(
        PartitionLayout layout, Phase phase, LocalDate today, Set<String> present, boolean leftCheck) {
    /** A year of days, and then some: more in one run are asked for by mistake, or by a clock that is wrong. */
    static final int MOST_IN_A_RUN = 500;

    private static final Sql QUESTION = Sql.of("""
            SELECT m.phase, m.partition_prefix, m.partition_interval, m.range_from, m.range_until,
                   (pg_catalog.clock_timestamp() AT TIME ZONE 'UTC')::pg_catalog.date AS today,
                   ARRAY(SELECT c.relname::pg_catalog.text
                         FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
                         WHERE i.inhparent = m.new_oid::pg_catalog.oid) AS present,
                   EXISTS (SELECT FROM pg_catalog.pg_partitioned_table AS p
                           JOIN pg_catalog.pg_constraint AS k ON k.conrelid = p.partdefid
                           WHERE p.partrelid = m.new_oid::pg_catalog.oid AND k.contype = 'c'
                             AND pg_catalog.right(k.conname::pg_catalog.text, {length}) = {suffix}) AS left_check
            FROM {migration} AS m
            WHERE m.source_schema = {schema} AND m.source_table = {table}""");

    /**
     * The names of the partitions that are missing, in order. One question, which takes no lock.
     *
     * @throws PartitionException when too many are missing
     */
    public static List<Identifier> names(Session session, StateTables state, QualifiedName source, Runway runway)
            throws SQLException {
        return ask(session, state, source).map(it -> it.upTo(runway)).orElse(List.of()).stream()
                .map(Partition::name)
                .toList();
    }

    /** Asks the server; empty if no migration of the table has begun. Takes no lock. */
    static Optional<MissingPartitions> ask(Session session, StateTables state, QualifiedName source)
            throws SQLException {
        try {
            return session.queryFirst(
                    QUESTION.with("migration", state.migration())
                            .with("schema", source.schema().name())
                            .with("table", source.name().name())
                            .with("length", DefaultRange.SUFFIX.length())
                            .with("suffix", DefaultRange.SUFFIX),
                    MissingPartitions::read);
        } catch (SQLException e) {
            if (SqlState.UNDEFINED_TABLE.matches(e)) {
                // There are no state tables, so no migration has begun.
                return Optional.empty();
            }
            throw e;
        }
    }

    private static MissingPartitions read(ResultSet row) throws SQLException {
        return new MissingPartitions(
                new PartitionLayout(
                        row.getString("partition_prefix"),
                        PartitionInterval.parse(row.getString("partition_interval")),
                        row.getObject("range_from", LocalDate.class),
                        row.getObject("range_until", LocalDate.class)),
                Phase.parse(row.getString("phase")),
                row.getObject("today", LocalDate.class),
                Arrays.stream((String[]) row.getArray("present").getArray()).collect(Collectors.toSet()),
                row.getBoolean("left_check"));
    }

    /**
     * The partitions that are missing, in order.
     *
     * @throws PartitionException when they are too many to be meant
     * @throws IllegalArgumentException with a message for people, when no interval begins at the runway's end
     */
    List<Partition> upTo(Runway runway) {
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
