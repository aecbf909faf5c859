package liquibase.ext.partition.engine.index;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.properties.DefaultTablespace;
import liquibase.ext.partition.engine.catalog.properties.TableProperties;
import liquibase.ext.partition.engine.catalog.properties.TablePropertiesReader;
import liquibase.ext.partition.engine.name.CarriedName;
import liquibase.ext.partition.engine.newtable.PartitionedIndex;
import liquibase.ext.partition.engine.newtable.ReplicaIdentities;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.run.ProgressMeter;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.run.Workers;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;

/**
 * Builds every index and the key of the source on the new table.
 *
 * <p>Transactions: one per index of a partition. Locks: SHARE on a partition of the new table, which nobody uses yet;
 * none on the source. Safe to repeat and to kill: an index that was built is found by its name and kept.
 */
public final class IndexBuild {
    private static final Sql INDEX_OF = Sql.of("""
            SELECT pg_catalog.count(*) FROM pg_catalog.pg_index
            WHERE indexrelid = pg_catalog.to_regclass({index}) AND indrelid = pg_catalog.to_regclass({table})""");

    /** The indexes of a partition that are no parts of indexes of its table. */
    private static final Sql ALONE = Sql.of("""
            SELECT c.relname FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            WHERE i.indrelid = {table} AND NOT c.relispartition""");

    private static final Sql IS_ATTACHED = Sql.of("""
            SELECT pg_catalog.count(*) FROM pg_catalog.pg_inherits
            WHERE inhrelid = pg_catalog.to_regclass({partitionIndex}) AND inhparent = pg_catalog.to_regclass({index})""");

    private static final Sql IS_VALID =
            Sql.of("SELECT indisvalid FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass({index})");

    /** Spares the first readers the hint bits, and makes index-only scans work at once. */
    private static final Sql VACUUM = Sql.of("VACUUM (ANALYZE) {table}");

    private static final Sql ANALYZE = Sql.of("ANALYZE {table}");
    private static final Sql DROP_CONSTRAINT = Sql.of("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}");
    private static final Sql DROP_INDEX = Sql.of("DROP INDEX IF EXISTS {index}");

    private final StepRun run;
    private final Migration migration;
    private final List<PartitionedIndex> indexes;
    private final List<QualifiedName> partitions;

    private IndexBuild(
            StepRun run, Migration migration, List<PartitionedIndex> indexes, List<QualifiedName> partitions) {
        this.run = run;
        this.migration = migration;
        this.indexes = indexes;
        this.partitions = partitions;
    }

    /** @throws PartitionException before the copy is complete, because the copy must not meet an index */
    public static IndexBuild of(StepRun run) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.COPIED, run.step());
        TableReader reader = new TableReader(run.session());
        Table source = reader.require(run.source());
        // If the indexes are built already, the names may be those after the swap.
        Table partitioned = reader.find(migration.newTable()).orElse(source);
        PartitionKey key = PartitionKey.of(
                migration.spec().partitionKey(),
                partitioned.columns(),
                migration.spec().textDateFunction());
        TableProperties properties = new TablePropertiesReader(run.session()).read(source);
        List<String> alone = migration.exchange().isPresent()
                ? run.session().queryStrings(ALONE.with("table", source.oid()))
                : List.of();
        List<PartitionedIndex> indexes = source.indexes().stream()
                .filter(Index::valid)
                .map(index -> new PartitionedIndex(
                        index,
                        properties.index(index.name()),
                        key,
                        migration.spec().routing(),
                        alone.contains(index.name().name())))
                .toList();
        return new IndexBuild(run, migration, indexes, reader.partitions(migration.newTable()));
    }

    /**
     * Builds what is missing.
     *
     * @param pace as the changelog says it; a piece is one index
     *     of
     *     one partition, or its vacuum
     */
    public void build(int workers, GivenPace pace) throws SQLException {
        if (migration.phase().isAtLeast(Phase.INDEXED)) {
            run.line("%s: %s has its indexes already.".formatted(run.step(), migration.newTable()));
            return;
        }
        for (PartitionedIndex index : indexes) {
            if (index.alone()) {
                continue;
            }
            if (index.isOfPartitionsOnly()) {
                run.line(
                        "%s: unique index %s is made on each partition by itself, because the partition key (%s) cannot be part of it."
                                .formatted(run.step(), index.original().name(), index.partitionKey()));
                continue;
            }
            if (index.addsPartitionKey()) {
                run.line("%s: unique index %s will include %s, as PostgreSQL wants it of a partitioned table."
                        .formatted(run.step(), index.original().name(), index.partitionKey()));
            }
            Identifier name = newIndex(index).name();
            createIfMissing(
                    run.session(), index, migration.newTable(), name, index.createOnParent(migration.newTable(), name));
        }
        ProgressMeter meter =
                new ProgressMeter(run.report(), "indexes of " + migration.newTable(), partitions.size(), 0, 0);
        Workers team = run.workers(pace);
        team.forEach(
                partitions,
                workers,
                (session, partition) -> {
                    for (PartitionedIndex index : indexes) {
                        Identifier name = partitionIndex(partition, index).name();
                        try {
                            if (createIfMissing(
                                    session, index, partition, name, index.createOnPartition(partition, name))) {
                                team.awaitNext();
                            }
                        } catch (SQLException e) {
                            throw explained(partition, name, e);
                        }
                    }
                    session.update(VACUUM.with("table", partition));
                    meter.add(1, 0);
                },
                () -> {
                    if (meter.isDue()) {
                        meter.tell("partitions");
                    }
                });
        attach();
        identifyReplicas();
        run.session().update(ANALYZE.with("table", migration.newTable()));
        run.migrations().setPhase(migration, Phase.INDEXED);
        run.line("indexes of %s: %d on %d partitions in %s"
                .formatted(migration.newTable(), indexes.size(), partitions.size(), meter.elapsed()));
    }

    /**
     * Drops the indexes of the new table again: the rollback. Goes by the new table's indexes, not the source's, which
     * may have lost one since.
     */
    public static void drop(StepRun run) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.PREPARED, run.step());
        migration.requireNotSwapped("The indexes of the new table are not dropped");
        TableReader reader = new TableReader(run.session());
        run.session().inTransaction(() -> {
            Optional<Table> newTable = reader.find(migration.newTable());
            if (newTable.isPresent()) {
                dropIndexes(run, newTable.get());
            }
            // An index that was built for a partition and not attached yet is not dropped with the partitioned index.
            for (QualifiedName partition : reader.partitions(migration.newTable())) {
                dropIndexes(run, reader.require(partition));
            }
            if (migration.phase().isAtLeast(Phase.INDEXED)) {
                run.migrations().setPhase(migration, Phase.COPIED);
            }
        });
    }

    private static void dropIndexes(StepRun run, Table table) throws SQLException {
        for (Index index : table.indexes()) {
            run.session()
                    .update(
                            index.constraint().isPresent()
                                    ? DROP_CONSTRAINT
                                            .with("table", table.name())
                                            .with("name", index.name())
                                    : DROP_INDEX.with("index", table.name().sibling(index.name())));
        }
    }

    /** A unique index of each partition by itself allows a value in two of them, and not in one that gets both rows. */
    private SQLException explained(QualifiedName partition, Identifier index, SQLException e) {
        if (!migration.isOfSeveral() || !SqlState.UNIQUE_VIOLATION.matches(e)) {
            return e;
        }
        throw new PartitionException(
                "%s cannot have the unique index %s, because two of the partitions that leave together have a row each with a value that it would have twice: %s. Nothing is lost: they are untouched, and capture goes on. Make the values unique there and run update again; or roll back to before the exchange, and choose an interval that keeps the two rows apart."
                        .formatted(partition, index, e.getMessage().replaceAll("\\s+", " ")),
                e);
    }

    private void attach() throws SQLException {
        for (PartitionedIndex index : indexes) {
            if (!index.isAttached()) {
                continue;
            }
            for (QualifiedName partition : partitions) {
                Sql attached = IS_ATTACHED
                        .with("partitionIndex", partitionIndex(partition, index).quoted())
                        .with("index", newIndex(index).quoted());
                if (run.session().queryLong(attached) == 0) {
                    run.session().update(PartitionedIndex.attach(newIndex(index), partitionIndex(partition, index)));
                }
            }
            if (!run.session()
                    .queryBoolean(IS_VALID.with("index", newIndex(index).quoted()))) {
                throw new PartitionException(
                        "Index %s is not valid although every partition's index was attached: a partition was added meanwhile. Nothing else was changed. Run update again."
                                .formatted(newIndex(index)));
            }
        }
    }

    /**
     * Makes the index, its comment and its properties in one transaction, so that an index found by its name is
     * complete.
     *
     * @return whether the index was missing
     */
    private static boolean createIfMissing(
            Session session, PartitionedIndex index, QualifiedName table, Identifier name, List<Sql> statements)
            throws SQLException {
        Sql exists = INDEX_OF.with("index", table.sibling(name).quoted()).with("table", table.quoted());
        if (session.queryLong(exists) == 0) {
            String tablespace =
                    index.properties().tablespace().map(Identifier::name).orElse(DefaultTablespace.OF_THE_DATABASE);
            DefaultTablespace.within(session, tablespace, () -> session.updateAll(statements));
            return true;
        }
        return false;
    }

    /**
     * Sets the replica identity of each partition to its own index, because the partition decides what is logged of a
     * row.
     */
    private void identifyReplicas() throws SQLException {
        for (PartitionedIndex index : indexes) {
            if (index.properties().replicaIdentity()) {
                List<Sql> statements = new ArrayList<>();
                if (!index.isOfPartitionsOnly()) {
                    statements.add(ReplicaIdentities.usingIndex(
                            migration.newTable(), newIndex(index).name()));
                }
                partitions.forEach(partition -> statements.add(ReplicaIdentities.usingIndex(
                        partition, partitionIndex(partition, index).name())));
                run.session().inTransaction(() -> run.session().updateAll(statements));
            }
        }
    }

    private QualifiedName newIndex(PartitionedIndex index) {
        return CarriedName.newIndex(migration.source(), index.original().name());
    }

    private QualifiedName partitionIndex(QualifiedName partition, PartitionedIndex index) {
        Identifier name = index.original().name();
        return partition.sibling(
                migration.exchange().isPresent()
                        ? CarriedName.sisterIndex(
                                partition.name(), migration.source().name(), name)
                        : CarriedName.partitionIndex(partition.name(), name));
    }
}
