package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import liquibase.ext.partition.testing.DatabaseListing;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The backup is dropped, and somebody wants to go back. */
@ExtendWith(FreshChangelog.class)
class AfterTheDropTest {
    private TestDatabase database;
    private Changelog changelog;

    @BeforeEach
    void orders() {
        changelog.generated("orders", "");
    }

    @Test
    void aRollbackRefusesAtTheDropAndLeavesAllThatRanBeforeIt() throws Exception {
        changelog.parameter("swapApproved", "orders").parameter("dropApproved", "orders");
        changelog.update();
        List<String> listing = DatabaseListing.of(database);
        List<String> recorded = changelog.recorded();
        assertThat(recorded).last().isEqualTo("orders-drop");

        for (String tag : List.of("orders-swapped", "orders-before-swap", "orders-before")) {
            assertThatThrownBy(() -> changelog.rollback(tag))
                    .hasMessageContaining("The backup of public.orders was dropped, and only a restore brings it back")
                    .hasMessageContaining("The partitioned table is untouched")
                    .hasMessageContaining("rollback-count or a tag after orders-drop");
        }
        assertThatThrownBy(() -> changelog.rollbackSql("orders-before"))
                .hasMessageContaining("The backup of public.orders was dropped");

        DatabaseListing.assertIsStill(listing, database);
        assertThat(changelog.recorded()).isEqualTo(recorded);
        database.execute("INSERT INTO orders (customer, amount, created_at) VALUES (1, 1, now())");
        changelog.update();
    }

    /** No changeset is pending then that would look at the parameters. */
    @Test
    void whoWantsTheSwapTakenBackOrTheCopyStartedOverIsToldThatThereIsNothingToGoBackTo() throws Exception {
        changelog.parameter("swapApproved", "orders").parameter("dropApproved", "orders");
        changelog.update();

        assertThatThrownBy(() -> changelog.parameter("swapBack", "orders").update())
                .hasMessageContaining("The backup of public.orders has been dropped, so the swap cannot be taken back")
                .hasMessageContaining("Nothing was changed; the partitioned table goes on. Leave out swapBack.");
        // Other swaps may be taken back.
        changelog.parameter("swapBack", "all").update();
        assertThat(changelog.lines())
                .filteredOn(line -> line.startsWith("The backup of public.orders has been dropped"))
                .hasSize(1);

        changelog.parameter("swapBack", "").parameter("restartCopy", "orders").update();
        assertThat(changelog.lines())
                .containsOnlyOnce(
                        "public.orders is swapped already, so its copy is not started over. Its backup is dropped, so there is nothing to copy from. Leave out restartCopy.");
    }

    /** Liquibase goes backwards, one changeset after the other, and asks ours only when it reaches it. */
    @Test
    void whatRanAfterTheDropIsUndoneFirstAndByItselfIsAllThatIs() throws Exception {
        changelog.parameter("swapApproved", "orders").parameter("dropApproved", "orders");
        changelog.and("""
                <changeSet id="invoices" author="test"><createTable tableName="invoices"><column name="id" type="int"/></createTable></changeSet>
                """);
        changelog.update();

        changelog.rollback(1);
        assertThat(changelog.recorded()).last().isEqualTo("orders-drop");
        changelog.update();
        assertThat(changelog.recorded()).last().isEqualTo("invoices");

        assertThatThrownBy(() -> changelog.rollback("orders-before")).hasMessageContaining("was dropped");
        assertThat(changelog.recorded()).last().isEqualTo("orders-drop");
        assertThat(database.queryString("SELECT to_regclass('invoices')")).isNull();
        changelog.update();
        assertThat(changelog.recorded()).last().isEqualTo("invoices");
    }
}
