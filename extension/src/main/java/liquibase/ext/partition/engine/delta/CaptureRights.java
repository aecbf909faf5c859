package liquibase.ext.partition.engine.delta;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.lock.LockNotAvailable;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;

/**
 * The rights that every write needs while it is captured. The function runs as its owner, so PostgreSQL checks that
 * role's USAGE on the schema, without which no name can be looked up, and its INSERT on the delta table. EXECUTE is not
 * checked when a trigger fires. So when the table is given to another role and the old owner then loses its rights,
 * every writer fails: the delta table and the functions must follow the table.
 */
public final class CaptureRights {
    /** Whether {@code c} is a table that the capture writes: the delta table, with its segments, or the other one. */
    private static final Sql WRITTEN = Sql.of("(c.oid IN ({tree}) OR c.oid = pg_catalog.to_regclass({missed}))")
            .with("tree", PartitionTree.of(Sql.of("pg_catalog.to_regclass({delta})")));

    /** Statements that make the owners agree; a member of both roles may run them. */
    private static final Sql OWNERS = Sql.of("""
            WITH owner AS (
              SELECT o.oid, o.rolname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_roles AS o ON o.oid = c.relowner
              WHERE c.oid = pg_catalog.to_regclass({table})
            )
            SELECT s.statement FROM (
              SELECT pg_catalog.format('ALTER TABLE %I.%I OWNER TO %I', n.nspname, c.relname, owner.rolname) AS statement
              FROM owner, pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
              WHERE c.relowner <> owner.oid AND {written}
              UNION ALL
              SELECT pg_catalog.format('ALTER FUNCTION %I.%I() OWNER TO %I', n.nspname, p.proname, owner.rolname)
              FROM owner, pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
              WHERE p.proowner <> owner.oid AND p.oid IN (pg_catalog.to_regprocedure({capture}), pg_catalog.to_regprocedure({refusal}))
            ) AS s ORDER BY s.statement DESC""").with("written", WRITTEN);

    /** The rights that the role that the function runs as lacks now. */
    private static final Sql LACKING = Sql.of("""
            WITH runs_as AS (
              SELECT o.oid, o.rolname FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_roles AS o ON o.oid = p.proowner
              WHERE p.oid = pg_catalog.to_regprocedure({capture})
            ), written AS (
              SELECT c.oid, c.relowner, c.relrowsecurity, c.relforcerowsecurity, n.nspname, c.relname
              FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
              WHERE {written}
            )
            SELECT pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, r.rolname)
            FROM runs_as AS r, pg_catalog.pg_namespace AS n
            WHERE n.nspname = {schema} AND NOT pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
            UNION ALL
            SELECT pg_catalog.format('GRANT INSERT ON %I.%I TO %I', w.nspname, w.relname, r.rolname)
            FROM runs_as AS r, written AS w WHERE NOT pg_catalog.has_table_privilege(r.oid, w.oid, 'INSERT')
            UNION ALL
            SELECT pg_catalog.format('ALTER TABLE %I.%I NO FORCE ROW LEVEL SECURITY', w.nspname, w.relname)
            FROM written AS w WHERE w.relrowsecurity AND w.relforcerowsecurity""").with("written", WRITTEN);

    /** Writers wait while the delta table changes its owner, so the attempts are short; another step will try again. */
    private static final LockPolicy BRIEFLY = new LockPolicy(Duration.ofMillis(500), 3);

    private CaptureRights() {}

    /**
     * Gives the delta table and the functions to the owner of the table if somebody has given the table to another
     * role. Reports rights that writers lack and that we cannot grant, with the statements. Every step calls it. Runs
     * outside a transaction. Locks: ACCESS EXCLUSIVE on the delta table for a moment, only if its owner is another
     * role.
     */
    public static void mend(StepRun run) throws SQLException {
        if (run.session().isInTransaction()) {
            return;
        }
        Optional<Capture> capture = run.migrations().find(run.source()).flatMap(CaptureRights::capturing);
        if (capture.isEmpty()) {
            return;
        }
        List<Sql> owners = owners(run.session(), capture.get(), run.source());
        if (!owners.isEmpty()) {
            try {
                BRIEFLY.inTransaction(
                        run.session(),
                        run.report(),
                        capture.get().delta(),
                        "Its owner is not changed.",
                        () -> {
                            run.session().updateAll(owners);
                            return null;
                        },
                        () -> {});
                run.line("%s: %s has another owner than before; %s and its functions follow it."
                        .formatted(run.step(), run.source(), capture.get().delta()));
            } catch (LockNotAvailable e) {
                run.line(e.getMessage());
            } catch (SQLException e) {
                if (!SqlState.INSUFFICIENT_PRIVILEGE.matches(e)) {
                    throw e;
                }
            }
        }
        for (String problem : problems(run.session(), capture.get(), run.source())) {
            run.line("%s: %s".formatted(run.step(), problem));
        }
    }

    private static Optional<Capture> capturing(Migration migration) {
        return migration.deltaTableName().isPresent() && !migration.phase().isAtLeast(Phase.DROPPED)
                ? Optional.of(Capture.of(migration))
                : Optional.empty();
    }

    /**
     * Problems of a table's capture and writes that were not captured, as sentences that say what to do. Reads only.
     */
    public static List<String> problems(Session session, Migration migration) throws SQLException {
        Optional<Capture> capture = capturing(migration);
        if (capture.isEmpty()) {
            return List.of();
        }
        List<String> problems = new ArrayList<>(problems(session, capture.get(), migration.source()));
        capture.get().missed().first(session, 1).stream()
                .map(missed ->
                        "since %s there were writes to %s whose keys could not be recorded (%s). Writers go on; the next step stops and says what to do."
                                .formatted(missed.seenAt(), migration.source(), missed.cause()))
                .forEach(problems::add);
        return List.copyOf(problems);
    }

    private static List<String> problems(Session session, Capture capture, QualifiedName table) throws SQLException {
        List<String> lacking = session.queryStrings(
                LACKING.with("capture", capture.captureFunction().quoted() + "()")
                        .with("delta", capture.delta().quoted())
                        .with("missed", capture.missed().table().quoted())
                        .with("schema", capture.delta().schema().name()));
        List<String> owners =
                owners(session, capture, table).stream().map(Sql::script).toList();
        if (!lacking.isEmpty()) {
            return List.of(
                    "every write to %s fails, because the role as which it is captured lacks a right. Run, as a role that may: %s%s. To free the writers at once instead: ALTER TABLE %s DISABLE TRIGGER %s; what they write then is not captured, which every step notices."
                            .formatted(
                                    table,
                                    String.join("; ", lacking),
                                    owners.isEmpty()
                                            ? ""
                                            : "; or, as a member of both roles: " + String.join("; ", owners),
                                    table.quoted(),
                                    capture.captureTrigger().quoted()));
        }
        return owners.isEmpty()
                ? List.of()
                : List.of(
                        "%s has another owner than %s and its functions, as whose owner writes are captured. Every write fails once that role loses USAGE on the schema. Run, as a member of both roles or a superuser: %s"
                                .formatted(table, capture.delta(), String.join("; ", owners)));
    }

    private static List<Sql> owners(Session session, Capture capture, QualifiedName table) throws SQLException {
        return session
                .queryStrings(capture.named(OWNERS)
                        .with("table", table.quoted())
                        .with("delta", capture.delta().quoted())
                        .with("missed", capture.missed().table().quoted()))
                .stream()
                .map(Sql::raw)
                .toList();
    }
}
