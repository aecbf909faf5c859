package liquibase.ext.partition.engine.belonging.statistics;

import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;

/** Extended statistics. */
public final class StatisticsKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of(Feature.EXTENDED_STATISTICS);
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) {
        return List.of(new StatisticsNames(
                context.pair(), context.names(), context.leavingSettings(), context.enteringSettings()));
    }
}
