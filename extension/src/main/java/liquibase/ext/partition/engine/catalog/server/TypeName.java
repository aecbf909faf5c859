package liquibase.ext.partition.engine.catalog.server;

import java.sql.SQLException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Names of types as people write them. {@code timestamptz(3)} and {@code timestamp(3) with time zone} are one type; so
 * the server resolves the part without its modifiers, and the modifiers are compared as text.
 */
public final class TypeName {
    private static final Pattern MODIFIERS = Pattern.compile("\\(([^)]*)\\)");

    /** Runs on the caller's path, so no operator may depend on that. */
    private static final Sql OID = Sql.of("SELECT pg_catalog.to_regtype({type})::pg_catalog.oid");

    private static final Sql QUALIFIED = Sql.of("SELECT pg_catalog.format_type({oid}::pg_catalog.oid, NULL)");

    private static final Pattern ARRAY = Pattern.compile("(\\[])*$");

    private TypeName() {}

    /**
     * Whether a name means a type; false if it means none.
     *
     * @param written the name that the caller wrote
     * @param actual the type as {@code format_type} writes it in a pinned session
     */
    public static boolean same(Session session, String written, String actual) throws SQLException {
        Optional<String> meant = onCallersPath(session, written);
        return modifiers(written).equals(modifiers(actual)) && meant.isPresent() && meant.equals(oid(session, actual));
    }

    /**
     * The name by which everybody means the type that the caller means by {@code written}: a type outside the catalog
     * gets its schema. Unchanged if the caller's name means nothing.
     */
    public static String qualified(Session session, String written) throws SQLException {
        Optional<String> meant = onCallersPath(session, written);
        if (meant.isEmpty() || meant.equals(oid(session, written))) {
            return written;
        }
        String name = session.queryStrings(QUALIFIED.with("oid", Long.parseLong(meant.get())))
                .get(0);
        Matcher array = ARRAY.matcher(name);
        array.find();
        Matcher modifiers = MODIFIERS.matcher(written);
        return modifiers.find() ? name.substring(0, array.start()) + modifiers.group() + array.group() : name;
    }

    private static Optional<String> onCallersPath(Session session, String written) throws SQLException {
        return session.onCallersPath(() -> oid(session, written));
    }

    private static Optional<String> oid(Session session, String type) throws SQLException {
        return Optional.ofNullable(
                session.queryStrings(OID.with("type", base(type))).get(0));
    }

    /** The name of a type without its modifiers: {@code numeric} for {@code numeric(14,2)}. */
    public static String base(String type) {
        return MODIFIERS.matcher(type).replaceFirst("").strip();
    }

    private static String modifiers(String type) {
        Matcher matcher = MODIFIERS.matcher(type);
        return matcher.find() ? matcher.group(1).replace(" ", "") : "";
    }
}
