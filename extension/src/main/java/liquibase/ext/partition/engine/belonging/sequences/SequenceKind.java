package liquibase.ext.partition.engine.belonging.sequences;

import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.part.BelongingKind;
import liquibase.ext.partition.engine.belonging.part.SwitchContext;
import liquibase.ext.partition.engine.belonging.part.SwitchPart;
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
