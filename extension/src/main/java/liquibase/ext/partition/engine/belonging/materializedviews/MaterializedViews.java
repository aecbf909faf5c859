package liquibase.ext.partition.engine.belonging.materializedviews;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.belonging.materializedviews.MaterializedViewProperties.IndexProperties;
import liquibase.ext.partition.engine.belonging.views.Dependents;
import liquibase.ext.partition.engine.belonging.views.DependentsReader;
import liquibase.ext.partition.engine.belonging.views.Repointing;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.lock.LockPatience;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.name.SuccessorName;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Fills the successors of materialized views that the switch has made ({@link MaterializedViewSuccessors}), and puts
 * them in their places.
 *
 * <p>Goes by the catalog alone: it looks for materialized views that still read the table that left and have a
 * successor that reads the live one. Safe to repeat; the next run finishes for a run that was stopped. Until then the
 * old views can be read, with the rows of their last refresh.
 *
 * <p>Transactions: one for each statement that fills or indexes a successor, which nobody reads yet; then one, under
 * the lock policy, that exchanges all names, makes views refer to the successors, and drops the old ones. Locks: ACCESS
 * SHARE on the table, which REFRESH takes; in the last transaction ACCESS EXCLUSIVE on the materialized views and on
 * views that read them.
 */
final class MaterializedViews {
    private static final Sql REFRESH = Sql.of("REFRESH MATERIALIZED VIEW {view}");
    private static final Sql ANALYZE = Sql.of("ANALYZE {view}");
    private static final Sql INDEX_EXISTS = Sql.of("SELECT pg_catalog.to_regclass({index}) IS NOT NULL");
    private static final Sql SET_TABLESPACE =
            Sql.of("SELECT pg_catalog.set_config('default_tablespace', {tablespace}, true)");
    private static final Sql LOCK = Sql.of("ALTER MATERIALIZED VIEW {view} OWNER TO {owner}");
    private static final Sql RENAME = Sql.of("ALTER MATERIALIZED VIEW {view} RENAME TO {name}");
    private static final Sql RENAME_INDEX = Sql.of("ALTER INDEX {index} RENAME TO {name}");
    private static final Sql CLUSTER = Sql.of("ALTER MATERIALIZED VIEW {view} CLUSTER ON {index}");
    private static final Sql DROP = Sql.of("DROP MATERIALIZED VIEW {views}");

    /** A materialized view that reads the table that left, and its successor. */
    private record Pair(long oid, Dependents.MaterializedView view, long successorOid) {
        QualifiedName name() {
            return view.name();
        }

        QualifiedName successor() {
            return SuccessorName.of(view.name());
        }
    }

    private final StepRun run;
    private final Session session;
    private final LockPolicy policy;

    private MaterializedViews(StepRun run, LockPolicy policy) {
        this.run = run;
        this.session = run.session();
        this.policy = policy;
    }

    /**
     * Finishes what a switch has begun. Does nothing if nothing is left.
     *
     * @param left the oid of the table that left
     * @param live the oid of the table that has the live name
     * @throws PartitionException when a successor cannot be filled or the lock is not granted; then all views are as
     *     they were
     */
    static void finish(StepRun run, long left, long live, LockPolicy policy) throws SQLException {
        List<Pair> pairs = pairs(new DependentsReader(run.session()), left, live);
        if (!pairs.isEmpty()) {
            new MaterializedViews(run, policy).finish(pairs);
        }
    }

    private static List<Pair> pairs(DependentsReader reader, long left, long live) throws SQLException {
        List<Pair> pairs = new ArrayList<>();
        Map<Long, Dependents.MaterializedView> old = reader.materializedViews(left);
        if (old.isEmpty()) {
            return pairs;
        }
        Map<Long, Dependents.MaterializedView> successors = reader.materializedViews(live);
        old.forEach((oid, view) -> successors.forEach((successorOid, successor) -> {
            if (successor.name().equals(SuccessorName.of(view.name()))) {
                pairs.add(new Pair(oid, view, successorOid));
            }
        }));
        return pairs;
    }

    private void finish(List<Pair> pairs) throws SQLException {
        for (Pair pair : pairs) {
            try {
                fill(pair);
            } catch (SQLException e) {
                throw new PartitionException(
                        "%s is switched, but the successor of materialized view %s could not be filled: %s. The old one is as it was and reads the table that left. Remove the cause, then run this again; it goes on from here."
                                .formatted(run.source(), pair.name(), e.getMessage()),
                        e);
            }
        }
        policy.inTransaction(
                session,
                run.report(),
                pairs.get(0).name(),
                "Its successor is filled, and the old one is as it was.",
                () -> {
                    exchange(pairs);
                    return null;
                },
                () -> {});
        pairs.forEach(pair -> run.line("Materialized view %s reads %s now.".formatted(pair.name(), run.source())));
    }

    private void fill(Pair pair) throws SQLException {
        MaterializedViewProperties old = new MaterializedViewProperties(session, pair.oid());
        MaterializedViewProperties made = new MaterializedViewProperties(session, pair.successorOid());
        session.updateAll(old.storage(pair.successor()));
        if (old.populated() && !made.populated()) {
            run.line("Filling materialized view %s from %s, beside the one that is read."
                    .formatted(pair.name(), run.source()));
            session.update(REFRESH.with("view", pair.successor()));
        }
        for (IndexProperties index : old.indexes()) {
            QualifiedName name = SuccessorName.of(index.name());
            if (!session.queryBoolean(INDEX_EXISTS.with("index", name.quoted()))) {
                session.inTransaction(() -> {
                    session.queryStrings(SET_TABLESPACE.with("tablespace", index.tablespace()));
                    session.update(index.createOn(pair.successor(), name));
                    session.updateAll(index.statisticsTargets(name));
                });
            }
        }
        if (made.populated()) {
            session.update(ANALYZE.with("view", pair.successor()));
        }
    }

    private void exchange(List<Pair> pairs) throws SQLException {
        Set<Long> oids = new LinkedHashSet<>();
        pairs.forEach(pair -> oids.add(pair.oid()));
        DependentsReader reader = new DependentsReader(session);
        List<Lock> locks = new ArrayList<>(new Repointing(reader.readersOf(oids)).locks());
        for (Pair pair : pairs) {
            locks.add(Lock.of(
                    pair.name(),
                    LOCK.with("view", pair.name()).with("owner", pair.view().owner())));
        }
        LockPatience.lock(session, locks, run.source());
        Repointing readers = new Repointing(reader.readersOf(oids));
        List<Sql> statements = new ArrayList<>(readers.beforeRenaming());
        List<Sql> afterwards = new ArrayList<>();
        for (Pair pair : pairs) {
            statements.add(RENAME.with("view", pair.name())
                    .with("name", SuccessorName.leaving(pair.name()).name()));
            statements.add(RENAME.with("view", pair.successor())
                    .with("name", pair.name().name()));
            MaterializedViewProperties old = new MaterializedViewProperties(session, pair.oid());
            afterwards.addAll(old.rights(pair.successorOid(), pair.name()));
            for (IndexProperties index : old.indexes()) {
                afterwards.add(RENAME_INDEX
                        .with("index", SuccessorName.of(index.name()))
                        .with("name", index.name().name()));
                index.commentOn(index.name()).ifPresent(afterwards::add);
                if (index.clustered()) {
                    afterwards.add(CLUSTER.with("view", pair.name())
                            .with("index", index.name().name()));
                }
            }
        }
        statements.addAll(readers.afterRenaming());
        statements.add(DROP.with(
                "views",
                Sql.list(pairs.stream()
                        .map(pair -> SuccessorName.leaving(pair.name()))
                        .toList())));
        statements.addAll(afterwards);
        session.updateAll(statements);
    }
}
