package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.belonging.materializedviews.MaterializedViewSuccessors;
import liquibase.ext.partition.engine.belonging.part.Exchange;
import liquibase.ext.partition.engine.belonging.part.SwitchPart;
import liquibase.ext.partition.engine.belonging.views.DependentsReader;
import liquibase.ext.partition.engine.belonging.views.Repointing;
import liquibase.ext.partition.engine.sql.Session;

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
