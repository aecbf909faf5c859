package liquibase.ext.partition.engine.belonging.checks;

import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;

/** CHECK constraints. Most are made with the new table; the swap adds those that are not valid. */
public final class CheckKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of(Feature.CHECKS);
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) {
        return List.of(new NotValidChecks(context.pair(), context.leavingSettings(), context.enteringSettings()));
    }
}
