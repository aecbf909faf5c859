package liquibase.ext.partition.engine.verify;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.KnownPartitions;
import liquibase.ext.partition.engine.delta.KnownPartitions.What;
import liquibase.ext.partition.engine.delta.RowMatch;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.target.Partition;
import liquibase.ext.partition.engine.target.PartitionLayout;
import liquibase.ext.partition.engine.target.Routing;
import liquibase.ext.partition.engine.target.RowShape;

/**
 * Partitions of the live table that are not what the swap left, each with what to do about the rows that went or came with it. Only a
 * person knows whether a month was dropped for good or by mistake, so nothing is decided here.
 *
 * <p>Every remedy either brings rows back into the live table, or writes keys into the delta table, by which the live table is right and
 * the backup follows it. The delta table takes any key without harm: the replay goes by what the live table has then.
 */
public final class BackupDifference {
    private static final Sql INSIDE = Sql.of("{time} >= {from}::timestamp AND {time} < {to}::timestamp");
    private static final Sql OUTSIDE = Sql.of("({time} >= {from}::timestamp AND {time} < {to}::timestamp) IS NOT TRUE");

    private static final Sql GONE = Sql.of("""
            FROM {backup} AS b WHERE {range} AND NOT EXISTS (SELECT FROM {live} AS l WHERE {sameRow})""");

    /**
     * Without those that were written since the swap: the backup has them as they were, also where they have moved to another month or
     * were deleted since.
     */
    private static final Sql BRING_BACK = Sql.of("""
            INSERT INTO {live} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} {gone}\
             AND NOT EXISTS (SELECT FROM {delta} AS d WHERE {captured})""");

    private static final Sql FORGET = Sql.of("INSERT INTO {delta} ({columns}) SELECT {values} {gone}");
    private static final Sql CAPTURE = Sql.of("INSERT INTO {delta} ({columns}) SELECT {columns} FROM {partition}");
    private static final Sql ATTACH = Sql.of("ALTER TABLE {live} ATTACH PARTITION {partition} {bound}");
    private static final Sql INHERIT = Sql.of("ALTER TABLE {partition} INHERIT {live}");

    private final Migration migration;
    private final Capture capture;
    private final QualifiedName backup;
    private final Table old;
    private final RowMatch match;

    private BackupDifference(Migration migration, QualifiedName backup, Table old, RowMatch match) {
        this.migration = migration;
        this.capture = Capture.of(migration);
        this.backup = backup;
        this.old = old;
        this.match = match;
    }

    /**
     * A line for each partition, with its remedies; empty where all are what the swap left. One whose trigger was disabled is left out:
     * that is said of the table.
     */
    public static String lines(StepRun run, Migration migration) throws SQLException {
        List<KnownPartitions.Change> changes = KnownPartitions.changesSinceSwap(run, migration).stream()
                .filter(change -> change.what() != What.NOT_CAPTURED)
                .toList();
        if (changes.isEmpty()) {
            return "";
        }
        TableReader reader = new TableReader(run.session());
        QualifiedName backup =
                migration.source().sibling(migration.backupTableName().orElseThrow());
        Table old = reader.require(backup);
        BackupDifference difference = new BackupDifference(
                migration, backup, old, RowMatch.of(reader, migration, old, reader.require(migration.source())));
        StringBuilder lines = new StringBuilder();
        changes.forEach(change -> lines.append("\n  ").append(difference.line(change)));
        return lines.toString();
    }

    /** {@link #lines}, as the rest of a sentence about differences; empty where all partitions are what the swap left. */
    public static String advice(StepRun run, Migration migration) throws SQLException {
        String lines = lines(run, migration);
        return lines.isEmpty()
                ? ""
                : " Partitions are not what the swap left; do one of these for each, then run update again:%s\n"
                        .formatted(lines);
    }

    /** In words, what has become of the partitions. */
    public static String words(List<KnownPartitions.Change> changes) {
        return String.join(", ", changes.stream().map(BackupDifference::words).toList());
    }

    private static String words(KnownPartitions.Change change) {
        String name = change.knownAs().toString();
        return name
                + switch (change.what()) {
                    case ADDED -> " was attached";
                    case DROPPED -> " was dropped";
                    case DETACHED ->
                        change.name().equals(change.knownAs())
                                ? " was detached"
                                : " was detached, and is " + change.name() + " now";
                    case ATTACHED_AGAIN -> " was detached and attached again";
                    case REWRITTEN -> " was rewritten, as by TRUNCATE or VACUUM FULL";
                    case NOT_CAPTURED -> " was not captured for a while";
                };
    }

    /** The statement that has the rows captured which {@code partition} has, for people. */
    public static String captureStatement(Capture capture, QualifiedName partition) {
        return CAPTURE.with("delta", capture.delta())
                .with("columns", Sql.list(capture.columns()))
                .with("partition", partition)
                .script();
    }

    private String line(KnownPartitions.Change change) {
        boolean there = change.what() != What.DROPPED && change.what() != What.DETACHED;
        List<String> parts = new ArrayList<>();
        if (there) {
            parts.add("To go by what it has now: " + captureStatement(capture, change.name()) + "; " + forget(change));
        } else {
            parts.add(
                    change.what() == What.DROPPED
                            ? "To have those of its rows again that were not written since the swap: "
                                    + bringBack(change).script()
                            : "To have its rows again: " + attach(change).script());
            parts.add("To do without them for good: " + forget(change));
        }
        return words(change) + ". " + String.join(". ", parts);
    }

    private String forget(KnownPartitions.Change change) {
        return FORGET.with("delta", capture.delta())
                .with("columns", Sql.list(capture.columns()))
                .with("values", match.list(RowMatch.Rows.ofSource("b"), capture.columns(), RowShape.NEW))
                .with("gone", gone(change))
                .script();
    }

    private Sql bringBack(KnownPartitions.Change change) {
        return BRING_BACK
                .with("live", migration.source())
                .with("columns", Sql.list(old.writableColumns()))
                .with("values", match.list(RowMatch.Rows.ofSource("b"), old.writableColumns(), RowShape.NEW))
                .with("gone", gone(change))
                .with("delta", capture.delta())
                .with("captured", match.sameRow(RowMatch.Rows.ofNew("d"), RowMatch.Rows.ofSource("b")));
    }

    private Sql attach(KnownPartitions.Change change) {
        Sql template = migration.spec().routing() == Routing.NATIVE
                ? ATTACH.with("bound", Sql.raw(change.bound().orElse("DEFAULT")))
                : INHERIT;
        return template.with("live", migration.source()).with("partition", change.name());
    }

    private Sql gone(KnownPartitions.Change change) {
        return GONE.with("backup", backup)
                .with("live", migration.source())
                .with("range", range(change.knownAs()))
                .with("sameRow", match.sameRow(RowMatch.Rows.ofNew("l"), RowMatch.Rows.ofSource("b")));
    }

    private Sql range(QualifiedName partition) {
        PartitionLayout layout = migration.spec().layout();
        Sql time = match.time(RowMatch.Rows.ofSource("b"));
        Optional<Partition> interval = layout.partition(partition.name());
        if (interval.isPresent()) {
            return INSIDE.with("time", time)
                    .with("from", Sql.literal(interval.get().from() + " 00:00:00"))
                    .with("to", Sql.literal(interval.get().to() + " 00:00:00"));
        }
        return partition.name().equals(layout.defaultPartition())
                ? OUTSIDE.with("time", time)
                        .with("from", Sql.literal(layout.from() + " 00:00:00"))
                        .with("to", Sql.literal(layout.until() + " 00:00:00"))
                : Sql.raw("true");
    }
}
