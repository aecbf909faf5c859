package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.catalog.DependentsReader;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.swap.carry.Exchange;
import liquibase.ext.partition.engine.swap.carry.MaterializedViewSuccessors;
import liquibase.ext.partition.engine.swap.carry.Repointing;
import liquibase.ext.partition.engine.swap.carry.SwitchPart;

/**
 * The parts of a switch for objects that refer to the table by its oid, whichever table or owner they belong to, read
 * from the catalog.
 */
final class DependentParts {
    private DependentParts() {}

    static List<SwitchPart> read(Session session, Exchange exchange) throws SQLException {
        long old = exchange.old().table().oid();
        long next = exchange.next().table().oid();
        DependentsReader dependents = new DependentsReader(session);
        return List.of(
                new Repointing(dependents.read(old)),
                new MaterializedViewSuccessors(
                        dependents.materializedViews(old).values(),
                        dependents.materializedViews(next).values()));
    }
}
