package liquibase.ext.partition.engine.belonging.foreignkeys;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKeyReader;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.Intent;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.server.TypeName;
import liquibase.ext.partition.engine.newtable.ColumnChange;

/** The table's own foreign keys. */
public final class OwnForeignKeyKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of(Feature.FOREIGN_KEYS);
    }

    /** Keys that cannot be made again once columns have other types. */
    @Override
    public List<Obstacle> obstaclesAhead(Intent intent) throws SQLException {
        List<ColumnChange> columns = intent.spec().columns();
        return new ForeignKeyReader(intent.session())
                .impossible(
                        intent.source().oid(),
                        columns.stream().map(ColumnChange::column).toList(),
                        columns.stream()
                                .map(change -> TypeName.base(change.type()))
                                .toList());
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) throws SQLException {
        return List.of(ForeignKeys.own(context));
    }
}
