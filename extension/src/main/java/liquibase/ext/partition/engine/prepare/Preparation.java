package liquibase.ext.partition.engine.prepare;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.belonging.sequences.SwitchedSequences;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.properties.DefaultTablespace;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.newtable.ColumnChange;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.rows.RowKey;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.MigrationRow;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.survey.Feasibility;
import liquibase.ext.partition.engine.survey.NewTablePlan;

/**
 * Makes the new table with its partitions.
 *
 * <p>Transaction: one, or the caller's; a sample of the source's rows is read before it. Locks: ACCESS SHARE on the
 * source for a moment, three seconds at most. Safe to repeat: does nothing if this migration's new table is there. On
 * failure nothing is left behind.
 */
public final class Preparation {
    private static final Sql CHANGE_OWNER = Sql.of("ALTER TABLE {table} OWNER TO {owner}");
    private static final Sql CURRENT_USER = Sql.of("SELECT current_user");
    private static final Sql EXISTS = Sql.of("SELECT pg_catalog.to_regclass({table}) IS NOT NULL");
    private static final Sql CHANGE_OWNER_OF_FUNCTION =
            Sql.of("ALTER FUNCTION {function}(pg_catalog.text) OWNER TO {owner}");
    private static final Sql DROP_FUNCTION = Sql.of("DROP FUNCTION IF EXISTS {function}(pg_catalog.text)");
    private static final Sql DROP_TABLE = Sql.of("DROP TABLE IF EXISTS {table}");

    private Preparation() {}

    /**
     * Plans the new table by the source's catalog.
     *
     * @throws PartitionException with all the reasons, when the source cannot be partitioned like this
     */
    public static NewTable plan(Session session, NewTableSpec spec) throws SQLException {
        Table source = new TableReader(session).require(spec.source());
        List<Obstacle> problems = new ArrayList<>();
        Optional<NewTable> plan = new NewTablePlan(session, source, spec).make(problems);
        if (plan.isEmpty()) {
            throw refusal(source, problems);
        }
        return plan.get();
    }

    /** All statements that are run if the source's owner runs the step, for review. */
    public static List<Sql> reviewStatements(StateTables state, NewTable plan) {
        List<Sql> statements = new ArrayList<>(state.createStatements());
        statements.addAll(plan.statements());
        statements.addAll(record(state, plan));
        return statements;
    }

    /**
     * @param share how many of the rows may be in the default partition
     * @throws PartitionException when the table cannot be partitioned, with all the reasons, or a name is taken
     */
    public static void run(StepRun run, NewTableSpec spec, DefaultShare share) throws SQLException {
        Optional<Migration> begun = run.migrations().find(run.source());
        TableReader reader = new TableReader(run.session());
        Table existing = reader.find(spec.newTable()).orElse(null);
        Table source = reader.require(run.source());
        if (begun.isPresent() && begun.get().hasMadeItsTable(source, existing)) {
            run.line("%s: %s is there already.".formatted(run.step(), spec.newTable()));
            return;
        }
        if (begun.isPresent()) {
            requireAbandoned(run.session(), begun.get());
        }
        Feasibility feasibility =
                Feasibility.of(run.session(), source, spec, run.state().schema(), share);
        if (!feasibility.refused().isEmpty()) {
            throw refusal(source, feasibility.refused());
        }
        NewTable plan = feasibility.plan().orElseThrow();
        String user = run.session().queryStrings(CURRENT_USER).get(0);
        run.session().inTransaction(() -> {
            run.session().updateAll(run.state().createStatements());
            DefaultTablespace.within(
                    run.session(),
                    DefaultTablespace.OF_THE_DATABASE,
                    () -> run.session().updateAll(plan.statements()));
            run.session().updateAll(plan.ownerStatements(new Identifier(user)));
            if (!source.owner().name().equals(user)) {
                for (QualifiedName table : plan.spec().tables()) {
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
        feasibility
                .sample()
                .ifPresent(sample -> run.line("%s of %s: %s%s"
                        .formatted(
                                run.step(), run.source(), sample.isExceeded() ? "WARNING: " : "", sample.sentence())));
    }

    /**
     * Why {@link #run} would refuse. Empty if it would not, either because the table can be partitioned like this or
     * because this migration has already made the new table.
     *
     * @param key checked too, unless it is empty
     * @param share how many of the rows may be in the default partition
     * @throws PartitionException when there is no such table
     */
    public static Optional<String> whyNot(
            Session session, StateTables state, NewTableSpec spec, List<Identifier> key, DefaultShare share)
            throws SQLException {
        TableReader reader = new TableReader(session);
        Table source = reader.require(spec.source());
        Optional<Migration> begun = new Migrations(session, state).find(spec.source());
        if (begun.isPresent()
                && begun.get()
                        .hasMadeItsTable(source, reader.find(spec.newTable()).orElse(null))) {
            return Optional.empty();
        }
        List<Obstacle> refused = new ArrayList<>(
                Feasibility.of(session, source, spec, state.schema(), share).refused());
        if (!key.isEmpty()) {
            RowKey.obstacle(source, key).ifPresent(refused::add);
        }
        return refused.isEmpty() ? Optional.empty() : Optional.of(refusalText(source, refused));
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
        restoreSequences(run, migration);
        run.session().inTransaction(() -> {
            for (QualifiedName child : newTable.map(Table::children).orElse(List.of())) {
                run.session().update(DROP_TABLE.with("table", child));
            }
            run.session().update(DROP_TABLE.with("table", migration.newTable()));
            run.session().update(DROP_FUNCTION.with("function", migration.spec().textDateFunction()));
            run.migrations().delete(migration);
        });
    }

    /**
     * A swap that was killed before its lock and is not tried again has left sequences that count by twice their
     * increment.
     */
    private static void restoreSequences(StepRun run, Migration migration) throws SQLException {
        for (SwitchedSequences.Row row : new SwitchedSequences(run.state(), migration).find(run.session())) {
            if (row.isStretched()) {
                new LockPolicy(LockPolicy.DEFAULT_TIMEOUT, LockPolicy.DEFAULT_ATTEMPTS)
                        .inTransaction(
                                run.session(),
                                run.report(),
                                row.present().orElseThrow(),
                                "It counts by twice its increment until this succeeds. Nothing was dropped.",
                                () -> {
                                    run.session().update(row.restoreStatement());
                                    return null;
                                },
                                () -> {});
            }
        }
    }

    private static List<Sql> record(StateTables state, NewTable plan) {
        return MigrationRow.insertStatements(state, plan.spec().withColumns(plan.changes()));
    }

    /** The remains of an earlier migration of that name must not be in the way, nor be taken for ours. */
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

    private static PartitionException refusal(Table source, List<Obstacle> reasons) {
        return new PartitionException(refusalText(source, reasons));
    }

    private static String refusalText(Table source, List<Obstacle> reasons) {
        return "%s cannot be partitioned by this version:\n  %s\nNothing was changed. Remove what stands in the way, then run update again."
                .formatted(source.name(), Obstacle.lines(reasons));
    }
}
