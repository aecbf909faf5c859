package liquibase.ext.partition.engine.access;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Report;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Keeps others from making anything that fires when we write the state. It would run with the rights of the role that
 * runs Liquibase, which may be a superuser. Default privileges never give a right to do so ({@link Seclusion}), but
 * {@code GRANT ALL ON ALL TABLES IN SCHEMA} does.
 *
 * <p>So each step begins by taking the rights TRIGGER and REFERENCES on the state tables from all but their owner, who
 * alone needs them, where the step runs as the owner; and it refuses to run while something is there that was made by
 * them. Rights to read or to write stay as somebody has granted them. What is granted and used within one step is seen
 * by the next.
 */
public final class StateProtection {
    private static final Sql TABLES = Sql.of("""
            SELECT c.oid FROM pg_catalog.unnest({tables}::pg_catalog.text[]) AS t (name)
            JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(t.name)""");

    private static final Sql REVOCATIONS = Sql.of("""
            SELECT pg_catalog.format('REVOKE TRIGGER, REFERENCES ON TABLE %s FROM %s CASCADE', c.oid::pg_catalog.regclass,
                     pg_catalog.string_agg(DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::pg_catalog.regrole::pg_catalog.text END, ', '))
            FROM ({tables}) AS t
            JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
            CROSS JOIN pg_catalog.aclexplode(c.relacl) AS a
            WHERE a.grantee <> c.relowner AND a.privilege_type IN ('TRIGGER', 'REFERENCES')
              AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
            GROUP BY c.oid
            ORDER BY c.oid::pg_catalog.regclass::pg_catalog.text""");

    private static final Sql REMOVALS = Sql.of("""
            SELECT pg_catalog.format('DROP TRIGGER %I ON %s', g.tgname, g.tgrelid::pg_catalog.regclass)
            FROM pg_catalog.pg_trigger AS g
            WHERE g.tgrelid IN ({tables}) AND NOT g.tgisinternal
            UNION ALL
            SELECT pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::pg_catalog.regclass, k.conname)
            FROM pg_catalog.pg_constraint AS k
            WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid IN ({tables}) AND k.conrelid NOT IN ({tables})
            ORDER BY 1""");

    private StateProtection() {}

    /**
     * Takes the rights from others, and requires that nothing fires. Does nothing if there are no state tables yet.
     *
     * @param state the state tables
     * @param step the name of the step, for messages
     * @throws PartitionException naming the statements that remove what would fire
     */
    public static void ensure(Session session, List<QualifiedName> state, Report report, String step)
            throws SQLException {
        Sql tables =
                TABLES.with("tables", state.stream().map(QualifiedName::quoted).toArray(String[]::new));
        List<String> revocations = session.queryStrings(REVOCATIONS.with("tables", tables));
        for (String revocation : revocations) {
            session.update(Sql.raw(revocation));
            report.line("%s: %s was run, because whoever has these rights on it could run anything with ours."
                    .formatted(step, revocation));
        }
        List<String> removals = session.queryStrings(REMOVALS.with("tables", tables));
        if (!removals.isEmpty()) {
            throw new PartitionException("""
                    %s does not begin, because something of others would fire with the rights of this run when it writes down what it does. \
                    Nothing was changed. Look who made it; remove it, then run the same command again:
                      %s;
                    """.formatted(step, String.join(";\n  ", removals)));
        }
    }
}
