package liquibase.ext.partition.engine.belonging.materializedviews;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.AfterSwitch;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.Intent;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.views.Dependents;
import liquibase.ext.partition.engine.belonging.views.DependentsReader;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.server.TakenNames;
import liquibase.ext.partition.engine.name.SuccessorName;
import liquibase.ext.partition.engine.sql.QualifiedName;

/** Materialized views that read the table. */
public final class MaterializedViewKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of(Feature.MATERIALIZED_VIEWS);
    }

    /** Successors whose names are taken. At the swap the name may be that of an earlier swap's successor. */
    @Override
    public List<Obstacle> obstaclesAhead(Intent intent) throws SQLException {
        List<Obstacle> taken = new ArrayList<>();
        for (Dependents.MaterializedView view : new DependentsReader(intent.session())
                .materializedViews(intent.source().oid())
                .values()) {
            QualifiedName successor = SuccessorName.of(view.name());
            if (TakenNames.isTaken(intent.session(), successor)) {
                taken.add(new Obstacle(
                        Feature.MATERIALIZED_VIEWS,
                        "materialized view %s reads it, and its successor's name %s is taken"
                                .formatted(view.name(), successor),
                        "rename that"));
            }
        }
        return taken;
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) throws SQLException {
        DependentsReader dependents = new DependentsReader(context.session());
        return List.of(new MaterializedViewSuccessors(
                dependents.materializedViews(context.leavingOid()).values(),
                dependents.materializedViews(context.enteringOid()).values()));
    }

    /** See {@link MaterializedViews}. Before another switch the views stay as the last one has left them. */
    @Override
    public void finish(AfterSwitch after) throws SQLException {
        if (!after.again()) {
            MaterializedViews.finish(after.run(), after.leftOid(), after.liveOid(), after.lock());
        }
    }
}
