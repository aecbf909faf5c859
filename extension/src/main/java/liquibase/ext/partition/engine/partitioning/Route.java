package liquibase.ext.partition.engine.partitioning;

import java.util.Optional;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Where the rows of some times are in the partitioned table.
 *
 * @param read what rows are looked for in, as it stands after {@code FROM}
 * @param written what rows are inserted into
 * @param condition on the time of a row; empty where every row takes this route
 */
public record Route(Sql read, QualifiedName written, Optional<Sql> condition) {
    private static final Sql AND = Sql.of(" AND {condition}");

    /**
     * What goes at the end of a statement's conditions.
     *
     * @param time of the row, of type timestamp
     */
    public Sql where(Sql time) {
        return condition.map(it -> AND.with("condition", it.with("time", time))).orElse(Sql.empty());
    }
}
