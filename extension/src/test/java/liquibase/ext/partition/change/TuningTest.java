package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import liquibase.Scope;
import liquibase.change.Change;
import liquibase.change.ChangeFactory;
import liquibase.change.ChangeMetaData;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.pace.TimeIsUp;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The tuning of a migration may change at any time: in the changelog, and for a run. */
@ExtendWith(FreshChangelog.class)
class TuningTest {
    private static final String KEY = "tableName=\"orders\" keyColumns=\"id\" ";
    private static final String PACE = """
            pauseBetweenChunks="1ms" maxReplicaLag="off" maxLoad="1000" throttleQuery="SELECT false" window="00:00-24:00"
            """;
    private static final String OTHER_PACE = """
            pauseBetweenChunks="2ms" maxLoad="2000" throttleQuery="SELECT 1 = 2" window="0:00-24:00 Asia/Tokyo" maxDuration="30min"
            """;

    private TestDatabase database;
    private Changelog changelog;

    @BeforeEach
    void orders() {
        database.execute("""
                CREATE TABLE orders (id bigint PRIMARY KEY, filler text DEFAULT repeat('x', 200), created_at timestamptz NOT NULL)
                """, """
                INSERT INTO orders (id, created_at)
                SELECT i, timestamptz '2024-01-01 00:00+00' + i % 60 * interval '1 day' FROM generate_series(1, 2000) AS i
                """, "ANALYZE orders");
    }

    /** @param tuning the tuning by the name of the change; a change that is missing has none */
    private static String changesets(Map<String, String> tuning) {
        Map<String, String> changes = new TreeMap<>();
        changes.put(
                "createPartitionedTable",
                "tableName=\"orders\" partitionColumns=\"created_at\" from=\"2024-01\" until=\"2024-03\" ");
        changes.put("buildIndexes", "tableName=\"orders\" ");
        return List.of(
                        "createPartitionedTable",
                        "captureChanges",
                        "chunkedCopy",
                        "buildIndexes",
                        "replayChanges",
                        "verifyCopy",
                        "lockedSwap")
                .stream()
                .map(change -> Changelog.changeset(
                        change, change + " " + changes.getOrDefault(change, KEY) + tuning.getOrDefault(change, "")))
                .collect(Collectors.joining());
    }

    private static final Map<String, String> FIRST = Map.of(
            "captureChanges",
            "lockTimeout=\"500ms\" lockAttempts=\"20\"",
            "chunkedCopy",
            "chunkSize=\"100\" chunkTime=\"1s\" workers=\"1\" maxDuration=\"1ms\" restart=\"\" " + PACE,
            "buildIndexes",
            "workers=\"1\" restart=\"\" " + PACE,
            "replayChanges",
            "batchSize=\"1000\" chunkTime=\"1s\" restart=\"\" " + PACE,
            "verifyCopy",
            "chunkSize=\"500\" chunkTime=\"1s\" workers=\"1\" restart=\"\" maxDefaultShare=\"5%\" " + PACE,
            "lockedSwap",
            "lockTimeout=\"500ms\" lockAttempts=\"20\" maxDrainRows=\"100\" waitForOldTransactions=\"1min\" onOldTransactions=\"stop\" acceptTriggers=\"a\" maxDefaultShare=\"5%\"");

    private static final Map<String, String> SECOND = Map.of(
            "captureChanges",
            "lockTimeout=\"600ms\" lockAttempts=\"30\"",
            "chunkedCopy",
            "chunkSize=\"300\" chunkTime=\"500ms\" workers=\"2\" restart=\"payments\" " + OTHER_PACE,
            "buildIndexes",
            "workers=\"2\" restart=\"payments\" " + OTHER_PACE,
            "replayChanges",
            "batchSize=\"2000\" chunkTime=\"500ms\" restart=\"payments\" " + OTHER_PACE,
            "verifyCopy",
            "chunkSize=\"900\" chunkTime=\"500ms\" workers=\"2\" restart=\"payments\" maxDefaultShare=\"60%\" "
                    + OTHER_PACE,
            "lockedSwap",
            "lockTimeout=\"600ms\" lockAttempts=\"30\" maxDrainRows=\"200\" waitForOldTransactions=\"2min\" onOldTransactions=\"goOn\" acceptTriggers=\"a,b\" maxDefaultShare=\"60%\"");

    @Test
    void everyOneMayBeChangedOnAHalfDoneMigrationAndOnADoneOne() throws Exception {
        assertThatThrownBy(changelog.changesets(changesets(FIRST))::update)
                .hasRootCauseInstanceOf(TimeIsUp.class)
                .hasMessageContaining("Run update again");
        assertThat(changelog.recorded()).endsWith("captureChanges");
        assertThat(phase()).isEqualTo("copying");

        changelog.changesets(changesets(SECOND)).update();
        assertThat(changelog.recorded()).endsWith("lockedSwap").hasSize(7);
        assertThat(phase()).isEqualTo("swapped");

        changelog.changesets(changesets(FIRST)).update();
        changelog.changesets(changesets(Map.of())).update();
        assertThat(changelog.recorded()).hasSize(7);

        changelog.changesets(changesets(FIRST)).rollback(7);
        assertThat(changelog.recorded()).isEmpty();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(2_000);
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("r");
    }

    static List<Change> changes() {
        return XsdTest.changes().toList();
    }

    /** Ensures that the journey above has left none out. */
    @ParameterizedTest
    @MethodSource("changes")
    void noneIsPartOfTheChecksum(Change change) {
        ChangeMetaData metaData =
                Scope.getCurrentScope().getSingleton(ChangeFactory.class).getChangeMetaData(change);
        String none = change.generateCheckSum().toString();

        for (TuningAttribute attribute : ((PartitionChange) change).tuningAttributes()) {
            String name = attribute.attributeName();
            metaData.getParameters().get(name).setValue(change, "1s");
            assertThat(change.getSerializableFieldValue(name)).isEqualTo("1s");
            assertThat(change.generateCheckSum().toString()).as(name).isEqualTo(none);
            if (FIRST.containsKey(metaData.getName())) {
                assertThat(FIRST.get(metaData.getName()) + OTHER_PACE)
                        .as("the journey of " + metaData.getName())
                        .contains(name + "=");
            }
        }
    }

    @Test
    void aRunSetsForAllItsStepsWhatTheirChangelogSaysOtherwise() throws Exception {
        // There is no replica to observe, so by itself the copy would wait for ever.
        String waiting = changesets(Map.of("chunkedCopy", "maxReplicaLag=\"10s\" maxDuration=\"30min\""));
        changelog
                .changesets(waiting)
                .setting("liquibase.partition.maxReplicaLag", "off")
                .setting("liquibase.partition.maxDuration", "1ms");
        assertThatThrownBy(changelog::update)
                .hasRootCauseInstanceOf(TimeIsUp.class)
                .hasMessageContaining("Run update again");
        assertThat(phase()).isEqualTo("copying");

        changelog.setting("liquibase.partition.maxDuration", "20");
        assertThatThrownBy(changelog::update)
                .hasMessageContaining("liquibase.partition.maxDuration is <20>; write a number and ms, s or min");

        changelog
                .setting("liquibase.partition.maxDuration", "off")
                .setting("liquibase.partition.maxDefaultShare", "7%")
                .update();
        assertThat(database.queryString("SELECT max_default_share::text FROM partition_migration"))
                .isEqualTo("7");
        assertThat(phase()).isEqualTo("swapped");
    }

    /** A pipeline's limit applies to the run, whatever came before the copy. */
    @Test
    void maxDurationCountsFromTheBeginningOfTheRun() throws Exception {
        String slow = """
                <changeSet id="slow" author="test"><sql>SELECT pg_sleep(2.5)</sql><rollback/></changeSet>
                """;
        changelog.changesets(changesets(Map.of())).update(2);
        String copy = changesets(Map.of("chunkedCopy", "maxDuration=\"2s\""));

        assertThatThrownBy(changelog.changesets(slow + copy)::update).hasRootCauseInstanceOf(TimeIsUp.class);

        assertThat(changelog.recorded()).endsWith("slow");
        assertThat(database.queryLong("SELECT count(*) FROM partition_chunk")).isZero();
    }

    private String phase() {
        return database.queryString("SELECT phase FROM partition_migration");
    }
}
