package liquibase.ext.partition.engine.retirement.archive;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Report;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.retirement.archive.Manifest.ArchivedColumn;
import liquibase.ext.partition.engine.retirement.archive.Manifest.ArchivedFile;
import liquibase.ext.partition.engine.run.ProgressMeter;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Brings archived rows back into an empty table. Before a row is written, every file is compared with the manifest by
 * its SHA-256, and the table's columns by name and type. Afterwards the rows of the table are read and compared with
 * the manifest, so that what is there is what was archived.
 *
 * <p>Transactions: one for each file. Locks: ROW EXCLUSIVE. A run that was killed leaves a table with some of the rows,
 * which must be emptied before another.
 */
public final class FileRestoration {
    private static final Sql HAS_ROWS = Sql.of("SELECT EXISTS (SELECT FROM {table})");
    private static final Sql CREATE = Sql.of("CREATE TABLE {table} ({columns})");
    private static final Sql COLUMN = Sql.of("{name} {type}{notNull}");

    private final Session session;
    private final Report report;
    private final ArchiveDirectory directory;
    private final Manifest manifest;

    private FileRestoration(Session session, Report report, ArchiveDirectory directory, Manifest manifest) {
        this.session = session;
        this.report = report;
        this.directory = directory;
        this.manifest = manifest;
    }

    /**
     * An archive whose files were found as they were verified.
     *
     * @param sha256 of its manifest, as it was recorded; null if nobody knows it
     * @throws PartitionException if a file is missing or another
     */
    public static FileRestoration of(Session session, Report report, ArchiveDirectory directory, String sha256)
            throws SQLException {
        return new FileRestoration(session, report, directory, FileArchive.verified(session, directory, sha256));
    }

    /**
     * Reads every row of the files, and writes none.
     *
     * @throws PartitionException if a file has other rows than the manifest says
     */
    public void check() {
        FileArchive.requireRows(report, directory, manifest);
    }

    /** What the archive says that it has. */
    public Manifest manifest() {
        return manifest;
    }

    /**
     * Makes a table with the archive's columns, with their types and NOT NULL, and nothing else.
     *
     * @param name the name of no relation
     */
    public void create(QualifiedName name) throws SQLException {
        session.update(CREATE.with("table", name)
                .with(
                        "columns",
                        Sql.list(manifest.columns().stream()
                                .map(it -> COLUMN.with("name", it.name())
                                        .with("type", Sql.raw(it.type()))
                                        .with("notNull", Sql.raw(it.notNull() ? " NOT NULL" : "")))
                                .toList())));
    }

    /** Why the rows do not fit into a table; empty if they do. */
    public Optional<String> whyNotInto(Table table) {
        List<ArchivedColumn> there = table.columns().stream()
                .filter(it -> !it.generated())
                .map(ArchivedColumn::of)
                .toList();
        boolean fits = there.size() == manifest.columns().size()
                && manifest.columns().stream().allMatch(it -> there.stream().anyMatch(it::isLike));
        return fits
                ? Optional.empty()
                : Optional.of("%s has the columns %s, and the archive in %s has %s"
                        .formatted(table.name(), there, directory, manifest.columns()));
    }

    /**
     * Writes the rows into the table, and compares.
     *
     * @return the number of rows
     * @throws PartitionException if the columns are others, the table has rows, a file changes meanwhile, or the table
     *     does not have the archive's rows afterwards
     */
    public long into(QualifiedName name) throws SQLException {
        Table table = new TableReader(session).require(name);
        Optional<String> why = whyNotInto(table);
        if (why.isPresent()) {
            throw new PartitionException(
                    "%s. Nothing was restored. Restore into a table of the archive's own columns, and bring the rows from there into place by an INSERT of yours."
                            .formatted(why.get()));
        }
        if (session.queryBoolean(HAS_ROWS.with("table", name))) {
            throw new PartitionException(
                    "%s has rows already, so that nothing was restored into it. If these are of a restore that was interrupted, run TRUNCATE %s, then restore again; or name another table."
                            .formatted(name, name.quoted()));
        }
        CsvRows rows = new CsvRows(
                name, manifest.columns().stream().map(ArchivedColumn::name).toList());
        ProgressMeter progress = new ProgressMeter(
                report,
                "restore of " + name,
                manifest.files().stream().mapToLong(it -> it.to() - it.from()).sum(),
                0,
                0);
        for (ArchivedFile file : manifest.files()) {
            session.inTransaction(() -> read(rows, file));
            progress.add(file.to() - file.from(), file.tally().rows());
            if (progress.isDue()) {
                progress.tell("");
            }
        }
        Tally restored = rows.tally(session);
        if (!restored.equals(manifest.tally())) {
            throw new PartitionException(
                    "%s has %,d rows after the restore, which are not the %,d rows that were archived: a trigger or another session has changed them. The files in %s are unchanged. Run TRUNCATE %s, see to what writes to it, and restore again."
                            .formatted(name, restored.rows(), manifest.tally().rows(), directory, name.quoted()));
        }
        return restored.rows();
    }

    /** What is read is compared once more, in the transaction that writes it. */
    private void read(CsvRows rows, ArchivedFile file) throws SQLException {
        try (CsvTally tally = new CsvTally(OutputStream.nullOutputStream());
                InputStream in = new TalliedInput(directory.open(file.name()), tally)) {
            rows.read(session, in);
            if (!tally.tally().equals(file.tally())) {
                throw new PartitionException(
                        "%s in %s has changed while it was read. None of its rows is in %s. Put the file back, from a copy; then run TRUNCATE %s and restore again."
                                .formatted(
                                        file.name(),
                                        directory,
                                        rows.table(),
                                        rows.table().quoted()));
            }
        } catch (IOException e) {
            throw unreadable(e, file, rows);
        } catch (UncheckedIOException e) {
            throw unreadable(e.getCause(), file, rows);
        }
    }

    private PartitionException unreadable(IOException e, ArchivedFile file, CsvRows rows) {
        return new PartitionException(
                "%s in %s cannot be read: %s. None of its rows is in %s. Put the file back, from a copy; then run TRUNCATE %s and restore again."
                        .formatted(
                                file.name(),
                                directory,
                                ArchiveDirectory.reason(e),
                                rows.table(),
                                rows.table().quoted()),
                e);
    }
}
