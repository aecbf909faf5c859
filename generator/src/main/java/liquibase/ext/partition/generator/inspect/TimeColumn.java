package liquibase.ext.partition.generator.inspect;

import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;

/** A column that can decide a row's partition, and how it writes the time. */
record TimeColumn(Column column, TimeNotation notation) {
    Identifier name() {
        return column.name();
    }

    /** The time of a row, as {@link TimeNotation#time}. */
    Sql time() {
        return notation.time(column);
    }
}
