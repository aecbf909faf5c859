package liquibase.ext.partition.engine.belonging.checks;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.Consequences;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** CHECK constraints. Most are made with the new table; the swap adds those that are not valid. */
public final class CheckKind implements BelongingKind {
    private static final Sql OF_WHOLE_ROWS = Sql.of("""
            SELECT 'CHECKS' AS feature, pg_catalog.format('constraint %I is about the whole row, by the name of the table', k.conname) AS what,
                   'make it again with the names of the columns that it reads' AS remedy
            FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = {oid} AND k.contype = 'c' AND 0 = ANY (k.conkey)
            """);

    @Override
    public Set<Feature> features() {
        return Set.of(Feature.CHECKS);
    }

    /** Checks of the whole row, which has the type of one of the two tables. */
    @Override
    public List<Obstacle> standing(Session session, Table table) throws SQLException {
        return session.query(OF_WHOLE_ROWS.with("oid", table.oid()), Obstacle::read);
    }

    @Override
    public List<AnnouncedChange> changes(Table source, NewTable plan) {
        return plan.properties().checks().stream()
                .filter(check -> !check.inherited())
                .map(
                        check -> new AnnouncedChange(
                                Feature.CHECKS,
                                check.name().name(),
                                check.expression() + " NO INHERIT",
                                check.expression(),
                                "A partitioned table cannot have a check that its partitions have not; it holds for the same rows."))
                .toList();
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) {
        NotValidChecks checks =
                new NotValidChecks(context.pair(), context.leavingProperties(), context.enteringProperties());
        return context.isBack() ? List.of(checks) : List.of(checks, stillNotValid(context));
    }

    private static Consequences stillNotValid(SwitchContext context) {
        return new Consequences(context.leavingProperties().checksNotValid().stream()
                .map(check -> "%s: check %s is NOT VALID on %s, as it was: rows that are older than it may violate it."
                        .formatted(
                                context.run().step(),
                                check.name(),
                                context.pair().liveName()))
                .toList());
    }
}
