package liquibase.ext.partition.engine.catalog;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * A sequence that belongs to a column. A column can have several, when it was given another one and the first was left.
 *
 * @param identity whether it is that of an identity column
 * @param suppliesColumn whether the column takes its values from it, by its identity or its default
 * @param grants on the sequence, its owner's own too
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
