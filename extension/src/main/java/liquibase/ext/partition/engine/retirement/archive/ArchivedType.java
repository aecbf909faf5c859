package liquibase.ext.partition.engine.retirement.archive;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/**
 * The type of a column of an archive, as the server writes it. A manifest is a file that anybody may have written, so
 * that its text never becomes SQL: the server looks the name up as a value, and gives the name back. Only modifiers are
 * taken from the manifest, as in {@code numeric(10,2)}, and only where they are words and numbers.
 */
final class ArchivedType {
    /** The first form has no modifiers; the second is that of a column without, which differs for {@code bpchar}. */
    private static final Sql NAMES = Sql.of("""
            SELECT pg_catalog.format_type(t.oid, NULL) AS name, pg_catalog.format_type(t.oid, -1) AS bare
            FROM (SELECT pg_catalog.to_regtype({type})::pg_catalog.oid AS oid) AS t WHERE t.oid IS NOT NULL""");

    private static final Pattern MODIFIERS = Pattern.compile("\\( ?-?\\w+(, ?-?\\w+)*\\)");

    /** An interval's fields are modifiers, too. */
    private static final Pattern INTERVAL = Pattern.compile(
            "interval( (year|month|day|hour|minute|second)( to (month|hour|minute|second))?)?(\\([0-6]\\))?(\\[])*");

    private record Names(String name, String bare) {}

    private ArchivedType() {}

    /** The type as SQL; empty if the text is not the name of a type of this database as the server writes it. */
    static Optional<Sql> resolve(Session session, String written) throws SQLException {
        if (written == null) {
            return Optional.empty();
        }
        List<Names> names;
        try {
            names = session.query(
                    NAMES.with("type", written), row -> new Names(row.getString("name"), row.getString("bare")));
        } catch (SQLException e) {
            if (SqlState.isConnectionLost(e)) {
                throw e;
            }
            // A text that is no name at all is an error, and not only unknown.
            return Optional.empty();
        }
        return names.stream().findFirst().flatMap(it -> like(it, written)).map(Sql::raw);
    }

    private static Optional<String> like(Names names, String written) {
        if (written.equals(names.bare())) {
            return Optional.of(names.bare());
        }
        if (written.equals(names.name()) || INTERVAL.matcher(written).matches()) {
            return Optional.of(written);
        }
        for (Matcher match = MODIFIERS.matcher(written); match.find(); ) {
            String name = names.name();
            int at = match.start();
            if ((written.substring(0, at) + written.substring(match.end())).equals(name)) {
                return Optional.of(name.substring(0, at) + match.group() + name.substring(at));
            }
        }
        return Optional.empty();
    }
}
