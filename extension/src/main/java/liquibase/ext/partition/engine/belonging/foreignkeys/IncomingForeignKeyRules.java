package liquibase.ext.partition.engine.belonging.foreignkeys;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey;
import liquibase.ext.partition.engine.belonging.foreignkeys.triggers.ForeignKeyTriggerNames;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.partitioning.Uniqueness;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * The rules for foreign keys that refer to a table: which of them stand in the way, there and back, and which of them
 * remain PostgreSQL's own.
 */
public final class IncomingForeignKeyRules {
    private IncomingForeignKeyRules() {}

    /**
     * The obstacles of a table for the chosen treatment of the keys that refer to it.
     *
     * @param way the treatment of the keys
     * @param standing obstacles that do not depend on the treatment, including those from the keys themselves
     * @param referring the keys that refer to it
     * @param kept those of them that {@linkplain #keeps remain} PostgreSQL's own
     * @param changing the columns that get another type
     */
    public static List<Obstacle> obstacles(
            IncomingForeignKeys way,
            List<Obstacle> standing,
            List<ForeignKey> referring,
            List<ForeignKey> kept,
            Collection<Identifier> changing) {
        List<Obstacle> obstacles = new ArrayList<>();
        for (Obstacle obstacle : standing) {
            if (obstacle.feature() != Feature.INCOMING_FOREIGN_KEYS) {
                obstacles.add(obstacle);
            } else if (way == IncomingForeignKeys.REFUSE && kept.stream().noneMatch(key -> isAbout(obstacle, key))) {
                obstacles.add(new Obstacle(
                        obstacle.feature(),
                        obstacle.what(),
                        obstacle.remedy() + ", or say with incomingForeignKeys what becomes of it: drop or trigger"));
            }
        }
        referring.stream()
                .filter(key -> way != IncomingForeignKeys.REFUSE || kept.contains(key))
                .forEach(key -> add(way, obstacles, key, Set.copyOf(changing), kept.contains(key)));
        if (way == IncomingForeignKeys.TRIGGER) {
            addThoseOfOneName(
                    obstacles,
                    referring.stream()
                            .filter(key -> key.enforced() && !kept.contains(key))
                            .toList());
        }
        return obstacles;
    }

    /**
     * Whether the key remains one of PostgreSQL's own, which refers to the partitioned table: its columns are unique
     * there by themselves, because they include the partition key. A key with which the table refers to itself does not
     * remain.
     */
    public static boolean keeps(
            IncomingForeignKeys way, ForeignKey key, Table table, PartitionKey partitionKey, Routing routing) {
        return way != IncomingForeignKeys.DROP
                && routing == Routing.NATIVE
                && !key.refersToItself()
                && !key.rules().temporal()
                && key.rules().takesMoves()
                && table.indexes().stream()
                        .anyMatch(index -> index.tellsRowsApart()
                                && Set.copyOf(index.columns()).equals(referenced(key))
                                && Uniqueness.of(index, partitionKey, routing) == Uniqueness.KEPT);
    }

    /**
     * The obstacles of the reverse swap, without the keys that can refer to the backup again: those that the swap kept,
     * and others that somebody has made since, if the backup is unique by the same columns.
     */
    public static List<Obstacle> withoutThoseThatGoBack(
            List<Obstacle> obstacles, List<ForeignKey> referring, Table backup) {
        List<ForeignKey> back = referring.stream()
                .filter(key -> !key.refersToItself()
                        && key.referring().ownedByUs()
                        && backup.indexes().stream()
                                .anyMatch(index -> index.tellsRowsApart()
                                        && Set.copyOf(index.columns()).equals(referenced(key))))
                .toList();
        return obstacles.stream()
                .filter(obstacle -> obstacle.feature() != Feature.INCOMING_FOREIGN_KEYS
                        || back.stream().noneMatch(key -> isAbout(obstacle, key)))
                .toList();
    }

    private static Set<Identifier> referenced(ForeignKey key) {
        Set<Identifier> referenced = new HashSet<>();
        key.columns().forEach(pair -> referenced.add(pair.referenced()));
        return referenced;
    }

    /** Goes by the names in the obstacle, which the server quotes only if it must. */
    private static boolean isAbout(Obstacle obstacle, ForeignKey key) {
        QualifiedName referring = key.referring().name();
        for (String name : forms(key.name())) {
            for (String schema : forms(referring.schema())) {
                for (String table : forms(referring.name())) {
                    if (obstacle.what().equals("foreign key %s of %s.%s refers to it".formatted(name, schema, table))) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private static List<String> forms(Identifier name) {
        return List.of(name.name(), name.quoted());
    }

    private static void add(
            IncomingForeignKeys way, List<Obstacle> obstacles, ForeignKey key, Set<Identifier> changing, boolean kept) {
        String name =
                "foreign key %s of %s".formatted(key.name(), key.referring().name());
        if (!key.referring().ownedByUs()) {
            obstacles.add(obstacle(
                    "%s refers to it, and only role %s can drop it"
                            .formatted(name, key.referring().owner()),
                    "GRANT %s TO the role that runs Liquibase"
                            .formatted(key.referring().owner().quoted())));
        }
        if (!Collections.disjoint(referenced(key), changing)) {
            obstacles.add(obstacle(
                    "%s refers to a column that gets another type".formatted(name),
                    drop(key) + ", or leave the column's type"));
        }
        if (way != IncomingForeignKeys.TRIGGER || kept || !key.enforced()) {
            return;
        }
        if (key.rules().temporal()) {
            obstacles.add(obstacle(
                    "%s has a PERIOD, which triggers do not keep".formatted(name), drop(key) + ", or say drop"));
        }
        if (!key.referring().owner().equals(key.referenced().owner())) {
            obstacles.add(obstacle(
                    "%s is on a table of role %s, and triggers that keep it take one owner for both tables"
                            .formatted(name, key.referring().owner()),
                    "ALTER TABLE %s OWNER TO %s, or say drop"
                            .formatted(
                                    key.referring().name().quoted(),
                                    key.referenced().owner().quoted())));
        } else if (!key.rules().ownerMayCreate()) {
            obstacles.add(obstacle(
                    "%s is kept by functions in schema %s, where %s may make none"
                            .formatted(
                                    name,
                                    key.referring().name().schema(),
                                    key.referenced().owner()),
                    "GRANT CREATE ON SCHEMA %s TO %s"
                            .formatted(
                                    key.referring().name().schema().quoted(),
                                    key.referenced().owner().quoted())));
        }
        for (ForeignKey.Heir heir : key.rules().heirs()) {
            obstacles.add(obstacle(
                    "%s does not hold for %s, which inherits from that table, and triggers that keep it would change its rows, too"
                            .formatted(name, heir.table()),
                    "ALTER TABLE %s NO INHERIT %s, or say drop".formatted(heir.table(), heir.parent())));
        }
        if (key.referring().forcesRowSecurity()) {
            obstacles.add(obstacle(
                    "%s is on a table whose row level security hides rows from its owner, and so from triggers"
                            .formatted(name),
                    "ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, which shows its owner every row, or say drop"
                            .formatted(key.referring().name().quoted())));
        }
    }

    /**
     * The objects that keep a key are named after its table and the key: {@code line_item} and {@code fk} give the same
     * name as {@code line} and {@code item_fk}.
     */
    private static void addThoseOfOneName(List<Obstacle> obstacles, List<ForeignKey> keys) {
        Map<String, ForeignKey> names = new HashMap<>();
        for (ForeignKey key : keys) {
            ForeignKey other = names.putIfAbsent(ForeignKeyTriggerNames.baseOf(key), key);
            if (other != null) {
                obstacles.add(obstacle(
                        "what keeps foreign key %s of %s would have the same names as what keeps %s of %s"
                                .formatted(
                                        key.name(),
                                        key.referring().name(),
                                        other.name(),
                                        other.referring().name()),
                        "ALTER TABLE %s RENAME CONSTRAINT %s TO another name, or say drop"
                                .formatted(
                                        key.referring().name().quoted(),
                                        key.name().quoted())));
            }
        }
    }

    private static String drop(ForeignKey key) {
        return "ALTER TABLE %s DROP CONSTRAINT %s"
                .formatted(key.referring().name().quoted(), key.name().quoted());
    }

    private static Obstacle obstacle(String what, String remedy) {
        return new Obstacle(Feature.INCOMING_FOREIGN_KEYS, what, remedy);
    }
}
