package liquibase.ext.partition.engine.belonging.grants;

import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.part.BelongingKind;
import liquibase.ext.partition.engine.belonging.part.SwitchContext;
import liquibase.ext.partition.engine.belonging.part.SwitchPart;
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
