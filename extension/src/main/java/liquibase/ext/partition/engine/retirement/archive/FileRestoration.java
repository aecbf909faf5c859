package liquibase.ext.partition.engine.retirement.archive;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Report;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.retirement.archive.Manifest.ArchivedColumn;
import liquibase.ext.partition.engine.retirement.archive.Manifest.ArchivedFile;
import liquibase.ext.partition.engine.run.ProgressMeter;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/**
 * Brings archived rows back into an empty table. Before a row is written, every file is compared with the manifest by
 * its SHA-256, and the table's columns by name and type. Afterwards the rows of the table are read and compared with
 * the manifest, so that what is there is what was archived.
 *
 * <p>No trigger fires for these rows: it would run with the rights of this session, whoever has made it. It is looked
 * for under the lock of each COPY, while nobody can make one.
 *
 * <p>Transactions: one for each file. Locks: SHARE ROW EXCLUSIVE for the first file, so that the table is still empty,
 * then ROW EXCLUSIVE. A run that was killed leaves a table with some of the rows.
 */
public final class FileRestoration {
    /** What goes with each file, in its transaction, under the lock on the table. */
    public interface Around {
        /** Nothing. */
        Around NOTHING = new Around() {
            @Override
            public void before() {}

            @Override
            public void after() {}
        };

        void before() throws SQLException;

        void after() throws SQLException;
    }

    private static final String LOCK_TIMEOUT = "5s";

    private static final Sql SET_LOCK_TIMEOUT = Sql.of("SELECT pg_catalog.set_config('lock_timeout', {timeout}, true)");

    private static final Sql LOCK_ALONE = Sql.of("LOCK TABLE ONLY {table} IN SHARE ROW EXCLUSIVE MODE");
    private static final Sql LOCK = Sql.of("LOCK TABLE ONLY {table} IN ROW EXCLUSIVE MODE");
    private static final Sql HAS_ROWS = Sql.of("SELECT EXISTS (SELECT FROM ONLY {table})");

    private static final Sql IS_TABLE = Sql.of(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass({table}) AND relkind = 'r')");

    private static final Sql TRIGGERS = Sql.of("""
            SELECT pg_catalog.quote_ident(tgname) FROM pg_catalog.pg_trigger
            WHERE tgrelid = pg_catalog.to_regclass({table}) AND NOT tgisinternal AND tgenabled <> 'D' ORDER BY tgname""");

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
     * Makes a table with the archive's columns, with their types and NOT NULL, and nothing else. Nobody but its owner
     * has a right on it, whatever default privileges say.
     *
     * @param name the name of no relation
     * @throws PartitionException if a type is not there, or its text is none that the server has written
     */
    public void create(QualifiedName name) throws SQLException {
        List<Sql> columns = new ArrayList<>();
        for (ArchivedColumn column : manifest.columns()) {
            Sql type = ArchivedType.resolve(session, column.type())
                    .orElseThrow(() -> new PartitionException(
                            "The column %s of the archive in %s has the type <%s>, which is none of this database. %s was not made, and nothing was restored. Make that type, as it was, then restore again. If it is no name of a type at all, the manifest is not the one that was written: look who has changed it."
                                    .formatted(column.name(), directory, column.type(), name)));
            columns.add(COLUMN.with("name", column.name())
                    .with("type", type)
                    .with("notNull", Sql.raw(column.notNull() ? " NOT NULL" : "")));
        }
        session.update(Seclusion.made(name, CREATE.with("table", name).with("columns", Sql.list(columns))));
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

    /** As {@link #into(QualifiedName, Around)}, with nothing around it. */
    public long into(QualifiedName name) throws SQLException {
        return into(name, Around.NOTHING);
    }

    /**
     * Writes the rows into the table, and compares.
     *
     * @return the number of rows
     * @throws PartitionException if it is no ordinary table, the columns are others, the table has rows or a trigger, a
     *     file changes meanwhile, a row is refused, or the table does not have the archive's rows afterwards
     */
    public long into(QualifiedName name, Around around) throws SQLException {
        requireLike(name);
        CsvRows rows = new CsvRows(
                name, manifest.columns().stream().map(ArchivedColumn::name).toList());
        ProgressMeter progress = new ProgressMeter(
                report,
                "restore of " + name,
                manifest.files().stream().mapToLong(it -> it.to() - it.from()).sum(),
                0,
                0);
        if (manifest.files().isEmpty()) {
            session.inTransaction(() -> requireEmpty(name));
        }
        boolean isFirst = true;
        for (ArchivedFile file : manifest.files()) {
            boolean mustBeEmpty = isFirst;
            try {
                session.inTransaction(() -> {
                    if (mustBeEmpty) {
                        requireEmpty(name);
                    } else {
                        session.update(LOCK.with("table", name));
                    }
                    around.before();
                    requireNoTrigger(name);
                    read(rows, file);
                    around.after();
                });
            } catch (SQLException e) {
                throw explained(e, file, name);
            }
            isFirst = false;
            progress.add(file.to() - file.from(), file.tally().rows());
            if (progress.isDue()) {
                progress.tell("");
            }
        }
        Tally restored = rows.tally(session);
        if (!restored.equals(manifest.tally())) {
            throw new PartitionException(
                    "%s has %,d rows after the restore, which are not the %,d rows that were archived: another session has written to it. The files in %s are unchanged. See who writes to it. Restore into another table, one that is not there yet."
                            .formatted(name, restored.rows(), manifest.tally().rows(), directory));
        }
        return restored.rows();
    }

    private void requireLike(QualifiedName name) throws SQLException {
        if (!session.queryBoolean(IS_TABLE.with("table", name.quoted()))) {
            throw new PartitionException(
                    "%s is no ordinary table. Nothing was restored. Restore into a table of its own, one that is not there yet; and bring the rows from there into place by an INSERT of yours."
                            .formatted(name));
        }
        // Types are written as they were when they were archived.
        Table table = session.inTransaction(() -> {
            CsvRows.set(session);
            return new TableReader(session).require(name);
        });
        Optional<String> why = whyNotInto(table);
        if (why.isPresent()) {
            throw new PartitionException(
                    "%s. Nothing was restored. Restore into a table of the archive's own columns, and bring the rows from there into place by an INSERT of yours."
                            .formatted(why.get()));
        }
    }

    private void requireEmpty(QualifiedName name) throws SQLException {
        CsvRows.set(session);
        session.queryStrings(SET_LOCK_TIMEOUT.with("timeout", LOCK_TIMEOUT));
        session.update(LOCK_ALONE.with("table", name));
        if (session.queryBoolean(HAS_ROWS.with("table", name))) {
            throw new PartitionException(
                    "%s has rows already, so that nothing was restored into it. Restore into another table, one that is not there yet. If an interrupted restore has left these rows, see that nobody else has written to it before you drop it."
                            .formatted(name));
        }
    }

    private void requireNoTrigger(QualifiedName name) throws SQLException {
        List<String> triggers = session.queryStrings(TRIGGERS.with("table", name.quoted()));
        if (!triggers.isEmpty()) {
            throw new PartitionException(
                    "%s has the trigger %s, which would fire for each row with the rights of this run. No more rows were restored. Disable it (ALTER TABLE %s DISABLE TRIGGER %s) until the rows are there, or restore into another table, one that is not there yet."
                            .formatted(name, String.join(", ", triggers), name.quoted(), triggers.get(0)));
        }
    }

    /** What is read is compared once more, in the transaction that writes it. */
    private void read(CsvRows rows, ArchivedFile file) throws SQLException {
        try (CsvTally tally = new CsvTally(OutputStream.nullOutputStream());
                InputStream in = new TalliedInput(directory.open(file.name()), tally)) {
            rows.read(session, in);
            if (!tally.tally().equals(file.tally())) {
                throw new PartitionException(
                        "%s in %s has changed while it was read. None of its rows is in %s. Put the file back, from a copy; then restore into another table, one that is not there yet."
                                .formatted(file.name(), directory, rows.table()));
            }
        } catch (IOException e) {
            throw unreadable(e, file, rows);
        } catch (UncheckedIOException e) {
            throw unreadable(e.getCause(), file, rows);
        }
    }

    private SQLException explained(SQLException e, ArchivedFile file, QualifiedName name) {
        if (SqlState.LOCK_NOT_AVAILABLE.matches(e)) {
            throw new PartitionException(
                    "%s could not be locked within %s, because others use it. Nothing was restored. Restore into another table, one that is not there yet."
                            .formatted(name, LOCK_TIMEOUT),
                    e);
        }
        if (!SqlState.isRefusedRow(e)) {
            return e;
        }
        String remedy;
        if (SqlState.CHECK_VIOLATION.matches(e)) {
            remedy =
                    "If it is a CHECK of the table or of a domain that is younger than the row, drop it (ALTER TABLE or ALTER DOMAIN … DROP CONSTRAINT), restore, and add it again, NOT VALID";
        } else if (SqlState.NOT_NULL_VIOLATION.matches(e)) {
            remedy =
                    "The column may have been NULL when the row was archived: ALTER TABLE … ALTER COLUMN … DROP NOT NULL";
        } else if (e.getSQLState().startsWith("22")) {
            remedy = "If a type has changed since, such as an enum whose value was renamed, give it back what it had";
        } else {
            remedy = "Drop the index or key that refuses it, and make it again afterwards";
        }
        throw new PartitionException(
                "PostgreSQL refuses a row of %s in %s: %s. None of the rows of that file is in %s. %s. Then restore again. Or restore into a table that is not there yet, and bring the rows from there into place by an INSERT of yours."
                        .formatted(file.name(), directory, SqlState.firstLine(e), name, remedy),
                e);
    }

    private PartitionException unreadable(IOException e, ArchivedFile file, CsvRows rows) {
        return new PartitionException(
                "%s in %s cannot be read: %s. None of its rows is in %s. Put the file back, from a copy; then restore into another table, one that is not there yet."
                        .formatted(file.name(), directory, ArchiveDirectory.reason(e), rows.table()),
                e);
    }
}
