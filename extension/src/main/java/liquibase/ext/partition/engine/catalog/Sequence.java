package liquibase.ext.partition.engine.catalog;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * A sequence that belongs to a column. A column has several if it was given another one and the first was left.
 *
 * @param identity whether it is the sequence of an identity column
 * @param suppliesColumn whether the column takes its values from it, by its identity or its default
 * @param grants the grants on the sequence, including its owner's own
 */
public record Sequence(
        long oid,
        QualifiedName name,
        SequenceOptions options,
        boolean identity,
        boolean suppliesColumn,
        Optional<String> comment,
        List<Grant> grants) {
    /** Whether its increment is positive. */
    public boolean ascending() {
        return options.isAscending();
    }
}
