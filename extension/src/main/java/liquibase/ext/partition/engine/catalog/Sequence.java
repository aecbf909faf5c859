package liquibase.ext.partition.engine.catalog;

import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * A sequence that belongs to a column.
 *
 * @param ascending whether its increment is positive
 */
public record Sequence(QualifiedName name, boolean ascending) {}
