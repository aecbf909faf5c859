package liquibase.ext.partition.engine.retirement;

import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.retirement.archive.ArchiveDirectory;
import liquibase.ext.partition.engine.retirement.archive.FileArchive;
import liquibase.ext.partition.engine.retirement.archive.ServerIdentity;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.run.ThisHost;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.StateTables;

/**
 * Writes what has left a table to be archived into files. It has left with its {@link Guard}, so that it is a table to
 * which nobody writes, and stays one until its drop, which comes only after every row was compared.
 *
 * <p>What is archived anew gets a directory of its own, and never has fewer rows than the archive before, unless people
 * say so: somebody may have emptied the table, so that the earlier archive is the only copy.
 *
 * <p>Transactions: those of {@link FileArchive}, and one for the record. Safe to repeat and to kill.
 */
final class Archiving {
    private Archiving() {}

    /** Whether something waits for it. One question, which takes no lock. */
    static boolean isDue(Session session, StateTables state, QualifiedName source) throws SQLException {
        return RetiredPartition.of(session, state, source).stream()
                .anyMatch(it -> it.isToBeArchived() || it.isToBeTakenOver());
    }

    /**
     * Archives what waits for it, the oldest first.
     *
     * @param update identifies this update in the records
     * @throws PartitionException when the directory or the files are not as they must be; what has left is unchanged
     */
    static void run(StepRun run, ArchivePlace.Files place, String update) throws SQLException {
        List<RetiredPartition> waiting = RetiredPartition.of(run.session(), run.state(), run.source()).stream()
                .filter(RetiredPartition::isToBeArchived)
                .toList();
        if (waiting.isEmpty()) {
            return;
        }
        ArchiveDirectory.require(place.directory());
        for (RetiredPartition it : waiting) {
            archive(run, place, it, update);
        }
    }

    private static void archive(StepRun run, ArchivePlace.Files place, RetiredPartition it, String update)
            throws SQLException {
        QualifiedName table = it.present().orElseThrow();
        RetiredPartition.NextArchive next = it.nextArchive();
        FileArchive.Verified archived = FileArchive.write(
                run.session(),
                run.report(),
                ArchiveDirectory.of(place.directory(), it.partition(), it.id(), next.number()),
                table,
                ServerIdentity.of(run.session()) + " " + it.archiveOwner(token(run, it)),
                run.source(),
                it.partition(),
                it.bound().orElse(null));
        String earlier = next.earlier().map(where -> " in " + where).orElse("");
        if (archived.rows() < next.least()) {
            run.line(
                    "%s: WARNING: %s has %,d rows, fewer than the %,d of its earlier archive%s, so that it is neither taken as archived nor dropped. If those rows were deleted on purpose, and only what is left is to be in an archive of its own, run %s; and update again. If not, restore the earlier one into a table of its own (generator restore)."
                            .formatted(
                                    run.step(),
                                    table,
                                    archived.rows(),
                                    next.least(),
                                    earlier,
                                    it.archiveAnewStatement(run.state()).script()));
            return;
        }
        run.session().update(it.archivedStatement(run.state(), archived, update, ThisHost.name()));
        run.line("%s: the %,d rows of %s are in %s, in %d file%s of %,d bytes; each was read back and compared.%s"
                .formatted(
                        run.step(),
                        archived.rows(),
                        table,
                        archived.directory(),
                        archived.files(),
                        archived.files() == 1 ? "" : "s",
                        archived.bytes(),
                        earlier.isEmpty() ? "" : " An earlier archive of it stays%s.".formatted(earlier)));
    }

    /** Recorded before there is a directory, so that a clone of the database from before has another. */
    private static String token(StepRun run, RetiredPartition it) throws SQLException {
        if (it.nextArchive().token().isPresent()) {
            return it.nextArchive().token().get();
        }
        String token = UUID.randomUUID().toString();
        run.session().update(it.tokenStatement(run.state(), token));
        return token;
    }
}
