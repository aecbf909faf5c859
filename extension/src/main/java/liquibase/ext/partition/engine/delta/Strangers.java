package liquibase.ext.partition.engine.delta;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Whatever others have made that fires when we write a table that is not in service: when rows are copied, changes are
 * replayed, the table is emptied, or keys are recorded. It would run with the rights of the role that writes, which may
 * be a superuser: the function of a trigger, and its WHEN, whoever's function it calls. A foreign key that refers to
 * the table acts on rows of another table, and before PostgreSQL 18 the AFTER triggers of that table fire with the same
 * rights.
 *
 * <p>So the only triggers on such a table, on its partitions or children, and on the delta table, may be those of the
 * capture. A trigger is one of these by its function and the whole of its definition, and never by its name alone.
 *
 * <p>Reads the catalog only. The answer lasts as long as the caller holds ROW EXCLUSIVE, or more, on these tables:
 * CREATE TRIGGER, ENABLE TRIGGER and ADD FOREIGN KEY all take SHARE ROW EXCLUSIVE.
 *
 * @param capture the capture that fills the delta table
 * @param table the table that is written; may be the delta table itself
 */
public record Strangers(Capture capture, QualifiedName table) {
    /**
     * A trigger, or a foreign key that refers to the table.
     *
     * @param what the word for what it is
     * @param table the table that has it
     * @param function the function that a trigger calls; for a foreign key null
     * @param definition the statement that makes the trigger, or the foreign key's definition
     * @param removal the statement after which it does not fire
     */
    public record Stranger(
            String what,
            QualifiedName table,
            Identifier name,
            QualifiedName function,
            String definition,
            String removal) {
        private static Stranger read(ResultSet row) throws SQLException {
            return new Stranger(
                    row.getString("what"),
                    QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                    new Identifier(row.getString("name")),
                    row.getString("function") == null
                            ? null
                            : QualifiedName.of(row.getString("function_schema"), row.getString("function")),
                    row.getString("definition"),
                    row.getString("removal"));
        }

        @Override
        public String toString() {
            return "%s %s of %s".formatted(what, name, table);
        }
    }

    /**
     * A trigger of the server's own belongs to a constraint other than a constraint trigger. The clone of a trigger
     * goes with the one that it was cloned from.
     */
    private static final Sql TRIGGERS = Sql.of("""
            SELECT 'trigger' AS what, n.nspname, c.relname, g.tgname AS name, fn.nspname AS function_schema, f.proname AS function,
                   pg_catalog.pg_get_triggerdef(g.oid) AS definition,
                   pg_catalog.format(CASE WHEN o.ours THEN 'ALTER TABLE %2$s DISABLE TRIGGER %1$I' ELSE 'DROP TRIGGER %1$I ON %2$s' END,
                                     g.tgname, c.oid::pg_catalog.regclass) AS removal
            FROM ({tables}) AS t
            JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid
            CROSS JOIN LATERAL (SELECT {captures} IS TRUE AS ours) AS o
            JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_proc AS f ON f.oid = g.tgfoid
            JOIN pg_catalog.pg_namespace AS fn ON fn.oid = f.pronamespace
            WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.oid = g.tgconstraint AND k.contype <> 't')
              AND NOT ({refuses} IS TRUE) AND NOT (o.ours AND g.tgenabled {harmless})
              AND (g.tgparentid = 0
                   OR o.ours AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS r WHERE r.oid = g.tgparentid AND r.tgenabled = g.tgenabled))""");

    private static final Sql FOREIGN_KEYS = Sql.of("""
            SELECT 'foreign key', n.nspname, c.relname, k.conname, NULL, NULL, pg_catalog.pg_get_constraintdef(k.oid),
                   pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', c.oid::pg_catalog.regclass, k.conname)
            FROM pg_catalog.pg_constraint AS k
            JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid IN ({tree}) AND k.conrelid NOT IN ({tree})""");

    private static final Sql IN_ORDER = Sql.of("{triggers}\nORDER BY 1, 2, 3, 4");

    private static final Sql ANY = Sql.of("{triggers}\nUNION ALL\n{foreignKeys}\nORDER BY 1, 2, 3, 4");

    private static final Sql BOTH = Sql.of("{tree} UNION {delta}");

    /** Whoever keeps these rights could make such a thing again. */
    private static final Sql RIGHTS = Sql.of("""
            SELECT pg_catalog.format('REVOKE TRIGGER, REFERENCES ON TABLE %s FROM %s CASCADE', c.oid::pg_catalog.regclass,
                     pg_catalog.string_agg(DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::pg_catalog.regrole::pg_catalog.text END, ', '))
            FROM ({tables}) AS t
            JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
            CROSS JOIN LATERAL (
              SELECT r.grantee, r.privilege_type FROM pg_catalog.aclexplode(c.relacl) AS r
              UNION ALL
              SELECT r.grantee, r.privilege_type FROM pg_catalog.pg_attribute AS col CROSS JOIN pg_catalog.aclexplode(col.attacl) AS r
              WHERE col.attrelid = c.oid AND NOT col.attisdropped) AS a
            WHERE a.grantee <> c.relowner AND a.privilege_type IN ('TRIGGER', 'REFERENCES')
            GROUP BY c.oid
            ORDER BY c.oid::pg_catalog.regclass::pg_catalog.text""");

    /**
     * True for a table that has a trigger, its own or that of a foreign key, in any state. Costs a tenth of the whole
     * question, and most tables have none.
     */
    private static final Sql HAVE_TRIGGERS = Sql.of("""
            SELECT EXISTS (SELECT FROM ({tables}) AS t JOIN pg_catalog.pg_class AS c ON c.oid = t.oid WHERE c.relhastriggers)""");

    /** Takes no snapshot, so that what is asked next sees everything that was there before the lock. */
    private static final Sql LOCK = Sql.of("LOCK TABLE {table} IN ROW EXCLUSIVE MODE");

    private static final Sql DISABLED = Sql.raw("= 'D'");
    private static final Sql IN_ANY_STATE = Sql.raw("IS NOT NULL");

    /**
     * Locks the table, with its partitions and children, and {@linkplain #requireNone requires} that nothing of others
     * would fire. Must come before anything is written, in a transaction.
     */
    public void keepOut(Session session, String what, String unchanged) throws SQLException {
        session.update(LOCK.with("table", table));
        requireNone(session, what, unchanged);
    }

    /**
     * Requires that nothing of others would fire. Must be asked under the locks that the class names, before anything
     * is written.
     *
     * @param what the beginning of the message: what is not done because of it, a whole clause
     * @param unchanged what is unchanged, whole sentences
     * @throws PartitionException naming what would fire, with the statements that remove it
     */
    public void requireNone(Session session, String what, String unchanged) throws SQLException {
        List<Stranger> firing = firing(session);
        if (firing.isEmpty()) {
            return;
        }
        List<String> statements =
                new ArrayList<>(firing.stream().map(Stranger::removal).toList());
        statements.addAll(revocations(session));
        throw new PartitionException("""
                %s, because something of others would fire with the rights of this run: %s. %s \
                Remove it, with the rights to make the like, then run the same command again:
                  %s;
                """.formatted(
                what,
                String.join(", ", firing.stream().map(Stranger::toString).toList()),
                unchanged,
                String.join(";\n  ", statements)));
    }

    /** Reads what would fire when the table is written. */
    public List<Stranger> firing(Session session) throws SQLException {
        Sql both = BOTH.with("tree", treeOf(table)).with("delta", treeOf(capture.delta()));
        if (!session.queryBoolean(HAVE_TRIGGERS.with("tables", both))) {
            return List.of();
        }
        Sql triggers = triggers(both, DISABLED);
        return session.query(
                ANY.with("triggers", triggers).with("foreignKeys", FOREIGN_KEYS.with("tree", treeOf(table))),
                Stranger::read);
    }

    /** Reads the triggers of the table, its partitions and children that are not the capture's, enabled or not. */
    public List<Stranger> triggers(Session session) throws SQLException {
        return session.query(IN_ORDER.with("triggers", triggers(treeOf(table), IN_ANY_STATE)), Stranger::read);
    }

    /** Reads the statements that take from others the rights by which they could make such things. */
    public List<String> revocations(Session session) throws SQLException {
        return session.queryStrings(
                RIGHTS.with("tables", BOTH.with("tree", treeOf(table)).with("delta", treeOf(capture.delta()))));
    }

    private Sql triggers(Sql tables, Sql harmless) {
        return capture.asMade(TRIGGERS).with("tables", tables).with("harmless", harmless);
    }

    private static Sql treeOf(QualifiedName table) {
        return PartitionTree.OF_TABLE.with("table", table.quoted());
    }
}
