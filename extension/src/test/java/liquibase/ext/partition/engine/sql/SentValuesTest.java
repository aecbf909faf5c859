package liquibase.ext.partition.engine.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(FreshDatabase.class)
class SentValuesTest {
    /** The printed statement and the executed one must mean the same to the server. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "plain",
                "it's",
                "back\\slash",
                "\\'",
                "? ?? {fn now()} $1 :x",
                "\"",
                "☃",
                "E'",
                "a\nb",
                "--",
                "/*"
            })
    void aValueArrivesAsItIsHoweverItIsSent(String value, TestDatabase database) throws SQLException {
        for (String conforming : List.of("on", "off")) {
            try (var connection = database.connect();
                    var statement = connection.createStatement()) {
                statement.execute("SET standard_conforming_strings = " + conforming);
                statement.execute("SET escape_string_warning = off");
                Session session = Session.pinned(connection);
                Sql sql = Sql.of("SELECT {value}::text AS {name}")
                        .with("value", value)
                        .with("name", new Identifier(value));
                assertThat(session.queryStrings(sql)).containsExactly(value);
                assertThat(session.queryStrings(Sql.raw(sql.script()))).containsExactly(value);
                assertThat(session.queryStrings(Sql.of("SELECT {literal}").with("literal", Sql.literal(value))))
                        .containsExactly(value);
                assertThat(session.queryStrings(
                                Sql.of("SELECT unnest({values})").with("values", new String[] {value, "second"})))
                        .containsExactly(value, "second");
            }
        }
    }
}
