package liquibase.ext.partition.engine.belonging.foreignkeys.read;

import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Reads foreign keys out of {@code pg_catalog}: those that somebody made, not the parts that the server made of them
 * for partitions. Takes no lock. Any role can read.
 */
public final class ForeignKeyReader {
    private static final String NOT_VALID = " NOT VALID";

    /** Reads through jsonb the columns that an older server lacks. */
    private static final Sql KEYS = Sql.of("""
            SELECT k.conname, pg_catalog.pg_get_constraintdef(k.oid) AS definition, k.convalidated,
                   coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::boolean, true) AS enforced,
                   coalesce((pg_catalog.to_jsonb(k) ->> 'conperiod')::boolean, false) AS temporal,
                   pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment,
                   k.condeferrable, k.condeferred, k.confmatchtype, k.confdeltype, k.confupdtype,
                   c.oid AS referring_oid, cn.nspname AS referring_schema, c.relname AS referring_table,
                   pg_catalog.pg_get_userbyid(c.relowner) AS referring_owner,
                   pg_catalog.pg_has_role(c.relowner, 'USAGE') AS referring_owned,
                   pg_catalog.has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE') AS referring_lockable,
                   c.relforcerowsecurity AS referring_forced,
                   r.oid AS referenced_oid, rn.nspname AS referenced_schema, r.relname AS referenced_table,
                   pg_catalog.pg_get_userbyid(r.relowner) AS referenced_owner,
                   pg_catalog.pg_has_role(r.relowner, 'USAGE') AS referenced_owned,
                   pg_catalog.has_table_privilege(r.oid, 'UPDATE, DELETE, TRUNCATE') AS referenced_lockable,
                   r.relforcerowsecurity AS referenced_forced,
                   pg_catalog.has_schema_privilege(r.relowner, cn.oid, 'CREATE') AS owner_may_create,
                   pg_catalog.current_setting('server_version_num')::integer >= 150000
                     OR k.confdeltype IN ('a', 'r') AND k.confupdtype IN ('a', 'r') AS takes_moves,
                   (WITH RECURSIVE heir AS (
                      SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = c.oid AND c.relkind <> 'p'
                      UNION SELECT i.inhrelid, i.inhparent FROM heir AS h JOIN pg_catalog.pg_inherits AS i ON i.inhparent = h.inhrelid)
                    SELECT pg_catalog.array_agg(ARRAY[h.inhrelid::pg_catalog.regclass::pg_catalog.text, h.inhparent::pg_catalog.regclass::pg_catalog.text]
                                                ORDER BY h.inhrelid)
                    FROM heir AS h
                    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS o WHERE o.conrelid = h.inhrelid AND o.contype = 'f' AND o.confrelid = k.confrelid
                                      AND pg_catalog.replace(pg_catalog.pg_get_constraintdef(o.oid), ' NOT VALID', '')
                                        = pg_catalog.replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID', ''))) AS heirs,
                   pair.*,
                   ARRAY(SELECT a.attname::pg_catalog.text
                         FROM pg_catalog.jsonb_array_elements_text(CASE pg_catalog.jsonb_typeof(pg_catalog.to_jsonb(k) -> 'confdelsetcols')
                                                        WHEN 'array' THEN pg_catalog.to_jsonb(k) -> 'confdelsetcols' ELSE '[]' END) AS s (attnum)
                         JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = s.attnum::integer) AS set_columns
            FROM pg_catalog.pg_constraint AS k
            JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
            JOIN pg_catalog.pg_namespace AS cn ON cn.oid = c.relnamespace
            JOIN pg_catalog.pg_class AS r ON r.oid = k.confrelid
            JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace
            CROSS JOIN LATERAL (
              SELECT pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY u.place) AS columns,
                     pg_catalog.array_agg(b.attname::pg_catalog.text ORDER BY u.place) AS referenced_columns,
                     pg_catalog.array_agg(pg_catalog.format('OPERATOR(%I.%s)', pfn.nspname, pf.oprname) ORDER BY u.place) AS equalities,
                     pg_catalog.array_agg(pg_catalog.format('OPERATOR(%I.%s)', ppn.nspname, pp.oprname) ORDER BY u.place) AS same_keys,
                     pg_catalog.array_agg(CASE WHEN a.attcollation <> b.attcollation AND b.attcollation <> 0
                                    THEN b.attcollation::pg_catalog.regcollation::pg_catalog.text END ORDER BY u.place) AS collations
              FROM ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey), pg_catalog.unnest(k.conpfeqop), pg_catalog.unnest(k.conppeqop)) WITH ORDINALITY AS u (col, ref, pf, pp, place)
              JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.col
              JOIN pg_catalog.pg_attribute AS b ON b.attrelid = k.confrelid AND b.attnum = u.ref
              JOIN pg_catalog.pg_operator AS pf ON pf.oid = u.pf JOIN pg_catalog.pg_namespace AS pfn ON pfn.oid = pf.oprnamespace
              JOIN pg_catalog.pg_operator AS pp ON pp.oid = u.pp JOIN pg_catalog.pg_namespace AS ppn ON ppn.oid = pp.oprnamespace
            ) AS pair
            WHERE k.contype = 'f' AND k.conparentid = 0 AND {which}
            ORDER BY c.oid, k.conname
            """);

    private static final Sql OWN = Sql.of("k.conrelid = {oid} AND k.confrelid <> {oid}");
    private static final Sql INCOMING = Sql.of("k.confrelid = {oid}");

    /**
     * Foreign keys of the default partition that its parent lacks: they were made there, and are not yet on the parent.
     */
    private static final Sql OF_DEFAULT_PARTITION = Sql.of("""
            k.conrelid = pg_catalog.to_regclass({partition}) AND k.confrelid NOT IN (k.conrelid, {oid})
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS p WHERE p.conrelid = {oid} AND p.conname = k.conname)""");

    /**
     * Decides as the server does: by an equality operator of btree for both types, or if one type is binary compatible
     * with the other.
     */
    private static final Sql IMPOSSIBLE = Sql.of("""
            SELECT pg_catalog.format('its foreign key %I has the column %I, which becomes %s and then cannot refer to %s of %s', k.conname,
                          a.attname, wanted.type, b.attname, k.confrelid::pg_catalog.regclass) AS what,
                   pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I, or leave the column''s type', k.conrelid::pg_catalog.regclass, k.conname) AS remedy
            FROM pg_catalog.pg_constraint AS k
            CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey)) AS u (col, ref)
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.col
            JOIN pg_catalog.pg_attribute AS b ON b.attrelid = k.confrelid AND b.attnum = u.ref
            JOIN ROWS FROM (pg_catalog.unnest({columns}::pg_catalog.text[]), pg_catalog.unnest({types}::pg_catalog.text[])) AS wanted (name, type) ON wanted.name = a.attname
            WHERE k.conrelid = {oid} AND k.confrelid <> {oid} AND k.contype = 'f' AND k.conparentid = 0
              AND pg_catalog.to_regtype(wanted.type) <> b.atttypid
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_amop AS o JOIN pg_catalog.pg_am AS m ON m.oid = o.amopmethod AND m.amname = 'btree'
                              WHERE o.amopstrategy = 3 AND o.amoplefttype = b.atttypid AND o.amoprighttype = pg_catalog.to_regtype(wanted.type))
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_cast AS c
                              WHERE c.castmethod = 'b' AND c.castcontext = 'i' AND pg_catalog.to_regtype(wanted.type) IN (c.castsource, c.casttarget)
                                AND b.atttypid IN (c.castsource, c.casttarget))
            ORDER BY k.conname""");

    private final Session session;

    public ForeignKeyReader(Session session) {
        this.session = session;
    }

    /** The foreign keys of the table with that oid, except those with which it refers to itself. */
    public List<ForeignKey> own(long oid) throws SQLException {
        return read(OWN.with("oid", oid));
    }

    /** As {@link #own}, with the keys that only the partitions have, as the default partition shows. */
    public List<ForeignKey> ownOfPartitioned(long oid, QualifiedName defaultPartition) throws SQLException {
        List<ForeignKey> keys = new ArrayList<>(own(oid));
        keys.addAll(read(OF_DEFAULT_PARTITION.with("oid", oid).with("partition", defaultPartition.quoted())));
        return keys;
    }

    /** The foreign keys that refer to the table with that oid, including its own. */
    public List<ForeignKey> incoming(long oid) throws SQLException {
        return read(INCOMING.with("oid", oid));
    }

    /**
     * The table's own foreign keys that cannot be made again once columns have other types.
     *
     * @param columns the columns that get another type
     * @param types their new types, without modifiers
     */
    public List<Obstacle> impossible(long oid, List<Identifier> columns, List<String> types) throws SQLException {
        return QualifiedNames.within(
                session,
                () -> session.query(
                        IMPOSSIBLE
                                .with("oid", oid)
                                .with(
                                        "columns",
                                        columns.stream().map(Identifier::name).toArray(String[]::new))
                                .with("types", types.toArray(String[]::new)),
                        row -> new Obstacle(Feature.FOREIGN_KEYS, row.getString("what"), row.getString("remedy"))));
    }

    private List<ForeignKey> read(Sql which) throws SQLException {
        return QualifiedNames.within(session, () -> session.query(KEYS.with("which", which), ForeignKeyReader::map));
    }

    private static ForeignKey map(ResultSet row) throws SQLException {
        String definition = row.getString("definition");
        String[] columns = texts(row, "columns");
        String[] referenced = texts(row, "referenced_columns");
        String[] equalities = texts(row, "equalities");
        String[] sameKeys = texts(row, "same_keys");
        String[] collations = texts(row, "collations");
        List<ForeignKey.Pair> pairs = new ArrayList<>();
        for (int i = 0; i < columns.length; i++) {
            pairs.add(new ForeignKey.Pair(
                    new Identifier(columns[i]),
                    new Identifier(referenced[i]),
                    Sql.raw(equalities[i]),
                    Sql.raw(sameKeys[i]),
                    Optional.ofNullable(collations[i])));
        }
        return new ForeignKey(
                new Identifier(row.getString("conname")),
                side(row, "referring"),
                side(row, "referenced"),
                pairs,
                new ForeignKey.Rules(
                        row.getString("confmatchtype").equals("f"),
                        ForeignKey.Action.of(row.getString("confdeltype").charAt(0)),
                        ForeignKey.Action.of(row.getString("confupdtype").charAt(0)),
                        row.getBoolean("condeferrable"),
                        row.getBoolean("condeferred"),
                        Arrays.stream(texts(row, "set_columns"))
                                .map(Identifier::new)
                                .toList(),
                        row.getBoolean("temporal"),
                        row.getBoolean("owner_may_create"),
                        row.getBoolean("takes_moves"),
                        heirs(row)),
                definition.endsWith(NOT_VALID)
                        ? definition.substring(0, definition.length() - NOT_VALID.length())
                        : definition,
                row.getBoolean("convalidated"),
                row.getBoolean("enforced"),
                Optional.ofNullable(row.getString("comment")));
    }

    private static ForeignKey.Side side(ResultSet row, String which) throws SQLException {
        return new ForeignKey.Side(
                row.getLong(which + "_oid"),
                QualifiedName.of(row.getString(which + "_schema"), row.getString(which + "_table")),
                new Identifier(row.getString(which + "_owner")),
                row.getBoolean(which + "_owned"),
                row.getBoolean(which + "_lockable"),
                row.getBoolean(which + "_forced"));
    }

    private static List<ForeignKey.Heir> heirs(ResultSet row) throws SQLException {
        Array heirs = row.getArray("heirs");
        return heirs == null
                ? List.of()
                : Arrays.stream((String[][]) heirs.getArray())
                        .map(it -> new ForeignKey.Heir(it[0], it[1]))
                        .toList();
    }

    private static String[] texts(ResultSet row, String column) throws SQLException {
        return (String[]) row.getArray(column).getArray();
    }
}
