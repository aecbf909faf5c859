package liquibase.ext.partition.engine.catalog.properties;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * The properties of an index that are not part of its definition.
 *
 * @param tablespace the tablespace, if it is not the database's default
 * @param constraintComment the comment on the constraint that the index is for
 * @param targets the statistics targets of its columns that are expressions
 * @param clustered whether {@code CLUSTER} goes by it
 * @param replicaIdentity whether its columns are the replica identity ({@code REPLICA IDENTITY USING INDEX})
 */
public record IndexProperties(
        Identifier index,
        Optional<Identifier> tablespace,
        Optional<String> comment,
        Optional<String> constraintComment,
        List<StatisticsTarget> targets,
        boolean clustered,
        boolean replicaIdentity) {
    /** The target of the index's column at that place, counted from 1. */
    public record StatisticsTarget(int place, int target) {}

    public IndexProperties {
        targets = List.copyOf(targets);
    }

    /** The properties of an index that has none. */
    public static IndexProperties none(Identifier index) {
        return new IndexProperties(
                index, Optional.empty(), Optional.empty(), Optional.empty(), List.of(), false, false);
    }
}
