package liquibase.ext.partition.engine.belonging.sequences;

import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;

/** Identity and serial columns with their sequences. */
public final class SequenceKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of(Feature.SEQUENCES);
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) {
        return List.of(new ColumnSequences(context.pair(), context.stretched()));
    }
}
