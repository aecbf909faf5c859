package liquibase.ext.partition.engine.catalog;

import java.util.List;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * A generated column whose values are stored.
 *
 * @param reads the columns that it is computed from. An UPDATE that sets none of them leaves the stored value as it is,
 *     whatever the expression would give today
 */
public record GeneratedColumn(Identifier name, List<Identifier> reads) {
    public GeneratedColumn {
        reads = List.copyOf(reads);
    }
}
