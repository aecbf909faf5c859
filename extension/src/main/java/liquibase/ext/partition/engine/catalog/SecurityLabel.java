package liquibase.ext.partition.engine.catalog;

import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * A security label of a table or of one of its columns.
 *
 * @param provider the module that gave it a meaning
 * @param column empty for the table itself
 */
public record SecurityLabel(Identifier provider, Optional<Identifier> column, String label) {}
