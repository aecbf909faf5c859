package liquibase.ext.partition.engine.catalog;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * An index of a table.
 *
 * @param columns the key columns in order, if all are plain columns; empty when one of them is an expression
 * @param plainColumns the key columns that are plain columns, whatever the others are
 * @param method the definition from the access method on: {@code btree (status) WHERE …}
 * @param constraint the definition of the PRIMARY KEY or UNIQUE constraint that owns it, as after
 *     {@code ADD CONSTRAINT name}
 * @param valid whether the server uses it; false after a failed CREATE INDEX CONCURRENTLY, or while a partition lacks
 *     its part of a partitioned index
 */
public record Index(
        Identifier name,
        List<Identifier> columns,
        Set<Identifier> plainColumns,
        String method,
        boolean unique,
        boolean primaryKey,
        Optional<String> constraint,
        boolean partial,
        boolean valid) {

    /** Whether no two rows of the table can agree in {@link #columns()} once these are NOT NULL. */
    public boolean tellsRowsApart() {
        return unique && valid && !partial && !columns.isEmpty();
    }
}
