package liquibase.ext.partition.engine.delta;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The writes that could not be recorded in a delta table, because somebody has changed a column that the capture reads.
 * Each has a row in a table beside it.
 */
public record MissedWrites(QualifiedName delta) {
    private static final Sql CREATE_MISSED = Sql.of("""
            CREATE TABLE {missed} (
              seen_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
              cause pg_catalog.text NOT NULL
            );
            COMMENT ON TABLE {missed} IS {comment}""");

    /** Marks the table as ours, in case somebody dropped the delta table by hand and left this one. */
    private static final String MISSED_COMMENT = "liquibase-partition: writes whose keys could not be recorded";

    private static final Sql IS_LEFT_MISSED = Sql.of(
            "SELECT pg_catalog.obj_description(pg_catalog.to_regclass({missed}), 'pg_class') IS NOT DISTINCT FROM {comment}");

    private static final Sql MISSED = Sql.of("""
            SELECT m.ctid::pg_catalog.text || ' ' || m.xmin::pg_catalog.text AS row,
                   pg_catalog.date_trunc('second', m.seen_at)::pg_catalog.text AS seen_at, m.cause
            FROM {missed} AS m ORDER BY m.seen_at LIMIT {limit}""");

    private static final Sql FORGET_MISSED = Sql.of("""
            DELETE FROM {missed} AS m WHERE m.ctid::pg_catalog.text || ' ' || m.xmin::pg_catalog.text = ANY ({rows})""");

    private static final Sql EXISTS = Sql.of("SELECT pg_catalog.to_regclass({table}) IS NOT NULL");

    private static final Sql FORGET_ALL_MISSED = Sql.of("DELETE FROM {missed}");

    private static final Sql DROP_MISSED = Sql.of("DROP TABLE IF EXISTS {missed}");

    /**
     * A write that could not be recorded in the delta table.
     *
     * @param row by which {@link #forget} finds the record again
     * @param cause the server's message
     */
    public record Missed(String row, String seenAt, String cause) {}

    /** The table of these writes. */
    public QualifiedName table() {
        return delta.sibling(DerivedName.of(delta.name(), "_missed"));
    }

    /** Committed writes that could not be recorded, the earliest first. */
    public List<Missed> first(Session session, long limit) throws SQLException {
        return session.query(
                MISSED.with("missed", table()).with("limit", limit),
                row -> new Missed(row.getString("row"), row.getString("seen_at"), row.getString("cause")));
    }

    /**
     * Forgets these writes and no others. Call it once a comparison that began after they were read has found all of
     * them.
     */
    public void forget(Session session, List<Missed> missed) throws SQLException {
        session.update(FORGET_MISSED
                .with("missed", table())
                .with("rows", missed.stream().map(Missed::row).toArray(String[]::new)));
    }

    /**
     * Forgets all missed writes, for callers that discard everything that rests on the capture so far. A write that has
     * not committed yet still leaves its row.
     */
    void forgetAll(Session session) throws SQLException {
        if (session.queryBoolean(EXISTS.with("table", table().quoted()))) {
            session.update(FORGET_ALL_MISSED.with("missed", table()));
        }
    }

    Sql createStatement() {
        return Seclusion.made(
                table(), CREATE_MISSED.with("missed", table()).with("comment", Sql.literal(MISSED_COMMENT)));
    }

    Sql dropStatement() {
        return DROP_MISSED.with("missed", table());
    }

    /** Whether the table was left by an earlier capture whose delta table somebody has dropped by hand. */
    boolean isLeft(Session session) throws SQLException {
        return session.queryBoolean(
                IS_LEFT_MISSED.with("missed", table().quoted()).with("comment", MISSED_COMMENT));
    }
}
