package liquibase.ext.partition.engine.upkeep;

import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.state.StatusReport;
import liquibase.ext.partition.engine.state.TableInService;

/**
 * Reports on the partitions of a table that has been swapped: how many are ahead, how large they are, and which rows
 * are in the default one.
 *
 * <p>How many there should be is in the changelog, and who watches a table has none at hand, or an older one. So it is
 * read from the record, which every update renews.
 *
 * <p>Reads only. Locks: ACCESS SHARE, on the default partition for as long as {@link DefaultLook} takes.
 */
public final class UpkeepStatus {
    /** How many intervals are looked at, where more were made. */
    private static final int MOST_LOOKED_AT = 10_000;

    /** The partitions that are named with their size, besides the largest. */
    private static final int NAMED = 3;

    private static final Sql SIZES = Sql.of("""
            SELECT n.nspname, c.relname,
                   coalesce((SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(t.relid)) FROM pg_catalog.pg_partition_tree(c.oid) AS t),
                            pg_catalog.pg_total_relation_size(c.oid), 0)::bigint AS bytes
            FROM pg_catalog.pg_inherits AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE i.inhparent = {oid}
            ORDER BY c.relname, n.nspname""");

    private static final Sql MAY_BE_READ = Sql.of("""
            SELECT c.relkind = 'r' AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
            FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass({table})""");

    private record Size(QualifiedName name, long bytes) {
        @Override
        public String toString() {
            return name.name() + " " + inUnits(bytes);
        }
    }

    private final Session session;
    private final StateTables state;
    private final MissingPartitions asked;
    private final Migration migration;
    private final Table table;
    private final PartitionKey key;
    private final List<String> facts = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    private UpkeepStatus(
            Session session, StateTables state, MissingPartitions asked, Migration migration, Table table) {
        this.session = session;
        this.state = state;
        this.asked = asked;
        this.migration = migration;
        this.table = table;
        this.key = PartitionKey.of(
                migration.spec().partitionKey(),
                table.columns(),
                migration.spec().textDateFunction());
    }

    /** The report on the table of that migration; says nothing before the swap, nor of a partition's exchange. */
    public static StatusReport of(Session session, StateTables state, Migration migration) throws SQLException {
        if (!migration.phase().isAtLeast(Phase.SWAPPED) || migration.exchange().isPresent()) {
            return StatusReport.empty();
        }
        MissingPartitions asked =
                MissingPartitions.ask(session, state, migration.source()).orElseThrow();
        Optional<Table> table =
                new TableReader(session).find(migration.source()).filter(it -> it.oid() == asked.oid());
        if (table.isEmpty() || !TableInService.isPartitionedAsRecorded(session, table.get(), migration)) {
            return new StatusReport(
                    List.of(),
                    List.of(
                            "%s is not the table that its migration has made, so that it gets no partitions. Put the names right."
                                    .formatted(migration.source())));
        }
        return new UpkeepStatus(session, state, asked, migration, table.get()).report();
    }

    private StatusReport report() throws SQLException {
        QualifiedName defaultPartition = null;
        List<Partition> intervals = intervals();
        List<Boolean> covered;
        if (migration.spec().routing() == Routing.NATIVE) {
            PresentPartitions present = PresentPartitions.read(session, table.oid());
            defaultPartition = present.defaultPartition().orElse(null);
            covered = present.covered(session, key, intervals);
        } else {
            QualifiedName child = migration.spec().defaultPartition();
            if (table.children().contains(child)) {
                defaultPartition = child;
            }
            covered = intervals.stream()
                    .map(it -> asked.present().contains(it.name().name()))
                    .toList();
        }
        ahead(intervals, covered);
        sizes(defaultPartition);
        if (defaultPartition != null) {
            inDefault(defaultPartition);
        }
        if (asked.leftCheck()) {
            problems.add(
                    "%s has a CHECK that refuses rows of the intervals that follow. A run of addPartitions that is under way drops it at its end; one that was killed has left it, and the next drops it: liquibase update --label-filter=upkeep."
                            .formatted(defaultPartition));
        }
        return new StatusReport(facts, problems);
    }

    private PartitionInterval interval() {
        return asked.layout().interval();
    }

    private LocalDate present() {
        return interval().startOf(asked.today());
    }

    /** The end of what should have a partition: at least of the present interval. */
    private LocalDate wantedEnd() {
        LocalDate next = interval().next(present());
        return asked.reach()
                .map(it -> it.end(interval(), asked.today()))
                .filter(it -> it.isAfter(next))
                .orElse(next);
    }

    /** From the present one on, as far as any were made or should be made, and one more. */
    private List<Partition> intervals() {
        LocalDate end = asked.layout().until();
        if (end.isBefore(wantedEnd())) {
            end = wantedEnd();
        }
        List<Partition> all =
                layout(present(), interval().next(interval().startOf(end))).partitions();
        return all.subList(0, Math.min(all.size(), MOST_LOOKED_AT));
    }

    private PartitionLayout layout(LocalDate from, LocalDate until) {
        return new PartitionLayout(asked.layout().prefix(), interval(), from, until);
    }

    private void ahead(List<Partition> intervals, List<Boolean> covered) {
        int reached = covered.contains(false) ? covered.indexOf(false) : covered.size();
        String unit = interval().word();
        String wanted = asked.reach()
                .map(it -> it.followsTheClock()
                        ? "ahead is " + it.ahead().orElseThrow()
                        : "until is " + interval().write(it.end(interval(), asked.today())))
                .orElse("how many there should be is not recorded, since no addPartitions has run");
        facts.add(
                reached == 0
                        ? "Ahead: the present %s, %s, has no partition; %s."
                                .formatted(unit, interval().write(present()), wanted)
                        : "Ahead: %d %s%s after the present one have a partition, the last until %s; %s."
                                .formatted(
                                        reached - 1,
                                        unit,
                                        reached == 2 ? "" : "s",
                                        interval()
                                                .write(intervals
                                                        .get(reached - 1)
                                                        .to()),
                                        wanted));
        LocalDate end =
                asked.reach().map(it -> it.end(interval(), asked.today())).orElse(present());
        List<String> missing = new ArrayList<>();
        for (int i = 0; i < intervals.size(); i++) {
            if (!covered.get(i) && intervals.get(i).from().isBefore(end)) {
                missing.add(intervals.get(i).name().name());
            }
        }
        if (!missing.isEmpty()) {
            problems.add(
                    "%s misses %s; %s. Run liquibase update --label-filter=upkeep, which makes what is missing, or says what is in the way."
                            .formatted(table.name(), some(missing), wanted));
        }
    }

    /** The first interval that should have a partition: late rows of those that have left are where they belong. */
    private LocalDate oldest() throws SQLException {
        LocalDate from = asked.layout().from();
        return new Migrations(session, state)
                .retention(migration)
                .map(it -> it.start(interval(), asked.today()))
                .filter(from::isBefore)
                .orElse(from);
    }

    private static String some(List<String> names) {
        return names.size() <= NAMED
                ? String.join(", ", names)
                : "%s and %d more".formatted(String.join(", ", names.subList(0, NAMED)), names.size() - NAMED);
    }

    private void sizes(QualifiedName defaultPartition) throws SQLException {
        List<Size> sizes = session.query(
                SIZES.with("oid", table.oid()),
                row -> new Size(
                        QualifiedName.of(row.getString("nspname"), row.getString("relname")), row.getLong("bytes")));
        List<Size> ranges =
                sizes.stream().filter(it -> !it.name().equals(defaultPartition)).toList();
        if (ranges.isEmpty()) {
            return;
        }
        // A partition that is to come is as good as empty.
        List<Size> filled = ranges.stream().filter(this::hasBegun).toList();
        facts.add("Partitions: %d with %s in all; the largest is %s; the last ones %s.%s"
                .formatted(
                        ranges.size(),
                        inUnits(ranges.stream().mapToLong(Size::bytes).sum()),
                        ranges.stream()
                                .max(Comparator.comparingLong(Size::bytes))
                                .orElseThrow(),
                        filled.subList(Math.max(0, filled.size() - NAMED), filled.size()).stream()
                                .map(Size::toString)
                                .collect(Collectors.joining(", ")),
                        sizes.stream()
                                .filter(it -> it.name().equals(defaultPartition))
                                .map(it -> " The default partition: " + it + ".")
                                .findFirst()
                                .orElse("")));
    }

    private boolean hasBegun(Size size) {
        return asked.layout()
                .partition(size.name().name())
                .filter(it -> it.from().isAfter(asked.today()))
                .isEmpty();
    }

    private static String inUnits(long bytes) {
        if (bytes < 1 << 20) {
            return String.format(Locale.ROOT, "%,d kB", bytes >> 10);
        }
        return bytes < 10L << 30
                ? String.format(Locale.ROOT, "%,d MB", bytes >> 20)
                : String.format(Locale.ROOT, "%,d GB", bytes >> 30);
    }

    private void inDefault(QualifiedName partition) throws SQLException {
        if (!session.queryBoolean(MAY_BE_READ.with("table", partition.quoted()))) {
            facts.add(
                    "Rows in the default partition: not counted, since this role may not read %s, or it is no plain table."
                            .formatted(partition));
            return;
        }
        LocalDate from = oldest();
        DefaultLook look = DefaultLook.at(session, partition, key, layout(from, wantedEnd()));
        String about = look.isEstimate() ? "about " : "";
        facts.add("Rows in the default partition: %s%s%s.%s"
                .formatted(
                        about,
                        look.rows().describe(interval().write(from), interval().write(wantedEnd())),
                        look.misplaced() > 0
                                ? String.format(
                                        Locale.ROOT,
                                        ", and %s%,d of %ss that should have a partition",
                                        about,
                                        look.misplaced(),
                                        interval().word())
                                : "",
                        look.isEstimate() ? " It is large, so that only a part of it and its end were read." : ""));
        if (look.misplaced() > 0) {
            problems.add(String.format(
                    Locale.ROOT,
                    "%s has %s%,d rows of %ss from %s until %s, which should have a partition. It cannot be made while they are there: move them out, or correct their dates.",
                    partition,
                    about,
                    look.misplaced(),
                    interval().word(),
                    interval().write(from),
                    interval().write(wantedEnd())));
        }
    }
}
