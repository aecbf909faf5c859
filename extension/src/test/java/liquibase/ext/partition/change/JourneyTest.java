package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import liquibase.exception.ValidationFailedException;
import liquibase.ext.partition.connection.WorkerDataSource;
import liquibase.ext.partition.testing.HostileSchema;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;

/** All changes of a migration one after the other, by Liquibase: repeated, tuned, and on connections of any kind. */
@ExtendWith(FreshChangelog.class)
class JourneyTest {

    private static final String KEY = "tableName=\"orders\" keyColumns=\"id\" ";
    private static final long ROWS = 5_000;

    private TestDatabase database;
    private Changelog changelog;

    @BeforeEach
    void orders() {
        database.execute("""
                CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                                     note text, created_at timestamptz NOT NULL)
                """, """
                INSERT INTO orders (note, created_at)
                SELECT 'note ' || i, timestamptz '2024-01-01 00:00+00' + i %% 60 * interval '1 day'
                FROM generate_series(1, %d) AS i
                """.formatted(ROWS), "ANALYZE orders");
    }

    @AfterEach
    void noDataSource() {
        WorkerDataSource.register(null);
    }

    private static List<String> changes(String tuning) {
        List<String> changes = new ArrayList<>();
        changes.add("createPartitionedTable tableName=\"orders\" partitionColumns=\"created_at\" from=\"2024-01\""
                + " until=\"2024-03\"");
        changes.add("captureChanges " + KEY);
        changes.add("chunkedCopy " + KEY + tuning);
        changes.add("buildIndexes tableName=\"orders\"");
        changes.add("replayChanges " + KEY);
        changes.add("verifyCopy " + KEY);
        changes.add("lockedSwap " + KEY);
        changes.add("dropBackup tableName=\"orders\"");
        return changes;
    }

    private static String changesets(List<String> changes) {
        StringBuilder changesets = new StringBuilder();
        for (String change : changes) {
            changesets.append(Changelog.changeset(change.substring(0, change.indexOf(' ')), change));
        }
        return changesets.toString();
    }

    /** A process can end between the work and its record; then the next run finds the work done. */
    @Test
    void everyChangeIsFoundDoneWhenItsRecordWasLost() throws Exception {
        changelog.changesets(changesets(changes("chunkSize=\"500\"")));
        for (String change : changes("")) {
            String id = change.substring(0, change.indexOf(' '));
            changelog.update(1);
            assertThat(changelog.recorded()).endsWith(id);
            String state = state();

            database.execute("DELETE FROM databasechangelog WHERE id = '" + id + "'");
            changelog.update(1);

            assertThat(changelog.recorded()).endsWith(id);
            assertThat(state()).as("state after %s was run again", id).isEqualTo(state);
        }
        database.execute("DELETE FROM databasechangelog");
        String state = state();
        changelog.update();
        assertThat(changelog.recorded()).hasSize(8);
        assertThat(state()).isEqualTo(state);
    }

    /** A role with CREATE on public once became superuser by a function public.to_regclass(varchar). */
    @Test
    void whoMayCreateInPublicIsNotCalledBySuperusers() throws Exception {
        String attacker = database.createRole("mallory", "");
        database.execute("GRANT CREATE ON SCHEMA public TO " + attacker);
        HostileSchema hostile = HostileSchema.ofFunctions(database, "public", attacker);

        changelog.changesets(changesets(changes("chunkSize=\"500\""))).update(7);
        changelog.rollback(1);
        changelog.update();

        hostile.assertNeverCalled();
        assertThat(changelog.recorded()).hasSize(8);
    }

    /** As after somebody's rollback in the middle of an update. */
    @Test
    void whatIsRecordedAndNotDoneIsDoneOnceItsRecordsAreDeletedAsTheMessageSays() throws Exception {
        changelog.changesets(changesets(changes("chunkSize=\"500\""))).update(5);
        database.execute("CREATE TABLE records AS SELECT * FROM databasechangelog ORDER BY orderexecuted DESC LIMIT 2");
        changelog.rollback(3);
        database.execute("INSERT INTO databasechangelog SELECT * FROM records", "DROP TABLE records");

        assertThatThrownBy(changelog::update)
                .hasMessageContaining(
                        "verifyCopy cannot run on public.orders yet: the migration is only <copied>, and it must be <indexed>")
                .hasMessageContaining("delete the records of this table's changesets from DATABASECHANGELOG");

        database.execute("DELETE FROM databasechangelog");
        changelog.update();
        assertThat(changelog.recorded()).hasSize(8).endsWith("lockedSwap", "dropBackup");
    }

    /** All that the steps make and record. The replay and the verification may look again, with the same result. */
    private String state() {
        return database.queryStrings("""
                SELECT (to_jsonb(m) - 'verified_at' - 'caught_up_at')::text FROM partition_migration AS m
                UNION ALL SELECT to_jsonb(c)::text FROM partition_chunk AS c
                UNION ALL SELECT c.oid || ' ' || c.relname || ' ' || coalesce(pg_relation_filenode(c.oid), 0) FROM pg_class AS c
                          WHERE c.relnamespace = 'public'::regnamespace AND c.relname !~ '^(databasechangelog|partition_)'
                UNION ALL SELECT t.oid || ' ' || tgname FROM pg_trigger AS t
                UNION ALL SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM orders AS o
                ORDER BY 1
                """).toString();
    }

    @Test
    void anAttributeThatTunesMayBeChangedBetweenRuns() throws Exception {
        changelog.changesets(changesets(changes("chunkSize=\"500\""))).update(3);

        changelog
                .changesets(changesets(changes("chunkSize=\"2000\" workers=\"3\" restart=\"true\"")))
                .update();

        assertThat(changelog.recorded()).hasSize(8);
    }

    @Test
    void anAttributeThatChangesTheResultMayNot() throws Exception {
        changelog.changesets(changesets(changes(""))).update(2);
        List<String> others = changes("");
        others.set(0, others.get(0).replace("2024-01", "2023-12"));

        assertThatThrownBy(changelog.changesets(changesets(others))::update)
                .hasRootCauseInstanceOf(ValidationFailedException.class);
    }

    @Test
    void onAnApplicationsConnectionOneWorkerDoesTheWorkAndSaysHowToGetMore() throws Exception {
        changelog
                .onAConnectionOfTheApplication()
                .changesets(changesets(changes("workers=\"4\" chunkSize=\"500\"")))
                .update();

        assertThat(changelog.lines())
                .anyMatch(line -> line.contains("Working with one connection instead of 4"))
                .anyMatch(line -> line.contains("DataSource"));
        assertDone();
    }

    @Test
    void aRegisteredDataSourceGivesTheWorkersTheirConnections() throws Exception {
        Set<String> workers = new TreeSet<>();
        PGSimpleDataSource source = new PGSimpleDataSource() {
            private static final long serialVersionUID = 1L;

            @Override
            public Connection getConnection() throws SQLException {
                Connection connection =
                        DriverManager.getConnection(database.url(), database.username(), database.password());
                workers.add(
                        Integer.toString(connection.unwrap(PGConnection.class).getBackendPID()));
                return connection;
            }
        };
        WorkerDataSource.register(source);

        changelog
                .onAConnectionOfTheApplication()
                .changesets(changesets(changes("workers=\"3\" chunkSize=\"500\"")))
                .update(3);

        assertThat(workers).hasSize(3);
        assertThat(changelog.lines()).noneMatch(line -> line.contains("Working with one connection"));
    }

    @Test
    void aConnectionThatLiquibaseOpenedIsOpenedAgainForEachWorker() throws Exception {
        assertThat(workersThatWrite(changelog)).hasSize(3);
    }

    /** The extension's own settings, and those of Liquibase's command line. */
    @ParameterizedTest
    @ValueSource(strings = {"liquibase.partition", "liquibase.command"})
    void settingsGiveTheWorkersTheirConnections(String prefix) throws Exception {
        Map<String, String> settings = Map.of(
                prefix + ".url", database.url(),
                prefix + ".username", database.username(),
                prefix + ".password", database.password());
        settings.forEach(System::setProperty);
        try {
            assertThat(workersThatWrite(changelog.onAConnectionOfTheApplication()))
                    .hasSize(3);
        } finally {
            settings.keySet().forEach(System::clearProperty);
        }
    }

    /** The sessions that wrote rows of the new table, as a CHECK of it saw them. */
    private Set<String> workersThatWrite(Changelog run) throws Exception {
        run.changesets(changesets(changes("workers=\"3\" chunkSize=\"300\""))).update(2);
        database.execute(
                "CREATE TABLE seen (pid integer, name text)",
                """
                CREATE FUNCTION see() RETURNS bool LANGUAGE plpgsql AS $$
                BEGIN
                  IF current_setting('see.transaction', true) IS DISTINCT FROM pg_current_xact_id()::text THEN
                    PERFORM set_config('see.transaction', pg_current_xact_id()::text, true);
                    INSERT INTO public.seen VALUES (pg_backend_pid(), current_setting('application_name'));
                    PERFORM pg_sleep(0.05);
                  END IF;
                  RETURN true;
                END $$
                """,
                "ALTER TABLE orders_new ADD CONSTRAINT see CHECK (see())");
        run.update(1);
        database.execute("ALTER TABLE orders_new DROP CONSTRAINT see");
        assertThat(database.queryStrings("SELECT DISTINCT name FROM seen"))
                .containsExactly("liquibase-partition chunkedCopy orders");
        return new TreeSet<>(database.queryStrings("SELECT DISTINCT pid FROM seen"));
    }

    private void assertDone() {
        assertThat(database.queryString("SELECT to_regclass('orders_old')")).isNull();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(ROWS);
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("p");
    }
}
