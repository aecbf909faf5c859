package liquibase.ext.partition.engine.belonging.views;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.Intent;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.WayBack;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Session;

/** Views and functions that depend on the table. */
public final class ViewKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of(Feature.VIEWS, Feature.FUNCTIONS);
    }

    /** Everything that depends on the table and cannot be made to refer to another one. */
    @Override
    public List<Obstacle> standing(Session session, Table table) throws SQLException {
        return new DependentObstacles(session).list(table.oid());
    }

    /** Objects that read columns which the new table lacks, or has with another type. */
    @Override
    public List<Obstacle> obstacles(Intent intent) throws SQLException {
        return new DependentObstacles(intent.session())
                .readersOf(intent.source().oid(), intent.differing());
    }

    @Override
    public List<Obstacle> obstaclesBack(WayBack way) throws SQLException {
        return new DependentObstacles(way.session()).readersOf(way.live().oid(), way.differing());
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) throws SQLException {
        return List.of(new Repointing(new DependentsReader(context.session()).read(context.leavingOid())));
    }
}
