package liquibase.ext.partition.engine.belonging.securitylabels;

import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * A security label of a table, of one of its columns, or of the sequence of an identity column.
 *
 * @param provider the module that gave it a meaning
 * @param column empty for the table itself
 * @param ofSequence whether it is that of the column's sequence
 */
public record SecurityLabel(Identifier provider, Optional<Identifier> column, boolean ofSequence, String label) {
    /** Whether {@code other} says something of the same thing by the same provider. */
    public boolean isOfTheSameAs(SecurityLabel other) {
        return provider.equals(other.provider) && column.equals(other.column) && ofSequence == other.ofSequence;
    }
}
