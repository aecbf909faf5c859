package liquibase.ext.partition.generator.inspect;

import java.util.List;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * What was found out about a table that can be partitioned.
 *
 * @param obstacles what stands in its way, as long as nobody removes it
 * @param key the index that tells rows apart
 * @param partitionColumn the likeliest
 * @param otherCandidates for the partition column, which write the time in the same way
 * @param takenNames names that we would use by default and that relations of the schema have already
 */
record InspectedTable(
        Table table,
        List<Obstacle> obstacles,
        Index key,
        TimeColumn partitionColumn,
        List<TimeColumn> otherCandidates,
        DateRange range,
        List<Identifier> takenNames) {}
