package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.change.DatabaseChange;
import liquibase.change.DatabaseChangeProperty;
import liquibase.change.core.TagDatabaseChange;
import liquibase.changelog.ChangeSet;
import liquibase.database.Database;
import liquibase.exception.DatabaseException;
import liquibase.ext.partition.attribute.MadeTable;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.swap.OnOldTransactions;
import liquibase.ext.partition.engine.swap.ReverseSwap;
import liquibase.ext.partition.engine.swap.Swap;
import liquibase.ext.partition.engine.swap.SwapSettings;
import liquibase.ext.partition.statement.TagStatement;
import liquibase.ext.partition.step.Review;
import liquibase.ext.partition.step.SwapStep;
import liquibase.ext.partition.step.Undo;
import liquibase.statement.SqlStatement;

/** Puts the new table in the table's place, under a lock. */
@DatabaseChange(
        name = "lockedSwap",
        description = "Drains the delta and switches a table with its partitioned successor under one lock",
        priority = 1)
public class LockedSwapChange extends DeltaChange implements SwapStep {
    private String tagBefore;

    @DatabaseChangeProperty(
            description =
                    "The tag of the state right before the swap: the changeset before this one that sets it is recorded together with the swap, and not sooner",
            exampleValue = "orders-before-swap",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getTagBefore() {
        return tagBefore;
    }

    public void setTagBefore(String tagBefore) {
        this.tagBefore = tagBefore;
    }

    @Override
    protected List<Runnable> attributeChecks() {
        List<Runnable> checks = super.attributeChecks();
        checks.add(() -> {
            if (tagBefore != null && isInAChangelog() && changeSetOfTag().isEmpty()) {
                throw new IllegalArgumentException(
                        "tagBefore is <%s>, and no changeset before this one sets that tag. Add <tagDatabase tag=\"%s\"/> in a changeset of its own, with the preconditions swapped and approved."
                                .formatted(tagBefore, tagBefore));
            }
        });
        return checks;
    }

    @Override
    protected boolean saysThatItIsIncludedTwice() {
        return true;
    }

    @Override
    public StepName stepName() {
        return StepName.LOCKED_SWAP;
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        Swap.of(run, backup()).swap(settings());
    }

    /**
     * Records the tag once the swap is done and before the swap is recorded. So no deployment of somebody else comes
     * between the two records, however often, and however long before, the swap was tried in vain.
     */
    @Override
    protected List<SqlStatement> recordStatements(Database database) {
        return changeSetOfTag()
                .<List<SqlStatement>>map(tag -> List.of(new TagStatement(database, tag)))
                .orElse(List.of());
    }

    /** The changeset before this one that sets {@link #getTagBefore}. */
    public Optional<ChangeSet> changeSetOfTag() {
        if (tagBefore == null || !isInAChangelog()) {
            return Optional.empty();
        }
        return getChangeSet().getChangeLog().getChangeSets().stream()
                .takeWhile(changeSet -> changeSet != getChangeSet())
                .filter(this::setsTheTag)
                .findFirst();
    }

    private boolean isInAChangelog() {
        return getChangeSet() != null && getChangeSet().getChangeLog() != null;
    }

    private boolean setsTheTag(ChangeSet changeSet) {
        return changeSet.getChanges().stream()
                .anyMatch(change -> change instanceof TagDatabaseChange tag && tagBefore.equals(tag.getTag()));
    }

    @Override
    public Undo.By undo(Database database) {
        return new Undo.By(run -> ReverseSwap.run(run, settings()));
    }

    /** Shown once the new table has its indexes; before that, the statements cannot be planned. */
    @Override
    public Review review(Database database) {
        if (!LiquibaseEnvironment.isOnline(database)) {
            return Review.NOTHING;
        }
        try (StepRun run = LiquibaseEnvironment.of(database).begin(getSerializedObjectName(), source(database))) {
            Swap.Statements statements = statements(run);
            List<String> comments = new ArrayList<>();
            comment(comments, "Before the transaction, each under a lock of its sequence alone:", statements.before());
            comment(comments, "In one transaction:", statements.transaction());
            comment(comments, "After the transaction, under locks of sequences alone:", statements.after());
            return Review.comments(comments);
        } catch (SQLException | DatabaseException | PartitionException e) {
            return Review.NOTHING;
        }
    }

    private static void comment(List<String> comments, String when, List<Sql> statements) {
        if (!statements.isEmpty()) {
            comments.add(when);
            statements.forEach(statement -> comments.add(statement.script() + ";"));
        }
    }

    @Override
    public Identifier backup() {
        return name(MadeTable.BACKUP);
    }

    @Override
    public Swap.Statements statements(StepRun run) throws SQLException {
        return Swap.of(run, backup()).statements();
    }

    protected final SwapSettings settings() {
        LockPolicy lock = tuning().lock();
        String onOldTransactions = tuning().text(TuningAttribute.ON_OLD_TRANSACTIONS);
        return new SwapSettings(
                lock,
                tuning().positive(TuningAttribute.MAX_DRAIN_ROWS, SwapSettings.DEFAULT_MAX_DRAIN_ROWS),
                tuning().duration(TuningAttribute.WAIT_FOR_OLD_TRANSACTIONS, lock::patience),
                onOldTransactions == null
                        ? OnOldTransactions.STOP
                        : OnOldTransactions.parse(
                                TuningAttribute.ON_OLD_TRANSACTIONS.attributeName(), onOldTransactions),
                tuning().maxDefaultShare(),
                tuning().acceptedTriggers());
    }
}
