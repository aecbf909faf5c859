package liquibase.ext.partition.engine.delta;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migration;

/**
 * A table whose writes are captured.
 *
 * @param partitions its partitions or inheritance children; empty for an ordinary table
 * @param routing how rows find the partitions
 * @param partitionsOnly whether only these partitions are captured, each by itself, and not the table with its others
 */
public record CapturedTable(
        QualifiedName table, List<QualifiedName> partitions, Routing routing, boolean partitionsOnly) {
    public CapturedTable {
        partitions = List.copyOf(partitions);
    }

    /** A table that is captured with all of its partitions. */
    public CapturedTable(QualifiedName table, List<QualifiedName> partitions, Routing routing) {
        this(table, partitions, routing, false);
    }

    /**
     * Some partitions of a table, each of which is captured by itself.
     *
     * @param table the table whose partitions they are
     */
    public static CapturedTable ofPartitions(QualifiedName table, List<QualifiedName> partitions) {
        return new CapturedTable(table, partitions, Routing.NATIVE, true);
    }

    /** A table without partitions. */
    public static CapturedTable ordinary(QualifiedName table) {
        return new CapturedTable(table, List.of(), Routing.NATIVE);
    }

    /** The tables that are captured before the swap: the source, or the partitions that leave together. */
    public static CapturedTable ofOrigin(Migration migration) {
        return migration.isOfSeveral()
                ? ofPartitions(migration.origin(), migration.heaps(migration.source()))
                : ordinary(migration.source());
    }

    /** The new table of a migration, while it is not captured. */
    public static CapturedTable ofIdle(Session session, Migration migration) throws SQLException {
        List<QualifiedName> partitions = new TableReader(session).partitions(migration.newTable());
        return migration.exchange().isPresent()
                ? ofPartitions(migration.newTable(), partitions)
                : new CapturedTable(
                        migration.newTable(), partitions, migration.spec().routing());
    }

    /** The table that is live after the swap, under its present name. */
    public static CapturedTable ofLive(Session session, Migration migration) throws SQLException {
        return migration.exchange().isPresent()
                ? ofPartitions(migration.live(), KnownPartitions.tables(session, migration))
                : new CapturedTable(
                        migration.live(),
                        new TableReader(session).partitions(migration.live()),
                        migration.spec().routing());
    }

    /** Whether a statement on the table is work on many tables. */
    public boolean hasPartitions() {
        return !partitions.isEmpty();
    }

    /**
     * The tables that need a row trigger of their own. The server clones the trigger of a partitioned table, but not
     * that of an inheritance parent; and a parent's rows may stay where they are while the triggers that route them are
     * off.
     */
    List<QualifiedName> rowTriggered() {
        return routing == Routing.TRIGGER || partitionsOnly ? truncatable() : List.of(table);
    }

    /** Whether rows are inserted into {@code one} only to be taken out again. */
    boolean passesRowsOn(QualifiedName one) {
        return routing == Routing.TRIGGER && one.equals(table);
    }

    /**
     * The tables that can be truncated. Each can be truncated by itself, which fires only its own statement triggers.
     */
    List<QualifiedName> truncatable() {
        List<QualifiedName> tables = new ArrayList<>();
        if (!partitionsOnly) {
            tables.add(table);
        }
        tables.addAll(partitions);
        return tables;
    }
}
