package liquibase.ext.partition.engine.verify;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migration.Exchange;
import liquibase.ext.partition.engine.state.StateTables;

/**
 * Everything about the two tables of a migration that must stay the same for a verdict to hold: that they are equal,
 * may be swapped, may go back. Row triggers see every write, but not an {@code ALTER TABLE} that rewrites all values
 * ({@code TYPE text USING upper(v)}), nor a column that is dropped and made again, nor a partition that goes and comes.
 * Each of these changes the fingerprint:
 *
 * <ul>
 *   <li>{@code column}: for both tables, number, name, type, modifier and collation, and how the column is generated;
 *   <li>{@code heap}: for both tables and every partition, at every level, the file that has its rows, and the catalog
 *       row that makes it a partition, which is a new one once it was detached and attached again;
 *   <li>{@code function}: the functions that a generated column or the partition key calls, as they were last made. The
 *       catalog does not know what such a function calls itself.
 * </ul>
 *
 * <p>The record of the migration has the fingerprint from the time when the tables were last known to be equal but for
 * the keys in the delta table: when a comparison began, or when a switch ended. A changed fingerprint does not mean
 * that rows differ ({@code VACUUM FULL} changes none). It means that the tables must be compared. VACUUM, ANALYZE and
 * REINDEX do not change it, nor do our steps, except for the switches, which record it.
 *
 * <p>Transactions and locks: one question, which takes only locks on the catalog. For a certain answer, ask under a
 * lock on both tables, or make the question one of {@link liquibase.ext.partition.engine.sql.Answers}.
 */
public final class Fingerprint {
    private static final Sql HEAP = Sql.raw("""
            pg_catalog.concat_ws(' ', 'heap', r.oid,
                       coalesce(pg_catalog.pg_relation_filenode(r.oid), 0),
                       (SELECT pg_catalog.max(i.xmin::pg_catalog.text) FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = r.oid))""");

    /**
     * An array of texts. It identifies relations by oid, so that their names, which the switch changes, do not matter.
     * The function of a generated column depends on the column before PostgreSQL 15, and on its expression since.
     */
    private static final Sql FACTS =
            Sql.of("""
            ARRAY(
              WITH relation AS (
                SELECT {ordinary}::pg_catalog.oid AS oid
                UNION {left}
                UNION {tree})
              SELECT {heap}
              FROM relation AS r
              UNION ALL
              SELECT pg_catalog.concat_ws(' ', 'column', a.attrelid, a.attnum, a.atttypid, a.atttypmod, a.attcollation,
                       pg_catalog.quote_ident(a.attname),
                       CASE WHEN a.attgenerated <> '' THEN a.attgenerated::pg_catalog.text || pg_catalog.md5(d.adbin::pg_catalog.text) END)
              FROM pg_catalog.pg_attribute AS a
              LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
              WHERE a.attrelid IN ({ordinary}::pg_catalog.oid, {partitioned}::pg_catalog.oid) AND a.attnum > 0 AND NOT a.attisdropped
              UNION
              SELECT pg_catalog.concat_ws(' ', 'function', f.oid, f.xmin)
              FROM pg_catalog.pg_depend AS d
              LEFT JOIN pg_catalog.pg_operator AS o
                ON d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oid = d.refobjid
              JOIN pg_catalog.pg_proc AS f
                ON f.oid = CASE d.refclassid WHEN 'pg_catalog.pg_proc'::pg_catalog.regclass THEN d.refobjid ELSE o.oprcode END
              WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    AND d.objid IN ({ordinary}::pg_catalog.oid, {partitioned}::pg_catalog.oid)
                 OR d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid IN (
                      SELECT e.oid FROM pg_catalog.pg_attrdef AS e
                      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
                      WHERE e.adrelid IN ({ordinary}::pg_catalog.oid, {partitioned}::pg_catalog.oid) AND a.attgenerated <> '')
              ORDER BY 1)""").with("heap", HEAP).with("tree", PartitionTree.of(Sql.of("{partitioned}")));

    private static final Sql ADOPT = Sql.of("""
            UPDATE {migration} SET fingerprint = fingerprint || (
              SELECT {heap} FROM (SELECT {partition}::pg_catalog.regclass::pg_catalog.oid AS oid) AS r)
            WHERE id = {id} AND fingerprint IS NOT NULL""").with("heap", HEAP);

    private static final Sql FORGET = Sql.of("""
            UPDATE {migration} SET fingerprint = ARRAY(
              SELECT f.fact FROM pg_catalog.unnest(fingerprint) AS f (fact)
              WHERE f.fact NOT LIKE 'heap ' || {partition} || ' %')
            WHERE id = {id} AND fingerprint IS NOT NULL""");

    private static final Sql LIST = Sql.of("SELECT pg_catalog.unnest({facts})");

    private static final Sql CHANGES = Sql.of("""
            WITH recorded AS (
              SELECT pg_catalog.unnest(m.fingerprint) AS fact FROM {migration} AS m WHERE m.id = {id}),
            present AS (SELECT pg_catalog.unnest({facts}) AS fact)
            (SELECT fact FROM recorded EXCEPT SELECT fact FROM present)
            UNION ALL
            (SELECT fact FROM present WHERE {counted} EXCEPT SELECT fact FROM recorded)
            ORDER BY fact""");

    private static final Sql ALL = Sql.raw("true");
    private static final Sql ALL_BUT_PARTITIONS = Sql.raw("fact NOT LIKE 'heap %'");

    private Fingerprint() {}

    /** An expression for the tables' present fingerprint, of type {@code text[]}. */
    public static Sql expression(Migration migration) {
        return FACTS.with("ordinary", migration.sourceOid())
                .with(
                        "left",
                        PartitionTree.given(
                                migration.exchange().map(Exchange::left).orElse(List.of())))
                .with("partitioned", migration.newOid());
    }

    /** The tables' present fingerprint. */
    public static String[] read(Session session, Migration migration) throws SQLException {
        return session.queryStrings(LIST.with("facts", expression(migration))).toArray(String[]::new);
    }

    /** Whether the tables have the recorded fingerprint; false if none is recorded. */
    public static boolean isUnchanged(StepRun run, Migration migration) throws SQLException {
        return changes(run, migration, ALL).isEmpty();
    }

    /**
     * As {@link #isUnchanged}, except for tables that have become partitions since. For the live table after the swap:
     * writes through it are captured in any partition, so such a table need only be looked into by itself.
     */
    public static boolean isUnchangedButForNewPartitions(StepRun run, Migration migration) throws SQLException {
        return changes(run, migration, ALL_BUT_PARTITIONS).isEmpty();
    }

    /**
     * The statement that adds a partition to the recorded fingerprint, in the transaction that attaches it. To be used
     * only where the partition's rows are among those that the verdict was about, or it has none: then the verdict
     * holds as before. Changes nothing if no fingerprint is recorded.
     */
    public static Sql adoptStatement(StateTables state, Migration migration, QualifiedName partition) {
        return ADOPT.with("migration", state.migration())
                .with("id", migration.id())
                .with("partition", Sql.literal(partition.quoted()));
    }

    /**
     * The statement that takes a partition out of the recorded fingerprint, in the transaction that detaches it. To be
     * used only where the verdict holds without its rows: they are in the delta table, or no verdict is needed any
     * more.
     *
     * @param partition its oid
     */
    public static Sql forgetStatement(StateTables state, Migration migration, long partition) {
        return FORGET.with("migration", state.migration())
                .with("id", migration.id())
                .with("partition", Sql.literal(Long.toString(partition)));
    }

    private static List<String> changes(StepRun run, Migration migration, Sql counted) throws SQLException {
        return run.session()
                .queryStrings(CHANGES.with("migration", run.state().migration())
                        .with("id", migration.id())
                        .with("facts", expression(migration))
                        .with("counted", counted));
    }
}
