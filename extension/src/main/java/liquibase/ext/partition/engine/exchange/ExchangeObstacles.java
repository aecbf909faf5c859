package liquibase.ext.partition.engine.exchange;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import liquibase.ext.partition.engine.belonging.views.DependentObstacles;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Grant;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.catalog.properties.TablePropertiesReader;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.refusal.Obstacles;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * What stands in the way of the exchange of a partition: what hangs on the partition by itself and would not come
 * along, and what would have the server read rows under the lock. Reads the catalog only.
 */
final class ExchangeObstacles {
    /**
     * A validated foreign key of the parent is adopted only if the partition has one, whose triggers on the referenced
     * table would see rows that the replay has still to take away. And a partition whose rows are referred to cannot be
     * detached.
     */
    private static final Sql FOREIGN_KEYS = Sql.of("""
            SELECT CASE WHEN k.confrelid IN ({parent}, {partition}) THEN 'INCOMING_FOREIGN_KEYS' ELSE 'FOREIGN_KEYS' END AS feature,
                   CASE WHEN k.confrelid IN ({parent}, {partition})
                        THEN pg_catalog.format('foreign key %I of %s refers to %s, and PostgreSQL detaches no partition whose rows are referred to',
                                               k.conname, k.conrelid::pg_catalog.regclass, k.confrelid::pg_catalog.regclass)
                        ELSE pg_catalog.format('%s has the foreign key %I, for which every row of a new partition would be read while writers wait',
                                               k.conrelid::pg_catalog.regclass, k.conname) END AS what,
                   pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I, and add it again after the exchange', k.conrelid::pg_catalog.regclass,
                                     k.conname) AS remedy
            FROM pg_catalog.pg_constraint AS k
            WHERE k.contype = 'f' AND k.conparentid = 0
              AND (k.conrelid IN ({parent}, {partition}) OR k.confrelid IN ({parent}, {partition}))
            ORDER BY k.conname""");

    private ExchangeObstacles() {}

    /** @param ours whether a trigger is one of a capture */
    static List<Obstacle> of(Session session, Table partition, PartitionPlace place, Predicate<Trigger> ours)
            throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>();
        for (Obstacle obstacle : Obstacles.of(session, partition)) {
            if (obstacle.feature() != Feature.INHERITANCE) {
                obstacles.add(obstacle);
            }
        }
        obstacles.addAll(QualifiedNames.within(session, () -> new DependentObstacles(session).all(partition.oid())));
        obstacles.addAll(foreignKeys(session, partition.oid(), place.parentOid()));
        for (Trigger trigger : partition.triggers()) {
            if (!ours.test(trigger)) {
                obstacles.add(new Obstacle(
                        Feature.TRIGGERS,
                        "it has the trigger %s by itself, which its table has not".formatted(trigger.name()),
                        "make it on %s, or DROP TRIGGER %s ON %s"
                                .formatted(
                                        place.parent().quoted(),
                                        trigger.name().quoted(),
                                        partition.name().quoted())));
            }
        }
        new TablePropertiesReader(session)
                .read(partition).checksNotValid().stream()
                        .map(check -> new Obstacle(
                                Feature.CHECKS,
                                "its check %s is NOT VALID, and on the new partitions it would hold for every row"
                                        .formatted(check.name()),
                                "ALTER TABLE %s VALIDATE CONSTRAINT %s, or drop it"
                                        .formatted(
                                                partition.name().quoted(),
                                                check.name().quoted())))
                        .forEach(obstacles::add);
        for (Grant grant : partition.grants()) {
            if (!grant.toOwner() && grant.privilege().equals("TRIGGER")) {
                String grantee = grant.grantee().map(Identifier::quoted).orElse("PUBLIC");
                obstacles.add(new Obstacle(
                        Feature.GRANTS,
                        "%s may make triggers on it, into which changes are replayed after the exchange"
                                .formatted(grantee),
                        "REVOKE TRIGGER ON %s FROM %s"
                                .formatted(partition.name().quoted(), grantee)));
            }
        }
        return obstacles;
    }

    /** The foreign keys of a partition and of its parent, and those that refer to one of them. */
    static List<Obstacle> foreignKeys(Session session, long partition, long parent) throws SQLException {
        return QualifiedNames.within(
                session,
                () -> session.query(FOREIGN_KEYS.with("parent", parent).with("partition", partition), Obstacle::read));
    }
}
