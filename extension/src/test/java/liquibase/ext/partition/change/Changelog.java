package liquibase.ext.partition.change;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryEnum;
import liquibase.command.CommandScope;
import liquibase.command.core.helpers.DbUrlConnectionArgumentsCommandStep;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.LiquibaseException;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.testing.TcpProxy;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.resource.DirectoryResourceAccessor;
import liquibase.resource.ResourceAccessor;
import liquibase.ui.ConsoleUIService;

/**
 * A changelog run by Liquibase inside the test's JVM, on the version that the extension is compiled against. Each run
 * has a connection of its own, as each command has.
 */
final class Changelog {

    /**
     * Keeps the logger alive, because its level would be forgotten otherwise: lines for people are recorded, and the
     * rest is noise.
     */
    private static final Logger LIQUIBASE_LOG = Logger.getLogger("liquibase");

    static {
        LIQUIBASE_LOG.setLevel(Level.OFF);
    }

    private static final Path GALLERY = Path.of("../changelogs");

    /** The reason for which Liquibase itself opens the connection; otherwise an application hands it one. */
    private enum Opened {
        BY_URL,
        BY_APPLICATION
    }

    private static final String GENERIC = """
            http://www.liquibase.org/xml/ns/dbchangelog-ext
            http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-ext.xsd""";

    private final TestDatabase database;
    private final Path directory;
    private final Map<String, Object> parameters = new HashMap<>();
    private final Map<String, Object> settings = new HashMap<>();
    private final List<String> lines = Collections.synchronizedList(new ArrayList<>());
    private String url;
    private String username;
    private String password;
    private Opened opened = Opened.BY_URL;
    private String changesets = "";
    private boolean generated;
    private String onceConnected;
    private String namespace = """
            http://www.liquibase.org/xml/ns/partition
            http://www.liquibase.org/xml/ns/partition/liquibase-partition-latest.xsd""";

    Changelog(TestDatabase database, Path directory) {
        this.database = database;
        this.directory = directory;
        this.url = database.url();
        this.username = null;
    }

    /** The directory of its files. */
    Path directory() {
        return directory;
    }

    /** Runs as another user than the administrator, whose password is the name. */
    Changelog as(String role) {
        return as(role, role);
    }

    Changelog as(String role, String itsPassword) {
        username = role;
        password = itsPassword;
        return this;
    }

    /** From now on the connection is one that an application has opened, and reveals no credentials. */
    Changelog onAConnectionOfTheApplication() {
        opened = Opened.BY_APPLICATION;
        return this;
    }

    /** From now on the connection, and connections that are opened like it, go through the proxy. */
    Changelog through(TcpProxy proxy) {
        url = proxy.url(database);
        return this;
    }

    /** Writes our elements in the namespace of all extensions, whose XSD knows none of them. */
    Changelog inTheGenericNamespace() {
        namespace = GENERIC;
        return this;
    }

    /** A changelog parameter, as {@code -Dname=value} sets it. */
    Changelog parameter(String name, String value) {
        parameters.put(name, value);
        return this;
    }

    /** A setting, as a property or an environment variable sets it. */
    Changelog setting(String name, String value) {
        settings.put(name, value);
        return this;
    }

    /** The content of the changelog from now on: whole {@code changeSet} elements. */
    Changelog changesets(String xml) {
        changesets = xml;
        return this;
    }

    /**
     * From now on the changelog is the generated one of that folder of the gallery.
     *
     * @param swap attributes to add to its {@code lockedSwap}, as when an operator retunes it; may be empty
     */
    Changelog generated(String folder, String swap) {
        generated = true;
        Path from = GALLERY.resolve(folder);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(it -> it.toString().endsWith(".xml")).toList()) {
                String text = Files.readString(file);
                Files.writeString(
                        directory.resolve(file.getFileName().toString()),
                        text.replace("<partition:lockedSwap ", "<partition:lockedSwap " + swap + " "));
            }
            database.execute(Files.readString(from.resolve("before.sql")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Adds whole {@code changeSet} elements after the generated ones. */
    Changelog and(String xml) {
        return withBefore("</databaseChangeLog>", xml);
    }

    /** Adds whole {@code changeSet} elements before the generated ones. */
    Changelog after(String xml) {
        return withBefore("<changeSet ", xml);
    }

    private Changelog withBefore(String place, String xml) {
        Path file = directory.resolve("changelog.xml");
        try {
            Files.writeString(
                    file,
                    Files.readString(file).replaceFirst(Pattern.quote(place), Matcher.quoteReplacement(xml + place)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** A changeset with one change of ours outside a transaction, as in a generated changelog. */
    static String changeset(String id, String change) {
        return """
                <changeSet id="%s" author="test" runInTransaction="false"><partition:%s/></changeSet>
                """.formatted(id, change);
    }

    /** The lines for people so far. */
    List<String> lines() {
        synchronized (lines) {
            return List.copyOf(lines);
        }
    }

    /** An update with a parameter that later updates do not have. */
    void updateWith(String name, String value) throws LiquibaseException {
        parameters.put(name, value);
        try {
            update();
        } finally {
            parameters.remove(name);
        }
    }

    void update() throws LiquibaseException {
        run(liquibase -> liquibase.update(new Contexts(), new LabelExpression()));
    }

    void update(int changes) throws LiquibaseException {
        run(liquibase -> liquibase.update(changes, new Contexts(), new LabelExpression()));
    }

    Future<Void> updateInBackground() {
        return MigrationFixture.inBackground(() -> {
            update();
            return null;
        });
    }

    Future<Void> updateInBackground(int changes) {
        return MigrationFixture.inBackground(() -> {
            update(changes);
            return null;
        });
    }

    /** Waits until that update has shown a line with that part. */
    void awaitLine(Future<Void> update, String part) throws Exception {
        awaitLine(update, part, 1);
    }

    /** Waits until that update has shown such a line that many times. */
    void awaitLine(Future<Void> update, String part, int times) throws Exception {
        while (lines().stream().filter(line -> line.contains(part)).count() < times) {
            if (update.isDone()) {
                MigrationFixture.join(update);
                throw new AssertionError("The update ended without saying: " + part + "; it said " + lines());
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    void rollback(int changes) throws LiquibaseException {
        run(liquibase -> liquibase.rollback(changes, new Contexts(), new LabelExpression()));
    }

    /** Undoes all that ran after that {@code tagDatabase} changeset. */
    void rollback(String tag) throws LiquibaseException {
        run(liquibase -> liquibase.rollback(tag, new Contexts(), new LabelExpression()));
    }

    /** The output of {@code rollback-sql}. */
    String rollbackSql(String tag) throws LiquibaseException {
        StringWriter script = new StringWriter();
        run(liquibase -> liquibase.rollback(tag, new Contexts(), new LabelExpression(), script));
        return script.toString();
    }

    /**
     * Runs a statement once the next run has its connection: database settings that it makes hold for connections
     * opened later.
     */
    void beforeNextRun(String statement) {
        onceConnected = statement;
    }

    /** The command {@code partition-status}. */
    void status(boolean check) throws LiquibaseException {
        run(liquibase -> new CommandScope("partitionStatus")
                .addArgumentValue("check", check)
                .addArgumentValue(DbUrlConnectionArgumentsCommandStep.DATABASE_ARG, liquibase.getDatabase())
                .execute());
    }

    /** The changesets that the runs have recorded as done, but for a generated upkeep, which always runs again. */
    List<String> recorded() {
        return database.queryString("SELECT to_regclass('databasechangelog')") == null
                ? List.of()
                : database.queryStrings(
                        "SELECT id FROM databasechangelog WHERE id NOT LIKE '%-upkeep' ORDER BY orderexecuted");
    }

    private interface Command {
        void run(Liquibase liquibase) throws LiquibaseException;
    }

    private void run(Command command) throws LiquibaseException {
        write();
        try {
            Map<String, Object> scope = new HashMap<>(settings);
            scope.put(Scope.Attr.ui.name(), new Recorder());
            Scope.child(scope, () -> {
                try (ResourceAccessor files = new DirectoryResourceAccessor(directory);
                        Liquibase liquibase = new Liquibase("changelog.xml", files, open(files))) {
                    liquibase.setShowSummary(UpdateSummaryEnum.OFF);
                    parameters.forEach(liquibase::setChangeLogParameter);
                    if (onceConnected != null) {
                        database.execute(onceConnected);
                        onceConnected = null;
                    }
                    command.run(liquibase);
                }
            });
        } catch (LiquibaseException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private void write() {
        if (generated) {
            return;
        }
        try {
            Files.writeString(directory.resolve("changelog.xml"), """
                    <databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
                        xmlns:partition="%s"
                        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                        xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
                            http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd
                            %s">
                    %s
                    </databaseChangeLog>
                    """.formatted(
                            namespace.lines().findFirst().orElseThrow(), namespace, changesets));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Database open(ResourceAccessor files) throws Exception {
        String user = username == null ? database.username() : username;
        String secret = username == null ? database.password() : password;
        if (opened == Opened.BY_URL) {
            return DatabaseFactory.getInstance().openDatabase(url, user, secret, null, null, null, null, files);
        }
        Connection connection = database.connect(user, secret);
        return DatabaseFactory.getInstance().findCorrectDatabaseImplementation(new JdbcConnection(connection));
    }

    private final class Recorder extends ConsoleUIService {
        @Override
        public void sendMessage(String message) {
            message.lines().forEach(lines::add);
        }

        @Override
        public void sendErrorMessage(String message) {
            message.lines().forEach(lines::add);
        }
    }
}
