package liquibase.ext.partition.engine.belonging.foreignkeys;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.lock.LockPatience;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Migration;

/**
 * The work on foreign keys that is left once a switch has committed. Goes by the catalog and
 * {@code partition_foreign_key}, so that the next run finishes for a run that was killed. Does nothing if nothing is
 * left.
 *
 * <p>Transaction: one per statement. Locks: to drop a key, ACCESS EXCLUSIVE on the idle table and the referenced one;
 * to validate it, SHARE UPDATE EXCLUSIVE on one partition, which lets writers through, for as long as the check takes;
 * to put it on a partitioned table before PostgreSQL 18, SHARE ROW EXCLUSIVE on that table and ACCESS EXCLUSIVE on the
 * referenced one. The first and the last are taken under the lock policy.
 */
public final class ForeignKeyCompletion {
    /** Foreign keys that somebody made on the table or on its partitions. */
    private static final Sql LEFT_OVER = Sql.of("""
            SELECT n.nspname, c.relname, k.conname, rn.nspname AS referenced_schema, r.relname AS referenced
            FROM ({tree}) AS t
            JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'f' AND k.conparentid = 0
            JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_class AS r ON r.oid = k.confrelid
            JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace
            ORDER BY c.relkind = 'p' DESC, c.relname, k.conname""").with("tree", PartitionTree.of(Sql.of("{oid}")));

    /**
     * The partitions come before the partitioned table, so that the table's own validation has nothing left to check.
     */
    private static final Sql NOT_VALIDATED = Sql.of("""
            SELECT n.nspname, c.relname
            FROM ({tree}) AS t
            JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'f' AND NOT k.convalidated
            JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE k.conname = {name} ORDER BY c.relkind = 'p', c.relname""").with("tree", PartitionTree.of(Sql.of("{oid}")));

    private static final Sql IS_ON = Sql.of("""
            SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {oid} AND contype = 'f' AND conname = {name})""");

    /** The table that the partitions' key refers to; no row if no partition has the key. */
    private static final Sql REFERENCED_BY_PARTS = Sql.of("""
            SELECT n.nspname, c.relname
            FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_partition_tree({oid}::pg_catalog.oid) AS t ON t.relid = k.conrelid
            JOIN pg_catalog.pg_class AS c ON c.oid = k.confrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE t.level > 0 AND k.contype = 'f' AND k.conname = {name}
            LIMIT 1""");

    /** Whether the key refers to that table, either to the whole table or to partitions of it. */
    private static final Sql IS_KEPT = Sql.of("""
            SELECT EXISTS (
              SELECT FROM pg_catalog.pg_constraint AS k
              WHERE k.contype = 'f' AND k.conname = {name} AND k.confrelid = {referenced}
                AND k.conrelid IN (SELECT {oid}::pg_catalog.oid UNION SELECT relid FROM pg_catalog.pg_partition_tree({oid}::pg_catalog.oid)))""");

    private static final Sql DROP = Sql.of("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}");
    private static final Sql VALIDATE = Sql.of("ALTER TABLE {table} VALIDATE CONSTRAINT {name}");
    private static final Sql ADD = Sql.of("ALTER TABLE {table} ADD {key}");
    private static final Sql COMMENT = Sql.of("COMMENT ON CONSTRAINT {name} ON {table} IS {comment}");

    private record Constraint(QualifiedName table, Identifier name, QualifiedName referenced) {}

    private final StepRun run;
    private final Session session;
    private final LockPolicy lock;
    private final SwitchedForeignKeys switched;
    private final QualifiedName live;
    private final QualifiedName defaultPartition;

    private ForeignKeyCompletion(StepRun run, Migration migration, LockPolicy lock) {
        this.run = run;
        this.session = run.session();
        this.lock = lock;
        this.switched = new SwitchedForeignKeys(run.state(), migration);
        this.live = migration.source();
        this.defaultPartition = migration.spec().defaultPartition();
    }

    /** Finishes the foreign keys after the swap. */
    public static void afterSwap(StepRun run, Migration migration, LockPolicy lock) throws SQLException {
        ForeignKeyCompletion completion = new ForeignKeyCompletion(run, migration, lock);
        completion.completeOwn(migration.newOid(), migration.sourceOid());
        completion.completeKept(migration.newOid());
    }

    /** Finishes the foreign keys after the reverse swap, when the keys that refer to the table are back too. */
    public static void afterReverseSwap(StepRun run, Migration migration, LockPolicy lock) throws SQLException {
        ForeignKeyCompletion completion = new ForeignKeyCompletion(run, migration, lock);
        completion.completeOwn(migration.sourceOid(), migration.newOid());
        completion.completeIncoming();
    }

    private void completeOwn(long liveOid, long idleOid) throws SQLException {
        List<SwitchedForeignKeys.Row> rows = switched.find(session, false);
        if (rows.isEmpty()) {
            return;
        }
        for (Constraint constraint : leftOver(idleOid)) {
            Sql drop = DROP.with("table", constraint.table()).with("name", constraint.name());
            locked(
                    constraint.table(),
                    "Its foreign key %s is still there, so that rows which are not up to date are still looked at."
                            .formatted(constraint.name()),
                    List.of(Lock.ofIdle(constraint.table()), Lock.of(constraint.referenced(), drop)),
                    constraint.referenced());
        }
        for (SwitchedForeignKeys.Row row : rows) {
            complete(row, liveOid, live, defaultPartition);
            switched.delete(session, row);
        }
    }

    /**
     * @param oid the table that has the key again
     * @param table its name
     * @param part the table that keeps the comment until the table itself has the key
     */
    private void complete(SwitchedForeignKeys.Row row, long oid, QualifiedName table, QualifiedName part)
            throws SQLException {
        boolean valid = !row.validated() || !row.enforced() || validate(oid, row);
        Optional<QualifiedName> referenced = referencedByParts(oid, row);
        if (row.validated() && valid && !isOn(oid, row) && referenced.isPresent()) {
            locked(
                    table,
                    "Its foreign key %s is on each partition, and not yet on %s.".formatted(row.name(), table),
                    List.of(
                            Lock.againstWriters(table),
                            Lock.of(referenced.get(), ADD.with("table", table).with("key", row.valid()))),
                    table);
        }
        boolean whole = isOn(oid, row);
        if (row.comment().isPresent() && (whole || referenced.isPresent() && !part.equals(table))) {
            session.update(COMMENT.with("name", row.name())
                    .with("table", whole ? table : part)
                    .with("comment", Sql.literal(row.comment().get())));
        }
        if (!row.validated() && row.enforced()) {
            run.line("Foreign key %s of %s was NOT VALID and stays so%s."
                    .formatted(row.name(), table, whole ? "" : ", on each partition"));
        }
    }

    private List<Constraint> leftOver(long oid) throws SQLException {
        return session.query(
                LEFT_OVER.with("oid", oid),
                row -> new Constraint(
                        QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                        new Identifier(row.getString("conname")),
                        QualifiedName.of(row.getString("referenced_schema"), row.getString("referenced"))));
    }

    private boolean isOn(long oid, SwitchedForeignKeys.Row row) throws SQLException {
        return session.queryBoolean(
                IS_ON.with("oid", oid).with("name", row.name().name()));
    }

    private Optional<QualifiedName> referencedByParts(long oid, SwitchedForeignKeys.Row row) throws SQLException {
        return session.queryFirst(
                REFERENCED_BY_PARTS.with("oid", oid).with("name", row.name().name()),
                it -> QualifiedName.of(it.getString("nspname"), it.getString("relname")));
    }

    /** @return false if a row violates the key, which from then on is checked for new rows only */
    private boolean validate(long oid, SwitchedForeignKeys.Row row) throws SQLException {
        List<QualifiedName> tables = session.query(
                NOT_VALIDATED.with("oid", oid).with("name", row.name().name()),
                it -> QualifiedName.of(it.getString("nspname"), it.getString("relname")));
        for (QualifiedName table : tables) {
            if (!validate(table, row.name())) {
                return false;
            }
        }
        return true;
    }

    private boolean validate(QualifiedName table, Identifier name) throws SQLException {
        try {
            session.update(VALIDATE.with("table", table).with("name", name));
            return true;
        } catch (SQLException e) {
            if (!SqlState.FOREIGN_KEY_VIOLATION.matches(e)) {
                throw e;
            }
            run.line("Foreign key %s of %s stays NOT VALID, because a row violates it: %s"
                    .formatted(name, table, e.getMessage()));
            return false;
        }
    }

    private void completeIncoming() throws SQLException {
        for (SwitchedForeignKeys.Row row : switched.find(session, true)) {
            if (row.present().isEmpty()) {
                run.line("%s, or a column of it, is gone, and so foreign key %s was not made again: %s"
                        .formatted(row.referringName(), row.name(), row.definition()));
                switched.delete(session, row);
            } else if (!isOn(row.referringOid(), row)
                    && referencedByParts(row.referringOid(), row).isEmpty()) {
                run.line("Foreign key %s of %s was dropped since the swap, and so it was not made again: %s"
                        .formatted(row.name(), row.present().get(), row.definition()));
                switched.delete(session, row);
            } else {
                complete(
                        row,
                        row.referringOid(),
                        row.present().get(),
                        row.present().get());
                switched.delete(session, row);
            }
        }
    }

    /**
     * Completes the keys that refer to the partitioned table. Once nothing is left to do, the catalog describes them,
     * and what becomes of them until the way back.
     */
    private void completeKept(long liveOid) throws SQLException {
        for (SwitchedForeignKeys.Row row : switched.find(session, true)) {
            if (!row.kept()) {
                continue;
            }
            boolean there = row.present().isPresent()
                    && session.queryBoolean(IS_KEPT.with("oid", row.referringOid())
                            .with("name", row.name().name())
                            .with("referenced", liveOid));
            if (there) {
                complete(
                        row,
                        row.referringOid(),
                        row.present().get(),
                        row.present().get());
            }
            if (!there || isOn(row.referringOid(), row)) {
                switched.delete(session, row);
            }
        }
    }

    /**
     * @param live the table of {@code locks} whose writers must not wait for a session that holds another of the locks
     */
    private void locked(QualifiedName table, String unchanged, List<Lock> locks, QualifiedName live)
            throws SQLException {
        lock.inTransaction(
                session,
                run.report(),
                table,
                unchanged,
                () -> {
                    LockPatience.lock(session, locks, live);
                    return null;
                },
                () -> {});
    }
}
