package liquibase.ext.partition.precondition;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import liquibase.changelog.ChangeSet;
import liquibase.exception.DatabaseException;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.attribute.TableSelection;
import liquibase.ext.partition.connection.Reconnection;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.lock.OnBusy;
import liquibase.ext.partition.engine.retirement.RetiredDrop;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.swap.CatchUp;
import liquibase.ext.partition.engine.swap.Swap;
import liquibase.ext.partition.step.RecordedChangesets;
import liquibase.ext.partition.step.Step;
import liquibase.ext.partition.step.SwapStep;

/**
 * Whether a person has approved an operation on a table, by a changelog parameter: {@code -DswapApproved=orders}. While
 * a swap waits for approval, its SQL is printed.
 *
 * <p>Every update asks this precondition as long as the operation waits, and asks nothing else of the migration. So the
 * writes since the last update are replayed here, for {@code catchUpTime} at most: once per update, before the change
 * that waits, if that works outside Liquibase's transaction. If something prevents the replay, that is reported and
 * fails nothing.
 */
public class ApprovedPrecondition extends TunedPrecondition {
    private static final String SWAP = "swap";
    private static final String DROP = "drop";
    private static final String RETIRE = "retire";

    private String operation;
    private String approvedTables;

    public ApprovedPrecondition() {
        super(StepName.APPROVED);
    }

    @Override
    public String getName() {
        return "approved";
    }

    /** {@code swap}, {@code drop}, or {@code retire}: the drop of what has left the table. */
    public String getOperation() {
        return operation;
    }

    public void setOperation(String operation) {
        this.operation = operation;
    }

    /** Names of tables separated by commas, or {@code all}; usually a changelog parameter. */
    public String getApprovedTables() {
        return approvedTables;
    }

    public void setApprovedTables(String approvedTables) {
        this.approvedTables = approvedTables;
    }

    @Override
    protected List<String> problems() {
        List<String> problems = super.problems();
        if (!SWAP.equals(operation) && !DROP.equals(operation) && !RETIRE.equals(operation)) {
            problems.add("operation is <%s>; it can be swap, drop or retire.".formatted(operation));
        }
        return problems;
    }

    @Override
    protected Optional<String> whyNot(Question question) throws SQLException, DatabaseException {
        refuseWhatCannotBeRead(problems());
        boolean approved = TableSelection.parse(approvedTables).contains(question.table());
        if (RETIRE.equals(operation)) {
            return approved ? Optional.empty() : whyNotDropped(question);
        }
        Optional<Migration> migration = question.migration();
        boolean swapped =
                migration.filter(it -> it.phase().isAtLeast(Phase.SWAPPED)).isPresent();
        if (!approved || !swapped) {
            forgetTag(question);
        }
        if (approved) {
            return Optional.empty();
        }
        String pending = "The %s of %s waits for approval: run update with -D%sApproved=%s"
                .formatted(
                        operation, question.table(), operation, question.table().name());
        Phase ready = SWAP.equals(operation) ? Phase.INDEXED : Phase.SWAPPED;
        if (migration.filter(it -> it.phase().isAtLeast(ready)).isPresent()) {
            question.environment().report().line(pending);
            catchUp(question, migration.get());
            if (SWAP.equals(operation)) {
                showSwap(question);
            }
        }
        return Optional.of(pending);
    }

    private static Optional<String> whyNotDropped(Question question) throws SQLException {
        boolean due = question.session()
                .whilePinned(() -> RetiredDrop.isDue(
                        question.session(), question.environment().state(), question.table()));
        if (!due) {
            return Optional.of("No partition that has left %s waits for its drop".formatted(question.table()));
        }
        String pending =
                "The drop of partitions that have left %s waits for approval: run update with -DretireApproved=%s"
                        .formatted(question.table(), question.table().name());
        question.environment().report().line(pending);
        return Optional.of(pending);
    }

    /**
     * The swap is not recorded, so the tag of the state right before it is of no use. If a rollback that did not go by
     * the tag, or a killed process, has left it behind, it would stand before everything that is deployed from now on.
     */
    private static void forgetTag(Question question) throws DatabaseException {
        Optional<ChangeSet> tag = SwapStep.in(question.changeSet()).flatMap(SwapStep::changeSetOfTag);
        if (tag.isPresent()) {
            RecordedChangesets.of(question.database()).forget(tag.get());
        }
    }

    private void catchUp(Question question, Migration migration) throws SQLException {
        Optional<Duration> time = tuning().catchUpTime();
        if (time.isEmpty()
                || !isBeforeItsChange(question.changeSet())
                || question.session().isInTransaction()) {
            return;
        }
        try {
            if (question.session().whilePinned(() -> CatchUp.isDue(question.session(), migration))) {
                try (StepRun run = question.environment()
                        .onBusy(OnBusy.FAIL)
                        .begin("replay while approval is pending", question.table())) {
                    CatchUp.run(run, time.get(), tuning().pace());
                }
            }
        } catch (PartitionException e) {
            tellThatItStays(question, e);
        } catch (SQLException e) {
            if (Reconnection.isPassing(e)) {
                throw e;
            }
            tellThatItStays(question, e);
        }
    }

    private static void tellThatItStays(Question question, Exception e) {
        question.environment()
                .report()
                .line(
                        "What was written to %s meanwhile is not replayed by this update; it stays in the delta table, and nothing is lost: %s"
                                .formatted(question.table(), e.getMessage()));
    }

    /** Makes an update do this once, though other changesets may wait for the same approval. */
    private static boolean isBeforeItsChange(ChangeSet changeSet) {
        return Step.of(changeSet)
                .map(Step::stepName)
                .anyMatch(name -> name == StepName.LOCKED_SWAP
                        || name == StepName.EXCHANGE_PARTITIONS
                        || name == StepName.DROP_BACKUP);
    }

    /** If the SQL cannot be shown, that is reported and fails nothing: the swap waits in either case. */
    private static void showSwap(Question question) throws SQLException {
        Optional<SwapStep> swap = SwapStep.in(question.changeSet());
        if (swap.isEmpty()) {
            return;
        }
        try (StepRun run = question.environment().onBusy(OnBusy.FAIL).begin("approved", question.table())) {
            Swap.Statements statements = swap.get().statements(run);
            StringBuilder script = new StringBuilder("The swap would run, in one transaction:\nBEGIN;\n");
            append(script, statements.transaction());
            script.append("COMMIT;");
            if (!statements.before().isEmpty()) {
                script.append("\nand before it, each under a lock of its sequence alone:\n");
                append(script, statements.before());
            }
            if (!statements.after().isEmpty()) {
                script.append("\nand after it, under locks of sequences alone:\n");
                append(script, statements.after());
            }
            run.line(script.toString().stripTrailing());
        } catch (PartitionException e) {
            question.environment().report().line("Its SQL cannot be shown now: " + e.getMessage());
        }
    }

    private static void append(StringBuilder script, List<Sql> statements) {
        statements.forEach(statement -> script.append(statement.script()).append(";\n"));
    }
}
