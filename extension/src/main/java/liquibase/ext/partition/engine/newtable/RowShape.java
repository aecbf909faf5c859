package liquibase.ext.partition.engine.newtable;

/** As which of the two tables has it a row is written: a column's type may differ between them. */
public enum RowShape {
    /** Of the source, and of the backup after the swap. */
    SOURCE,
    /** Of the new table, under whatever name. */
    NEW
}
