package liquibase.ext.partition.engine.belonging.comments;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;

/** Comments on columns, constraints and indexes. */
public final class OtherCommentKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of(Feature.COMMENTS);
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) throws SQLException {
        return List.of(new OtherComments(
                context.pair(),
                context.names(),
                Comments.read(context.session(), context.pair().old().table()),
                Comments.read(context.session(), context.pair().next().table())));
    }
}
