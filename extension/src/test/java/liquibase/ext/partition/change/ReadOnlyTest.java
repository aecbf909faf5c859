package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import liquibase.ext.partition.testing.DatabaseListing;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The database takes no writes for a while, as when a disk is nearly full or a failover is prepared. */
@ExtendWith(FreshChangelog.class)
class ReadOnlyTest {
    private TestDatabase database;
    private Changelog changelog;

    @Test
    void aMigrationThatStoppedIsTakenBackOrGoesOnAsSoonAsTheServerWritesAgain() throws Exception {
        changelog.generated("orders", "");
        changelog.update(1);
        List<String> before = DatabaseListing.of(database);
        String readOnly = "ALTER DATABASE %s SET default_transaction_read_only = on".formatted(database.name());
        String writing =
                "SET default_transaction_read_only = off; ALTER DATABASE %s RESET default_transaction_read_only"
                        .formatted(database.name());
        changelog.setting("liquibase.partition.giveUpAfter", "1s").update(2);

        for (boolean takenBack : new boolean[] {true, false}) {
            // Applies from the next connection on, which includes the workers'.
            changelog.beforeNextRun(readOnly);
            assertThatThrownBy(changelog::update).hasMessageContaining("the server has taken no writes for 1 s");
            assertThat(changelog.recorded()).last().isEqualTo("orders-capture");
            List<String> rows = database.queryStrings("SELECT t::text FROM orders AS t ORDER BY 1");

            database.execute(writing.split("; "));
            // Does what release-locks does: a server that takes no writes did not release the lock either.
            database.execute("UPDATE databasechangeloglock SET locked = false, lockgranted = NULL, lockedby = NULL");
            if (takenBack) {
                changelog.rollback("orders-before");
                DatabaseListing.assertIsStill(before, database);
                changelog.update(3);
            } else {
                changelog.parameter("swapApproved", "orders").update();
                assertThat(changelog.recorded()).last().isEqualTo("orders-swapped");
            }
            assertThat(database.queryStrings("SELECT t::text FROM orders AS t ORDER BY 1"))
                    .isEqualTo(rows);
        }
    }
}
