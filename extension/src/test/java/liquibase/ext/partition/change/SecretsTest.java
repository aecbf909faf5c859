package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import liquibase.Scope;
import liquibase.exception.LiquibaseException;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Secrets appear in no line, message or log record of the finest level, nor in what the server shows. */
@ExtendWith(FreshChangelog.class)
class SecretsTest {
    private static final String KEY = "tableName=\"orders\" keyColumns=\"id\" ";

    private final Set<String> seen = Collections.synchronizedSet(new HashSet<>());

    private TestDatabase database;
    private Changelog changelog;

    /** Remembers everything that is logged in this JVM, at the finest level. */
    private final Handler everything = new Handler() {
        @Override
        public void publish(LogRecord logged) {
            seen.add(String.valueOf(logged.getMessage()));
            for (Throwable cause = logged.getThrown(); cause != null; cause = cause.getCause()) {
                seen.add(String.valueOf(cause));
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    private void listening(Runnable work) {
        Logger root = Logger.getLogger("");
        Logger liquibase = Logger.getLogger("liquibase");
        Level before = liquibase.getLevel();
        everything.setLevel(Level.ALL);
        root.addHandler(everything);
        liquibase.setLevel(Level.ALL);
        try {
            work.run();
        } finally {
            liquibase.setLevel(before);
            root.removeHandler(everything);
        }
    }

    private void remember(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            seen.add(String.valueOf(cause));
        }
    }

    private static String throughTheSwap(String copy) {
        return Changelog.changeset(
                        "prepare",
                        "createPartitionedTable tableName=\"orders\" partitionColumns=\"created_at\" from=\"2024-01\" until=\"2024-03\"")
                + Changelog.changeset("capture", "captureChanges " + KEY)
                + Changelog.changeset("copy", "chunkedCopy " + KEY + copy)
                + Changelog.changeset("index", "buildIndexes tableName=\"orders\"")
                + Changelog.changeset("replay", "replayChanges " + KEY)
                + Changelog.changeset("verify", "verifyCopy " + KEY)
                + Changelog.changeset("swap", "lockedSwap " + KEY);
    }

    @Test
    void noPasswordAndNoRowIsToldByARunNorByOneWhoseWorkersCannotConnect() throws Exception {
        String role = database.createRole("S3cretRole", "");
        String quoted = '"' + role + '"';
        database.execute(
                "GRANT CREATE ON SCHEMA public TO " + quoted,
                "CREATE TABLE orders (id text PRIMARY KEY, note text, created_at timestamptz NOT NULL)",
                "ALTER TABLE orders OWNER TO " + quoted,
                "INSERT INTO orders SELECT 'thekey' || i, 'thenote', timestamptz '2024-01-01 00:00+00' + i * interval '1 hour'"
                        + " FROM generate_series(1, 1000) AS i",
                "ALTER ROLE %s PASSWORD 'thepassword'".formatted(quoted));
        changelog
                .as(role, "thepassword")
                .changesets(throughTheSwap("chunkSize=\"100\" workers=\"2\" throttleQuery=\"SELECT false\""));

        listening(() -> {
            try {
                changelog.update(3);
                // Workers' own settings that cannot work: a wrong password, a URL that cannot be read.
                changelog.rollback(1);
                for (String url :
                        new String[] {database.url(), "jdbc:postgresql://localhost:port/x?user=u&password=thepassword"
                        }) {
                    Scope.child(
                            Map.of(
                                    "liquibase.partition.url", url,
                                    "liquibase.partition.username", role,
                                    "liquibase.partition.password", "thepassword but wrong"),
                            () -> changelog.update(1));
                    changelog.rollback(1);
                }
                database.execute("UPDATE orders SET note = 'thenote too' WHERE id LIKE '%7'");
                changelog.update();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });

        assertThat(changelog.lines()).anyMatch(line -> line.contains("Opened 0 of 2 worker connections"));
        seen.addAll(changelog.lines());
        seen.addAll(
                database.queryStrings(
                        "SELECT concat_ws(' ', usename, application_name, query) FROM pg_stat_activity WHERE datname = current_database()"));
        assertThat(seen).hasSizeGreaterThan(50);
        assertThat(seen).noneMatch(text -> text.contains("thepassword"));
        assertThat(seen)
                .filteredOn(
                        text -> !text.contains("INSERT INTO orders SELECT") && !text.contains("UPDATE orders SET note"))
                .as("rows")
                .noneMatch(text -> text.contains("thekey") || text.contains("thenote"));
    }

    /** The keys are needed to find the rows; values of other columns are not. */
    @Test
    void keysAreToldWhereRowsDifferAndNothingElseOfThem() throws Exception {
        database.execute(
                "CREATE TABLE orders (id text PRIMARY KEY, note text, created_at timestamptz NOT NULL)",
                "INSERT INTO orders SELECT 'thekey' || i, 'thenote', timestamptz '2024-01-01 00:00+00' FROM generate_series(1, 100) AS i");
        changelog.changesets(throughTheSwap(""));

        listening(() -> {
            try {
                changelog.update(5);
                database.execute("UPDATE orders_new SET note = 'thenote but other' WHERE id = 'thekey5'");
                changelog.update();
                throw new AssertionError("It did not find the difference");
            } catch (LiquibaseException e) {
                remember(e);
            }
        });

        seen.addAll(changelog.lines());
        assertThat(seen).anyMatch(text -> text.contains("thekey5 (not the same in public.orders_new)"));
        assertThat(seen).noneMatch(text -> text.contains("thenote"));
    }
}
