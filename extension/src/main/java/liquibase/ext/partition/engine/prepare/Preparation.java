package liquibase.ext.partition.engine.prepare;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.DependentObstacles;
import liquibase.ext.partition.engine.catalog.Dependents;
import liquibase.ext.partition.engine.catalog.DependentsReader;
import liquibase.ext.partition.engine.catalog.LockTable;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Rights;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.target.AccessObstacles;
import liquibase.ext.partition.engine.target.ColumnChange;
import liquibase.ext.partition.engine.target.NewTable;
import liquibase.ext.partition.engine.target.NewTableSpec;
import liquibase.ext.partition.engine.target.Partition;
import liquibase.ext.partition.engine.target.Routing;
import liquibase.ext.partition.engine.target.SuccessorName;
import liquibase.ext.partition.engine.target.TriggerRouting;

/**
 * Makes the new table with its partitions.
 *
 * <p>Transaction: one, or the caller's. Locks: ACCESS SHARE on the source for a moment. Safe to repeat: does nothing where this
 * migration's new table is there. On failure nothing is left behind.
 */
public final class Preparation {
    private static final Sql CHANGE_OWNER = Sql.of("ALTER TABLE {table} OWNER TO {owner}");
    private static final Sql CURRENT_USER = Sql.of("SELECT current_user");
    private static final Sql EXISTS = Sql.of("SELECT to_regclass({table}) IS NOT NULL");
    private static final Sql CHANGE_OWNER_OF_FUNCTION =
            Sql.of("ALTER FUNCTION {function}(pg_catalog.text) OWNER TO {owner}");
    private static final Sql FUNCTION_EXISTS = Sql.of("SELECT to_regprocedure({function}) IS NOT NULL");
    private static final Sql DROP_FUNCTION = Sql.of("DROP FUNCTION IF EXISTS {function}(pg_catalog.text)");
    private static final Sql DROP_TABLE = Sql.of("DROP TABLE IF EXISTS {table}");

    private Preparation() {}

    /**
     * What the new table comes to, by the source's catalog.
     *
     * @throws PartitionException with all the reasons, when the source cannot be partitioned so
     */
    public static NewTable plan(Session session, NewTableSpec spec) throws SQLException {
        Table source = new TableReader(session).require(spec.source());
        List<String> problems = new ArrayList<>();
        Optional<NewTable> plan = new NewTablePlan(session, source, spec).make(problems);
        if (plan.isEmpty()) {
            throw refusal(source, problems);
        }
        return plan.get();
    }

    /** All that is run where the source's owner runs it, for review. */
    public static List<Sql> reviewStatements(StateTables state, NewTable plan) {
        List<Sql> statements = new ArrayList<>(state.createStatements());
        statements.addAll(plan.statements());
        statements.addAll(record(state, plan));
        return statements;
    }

    /**
     * @throws PartitionException when the table cannot be partitioned, with all the reasons, or a name is taken
     */
    public static void run(StepRun run, NewTableSpec spec) throws SQLException {
        Optional<Migration> begun = run.migrations().find(run.source());
        TableReader reader = new TableReader(run.session());
        Optional<Table> existing = reader.find(spec.newTable());
        Table source = reader.require(run.source());
        if (begun.isPresent() && isDone(begun.get(), source, existing)) {
            run.line("%s: %s is there already.".formatted(run.step(), spec.newTable()));
            return;
        }
        if (begun.isPresent()) {
            requireAbandoned(run.session(), begun.get());
        }
        NewTable plan = requirePartitionable(run.session(), run.state(), source, spec);
        requireFreeNames(run.session(), plan);
        String user = run.session().queryStrings(CURRENT_USER).get(0);
        run.session().inTransaction(() -> {
            run.session().updateAll(run.state().createStatements());
            run.session().updateAll(plan.statements());
            if (!source.owner().name().equals(user)) {
                for (QualifiedName table : tables(plan)) {
                    run.session().update(CHANGE_OWNER.with("table", table).with("owner", source.owner()));
                }
                if (plan.key().readsText()) {
                    run.session()
                            .update(CHANGE_OWNER_OF_FUNCTION
                                    .with("function", spec.textDateFunction())
                                    .with("owner", source.owner()));
                }
            }
            run.session().updateAll(record(run.state(), plan));
        });
        for (ColumnChange change : plan.changes()) {
            run.line("%s: column %s of type %s becomes %s."
                    .formatted(
                            run.step(),
                            change.column(),
                            source.column(change.column()).orElseThrow().type(),
                            change.type()));
        }
        run.line("%s made with %d partitions and a default partition."
                .formatted(plan.newTable(), spec.layout().partitions().size()));
    }

    /** Drops the new table and forgets the migration: the rollback. */
    public static void undo(StepRun run) throws SQLException {
        Optional<Migration> found = run.migrations().find(run.source());
        if (found.isEmpty()) {
            run.line("%s: there is no migration of %s to undo.".formatted(run.step(), run.source()));
            return;
        }
        Migration migration = found.get();
        migration.requireNotSwapped("The new table is not dropped");
        if (migration.phase().isAtLeast(Phase.CAPTURING)) {
            throw new PartitionException(
                    "Changes of %s are still captured. Nothing was changed. Roll back captureChanges first."
                            .formatted(run.source()));
        }
        Optional<Table> newTable = new TableReader(run.session()).find(migration.newTable());
        if (newTable.isPresent() && newTable.get().oid() != migration.newOid()) {
            throw new PartitionException(
                    "%s is not the table that createPartitionedTable made. Nothing was dropped. Rename it, then roll back again."
                            .formatted(migration.newTable()));
        }
        run.session().inTransaction(() -> {
            for (QualifiedName child : newTable.map(Table::children).orElse(List.of())) {
                run.session().update(DROP_TABLE.with("table", child));
            }
            run.session().update(DROP_TABLE.with("table", migration.newTable()));
            run.session().update(DROP_FUNCTION.with("function", migration.spec().textDateFunction()));
            run.migrations().delete(migration);
        });
    }

    private static List<Sql> record(StateTables state, NewTable plan) {
        return Migrations.insertStatements(state, plan.spec().withColumns(plan.changes()));
    }

    private static boolean isDone(Migration migration, Table source, Optional<Table> newTable) {
        // After a swap the name may have been given to another table since, which is not partitioned by having it.
        return migration.phase().isAtLeast(Phase.SWAPPED)
                ? source.oid() == migration.newOid()
                : newTable.filter(table -> table.oid() == migration.newOid()).isPresent();
    }

    /** What an earlier migration of that name has left must not be in the way, or taken for ours. */
    private static void requireAbandoned(Session session, Migration migration) throws SQLException {
        if (migration.deltaTableName().isPresent()
                && !migration.phase().isAtLeast(Phase.DROPPED)
                && session.queryBoolean(EXISTS.with("table", migration.delta().quoted()))) {
            throw new PartitionException(
                    "The migration of %s is <%s>, but one of its tables was dropped or renamed by hand: the new table is not the one that it made. Its changes may still be captured in %s. Nothing was changed. Roll back to before createPartitionedTable (which drops the triggers, then %s), then run update again."
                            .formatted(
                                    migration.source(),
                                    migration.phase().word(),
                                    migration.delta(),
                                    migration.delta()));
        }
    }

    private static NewTable requirePartitionable(Session session, StateTables state, Table source, NewTableSpec spec)
            throws SQLException {
        List<String> reasons = new ArrayList<>(
                source.obstacles().stream().map(Obstacle::sentence).toList());
        if (source.partitioned()) {
            reasons.add("it is partitioned already");
        }
        new Rights(session, source.oid())
                .missing(state.schema(), spec.routing() == Routing.TRIGGER).stream()
                        .map(Obstacle::sentence)
                        .forEach(reasons::add);
        if (spec.routing() == Routing.TRIGGER) {
            source.triggers().stream()
                    .flatMap(trigger -> TriggerRouting.obstacle(trigger).stream())
                    .forEach(reasons::add);
        }
        Optional<NewTable> plan = new NewTablePlan(session, source, spec).make(reasons);
        if (plan.isPresent()) {
            new DependentObstacles(session)
                            .readersOf(
                                    source.oid(),
                                    spec.withColumns(plan.get().changes()).differingColumns())
                            .stream()
                            .map(Obstacle::sentence)
                            .forEach(reasons::add);
            AccessObstacles.of(session, source, spec.routing(), plan.get().key()).stream()
                    .map(Obstacle::sentence)
                    .forEach(reasons::add);
        }
        for (Dependents.MaterializedView view :
                new DependentsReader(session).materializedViews(source.oid()).values()) {
            QualifiedName successor = SuccessorName.of(view.name());
            if (session.queryBoolean(EXISTS.with("table", successor.quoted()))) {
                reasons.add("materialized view %s reads it, and its successor's name %s is taken; rename that"
                        .formatted(view.name(), successor));
            }
        }
        int partitions = spec.layout().partitions().size();
        long locks = (partitions + 2L) * (source.indexes().size() + 1);
        LockTable lockTable = LockTable.read(session);
        if (!lockTable.hasRoomFor(locks)) {
            reasons.add(
                    "%,d partitions with their indexes take up to %,d locks, and the server has room for %,d; raise max_locks_per_transaction (needs a restart), or make fewer partitions"
                            .formatted(partitions, locks, lockTable.capacity()));
        }
        if (!reasons.isEmpty()) {
            throw refusal(source, reasons);
        }
        return plan.orElseThrow();
    }

    private static PartitionException refusal(Table source, List<String> reasons) {
        return new PartitionException(
                "%s cannot be partitioned by this version:\n  %s\nNothing was changed. Remove what stands in the way, then run update again."
                        .formatted(source.name(), String.join("\n  ", reasons)));
    }

    private static void requireFreeNames(Session session, NewTable plan) throws SQLException {
        List<String> taken = new ArrayList<>();
        for (QualifiedName table : tables(plan)) {
            if (session.queryBoolean(EXISTS.with("table", table.quoted()))) {
                taken.add(table.toString());
            }
        }
        QualifiedName function = plan.spec().textDateFunction();
        if (plan.key().readsText()
                && session.queryBoolean(FUNCTION_EXISTS.with("function", function.quoted() + "(pg_catalog.text)"))) {
            taken.add(function + "(text)");
        }
        if (!taken.isEmpty()) {
            throw new PartitionException(
                    "These names are taken by something that this migration did not make: %s. Nothing was changed. Drop or rename them, or choose another newTableName or partitionPrefix."
                            .formatted(String.join(", ", taken)));
        }
    }

    private static List<QualifiedName> tables(NewTable plan) {
        List<QualifiedName> tables = new ArrayList<>(List.of(plan.newTable()));
        for (Partition partition : plan.spec().layout().partitions()) {
            tables.add(plan.newTable().sibling(partition.name()));
        }
        tables.add(plan.newTable().sibling(plan.spec().layout().defaultPartition()));
        return tables;
    }
}
