package liquibase.ext.partition.generator.inspect;

import java.util.List;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * The findings about a table that can be partitioned.
 *
 * @param obstacles obstacles that stand in its way until somebody removes them
 * @param key the index that identifies rows
 * @param partitionColumn the likeliest column
 * @param otherCandidates other columns that could be the partition column and write the time in the same way
 * @param takenNames default names that relations of the schema already have
 */
record InspectedTable(
        Table table,
        List<Obstacle> obstacles,
        Index key,
        TimeColumn partitionColumn,
        List<TimeColumn> otherCandidates,
        DateRange range,
        List<Identifier> takenNames) {}
