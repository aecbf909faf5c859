package liquibase.ext.partition.engine.verify;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.KnownPartitions;
import liquibase.ext.partition.engine.delta.KnownPartitions.ChangedPartition;
import liquibase.ext.partition.engine.delta.KnownPartitions.What;
import liquibase.ext.partition.engine.newtable.RowShape;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;

/**
 * The remedies when the live table and its backup differ in rows that were not captured: in general, and for each
 * partition that has changed since the swap. Only a person knows which of the two is right, and whether a month was
 * dropped for good or by mistake, so nothing is decided here.
 *
 * <p>Each remedy brings rows back into the live table, or writes keys into the delta table, which makes the backup
 * follow the live table, or deletes rows from the backup that went with a partition. The delta table takes any key
 * without harm, because the replay goes by what the live table has then.
 *
 * <p>Rows that were written since the swap and went with a partition are differences too, although the delta table
 * names them: the backup has their last known state, which a replay would remove.
 *
 * <p>The file is long because each remedy is a sentence and a statement, and both go by the same ranges of rows.
 */
public final class BackupDifference {
    private static final Sql INSIDE = Sql.of("{time} >= {from}::timestamp AND {time} < {to}::timestamp");
    private static final Sql OUTSIDE = Sql.of("({time} >= {from}::timestamp AND {time} < {to}::timestamp) IS NOT TRUE");

    private static final Sql INSIDE_BOUND = Sql.of("{value} >= {from} AND {value} < {to}");

    /** The bound of a partition by range that somebody has made. */
    private static final Pattern BOUND =
            Pattern.compile("FOR VALUES FROM \\('(?<from>(?:[^']|'')*)'\\) TO \\('(?<to>(?:[^']|'')*)'\\)");

    private static final Sql ANYWHERE = Sql.raw("true");

    private static final Sql GONE = Sql.of("""
            FROM {backup} AS b WHERE {range} AND NOT EXISTS (SELECT FROM {live} AS l WHERE {same})""");

    /**
     * Excludes rows that were written since the swap: the backup has their former state, even of rows that have moved
     * to another month or were deleted since. Also excludes rows that the live table has in another month: it would
     * accept their key a second time.
     */
    private static final Sql BRING_BACK = Sql.of("""
            INSERT INTO {live} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} {gone}\
             AND NOT EXISTS (SELECT FROM {delta} AS d WHERE {captured})""");

    /**
     * Covers rows that the delta table names in the range of a partition that was taken out, and that the live table
     * has under no date. They were updated, or came from another month, and went with the partition; or they were
     * deleted before.
     */
    private static final Sql BRING_BACK_WRITTEN = Sql.of("""
            INSERT INTO {live} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} {gone}""");

    private static final Sql WRITTEN = Sql.of("EXISTS (SELECT FROM {delta} AS d WHERE {sameKey} AND {range})");

    /** Deletes from the backup itself, because the delta table already names some of the rows. */
    private static final Sql DO_WITHOUT = Sql.of("DELETE {gone}");

    private static final Sql EITHER = Sql.of("({left} OR {right})");

    private static final Sql PART = Sql.of("WHEN {range} THEN {part}");

    private static final Sql UNWRITTEN_ROWS = Sql.of("""
            SELECT p.part, pg_catalog.count(*) AS rows
            FROM {backup} AS b CROSS JOIN LATERAL (SELECT CASE {parts} END AS part) AS p
            WHERE p.part IS NOT NULL AND NOT EXISTS (SELECT FROM {live} AS l WHERE {inLive})
              AND NOT EXISTS (SELECT FROM {delta} AS d WHERE {captured})
            GROUP BY p.part""");

    private static final Sql WRITTEN_ROWS = Sql.of("""
            SELECT p.part, pg_catalog.count(DISTINCT ROW({key})) FILTER (WHERE o.known) AS written,
                   pg_catalog.count(DISTINCT ROW({key})) FILTER (WHERE NOT o.known) AS in_neither,
                   (pg_catalog.array_agg(DISTINCT pg_catalog.concat_ws(', ', {keyTexts})) FILTER (WHERE o.known))[1:{listed}] AS keys
            FROM {delta} AS d
            CROSS JOIN LATERAL (SELECT CASE {parts} END AS part) AS p
            CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM {backup} AS b WHERE {inBackup}) AS known) AS o
            WHERE p.part IS NOT NULL AND NOT EXISTS (SELECT FROM {live} AS l WHERE {inLive})
            GROUP BY p.part""");

    private static final Sql FORGET = Sql.of("INSERT INTO {delta} ({columns}) SELECT {values} {gone}");
    private static final Sql CAPTURE = Sql.of("INSERT INTO {delta} ({columns}) SELECT {columns} FROM {partition}");

    /** Rows of other partitions than those that have come by an exchange are none of the backup's. */
    private static final Sql EXCHANGED = Sql.of("{live} WHERE tableoid IN ({tables})");

    private static final Sql TABLE = Sql.of("{table}::pg_catalog.regclass");

    private static final Sql ATTACH = Sql.of("ALTER TABLE {live} ATTACH PARTITION {partition} {bound}");
    private static final Sql INHERIT = Sql.of("ALTER TABLE {partition} INHERIT {live}");

    /**
     * Rows in the range of a partition that was taken out, which the delta table names and the live table has under no
     * date.
     *
     * @param written how many of them the backup has, in the state from before they were written
     * @param inNeither how many of them no table has
     * @param keys the first keys of those that the backup has
     */
    private record Written(long written, long inNeither, List<String> keys) {
        static final Written NONE = new Written(0, 0, List.of());

        /** @param unwritten how many rows only the backup has that were not written since the swap */
        String words(long unwritten) {
            String words = "Of its rows the backup has %,d as they were last".formatted(unwritten);
            if (written > 0) {
                words += ", and %,d only as they were before they were updated, or deleted, since the swap"
                        .formatted(written);
            }
            if (inNeither > 0) {
                words += ", and %,d that were inserted since are in neither table".formatted(inNeither);
            }
            return words;
        }
    }

    private static final RowMatch.Rows OLD = RowMatch.Rows.ofSource("b");
    private static final RowMatch.Rows LIVE = RowMatch.Rows.ofNew("l");
    private static final RowMatch.Rows CAPTURED = RowMatch.Rows.ofNew("d");

    private final Migration migration;
    private final Capture capture;
    private final QualifiedName backup;
    private final Table old;
    private final RowMatch match;
    private final List<QualifiedName> partitions;
    private final boolean hasRowsOfItsOwn;

    private BackupDifference(
            Migration migration,
            QualifiedName backup,
            Table old,
            RowMatch match,
            List<QualifiedName> partitions,
            boolean hasRowsOfItsOwn) {
        this.migration = migration;
        this.capture = Capture.of(migration);
        this.backup = backup;
        this.old = old;
        this.match = match;
        this.partitions = partitions;
        this.hasRowsOfItsOwn = hasRowsOfItsOwn;
    }

    /**
     * The remedies as sentences: the first ones continue the message's line, the last ones stand on lines of their own.
     *
     * @param result a comparison that has found differences
     * @param again what to do afterwards, such as {@code run update again}
     */
    public static String remedy(StepRun run, Migration migration, ComparisonResult result, String again)
            throws SQLException {
        if (result.isOnlyComputed()) {
            return result.recompute(migration.live())
                    .map(update ->
                            "Have the generated columns of %s computed anew, for all rows, or with a condition for these alone:\n  %s;\nThen %s.\n"
                                    .formatted(migration.live(), update.script(), again))
                    .orElseGet(() -> "Make the function that they call what it was, then %s.\n".formatted(again));
        }
        BackupDifference difference = read(run, migration);
        List<ChangedPartition> changed = KnownPartitions.changedSinceSwap(run, migration);
        if (moved(changed, difference.partitions.size()).isEmpty()) {
            return "Find out which of the two is right.\n" + difference.ofRows(again);
        }
        return "Partitions are not what the swap left. Do one of these for each, then %s:%s\nWhere rows differ for another reason, find out which of the two is right.\n%s"
                .formatted(again, difference.lines(run.session(), changed), difference.ofRows(again));
    }

    /**
     * The rows that went with a partition after they were written, and whose former state the backup has: each is a
     * difference, with its key. None if no partition was taken out, or another one is in its place; otherwise this
     * reads the delta table once. Must be asked before a replay, which removes these rows.
     */
    static ComparisonResult writtenAndTakenOut(StepRun run, Migration migration) throws SQLException {
        List<ChangedPartition> changed = KnownPartitions.changedSinceSwap(run, migration);
        if (changed.stream().noneMatch(BackupDifference::isGone)) {
            return ComparisonResult.none();
        }
        BackupDifference difference = read(run, migration);
        ComparisonResult result = ComparisonResult.none();
        List<ChangedPartition> gone = difference.withRange(changed).stream()
                .filter(partition -> !difference.isReplaced(partition, changed))
                .toList();
        for (Written one : difference.written(run.session(), gone).values()) {
            result = result.plus(ComparisonResult.takenOut(
                    one.written(),
                    one.keys().stream()
                            .map(key -> "%s (in %s as it was before it was written, in no partition of %s)"
                                    .formatted(key, difference.backup, migration.live()))
                            .toList()));
        }
        return result;
    }

    /**
     * Whether another partition covers the same range by now. Its rows are what people have put there, and deletions
     * from it are captured: a key that the delta table names does not belong to a row that went with the partition.
     */
    private boolean isReplaced(ChangedPartition gone, List<ChangedPartition> changed) {
        String range = range(gone).orElseThrow().script();
        return changed.stream()
                .filter(partition -> !isGone(partition))
                .anyMatch(partition ->
                        range(partition).filter(it -> it.script().equals(range)).isPresent());
    }

    private static boolean isGone(ChangedPartition partition) {
        return partition.what() == What.DROPPED || partition.what() == What.DETACHED;
    }

    /** The partitions that were taken out and whose rows are known. */
    private List<ChangedPartition> withRange(List<ChangedPartition> changed) {
        return changed.stream()
                .filter(partition -> isGone(partition) && range(partition).isPresent())
                .toList();
    }

    private Map<ChangedPartition, Written> written(Session session, List<ChangedPartition> gone) throws SQLException {
        Map<ChangedPartition, Written> written = new LinkedHashMap<>();
        if (gone.isEmpty()) {
            return written;
        }
        String keyTexts = match.columns().stream()
                .map(column -> "d." + column.quoted() + "::pg_catalog.text")
                .collect(Collectors.joining(", "));
        session.query(
                WRITTEN_ROWS
                        .with("key", Sql.list("d", match.columns()))
                        .with("keyTexts", Sql.raw(keyTexts))
                        .with("listed", Sql.raw(Integer.toString(ComparisonResult.LISTED_KEYS)))
                        .with("delta", capture.delta())
                        .with("parts", parts(gone, CAPTURED))
                        .with("backup", backup)
                        .with("inBackup", match.sameKey(OLD, CAPTURED))
                        .with("live", migration.live())
                        .with("inLive", match.sameKey(LIVE, CAPTURED)),
                row -> written.put(
                        gone.get(row.getInt("part")),
                        new Written(
                                row.getLong("written"),
                                row.getLong("in_neither"),
                                row.getArray("keys") == null
                                        ? List.of()
                                        : List.of(
                                                (String[]) row.getArray("keys").getArray()))));
        return written;
    }

    private Map<ChangedPartition, Long> unwritten(Session session, List<ChangedPartition> gone) throws SQLException {
        Map<ChangedPartition, Long> unwritten = new LinkedHashMap<>();
        if (!gone.isEmpty()) {
            session.query(
                    UNWRITTEN_ROWS
                            .with("backup", backup)
                            .with("parts", parts(gone, OLD))
                            .with("live", migration.live())
                            .with("inLive", match.sameKey(LIVE, OLD))
                            .with("delta", capture.delta())
                            .with("captured", match.sameRow(CAPTURED, OLD)),
                    row -> unwritten.put(gone.get(row.getInt("part")), row.getLong("rows")));
        }
        return unwritten;
    }

    private Sql parts(List<ChangedPartition> gone, RowMatch.Rows rows) {
        List<Sql> parts = new ArrayList<>();
        for (int part = 0; part < gone.size(); part++) {
            parts.add(PART.with("range", range(gone.get(part), rows).orElseThrow())
                    .with("part", Sql.raw(Integer.toString(part))));
        }
        return Sql.join(" ", parts);
    }

    private static QualifiedName backup(Migration migration) {
        return migration.kept();
    }

    /** The remedy for rows wherever they are. */
    private String ofRows(String again) {
        return """
                Where %1$s is right about rows that only it has, bring them over, but for those that were written since the swap:
                  %2$s;
                Where %3$s is right, have its rows captured, and those that it has no more; all, or with a condition these alone:
                  %4$s;
                  %5$s;
                %7$sThen %6$s.
                """.formatted(
                        backup,
                        bringBack(ANYWHERE).script(),
                        migration.live(),
                        captureStatement(capture, liveRows()),
                        forget(ANYWHERE),
                        again,
                        ofOwnRows());
    }

    private Sql liveRows() {
        return migration.exchange().isEmpty()
                ? migration.live().asSql()
                : EXCHANGED
                        .with("live", migration.live())
                        .with(
                                "tables",
                                Sql.list(partitions.stream()
                                        .map(it -> TABLE.with("table", Sql.literal(it.quoted())))
                                        .toList()));
    }

    /** The remedy for rows that triggers have not put into a child. */
    private String ofOwnRows() {
        return !hasRowsOfItsOwn
                ? ""
                : """
                %s has rows of its own, outside of its children. Where these are right, have them captured:
                  %s;
                """.formatted(
                        migration.live(), captureStatement(capture, Comparison.ONLY.with("table", migration.live())));
    }

    /**
     * Leaves out partitions that were attached, or not captured for a while, which other messages cover. Leaves out all
     * if every partition was rewritten, as happens when a column is altered.
     *
     * @param partitions the number of all partitions
     */
    public static List<ChangedPartition> moved(List<ChangedPartition> changed, int partitions) {
        List<ChangedPartition> moved = changed.stream()
                .filter(it -> it.what() != What.ADDED && it.what() != What.NOT_CAPTURED)
                .toList();
        long added = changed.stream().filter(it -> it.what() == What.ADDED).count();
        boolean allRewritten =
                moved.size() == partitions - added && moved.stream().allMatch(it -> it.what() == What.REWRITTEN);
        return allRewritten ? List.of() : moved;
    }

    private static BackupDifference read(StepRun run, Migration migration) throws SQLException {
        TableReader reader = new TableReader(run.session());
        QualifiedName backup = backup(migration);
        Table old = reader.require(migration.heaps(backup).get(0));
        return new BackupDifference(
                migration,
                backup,
                old,
                RowMatch.of(reader, migration, old, reader.require(migration.live())),
                KnownPartitions.tables(run.session(), migration),
                Comparison.hasRowsOfItsOwn(run.session(), migration.live()));
    }

    /**
     * A line for each partition, with its remedies. A partition whose trigger was disabled is left out, because the
     * table's message covers it.
     */
    private String lines(Session session, List<ChangedPartition> changed) throws SQLException {
        List<ChangedPartition> gone = withRange(changed);
        Map<ChangedPartition, Written> written = written(session, gone);
        Map<ChangedPartition, Long> unwritten = unwritten(session, gone);
        StringBuilder lines = new StringBuilder();
        for (ChangedPartition partition : changed) {
            if (partition.what() != What.NOT_CAPTURED) {
                lines.append("\n  ")
                        .append(
                                isGone(partition)
                                        ? lineOfGone(
                                                partition,
                                                written.getOrDefault(partition, Written.NONE),
                                                unwritten.getOrDefault(partition, 0L))
                                        : line(partition));
            }
        }
        return lines.toString();
    }

    /** A description of what has become of the partitions. */
    public static String words(List<ChangedPartition> changed) {
        return String.join(", ", changed.stream().map(BackupDifference::words).toList());
    }

    private static String words(ChangedPartition partition) {
        String name = partition.knownAs().toString();
        return name
                + switch (partition.what()) {
                    case ADDED -> " was attached";
                    case DROPPED -> " was dropped";
                    case DETACHED ->
                        partition.name().equals(partition.knownAs())
                                ? " was detached"
                                : " was detached, and is " + partition.name() + " now";
                    case ATTACHED_AGAIN -> " was detached and attached again";
                    case REWRITTEN -> " was rewritten, as by TRUNCATE or VACUUM FULL";
                    case NOT_CAPTURED -> " was not captured for a while";
                };
    }

    /** The statement, for people, that captures the rows in {@code partition}. */
    public static String captureStatement(Capture capture, QualifiedName partition) {
        return captureStatement(capture, partition.asSql());
    }

    private static String captureStatement(Capture capture, Sql partition) {
        return CAPTURE.with("delta", capture.delta())
                .with("columns", Sql.list(capture.columns()))
                .with("partition", partition)
                .script();
    }

    private String line(ChangedPartition partition) {
        return "%s. To go by what it has now: %s%s"
                .formatted(
                        words(partition),
                        captureStatement(capture, partition.name()),
                        range(partition).map(it -> "; " + forget(it)).orElse(""));
    }

    /**
     * A child that does not belong to the migration has no bounds, so it is not known which of the backup's rows it
     * would have.
     */
    private String lineOfGone(ChangedPartition partition, Written written, long unwritten) {
        Optional<Sql> range = range(partition);
        List<String> parts = new ArrayList<>(List.of(words(partition)));
        range.ifPresent(it -> parts.add(written.words(unwritten)));
        if (partition.what() == What.DETACHED) {
            parts.add("To have its rows again: " + attach(partition).script());
        } else if (range.isPresent()) {
            parts.add("To have those of its rows again that were not written since the swap: "
                    + bringBack(range.get()).script());
            if (written.written() > 0) {
                parts.add("To have the others again as the backup has them, those that were deleted, too: "
                        + BRING_BACK_WRITTEN
                                .with("live", migration.live())
                                .with("columns", Sql.list(old.writableColumns()))
                                .with("values", match.list(OLD, old.writableColumns(), RowShape.NEW))
                                .with("gone", gone(written(partition), match.sameKey(LIVE, OLD)))
                                .script());
            }
        }
        range.ifPresent(it -> parts.add("To do without them for good: "
                + DO_WITHOUT
                        .with(
                                "gone",
                                gone(
                                        EITHER.with("left", it).with("right", written(partition)),
                                        match.sameKey(LIVE, OLD)))
                        .script()));
        return String.join(". ", parts);
    }

    /** A condition on the backup's rows: the delta table names them in the range of the partition. */
    private Sql written(ChangedPartition partition) {
        return WRITTEN.with("delta", capture.delta())
                .with("sameKey", match.sameKey(CAPTURED, OLD))
                .with("range", range(partition, CAPTURED).orElseThrow());
    }

    private String forget(Sql range) {
        return FORGET.with("delta", capture.delta())
                .with("columns", Sql.list(capture.columns()))
                .with("values", match.list(OLD, capture.columns(), RowShape.NEW))
                .with("gone", gone(range, match.sameRow(LIVE, OLD)))
                .script();
    }

    private Sql bringBack(Sql range) {
        return BRING_BACK
                .with("live", migration.live())
                .with("columns", Sql.list(old.writableColumns()))
                .with("values", match.list(OLD, old.writableColumns(), RowShape.NEW))
                .with("gone", gone(range, match.sameKey(LIVE, OLD)))
                .with("delta", capture.delta())
                .with("captured", match.sameRow(CAPTURED, OLD));
    }

    private Sql attach(ChangedPartition partition) {
        Sql template = migration.spec().routing() == Routing.NATIVE
                ? ATTACH.with("bound", Sql.raw(partition.bound().orElse("DEFAULT")))
                : INHERIT;
        return template.with("live", migration.live()).with("partition", partition.name());
    }

    /** @param same the condition that matches a row to the live table's row */
    private Sql gone(Sql range, Sql same) {
        return GONE.with("backup", backup)
                .with("live", migration.live())
                .with("range", range)
                .with("same", same);
    }

    private Optional<Sql> range(ChangedPartition partition) {
        return range(partition, OLD);
    }

    private Optional<Sql> range(ChangedPartition partition, RowMatch.Rows rows) {
        Identifier name = partition.knownAs().name();
        PartitionLayout layout = migration.spec().layout();
        Sql time = match.time(rows);
        Optional<Partition> interval = layout.partition(name);
        if (interval.isPresent()) {
            return Optional.of(INSIDE.with("time", time)
                    .with("from", Sql.literal(interval.get().from() + " 00:00:00"))
                    .with("to", Sql.literal(interval.get().to() + " 00:00:00")));
        }
        return name.equals(layout.defaultPartition())
                ? Optional.of(OUTSIDE.with("time", time)
                        .with("from", Sql.literal(layout.from() + " 00:00:00"))
                        .with("to", Sql.literal(layout.until() + " 00:00:00")))
                : partition.bound().map(BOUND::matcher).filter(Matcher::matches).map(bound -> insideBound(bound, rows));
    }

    private Sql insideBound(Matcher bound, RowMatch.Rows rows) {
        return INSIDE_BOUND
                .with("value", match.partitionValue(rows))
                .with("from", Sql.literal(bound.group("from").replace("''", "'")))
                .with("to", Sql.literal(bound.group("to").replace("''", "'")));
    }
}
