package liquibase.ext.partition.engine.belonging.securitylabels;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;

/** Security labels of the table, its columns and sequences. */
public final class SecurityLabelKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of(Feature.SECURITY_LABELS);
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) throws SQLException {
        SecurityLabelReader reader = new SecurityLabelReader(context.session());
        return List.of(new SecurityLabels(
                context.pair(), reader.read(context.leavingOid()), reader.read(context.enteringOid())));
    }
}
