package liquibase.ext.partition.precondition;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.change.Change;
import liquibase.changelog.ChangeSet;
import liquibase.database.Database;
import liquibase.exception.DatabaseException;
import liquibase.exception.ValidationErrors;
import liquibase.ext.partition.TableSelection;
import liquibase.ext.partition.change.LockedSwapChange;
import liquibase.ext.partition.change.RecordedChangesets;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.swap.Swap;

/**
 * Whether a person has approved an operation on a table, by a changelog parameter: {@code -DswapApproved=orders}. While a swap
 * waits for approval, its SQL is printed.
 */
public class ApprovedPrecondition extends PartitionPrecondition {
    private static final String SWAP = "swap";
    private static final String DROP = "drop";

    private String operation;
    private String approvedTables;

    @Override
    public String getName() {
        return "approved";
    }

    /** {@code swap} or {@code drop}. */
    public String getOperation() {
        return operation;
    }

    public void setOperation(String operation) {
        this.operation = operation;
    }

    /** Names of tables with commas between them, or {@code all}; usually a changelog parameter. */
    public String getApprovedTables() {
        return approvedTables;
    }

    public void setApprovedTables(String approvedTables) {
        this.approvedTables = approvedTables;
    }

    @Override
    public ValidationErrors validate(Database database) {
        ValidationErrors errors = super.validate(database);
        if (!SWAP.equals(operation) && !DROP.equals(operation)) {
            errors.addError("approved: operation is <%s>; it can be swap or drop.".formatted(operation));
        }
        return errors;
    }

    @Override
    protected Optional<String> whyNot(Question question) throws SQLException, DatabaseException {
        boolean approved = TableSelection.parse(approvedTables).contains(question.table());
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
            if (SWAP.equals(operation)) {
                showSwap(question);
            }
        }
        return Optional.of(pending);
    }

    /**
     * The swap is not recorded, so that the tag of the state right before it is of no use: left behind by a rollback that did not
     * go by the tag, or by a process that was killed, it would come before whatever is deployed from now on.
     */
    private static void forgetTag(Question question) throws DatabaseException {
        Optional<ChangeSet> tag = swapOf(question.changeSet()).flatMap(LockedSwapChange::changeSetOfTag);
        if (tag.isPresent()) {
            RecordedChangesets.of(question.database()).forget(tag.get());
        }
    }

    /** What cannot be shown is said, and fails nothing: the swap waits in either case. */
    private static void showSwap(Question question) throws SQLException {
        Optional<LockedSwapChange> change = swapOf(question.changeSet());
        if (change.isEmpty()) {
            return;
        }
        try (StepRun run = question.environment().begin("approved", question.table())) {
            Swap.Review review = Swap.of(run, change.get().backup()).review();
            StringBuilder script = new StringBuilder("The swap would run, in one transaction:\nBEGIN;\n");
            append(script, review.transaction());
            script.append("COMMIT;");
            if (!review.before().isEmpty()) {
                script.append("\nand before it, each under a lock of its sequence alone:\n");
                append(script, review.before());
            }
            if (!review.after().isEmpty()) {
                script.append("\nand after it, under locks of sequences alone:\n");
                append(script, review.after());
            }
            run.line(script.toString().stripTrailing());
        } catch (PartitionException e) {
            question.environment().report().line("Its SQL cannot be shown now: " + e.getMessage());
        }
    }

    private static void append(StringBuilder script, List<Sql> statements) {
        statements.forEach(statement -> script.append(statement.script()).append(";\n"));
    }

    private static Optional<LockedSwapChange> swapOf(ChangeSet changeSet) {
        if (changeSet == null) {
            return Optional.empty();
        }
        for (Change change : changeSet.getChanges()) {
            if (change instanceof LockedSwapChange swap) {
                return Optional.of(swap);
            }
        }
        return Optional.empty();
    }
}
