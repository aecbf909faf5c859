package liquibase.ext.partition.engine.state;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** Tells other rooms of partitions that have left their table. */
public final class Retirements {
    private static final Sql EXISTS = Sql.of("SELECT pg_catalog.to_regclass({retirement}) IS NOT NULL");

    private static final Sql LEFT = Sql.of("""
            SELECT partition_schema, partition_name FROM {retirement} WHERE migration_id = {migration} AND state NOT IN ('attached', 'moved')""");

    private Retirements() {}

    /** The names of the partitions that have left and are not back. Takes no lock. */
    public static List<QualifiedName> left(Session session, StateTables state, Migration migration)
            throws SQLException {
        if (!session.queryBoolean(EXISTS.with("retirement", state.retirement().quoted()))) {
            return List.of();
        }
        return session.query(
                LEFT.with("retirement", state.retirement()).with("migration", migration.id()),
                row -> QualifiedName.of(row.getString("partition_schema"), row.getString("partition_name")));
    }
}
