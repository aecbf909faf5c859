package liquibase.ext.partition.engine.catalog;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * A column of a table; dropped columns do not appear.
 *
 * @param type the type as {@code format_type} writes it, with its modifiers: {@code numeric(12,2)}
 * @param typeName the type's own name in the catalog, without modifiers: {@code numeric}, {@code timestamptz}
 * @param defaultExpression the default of an ordinary column; empty for a generated one
 * @param generated whether the column is computed ({@code GENERATED ALWAYS AS}), so that nobody can write it
 * @param identity the kind of {@code GENERATED … AS IDENTITY}
 * @param sequences the sequences that belong to the column ({@code serial}, identity, {@code OWNED BY}); that of an
 *     identity first
 */
public record Column(
        Identifier name,
        String type,
        String typeName,
        boolean notNull,
        Optional<String> defaultExpression,
        boolean generated,
        boolean identity,
        List<Sequence> sequences) {

    /** The same column with another type. */
    public Column withType(String otherType, String otherTypeName) {
        return new Column(name, otherType, otherTypeName, notNull, defaultExpression, generated, identity, sequences);
    }

    /**
     * Names and types of {@code columns} in order, as one text. The statements of a copy hold only as long as this text
     * stays the same.
     */
    public static String fingerprint(List<Column> columns) {
        return columns.stream()
                .map(column -> column.name().quoted() + " " + column.type() + (column.generated() ? " generated" : ""))
                .collect(Collectors.joining("; "));
    }
}
