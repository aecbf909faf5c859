package liquibase.ext.partition.engine.rows;

import java.sql.SQLException;
import java.time.LocalDate;
import java.util.List;
import liquibase.ext.partition.engine.newtable.RowShape;
import liquibase.ext.partition.engine.partitioning.Route;
import liquibase.ext.partition.engine.partitioning.Routes;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.TupleId;
import liquibase.ext.partition.engine.state.Chunk;

/** Finds out which routes some rows take. Asks the server only if there are several. */
public final class TakenRoutes {
    private static final Sql OF_CHUNK = Sql.of("""
            SELECT DISTINCT {start} AS start FROM ONLY {table} AS c WHERE c.ctid >= {from} AND c.ctid < {to}""");

    private TakenRoutes() {}

    /**
     * The routes of the rows in a chunk of the ordinary table. A row that moves to another interval meanwhile is in the
     * delta table, and left to the replay.
     */
    public static List<Route> ofChunk(Session session, Routes routes, RowMatch match, QualifiedName table, Chunk chunk)
            throws SQLException {
        if (routes.isSingle()) {
            return List.of(routes.single());
        }
        return toWrite(
                session,
                routes,
                OF_CHUNK.with("start", routes.start(match.time(new RowMatch.Rows("c", RowShape.SOURCE))))
                        .with("table", table)
                        .with("from", new TupleId(chunk.from()))
                        .with("to", new TupleId(chunk.to())));
    }

    /**
     * @param starts a query for {@link Routes#start} of the rows, with a column named start; not run if there is only
     * one route
     */
    public static List<Route> toWrite(Session session, Routes routes, Sql starts) throws SQLException {
        return routes.isSingle() ? List.of(routes.single()) : routes.of(read(session, starts));
    }

    /** As {@link #toWrite}, but the routes on which the rows can be found, wherever they are. */
    public static List<Route> toFind(Session session, Routes routes, Sql starts) throws SQLException {
        return routes.isSingle() ? List.of(routes.single()) : routes.toFind(read(session, starts));
    }

    private static List<LocalDate> read(Session session, Sql starts) throws SQLException {
        return session.query(starts, row -> row.getObject("start", LocalDate.class));
    }
}
