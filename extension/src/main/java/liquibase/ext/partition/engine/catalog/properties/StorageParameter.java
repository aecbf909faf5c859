package liquibase.ext.partition.engine.catalog.properties;

import java.util.Collection;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A parameter of a table, a column or an index, as after {@code WITH} or {@code SET}.
 *
 * @param toast whether it is one of the TOAST table
 */
public record StorageParameter(boolean toast, String name, String value) {
    private static final Pattern PLAIN = Pattern.compile("[a-z_]+");

    /** {@code (name = 'value', …)}; must not be empty. */
    public static Sql list(Collection<StorageParameter> parameters) {
        return Sql.of("({parameters})")
                .with(
                        "parameters",
                        Sql.join(
                                ", ",
                                parameters.stream()
                                        .map(StorageParameter::assignment)
                                        .toList()));
    }

    private Sql assignment() {
        return Sql.of("{name} = {value}").with("name", Sql.raw(qualifiedName())).with("value", Sql.literal(value));
    }

    /** The name as SQL after {@code RESET}: {@code toast.autovacuum_enabled}. */
    public String qualifiedName() {
        return (toast ? "toast." : "") + (PLAIN.matcher(name).matches() ? name : new Identifier(name).quoted());
    }

    /** {@code name=value}, for people. */
    @Override
    public String toString() {
        return (toast ? "toast." : "") + name + "=" + value;
    }
}
