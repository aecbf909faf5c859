package liquibase.ext.partition.engine.delta;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Routes;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.StateTables;

/**
 * The partitions by which the two tables were last known to be in step, and what has become of them. A row trigger does
 * not see a partition that is dropped, detached, attached, truncated or replaced by another: its rows go or come
 * without a trace in the delta table. So the record of each partition holds what identifies it: its oid, its heap's
 * file, its link to the parent and the trigger that captures its changes. Detaching and attaching a partition again
 * writes a new link, even under the same name and oid.
 *
 * <p>A partition that was made since is unknown until a replay has taken over rows of it. From then on the other table
 * has rows of it, so its removal must be noticed too. But the rows that it held when it was attached have still to be
 * compared, so until then it stays {@link What#ADDED}.
 *
 * <p>Reads the catalog and no rows of a table. Takes no locks.
 */
public final class KnownPartitions {
    /** The kinds of change that a partition can have undergone since. */
    public enum What {
        /**
         * The partition was not there, or only a replay knows it: the rows that it had when it was attached are in no
         * delta table.
         */
        ADDED,
        DROPPED,
        /** The partition is a table of its own now. */
        DETACHED,
        /** The partition was detached and attached again; writes to it in between were not captured. */
        ATTACHED_AGAIN,
        /** The rows are in another file: after VACUUM FULL, which keeps them, or after TRUNCATE, which does not. */
        REWRITTEN,
        /** The trigger that captures the partition's changes was disabled, or made again. */
        NOT_CAPTURED
    }

    /**
     * A partition that has changed.
     *
     * @param name its present name; for a dropped partition, its former name
     * @param knownAs its former name; for an added partition, the same as {@code name}
     * @param bound in the form that {@code ATTACH PARTITION} takes; empty for a child of a table with routing by
     *     triggers
     * @param identity everything that distinguishes it from what it, or another partition, was at another time
     */
    public record ChangedPartition(
            QualifiedName name, QualifiedName knownAs, Optional<String> bound, What what, String identity) {}

    /**
     * The server reads the tree as it is now, and the rest by the statement's snapshot. So a partition that was
     * attached after the snapshot has no link in the answer yet. Recorded in this form, it counts as attached again.
     */
    private static final Sql PRESENT = Sql.of("""
            SELECT c.oid::pg_catalog.int8 AS oid, n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name,
                   coalesce(pg_catalog.string_agg(i.inhparent || ':' || i.xmin, ' ' ORDER BY i.inhparent), '') AS link,
                   coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)::pg_catalog.int8 AS filenode,
                   (SELECT pg_catalog.string_agg(g.oid || ':' || g.xmin, ' ' ORDER BY g.oid) FROM pg_catalog.pg_trigger AS g
                    WHERE g.tgrelid = c.oid AND g.tgfoid = {function}) AS trigger,
                   pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound
            FROM ({tree}) AS t
            JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = c.oid
            GROUP BY c.oid, n.nspname, c.relname, c.relpartbound""");

    private static final Sql NAMES = Sql.of("SELECT p.schema, p.name FROM ({present}) AS p ORDER BY p.name, p.schema");

    private static final Sql LIST = Sql.of("""
            (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                       'oid', p.oid, 'schema', p.schema, 'name', p.name, 'link', p.link, 'filenode', p.filenode, 'trigger', p.trigger,
                       'bound', p.bound, 'judged', {judged}) ORDER BY p.oid), '[]')
             FROM ({present}) AS p)""");

    private static final Sql READ = Sql.of("SELECT {list}::pg_catalog.text");

    private static final String KNOWN = """
            pg_catalog.jsonb_to_recordset((SELECT m.partitions FROM {migration} AS m WHERE m.id = {id}))
              AS was (oid pg_catalog.int8, schema pg_catalog.text, name pg_catalog.text, link pg_catalog.text, filenode pg_catalog.int8,
                      trigger pg_catalog.text, bound pg_catalog.text, judged pg_catalog.bool)""";

    private static final Sql CHANGED = Sql.of("""
            SELECT coalesce(n.nspname, now.schema, was.schema) AS schema, coalesce(c.relname, now.name, was.name) AS name,
                   coalesce(was.schema, now.schema) AS known_schema, coalesce(was.name, now.name) AS known_name,
                   coalesce(was.bound, now.bound) AS bound,
                   CASE WHEN was.oid IS NULL OR now.oid IS NOT NULL AND NOT was.judged AND now.link = was.link
                                                AND now.filenode = was.filenode AND now.trigger IS NOT DISTINCT FROM was.trigger
                             THEN 'ADDED'
                        WHEN now.oid IS NULL AND c.oid IS NULL THEN 'DROPPED'
                        WHEN now.oid IS NULL THEN 'DETACHED'
                        WHEN now.link <> was.link THEN 'ATTACHED_AGAIN'
                        WHEN now.filenode <> was.filenode THEN 'REWRITTEN'
                        ELSE 'NOT_CAPTURED' END AS what,
                   pg_catalog.concat_ws(' ', now.oid, now.link, now.filenode, now.trigger) AS identity
            FROM\s""" + KNOWN + """

            FULL JOIN ({present}) AS now ON now.oid = was.oid
            LEFT JOIN pg_catalog.pg_class AS c ON c.oid = was.oid AND c.relkind IN ('r', 'p', 'f')
            LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE was.oid IS NULL OR now.oid IS NULL OR NOT was.judged OR now.link <> was.link OR now.filenode <> was.filenode
               OR was.trigger IS NOT NULL AND was.trigger IS DISTINCT FROM now.trigger
            ORDER BY known_schema, known_name, was.oid, now.oid""");

    private static final Sql ADOPT = Sql.of("""
            UPDATE {migration} SET partitions = partitions || added.list
            FROM (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                           'oid', p.oid, 'schema', p.schema, 'name', p.name, 'link', p.link, 'filenode', p.filenode,
                           'trigger', p.trigger, 'bound', p.bound, 'judged', {judged})) AS list
                  FROM ({present}) AS p
                  WHERE {which} AND p.oid NOT IN (SELECT was.oid FROM\s""" + KNOWN + """
            )) AS added
            WHERE id = {id} AND added.list IS NOT NULL""");

    private static final Sql FORGET = Sql.of("""
            UPDATE {migration} SET partitions = (
              SELECT coalesce(pg_catalog.jsonb_agg(was.known), '[]') FROM pg_catalog.jsonb_array_elements(partitions) AS was (known)
              WHERE was.known ->> 'oid' <> {partition})
            WHERE id = {id} AND partitions IS NOT NULL""");

    private static final Sql ANY = Sql.raw("true");
    private static final Sql ONE = Sql.of("p.oid = {partition}::pg_catalog.regclass::pg_catalog.oid::pg_catalog.int8");

    private KnownPartitions() {}

    /**
     * An expression for the partitions that are captured after the swap and the triggers that capture their changes, in
     * their present state.
     */
    public static Sql of(Migration migration) {
        return list(present(migration));
    }

    /** The tables that have the live rows: all partitions, or those for which a partition was exchanged. */
    public static List<QualifiedName> tables(Session session, Migration migration) throws SQLException {
        return session.query(
                NAMES.with("present", present(migration)),
                row -> QualifiedName.of(row.getString("schema"), row.getString("name")));
    }

    private static Sql list(Sql present) {
        return LIST.with("present", present).with("judged", Sql.raw("true"));
    }

    /** Evaluates the expression now, for a record that is made later and only if it still holds then. */
    public static String read(Session session, Sql partitions) throws SQLException {
        return session.queryStrings(READ.with("list", partitions)).get(0);
    }

    /**
     * The statement with which a replay from the live table records the partitions that were made since. It must be the
     * last one of a batch. It then sees every partition that the batch has read, and none of these can be detached
     * before the batch commits, whatever its snapshot.
     */
    public static Sql adoptStatement(StateTables state, Migration migration) {
        return adopt(state, migration, ANY, Sql.raw("false"));
    }

    /**
     * The statement that records a partition that had no row when it was attached in this transaction, and whose writes
     * are captured from then on: nothing about it has to be found out later. Changes nothing before the swap.
     */
    public static Sql knowStatement(StateTables state, Migration migration, QualifiedName partition) {
        return adopt(state, migration, ONE.with("partition", Sql.literal(partition.quoted())), Sql.raw("true"));
    }

    /**
     * The statement that forgets a partition, in the transaction that detaches it. To be used only where the delta
     * table names all of its rows: a replay then takes them out of the other table, too.
     *
     * @param partition its oid
     */
    public static Sql forgetStatement(StateTables state, Migration migration, long partition) {
        return FORGET.with("migration", state.migration())
                .with("id", migration.id())
                .with("partition", Sql.literal(Long.toString(partition)));
    }

    private static Sql adopt(StateTables state, Migration migration, Sql which, Sql judged) {
        return ADOPT.with("migration", state.migration())
                .with("id", migration.id())
                .with("which", which)
                .with("judged", judged)
                .with("present", present(migration));
    }

    /**
     * The ways into the live table. If triggers route the rows, each child is read by its name. Once a child was taken
     * out of the inheritance or dropped, its name no longer leads into the table, and rows are looked for through the
     * table itself. The same holds if the table has a child whose name denotes no interval, which may hold rows of any.
     */
    public static Routes routes(Session session, Migration migration) throws SQLException {
        Routes routes = migration.spec().routes(migration.live());
        if (routes.isSingle()) {
            return routes;
        }
        PartitionLayout layout = migration.spec().layout();
        List<QualifiedName> present = new TableReader(session).partitions(migration.source());
        boolean whole = Stream.concat(
                        layout.partitions().stream().map(Partition::name), Stream.of(layout.defaultPartition()))
                .map(migration.source()::sibling)
                .allMatch(present::contains);
        whole &= present.stream().allMatch(child -> isOf(layout, migration.source(), child));
        return whole ? routes : new Routes(Routing.NATIVE, migration.source(), layout);
    }

    /** Whether the name shows which rows the child has. */
    private static boolean isOf(PartitionLayout layout, QualifiedName table, QualifiedName child) {
        return child.equals(table.sibling(child.name()))
                && (child.name().equals(layout.defaultPartition())
                        || layout.partition(child.name()).isPresent());
    }

    /** The partitions of the live table that have changed since the swap, or since the backup was found equal to it. */
    public static List<ChangedPartition> changedSinceSwap(StepRun run, Migration migration) throws SQLException {
        return run.session()
                .query(
                        CHANGED.with("migration", run.state().migration())
                                .with("id", migration.id())
                                .with("present", present(migration)),
                        row -> new ChangedPartition(
                                QualifiedName.of(row.getString("schema"), row.getString("name")),
                                QualifiedName.of(row.getString("known_schema"), row.getString("known_name")),
                                Optional.ofNullable(row.getString("bound")),
                                What.valueOf(row.getString("what")),
                                row.getString("identity")));
    }

    private static Sql present(Migration migration) {
        Sql tree = migration
                .exchange()
                .map(it -> PartitionTree.partitionsAmong(it.parentOid(), it.partitions()))
                .orElseGet(() -> PartitionTree.BELOW_TABLE.with(
                        "table", migration.source().quoted()));
        return PRESENT.with("tree", tree).with("function", Capture.of(migration).captureFunctionOid());
    }
}
