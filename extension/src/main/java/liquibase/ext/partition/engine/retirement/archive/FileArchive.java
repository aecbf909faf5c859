package liquibase.ext.partition.engine.retirement.archive;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Report;
import liquibase.ext.partition.engine.catalog.Heap;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.pace.ChunkSize;
import liquibase.ext.partition.engine.pace.Pace;
import liquibase.ext.partition.engine.retirement.archive.Manifest.ArchivedColumn;
import liquibase.ext.partition.engine.retirement.archive.Manifest.ArchivedFile;
import liquibase.ext.partition.engine.run.ProgressMeter;
import liquibase.ext.partition.engine.run.ThisHost;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;

/**
 * Writes the rows of a table into files, reads them back, and compares every row with the table.
 *
 * <p><b>Why the files have every row once.</b> Nobody inserts into the table meanwhile, or updates it, as its guard
 * ensures. Rows may be deleted, and a foreign key's action may change some, which moves them to other blocks. So after
 * the last chunk is written, all are compared: each file, read back from the disk, must come to what the rows of its
 * blocks come to now. A chunk for which that is not so is written again, and then all are compared once more. The
 * manifest is written only after a comparison in which every chunk was the same and which ends at the end of the table.
 * From then on nothing in the directory changes: a run that was killed before it could record the archive compares it
 * once more, and takes it as it is.
 *
 * <p>Transactions: one for each chunk and each comparison of one, of about two seconds. Locks: ACCESS SHARE. Safe to
 * repeat and to kill: a chunk whose file has its name is not written again unless it differs.
 *
 * <p>The file is long because what is compared before an archive counts, and before it is relied on, is one argument.
 */
public final class FileArchive {
    /** What is changed by foreign keys while its rows are archived is changed rarely. */
    private static final int MOST_COMPARISONS = 5;

    /**
     * A verified archive.
     *
     * @param sha256 of its manifest, which has those of the files
     */
    public record Verified(ArchiveDirectory directory, String sha256, long rows, int files, long bytes) {}

    private final Session session;
    private final Report report;
    private final ArchiveDirectory directory;
    private final QualifiedName name;
    private final Table table;
    private final CsvRows rows;
    private final ProgressMeter progress;

    /** What this run has written into a file. */
    private final Map<String, Tally> written = new HashMap<>();

    /** The last file that did not hold what this run had written into it; null if there is none. */
    private String altered;

    private FileArchive(Session session, Report report, ArchiveDirectory directory, QualifiedName name)
            throws SQLException {
        this.session = session;
        this.report = report;
        this.directory = directory;
        this.name = name;
        this.table = new TableReader(session).require(name);
        this.rows = new CsvRows(name, table.writableColumns());
        this.progress = new ProgressMeter(report, "archive of " + name, 2 * Heap.blocks(session, name), 0, 0);
    }

    /**
     * Writes, or goes on where a killed run has stopped.
     *
     * @param name the table's present name
     * @param owner identifies what is archived, and in which database; files of another are left alone
     * @param of the table that it was a partition of
     * @param partition its name as a partition
     * @param bound null for a child of a table whose rows triggers route
     * @throws PartitionException if the files cannot be written, or do not keep what is written, or the rows keep being
     *     changed, or a finished archive is there that has other rows; the table is as it was then
     */
    public static Verified write(
            Session session,
            Report report,
            ArchiveDirectory directory,
            QualifiedName name,
            String owner,
            QualifiedName of,
            QualifiedName partition,
            String bound)
            throws SQLException {
        try {
            directory.claim(owner);
            if (directory.isFinished()) {
                return finished(session, directory, name);
            }
            FileArchive archive = new FileArchive(session, report, directory, name);
            List<ArchivedFile> files = archive.files();
            Tally all = files.stream().map(ArchivedFile::tally).reduce(Tally.NOTHING, Tally::plus);
            Manifest manifest = new Manifest(
                    of,
                    partition,
                    Optional.ofNullable(bound),
                    archive.table.columns().stream()
                            .filter(it -> !it.generated())
                            .map(ArchivedColumn::of)
                            .toList(),
                    all,
                    files);
            requireReadable(session, directory, manifest);
            return verified(directory, manifest, directory.write(manifest));
        } catch (IOException e) {
            throw new PartitionException(
                    "The rows of %s cannot be written to %s: %s. They are all still in %s, and nothing was dropped. Make room, or mend what is wrong there; the next update goes on with what is missing."
                            .formatted(name, directory, ArchiveDirectory.reason(e), name),
                    e);
        }
    }

    private static Verified verified(ArchiveDirectory directory, Manifest manifest, String sha256) {
        return new Verified(
                directory,
                sha256,
                manifest.tally().rows(),
                manifest.files().size(),
                manifest.files().stream().mapToLong(ArchivedFile::bytes).sum());
    }

    /** What is read from the manifest must be what is written into it, before anybody relies on it. */
    private static void requireReadable(Session session, ArchiveDirectory directory, Manifest manifest)
            throws SQLException {
        String where = directory.path().resolve(ArchiveDirectory.MANIFEST).toString();
        if (!Manifest.parse(session, manifest.json(), where).equals(manifest)) {
            throw new IllegalStateException(
                    "%s would not be read as it is written. It was not written, and nothing was dropped."
                            .formatted(where));
        }
    }

    /** The archive that an earlier run has finished, and not recorded. Nothing is written to it. */
    private static Verified finished(Session session, ArchiveDirectory directory, QualifiedName name)
            throws IOException, SQLException {
        Difference difference = difference(session, directory, name, null);
        if (difference.kind() != Difference.Kind.NONE) {
            throw new PartitionException(
                    "%s has a finished archive of %s, of which no record knows, and which is not like the table: %s Nothing was written there, and nothing was dropped. Look at both; to archive the table as it is, move that directory away, then run update again."
                            .formatted(directory, name, difference.why()));
        }
        String json = directory.manifest().orElseThrow();
        Manifest manifest = Manifest.parse(
                session,
                json,
                directory.path().resolve(ArchiveDirectory.MANIFEST).toString());
        return verified(directory, manifest, ArchiveDirectory.sha256Of(json));
    }

    private List<ArchivedFile> files() throws IOException, SQLException {
        for (int i = 0; i < MOST_COMPARISONS; i++) {
            List<ArchiveDirectory.Chunk> chunks = writeMissing();
            Optional<List<ArchivedFile>> same = compare(chunks);
            if (same.isPresent() && Heap.blocks(session, name) <= end(chunks)) {
                return same.get();
            }
        }
        throw new PartitionException(
                altered == null
                        ? "The rows of %s were changed again and again while they were written to %s: by DELETE, or by a foreign key's action. They are all still in the table, and nothing was dropped. Run update again at a quieter hour; it goes on with what is there."
                                .formatted(name, directory)
                        : "%s in %s does not hold what was written to it, however often it is written: somebody changes it, or the disk does not keep it. All rows are still in %s, and nothing was dropped. Look at that disk, or name another directory for the archive; then run update again."
                                .formatted(altered, directory, name));
    }

    private static long end(List<ArchiveDirectory.Chunk> chunks) {
        return chunks.isEmpty() ? 0 : chunks.get(chunks.size() - 1).to();
    }

    /** Writes what no file has, from the last one to the present end of the table. */
    private List<ArchiveDirectory.Chunk> writeMissing() throws IOException, SQLException {
        List<ArchiveDirectory.Chunk> chunks = new ArrayList<>(directory.chunks(report));
        long blocks = Heap.blocks(session, name);
        ChunkSize size = CsvRows.chunkSize();
        for (long from = end(chunks); from < blocks; ) {
            ArchiveDirectory.Chunk chunk =
                    new ArchiveDirectory.Chunk(from, Math.min(blocks, from + size.next(Pace.DEFAULT_CHUNK_TIME)));
            long begun = System.nanoTime();
            write(chunk);
            size.took(chunk.to() - from, Duration.ofNanos(System.nanoTime() - begun));
            chunks.add(chunk);
            count(chunk, 0);
            from = chunk.to();
        }
        return chunks;
    }

    private void write(ArchiveDirectory.Chunk chunk) throws IOException, SQLException {
        written.put(
                chunk.fileName(), directory.write(chunk, out -> rows.write(session, chunk.from(), chunk.to(), out)));
    }

    /** What the files hold; empty if one had to be written again. */
    private Optional<List<ArchivedFile>> compare(List<ArchiveDirectory.Chunk> chunks) throws IOException, SQLException {
        List<ArchivedFile> files = new ArrayList<>();
        boolean isSame = true;
        for (ArchiveDirectory.Chunk chunk : chunks) {
            Optional<ArchiveDirectory.Content> content = readBack(chunk.fileName());
            Tally now = rows.tally(session, chunk.from(), chunk.to());
            if (content.filter(it -> it.tally().equals(now)).isEmpty()) {
                write(chunk);
                isSame = false;
            } else {
                files.add(new ArchivedFile(
                        chunk.fileName(),
                        chunk.from(),
                        chunk.to(),
                        content.get().bytes(),
                        content.get().sha256(),
                        now));
            }
            count(chunk, now.rows());
        }
        return isSame ? Optional.of(files) : Optional.empty();
    }

    /** What a file holds; empty if it is damaged, which is reported if it is not what this run has written. */
    private Optional<ArchiveDirectory.Content> readBack(String file) {
        Optional<ArchiveDirectory.Content> content;
        String how;
        try {
            content = Optional.of(directory.read(file));
            how = "it has other rows";
        } catch (IOException e) {
            content = Optional.empty();
            how = ArchiveDirectory.reason(e);
        }
        Tally expected = written.get(file);
        boolean isAltered = expected == null
                ? content.isEmpty()
                : content.filter(it -> it.tally().equals(expected)).isEmpty();
        if (isAltered) {
            altered = file;
            report.line("archive of %s: WARNING: %s in %s is not what was written to it (%s), and is written again."
                    .formatted(name, file, directory, how));
        }
        return content;
    }

    private void count(ArchiveDirectory.Chunk chunk, long done) {
        progress.add(chunk.to() - chunk.from(), done);
        if (progress.isDue()) {
            progress.tell("");
        }
    }

    /**
     * Why the archive must not be relied on: its files are not those that were verified, or the table has other rows
     * than they. Reads all of both.
     *
     * @param sha256 of the manifest, as it was recorded
     */
    public static Difference difference(Session session, ArchiveDirectory directory, QualifiedName name, String sha256)
            throws SQLException {
        Manifest manifest;
        try {
            manifest = verified(session, directory, sha256);
        } catch (PartitionException e) {
            return new Difference(Difference.Kind.FILES, e.getMessage());
        }
        Table table = new TableReader(session).require(name);
        CsvRows rows = new CsvRows(
                name, manifest.columns().stream().map(ArchivedColumn::name).toList());
        long end = 0;
        boolean hasItsColumns = table.columns().stream()
                .filter(it -> !it.generated())
                .map(ArchivedColumn::of)
                .toList()
                .equals(manifest.columns());
        boolean isSame = hasItsColumns;
        for (ArchivedFile file : manifest.files()) {
            isSame = isSame && rows.tally(session, file.from(), file.to()).equals(file.tally());
            end = file.to();
        }
        if (isSame && Heap.blocks(session, name) <= end) {
            return new Difference(Difference.Kind.NONE, "");
        }
        if (!hasItsColumns) {
            return new Difference(
                    Difference.Kind.LESS,
                    "its columns were changed since its %,d rows were written to %s."
                            .formatted(manifest.tally().rows(), directory));
        }
        long there = new CsvRows(name, table.writableColumns()).tally(session).rows();
        return there < manifest.tally().rows()
                ? new Difference(
                        Difference.Kind.LESS,
                        "it has %,d rows, and the archive in %s has the %,d that it had when they were written and compared."
                                .formatted(there, directory, manifest.tally().rows()))
                : new Difference(
                        Difference.Kind.CHANGED,
                        "rows of it were changed since they were written to %s.".formatted(directory));
    }

    /**
     * What {@link #difference} has found.
     *
     * @param why for people, as a sentence about the table; empty if there is no difference
     */
    public record Difference(Kind kind, String why) {
        /** Which of the two is not as it was. */
        public enum Kind {
            /** Neither. */
            NONE,
            /** The files, or they are gone. */
            FILES,
            /** The table has as many rows as the archive, or more, and some are others. */
            CHANGED,
            /** The table has fewer rows than the archive, or other columns: the archive may be the only copy. */
            LESS
        }
    }

    /**
     * Reads all rows of the files, and compares them with the manifest, which was found to be whole.
     *
     * @throws PartitionException if a file has other rows than the manifest says
     */
    static void requireRows(Report report, ArchiveDirectory directory, Manifest manifest) {
        ProgressMeter progress = new ProgressMeter(
                report,
                "check of " + directory,
                manifest.files().stream().mapToLong(it -> it.to() - it.from()).sum(),
                0,
                0);
        for (ArchivedFile file : manifest.files()) {
            String why;
            try {
                ArchiveDirectory.Content content = directory.read(file.name());
                why = content.tally().equals(file.tally())
                        ? null
                        : "it has %,d rows, which are not the %,d of the manifest"
                                .formatted(content.tally().rows(), file.tally().rows());
            } catch (IOException e) {
                why = ArchiveDirectory.reason(e);
            }
            if (why != null) {
                throw new PartitionException("%s in %s cannot be relied on: %s. Put the file back, from a copy."
                        .formatted(file.name(), directory, why));
            }
            progress.add(file.to() - file.from(), file.tally().rows());
            if (progress.isDue()) {
                progress.tell("");
            }
        }
    }

    /**
     * The manifest, once it and every file were found to be those that were verified.
     *
     * @param sha256 of the manifest, as it was recorded; null if nobody knows it
     * @throws PartitionException if something is missing or another
     */
    static Manifest verified(Session session, ArchiveDirectory directory, String sha256) throws SQLException {
        try {
            String json = directory
                    .manifest()
                    .orElseThrow(() -> new PartitionException(
                            "%s has no %s on %s, where this runs. If the files were moved, put them back, or run where they are."
                                    .formatted(directory, ArchiveDirectory.MANIFEST, ThisHost.name())));
            if (sha256 != null && !ArchiveDirectory.sha256Of(json).equals(sha256)) {
                throw changed(directory, ArchiveDirectory.MANIFEST);
            }
            Manifest manifest = Manifest.parse(
                    session,
                    json,
                    directory.path().resolve(ArchiveDirectory.MANIFEST).toString());
            for (ArchivedFile file : manifest.files()) {
                if (!directory.sha256(file.name()).equals(file.sha256())) {
                    throw changed(directory, file.name());
                }
            }
            return manifest;
        } catch (IOException e) {
            throw new PartitionException(
                    "The files in %s cannot be read on %s: %s. If they were moved, put them back, or run where they are."
                            .formatted(directory, ThisHost.name(), ArchiveDirectory.reason(e)),
                    e);
        }
    }

    private static PartitionException changed(ArchiveDirectory directory, String file) {
        return new PartitionException(
                "%s in %s is not the file that was written and compared: its SHA-256 is another. Put that back, from a copy."
                        .formatted(file, directory));
    }
}
