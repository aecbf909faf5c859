package liquibase.ext.partition.engine.retirement;

import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.Retention;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.PartitionsInExchange;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.state.StatusReport;
import liquibase.ext.partition.engine.state.TableInService;

/**
 * Tells of the partitions that leave a table: which one leaves next and when, which should have left, and which wait
 * for their drop. How many intervals are kept is read from the record, which every update renews.
 *
 * <p>Reads the catalog and the records. Takes no lock.
 */
public final class RetirementStatus {
    private RetirementStatus() {}

    /** The report on the table of that migration; says nothing of a table that no retirement has looked at. */
    public static StatusReport of(Session session, StateTables state, Migration migration) throws SQLException {
        Optional<DuePartitions> asked = DuePartitions.ask(session, state, migration.source())
                .filter(it -> it.kept().isPresent());
        if (asked.isEmpty()) {
            return StatusReport.empty();
        }
        Optional<Table> table = TableInService.find(session, migration);
        if (table.isEmpty()) {
            return StatusReport.empty();
        }
        Retention retention = new Retention(asked.get().kept().orElseThrow());
        PartitionKey key = PartitionKey.of(
                migration.spec().partitionKey(),
                table.get().columns(),
                migration.spec().textDateFunction());
        List<String> facts = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        facts.add(next(asked.get(), retention));
        Map<Long, QualifiedName> exchanged =
                PartitionsInExchange.of(session, state, asked.get().table());
        List<RetiredPartition> all = RetiredPartition.of(session, state, migration.source());
        List<AgedPartition> due = asked.get().due(session, key, retention).stream()
                .filter(it -> !isMoved(it, all))
                .toList();
        List<String> held = due.stream()
                .filter(it -> exchanged.containsKey(it.oid()))
                .map(it -> "%s (%s)".formatted(it.name().name().name(), exchanged.get(it.oid())))
                .toList();
        if (!held.isEmpty()) {
            facts.add("Retirement waits for the end of an exchange: %s.".formatted(String.join(", ", held)));
        }
        List<String> overdue = due.stream()
                .filter(it -> !exchanged.containsKey(it.oid()))
                .map(it -> it.name().name().name())
                .toList();
        if (!overdue.isEmpty()) {
            problems.add(
                    "%s of %s should have left, since %d %ss are kept. Run liquibase update --label-filter=upkeep, which takes out what is due, or says what is in the way."
                            .formatted(
                                    String.join(", ", overdue),
                                    migration.source(),
                                    retention.keep(),
                                    asked.get().layout().interval().word()));
        }
        List<String> waiting = all.stream()
                .filter(RetiredPartition::isToBeDropped)
                .map(it -> it.present().orElse(it.partition()).toString())
                .toList();
        if (!waiting.isEmpty()) {
            facts.add(
                    "Out of the table, and waiting for the drop: %s. To approve it: liquibase update -DretireApproved=%s."
                            .formatted(
                                    String.join(", ", waiting),
                                    migration.source().name()));
        }
        tellOfArchives(all, migration, facts, problems);
        return new StatusReport(facts, problems);
    }

    /** Whether it is in the tablespace of the archive, where it stays a partition. */
    private static boolean isMoved(AgedPartition partition, List<RetiredPartition> all) {
        return all.stream().anyMatch(it -> it.state() == RetiredPartition.State.MOVED && it.oid() == partition.oid());
    }

    /** Which partitions are archived where, and which are still to be written. */
    private static void tellOfArchives(
            List<RetiredPartition> all, Migration migration, List<String> facts, List<String> problems) {
        for (RetiredPartition it : all) {
            if (it.archive().isPresent() && it.state() != RetiredPartition.State.ATTACHED) {
                facts.add("Archived: %s with %,d rows, in %s."
                        .formatted(
                                it.partition(),
                                it.archive().get().rows(),
                                it.archive().get().directory()));
            }
        }
        String moved = all.stream()
                .filter(it -> it.state() == RetiredPartition.State.MOVED)
                .map(it -> it.partition().toString())
                .collect(Collectors.joining(", "));
        if (!moved.isEmpty()) {
            facts.add("Archived in another tablespace, and still partitions: %s.".formatted(moved));
        }
        List<String> unwritten = all.stream()
                .filter(RetiredPartition::isToBeArchived)
                .map(it -> it.present().orElseThrow().toString())
                .toList();
        if (!unwritten.isEmpty()) {
            problems.add(
                    "%s, which left %s to be archived, %s not archived yet. Run liquibase update --label-filter=upkeep, which goes on with it, or says what is in the way."
                            .formatted(
                                    String.join(", ", unwritten),
                                    migration.source(),
                                    unwritten.size() == 1 ? "is" : "are"));
        }
    }

    /**
     * Tells what the next update would take out, in sentences that end with a blank; empty if that is nothing.
     *
     * @param retention how many intervals are to stay, by whatever is planned
     */
    public static String outlook(Session session, StateTables state, Migration migration, Retention retention)
            throws SQLException {
        Optional<DuePartitions> asked = DuePartitions.ask(session, state, migration.source());
        if (asked.isEmpty()) {
            return "";
        }
        Map<Long, QualifiedName> exchanged =
                PartitionsInExchange.of(session, state, asked.get().table());
        List<RetiredPartition> all = RetiredPartition.of(session, state, migration.source());
        List<AgedPartition> old = asked.get().candidates(retention).stream()
                .filter(it -> !exchanged.containsKey(it.oid()))
                .filter(it -> !isMoved(it, all))
                .toList();
        if (old.isEmpty()) {
            return "";
        }
        List<ReferringKey> referring =
                ReferringKey.of(session, state, migration, asked.get().table());
        return "%s %s older than is kept, and leave%s with the next update%s. "
                .formatted(
                        old.size() == 1
                                ? old.get(0).name().name()
                                : "%d partitions from %s to %s"
                                        .formatted(
                                                old.size(),
                                                old.get(0).name().name(),
                                                old.get(old.size() - 1).name().name()),
                        old.size() == 1 ? "is" : "are",
                        old.size() == 1 ? "s" : "",
                        referring.isEmpty()
                                ? ""
                                : ", but for those to whose rows others refer (%s)"
                                        .formatted(String.join(
                                                ", ",
                                                referring.stream()
                                                        .map(ReferringKey::toString)
                                                        .toList())));
    }

    private static String next(DuePartitions asked, Retention retention) {
        PartitionInterval interval = asked.layout().interval();
        String kept = "%d %s%s".formatted(retention.keep(), interval.word(), retention.keep() == 1 ? "" : "s");
        LocalDate start = asked.start(retention);
        return asked.all().stream()
                .flatMap(it -> asked.layout().partition(it.name().name()).stream())
                .filter(it -> it.to().isAfter(start))
                .min(Comparator.comparing(Partition::to))
                .map(it -> "Retirement: %s are kept; %s leaves next, with the first update from %s on."
                        .formatted(kept, it.name().name(), leaves(it.to(), interval, retention)))
                .orElse("Retirement: %s are kept.".formatted(kept));
    }

    /** The first day on which a partition with that upper bound is old enough. */
    private static LocalDate leaves(LocalDate to, PartitionInterval interval, Retention retention) {
        LocalDate day = to;
        for (int i = 0; i < retention.keep(); i++) {
            day = interval.next(day);
        }
        return day;
    }
}
