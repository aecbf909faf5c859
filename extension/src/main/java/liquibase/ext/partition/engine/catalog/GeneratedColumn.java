package liquibase.ext.partition.engine.catalog;

import java.util.List;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * A generated column.
 *
 * @param stored whether its values are stored; otherwise they are computed when it is read
 * @param reads the columns that it is computed from. An UPDATE that sets none of them leaves a stored value as it is,
 *     whatever the expression would give today
 */
public record GeneratedColumn(Identifier name, boolean stored, List<Identifier> reads) {
    public GeneratedColumn {
        reads = List.copyOf(reads);
    }
}
