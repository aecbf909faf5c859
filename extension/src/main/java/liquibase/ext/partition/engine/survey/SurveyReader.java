package liquibase.ext.partition.engine.survey;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.belonging.BelongingKinds;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.belonging.kind.Intent;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.rows.RowKey;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.survey.sample.DefaultSample;

/**
 * Surveys tables. Reads the catalog, and of each table a {@linkplain DefaultSample sample} of its rows; changes
 * nothing. Waits for a table that somebody has locked.
 */
public final class SurveyReader {
    private final Session session;

    public SurveyReader(Session session) {
        this.session = session;
    }

    /**
     * Surveys one table.
     *
     * @param key the columns that identify its rows; empty if the key is not to be checked
     * @param workers how many connections will work at the same time
     * @param stateSchema Liquibase's own schema
     * @param share the share of the rows that may be in the default partition
     */
    public Survey read(NewTableSpec spec, List<Identifier> key, int workers, Identifier stateSchema, DefaultShare share)
            throws SQLException {
        Optional<Table> found = new TableReader(session).find(spec.source());
        if (found.isEmpty()) {
            return Survey.ofMissing(spec);
        }
        Table source = found.get();
        Feasibility feasibility = Feasibility.of(session, source, spec, stateSchema, share);
        List<Obstacle> refused = new ArrayList<>(feasibility.refused());
        if (!key.isEmpty()) {
            RowKey.obstacle(source, key).ifPresent(refused::add);
        }
        TableSize size = TableSize.read(session, source);
        List<AnnouncedChange> changes = new ArrayList<>();
        if (feasibility.plan().isPresent()) {
            NewTable plan = feasibility.plan().get();
            Intent intent = Feasibility.intent(session, source, plan.spec(), plan);
            changes.addAll(RequestedChanges.of(source, plan));
            changes.addAll(BelongingKinds.changes(source, plan));
            changes.addAll(BelongingKinds.changesForOthers(intent));
            changes.addAll(PlacesOfRows.changes(session, source, spec));
        }
        return new Survey(
                spec,
                Optional.of(size),
                Optional.of(Estimate.of(size, workers)),
                Inventory.read(session, source, refused),
                changes,
                refused,
                feasibility.sample(),
                new TableConditions(session, source, spec).read(workers));
    }

    /** The conditions on which the migration of every table depends. */
    public List<Condition> server() throws SQLException {
        return new ServerConditions(session).read();
    }
}
