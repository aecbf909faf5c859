package liquibase.ext.partition.engine.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The server's own messages about the statements of an exchange. */
@ExtendWith(FreshDatabase.class)
class NothingIsReadUnderTheLockTest {
    private TestDatabase database;

    @BeforeEach
    void orders() {
        ExchangeFixture.makeOrders(database, 240);
    }

    /** Runs the statements as a person would, and returns what the server says about those in the transaction. */
    private List<String> messages(ExchangeFixture exchange) throws SQLException {
        List<Sql> before = new ArrayList<>();
        List<Sql> transaction = new ArrayList<>();
        exchange.steps().step("review", (StepRun run) -> {
            var statements = PartitionExchange.reviewStatements(
                    run, exchange.steps().backup().name());
            before.addAll(statements.before());
            transaction.addAll(statements.transaction());
        });
        List<String> messages = new ArrayList<>();
        try (Connection connection = exchange.steps().connect();
                Statement statement = connection.createStatement()) {
            for (Sql sql : before) {
                statement.execute(sql.script());
            }
            statement.execute("SET client_min_messages = debug1");
            connection.setAutoCommit(false);
            for (Sql sql : transaction) {
                statement.clearWarnings();
                statement.execute(sql.script());
                for (SQLWarning it = statement.getWarnings(); it != null; it = it.getNextWarning()) {
                    messages.add(it.getMessage());
                }
            }
            connection.commit();
        }
        return messages;
    }

    @ParameterizedTest
    @CsvSource({
        "orders_default, orders_default, month, 9",
        "orders_202402, orders_202402, day, 30",
        "orders_202401, orders_202403, quarter, 8"
    })
    void everyPartitionIsAttachedBecauseItsChecksImplyItsBoundAndNoIndexIsBuilt(
            String partition, String through, String interval, int attached) throws SQLException {
        ExchangeFixture exchange = partition.endsWith("default")
                ? ExchangeFixture.ofTheDefault(database)
                : ExchangeFixture.of(database, partition, interval, null, null).through(through);
        exchange.throughVerification();

        List<String> messages = messages(exchange);

        assertThat(messages.stream().filter(it -> it.contains("is implied by existing constraints")))
                .hasSizeGreaterThanOrEqualTo(attached);
        assertThat(messages)
                .noneMatch(it -> it.contains("verifying table")
                        || it.contains("building index")
                        || it.contains("rewriting table"));
    }
}
