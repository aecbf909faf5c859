package liquibase.ext.partition.generator.plan;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.pace.Pace;
import liquibase.ext.partition.engine.pace.PaceSetting;
import liquibase.ext.partition.engine.pace.PauseReasons;
import liquibase.ext.partition.engine.pace.WorkingHours;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.survey.Condition;
import liquibase.ext.partition.generator.config.TableTuning;

/** The effect of the settings that slow a table's migration down, in a database as it is now. */
final class PaceSettings {
    /** Plans the query, and reads no row. */
    private static final Sql EXPLAIN = Sql.of("EXPLAIN {query}");

    private static final Sql READ_ONLY = Sql.of("SET TRANSACTION READ ONLY");
    private static final Duration DAY = Duration.ofDays(1);

    private PaceSettings() {}

    /** @param longest the longest that the migration may take; zero if that is not known */
    static List<Condition> read(Session session, TableTuning tuning, Duration longest) throws SQLException {
        GivenPace given = tuning.pace();
        Pace pace = given.pace();
        List<Condition> conditions = new ArrayList<>();
        if (pace.maxReplicaLag().isPresent()) {
            conditions.add(now(
                    PaceSetting.MAX_REPLICA_LAG,
                    given,
                    PauseReasons.lag(session, pace.maxReplicaLag().get()).orElse(null),
                    "Every replica is seen, and none is further behind.",
                    " Where there is none, switch it off: LIQUIBASE_PARTITION_MAX_REPLICA_LAG=off."));
        }
        if (pace.maxLoad().isPresent()) {
            conditions.add(now(
                    PaceSetting.MAX_LOAD,
                    given,
                    PauseReasons.load(session, pace.maxLoad().get()).orElse(null),
                    "No more sessions are active now.",
                    ""));
        }
        if (pace.throttleQuery().isPresent()) {
            conditions.add(query(session, pace.throttleQuery().get()));
        }
        pace.window().ifPresent(hours -> conditions.add(window(hours, longest)));
        pace.maxDuration()
                .ifPresent(limit -> conditions.add(
                        limit(limit, given.text(PaceSetting.MAX_DURATION).orElseThrow(), longest)));
        return conditions;
    }

    /** @param reason why work would wait now; null if it would not */
    private static Condition now(PaceSetting setting, GivenPace given, String reason, String otherwise, String remedy) {
        return new Condition(
                setting.settingName(),
                given.text(setting).orElseThrow(),
                reason == null ? Condition.Verdict.OK : Condition.Verdict.ADVICE,
                reason == null ? otherwise : "Work would wait now: %s.%s".formatted(reason, remedy));
    }

    private static Condition query(Session session, String query) throws SQLException {
        try {
            session.onCallersPath(() -> {
                session.update(READ_ONLY);
                return session.queryStrings(EXPLAIN.with("query", Sql.raw(query)));
            });
            return new Condition(
                    PaceSetting.THROTTLE_QUERY.settingName(),
                    "set",
                    Condition.Verdict.OK,
                    "It can be planned; it was not run.");
        } catch (SQLException e) {
            if (e.getSQLState() == null || e.getSQLState().startsWith("08")) {
                throw e;
            }
            return new Condition(
                    PaceSetting.THROTTLE_QUERY.settingName(),
                    "set",
                    Condition.Verdict.ADVICE,
                    "It cannot be planned, and a step would stop at it: %s. Correct it.".formatted(e.getMessage()));
        }
    }

    private static Condition window(WorkingHours hours, Duration longest) {
        Duration open = Duration.between(hours.from(), hours.until());
        Duration daily = open.isZero() || open.isNegative() ? open.plus(DAY) : open;
        long days = daily.equals(DAY) ? 1 : times(longest, daily);
        return reckoned(
                PaceSetting.WINDOW.settingName(),
                hours.toString(),
                days,
                "What is reckoned takes up to %,d such days. In between update waits, and other deploys wait for DATABASECHANGELOGLOCK; maxDuration ends it.");
    }

    private static Condition limit(Duration limit, String text, Duration longest) {
        return reckoned(
                PaceSetting.MAX_DURATION.settingName(),
                text,
                times(longest, limit),
                "What is reckoned takes up to %,d runs of update. A comparison is done to its end once it is begun, and may take longer than one.");
    }

    private static Condition reckoned(String name, String value, long times, String sentence) {
        return times > 1
                ? new Condition(name, value, Condition.Verdict.ADVICE, sentence.formatted(times))
                : new Condition(name, value, Condition.Verdict.OK, "Nothing tells that it is too short.");
    }

    private static long times(Duration work, Duration each) {
        return (work.toMillis() + each.toMillis() - 1) / each.toMillis();
    }
}
