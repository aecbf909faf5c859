package liquibase.ext.partition.engine.state;

import java.util.Locale;

/** How far a migration has come, in order. A rollback goes back. */
public enum Phase {
    /** The new table exists. */
    PREPARED,
    /** Every write to the source leaves its key in the delta table. */
    CAPTURING,
    /** The chunk plan exists, and chunks are being copied. */
    COPYING,
    /** Every chunk is copied. */
    COPIED,
    /** The new table has its indexes. */
    INDEXED,
    /** The delta has been small once since then. */
    REPLAYED,
    /** Source and new table were compared and did not differ. */
    VERIFIED,
    /** The new table has the source's name; the source is the backup. */
    SWAPPED,
    /** The backup is gone. */
    DROPPED;

    /** The word in {@code partition_migration.phase}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Phase parse(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }

    public boolean isAtLeast(Phase other) {
        return compareTo(other) >= 0;
    }
}
