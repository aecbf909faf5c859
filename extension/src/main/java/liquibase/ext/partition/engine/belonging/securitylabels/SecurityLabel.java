package liquibase.ext.partition.engine.belonging.securitylabels;

import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * A security label of a table, of one of its columns, or of the sequence of an identity column.
 *
 * @param provider the module that gives the label its meaning
 * @param column the column; empty for the table itself
 * @param ofSequence whether it is the label of the column's sequence
 */
public record SecurityLabel(Identifier provider, Optional<Identifier> column, boolean ofSequence, String label) {
    /** Whether {@code other} is a label of the same object by the same provider. */
    public boolean isOfTheSameAs(SecurityLabel other) {
        return provider.equals(other.provider) && column.equals(other.column) && ofSequence == other.ofSequence;
    }
}
