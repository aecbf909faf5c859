package liquibase.ext.partition.engine.belonging.grants;

import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;

/** The owner. */
public final class OwnerKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of(Feature.OWNER);
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) {
        return List.of(new Ownership(context.pair()));
    }
}
