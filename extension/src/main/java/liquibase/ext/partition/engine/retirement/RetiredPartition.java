package liquibase.ext.partition.engine.retirement;

import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import liquibase.ext.partition.engine.retirement.archive.ArchiveDirectory;
import liquibase.ext.partition.engine.retirement.archive.FileArchive;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.StateTables;

/**
 * One row of {@code partition_retirement}: a partition that has left its table, and what has become of it since.
 *
 * @param oid the table that was the partition
 * @param partition its name as a partition
 * @param bound in the form that {@code ATTACH PARTITION} takes; empty for a child of a table whose rows triggers route
 * @param present its present name; empty if it is gone
 * @param attached whether it is a partition, or a child, again
 * @param elsewhere whether it is one of another table
 * @param guarded whether nobody can have written to it since
 * @param batch the run in which it left
 * @param leftIn the update that this run was of
 * @param droppedIn the update in which it was dropped; empty if it was not, or not by us
 * @param archive where its rows were written and compared; empty if they were not
 * @param nextArchive how they are written once they are to be
 * @param formerTablespace the tablespace from which it was moved; empty if it was not
 */
public record RetiredPartition(
        long id,
        long oid,
        QualifiedName partition,
        Optional<String> bound,
        Optional<QualifiedName> present,
        boolean attached,
        boolean elsewhere,
        boolean guarded,
        RetirementWay way,
        State state,
        String batch,
        String leftIn,
        Optional<String> droppedIn,
        Optional<ArchiveRecord> archive,
        NextArchive nextArchive,
        Optional<String> formerTablespace) {
    /**
     * A verified archive, as it is recorded.
     *
     * @param sha256 of its manifest
     * @param host the machine on which it was written
     * @param archivedIn the update in which it was recorded
     */
    record ArchiveRecord(ArchiveDirectory directory, String sha256, long rows, String host, String archivedIn) {}

    /**
     * What is to be known of an archive that is not verified yet.
     *
     * @param number from 1 on; each has a directory of its own
     * @param token known to this record and the directory alone; empty if none was begun
     * @param least how many rows the one before has, if nobody has said that they may be fewer
     * @param earlier where the one before is; empty if there is none
     */
    record NextArchive(int number, Optional<String> token, long least, Optional<String> earlier) {}

    /** Where the partition is by now. */
    public enum State {
        /** It is a table of its own. */
        DETACHED,
        /** It is gone. */
        DROPPED,
        /** It was dropped, and a table that gets its rows back is not whole yet. */
        RESTORING,
        /** It is a partition again, or where it was. */
        ATTACHED,
        /** It is a partition all the time, in another tablespace. */
        MOVED;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final Sql FIND = Sql.of("""
            SELECT r.id, r.partition_oid, r.partition_schema, r.partition_name, r.bound, r.way, r.state, r.batch, r.left_in, r.dropped_in,
                   r.archive_directory, r.archive_sha256, r.archived_rows, r.archived_in, r.archive_host, r.archive_token, r.archive_number, r.earlier_archive, r.former_tablespace,
                   n.nspname, c.relname, EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid) AS attached,
                   EXISTS (SELECT FROM pg_catalog.pg_inherits AS i
                           JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace AS s ON s.oid = p.relnamespace
                           WHERE i.inhrelid = c.oid AND i.inhparent <> m.new_oid::pg_catalog.oid
                             AND (s.nspname, p.relname) IS DISTINCT FROM (m.source_schema, m.source_table)) AS elsewhere,
                   (r.guard = (SELECT pg_catalog.format('%s:%s:%s', g.oid, g.xmin, f.xmin)
                               FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_proc AS f ON f.oid = g.tgfoid
                               WHERE g.tgrelid = c.oid AND g.tgname = {trigger} AND g.tgenabled = 'A')) IS TRUE AS guarded
            FROM {migration} AS m
            JOIN {retirement} AS r ON r.migration_id = m.id
            -- After a dump and a restore the oid is another table's. One that was guarded has its name, or its trigger.
            LEFT JOIN pg_catalog.pg_class AS c ON c.oid = r.partition_oid AND c.relkind = 'r'
              AND (r.guard IS NULL OR pg_catalog.to_regclass(pg_catalog.format('%I.%I', coalesce(r.retired_schema, r.partition_schema), r.partition_name)) = c.oid
                   OR pg_catalog.to_regclass(pg_catalog.format('%I.%I', r.partition_schema, r.partition_name)) = c.oid
                   OR EXISTS (SELECT FROM pg_catalog.pg_trigger AS t
                              WHERE t.tgrelid = c.oid AND t.tgname = {trigger} AND t.oid::pg_catalog.text = pg_catalog.split_part(r.guard, ':', 1)))
            LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE m.source_schema = {schema} AND m.source_table = {table}
            ORDER BY r.id""");

    private static final Sql SET_STATE = Sql.of("UPDATE {retirement} SET state = {state} WHERE id = {id}");

    private static final Sql SET_ATTACHED = Sql.of("""
            UPDATE {retirement} SET state = {attached} WHERE migration_id = {migration} AND partition_oid = {oid} AND state = {detached}""");

    private static final Sql RECORD_ARCHIVE = Sql.of("""
            UPDATE {retirement} SET archive_directory = {directory}, archive_sha256 = {sha256}, archived_rows = {rows}, archived_at = pg_catalog.clock_timestamp(),
              archived_in = {update}, archive_host = {host}
            WHERE id = {id}""");

    private static final Sql RECORD_TOKEN = Sql.of("UPDATE {retirement} SET archive_token = {token} WHERE id = {id}");

    /** The number of rows stays, below which the next one must not be. */
    private static final Sql FORGET_ARCHIVE = Sql.of("""
            UPDATE {retirement} SET earlier_archive = archive_directory, archive_number = archive_number + 1, archive_directory = NULL, archive_sha256 = NULL,
              archived_at = NULL
            WHERE id = {id}""");

    private static final Sql ARCHIVE_ANEW = Sql.of("""
            UPDATE {retirement} SET earlier_archive = coalesce(archive_directory, earlier_archive), archive_number = archive_number + 1, archive_directory = NULL, archived_rows = NULL WHERE id = {id}""");

    private static final Sql RECORD_RESTORATION = Sql.of("""
            UPDATE {retirement} SET state = {restoring}, partition_oid = pg_catalog.to_regclass({table})::pg_catalog.oid::bigint, guard = {guard} WHERE id = {id}""");

    private static final Sql RECORD_GUARD = Sql.of("UPDATE {retirement} SET guard = {guard} WHERE id = {id}");

    private static final Sql TAKE_OVER = Sql.of("UPDATE {retirement} SET way = {archive} WHERE id = {id}");

    private static final Sql RECORD_RESTORED = Sql.of("""
            UPDATE {retirement} SET state = {detached}, guard = {guard}, dropped_in = NULL, dropped_at = NULL WHERE id = {id}""");

    private static final Sql RECORD_MOVE_BACK =
            Sql.of("UPDATE {retirement} SET state = {attached}, partition_oid = {oid} WHERE id = {id}");

    private static final Sql RECORD_DROP = Sql.of(
            "UPDATE {retirement} SET state = {state}, dropped_at = pg_catalog.clock_timestamp(), dropped_in = {batch} WHERE id = {id}");

    /** All of a table, in the order in which they have left. One question, which takes no lock. */
    public static List<RetiredPartition> of(Session session, StateTables state, QualifiedName source)
            throws SQLException {
        try {
            return session.query(
                    FIND.with("migration", state.migration())
                            .with("retirement", state.retirement())
                            .with("trigger", Guard.TRIGGER.name())
                            .with("schema", source.schema().name())
                            .with("table", source.name().name()),
                    RetiredPartition::read);
        } catch (SQLException e) {
            if (SqlState.UNDEFINED_TABLE.matches(e)) {
                // Nothing has left yet.
                return List.of();
            }
            throw e;
        }
    }

    private static RetiredPartition read(ResultSet row) throws SQLException {
        String name = row.getString("relname");
        return new RetiredPartition(
                row.getLong("id"),
                row.getLong("partition_oid"),
                QualifiedName.of(row.getString("partition_schema"), row.getString("partition_name")),
                Optional.ofNullable(row.getString("bound")),
                name == null ? Optional.empty() : Optional.of(QualifiedName.of(row.getString("nspname"), name)),
                row.getBoolean("attached"),
                row.getBoolean("elsewhere"),
                row.getBoolean("guarded"),
                RetirementWay.parse(row.getString("way")),
                State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
                row.getString("batch"),
                row.getString("left_in"),
                Optional.ofNullable(row.getString("dropped_in")),
                archive(row),
                new NextArchive(
                        row.getInt("archive_number"),
                        Optional.ofNullable(row.getString("archive_token")),
                        row.getLong("archived_rows"),
                        Optional.ofNullable(row.getString("earlier_archive"))),
                Optional.ofNullable(row.getString("former_tablespace")));
    }

    private static Optional<ArchiveRecord> archive(ResultSet row) throws SQLException {
        String directory = row.getString("archive_directory");
        return directory == null
                ? Optional.empty()
                : Optional.of(new ArchiveRecord(
                        new ArchiveDirectory(Path.of(directory)),
                        row.getString("archive_sha256"),
                        row.getLong("archived_rows"),
                        row.getString("archive_host"),
                        row.getString("archived_in")));
    }

    /** Whether it waits for its drop. */
    boolean isToBeDropped() {
        return state == State.DETACHED
                && (way == RetirementWay.DROP || way == RetirementWay.ARCHIVE && archive.isPresent());
    }

    /** Whether its rows wait to be archived. */
    boolean isToBeArchived() {
        return state == State.DETACHED
                && way == RetirementWay.ARCHIVE
                && archive.isEmpty()
                && present.isPresent()
                && !attached;
    }

    /** What tells the files of its archive from those of any other in this database. */
    String archiveOwner(String token) {
        return batch + " " + partition + " " + id + " " + token;
    }

    /** The statement that records the token of its archive. */
    Sql tokenStatement(StateTables tables, String token) {
        return RECORD_TOKEN
                .with("retirement", tables.retirement())
                .with("token", token)
                .with("id", id);
    }

    /** The statement that records that its rows were written to files, and compared, in that update, on that host. */
    Sql archivedStatement(StateTables tables, FileArchive.Verified archived, String update, String host) {
        return RECORD_ARCHIVE
                .with("retirement", tables.retirement())
                .with("directory", archived.directory().toString())
                .with("sha256", archived.sha256())
                .with("rows", archived.rows())
                .with("update", update)
                .with("host", host)
                .with("id", id);
    }

    /**
     * The statement by which people say that what is in the table now is to be archived, though an earlier archive had
     * more, or is lost.
     */
    Sql archiveAnewStatement(StateTables tables) {
        return ARCHIVE_ANEW.with("retirement", tables.retirement()).with("id", id);
    }

    /** The statement that records that its rows, of which none may be missing, are to be archived once more. */
    Sql notArchivedStatement(StateTables tables) {
        return FORGET_ARCHIVE.with("retirement", tables.retirement()).with("id", id);
    }

    /** Whether it is the table that we have made, under its name, with no row that others have written. */
    boolean isOursAlone() {
        return guarded && !attached && present.equals(Optional.of(partition));
    }

    /** Whether it waits for its drop, and has no archive because it left when none was asked for. */
    boolean isToBeTakenOver() {
        return state == State.DETACHED && way == RetirementWay.DROP && present.isPresent() && !attached;
    }

    /** The statement that records that it is archived before its drop. */
    Sql takenOverStatement(StateTables tables) {
        return TAKE_OVER
                .with("retirement", tables.retirement())
                .with("archive", RetirementWay.ARCHIVE.word())
                .with("id", id);
    }

    /** The statement that records the guard as it is on the table that gets its rows back. */
    Sql guardStatement(StateTables tables) {
        return RECORD_GUARD
                .with("retirement", tables.retirement())
                .with("guard", Guard.state(partition))
                .with("id", id);
    }

    /** The statement that records that a new table, of that name, gets its rows back, and is guarded. */
    Sql restoringStatement(StateTables tables, QualifiedName table) {
        return RECORD_RESTORATION
                .with("guard", Guard.state(table))
                .with("retirement", tables.retirement())
                .with("restoring", State.RESTORING.word())
                .with("table", table.quoted())
                .with("id", id);
    }

    /** The statement that records that it has its rows again, and is guarded. */
    Sql restoredStatement(StateTables tables, long table) {
        return RECORD_RESTORED
                .with("retirement", tables.retirement())
                .with("detached", State.DETACHED.word())
                .with("guard", Guard.state(table))
                .with("id", id);
    }

    /** The statement that records what has become of it. */
    Sql stateStatement(StateTables tables, State now) {
        return SET_STATE
                .with("retirement", tables.retirement())
                .with("state", now.word())
                .with("id", id);
    }

    /**
     * The statement that records of a partition, which is about to leave, that somebody has attached it since it left
     * before.
     */
    static Sql attachedStatement(StateTables tables, Migration migration, long oid) {
        return SET_ATTACHED
                .with("retirement", tables.retirement())
                .with("attached", State.ATTACHED.word())
                .with("migration", migration.id())
                .with("oid", oid)
                .with("detached", State.DETACHED.word());
    }

    /** The statement that records that it is where it was before it was moved. */
    Sql movedBackStatement(StateTables tables, long table) {
        return RECORD_MOVE_BACK
                .with("retirement", tables.retirement())
                .with("attached", State.ATTACHED.word())
                .with("oid", Sql.raw(Long.toString(table)))
                .with("id", id);
    }

    /** The statement that records its drop. */
    Sql dropStatement(StateTables tables, String update) {
        return RECORD_DROP
                .with("retirement", tables.retirement())
                .with("state", State.DROPPED.word())
                .with("batch", update)
                .with("id", id);
    }
}
