package liquibase.ext.partition.generator.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Report;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.retirement.archive.ArchiveDirectory;
import liquibase.ext.partition.engine.retirement.archive.FileRestoration;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code restore}: brings the rows of an archived partition back, into any database. Prints no password, and changes
 * nothing but the table.
 */
@Command(
        name = "restore",
        description = {
            "Brings the rows of a partition that was archived into files back into a table: an empty one with the same"
                    + " columns, or one that is made with these.",
            "Before a row is written, every file is compared with the manifest by its SHA-256, and the table's columns by"
                    + " name and type. Afterwards every row of the table is compared with the manifest."
        },
        mixinStandardHelpOptions = true,
        versionProvider = GeneratorCommand.ManifestVersion.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:the table has the archive's rows, and no others",
            "2:a file is missing or another, the table does not fit or has rows, or the command line is not as it should be",
            "3:anything else, such as no database"
        })
final class RestoreCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(
            names = "--archive",
            paramLabel = "DIRECTORY",
            required = true,
            description = "The directory of the archive, with manifest.json.")
    private Path archive;

    @Option(
            names = "--table",
            paramLabel = "TABLE",
            description =
                    "The table, as schema.table, in the case in which PostgreSQL has it. Default: the name that the partition had. It is made if it is not there.")
    private String table;

    @Option(
            names = "--sha256",
            paramLabel = "SHA256",
            description =
                    "The SHA-256 of manifest.json, as partition_retirement.archive_sha256 has it: then nobody can have changed the archive since it was compared.")
    private String sha256;

    @Option(
            names = "--check",
            description = "Only read the files through, and compare every row with the manifest; write nothing.")
    private boolean check;

    @Mixin
    private DatabaseOptions database;

    @Override
    public Integer call() throws UsageException, DatabaseFailureException {
        try (Connection connection = check ? database.connect() : database.connectToWrite()) {
            restore(Session.pinned(connection));
            return ExitCodes.OK;
        } catch (PartitionException e) {
            throw new UsageException(e.getMessage());
        } catch (SQLException e) {
            throw database.failure("The restore failed", e);
        }
    }

    private void restore(Session session) throws SQLException, UsageException {
        PrintWriter out = spec.commandLine().getOut();
        Report report = line -> {
            out.println(line);
            out.flush();
        };
        ArchiveDirectory directory =
                new ArchiveDirectory(archive.toAbsolutePath().normalize());
        FileRestoration files = FileRestoration.of(session, report, directory, sha256);
        report.line("%s: %s of %s, %s; %,d rows in %d file%s, as they were written."
                .formatted(
                        directory,
                        files.manifest().partition(),
                        files.manifest().table(),
                        files.manifest().bound().orElse("a child of a table whose rows triggers route"),
                        files.manifest().tally().rows(),
                        files.manifest().files().size(),
                        files.manifest().files().size() == 1 ? "" : "s"));
        if (check) {
            files.check();
            report.line("Every row of the files was read, and is as the manifest says.");
            return;
        }
        QualifiedName name = table == null ? files.manifest().partition() : name();
        if (new TableReader(session).find(name).isEmpty()) {
            files.create(name);
            report.line(
                    "%s is made, with the columns of the archive. Nobody but its owner has a right on it: grants and policies are yours to give."
                            .formatted(name));
        }
        report.line("%s has the %,d rows of the archive; each was compared.".formatted(name, files.into(name)));
    }

    private QualifiedName name() throws UsageException {
        String[] parts = table.split("\\.", -1);
        if (parts.length != 2 || parts[0].isEmpty() || parts[1].isEmpty()) {
            throw new UsageException(
                    "--table is <%s>. Nothing was restored. Write the schema too, like public.orders_202401."
                            .formatted(table));
        }
        return QualifiedName.of(parts[0], parts[1]);
    }
}
