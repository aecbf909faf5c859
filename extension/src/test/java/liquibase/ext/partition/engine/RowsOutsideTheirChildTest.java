package liquibase.ext.partition.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.swap.CatchUp;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** With {@code routing: trigger}, rows that are in no child, or in another than their own, are lost in no step. */
@ExtendWith(FreshDatabase.class)
class RowsOutsideTheirChildTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void makeOrders() {
        orders = OrdersToRoute.in(database);
    }

    /** All triggers of the table itself, except those that capture. */
    private static final String DO_NOT_ROUTE = """
            DO $$
            DECLARE
              name name;
            BEGIN
              FOR name IN SELECT tgname FROM pg_trigger
                          WHERE tgrelid = 'orders'::regclass AND NOT tgisinternal AND tgname NOT LIKE 'orders\\_delta\\_%' LOOP
                EXECUTE format('ALTER TABLE orders DISABLE TRIGGER %I', name);
              END LOOP;
            END $$""";

    @Test
    void whatIsWrittenToRowsThatAreLeftInTheTableItselfGoesBackAndComesAgain() throws Exception {
        orders.throughSwap();
        database.execute(
                DO_NOT_ROUTE,
                "INSERT INTO orders (id, status, created_at) VALUES (9001, 'own', '2024-03-05'), (9002, 'own', '2024-03-05'), (9003, 'own', 'infinity')",
                "DELETE FROM orders WHERE id = 7");
        orders.step("update", run -> CatchUp.run(run, CatchUp.DEFAULT_TIME, GivenPace.NOTHING));
        assertThat(database.queryLong("SELECT count(*) FROM orders_old WHERE id > 9000"))
                .isEqualTo(3);
        database.execute(
                "INSERT INTO orders (id, status, created_at) VALUES (7, 'own', '2024-05-05')",
                "UPDATE orders SET created_at = '2024-04-05' WHERE id = 9001",
                "DELETE FROM orders WHERE id = 9002");
        assertThat(database.queryLong("SELECT count(*) FROM ONLY orders")).isEqualTo(3);
        List<String> before = orders.rows();

        orders.reverseSwap();
        assertThat(orders.rows()).isEqualTo(before);
        assertThat(orders.lines()).noneMatch(line -> line.contains("compared with its backup"));

        database.execute("UPDATE orders SET status = 'again' WHERE id IN (7, 8)", "DELETE FROM orders WHERE id = 9003");
        before = orders.rows();
        orders.verify().swap();
        assertThat(orders.rows()).isEqualTo(before);
        orders.dropBackup();
        assertThat(orders.rows()).isEqualTo(before);
    }

    @Test
    void aRowIsCapturedOnceWhereItIsRoutedAndWhereItIsNot() throws Exception {
        orders.throughSwap();
        database.execute(
                "INSERT INTO orders (id, status, created_at) VALUES (9001, 'x', '2024-03-05'), (9002, 'x', 'infinity')");
        assertThat(orders.deltaRows()).isEqualTo(2);
        database.execute(
                DO_NOT_ROUTE,
                "INSERT INTO orders (id, status, created_at) VALUES (9003, 'x', '2024-03-05')",
                "UPDATE orders SET created_at = '2024-04-05' WHERE id = 9003",
                "DELETE FROM orders WHERE id = 9003");
        assertThat(database.queryStrings(
                        "SELECT id || ' ' || to_char(created_at, 'MM') FROM orders_delta WHERE id = 9003"))
                .containsExactlyInAnyOrder("9003 03", "9003 03", "9003 04", "9003 04");
    }

    @Test
    void rowsThatWereLoadedIntoTheTableItselfWithItsTriggersOffStopTheRollbackUntilTheyAreCapturedAsAdvised()
            throws Exception {
        loadWithTriggersOff();

        captureAgainAsAdvised(catchThrowable(orders::reverseSwap));
        Throwable refused = catchThrowable(orders::reverseSwap);
        assertThat(refused)
                .hasMessageContaining("differ in 2 rows that were written while a trigger was disabled")
                .hasMessageContaining("9001 (in public.orders, not in public.orders_old)");
        database.execute(
                MigrationFixture.advised(
                        refused,
                        "public.orders has rows of its own, outside of its children. Where these are right, have them captured:"));
        List<String> before = orders.rows();
        orders.reverseSwap();

        assertThat(orders.rows()).isEqualTo(before);
    }

    @Test
    void rowsThatWereLoadedIntoTheTableItselfWithItsTriggersOffStopTheDropUntilTheyAreCapturedAsAdvised()
            throws Exception {
        loadWithTriggersOff();

        captureAgainAsAdvised(catchThrowable(orders::dropBackup));
        Throwable refused = catchThrowable(orders::dropBackup);
        assertThat(refused).hasMessageContaining("9002 (in public.orders, not in public.orders_old)");
        database.execute(
                MigrationFixture.advised(
                        refused,
                        "public.orders has rows of its own, outside of its children. Where these are right, have them captured:"));
        List<String> before = orders.rows();
        orders.dropBackup();

        assertThat(orders.rows()).isEqualTo(before);
    }

    private void captureAgainAsAdvised(Throwable refused) {
        assertThat(refused).hasMessageContaining("a trigger of public.orders_delta is missing or disabled");
        String enable = "compares the table with its backup: ";
        String message = refused.getMessage();
        database.execute(
                message.substring(message.indexOf(enable) + enable.length()).split("; "));
    }

    private void loadWithTriggersOff() throws SQLException {
        orders.throughSwap();
        database.execute(
                "ALTER TABLE orders DISABLE TRIGGER USER",
                "INSERT INTO orders (id, status, created_at) VALUES (9001, 'own', '2024-03-05'), (9002, 'own', 'infinity')");
    }

    @Test
    void rowsThatWereLoadedIntoTheTableItselfGoToTheirChildrenWithAnUpdateOfTheTableAlone() throws Exception {
        orders.throughSwap();
        database.execute(
                "ALTER TABLE orders DISABLE TRIGGER USER",
                "INSERT INTO orders (id, status, created_at) VALUES (9001, 'own', '2024-03-05'), (9002, 'own', 'infinity')",
                "ALTER TABLE orders ENABLE TRIGGER USER");

        database.execute("UPDATE ONLY orders SET id = id");

        assertThat(database.queryRows(
                        "SELECT tableoid::regclass::text, id::text FROM orders WHERE id > 9000 ORDER BY 2"))
                .containsExactly(List.of("orders_202403", "9001"), List.of("orders_default", "9002"));
    }

    @Test
    void rowsThatWereWrittenWhileAMonthWasOutGoBackOnceItIsPutBackAsAdvised() throws Exception {
        orders.throughSwap();
        database.execute(
                "ALTER TABLE orders_202405 NO INHERIT orders",
                "INSERT INTO orders (id, status, created_at) VALUES (9001, 'x', '2024-05-05')",
                "UPDATE orders SET created_at = '2024-05-06' WHERE id = 7");
        String remedy = "ALTER TABLE \"public\".\"orders_202405\" INHERIT \"public\".\"orders\"";
        assertThatThrownBy(orders::reverseSwap).hasMessageContaining("To have its rows again: " + remedy);
        database.execute(remedy);
        List<String> before = orders.rows();
        assertThat(database.queryLong("SELECT count(*) FROM orders_default WHERE id IN (7, 9001)"))
                .isEqualTo(2);

        orders.reverseSwap();
        assertThat(orders.rows()).isEqualTo(before);

        orders.swap();
        assertThat(orders.rows()).isEqualTo(before);
    }

    @Test
    void rowsThatWereBroughtBackAsAdvisedGoBackAfterTheirMonthIsMadeAgain() throws Exception {
        List<String> before = orders.rows();
        orders.throughSwap();
        database.execute("DROP TABLE orders_202405");
        String message = catchThrowable(orders::reverseSwap).getMessage();
        String advice = "that were not written since the swap: ";
        int from = message.indexOf(advice) + advice.length();
        database.execute(
                message.substring(from, message.indexOf(". To do without", from)), "SELECT orders_make('2024-05-01')");
        assertThat(database.queryLong("SELECT count(*) FROM ONLY orders_202405"))
                .isZero();

        orders.reverseSwap();

        assertThat(orders.rows()).isEqualTo(before);
    }

    @Test
    void rowsOfAMonthInTheDefaultChildPassTheComparisonOfTheDrop() throws Exception {
        orders.throughSwap();
        database.execute("INSERT INTO orders_default (id, status, created_at) VALUES (9001, 'x', '2024-05-05')");
        orders.step("update", run -> CatchUp.run(run, CatchUp.DEFAULT_TIME, GivenPace.NOTHING));
        assertThat(database.queryLong("SELECT count(*) FROM orders_old WHERE id = 9001"))
                .isEqualTo(1);
        List<String> before = orders.rows();

        orders.dropBackup();

        assertThat(orders.rows()).isEqualTo(before);
    }

    @Test
    void aRowThatStaysInItsTableIsCapturedThoughOneOfAnotherTableWasPassedOn() throws Exception {
        orders.throughSwap();
        database.execute("CREATE TABLE events (id bigint PRIMARY KEY, at timestamptz NOT NULL)");
        MigrationFixture events = MigrationFixture.of(database, "public", "events", "at", "id")
                .routedByTrigger()
                .throughSwap();
        database.execute(
                "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                "CREATE TRIGGER keep BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION keep()",
                "VACUUM orders",
                """
                BEGIN;
                INSERT INTO orders (id, status, created_at) VALUES (9001, 'x', '2024-05-05');
                INSERT INTO events (id, at) VALUES (1, '2024-05-05');
                COMMIT""");
        assertThat(database.queryLong("SELECT count(*) FROM ONLY events")).isEqualTo(1);

        events.reverseSwap();

        assertThat(database.queryLong("SELECT count(*) FROM events")).isEqualTo(1);
    }

    @Test
    void rowsOfAChildOfTwoChildrenStopTheRollbackAndTheDropUntilTheyAreTakenOverAsAdvised() throws Exception {
        orders.throughSwap();
        database.execute(
                "CREATE TABLE \"late %s\" (more text) INHERITS (orders_202405, orders_default)",
                "INSERT INTO \"late %s\" (id, status, created_at) VALUES (9001, 'x', '2024-05-05')");

        assertThatThrownBy(orders::dropBackup)
                .hasMessageContaining("public.late %s inherits from public.orders_202405, public.orders_default")
                .hasMessageContaining("Nothing was dropped");
        Throwable refused = catchThrowable(orders::reverseSwap);
        assertThat(refused)
                .hasMessageContaining("public.late %s inherits from public.orders_202405, public.orders_default")
                .hasMessageContaining("Nothing was changed");
        List<String> before = orders.rows();
        String message = refused.getMessage();
        database.execute(message.substring(message.indexOf("BEGIN; "), message.indexOf("COMMIT. ")) + "COMMIT");
        assertThat(orders.rows()).isEqualTo(before);
        orders.reverseSwap();

        assertThat(orders.rows()).isEqualTo(before);
    }

    @Test
    void rowsOfAChildThatSomebodyHasMadeForNoIntervalGoBackOnceTheyAreCapturedAsAdvised() throws Exception {
        orders.throughSwap();
        database.execute(
                "CREATE TABLE late () INHERITS (orders)",
                "INSERT INTO late (id, status, created_at) VALUES (9001, 'x', '2024-05-05')");
        captureAgainAsAdvised(catchThrowable(orders::reverseSwap));
        Throwable refused = catchThrowable(orders::reverseSwap);
        String advice = "Have them captured, then roll back again: ";
        assertThat(refused)
                .hasMessageContaining("public.late has rows that the backup has not")
                .hasMessageContaining(advice);
        database.execute(refused.getMessage().substring(refused.getMessage().indexOf(advice) + advice.length()));
        List<String> before = orders.rows();

        orders.reverseSwap();

        assertThat(orders.rows()).isEqualTo(before);
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id = 9001"))
                .isEqualTo(1);
    }

    @Test
    void rowsOfTheNewTableItselfAreFoundBeforeTheSwap() throws Exception {
        orders.prepare().capture().copy().index().replay();
        database.execute("INSERT INTO orders_new (id, status, created_at) VALUES (9001, 'own', '2024-03-05')");

        assertThatThrownBy(orders::verify).hasMessageContaining("9001 (in public.orders_new, not in public.orders)");
    }
}
