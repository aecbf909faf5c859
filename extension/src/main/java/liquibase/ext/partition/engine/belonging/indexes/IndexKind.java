package liquibase.ext.partition.engine.belonging.indexes;

import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.newtable.NewTable;

/** The key and every index. */
public final class IndexKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of(Feature.INDEXES);
    }

    @Override
    public List<AnnouncedChange> changes(Table source, NewTable plan) {
        return IndexChanges.of(source, plan);
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) {
        return List.of(new IndexNames(context.pair(), context.names()));
    }
}
