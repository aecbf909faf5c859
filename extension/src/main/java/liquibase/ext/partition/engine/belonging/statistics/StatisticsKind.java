package liquibase.ext.partition.engine.belonging.statistics;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** Extended statistics. */
public final class StatisticsKind implements BelongingKind {
    private static final Sql OF_OTHERS = Sql.of("""
            SELECT 'EXTENDED_STATISTICS' AS feature,
                   pg_catalog.format('its statistics %I.%I belong to role %I, and only the owner can rename them', n.nspname, s.stxname, r.rolname) AS what,
                   pg_catalog.format('ALTER STATISTICS %I.%I OWNER TO %I', n.nspname, s.stxname, o.rolname) AS remedy
            FROM pg_catalog.pg_statistic_ext AS s
            JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
            JOIN pg_catalog.pg_roles AS r ON r.oid = s.stxowner
            JOIN pg_catalog.pg_class AS c ON c.oid = s.stxrelid
            JOIN pg_catalog.pg_roles AS o ON o.oid = c.relowner
            WHERE s.stxrelid = {oid} AND s.stxowner <> c.relowner AND NOT pg_catalog.pg_has_role(s.stxowner, 'USAGE')
            """);

    @Override
    public Set<Feature> features() {
        return Set.of(Feature.EXTENDED_STATISTICS);
    }

    /** Statistics that the current role cannot rename. */
    @Override
    public List<Obstacle> standing(Session session, Table table) throws SQLException {
        return session.query(OF_OTHERS.with("oid", table.oid()), Obstacle::read);
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) {
        return List.of(new StatisticsNames(
                context.pair(), context.names(), context.leavingProperties(), context.enteringProperties()));
    }
}
