package liquibase.ext.partition.engine.belonging.comments;

import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;

/** The comment on the table itself. */
public final class TableCommentKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of(Feature.COMMENTS);
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) {
        return List.of(new TableComment(context.pair()));
    }
}
