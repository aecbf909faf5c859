package liquibase.ext.partition.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.swap.ChildGaps;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Objects on a table that routes by triggers are named for as long as its children lack them. */
@ExtendWith(FreshDatabase.class)
class ChildGapsTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void makeOrders() {
        orders = OrdersToRoute.in(database);
    }

    @Test
    void whatIsMadeOnTheTableAloneIsNamedUntilTheChildrenHaveItAsItSays() throws Exception {
        database.execute(
                "CREATE TABLE states (status text PRIMARY KEY)",
                "INSERT INTO states VALUES ('new'), ('x')",
                "ALTER TABLE orders ADD CONSTRAINT of_state FOREIGN KEY (status) REFERENCES states",
                "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
                "CREATE TRIGGER noted BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION noted()");
        orders.throughSwap();
        assertThat(gaps()).isEmpty();
        database.execute(
                "CREATE UNIQUE INDEX \"by ON public.orders USING\" ON orders (lower(status), id DESC) WHERE amount > 1000000",
                "ALTER TABLE orders ADD FOREIGN KEY (status) REFERENCES states ON DELETE CASCADE",
                "CREATE TRIGGER later AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION noted()");

        List<String> gaps = gaps();
        assertThat(gaps)
                .satisfiesExactly(
                        gap -> assertThat(gap)
                                .startsWith(
                                        "foreign key orders_status_fkey of public.orders enforces nothing: rows are in its children, of which 7 lack it (public.orders_202401, "),
                        gap -> assertThat(gap)
                                .startsWith("trigger later of public.orders does not fire for UPDATE or DELETE: "),
                        gap -> assertThat(gap)
                                .startsWith(
                                        "unique index \"by ON public.orders USING\" of public.orders enforces nothing: ")
                                .contains(
                                        "CREATE UNIQUE INDEX ON public.orders_default USING btree (lower(status), id DESC) WHERE (amount > (1000000)::numeric)"));
        orders.dropBackup();
        assertThat(orders.lines()).contains("dropBackup: " + gaps.get(0));

        for (String gap : gaps) {
            int statements =
                    gap.indexOf("Make it there, too, or drop it.") + "Make it there, too, or drop it.".length();
            database.execute(gap.substring(statements));
        }
        database.execute("DROP TRIGGER later ON orders");
        assertThat(gaps()).isEmpty();
    }

    private List<String> gaps() throws SQLException {
        List<String> gaps = new ArrayList<>();
        orders.step(
                "partition-status",
                run -> gaps.addAll(ChildGaps.of(
                        run.session(), run.migrations().find(run.source()).orElseThrow())));
        return gaps;
    }
}
