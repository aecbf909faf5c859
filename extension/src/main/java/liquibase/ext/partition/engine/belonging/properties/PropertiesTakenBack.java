package liquibase.ext.partition.engine.belonging.properties;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
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
 * The replica identity and the storage parameters, on the way back, as somebody has set them since the swap. A
 * partitioned table has no storage parameters, and its replica identity applies to no partition. So what
 * every partition has counts as the table's, and what is set on the table itself takes precedence. What some
 * partitions only have is about these and stays with them. No statements if nothing was changed.
 *
 * @param names the names of the indexes that both tables have
 * @param old the properties of the partitioned table
 * @param next the properties of the table that has the name again
 * @param partition any one of the partitions
 * @param ofPartition the properties of that partition
 * @param sameIdentity whether all partitions have that replica identity
 * @param sameParameters whether all partitions have these storage parameters
 */
public record PropertiesTakenBack(
        TablePair pair,
        SwitchedNames names,
        TableProperties old,
        TableProperties next,
        QualifiedName partition,
        TableProperties ofPartition,
        boolean sameIdentity,
        boolean sameParameters)
        implements SwitchPart {
    /** @param index the index's name on the live table, if both tables have it */
    private record Identity(ReplicaIdentity kind, Optional<Identifier> index) {
        boolean isUnknown() {
            return kind == ReplicaIdentity.INDEX && index.isEmpty();
        }
    }

    @Override
    public List<Sql> afterRenaming() {
        List<Sql> statements = new ArrayList<>();
        if (sameParameters) {
            parameters(statements);
        }
        replicaIdentity(statements);
        return statements;
    }

    /**
     * Parameters of a TOAST table are not reset: if columns have other types, the partitions may have no TOAST table.
     */
    private void parameters(List<Sql> statements) {
        if (next.parameters().equals(ofPartition.parameters())) {
            return;
        }
        statements.addAll(StorageParameters.change(
                pair.liveName(),
                next.parameters().stream().filter(it -> !it.toast()).toList(),
                ofPartition.parameters()));
    }

    private void replicaIdentity(List<Sql> statements) {
        Identity entering = new Identity(next.replicaIdentity(), carried(next, names::counterpart));
        Identity leaving = new Identity(old.replicaIdentity(), carried(old, name -> name));
        Identity ofPartitions = new Identity(
                ofPartition.replicaIdentity(),
                carried(ofPartition, name -> CarriedName.partitionIndex(partition.name(), name)));
        // The swap leaves the table itself without a replica identity if only partitions have that index.
        boolean said =
                !leaving.equals(entering) && !(entering.isUnknown() && leaving.kind() == ReplicaIdentity.DEFAULT);
        Identity wanted = said ? leaving : sameIdentity ? ofPartitions : entering;
        if (wanted.equals(entering) || wanted.isUnknown()) {
            return;
        }
        statements.addAll(ReplicaIdentities.withoutIndex(wanted.kind(), List.of(pair.liveName())));
        wanted.index().ifPresent(index -> statements.add(ReplicaIdentities.usingIndex(pair.liveName(), index)));
    }

    private Optional<Identifier> carried(TableProperties properties, UnaryOperator<Identifier> nameOfIndex) {
        Set<Identifier> identifying = properties.indexes().stream()
                .filter(IndexProperties::replicaIdentity)
                .map(IndexProperties::index)
                .collect(Collectors.toSet());
        return properties.replicaIdentity() != ReplicaIdentity.INDEX
                ? Optional.empty()
                : names.carried().stream()
                        .filter(name -> identifying.contains(nameOfIndex.apply(name)))
                        .findFirst();
    }
}
