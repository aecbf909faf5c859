package liquibase.ext.partition.engine.newtable;

/** The table in whose form a row is written: a column's type may differ between the two. */
public enum RowShape {
    /** The form of the source, and of the backup after the swap. */
    SOURCE,
    /** The form of the new table, under whatever name. */
    NEW
}
