package liquibase.ext.partition.engine.belonging.grants;

import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.sql.Identifier;

/** Rights that are granted on the table and its columns. */
public final class GrantKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of(Feature.GRANTS);
    }

    @Override
    public List<AnnouncedChange> changes(Table source, NewTable plan) {
        return source.grants().stream()
                .filter(grant -> grant.grantor().isPresent())
                .map(grant -> {
                    String privilege = grant.privilege()
                            + grant.column()
                                    .map(column -> " (" + column.name() + ")")
                                    .orElse("");
                    return new AnnouncedChange(
                            Feature.GRANTS,
                            grant.grantee().map(Identifier::name).orElse("PUBLIC"),
                            "%s by %s"
                                    .formatted(
                                            privilege,
                                            grant.grantor().orElseThrow().name()),
                            "%s by %s".formatted(privilege, source.owner().name()),
                            "Only a role itself can grant in its name, so the owner grants it; who passed it on can no longer revoke it.");
                })
                .toList();
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) {
        return List.of(new TableGrants(context.pair()));
    }
}
