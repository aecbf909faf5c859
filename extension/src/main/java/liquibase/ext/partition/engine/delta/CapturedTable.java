package liquibase.ext.partition.engine.delta;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * A table whose writes are captured.
 *
 * @param partitions its partitions or inheritance children; empty for an ordinary table
 * @param routing how rows find the partitions
 */
public record CapturedTable(QualifiedName table, List<QualifiedName> partitions, Routing routing) {
    public CapturedTable {
        partitions = List.copyOf(partitions);
    }

    /** A table without partitions. */
    public static CapturedTable ordinary(QualifiedName table) {
        return new CapturedTable(table, List.of(), Routing.NATIVE);
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
        return routing == Routing.TRIGGER ? truncatable() : List.of(table);
    }

    /** Whether rows are inserted into {@code one} only to be taken out again. */
    boolean passesRowsOn(QualifiedName one) {
        return routing == Routing.TRIGGER && one.equals(table);
    }

    /**
     * The tables that can be truncated. Each can be truncated by itself, which fires only its own statement triggers.
     */
    List<QualifiedName> truncatable() {
        List<QualifiedName> tables = new ArrayList<>(List.of(table));
        tables.addAll(partitions);
        return tables;
    }
}
