package liquibase.ext.partition.engine.catalog.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The lists are right for the server that the tests run on: it accepts the options that it should know, and rejects the
 * others.
 */
@ExtendWith(FreshDatabase.class)
class SettableOptionsTest {
    private static final Map<String, Integer> SINCE = Map.of(
            "autovacuum_vacuum_max_threshold", 18, "vacuum_max_eager_freeze_failure_rate", 18, "security_invoker", 15);

    private static final Map<String, String> VALUES = Map.of(
            "fillfactor", "50",
            "toast_tuple_target", "200",
            "autovacuum_freeze_max_age", "200000",
            "autovacuum_multixact_freeze_max_age", "200000",
            "autovacuum_vacuum_cost_limit", "10",
            "check_option", "local");

    private static void assertTaken(TestDatabase database, List<String> options, String statement, String prefix) {
        long version = database.queryLong("SELECT current_setting('server_version_num')::integer / 10000");
        options.stream()
                .filter(option -> SINCE.getOrDefault(option, 0) <= version)
                .forEach(option -> database.execute(
                        "%s (%s%s = %s)".formatted(statement, prefix, option, VALUES.getOrDefault(option, "1"))));
    }

    @Test
    void aPersonCanSetEachOfThem(TestDatabase database) {
        database.execute("CREATE TABLE t (id integer PRIMARY KEY, note text)", "CREATE VIEW v AS SELECT id FROM t");
        assertTaken(database, SettableOptions.TABLE, "ALTER TABLE t SET", "");
        assertTaken(database, SettableOptions.TOAST, "ALTER TABLE t SET", "toast.");
        assertTaken(database, SettableOptions.COLUMN, "ALTER TABLE t ALTER id SET", "");
        assertTaken(database, SettableOptions.BTREE, "ALTER INDEX t_pkey SET", "");
        assertTaken(database, SettableOptions.VIEW, "ALTER VIEW v SET", "");
        assertThat(database.queryStrings(
                        "SELECT split_part(unnest(reloptions), '=', 1) FROM pg_class WHERE relname = 't'"))
                .isSubsetOf(SettableOptions.TABLE);
    }
}
