package liquibase.ext.partition.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(FreshDatabase.class)
class TestServerTest {

    @Test
    void refusesAnUnknownChoiceAndNamesTheKnownOnes() {
        assertThatThrownBy(() -> TestServer.chosenBy("oracle"))
                .hasMessageContainingAll("pg=oracle", "embedded", "testcontainers", "jdbc:postgresql:");
    }

    @Test
    void failsWhenTheServerAskedForIsNotThere() {
        assertThatThrownBy(() -> TestServer.chosenBy("jdbc:postgresql://localhost:1/postgres?user=me&password=secret"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("No test can run")
                .hasMessageContaining("localhost:1")
                .hasMessageNotContaining("secret");
    }

    @Test
    void asksForAUserInTheUrl() {
        assertThatThrownBy(() -> TestServer.chosenBy("jdbc:postgresql://localhost/postgres"))
                .hasMessageContaining("names no user");
    }

    @Test
    void usesAnExistingServerByItsUrl(TestDatabase database) throws Exception {
        String user = "user=%s&password=%s&".formatted(database.username(), database.password());
        String url =
                database.url().contains("?") ? database.url().replace("?", "?" + user) : database.url() + "?" + user;

        TestServer server = TestServer.chosenBy(url + "ApplicationName=existing");

        try (TestDatabase another = server.newDatabase()) {
            assertThat(another.queryString("SELECT current_database()")).isEqualTo(another.name());
            assertThat(another.queryString("SHOW application_name")).isEqualTo("existing");
        }
    }

    @Test
    void givesEachTestAnEmptyDatabaseAndDropsItWithItsRolesWhoeverIsConnected() throws Exception {
        TestDatabase database = TestDatabase.create();
        String role = database.createRole("reader", "");
        database.execute("CREATE TABLE t AS SELECT 1 AS a", "GRANT SELECT ON t TO " + role);
        try (Connection reader = database.connect(role, role)) {
            assertThat(reader.isValid(1)).isTrue();

            database.close();

            assertThat(reader.isValid(1)).isFalse();
        }
        try (TestDatabase other = TestDatabase.create()) {
            assertThat(other.queryLong("SELECT count(*) FROM pg_database WHERE datname = ?", database.name()))
                    .isZero();
            assertThat(other.queryLong("SELECT count(*) FROM pg_roles WHERE rolname = ?", role))
                    .isZero();
            assertThat(other.queryLong("SELECT count(*) FROM pg_class WHERE relname = 't'"))
                    .isZero();
        }
    }

    @Test
    void showsTheStatementThatFailed(TestDatabase database) {
        assertThatThrownBy(() -> database.execute("SELECT nothing FROM nowhere"))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("SELECT nothing FROM nowhere");
        assertThat(database.queryRows("SELECT 1, NULL, 'x' UNION ALL SELECT 2, 'y', 'z' ORDER BY 1"))
                .hasToString("[[1, null, x], [2, y, z]]");
    }
}
