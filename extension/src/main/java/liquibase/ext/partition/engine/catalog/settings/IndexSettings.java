package liquibase.ext.partition.engine.catalog.settings;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * What belongs to an index and is not part of its definition.
 *
 * @param tablespace where it is not the database's default one
 * @param constraintComment of the constraint that the index is for
 * @param targets of its columns that are expressions
 * @param clustered whether {@code CLUSTER} goes by it
 * @param replicaIdentity whether its columns are the replica identity ({@code REPLICA IDENTITY USING INDEX})
 */
public record IndexSettings(
        Identifier index,
        Optional<Identifier> tablespace,
        Optional<String> comment,
        Optional<String> constraintComment,
        List<StatisticsTarget> targets,
        boolean clustered,
        boolean replicaIdentity) {
    /** Of the index's column at that place, from 1 on. */
    public record StatisticsTarget(int place, int target) {}

    public IndexSettings {
        targets = List.copyOf(targets);
    }

    /** Those of an index that has none. */
    public static IndexSettings none(Identifier index) {
        return new IndexSettings(index, Optional.empty(), Optional.empty(), Optional.empty(), List.of(), false, false);
    }
}
