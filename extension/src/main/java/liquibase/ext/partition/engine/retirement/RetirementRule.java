package liquibase.ext.partition.engine.retirement;

import java.util.Optional;
import liquibase.ext.partition.engine.partitioning.Retention;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * Which partitions leave a table, and how.
 *
 * @param schema the schema into which a partition is moved when it is taken out; empty if it stays in its own
 * @param archive where its rows go; empty unless it is archived
 */
public record RetirementRule(
        Retention retention, RetirementWay way, Optional<Identifier> schema, Optional<ArchivePlace> archive) {
    /**
     * A rule by which nothing is archived.
     *
     * @param schema null if a partition stays in its own
     */
    public static RetirementRule of(Retention retention, RetirementWay way, Identifier schema) {
        return new RetirementRule(retention, way, Optional.ofNullable(schema), Optional.empty());
    }
}
