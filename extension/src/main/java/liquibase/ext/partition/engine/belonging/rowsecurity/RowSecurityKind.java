package liquibase.ext.partition.engine.belonging.rowsecurity;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.Intent;
import liquibase.ext.partition.engine.belonging.kind.Refusal;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.partitioning.Routing;

/** Row level security with its policies. */
public final class RowSecurityKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of(Feature.ROW_SECURITY);
    }

    @Override
    public List<Obstacle> obstacles(Intent intent) throws SQLException {
        boolean moved = intent.key().isPresent() && intent.spec().routing() == Routing.TRIGGER;
        return moved
                        && new RowSecurityReader(intent.session())
                                .read(intent.source().oid())
                                .isUsed()
                ? List.of(new Obstacle(
                        Feature.ROW_SECURITY,
                        "row level security is enabled on it, or has policies, which do not hold for a row that a trigger moves",
                        Intent.USE_NATIVE))
                : List.of();
    }

    @Override
    public Refusal refusal() {
        return Refusal.UNFIT;
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) throws SQLException {
        RowSecurityReader reader = new RowSecurityReader(context.session());
        return List.of(
                new Policies(context.pair(), reader.read(context.leavingOid()), reader.read(context.enteringOid())));
    }
}
