package liquibase.ext.partition.engine.belonging.properties;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.SwitchedNames;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.properties.IndexProperties;
import liquibase.ext.partition.engine.catalog.properties.ReplicaIdentity;
import liquibase.ext.partition.engine.catalog.properties.TableProperties;
import liquibase.ext.partition.engine.name.CarriedName;
import liquibase.ext.partition.engine.newtable.ReplicaIdentities;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Properties of the leaving table that were changed since the partitions were made: storage parameters, the replica
 * identity and the index that CLUSTER goes by. No statements if nothing was changed.
 *
 * @param names the names of the indexes that the entering table itself has
 * @param next the properties of the entering table itself, which has no storage parameters
 * @param partition any one of its partitions, which stands for all of them
 * @param ofPartition its properties
 */
public record ChangedProperties(
        TablePair pair,
        SwitchedNames names,
        TableProperties old,
        TableProperties next,
        QualifiedName partition,
        TableProperties ofPartition)
        implements SwitchPart {
    private static final Sql SET_WITHOUT_CLUSTER = Sql.of("ALTER TABLE {table} SET WITHOUT CLUSTER");
    private static final Sql CLUSTER_ON = Sql.of("ALTER TABLE {table} CLUSTER ON {index}");

    @Override
    public List<Sql> afterRenaming() {
        List<Sql> statements = new ArrayList<>();
        parameters(statements);
        replicaIdentity(statements);
        clustered(statements);
        return statements;
    }

    private void parameters(List<Sql> statements) {
        if (old.parameters().equals(ofPartition.parameters())) {
            return;
        }
        for (QualifiedName table : pair.next().partitions()) {
            statements.addAll(StorageParameters.change(table, ofPartition.parameters(), old.parameters()));
        }
    }

    private void replicaIdentity(List<Sql> statements) {
        Optional<Identifier> index = old.indexes().stream()
                .filter(IndexProperties::replicaIdentity)
                .map(IndexProperties::index)
                .findFirst();
        boolean same = old.replicaIdentity() == ofPartition.replicaIdentity()
                && index.map(it -> ofPartition.index(onPartition(partition, it)).replicaIdentity())
                        .orElse(true);
        boolean sameOfTable = index.map(it -> !names.carried().contains(it)
                        || next.index(names.counterpart(it)).replicaIdentity())
                .orElse(old.replicaIdentity() == next.replicaIdentity());
        if (same && sameOfTable) {
            return;
        }
        List<QualifiedName> tables = new ArrayList<>(List.of(pair.liveName()));
        tables.addAll(pair.next().partitions());
        if (old.replicaIdentity() != ReplicaIdentity.INDEX) {
            statements.addAll(ReplicaIdentities.withoutIndex(old.replicaIdentity(), tables));
        }
        index.ifPresent(it -> {
            if (names.carried().contains(it)) {
                statements.add(ReplicaIdentities.usingIndex(pair.liveName(), it));
            }
            pair.next()
                    .partitions()
                    .forEach(table -> statements.add(ReplicaIdentities.usingIndex(table, onPartition(table, it))));
        });
    }

    private void clustered(List<Sql> statements) {
        Optional<Identifier> index = old.indexes().stream()
                .filter(IndexProperties::clustered)
                .map(IndexProperties::index)
                .findFirst();
        Optional<Identifier> present = ofPartition.indexes().stream()
                .filter(IndexProperties::clustered)
                .map(IndexProperties::index)
                .findFirst();
        if (present.equals(index.map(it -> onPartition(partition, it)))) {
            return;
        }
        for (QualifiedName table : pair.next().partitions()) {
            statements.add(index.map(it -> CLUSTER_ON.with("table", table).with("index", onPartition(table, it)))
                    .orElse(SET_WITHOUT_CLUSTER.with("table", table)));
        }
    }

    private static Identifier onPartition(QualifiedName table, Identifier index) {
        return CarriedName.partitionIndex(table.name(), index);
    }
}
