package liquibase.ext.partition.engine.retirement;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.lock.LockPatience;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.retirement.archive.FileArchive;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.state.TableInService;

/**
 * Drops what has left a table to be dropped: only what the record says we have taken out, which is still the same table
 * by its oid, is no partition again, and to which nobody can have written since, as its {@link Guard} shows.
 *
 * <p>One that was archived is dropped by a later update than the one that has archived it: by another process, for
 * which Liquibase has another identifier, so that files on a disk that does not outlive a container are missed in time.
 *
 * <p>Of one that was archived, right before its lock is asked for, every file is compared with what was verified, and
 * every row of the table with the files. A row that is deleted after that, or changed by a foreign key's action, is as
 * one that is deleted after the drop: the archive has it as it was.
 *
 * <p>Transactions: one for each table. Locks, under the lock policy: ACCESS EXCLUSIVE on the table, which nobody waits
 * for, and for a moment on tables to which its foreign keys refer, since {@code DROP TABLE} takes their triggers away.
 * Safe to repeat and to kill. Cannot be undone, unless the rows were archived.
 */
public final class RetiredDrop {
    private static final Sql DROP = Sql.of("DROP TABLE {table}");

    private RetiredDrop() {}

    /** Whether something waits for its drop. One question, which takes no lock. */
    public static boolean isDue(Session session, StateTables state, QualifiedName source) throws SQLException {
        return RetiredPartition.of(session, state, source).stream().anyMatch(RetiredPartition::isToBeDropped);
    }

    /**
     * Drops what waits for it. What must not be dropped is reported, and the others are dropped.
     *
     * @param update identifies this update in the records
     * @throws PartitionException when a lock is not granted
     */
    public static void run(StepRun run, LockPolicy lock, String update) throws SQLException {
        for (RetiredPartition it : RetiredPartition.of(run.session(), run.state(), run.source())) {
            if (!it.isToBeDropped()) {
                continue;
            }
            if (it.archive()
                    .filter(archive -> update.equals(archive.archivedIn()))
                    .isPresent()) {
                run.line(
                        "%s: %s, which has left %s, was archived by this update. The next one looks at its files again, and drops it."
                                .formatted(run.step(), it.present().orElse(it.partition()), run.source()));
                continue;
            }
            Optional<String> reason = settle(run, it) ? Optional.empty() : drop(run, lock, it, update);
            reason.ifPresent(why -> run.line("%s: WARNING: %s, which has left %s, is not dropped: %s"
                    .formatted(run.step(), it.present().orElse(it.partition()), run.source(), why)));
        }
    }

    /**
     * Undoes the drop of what was archived, and refuses that of anything else, if that update has dropped something.
     *
     * @param update the update that Liquibase undoes, as the records know it
     * @throws PartitionException also if the rows cannot be brought back from the archive
     */
    public static void undo(StepRun run, LockPolicy lock, String update) throws SQLException {
        List<RetiredPartition> all = RetiredPartition.of(run.session(), run.state(), run.source()).stream()
                .filter(it -> it.droppedIn().filter(update::equals).isPresent())
                .toList();
        List<QualifiedName> dropped = all.stream()
                .filter(it -> it.archive().isEmpty() || it.bound().isEmpty())
                .map(RetiredPartition::partition)
                .toList();
        if (dropped.isEmpty()) {
            bringBack(run, lock, all);
        } else {
            throw new PartitionException(
                    "%s, which had left %s, %s dropped, and only a restore brings the rows back. Nothing was changed. To roll back what else was deployed, run update -DretireApproved=%s before: then the record is that of a drop that did nothing. Or restore, and attach.%s"
                            .formatted(
                                    dropped,
                                    run.source(),
                                    dropped.size() == 1 ? "was" : "were",
                                    run.source().name(),
                                    all.stream()
                                            .filter(it -> it.archive().isPresent())
                                            .map(it ->
                                                    " Archived: %s in %s, from which generator restore brings the rows back."
                                                            .formatted(
                                                                    it.partition(),
                                                                    it.archive()
                                                                            .get()
                                                                            .directory()))
                                            .collect(Collectors.joining())));
        }
    }

    private static void bringBack(StepRun run, LockPolicy lock, List<RetiredPartition> archived) throws SQLException {
        if (archived.isEmpty()) {
            return;
        }
        Migration migration = run.migrations().find(run.source()).orElseThrow();
        Optional<Table> table = TableInService.find(run.session(), migration);
        for (RetiredPartition it : archived) {
            if (table.isPresent()) {
                new Restoration(run, lock, migration, table.get()).restore(it);
            } else {
                run.line("%s: %s, which had left %s, stays dropped, since the swap was taken back. Its rows are in %s."
                        .formatted(
                                run.step(),
                                it.partition(),
                                run.source(),
                                it.archive().orElseThrow().directory()));
            }
        }
    }

    /** Records what somebody else has done with it. @return whether nothing is left to be done */
    private static boolean settle(StepRun run, RetiredPartition it) throws SQLException {
        if (it.present().isPresent() && !it.attached()) {
            return false;
        }
        boolean gone = it.present().isEmpty();
        run.session()
                .update(it.stateStatement(
                        run.state(), gone ? RetiredPartition.State.DROPPED : RetiredPartition.State.ATTACHED));
        run.line("%s: %s, which had left %s, %s."
                .formatted(
                        run.step(),
                        it.partition(),
                        run.source(),
                        gone
                                ? "was dropped by somebody"
                                : "is a partition again, and is not dropped. Rows of it are refused until it has no trigger %s"
                                        .formatted(Guard.TRIGGER)));
        return true;
    }

    /** @return why it is still there; empty if it is not */
    private static Optional<String> drop(StepRun run, LockPolicy lock, RetiredPartition it, String update)
            throws SQLException {
        QualifiedName table = it.present().orElseThrow();
        Session session = run.session();
        Optional<String> unlike = whyNotLikeItsArchive(run, it, table);
        if (unlike.isPresent()) {
            return unlike;
        }
        try {
            Optional<String> reason = lock.inTransaction(
                    session,
                    run.report(),
                    table,
                    "It was not dropped.",
                    () -> {
                        LockPatience.lock(session, locks(session, it, table), table);
                        Optional<String> changed = whyNot(run, it);
                        if (changed.isEmpty()) {
                            session.updateAll(
                                    List.of(DROP.with("table", table), it.dropStatement(run.state(), update)));
                        }
                        return changed;
                    },
                    () -> {});
            if (reason.isEmpty()) {
                run.line("%s: %s, which had left %s, is dropped.".formatted(run.step(), table, run.source()));
            }
            return reason;
        } catch (SQLException e) {
            if (SqlState.DEPENDENT_OBJECTS.matches(e)) {
                return Optional.of("others depend on it: %s. Drop these or let them be; the next update drops it."
                        .formatted(e.getMessage().replaceAll("\\s+", " ")));
            }
            throw e;
        }
    }

    /**
     * Why the rows of one that is archived must not be dropped; empty if they may. What has changed in the table is
     * archived once more by the next update, into another directory. Where the table has less than the archive, or the
     * files are not as they were, people decide: either of the two may be the only copy.
     */
    private static Optional<String> whyNotLikeItsArchive(StepRun run, RetiredPartition it, QualifiedName table)
            throws SQLException {
        if (it.way() != RetirementWay.ARCHIVE) {
            return Optional.empty();
        }
        RetiredPartition.ArchiveRecord archive = it.archive().orElseThrow();
        FileArchive.Difference difference =
                FileArchive.difference(run.session(), archive.directory(), table, archive.sha256());
        String anew = it.archiveAnewStatement(run.state()).script();
        switch (difference.kind()) {
            case NONE:
                return Optional.empty();
            case CHANGED:
                run.session().update(it.notArchivedStatement(run.state()));
                return Optional.of(
                        "%s The next update writes all of them anew, into another directory, and compares; that one stays."
                                .formatted(difference.why()));
            case LESS:
                return Optional.of(
                        "%s Neither was changed, and nothing is archived anew until you have decided. If it was on purpose, and the archive is to stay as it is, run DROP TABLE %s; if only what the table has now is to be archived, into another directory, run %s; and update again. If it was not, restore the archive into a table of its own: generator restore --archive %s --table SCHEMA.TABLE"
                                .formatted(difference.why(), table.quoted(), anew, archive.directory()));
            default:
                return Optional.of(
                        "%s The archive was written on %s, and had %,d rows. If its files are lost for good, count the rows of %s, and to have them archived anew, into another directory, run %s; and update again."
                                .formatted(difference.why(), archive.host(), archive.rows(), table, anew));
        }
    }

    /** Asked under the lock: why it must not be dropped; empty if it may. */
    private static Optional<String> whyNot(StepRun run, RetiredPartition read) throws SQLException {
        Optional<RetiredPartition> now = RetiredPartition.of(run.session(), run.state(), run.source()).stream()
                .filter(it -> it.id() == read.id())
                .findFirst();
        if (now.isEmpty() || now.get().attached() || !now.get().present().equals(read.present())) {
            return Optional.of("somebody has just renamed or attached it. The next update looks again.");
        }
        return now.get().guarded()
                ? Optional.empty()
                : Optional.of(
                        "the trigger %s, which keeps rows from being written to it, was disabled, replaced or dropped since, so that it may have rows that are nowhere else. Look at it, bring such rows into %s, and drop it yourself: DROP TABLE %s"
                                .formatted(
                                        Guard.TRIGGER,
                                        run.source(),
                                        read.present().orElseThrow().quoted()));
    }

    private static List<Lock> locks(Session session, RetiredPartition it, QualifiedName table) throws SQLException {
        List<Lock> locks = new ArrayList<>(List.of(Lock.ofIdle(table)));
        new TableReader(session)
                .referenced(it.oid()).stream()
                        .filter(referenced -> !referenced.equals(table))
                        .forEach(referenced -> locks.add(Lock.againstAll(referenced)));
        return locks;
    }
}
