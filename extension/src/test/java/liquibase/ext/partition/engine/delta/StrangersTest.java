package liquibase.ext.partition.engine.delta;

import static liquibase.ext.partition.engine.MigrationFixture.advised;
import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.insert;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.copy.ChunkedCopy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.swap.CatchUp;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nothing that others have made runs with the rights of the role that replays, which here is a superuser. */
@ExtendWith(FreshDatabase.class)
class StrangersTest {
    private TestDatabase database;
    private MigrationFixture orders;
    private String clerk;

    /** The clerk may write the table and make triggers on it, and would like to have more rights. */
    @BeforeEach
    void orders() throws SQLException {
        orders = MigrationFixture.ofOrders(database, 1000);
        clerk = database.createRole("clerk", "");
        database.execute(
                "GRANT TRIGGER, SELECT, INSERT, UPDATE, DELETE ON orders TO " + clerk,
                "CREATE SCHEMA theirs AUTHORIZATION " + clerk,
                "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS 'BEGIN RETURN NEW; END'");
        asClerk("""
                CREATE FUNCTION theirs.more() RETURNS bool LANGUAGE plpgsql AS
                $$ BEGIN EXECUTE 'ALTER ROLE %s CREATEROLE'; RETURN false; END $$""".formatted(clerk), """
                CREATE FUNCTION theirs.up() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN EXECUTE 'ALTER ROLE %s CREATEROLE'; RETURN coalesce(NEW, OLD); END $$""".formatted(clerk));
    }

    private void asClerk(String... statements) throws SQLException {
        try (Transaction theirs = Transaction.beginAs(database, clerk)) {
            theirs.run(statements);
            theirs.commit();
        }
    }

    private void catchUp() throws SQLException {
        orders.step("update", run -> CatchUp.run(run, CatchUp.DEFAULT_TIME, GivenPace.NOTHING));
    }

    private void assertNoMoreRights() {
        assertThat(database.queryString("SELECT rolcreaterole FROM pg_roles WHERE rolname = ?", clerk))
                .isEqualTo("f");
    }

    private List<String> triggersOf(String table) {
        return database.queryStrings("""
                SELECT tgname || ' ' || tgenabled::text FROM pg_trigger
                WHERE tgrelid IN (SELECT ?::regclass UNION SELECT inhrelid FROM pg_inherits WHERE inhparent = ?::regclass)
                  AND tgconstraint = 0
                GROUP BY 1 ORDER BY 1""", table, table);
    }

    /** A name is taken by whoever comes first. */
    @ParameterizedTest
    @ValueSource(strings = {"!orders_route2", "~orders_move1", "!orders_timeof"})
    void aTriggerUnderANameOfOursNeitherStaysNorKeepsTheSwapFromMakingOurs(String name) throws SQLException {
        orders.routedByTrigger().throughVerification();
        asClerk(
                "CREATE TRIGGER \"%s\" BEFORE UPDATE ON orders FOR EACH ROW WHEN (theirs.more()) EXECUTE FUNCTION nothing()"
                        .formatted(name));

        orders.swap();

        assertThat(triggersOf("orders_old")).isEmpty();
        assertThat(orders.lines())
                .anySatisfy(line -> assertThat(line)
                        .contains("Trigger %s was dropped from public.orders".formatted(name))
                        .contains(
                                "CREATE TRIGGER \"%s\" BEFORE UPDATE ON public.orders FOR EACH ROW WHEN (theirs.more())"
                                        .formatted(name)));
        database.execute("UPDATE orders SET status = 'x' WHERE id = 1");
        orders.reverseSwap();
        assertNoMoreRights();
        assertThat(triggersOf("orders")).containsExactly("orders_delta_capture A", "orders_delta_no_truncate A");
    }

    @ParameterizedTest
    @ValueSource(strings = {"native", "trigger"})
    void aTriggerOfOnePartitionDoesNotStayOnTheTableThatLeavesWhoeversFunctionItCalls(String routing)
            throws SQLException {
        if (routing.equals("trigger")) {
            orders.routedByTrigger();
        }
        orders.throughSwap();
        database.execute("GRANT TRIGGER ON orders_202402 TO " + clerk);
        asClerk(
                "CREATE TRIGGER \"!orders_route2\" BEFORE INSERT OR DELETE ON orders_202402 FOR EACH ROW WHEN (theirs.more()) EXECUTE FUNCTION nothing()");

        orders.reverseSwap();

        assertThat(orders.lines())
                .anySatisfy(line ->
                        assertThat(line).contains("Trigger !orders_route2 was dropped from public.orders_202402"));
        assertThat(triggersOf("orders_new")).isEmpty();
        database.execute("UPDATE orders SET status = 'x' WHERE id = 1");
        orders.swap();
        assertNoMoreRights();
    }

    /** The rights come after the swap, which took them from everybody. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TRIGGER up BEFORE INSERT OR DELETE ON orders_old FOR EACH ROW EXECUTE FUNCTION theirs.up()",
                "CREATE TRIGGER up AFTER DELETE ON orders_old FOR EACH STATEMENT WHEN (theirs.more()) EXECUTE FUNCTION nothing()",
                "CREATE CONSTRAINT TRIGGER up AFTER INSERT ON orders_old DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION theirs.up()",
                "CREATE TRIGGER up BEFORE DELETE ON orders_delta FOR EACH STATEMENT EXECUTE FUNCTION theirs.up()",
                "CREATE TABLE theirs.notes (order_id bigint REFERENCES orders_old ON DELETE CASCADE); INSERT INTO theirs.notes VALUES (1);"
                        + " CREATE TRIGGER up AFTER DELETE ON theirs.notes FOR EACH ROW EXECUTE FUNCTION theirs.up()"
            })
    void whatIsMadeAfterTheSwapFiresInNoReplayAndGoesAsTheMessageSays(String made) throws SQLException {
        orders.throughSwap();
        database.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + clerk);
        asClerk(made);
        database.execute("UPDATE orders SET status = 'x' WHERE id = 1");

        assertThatThrownBy(this::catchUp).isInstanceOf(PartitionException.class);
        Throwable refused = catchThrowable(orders::reverseSwap);
        assertThat(refused)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "Changes of public.orders are not replayed into public.orders_old, because something of others would fire");
        assertNoMoreRights();
        assertThat(orders.kind()).isEqualTo("p");

        database.execute(advised(refused, "Changes of public.orders"));
        catchUp();
        assertThat(orders.deltaRows()).isZero();
        assertThatThrownBy(() -> asClerk(made.replace("TABLE theirs.notes", "TABLE theirs.more_notes")))
                .hasMessageContaining("permission denied");
        database.execute("UPDATE orders SET status = 'y' WHERE id = 1");
        orders.reverseSwap();
        assertThat(database.queryString("SELECT status FROM orders WHERE id = 1"))
                .isEqualTo("y");
        assertNoMoreRights();
    }

    @ParameterizedTest
    @ValueSource(strings = {"native", "trigger"})
    void whatIsMadeOnTheNewTableFiresInNoReplay(String routing) throws SQLException {
        if (routing.equals("trigger")) {
            orders.routedByTrigger();
        }
        orders.prepare().capture().copy().index();
        database.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + clerk);
        asClerk(
                "CREATE TRIGGER orders_delta_capture BEFORE INSERT ON orders_202402 FOR EACH ROW WHEN (theirs.more()) EXECUTE FUNCTION nothing()");
        database.execute("UPDATE orders SET status = 'x' WHERE id = 1");

        Throwable refused = catchThrowable(orders::replay);

        assertThat(refused).hasMessageContaining("trigger orders_delta_capture of public.orders_202402");
        database.execute(advised(refused, "Changes of public.orders"));
        orders.replay().verify().swap();
        assertNoMoreRights();
    }

    /** The same for every way in which we write a table of ours before the swap. */
    @ParameterizedTest
    @ValueSource(strings = {"native", "trigger"})
    void whatIsMadeOnTheNewTableFiresInNoCopy(String routing) throws SQLException {
        if (routing.equals("trigger")) {
            orders.routedByTrigger();
        }
        orders.prepare().capture();
        database.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + clerk);
        asClerk(
                "CREATE TRIGGER up BEFORE INSERT ON orders_202402 FOR EACH ROW WHEN (theirs.more()) EXECUTE FUNCTION nothing()");

        Throwable refused = catchThrowable(orders::copy);

        assertThat(refused)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("Rows of public.orders are not copied into public.orders_new")
                .hasMessageContaining("trigger up of public.orders_202402");
        assertThat(database.queryLong("SELECT count(*) FROM orders_new")).isZero();
        database.execute(advised(refused, "Rows of public.orders"));
        orders.copy().index().replay().verify().swap();
        assertNoMoreRights();
    }

    /** It has got as far as the trigger's lock, and the trigger commits. */
    @Test
    void aTriggerThatIsMadeWhileAChunkWaitsForItIsSeen() throws Exception {
        orders.prepare().capture();
        database.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + clerk);
        try (Transaction maker = Transaction.beginAs(database, clerk)) {
            maker.run("CREATE TRIGGER up BEFORE INSERT ON orders_202402 FOR EACH ROW EXECUTE FUNCTION theirs.up()");
            Future<Void> copy = inBackground(() -> {
                orders.copy();
                return null;
            });
            orders.awaitBlocked("liquibase-partition chunkedCopy%");
            maker.commit();
            assertThatThrownBy(() -> join(copy)).hasMessageContaining("trigger up of public.orders_202402");
        }
        assertNoMoreRights();
    }

    @Test
    void whatIsMadeOnTheNewTableDoesNotFireWhenTheCopyIsTakenBack() throws SQLException {
        orders.prepare().capture().copy();
        database.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + clerk);
        asClerk("CREATE TRIGGER up BEFORE TRUNCATE ON orders_202402 FOR EACH STATEMENT EXECUTE FUNCTION theirs.up()");

        Throwable refused = catchThrowable(() -> orders.step("chunkedCopy", ChunkedCopy::forget));

        assertThat(refused).hasMessageContaining("public.orders_new is not emptied");
        database.execute(advised(refused, "public.orders_new is not emptied"));
        orders.step("chunkedCopy", ChunkedCopy::forget);
        assertThat(database.queryLong("SELECT count(*) FROM orders_new")).isZero();
        assertNoMoreRights();
    }

    /** Before the swap rows of a new month are moved out of the default partition. */
    @ParameterizedTest
    @ValueSource(strings = {"native", "trigger"})
    void whatIsMadeOnTheNewTableDoesNotFireWhenAMonthIsAdded(String routing) throws SQLException {
        if (routing.equals("trigger")) {
            orders.routedByTrigger();
        }
        database.execute(insert(7000), "UPDATE orders SET created_at = '2025-01-15' WHERE id = 7000");
        orders.prepare().capture().copy();
        database.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + clerk);
        asClerk("CREATE TRIGGER up BEFORE DELETE ON orders_default FOR EACH ROW EXECUTE FUNCTION theirs.up()");

        Throwable refused = catchThrowable(() -> orders.upkeep("2025-03-01"));

        assertThat(refused).hasMessageContaining("Rows of public.orders_new are not moved");
        assertThat(database.queryString("SELECT to_regclass('orders_202501')")).isNull();
        database.execute(advised(refused, "Rows of public.orders_new"));
        orders.upkeep("2025-03-01");
        assertThat(database.queryString("SELECT tableoid::regclass FROM orders_new WHERE id = 7000"))
                .isEqualTo("orders_202501");
        assertNoMoreRights();
    }

    /** Every step writes the state tables. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TRIGGER up BEFORE UPDATE ON partition_migration FOR EACH ROW EXECUTE FUNCTION theirs.up()",
                "CREATE TRIGGER up AFTER INSERT ON partition_chunk FOR EACH STATEMENT WHEN (theirs.more()) EXECUTE FUNCTION nothing()",
                "CREATE TABLE theirs.notes (migration_id bigint REFERENCES partition_migration ON DELETE CASCADE)"
            })
    void whatIsMadeOnTheStateTablesFiresInNoStepAndGoesAsTheMessageSays(String made) throws SQLException {
        orders.prepare().capture();
        database.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + clerk);
        asClerk(made);

        Throwable refused = catchThrowable(orders::copy);

        assertThat(refused)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("does not begin, because something of others would fire");
        database.execute(advised(refused, "chunkedCopy does not begin"));
        assertThatThrownBy(() -> asClerk(made.replace("TABLE theirs.notes", "TABLE theirs.more_notes")))
                .hasMessageContaining("permission denied");
        orders.copy();
        assertNoMoreRights();
    }

    /** Monitoring goes on. */
    @Test
    void rightsToReadAndWriteTheStateTablesStayAndTheOthersAreTakenAndTold() throws SQLException {
        orders.prepare().capture();
        database.execute("GRANT SELECT, TRIGGER, REFERENCES ON partition_migration TO " + clerk);

        orders.copy();

        assertThat(orders.lines())
                .anySatisfy(line -> assertThat(line)
                        .contains("REVOKE TRIGGER, REFERENCES ON TABLE public.partition_migration FROM " + clerk));
        assertThat(database.queryStrings(
                        "SELECT privilege_type FROM aclexplode((SELECT relacl FROM pg_class WHERE oid = 'partition_migration'::regclass)) WHERE grantee = '%s'::regrole"
                                .formatted(clerk)))
                .containsExactly("SELECT");
    }

    /** Also in the drain, which comes last. */
    @Test
    void aTriggerThatIsMadeWhileTheReplayWaitsForItIsSeen() throws Exception {
        orders.throughSwap();
        database.execute(
                "GRANT ALL ON ALL TABLES IN SCHEMA public TO " + clerk, "UPDATE orders SET status = 'x' WHERE id = 1");
        try (Transaction maker = Transaction.beginAs(database, clerk)) {
            maker.run("CREATE TRIGGER up BEFORE INSERT ON orders_old FOR EACH ROW EXECUTE FUNCTION theirs.up()");
            Future<Void> catchUp = inBackground(() -> {
                catchUp();
                return null;
            });
            orders.awaitBlockedStatement("orders_old");
            maker.commit();
            assertThatThrownBy(() -> join(catchUp)).hasMessageContaining("trigger up of public.orders_old");
        }
        assertNoMoreRights();
    }

    @Test
    void theCapturesOwnTriggersThatSomebodyHasSwitchedOnAreSwitchedOffAsTheMessageSays() throws SQLException {
        orders.throughSwap().reverseSwap();
        orders.swap().reverseSwap();
        database.execute(
                "CREATE TRIGGER orders_delta_capture AFTER INSERT OR UPDATE OR DELETE ON orders_new FOR EACH ROW EXECUTE FUNCTION orders_delta_capture()",
                insert(7000));

        Throwable refused = catchThrowable(this::catchUp);

        assertThat(refused).hasMessageContaining("trigger orders_delta_capture of public.orders_new");
        database.execute(advised(refused, "Changes of public.orders"));
        catchUp();
        assertThat(orders.deltaRows()).isZero();
        orders.swap();
    }
}
