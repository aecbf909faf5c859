package liquibase.ext.partition.generator.config;

import java.util.List;

/**
 * A config without problems. It has a table or an exchange.
 *
 * @param tables in the order of the file; no two of the same schema and name
 * @param exchanges in the order of the file; no two of the same schema and name, nor of those of a table
 */
public record TablesConfig(List<TableConfig> tables, List<ExchangeConfig> exchanges) {
    /** Copies the lists. */
    public TablesConfig {
        tables = List.copyOf(tables);
        exchanges = List.copyOf(exchanges);
    }

    /** A config without exchanges. */
    public TablesConfig(List<TableConfig> tables) {
        this(tables, List.of());
    }
}
