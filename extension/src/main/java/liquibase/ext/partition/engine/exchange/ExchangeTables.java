package liquibase.ext.partition.engine.exchange;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.name.CarriedName;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.upkeep.PresentPartitions;
import liquibase.ext.partition.engine.upkeep.PresentPartitions.Present;
import liquibase.ext.partition.engine.upkeep.PresentPartitions.Range;

/**
 * The tables of an exchange, by their names before and after.
 *
 * @param backup the name of the old partition after the exchange, or of the first of several
 * @param leaving the old partitions
 */
record ExchangeTables(Migration migration, PartitionKey key, QualifiedName backup, List<LeavingPartition> leaving) {
    private static final Sql RENAME_INDEX = Sql.of("ALTER INDEX {index} RENAME TO {name}");

    static ExchangeTables of(Migration migration, Table partition, Identifier backup) {
        QualifiedName kept = migration.source().sibling(backup);
        return new ExchangeTables(
                migration,
                PartitionKey.of(
                        migration.spec().partitionKey(),
                        partition.columns(),
                        migration.spec().textDateFunction()),
                kept,
                LeavingPartition.of(migration, kept));
    }

    /** Whether several partitions leave together. */
    boolean isOfSeveral() {
        return migration.isOfSeveral();
    }

    /** The old partitions, by their names in the parent. */
    List<QualifiedName> old() {
        return leaving.stream().map(LeavingPartition::there).toList();
    }

    /** The old partitions, by their names after the exchange. */
    List<QualifiedName> kept() {
        return leaving.stream().map(LeavingPartition::kept).toList();
    }

    /** The old partitions in words. */
    String oldInWords() {
        return isOfSeveral()
                ? "%s and the %d after it, until %s"
                        .formatted(
                                partition(),
                                leaving.size() - 1,
                                leaving.get(leaving.size() - 1).there())
                : partition().toString();
    }

    boolean isOfDefault() {
        return migration.exchange().orElseThrow().isOfDefault();
    }

    /** The partitioned table. */
    QualifiedName parent() {
        return migration.live();
    }

    /** The old partition before the exchange, and if it is the default one, the new default partition after it. */
    QualifiedName partition() {
        return migration.source();
    }

    QualifiedName staging() {
        return migration.newTable();
    }

    /** The default partition of the staging table: the new one, or one that stays there empty. */
    QualifiedName stagedDefault() {
        return partition().sibling(migration.spec().layout().defaultPartition());
    }

    List<Partition> ranges() {
        return migration.spec().layout().partitions();
    }

    QualifiedName named(Partition range) {
        return partition().sibling(range.name());
    }

    /** The new partitions while they are in the staging table. */
    List<QualifiedName> staged() {
        return together(stagedDefault());
    }

    /** The new partitions once they are in the parent. */
    List<QualifiedName> exchanged() {
        return together(partition());
    }

    private List<QualifiedName> together(QualifiedName ofDefault) {
        List<QualifiedName> tables =
                new ArrayList<>(ranges().stream().map(this::named).toList());
        if (isOfDefault()) {
            tables.add(ofDefault);
        }
        return tables;
    }

    /** The new partitions without the default one. */
    private List<Present> newRanges() {
        return ranges().stream().map(it -> Present.of(named(it), key, it)).toList();
    }

    /**
     * The CHECKs by which the parent takes the new partitions and nothing is read.
     *
     * @param present the parent's partitions, with the old one
     */
    List<BoundCheck> checksThere(Session session, PresentPartitions present) throws SQLException {
        if (isOfDefault()) {
            List<Present> others = new ArrayList<>(present.all().stream()
                    .filter(it -> !it.name().equals(partition()))
                    .toList());
            others.addAll(newRanges());
            return List.of(BoundCheck.outside(migration, stagedDefault(), key, present.ranges(session, others)));
        }
        List<BoundCheck> checks = new ArrayList<>(besideTheDefault(session, present));
        if (isOfSeveral()) {
            checks.add(besideTheStagedDefault(session, present));
            leaving.forEach(it -> checks.add(inside(it.there(), present)));
        }
        return checks;
    }

    /** The staging table takes several partitions beside its own default one, which is empty. */
    private BoundCheck besideTheStagedDefault(Session session, PresentPartitions present) throws SQLException {
        return BoundCheck.outside(migration, stagedDefault(), key, present.ranges(session, newRanges()));
    }

    private BoundCheck inside(QualifiedName table, PresentPartitions present) {
        Present bound = present.all().stream()
                .filter(it -> it.name().equals(table))
                .findFirst()
                .orElseThrow();
        return BoundCheck.inside(migration, table, key, new Range(bound.from(), bound.to()));
    }

    /**
     * The CHECKs by which the parent takes the old partition back, and the staging table the new ones.
     *
     * @param present the parent's partitions, with the new ones
     */
    List<BoundCheck> checksBack(Session session, PresentPartitions present) throws SQLException {
        if (isOfDefault()) {
            List<Present> others = present.all().stream()
                    .filter(it -> !exchanged().contains(it.name()))
                    .toList();
            return List.of(
                    BoundCheck.outside(migration, backup, key, present.ranges(session, others)),
                    BoundCheck.outside(migration, partition(), key, present.ranges(session, newRanges())));
        }
        List<BoundCheck> checks = new ArrayList<>(besideTheDefault(session, present));
        if (isOfSeveral()) {
            PresentPartitions staged = PresentPartitions.read(session, migration.newOid());
            checks.add(besideTheStagedDefault(session, present));
            leaving.forEach(it -> checks.add(inside(it.kept(), staged)));
        } else {
            checks.add(BoundCheck.inside(
                    migration, backup, key, present.ranges(session, newRanges()).get(0)));
        }
        return checks;
    }

    /** Both times the default partition of the parent shall be known to have no row of the old partition's range. */
    private List<BoundCheck> besideTheDefault(Session session, PresentPartitions present) throws SQLException {
        Optional<QualifiedName> beside = present.defaultPartition();
        return beside.isEmpty()
                ? List.of()
                : List.of(BoundCheck.outside(migration, beside.get(), key, present.ranges(session, newRanges())));
    }

    /**
     * Statements that give the names of the old default partition's indexes to those of the new one.
     *
     * @param old the old partition under its present name
     * @param staged the new default partition under its present name
     */
    List<Sql> renameIndexesThere(Table old, Table staged) {
        List<Sql> statements = new ArrayList<>();
        for (Index index : old.indexes()) {
            Identifier counterpart =
                    CarriedName.sisterIndex(stagedDefault().name(), partition().name(), index.name());
            if (staged.index(counterpart).isPresent()) {
                statements.add(rename(index.name(), aside(index.name())));
                statements.add(rename(counterpart, index.name()));
            }
        }
        return statements;
    }

    /** As {@link #renameIndexesThere}, on the way back. */
    List<Sql> renameIndexesBack(Table old, Table replacing) {
        List<Sql> statements = new ArrayList<>();
        for (Index index : replacing.indexes()) {
            if (old.index(aside(index.name())).isPresent()) {
                statements.add(rename(
                        index.name(),
                        CarriedName.sisterIndex(
                                stagedDefault().name(), partition().name(), index.name())));
                statements.add(rename(aside(index.name()), index.name()));
            }
        }
        return statements;
    }

    private Identifier aside(Identifier index) {
        return CarriedName.backupIndex(partition(), index).name();
    }

    private Sql rename(Identifier index, Identifier name) {
        return RENAME_INDEX.with("index", partition().sibling(index)).with("name", name);
    }
}
