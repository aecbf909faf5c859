package liquibase.ext.partition.engine.catalog.properties;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * A statistics object ({@code CREATE STATISTICS}) of a table.
 *
 * @param name the name, unique in its schema, which need not be the table's
 * @param kinds the kinds as in CREATE STATISTICS; empty for a single expression, which has no kinds to name
 * @param columns columns and expressions, as after {@code ON}
 * @param target the target, if it is not the default
 */
public record ExtendedStatistics(
        QualifiedName name,
        Identifier owner,
        List<String> kinds,
        String columns,
        Optional<Integer> target,
        Optional<String> comment) {
    public ExtendedStatistics {
        kinds = List.copyOf(kinds);
    }
}
