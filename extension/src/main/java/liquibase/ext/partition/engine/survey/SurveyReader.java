package liquibase.ext.partition.engine.survey;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.target.NewTableSpec;

/** Surveys tables. Reads the catalog and no row of a table; changes nothing. Waits for a table that somebody has locked. */
public final class SurveyReader {
    private final Session session;

    public SurveyReader(Session session) {
        this.session = session;
    }

    /**
     * What partitioning the table would come to.
     *
     * @param key the columns that tell its rows apart; empty where they are not asked about
     * @param workers connections that will work at a time
     */
    public Survey read(NewTableSpec spec, List<Identifier> key, int workers) throws SQLException {
        Optional<Table> found = new TableReader(session).find(spec.source());
        if (found.isEmpty()) {
            return Survey.ofMissing(spec);
        }
        Table source = found.get();
        Feasibility feasibility = Feasibility.of(session, source, spec);
        List<Obstacle> refused = new ArrayList<>(feasibility.refused());
        if (!key.isEmpty()) {
            source.keyObstacle(key).ifPresent(refused::add);
        }
        TableSize size = TableSize.read(session, source);
        return new Survey(
                spec,
                Optional.of(size),
                Optional.of(Estimate.of(size, workers)),
                Belongings.read(session, source, refused),
                feasibility.plan().map(plan -> Changes.of(source, plan)).orElse(List.of()),
                refused,
                new TableSettings(session, source, spec).read(workers));
    }

    /** What every table's migration depends on. */
    public List<Setting> server() throws SQLException {
        return new ServerSettings(session).read();
    }
}
