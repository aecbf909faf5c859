package liquibase.ext.partition.engine.belonging.sequences;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.state.SwitchRecords;

/**
 * Reads and writes {@code partition_sequence}: what the catalog no longer knows about sequences that a switch has
 * changed.
 *
 * <p>A row for an identity column's sequence exists as long as the sequence counts by twice its increment. A row for a
 * serial column's sequence says which type the sequence had before the swap gave it a wider one.
 */
public final class SwitchedSequences extends SwitchRecords {
    private static final Sql FIND = Sql.of("""
            SELECT s.sequence_oid, s.name, s.increment, s.options, s.narrower_type, n.nspname, c.relname, p.seqincrement
            FROM {sequence} AS s
            LEFT JOIN pg_catalog.pg_class AS c ON c.oid = s.sequence_oid::pg_catalog.oid
            LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_sequence AS p ON p.seqrelid = c.oid
            WHERE s.migration_id = {migration}
            ORDER BY s.sequence_oid""");

    private static final Sql RECORD_STRETCHED = Sql.of("""
            INSERT INTO {sequence} (migration_id, sequence_oid, name, increment, options)
            VALUES ({migration}, {oid}, {name}, {increment}, {options})
            ON CONFLICT (migration_id, sequence_oid) DO UPDATE
            SET name = EXCLUDED.name, increment = EXCLUDED.increment, options = EXCLUDED.options""");

    private static final Sql RECORD_WIDENED = Sql.of("""
            INSERT INTO {sequence} (migration_id, sequence_oid, name, narrower_type)
            VALUES ({migration}, {oid}, {name}, {type})
            ON CONFLICT (migration_id, sequence_oid) DO NOTHING""");

    private static final Sql DELETE =
            Sql.of("DELETE FROM {sequence} WHERE migration_id = {migration} AND sequence_oid = {oid}");

    private static final Sql DELETE_ALL = Sql.of("DELETE FROM {sequence} WHERE migration_id = {migration}");

    private static final Sql SET_INCREMENT = Sql.of("ALTER SEQUENCE {sequence} INCREMENT BY {increment}");

    public SwitchedSequences(StateTables tables, Migration migration) {
        super("sequence", tables.sequence(), migration);
    }

    /**
     * One row.
     *
     * @param oid the sequence that the live table had when the row was written
     * @param name its name then, which the live table's sequence must get again
     * @param increment the increment before it was doubled; empty if it was not doubled
     * @param options the sequence's options then, besides the increment
     * @param narrowerType the type that the sequence had before the swap; empty if the swap did not change it
     * @param present the sequence's present name; empty if it is gone
     * @param incrementNow the present increment; 0 if the sequence is gone
     */
    public record Row(
            long oid,
            Identifier name,
            Optional<Long> increment,
            String options,
            Optional<String> narrowerType,
            Optional<QualifiedName> present,
            long incrementNow) {
        /** Whether the sequence exists and counts by twice its increment. */
        public boolean isStretched() {
            return present.isPresent() && increment.isPresent() && incrementNow == 2 * increment.get();
        }

        /** The statement that restores the sequence's increment. */
        public Sql restoreStatement() {
            return SET_INCREMENT
                    .with("sequence", present.orElseThrow())
                    .with("increment", Sql.raw(Long.toString(increment.orElseThrow())));
        }
    }

    public List<Row> find(Session session) throws SQLException {
        return session.query(
                sql(FIND),
                row -> new Row(
                        row.getLong("sequence_oid"),
                        new Identifier(row.getString("name")),
                        Optional.ofNullable(row.getString("increment")).map(Long::valueOf),
                        row.getString("options"),
                        Optional.ofNullable(row.getString("narrower_type")),
                        present(row),
                        row.getLong("seqincrement")));
    }

    /** The statement that records a sequence which counts by twice {@code increment} from now on. */
    public Sql stretchedStatement(long oid, Identifier name, long increment, String options) {
        return sql(RECORD_STRETCHED)
                .with("oid", oid)
                .with("name", name.name())
                .with("increment", increment)
                .with("options", options);
    }

    /** The statement that records a sequence's type before it gets a wider one; an earlier record stays. */
    public Sql widenedStatement(long oid, Identifier name, String narrowerType) {
        return sql(RECORD_WIDENED).with("oid", oid).with("name", name.name()).with("type", narrowerType);
    }

    public Sql deleteStatement(long oid) {
        return sql(DELETE).with("oid", oid);
    }

    public Sql deleteAllStatement() {
        return sql(DELETE_ALL);
    }
}
