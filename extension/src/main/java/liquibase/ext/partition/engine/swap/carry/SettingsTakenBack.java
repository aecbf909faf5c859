package liquibase.ext.partition.engine.swap.carry;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.catalog.IndexSettings;
import liquibase.ext.partition.engine.catalog.ReplicaIdentity;
import liquibase.ext.partition.engine.catalog.TableSettings;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.target.CarriedName;
import liquibase.ext.partition.engine.target.ReplicaIdentities;

/**
 * The replica identity and the storage parameters, on the way back: as somebody has set them since the swap. A
 * partitioned table has no storage parameters, and its replica identity is no partition's. So what was set on every
 * partition counts as said of the table, and what is said of the table itself comes before that. What was set on some
 * partitions is about these and stays with them. No statements where nothing was changed.
 *
 * @param names of the indexes that both tables have
 * @param old of the partitioned table
 * @param next of the table that has the name again
 * @param partition any one of the partitions
 * @param ofPartition its settings
 * @param sameIdentity whether all partitions have that replica identity
 * @param sameParameters whether all have these storage parameters
 */
public record SettingsTakenBack(
        Exchange exchange,
        CarriedNames names,
        TableSettings old,
        TableSettings next,
        QualifiedName partition,
        TableSettings ofPartition,
        boolean sameIdentity,
        boolean sameParameters)
        implements SwitchPart {
    /** @param index by the name that it has with the live table, where it is one that both tables have */
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

    /** Those of a TOAST table are not reset: where columns have other types the partitions may have none. */
    private void parameters(List<Sql> statements) {
        if (next.parameters().equals(ofPartition.parameters())) {
            return;
        }
        statements.addAll(StorageParameters.change(
                exchange.liveName(),
                next.parameters().stream().filter(it -> !it.toast()).toList(),
                ofPartition.parameters()));
    }

    private void replicaIdentity(List<Sql> statements) {
        Identity entering = new Identity(next.replicaIdentity(), carried(next, names::counterpart));
        Identity leaving = new Identity(old.replicaIdentity(), carried(old, name -> name));
        Identity ofPartitions = new Identity(
                ofPartition.replicaIdentity(),
                carried(ofPartition, name -> CarriedName.partitionIndex(partition.name(), name)));
        // The swap leaves the table itself without one where only partitions have that index.
        boolean said =
                !leaving.equals(entering) && !(entering.isUnknown() && leaving.kind() == ReplicaIdentity.DEFAULT);
        Identity wanted = said ? leaving : sameIdentity ? ofPartitions : entering;
        if (wanted.equals(entering) || wanted.isUnknown()) {
            return;
        }
        statements.addAll(ReplicaIdentities.withoutIndex(wanted.kind(), List.of(exchange.liveName())));
        wanted.index().ifPresent(index -> statements.add(ReplicaIdentities.usingIndex(exchange.liveName(), index)));
    }

    private Optional<Identifier> carried(TableSettings settings, UnaryOperator<Identifier> nameOfIndex) {
        Set<Identifier> identifying = settings.indexes().stream()
                .filter(IndexSettings::replicaIdentity)
                .map(IndexSettings::index)
                .collect(Collectors.toSet());
        return settings.replicaIdentity() != ReplicaIdentity.INDEX
                ? Optional.empty()
                : names.carried().stream()
                        .filter(name -> identifying.contains(nameOfIndex.apply(name)))
                        .findFirst();
    }
}
