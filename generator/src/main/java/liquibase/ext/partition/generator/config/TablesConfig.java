package liquibase.ext.partition.generator.config;

import java.util.List;

/**
 * A config without problems.
 *
 * @param tables in the order of the file; at least one, no two of the same schema and name
 */
public record TablesConfig(List<TableConfig> tables) {
    /** Copies the list. */
    public TablesConfig {
        tables = List.copyOf(tables);
    }
}
