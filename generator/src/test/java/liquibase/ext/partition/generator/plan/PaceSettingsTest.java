package liquibase.ext.partition.generator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.survey.Condition;
import liquibase.ext.partition.generator.config.TableTuning;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Settings that would make a migration wait, or stop, are reported before it begins. */
@ExtendWith(FreshDatabase.class)
class PaceSettingsTest {
    private static final Duration TEN_HOURS = Duration.ofHours(10);

    private static Condition only(TestDatabase database, Map<String, Object> tuning) throws SQLException {
        try (Connection connection = database.connect()) {
            List<Condition> conditions =
                    PaceSettings.read(Session.pinned(connection), new TableTuning(tuning), TEN_HOURS);
            assertThat(conditions).hasSize(1);
            return conditions.get(0);
        }
    }

    @Test
    void nothingIsToldWhereNothingIsSet(TestDatabase database) throws SQLException {
        try (Connection connection = database.connect()) {
            assertThat(PaceSettings.read(
                            Session.pinned(connection),
                            new TableTuning(Map.of("workers", 4L, "chunkTime", "1s")),
                            TEN_HOURS))
                    .isEmpty();
        }
    }

    @Test
    void aLagThatNobodyCouldObserveIsToldWithTheWayOut(TestDatabase database) throws SQLException {
        assertThat(only(database, Map.of("maxReplicaLag", "10s")))
                .isEqualTo(
                        new Condition(
                                "maxReplicaLag",
                                "10s",
                                Condition.Verdict.ADVICE,
                                "Work would wait now: no replica is connected, so its lag cannot be observed (maxReplicaLag). Where there is none, switch it off: LIQUIBASE_PARTITION_MAX_REPLICA_LAG=off."));
    }

    @Test
    void sessionsThatAreNotShownAreToldAsTheyCount(TestDatabase database) throws SQLException {
        String stranger = database.createRole("stranger", "");
        try (Connection other = database.connect();
                Connection another = database.connect();
                Connection connection = database.connect(stranger, stranger)) {
            assertThat(other.isValid(1) && another.isValid(1)).isTrue();
            Condition load = PaceSettings.read(
                            Session.pinned(connection), new TableTuning(Map.of("maxLoad", 1L)), TEN_HOURS)
                    .get(0);
            assertThat(load.verdict()).isEqualTo(Condition.Verdict.ADVICE);
            assertThat(load.sentence()).contains("GRANT pg_monitor to this role");
        }
        assertThat(only(database, Map.of("maxLoad", 100_000L)).verdict()).isEqualTo(Condition.Verdict.OK);
    }

    @Test
    void aQueryThatWouldStopAStepIsToldAndNoneIsRun(TestDatabase database) throws SQLException {
        database.execute("CREATE SEQUENCE seen");

        assertThat(only(database, Map.of("throttleQuery", "SELECT nextval('seen') > 0"))
                        .verdict())
                .isEqualTo(Condition.Verdict.OK);
        assertThat(only(database, Map.of("throttleQuery", "SELECT yes FROM nowhere"))
                        .sentence())
                .startsWith("It cannot be planned, and a step would stop at it: ")
                .contains("nowhere");
        assertThat(only(database, Map.of("throttleQuery", "SELECT true; DROP SEQUENCE seen"))
                        .verdict())
                .isEqualTo(Condition.Verdict.ADVICE);
        assertThat(database.queryString("SELECT is_called FROM seen")).isEqualTo("f");
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(delimiter = '|', textBlock = """
                    window | 22:00-06:00 Europe/Berlin | takes up to 2 such days
                    window | 09:00-10:00 | takes up to 10 such days
                    window | 08:00-20:00 | Nothing tells
                    window | 00:00-24:00 | Nothing tells
                    maxDuration | 50min | takes up to 12 runs of update
                    maxDuration | 600min | Nothing tells
                    """)
    void howOftenAWindowOrALimitHasToComeIsTold(String name, String value, String sentence, TestDatabase database)
            throws SQLException {
        Condition setting = only(database, Map.of(name, value));

        assertThat(setting.sentence()).contains(sentence);
        assertThat(setting.verdict())
                .isEqualTo(sentence.startsWith("Nothing") ? Condition.Verdict.OK : Condition.Verdict.ADVICE);
    }
}
