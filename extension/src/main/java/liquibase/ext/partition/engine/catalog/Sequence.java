package liquibase.ext.partition.engine.catalog;

import java.util.List;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * A sequence that belongs to a column.
 *
 * @param ascending whether its increment is positive
 * @param grants on the sequence, to roles other than its owner
 */
public record Sequence(QualifiedName name, boolean ascending, List<Grant> grants) {}
