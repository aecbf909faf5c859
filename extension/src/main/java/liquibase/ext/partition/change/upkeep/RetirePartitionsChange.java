package liquibase.ext.partition.change.upkeep;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import liquibase.Scope;
import liquibase.change.DatabaseChange;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.exception.DatabaseException;
import liquibase.exception.UnexpectedLiquibaseException;
import liquibase.ext.partition.attribute.Attributes;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.change.PartitionChange;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.partitioning.Retention;
import liquibase.ext.partition.engine.retirement.ArchivePlace;
import liquibase.ext.partition.engine.retirement.Reattachment;
import liquibase.ext.partition.engine.retirement.Retirement;
import liquibase.ext.partition.engine.retirement.RetirementRule;
import liquibase.ext.partition.engine.retirement.RetirementWay;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.step.RecordedChangesets;
import liquibase.ext.partition.step.Review;
import liquibase.ext.partition.step.Undo;

/**
 * Takes partitions that are older than a table keeps out of it. Its changeset runs always, so that every update does
 * so.
 */
@DatabaseChange(
        name = "retirePartitions",
        description = "Takes the partitions out of a table that are older than it keeps",
        priority = 1)
public class RetirePartitionsChange extends PartitionChange {
    private String keep;
    private String retire;
    private String retireSchema;
    private String archiveFiles;
    private String archiveFormat;
    private String archiveTablespace;

    @DatabaseChangeProperty(
            description =
                    "How many intervals before the present one stay in the table, by the server's clock. A partition leaves when all that it can hold is older",
            exampleValue = "36",
            requiredForDatabase = POSTGRESQL,
            supportsDatabase = POSTGRESQL)
    public String getKeep() {
        return keep;
    }

    public void setKeep(String keep) {
        this.keep = keep;
    }

    @DatabaseChangeProperty(
            description =
                    "What becomes of such a partition: detach, a table of its own; drop, a table of its own until dropRetiredPartitions drops it; or archive, the same once its rows are somewhere else",
            exampleValue = "detach",
            requiredForDatabase = POSTGRESQL,
            supportsDatabase = POSTGRESQL)
    public String getRetire() {
        return retire;
    }

    public void setRetire(String retire) {
        this.retire = retire;
    }

    @DatabaseChangeProperty(
            description = "The schema into which such a partition is moved; it stays in its own where it is not given",
            exampleValue = "retired",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getRetireSchema() {
        return retireSchema;
    }

    public void setRetireSchema(String retireSchema) {
        this.retireSchema = retireSchema;
    }

    @DatabaseChangeProperty(
            description =
                    "With retire archive: the directory, on the machine that runs this, below which each partition is written into files",
            exampleValue = "/srv/archive",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getArchiveFiles() {
        return archiveFiles;
    }

    public void setArchiveFiles(String archiveFiles) {
        this.archiveFiles = archiveFiles;
    }

    @DatabaseChangeProperty(
            description = "The form of these files: csv.gz, the only one",
            exampleValue = "csv.gz",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getArchiveFormat() {
        return archiveFormat;
    }

    public void setArchiveFormat(String archiveFormat) {
        this.archiveFormat = archiveFormat;
    }

    @DatabaseChangeProperty(
            description =
                    "With retire archive: the tablespace to which a partition is moved, with its indexes, while it stays a partition",
            exampleValue = "cold",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getArchiveTablespace() {
        return archiveTablespace;
    }

    public void setArchiveTablespace(String archiveTablespace) {
        this.archiveTablespace = archiveTablespace;
    }

    @Override
    protected List<Runnable> attributeChecks() {
        List<Runnable> checks = super.attributeChecks();
        checks.add(() -> Retention.parse(keep));
        checks.add(() -> {
            require("retire", retire);
            ArchivePlace.parse(RetirementWay.parse(retire), archiveFiles, archiveFormat, archiveTablespace);
        });
        checks.add(() -> {
            if (retireSchema != null) {
                Attributes.name("retireSchema", retireSchema);
            }
        });
        return checks;
    }

    @Override
    protected Set<String> changeableAttributes() {
        return Set.of("keep", "retire", "retireSchema", "archiveFiles", "archiveFormat", "archiveTablespace");
    }

    @Override
    public StepName stepName() {
        return StepName.RETIRE_PARTITIONS;
    }

    private RetirementRule rule() {
        RetirementWay way = RetirementWay.parse(retire);
        return new RetirementRule(
                Retention.parse(keep),
                way,
                Optional.ofNullable(retireSchema).map(name -> Attributes.name("retireSchema", name)),
                ArchivePlace.parse(way, archiveFiles, archiveFormat, archiveTablespace));
    }

    @Override
    protected boolean isDue(Session session, Database database) throws SQLException {
        return session.whilePinned(
                () -> Retirement.isDue(session, LiquibaseEnvironment.state(database), source(database), rule()));
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        Retirement.run(run, rule(), tuning().lock(), Scope.getCurrentScope().getDeploymentId());
    }

    /** Puts back what has left last. */
    @Override
    public Undo undo(Database database) {
        try {
            String undone =
                    RecordedChangesets.of(database).deploymentOf(getChangeSet()).orElse(null);
            return new Undo.By(run -> Reattachment.run(run, tuning().lock(), undone));
        } catch (DatabaseException e) {
            throw new UnexpectedLiquibaseException(e.getMessage(), e);
        }
    }

    /**
     * A comment. The changeset is in every script, since it always runs; and it runs again with the next update,
     * although the script records it.
     */
    @Override
    public Review review(Database database) throws SQLException {
        boolean isDue = LiquibaseEnvironment.isOnline(database)
                && Retirement.isAnyOld(session(), LiquibaseEnvironment.state(database), source(database), rule());
        String what = isDue
                ? "some partitions of %s are older than it keeps. Not a script but an update retires them: liquibase update --label-filter=upkeep"
                : "no partition of %s is older than it keeps";
        return Review.script(List.of(Sql.raw("-- retirePartitions: " + what.formatted(source(database)))));
    }
}
