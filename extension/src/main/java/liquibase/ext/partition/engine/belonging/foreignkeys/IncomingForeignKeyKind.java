package liquibase.ext.partition.engine.belonging.foreignkeys;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKeyReader;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.Intent;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.WayBack;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.newtable.ColumnChange;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** Foreign keys that refer to the table. */
public final class IncomingForeignKeyKind implements BelongingKind {
    private static final Sql REFERRING = Sql.of("""
            SELECT 'INCOMING_FOREIGN_KEYS' AS feature,
                   pg_catalog.format('foreign key %I of %s refers to it', k.conname, k.conrelid::pg_catalog.regclass) AS what,
                   pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::pg_catalog.regclass, k.conname) AS remedy
            FROM pg_catalog.pg_constraint AS k WHERE k.confrelid = {oid} AND k.contype = 'f' AND k.conparentid = 0
            """);

    @Override
    public Set<Feature> features() {
        return Set.of(Feature.INCOMING_FOREIGN_KEYS);
    }

    /** Every key that refers to the table. What becomes of it is asked in {@link #judged} and {@link #judgedBack}. */
    @Override
    public List<Obstacle> standing(Session session, Table table) throws SQLException {
        return session.query(REFERRING.with("oid", table.oid()), Obstacle::read);
    }

    @Override
    public List<Obstacle> judged(List<Obstacle> standing, Intent intent) throws SQLException {
        NewTableSpec spec = intent.spec();
        IncomingForeignKeys way = spec.incomingForeignKeys();
        List<ForeignKey> referring =
                new ForeignKeyReader(intent.session()).incoming(intent.source().oid());
        List<ForeignKey> kept = referring.stream()
                .filter(it -> intent.key()
                        .filter(key -> IncomingForeignKeyRules.keeps(way, it, intent.source(), key, spec.routing()))
                        .isPresent())
                .toList();
        return IncomingForeignKeyRules.obstacles(
                way,
                standing,
                referring,
                kept,
                spec.columns().stream().map(ColumnChange::column).toList());
    }

    @Override
    public List<Obstacle> judgedBack(List<Obstacle> standing, WayBack way) throws SQLException {
        return IncomingForeignKeyRules.withoutThoseThatGoBack(
                standing,
                new ForeignKeyReader(way.session()).incoming(way.live().oid()),
                way.backup());
    }

    @Override
    public List<AnnouncedChange> changesForOthers(Intent intent) throws SQLException {
        List<AnnouncedChange> changes = new ArrayList<>();
        Table source = intent.source();
        NewTableSpec spec = intent.spec();
        PartitionKey partitionKey = intent.key().orElseThrow();
        boolean dropped = spec.incomingForeignKeys() == IncomingForeignKeys.DROP;
        for (ForeignKey key : new ForeignKeyReader(intent.session()).incoming(source.oid())) {
            if (IncomingForeignKeyRules.keeps(spec.incomingForeignKeys(), key, source, partitionKey, spec.routing())) {
                changes.add(
                        new AnnouncedChange(
                                Feature.INCOMING_FOREIGN_KEYS,
                                "%s of %s".formatted(key.name(), key.referring().name()),
                                "foreign key",
                                "the same",
                                "It refers to the partitioned table, and is validated right after the swap. A partition whose rows are referred to can be neither detached nor dropped."));
                continue;
            }
            if (spec.incomingForeignKeys() == IncomingForeignKeys.REFUSE) {
                continue;
            }
            changes.add(new AnnouncedChange(
                    Feature.INCOMING_FOREIGN_KEYS,
                    "%s of %s".formatted(key.name(), key.referring().name()),
                    "foreign key",
                    dropped ? "" : "triggers that keep it",
                    dropped
                            ? "Nothing keeps it after the swap; a rollback makes it again."
                            : "The swap puts triggers in its place; a rollback makes it again."));
        }
        return changes;
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) throws SQLException {
        return context.isBack() ? ForeignKeys.restored(context) : ForeignKeys.dropped(context);
    }
}
