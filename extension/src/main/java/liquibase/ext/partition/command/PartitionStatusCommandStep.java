package liquibase.ext.partition.command;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.Scope;
import liquibase.command.AbstractCommandStep;
import liquibase.command.CommandArgumentDefinition;
import liquibase.command.CommandBuilder;
import liquibase.command.CommandDefinition;
import liquibase.command.CommandResultsBuilder;
import liquibase.database.Database;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.delta.CaptureRights;
import liquibase.ext.partition.engine.lock.MigrationLock;
import liquibase.ext.partition.engine.retirement.RetirementStatus;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.MigrationStatus;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.state.StatusReport;
import liquibase.ext.partition.engine.swap.ChildGaps;
import liquibase.ext.partition.engine.upkeep.UpkeepStatus;

/**
 * {@code liquibase partition-status}: where each migration is, who is at work on it, and what comes next; and of tables
 * in service, how many partitions they have ahead, what is in the default one, and what leaves. With {@code --check} it
 * ends with {@value #ATTENTION} where somebody has to see to a table in service, for monitoring.
 */
public class PartitionStatusCommandStep extends AbstractCommandStep {
    /** The exit code of {@code --check} where something is wrong. Liquibase itself ends with 1 on every failure. */
    public static final int ATTENTION = 2;

    private static final String[] COMMAND_NAME = {"partitionStatus"};

    private static final CommandArgumentDefinition<Boolean> CHECK = new CommandBuilder(new String[][] {COMMAND_NAME})
            .argument("check", Boolean.class)
            .defaultValue(false)
            .description("End with exit code " + ATTENTION
                    + " if partitions are missing ahead, rows that should have one are in a default partition, or partitions"
                    + " should have left")
            .build();

    /** Tells of a table in service. */
    @FunctionalInterface
    private interface TableStatus {
        StatusReport of(Session session, StateTables state, Migration migration) throws SQLException;
    }

    private static final List<TableStatus> IN_SERVICE = List.of(UpkeepStatus::of, RetirementStatus::of);

    @Override
    public String[][] defineCommandNames() {
        return new String[][] {COMMAND_NAME};
    }

    @Override
    public void adjustCommandDefinition(CommandDefinition definition) {
        definition.setShortDescription("Tell how far the partitioning of each table is");
        definition.setLongDescription(
                "For each table that liquibase-partition works on: its phase, how much is copied and how fast, who is at"
                        + " work, and what comes next; after the swap, how many partitions there are ahead, how large they"
                        + " are, what is in the default one, and which partition leaves next. Changes nothing, and takes no lock that a writer waits for.");
    }

    @Override
    public List<Class<?>> requiredDependencies() {
        return List.of(Database.class);
    }

    @Override
    public void run(CommandResultsBuilder results) throws Exception {
        Database database = (Database) results.getCommandScope().getDependency(Database.class);
        Session session = new Session(LiquibaseEnvironment.connection(database));
        List<String> problems = session.whilePinned(() -> tellAll(session, database));
        if (Boolean.TRUE.equals(results.getCommandScope().getArgumentValue(CHECK)) && !problems.isEmpty()) {
            throw results.commandFailed("partition-status --check: " + String.join("\n", problems), ATTENTION, true);
        }
    }

    private static List<String> tellAll(Session session, Database database) throws SQLException {
        StateTables state = LiquibaseEnvironment.state(database);
        List<String> problems = new ArrayList<>();
        List<MigrationStatus> migrations = MigrationStatus.readAll(session, state);
        if (migrations.isEmpty()) {
            tell("No table is being partitioned in this database, as far as %s knows.".formatted(state.migration()));
        }
        for (MigrationStatus status : migrations) {
            tell(status.describe());
            Optional<String> holder = MigrationLock.holder(session, status.source());
            holder.ifPresent(it -> tell("  At work: " + it));
            Optional<Migration> migration = new Migrations(session, state).find(status.source());
            if (migration.isPresent()) {
                CaptureRights.problems(session, migration.get()).forEach(it -> tell("  Attention: " + it));
                ChildGaps.of(session, migration.get()).forEach(it -> tell("  Attention: " + it));
                StatusReport report = StatusReport.empty();
                for (TableStatus one : IN_SERVICE) {
                    report = report.and(one.of(session, state, migration.get()));
                }
                report.facts().forEach(it -> tell("  " + it));
                report.problems().forEach(it -> tell("  Attention: " + it));
                problems.addAll(report.problems());
            }
        }
        return problems;
    }

    private static void tell(String line) {
        Scope.getCurrentScope().getUI().sendMessage(line);
    }
}
