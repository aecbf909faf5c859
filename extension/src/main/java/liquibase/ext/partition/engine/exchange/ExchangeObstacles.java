package liquibase.ext.partition.engine.exchange;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import liquibase.ext.partition.engine.belonging.publications.Publication;
import liquibase.ext.partition.engine.belonging.publications.PublicationReader;
import liquibase.ext.partition.engine.belonging.views.DependentObstacles;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Grant;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.catalog.properties.TablePropertiesReader;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.refusal.Obstacles;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.state.StateTables;

/**
 * Finds the obstacles to the exchange of a partition: things that belong to the partition alone and would not come
 * along, and things for which the server would read rows under the lock. Reads the catalog only.
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

    /**
     * The server adopts an index for one of the parent if it is alike in everything that is described here. An index of
     * the parent that is not valid wants one, too.
     */
    private static final Sql MADE_MEANWHILE = Sql.of("""
            WITH staged AS ({given}),
            described AS (
              SELECT i.indrelid, i.indexrelid, i.indisvalid, c.relname, c.relkind,
                     {text} AS text
              FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
              WHERE i.indrelid IN ({parent}, {partition}) OR i.indrelid IN (SELECT s.oid FROM staged AS s)),
            wanted AS (
              SELECT d.* FROM described AS d
              WHERE d.indrelid = {parent}
                 OR d.indrelid = {partition} AND d.indisvalid
                    AND (SELECT pg_catalog.count(*) FROM described AS e WHERE e.indrelid = {partition} AND e.indisvalid)
                      > (SELECT pg_catalog.count(*) FROM described AS e
                         WHERE e.indisvalid AND e.indrelid = (SELECT pg_catalog.min(s.oid) FROM staged AS s)))
            SELECT 'INDEXES' AS feature,
                   pg_catalog.format('the new partitions have no index like %I of %s', w.relname, w.indrelid::pg_catalog.regclass) AS what,
                   CASE WHEN w.indisvalid THEN 'drop it and make it again after the exchange, or roll back to before the exchange and begin again'
                        ELSE 'it is not valid; drop it, or make it valid and roll back to before the exchange' END AS remedy
            FROM wanted AS w
            WHERE EXISTS (SELECT FROM staged AS s
                          WHERE NOT EXISTS (SELECT FROM described AS d
                                            WHERE d.indrelid = s.oid AND d.indisvalid AND d.text = w.text))
            UNION ALL
            SELECT 'CHECKS', pg_catalog.format('the new partitions do not have its check %I', k.conname),
                   'drop it and make it again after the exchange, or roll back to before the exchange and begin again'
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = {partition} AND k.contype = 'c' AND k.conname <> {ours}
              AND EXISTS (SELECT FROM staged AS s
                          WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS o
                                            WHERE o.conrelid = s.oid AND o.contype = 'c' AND o.conname = k.conname))
            ORDER BY 2""").with("text", AttachRequirements.INDEX_TEXT);

    private ExchangeObstacles() {}

    /**
     * The obstacles of partitions that leave together. A partition is named where there are several.
     *
     * @param ours whether a trigger is one of a capture
     */
    static List<Obstacle> ofAll(Session session, List<Table> partitions, PartitionPlace place, Predicate<Trigger> ours)
            throws SQLException {
        Table first = partitions.get(0);
        Set<Obstacle> obstacles = new LinkedHashSet<>();
        for (Table partition : partitions) {
            for (Obstacle obstacle : of(session, partition, place, ours)) {
                boolean named = partitions.size() == 1 || obstacle.feature() == Feature.FOREIGN_KEYS;
                obstacles.add(
                        named
                                ? obstacle
                                : new Obstacle(
                                        obstacle.feature(),
                                        "%s: %s".formatted(partition.name(), obstacle.what()),
                                        obstacle.remedy()));
            }
            if (partition != first) {
                obstacles.addAll(Unlikeness.of(session, first.name(), first.oid(), partition.name(), partition.oid()));
            }
        }
        return List.copyOf(obstacles);
    }

    /**
     * The obstacles to the beginning of an exchange: those of {@link #ofAll}, and what other exchanges are about, or
     * have left.
     */
    static List<Obstacle> atTheBeginning(
            Session session, StateTables state, List<Table> partitions, PartitionPlace place) throws SQLException {
        List<Migration> others = others(session, state, partitions);
        List<Obstacle> obstacles = new ArrayList<>(ofAll(session, partitions, place, ofOthers(others)));
        obstacles.addAll(named(others));
        if (others.isEmpty()) {
            obstacles.addAll(
                    BoundCheck.left(session, partitions.stream().map(Table::oid).toList()));
        }
        return obstacles;
    }

    /** Other exchanges of one of these partitions. @param partitions the first is the source of this one */
    static List<Migration> others(Session session, StateTables state, List<Table> partitions) throws SQLException {
        return new Migrations(session, state)
                .exchangesOf(
                        partitions.stream().map(Table::oid).toList(),
                        partitions.get(0).name());
    }

    /** Whether a trigger is one of the captures of other exchanges, which nobody may drop. */
    static Predicate<Trigger> ofOthers(List<Migration> others) {
        return trigger -> others.stream()
                .anyMatch(
                        it -> it.deltaTableName().isPresent() && Capture.of(it).owns(trigger));
    }

    static List<Obstacle> named(List<Migration> others) {
        return others.stream()
                .map(it -> new Obstacle(
                        null,
                        "the exchange of %s, which is <%s>, is about one of these partitions"
                                .formatted(it.source(), it.phase().word()),
                        it.phase().isAtLeast(Phase.SWAPPED)
                                ? "end it first with its dropBackup, or roll it back to before prepareExchange"
                                : "end it first, or roll it back to before prepareExchange"))
                .toList();
    }

    private static List<Obstacle> of(Session session, Table partition, PartitionPlace place, Predicate<Trigger> ours)
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
        for (Publication publication : new PublicationReader(session).read(partition.oid())) {
            if (!publication.ownedByUs()) {
                obstacles.add(new Obstacle(
                        Feature.PUBLICATIONS,
                        "publication %s publishes it and belongs to role %s, and only its owner can exchange the table in it"
                                .formatted(publication.name(), publication.owner()),
                        "GRANT %s to the role that runs Liquibase"
                                .formatted(publication.owner().quoted())));
            }
        }
        return obstacles;
    }

    /**
     * Indexes and checks that were made since the new partitions got theirs. The server would build the former under
     * the lock where the parent has them, and the others would be lost.
     *
     * @param exchange whose new partitions are made
     */
    static List<Obstacle> madeMeanwhile(Session session, Table partition, Migration exchange) throws SQLException {
        Migration.Exchange of = exchange.exchange().orElseThrow();
        return QualifiedNames.within(
                session,
                () -> session.query(
                        MADE_MEANWHILE
                                .with("parent", of.parentOid())
                                .with("partition", partition.oid())
                                .with(
                                        "ours",
                                        BoundCheck.name(exchange, partition.name())
                                                .name())
                                .with("given", PartitionTree.given(of.partitions())),
                        Obstacle::read));
    }

    /** The foreign keys of a partition and of its parent, and those that refer to one of them. */
    static List<Obstacle> foreignKeys(Session session, long partition, long parent) throws SQLException {
        return QualifiedNames.within(
                session,
                () -> session.query(FOREIGN_KEYS.with("parent", parent).with("partition", partition), Obstacle::read));
    }
}
