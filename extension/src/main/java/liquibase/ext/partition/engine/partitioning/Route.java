package liquibase.ext.partition.engine.partitioning;

import java.util.Optional;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The place of the rows of some times in the partitioned table.
 *
 * @param read the relation in which to look for rows, as it stands after {@code FROM}
 * @param written the table into which rows are inserted
 * @param condition a condition on the time of a row; empty if every row takes this route
 */
public record Route(Sql read, QualifiedName written, Optional<Sql> condition) {
    private static final Sql AND = Sql.of(" AND {condition}");

    /**
     * The end of a statement's conditions.
     *
     * @param time the row's time, of type timestamp
     */
    public Sql where(Sql time) {
        return condition.map(it -> AND.with("condition", it.with("time", time))).orElse(Sql.empty());
    }
}
