package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@ExtendWith(FreshDatabase.class)
class BackupVerifiedTest {

    @ParameterizedTest
    @MethodSource("liquibase.ext.partition.endtoend.LiquibaseCli#versions")
    void theBackupStaysWhereARowOfTheLiveTableWasChangedBehindTheBackOfCapture(String version, TestDatabase database) {
        Scenario orders = Scenario.named("orders");
        orders.prepare(database);
        LiquibaseCli liquibase =
                LiquibaseCli.version(version).changelog(orders.changelog()).database(database);
        liquibase.update("-DswapApproved=orders").requireSuccess();
        database.execute(
                "ALTER TABLE orders DISABLE TRIGGER USER",
                "UPDATE orders SET amount = amount + 1 WHERE id = 4711",
                "ALTER TABLE orders ENABLE TRIGGER USER",
                "ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_capture",
                "ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_no_truncate");

        CliResult drop = liquibase.update("-DdropApproved=orders").requireFailure();

        assertThat(drop.output()).contains("4711").contains("The backup stays");
        assertThat(database.queryLong("SELECT count(*) FROM orders_old")).isEqualTo(8471);
        assertThat(database.queryStrings("SELECT id FROM databasechangelog WHERE id = 'orders-drop'"))
                .isEmpty();

        database.execute("UPDATE orders SET amount = amount - 1 WHERE id = 4711");
        liquibase.update("-DdropApproved=orders").requireSuccess();
        assertThat(database.queryString("SELECT to_regclass('orders_old')")).isNull();
    }
}
