package liquibase.ext.partition.engine.time;

import java.time.LocalDate;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A text column in which dates are written. Text has no order of time, so only the expression can be the partition key.
 *
 * @param function the function that {@link TextDateFormat#createFunction} made; needed as long as the table exists
 */
public record TextDate(QualifiedName function) implements TimeEncoding {
    /** The types, by their names in the catalog; {@code bpchar} is {@code char(n)}. */
    public static final Set<String> TYPES = Set.of("text", "varchar", "bpchar", "citext");

    private static final Sql CALL = Sql.of("{function}(({column})::pg_catalog.text)");

    @Override
    public Sql time(Sql column) {
        return CALL.with("function", function).with("column", column);
    }

    @Override
    public boolean isOrderedByTime() {
        return false;
    }

    @Override
    public Optional<Sql> bound(LocalDate day) {
        return Optional.empty();
    }
}
