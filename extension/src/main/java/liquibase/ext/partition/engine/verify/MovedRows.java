package liquibase.ext.partition.engine.verify;

import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.sql.QualifiedName;

/** A table was rewritten while it was compared chunk by chunk, so the planned chunks no longer exist. */
final class MovedRows extends PartitionException {
    private static final long serialVersionUID = 1L;

    MovedRows(QualifiedName table) {
        super(
                "%s was rewritten while its rows were compared. What was compared says nothing. Run the same command again."
                        .formatted(table));
    }
}
