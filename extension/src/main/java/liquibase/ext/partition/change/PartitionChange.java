package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import liquibase.ChecksumVersion;
import liquibase.Scope;
import liquibase.change.AbstractChange;
import liquibase.change.Change;
import liquibase.change.ChangeMetaData;
import liquibase.change.ChangeParameterMetaData;
import liquibase.change.ChangeStatus;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.database.core.PostgresDatabase;
import liquibase.exception.DatabaseException;
import liquibase.exception.RollbackImpossibleException;
import liquibase.exception.UnexpectedLiquibaseException;
import liquibase.exception.ValidationErrors;
import liquibase.exception.Warnings;
import liquibase.executor.ExecutorService;
import liquibase.executor.LoggingExecutor;
import liquibase.ext.partition.attribute.Attributes;
import liquibase.ext.partition.attribute.MadeTable;
import liquibase.ext.partition.attribute.Tuning;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.attribute.UnknownAttributes;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.statement.EngineStatement;
import liquibase.ext.partition.statement.PrintedStep;
import liquibase.ext.partition.step.Duplicates;
import liquibase.ext.partition.step.Review;
import liquibase.ext.partition.step.Step;
import liquibase.ext.partition.step.Undo;
import liquibase.parser.core.ParsedNode;
import liquibase.parser.core.ParsedNodeException;
import liquibase.resource.ResourceAccessor;
import liquibase.statement.SqlStatement;
import liquibase.structure.DatabaseObject;

/**
 * The common part of our change types: the table, the split between executing and printing, and the checks that need no
 * database.
 *
 * <p>When Liquibase executes, a change is one {@link EngineStatement}. When it prints SQL ({@code update-sql}), a
 * change that is a list of statements is that list. A change that works in many transactions, or depends on what it
 * finds under a lock, cannot be a script. So its script ends the session with a message, before the record that follows
 * it could be written.
 */
public abstract class PartitionChange extends AbstractChange implements Step {
    /**
     * Marks an optional attribute: required for no database. If it were unset, it would mean "find out by generating
     * statements".
     */
    protected static final String OPTIONAL = "none";

    protected static final String POSTGRESQL = "postgresql";

    private final Tuning tuning = new Tuning();
    private final Map<MadeTable, String> madeTables = new EnumMap<>(MadeTable.class);

    /** Null except while SQL is printed. */
    private Session session;

    private String schemaName;
    private String tableName;

    @DatabaseChangeProperty(
            description = "Schema of the table; Liquibase's default schema where it is not given",
            exampleValue = "shop",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getSchemaName() {
        return schemaName;
    }

    public void setSchemaName(String schemaName) {
        this.schemaName = schemaName;
    }

    @DatabaseChangeProperty(
            description = "The table to be partitioned, by the name that the application uses",
            exampleValue = "orders",
            requiredForDatabase = POSTGRESQL,
            supportsDatabase = POSTGRESQL)
    public String getTableName() {
        return tableName;
    }

    public void setTableName(String tableName) {
        this.tableName = tableName;
    }

    /** Does the work while the migration's lock is held; the attributes agree with the record by then. */
    protected abstract void execute(StepRun run) throws SQLException;

    /**
     * Whether there is anything to do. For a change that runs with every update, and for most of them has nothing to
     * do: it asks this before it prepares anything.
     *
     * @param session on Liquibase's connection; not pinned
     */
    protected boolean isDue(Session session, Database database) throws SQLException {
        return true;
    }

    /** The attributes, besides the tuning attributes, that may differ from those with which the change has run. */
    protected Set<String> changeableAttributes() {
        return Set.of();
    }

    /** Refuses attributes that differ from those with which the migration began; see {@link #requireRecorded}. */
    protected void requireAgreement(Migration migration) {}

    /** Checks that read the attributes; the message of an {@link IllegalArgumentException} is shown to people. */
    protected List<Runnable> attributeChecks() {
        return new ArrayList<>();
    }

    /** The attributes besides the bean properties, which tune the work and do not change its result. */
    final Set<TuningAttribute> tuningAttributes() {
        return TuningAttribute.of(stepName());
    }

    /** Requires that the names that a changeset shows to its reviewers are those with which the migration began. */
    @Override
    public final void run(StepRun run) throws SQLException {
        run.migrations().find(run.source()).ifPresent(this::requireAgreement);
        execute(run);
    }

    /** The values of {@link #tuningAttributes}. */
    @Override
    public final Tuning tuning() {
        return tuning;
    }

    @Override
    public final ChangeMetaData createChangeMetaData() {
        ChangeMetaData ofProperties = super.createChangeMetaData();
        Set<ChangeParameterMetaData> parameters =
                new HashSet<>(ofProperties.getParameters().values());
        tuningAttributes().forEach(attribute -> parameters.add(TextParameter.of(this, attribute)));
        MadeTable.of(stepName()).forEach(table -> parameters.add(TextParameter.of(this, table)));
        return new ChangeMetaData(
                ofProperties.getName(),
                ofProperties.getDescription(),
                ofProperties.getPriority(),
                null,
                null,
                parameters);
    }

    /** Statements that run after the work, before Liquibase records the changeset. */
    protected List<SqlStatement> recordStatements(Database database) {
        return List.of();
    }

    /** Whether the change commits in the middle, so that it cannot be part of Liquibase's transaction. */
    protected boolean commitsByItself() {
        return true;
    }

    /**
     * Whether this change reports that its changelog is included twice. Some changes of each table do, so that it is
     * reported whichever have run, but not by all of them.
     */
    protected boolean saysThatItIsIncludedTwice() {
        return false;
    }

    /** A pinned session on Liquibase's connection, for {@link #review} if there is a database. */
    protected final Session session() {
        return session;
    }

    /** The name of a table that is made beside this one: the given name, or else the table's name with a suffix. */
    protected final Identifier name(MadeTable table) {
        return table.name(givenName(table), tableName);
    }

    /** The name in the changelog; null if it is not given. */
    final String givenName(MadeTable table) {
        return madeTables.get(table);
    }

    /** @param name null if it is not given */
    public final void setName(MadeTable table, String name) {
        madeTables.put(table, name);
    }

    @Override
    public final SqlStatement[] generateStatements(Database database) {
        if (shouldExecuteChange(database) || isDescribedForTheLog(database)) {
            List<SqlStatement> statements = new ArrayList<>(List.of(new EngineStatement(
                    getSerializedObjectName(),
                    database,
                    source(database),
                    commitsByItself(),
                    session -> isDue(session, database),
                    this::run)));
            statements.addAll(recordStatements(database));
            return statements.toArray(SqlStatement[]::new);
        }
        try {
            if (!LiquibaseEnvironment.isOnline(database)) {
                return printed(review(database));
            }
            session = new Session(LiquibaseEnvironment.connection(database));
            return session.whilePinned(() -> print(database));
        } catch (SQLException | DatabaseException | PartitionException e) {
            throw new UnexpectedLiquibaseException(e.getMessage(), e);
        }
    }

    @Override
    public final SqlStatement[] generateRollbackStatements(Database database) throws RollbackImpossibleException {
        Undo undo = undo(database);
        if (undo instanceof Undo.Nothing) {
            return new SqlStatement[0];
        }
        if (undo instanceof Undo.Impossible impossible) {
            throw new RollbackImpossibleException(impossible.reason());
        }
        if (undo instanceof Undo.By by && shouldExecuteChange(database)) {
            String step = "rollback of " + getSerializedObjectName();
            return new SqlStatement[] {
                new EngineStatement(step, database, source(database), commitsByItself(), session -> true, by.work())
            };
        }
        return new SqlStatement[] {PrintedStep.refusal("The rollback of " + getSerializedObjectName(), List.of())};
    }

    /**
     * Before Liquibase executes a changeset, it asks for the statements once more, to show their text in its log lines.
     * A name is enough for that. Reading the catalog for it failed updates that lost the connection there, where no
     * step reconnects.
     */
    private static boolean isDescribedForTheLog(Database database) {
        return Boolean.FALSE.equals(Scope.getCurrentScope().get(Change.SHOULD_EXECUTE, Boolean.class))
                && !(Scope.getCurrentScope().getSingleton(ExecutorService.class).getExecutor("jdbc", database)
                        instanceof LoggingExecutor);
    }

    private SqlStatement[] print(Database database) throws SQLException {
        try {
            return printed(review(database));
        } catch (DatabaseException e) {
            throw new UnexpectedLiquibaseException(e.getMessage(), e);
        } finally {
            session = null;
        }
    }

    private SqlStatement[] printed(Review review) {
        return review.script().isEmpty()
                ? new SqlStatement[] {PrintedStep.refusal(getSerializedObjectName(), review.comments())}
                : PrintedStep.script(review.script());
    }

    @Override
    public ValidationErrors validate(Database database) {
        ValidationErrors errors = new ValidationErrors(this);
        errors.checkRequiredField("tableName", tableName);
        if (errors.hasErrors()) {
            return errors;
        }
        for (String problem : attributeProblems()) {
            errors.addError(getSerializedObjectName() + " on " + tableName + ": " + problem);
        }
        if (saysThatItIsIncludedTwice()) {
            Duplicates.problem(getChangeSet()).ifPresent(errors::addError);
        }
        if (commitsByItself() && getChangeSet() != null && getChangeSet().isRunInTransaction()) {
            errors.addError(
                    "%s on %s commits by itself, so it cannot run inside Liquibase's transaction. Set runInTransaction=\"false\" on changeset %s."
                            .formatted(
                                    getSerializedObjectName(),
                                    tableName,
                                    getChangeSet().getId()));
        }
        return errors;
    }

    /** The problems of the attributes, one by one, assuming that the table's name is given. */
    public final List<String> attributeProblems() {
        List<Runnable> checks = new ArrayList<>(List.of(() -> Attributes.name("tableName", tableName), () -> {
            if (schemaName != null) {
                Attributes.name("schemaName", schemaName);
            }
        }));
        MadeTable.of(stepName())
                .forEach(table -> checks.add(() ->
                        Attributes.madeName(table.attributeName(), name(table).name(), tableName)));
        checks.addAll(attributeChecks());
        List<String> problems = new ArrayList<>();
        for (Runnable check : checks) {
            try {
                check.run();
            } catch (IllegalArgumentException e) {
                problems.add(e.getMessage());
            }
        }
        problems.addAll(tuning.problems());
        return problems;
    }

    /** Checks that the name of a table that is made beside this one is that with which the migration began. */
    protected final void requireRecorded(MadeTable table, Identifier recorded) {
        requireRecorded(table.attributeName(), name(table), recorded);
    }

    /** Checks that an attribute has the value with which the migration began. */
    protected static void requireRecorded(String attribute, Object given, Object recorded) {
        if (!given.equals(recorded)) {
            throw new PartitionException(
                    "%s is %s here, but the migration was begun with %s. Nothing was changed. Make the changesets of one table agree."
                            .formatted(attribute, given, recorded));
        }
    }

    /** Checks that a required attribute is given. */
    protected static void require(String attribute, String value) {
        if (value == null || value.isBlank()) {
            throw new IllegalArgumentException(attribute + " is missing.");
        }
    }

    @Override
    public final boolean supports(Database database) {
        return database instanceof PostgresDatabase;
    }

    @Override
    public final boolean supportsRollback(Database database) {
        return supports(database);
    }

    @Override
    public final boolean generateStatementsVolatile(Database database) {
        return false;
    }

    @Override
    public final boolean generateRollbackStatementsVolatile(Database database) {
        return false;
    }

    @Override
    public final Warnings warn(Database database) {
        return new Warnings();
    }

    @Override
    public final ChangeStatus checkStatus(Database database) {
        return new ChangeStatus().unknown("liquibase-partition keeps its state in partition_migration");
    }

    @Override
    public final Set<DatabaseObject> getAffectedDatabaseObjects(Database database) {
        return Set.of();
    }

    @Override
    public final String[] getExcludedFieldFilters(ChecksumVersion version) {
        return Stream.concat(
                        tuningAttributes().stream().map(TuningAttribute::attributeName),
                        changeableAttributes().stream())
                .toArray(String[]::new);
    }

    @Override
    public final String getConfirmationMessage() {
        return getSerializedObjectName() + " on " + tableName + " is done";
    }

    @Override
    public final String getSerializedObjectNamespace() {
        return Attributes.NAMESPACE;
    }

    @Override
    protected void customLoadLogic(ParsedNode node, ResourceAccessor resourceAccessor) throws ParsedNodeException {
        UnknownAttributes.reject(node, getSerializableFields());
    }
}
