package liquibase.ext.partition.generator.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.generator.config.ExchangeConfig;
import liquibase.ext.partition.generator.config.TableConfig;
import liquibase.ext.partition.generator.config.TablesConfig;
import liquibase.ext.partition.generator.config.document.InvalidConfigException;
import liquibase.ext.partition.generator.config.read.ConfigReader;
import liquibase.ext.partition.generator.plan.DatabasePlan;
import liquibase.ext.partition.generator.plan.PlanJson;
import liquibase.ext.partition.generator.plan.PlanReader;
import liquibase.ext.partition.generator.plan.PlanText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code plan}: the result of partitioning the config's tables, before anything is done. Changes nothing in the
 * database, and prints no password.
 */
@Command(
        name = "plan",
        description = {
            "Tells what partitioning the tables of a config would come to in a database: what each is, what comes along,"
                    + " what changes, what is refused and what to do about it, and the settings that matter; and of its"
                    + " exchanges what would be copied, what is locked, and what stands in the way.",
            "Reads the catalog, and a sample of each table's rows, by which it says how many would be in the default"
                    + " partition. Changes nothing in the database."
        },
        mixinStandardHelpOptions = true,
        versionProvider = GeneratorCommand.ManifestVersion.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:every table can be partitioned, or its migration has begun; warnings from a sample of rows are on standard"
                    + " output",
            "2:a table is refused, and the plan on standard output says why; or the command line or the config is not"
                    + " as it should be: then nothing is on standard output",
            "3:anything else, such as no database"
        })
final class PlanCommand implements Callable<Integer> {
    /** The catalog's functions wait for a locked table, for example during a swap or a VACUUM FULL. */
    private static final Duration LOCK_LIMIT = Duration.ofSeconds(30);

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            defaultValue = "tables.yaml",
            description = "The table config. Default: ${DEFAULT-VALUE}.")
    private Path config;

    @Mixin
    private DatabaseOptions database;

    @Option(
            names = "--table",
            paramLabel = "TABLE",
            description =
                    "Only this table of the config: orders, or shop.orders, as the config writes it. May be given several"
                            + " times.")
    private List<String> tables = List.of();

    @Option(names = "--json", description = "For pipelines: print JSON. Its schema is plan.schema.json in the jar.")
    private boolean json;

    @Override
    public Integer call() throws InvalidConfigException, IOException, UsageException, DatabaseFailureException {
        TablesConfig all = new ConfigReader().read(config);
        requireNamed(all);
        DatabasePlan plan = read(
                all.tables().stream()
                        .filter(it -> isWanted(it.schemaName(), it.tableName()))
                        .toList(),
                all.exchanges().stream()
                        .filter(it -> isWanted(it.schemaName(), it.tableName()))
                        .toList());
        out().print(json ? PlanJson.of(plan) : PlanText.of(plan));
        out().flush();
        return plan.isRefused() ? ExitCodes.REFUSED : ExitCodes.OK;
    }

    private DatabasePlan read(List<TableConfig> wanted, List<ExchangeConfig> exchanges)
            throws UsageException, DatabaseFailureException {
        try (Connection connection = database.connect()) {
            return new PlanReader(
                            Session.pinned(connection),
                            LOCK_LIMIT,
                            spec.commandLine().getErr()::println)
                    .read(wanted, exchanges);
        } catch (SQLException e) {
            throw database.failure(e);
        }
    }

    private void requireNamed(TablesConfig all) throws UsageException {
        List<String> names = Stream.concat(
                        all.tables().stream().map(it -> name(it.schemaName(), it.tableName())),
                        all.exchanges().stream().map(it -> name(it.schemaName(), it.tableName())))
                .toList();
        List<String> missing = tables.stream()
                .filter(table -> names.stream().noneMatch(it -> it.equals(table) || it.endsWith("." + table)))
                .toList();
        if (!missing.isEmpty()) {
            throw new UsageException("%s has no table %s. Nothing was read. Its tables: %s."
                    .formatted(config, String.join(", ", missing), String.join(", ", names)));
        }
    }

    private boolean isWanted(String schemaName, String tableName) {
        return tables.isEmpty()
                || tables.stream().anyMatch(it -> it.equals(tableName) || it.equals(name(schemaName, tableName)));
    }

    private static String name(String schemaName, String tableName) {
        return schemaName == null ? tableName : schemaName + "." + tableName;
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
