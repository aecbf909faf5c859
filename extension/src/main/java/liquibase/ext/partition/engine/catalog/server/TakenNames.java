package liquibase.ext.partition.engine.catalog.server;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** Finds names of relations that are taken. Any role can ask, also about a schema that it may not look into. */
public final class TakenNames {
    /** Does not use to_regclass, which is an error for a role that may not look into the schema. */
    private static final Sql TAKEN = Sql.of("""
            SELECT wanted.name
            FROM pg_catalog.unnest({names}::pg_catalog.text[]) WITH ORDINALITY AS wanted (name, place)
            JOIN pg_catalog.pg_class AS c ON c.relname = wanted.name
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = {schema}
            ORDER BY wanted.place
            """);

    private TakenNames() {}

    /** The names that something in the schema has. */
    public static List<String> among(Session session, Identifier schema, List<String> names) throws SQLException {
        return session.queryStrings(
                TAKEN.with("names", names.toArray(String[]::new)).with("schema", schema.name()));
    }

    public static boolean isTaken(Session session, QualifiedName name) throws SQLException {
        return !among(session, name.schema(), List.of(name.name().name())).isEmpty();
    }
}
