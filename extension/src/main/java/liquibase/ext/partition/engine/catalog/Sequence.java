package liquibase.ext.partition.engine.catalog;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A sequence that belongs to a column. A column has several if it was given another one and the first was left.
 *
 * @param identity whether it is the sequence of an identity column
 * @param suppliesColumn whether the column takes its values from it, by its identity or its default
 * @param grants the grants on the sequence, including its owner's own
 */
public record Sequence(
        long oid,
        QualifiedName name,
        SequenceOptions options,
        boolean identity,
        boolean suppliesColumn,
        Optional<String> comment,
        List<Grant> grants) {
    private static final Sql SEQUENCES = Sql.of("""
            SELECT a.attname, n.nspname, c.relname, c.oid, pg_catalog.format_type(s.seqtypid, NULL) AS type,
                   s.seqstart, s.seqmin, s.seqmax, s.seqincrement, s.seqcache, s.seqcycle,
                   pg_catalog.obj_description(c.oid, 'pg_class') AS comment, owned.deptype = 'i' AS identity,
                   owned.deptype = 'i' OR t.typcategory = 'N' AND EXISTS (
                     SELECT FROM pg_catalog.pg_attrdef AS d
                     JOIN pg_catalog.pg_depend AS uses ON uses.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND uses.objid = d.oid
                     WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum
                       AND uses.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND uses.refobjid = c.oid) AS supplies
            FROM pg_catalog.pg_depend AS owned
            JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = owned.objid
            JOIN pg_catalog.pg_class AS c ON c.oid = owned.objid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = owned.refobjid AND a.attnum = owned.refobjsubid
            JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
            WHERE owned.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND owned.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
              AND owned.refobjid = {oid} AND owned.deptype IN ('a', 'i')
            ORDER BY a.attnum, identity DESC, c.relname
            """);

    /** The sequences that belong to columns of the table with that oid, by the column's name. */
    static Map<String, List<Sequence>> ofColumns(Session session, long oid) throws SQLException {
        record Owned(
                String column,
                QualifiedName name,
                long oid,
                SequenceOptions options,
                boolean identity,
                boolean supplies,
                Optional<String> comment) {}
        List<Owned> owned = session.query(
                SEQUENCES.with("oid", oid),
                row -> new Owned(
                        row.getString("attname"),
                        QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                        row.getLong("oid"),
                        new SequenceOptions(
                                row.getString("type"),
                                row.getLong("seqstart"),
                                row.getLong("seqmin"),
                                row.getLong("seqmax"),
                                row.getLong("seqincrement"),
                                row.getLong("seqcache"),
                                row.getBoolean("seqcycle")),
                        row.getBoolean("identity"),
                        row.getBoolean("supplies"),
                        Optional.ofNullable(row.getString("comment"))));
        Map<String, List<Sequence>> byColumn = new HashMap<>();
        for (Owned it : owned) {
            byColumn.computeIfAbsent(it.column(), column -> new ArrayList<>())
                    .add(new Sequence(
                            it.oid(),
                            it.name(),
                            it.options(),
                            it.identity(),
                            it.supplies(),
                            it.comment(),
                            Grant.of(session, it.oid())));
        }
        return byColumn;
    }

    /** Whether its increment is positive. */
    public boolean ascending() {
        return options.isAscending();
    }
}
