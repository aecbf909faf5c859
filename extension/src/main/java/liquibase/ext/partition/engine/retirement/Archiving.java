package liquibase.ext.partition.engine.retirement;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.retirement.archive.ArchiveDirectory;
import liquibase.ext.partition.engine.retirement.archive.FileArchive;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.StateTables;

/**
 * Writes what has left a table to be archived into files. It has left with its {@link Guard}, so that it is a table to
 * which nobody writes, and stays one until its drop, which comes only after every row was compared.
 *
 * <p>Transactions: those of {@link FileArchive}, and one for the record. Safe to repeat and to kill.
 */
final class Archiving {
    private Archiving() {}

    /** Whether something waits for it. One question, which takes no lock. */
    static boolean isDue(Session session, StateTables state, QualifiedName source) throws SQLException {
        return RetiredPartition.of(session, state, source).stream().anyMatch(RetiredPartition::isToBeArchived);
    }

    /**
     * Archives what waits for it, the oldest first.
     *
     * @throws PartitionException when the directory or the files are not as they must be; what has left is unchanged
     */
    static void run(StepRun run, ArchivePlace.Files place) throws SQLException {
        List<RetiredPartition> waiting = RetiredPartition.of(run.session(), run.state(), run.source()).stream()
                .filter(RetiredPartition::isToBeArchived)
                .toList();
        if (waiting.isEmpty()) {
            return;
        }
        ArchiveDirectory.require(place.directory());
        for (RetiredPartition it : waiting) {
            QualifiedName table = it.present().orElseThrow();
            FileArchive.Verified archived = FileArchive.write(
                    run.session(),
                    run.report(),
                    ArchiveDirectory.of(place.directory(), it.partition(), it.id()),
                    table,
                    it.archiveOwner(),
                    run.source(),
                    it.partition(),
                    it.bound().orElse(null));
            run.session().update(it.archivedStatement(run.state(), archived));
            run.line("%s: the %,d rows of %s are in %s, in %d file%s of %,d bytes; each was read back and compared."
                    .formatted(
                            run.step(),
                            archived.rows(),
                            table,
                            archived.directory(),
                            archived.files(),
                            archived.files() == 1 ? "" : "s",
                            archived.bytes()));
        }
    }
}
