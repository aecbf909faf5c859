package liquibase.ext.partition.engine.catalog;

import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Names of types as people write them. {@code timestamptz(3)} and {@code timestamp(3) with time zone} are one type; so the part
 * without its modifiers is resolved by the server, and the modifiers are compared as text.
 */
public final class TypeName {
    private static final Pattern MODIFIERS = Pattern.compile("\\(([^)]*)\\)");
    private static final Sql SAME = Sql.of("SELECT pg_catalog.to_regtype({left}) = pg_catalog.to_regtype({right})");

    private TypeName() {}

    /** Whether two names mean the same type; false where the server knows either not. */
    public static boolean same(Session session, String left, String right) throws SQLException {
        return modifiers(left).equals(modifiers(right))
                && session.queryBoolean(SAME.with("left", base(left)).with("right", base(right)));
    }

    /** A name of a type without its modifiers: {@code numeric} of {@code numeric(14,2)}. */
    public static String base(String type) {
        return MODIFIERS.matcher(type).replaceFirst("").strip();
    }

    private static String modifiers(String type) {
        Matcher matcher = MODIFIERS.matcher(type);
        return matcher.find() ? matcher.group(1).replace(" ", "") : "";
    }
}
