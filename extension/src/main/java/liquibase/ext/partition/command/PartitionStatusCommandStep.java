package liquibase.ext.partition.command;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.Scope;
import liquibase.command.AbstractCommandStep;
import liquibase.command.CommandDefinition;
import liquibase.command.CommandResultsBuilder;
import liquibase.database.Database;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.delta.CaptureRights;
import liquibase.ext.partition.engine.lock.MigrationLock;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.MigrationStatus;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.swap.ChildGaps;

/** {@code liquibase partition-status}: where each migration is, who is at work on it, and what comes next. */
public class PartitionStatusCommandStep extends AbstractCommandStep {
    private static final String[] COMMAND_NAME = {"partitionStatus"};

    @Override
    public String[][] defineCommandNames() {
        return new String[][] {COMMAND_NAME};
    }

    @Override
    public void adjustCommandDefinition(CommandDefinition definition) {
        definition.setShortDescription("Tell how far the partitioning of each table is");
        definition.setLongDescription(
                "For each table that liquibase-partition works on: its phase, how much is copied and"
                        + " how fast, who is at work, and what comes next. Changes nothing, and takes no lock.");
    }

    @Override
    public List<Class<?>> requiredDependencies() {
        return List.of(Database.class);
    }

    @Override
    public void run(CommandResultsBuilder results) throws Exception {
        Database database = (Database) results.getCommandScope().getDependency(Database.class);
        Session session = new Session(LiquibaseEnvironment.connection(database));
        session.whilePinned(() -> {
            tellAll(session, database);
            return null;
        });
    }

    private static void tellAll(Session session, Database database) throws SQLException {
        List<MigrationStatus> migrations = MigrationStatus.readAll(session, LiquibaseEnvironment.state(database));
        if (migrations.isEmpty()) {
            tell("No table is being partitioned in this database, as far as %s knows."
                    .formatted(LiquibaseEnvironment.state(database).migration()));
        }
        for (MigrationStatus migration : migrations) {
            tell(migration.describe());
            Optional<String> holder = MigrationLock.holder(session, migration.source());
            holder.ifPresent(it -> tell("  At work: " + it));
            Optional<Migration> captured =
                    new Migrations(session, LiquibaseEnvironment.state(database)).find(migration.source());
            if (captured.isPresent()) {
                CaptureRights.problems(session, captured.get()).forEach(it -> tell("  Attention: " + it));
                ChildGaps.of(session, captured.get()).forEach(it -> tell("  Attention: " + it));
            }
        }
    }

    private static void tell(String line) {
        Scope.getCurrentScope().getUI().sendMessage(line);
    }
}
