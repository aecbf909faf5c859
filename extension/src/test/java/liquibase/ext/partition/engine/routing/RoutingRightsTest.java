package liquibase.ext.partition.engine.routing;

import static liquibase.ext.partition.engine.routing.RoutedOrders.insert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.sql.SQLException;
import java.time.LocalDate;
import java.util.List;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * With whose rights a row is taken out of a table and put into another, and who cannot become the owner by it.
 *
 * <p>The file is long because it is a catalogue: a test for each way in which somebody could try.
 */
@ExtendWith(FreshDatabase.class)
class RoutingRightsTest {
    private TestDatabase database;

    private RoutedOrders orders() {
        return RoutedOrders.planned(database, PartitionInterval.MONTH).make(RoutedOrders.COLUMNS);
    }

    @Test
    void needsRightsOnTheParentOnly() throws Exception {
        String owner = database.createRole("keeper", "");
        String writer = database.createRole("writer", "");
        RoutedOrders orders = orders();
        database.execute("GRANT CREATE ON SCHEMA public TO " + owner, "ALTER TABLE orders OWNER TO " + owner);
        for (QualifiedName child : orders.children()) {
            database.execute("ALTER TABLE %s OWNER TO %s".formatted(child.quoted(), owner));
        }
        orders.attach(owner);
        database.execute("GRANT INSERT ON orders TO " + writer);

        try (Transaction only = Transaction.beginAs(database, writer)) {
            assertThat(only.update(insert(1, "2024-01-05 00:00+00"))).isEqualTo(1);
            assertThat(only.update(insert(2, "2024-05-05 00:00+00"))).isEqualTo(1);
            assertThatThrownBy(() -> only.run("SELECT orders_make('2024-07-01')"))
                    .hasMessageContaining("permission denied for function");
        }
        database.execute("GRANT SELECT, UPDATE, DELETE ON orders TO " + writer);
        try (Transaction all = Transaction.beginAs(database, writer)) {
            assertThat(all.update(insert(1, "2024-01-05 00:00+00"))).isEqualTo(1);
            assertThat(all.update("UPDATE orders SET at = '2024-06-05 00:00+00'"))
                    .isEqualTo(1);
            assertThat(all.query("SELECT tableoid::regclass FROM orders")).isEqualTo("orders_202406");
            assertThat(all.update("DELETE FROM orders")).isEqualTo(1);
            assertThat(all.update(insert(1, "2024-06-05 00:00+00"))).isEqualTo(1);
            all.commit();
        }
        assertThat(orders.rows()).containsExactly("orders_202406 1 2024-06-05 none");
        assertThat(database.queryStrings(
                        "SELECT DISTINCT relowner::regrole::text FROM pg_class JOIN pg_inherits ON inhrelid = oid"))
                .containsExactly(owner);
        assertThat(database.queryStrings(
                        "SELECT DISTINCT proowner::regrole::text FROM pg_proc WHERE proname LIKE 'orders%'"))
                .containsExactly(owner);
    }

    /** A role that may only write the table and make triggers on it, with a function that would make it a superuser. */
    private String ambitious(String made) {
        String role = database.createRole("ambitious", "");
        database.execute(
                "CREATE SCHEMA theirs AUTHORIZATION " + role,
                "GRANT INSERT, TRIGGER ON orders TO " + role,
                """
                CREATE FUNCTION theirs.up() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN EXECUTE 'ALTER ROLE %s SUPERUSER'; RETURN coalesce(NEW, OLD); END $$""".formatted(role),
                "ALTER FUNCTION theirs.up() OWNER TO " + role,
                """
                CREATE FUNCTION theirs.is_up() RETURNS bool LANGUAGE plpgsql AS
                $$ BEGIN EXECUTE 'ALTER ROLE %s SUPERUSER'; RETURN true; END $$""".formatted(role),
                "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS 'BEGIN RETURN NULL; END'");
        for (String statement : made.isEmpty() ? new String[0] : made.split(";")) {
            database.execute(statement.replace("ROLE", role));
        }
        return role;
    }

    private void assertNoSuperuser(String role) {
        assertThat(database.queryString("SELECT rolsuper FROM pg_roles WHERE rolname = ?", role))
                .isEqualTo("f");
    }

    private static String sqlState(ThrowingCallable deed) {
        return catchThrowable(deed) instanceof SQLException error ? error.getSQLState() : "no error";
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TRIGGER up BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION theirs.up()",
                "CREATE TRIGGER up AFTER DELETE ON orders FOR EACH ROW EXECUTE FUNCTION theirs.up()",
                "CREATE TRIGGER up BEFORE DELETE ON orders FOR EACH STATEMENT EXECUTE FUNCTION theirs.up()",
                "CREATE CONSTRAINT TRIGGER up AFTER DELETE ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION theirs.up()",
                "CREATE TRIGGER up AFTER DELETE ON orders FOR EACH ROW WHEN (theirs.is_up()) EXECUTE FUNCTION nothing()"
            })
    void whoMayMakeTriggersOnTheTableIsNotItsOwner(String trigger) throws Exception {
        orders().attach();
        String role = ambitious("");
        try (Transaction old = Transaction.beginAs(database, role)) {
            old.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1 FROM pg_class LIMIT 1");
            try (Transaction maker = Transaction.beginAs(database, role)) {
                maker.run(trigger);
                maker.commit();
            }
            // Its snapshot does not show the trigger.
            assertThat(sqlState(() -> old.run(insert(1, "2024-01-05 00:00+00"))))
                    .isEqualTo("42501");
        }
        try (Transaction writer = Transaction.beginAs(database, role)) {
            assertThatThrownBy(() -> writer.run(insert(1, "2024-01-05 00:00+00")))
                    .hasMessageContaining(
                            role
                                    + " may not DELETE FROM public.orders, where trigger up fires with the rights of whoever writes")
                    .hasMessageContaining(
                            "Either the trigger goes, or: GRANT SELECT, DELETE ON public.orders TO " + role + ";");
        }
        // Even with a function that changes later.
        database.execute("ALTER FUNCTION theirs.up() SECURITY DEFINER SET search_path = pg_catalog");
        try (Transaction writer = Transaction.beginAs(database, role)) {
            assertThat(sqlState(() -> writer.run(insert(1, "2024-01-05 00:00+00"))))
                    .isEqualTo("42501");
        }
        database.execute("ALTER FUNCTION theirs.up() SECURITY INVOKER", "GRANT SELECT, DELETE ON orders TO " + role);
        try (Transaction writer = Transaction.beginAs(database, role)) {
            assertThatThrownBy(() -> {
                        writer.run(insert(1, "2024-01-05 00:00+00"));
                        writer.commit();
                    })
                    .hasMessageContaining("ALTER ROLE");
        }
        assertNoSuperuser(role);
    }

    @ParameterizedTest
    @ValueSource(strings = {"AFTER INSERT", "BEFORE INSERT", "AFTER DELETE"})
    void whoMayMakeTriggersOnAChildIsNotItsOwner(String when) throws Exception {
        orders().attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));
        String role = ambitious("GRANT SELECT, UPDATE ON orders TO ROLE");
        try (Transaction old = Transaction.beginAs(database, role)) {
            old.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1 FROM pg_class LIMIT 1");
            database.execute("GRANT TRIGGER ON orders_202401, orders_202402 TO " + role);
            try (Transaction maker = Transaction.beginAs(database, role)) {
                for (String child : List.of("orders_202401", "orders_202402")) {
                    maker.run("CREATE TRIGGER up " + when + " ON " + child
                            + " FOR EACH ROW EXECUTE FUNCTION theirs.up()");
                }
                maker.commit();
            }
            database.execute("REVOKE TRIGGER ON orders_202401, orders_202402 FROM " + role);
            assertThat(sqlState(() -> old.run("UPDATE orders SET at = '2024-02-05 00:00+00'")))
                    .isEqualTo("40001");
        }
        try (Transaction writer = Transaction.beginAs(database, role)) {
            assertThatThrownBy(() -> writer.run("UPDATE orders SET at = '2024-02-05 00:00+00'"))
                    .hasMessageContaining("where trigger up fires with the rights of whoever writes");
        }
        if (!when.endsWith("DELETE")) {
            try (Transaction writer = Transaction.beginAs(database, role)) {
                assertThatThrownBy(() -> writer.run(insert(2, "2024-02-05 00:00+00")))
                        .hasMessageContaining(
                                role + " may not INSERT INTO public.orders_202402, where trigger up fires");
            }
        }
        // It may write the other children as before, by an older snapshot too.
        try (Transaction writer = Transaction.beginAs(database, role)) {
            writer.run(insert(2, "2024-03-05 00:00+00"), "UPDATE orders SET at = '2024-04-05 00:00+00' WHERE id = 2");
            writer.commit();
        }
        assertNoSuperuser(role);
    }

    @Test
    void whoMayMakeFunctionsBesideTheTablesOwnIsNotItsOwnerAndKeepsNobodyFromWriting() throws Exception {
        RoutedOrders orders = orders().attach();
        String role = ambitious("GRANT CREATE ON SCHEMA public TO ROLE");
        try (Transaction maker = Transaction.beginAs(database, role)) {
            for (String signature : List.of(
                    "orders_others(oid, int, oid)",
                    "orders_others(regclass, bigint, regclass)",
                    "orders_permit(oid, int, oid)",
                    "orders_columns(varchar)",
                    "orders_columns(name)",
                    "orders_child(timestamptz)",
                    "orders_time_columns(int)",
                    "orders_insert(oid)",
                    // Beside the functions that have no more parameters, each of these would make a call ambiguous.
                    "orders_others(regclass, int, regclass, int DEFAULT 0)",
                    "orders_permit(regclass, int, regclass, int DEFAULT 0)",
                    "orders_columns(text, int DEFAULT 0)",
                    "orders_child(timestamp, int DEFAULT 0)",
                    "orders_time_columns(bigint DEFAULT 0)",
                    "orders_insert(regclass, int DEFAULT 0)",
                    "orders_make(date, int DEFAULT 0)",
                    // These take any type.
                    "orders_time_columns(anyenum)",
                    "orders_time_columns(VARIADIC anyarray)",
                    "orders_child(timestamp, anyelement)",
                    "orders_insert(regclass, anyenum)")) {
                maker.run("""
                        CREATE FUNCTION public.%s RETURNS text LANGUAGE plpgsql AS
                        $$ BEGIN EXECUTE 'ALTER ROLE %s SUPERUSER'; RETURN NULL; END $$""".formatted(signature, role));
            }
            maker.commit();
        }
        try (Transaction maker = Transaction.beginAs(database, role)) {
            assertThatThrownBy(
                            () -> maker.run(
                                    "CREATE FUNCTION orders_time_columns(orders_routing, int DEFAULT 0) RETURNS int LANGUAGE sql AS 'SELECT 1'"))
                    .hasMessageContaining("permission denied for type orders_routing");
        }
        database.execute(
                "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                "CREATE TRIGGER noted AFTER INSERT ON orders_202403 FOR EACH ROW EXECUTE FUNCTION noted()",
                insert(1, "2024-01-05 00:00+00"),
                insert(2, "2024-03-05 00:00+00"),
                "UPDATE orders SET at = '2024-02-05 00:00+00' WHERE id = 1",
                "UPDATE orders SET at = '2024-03-06 00:00+00' WHERE id = 1");
        run(orders.routing().makeStatement(LocalDate.of(2030, 1, 1)));
        assertNoSuperuser(role);
        // A renamed table leaves its name to a role that may make views, whose functions the planner calls.
        database.execute(
                "ALTER TABLE orders RENAME TO orders_2024",
                "SET ROLE " + role + "; "
                        + "CREATE FUNCTION theirs.at() RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN EXECUTE 'ALTER ROLE "
                        + role
                        + " SUPERUSER'; RETURN now(); END $$; CREATE VIEW orders AS SELECT theirs.at() AS at; GRANT ALL ON orders TO PUBLIC");
        try (Transaction caller = Transaction.beginAs(database, role)) {
            assertThatThrownBy(
                            () -> caller.run("SELECT orders_insert('orders_202401'::regclass, NULL::orders_routing)"))
                    .hasMessageContaining("permission denied for function orders_insert");
        }
        assertThatThrownBy(
                        () -> database.execute(insert(2, "2024-01-05 00:00+00").replace("orders", "orders_2024")))
                .hasMessageContaining("was renamed");
        assertNoSuperuser(role);
    }

    @Test
    void aTriggerThatIsMadeOnAChildLaterFiresAsTheWriterWhoGetsTheRightThatTheMessageNames() throws Exception {
        RoutedOrders orders = orders().attach();
        String writer = database.createRole("writer", "");
        database.execute(
                "CREATE SCHEMA app; CREATE TABLE app.audit (who text)",
                "GRANT USAGE ON SCHEMA app TO PUBLIC; GRANT INSERT ON app.audit TO PUBLIC; GRANT INSERT ON orders TO "
                        + writer,
                "CREATE FUNCTION app.audited() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO audit VALUES (current_user); RETURN NULL; END'",
                "CREATE TRIGGER audited AFTER INSERT ON orders_202401 FOR EACH ROW EXECUTE FUNCTION app.audited()");
        try (Transaction transaction = Transaction.beginAs(database, writer)) {
            String message = catchThrowable(() -> transaction.run(insert(1, "2024-01-05 00:00+00")))
                    .getMessage();
            database.execute(message.substring(
                    message.indexOf("GRANT INSERT"), message.indexOf(";", message.indexOf("GRANT INSERT"))));
        }
        try (Transaction transaction = Transaction.beginAs(database, writer)) {
            transaction.run("SET search_path = app, public", insert(1, "2024-01-05 00:00+00"));
            transaction.commit();
        }
        assertThat(database.queryStrings("SELECT who FROM app.audit")).containsExactly(writer);
        assertThat(orders.rows()).containsExactly("orders_202401 1 2024-01-05 none");
    }

    @Test
    void byAnOlderSnapshotARowIsPutIntoAChildWithTheOwnersRightsWhereNobodyCanHaveMadeATrigger() throws Exception {
        RoutedOrders orders = orders().attach();
        String writer = database.createRole("writer", "");
        database.execute("GRANT SELECT, INSERT, UPDATE ON orders TO " + writer);
        // A change that was rolled back counts for nothing.
        try (Transaction rolledBack = Transaction.begin(database)) {
            rolledBack.run("GRANT TRIGGER ON orders, orders_202401, orders_202402 TO " + writer);
        }
        try (Transaction old = Transaction.beginAs(database, writer)) {
            old.run(
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                    insert(1, "2024-01-05 00:00+00"),
                    "UPDATE orders SET at = '2024-02-05 00:00+00'");
            database.execute("ALTER TABLE orders_202403 SET (fillfactor = 70)");
            old.run("SAVEPOINT s");
            assertThat(sqlState(() -> old.run(insert(2, "2024-03-05 00:00+00"))))
                    .isEqualTo("40001");
            old.run("ROLLBACK TO s");
            old.commit();
        }
        assertThat(orders.rows()).containsExactly("orders_202402 1 2024-02-05 none");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TRIGGER \"~z\" BEFORE UPDATE ON orders_202401 FOR EACH ROW EXECUTE FUNCTION theirs.take()",
                "CREATE TRIGGER \"~orders_move1_\" BEFORE UPDATE ON orders_202401 FOR EACH ROW EXECUTE FUNCTION theirs.take()",
                "CREATE OR REPLACE TRIGGER \"~orders_move2\" BEFORE UPDATE ON orders_202401 FOR EACH ROW EXECUTE FUNCTION theirs.take()",
                "CREATE OR REPLACE TRIGGER \"~orders_move1\" BEFORE UPDATE ON orders_202401 FOR EACH ROW EXECUTE FUNCTION theirs.take()",
                "CREATE TRIGGER \" z\" AFTER UPDATE ON orders_202401 FOR EACH ROW WHEN (theirs.taken(OLD)) EXECUTE FUNCTION theirs.take()"
            })
    void whoMayUpdateAndMakeTriggersMayNotDelete(String trigger) throws Exception {
        orders().attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));
        String role = database.createRole("ambitious", "");
        database.execute(
                "CREATE SCHEMA theirs AUTHORIZATION " + role,
                "GRANT SELECT, UPDATE ON orders TO " + role,
                "GRANT TRIGGER ON orders_202401 TO " + role);
        try (Transaction writer = Transaction.beginAs(database, role)) {
            writer.run("""
                    CREATE FUNCTION theirs.take() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN
                      PERFORM set_config('liquibase_partition.moved', OLD.tableoid || ':' || OLD.ctid, true);
                      RETURN NEW;
                    END $$""", """
                    CREATE FUNCTION theirs.taken(old orders_202401) RETURNS bool LANGUAGE sql AS
                    $$ SELECT set_config('liquibase_partition.moved', 'orders_202401'::regclass::oid || ':(0,1)', true) IS NOT NULL $$""", trigger);
            assertThatThrownBy(() -> writer.run("UPDATE orders SET note = 'x'"))
                    .hasMessageContaining(role + " may not DELETE FROM public.orders_202401, where trigger "
                            + trigger.split("\"")[1].transform(name -> '"' + name + '"'));
        }
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE OR REPLACE TRIGGER \"~orders_move1\" BEFORE INSERT ON orders_202401 FOR EACH ROW EXECUTE FUNCTION theirs.nothing()",
                "ALTER TABLE orders_202401 DISABLE TRIGGER \"~orders_move1\""
            })
    void whoNotesHimselfThatARowHasMovedMayNotDelete(String statement) throws Exception {
        orders().attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));
        String role = whoMayUpdateAndMakeTriggers("orders_202401");
        without(role, statement);
        try (Transaction writer = Transaction.beginAs(database, role)) {
            writer.run(
                    "SELECT set_config('liquibase_partition.moved', tableoid::text || ':' || ctid::text, true) FROM orders_202401");
            assertThatThrownBy(() -> writer.run("UPDATE orders_202401 SET note = 'x'"))
                    .hasMessageContaining(
                            role
                                    + " may not DELETE FROM public.orders_202401, where trigger \"~orders_move1\" is not as it was made")
                    .hasMessageContaining(
                            "Either make it again, or: GRANT SELECT, DELETE ON public.orders_202401 TO " + role);
        }
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE OR REPLACE TRIGGER \"!orders_leave1\" BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION theirs.nothing()",
                "ALTER TABLE orders DISABLE TRIGGER \"!orders_leave1\""
            })
    void whoNotesHimselfThatARowHasLeftMayNotInsert(String statement) throws Exception {
        orders().attach();
        database.execute("SET session_replication_role = replica; ALTER TABLE orders DISABLE TRIGGER USER; "
                + insert(1, "2024-01-05 00:00+00"));
        for (String trigger : List.of("leave1", "leave2", "route1", "route2")) {
            database.execute("ALTER TABLE orders ENABLE ALWAYS TRIGGER \"!orders_" + trigger + "\"");
        }
        String role = whoMayUpdateAndMakeTriggers("orders");
        without(role, statement);
        try (Transaction writer = Transaction.beginAs(database, role)) {
            writer.run("SELECT set_config('liquibase_partition.left', 'true', true)");
            assertThatThrownBy(() -> writer.run("UPDATE ONLY orders SET note = 'x'"))
                    .hasMessageContaining(
                            role
                                    + " may not INSERT INTO public.orders_202401, where trigger \"!orders_leave1\" of public.orders is not as it was made");
        }
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1);
    }

    @Test
    void whoKeepsAMovedRowInItsChildMayNotInsert() throws Exception {
        orders().attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));
        String role = whoMayUpdateAndMakeTriggers("orders_202401");
        without(
                role,
                "CREATE OR REPLACE TRIGGER \"!orders_moved1\" BEFORE INSERT ON orders_202401 FOR EACH ROW EXECUTE FUNCTION theirs.nothing()");
        try (Transaction writer = Transaction.beginAs(database, role)) {
            assertThatThrownBy(() -> writer.run("UPDATE orders_202401 SET at = '2024-02-05 00:00+00'"))
                    .hasMessageContaining(
                            role
                                    + " may not INSERT INTO public.orders_202402, where trigger \"!orders_moved1\" of public.orders_202401 is not as it was made");
        }
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1);
    }

    @Test
    void whoReplacesTheTriggerThatKeepsTheColumnsDoesNotChooseThem() throws Exception {
        RoutedOrders orders = orders();
        database.execute("ALTER TABLE orders ADD shipped timestamptz");
        orders.attach();
        String role = whoMayUpdateAndMakeTriggers("orders");
        without(
                role,
                "CREATE OR REPLACE TRIGGER \"!orders_timeof\" AFTER UPDATE OF shipped ON orders FOR EACH ROW WHEN (false) EXECUTE FUNCTION theirs.nothing()");
        for (String statement : List.of(insert(1, "2024-01-05 00:00+00"), "SELECT orders_make('2025-08-01')")) {
            Throwable error = catchThrowable(() -> database.execute(statement));
            assertThat(error)
                    .hasMessageContaining("its trigger \"!orders_timeof\" is gone or was replaced")
                    .hasMessageContaining(
                            "CREATE OR REPLACE TRIGGER \"!orders_timeof\" AFTER UPDATE OF at ON \"public\".\"orders\"");
        }
    }

    /** As the message says it. */
    @Test
    void theTriggerThatKeepsTheColumnsIsMadeAgainAfterTwoOfThemHaveSwappedTheirNames() throws Exception {
        RoutedOrders orders = orders();
        database.execute("ALTER TABLE orders ADD \"Shipped new.at\" timestamptz");
        orders.attach();
        database.execute(
                "ALTER TABLE orders RENAME COLUMN at TO between_names",
                "ALTER TABLE orders RENAME COLUMN \"Shipped new.at\" TO at",
                "ALTER TABLE orders RENAME COLUMN between_names TO \"Shipped new.at\"",
                "DROP TRIGGER \"!orders_timeof\" ON orders");
        String insert =
                "INSERT INTO orders (id, \"Shipped new.at\", at) VALUES (1, '2024-01-05 00:00+00', '2024-11-05 00:00+00')";
        Throwable error = catchThrowable(() -> database.execute(insert));

        database.execute(error.getMessage()
                .substring(error.getMessage().indexOf("CREATE OR REPLACE TRIGGER"))
                .split(";")[0]);
        database.execute(insert);
        assertThat(database.queryString("SELECT tableoid::regclass::text FROM orders"))
                .isEqualTo("orders_202401");
    }

    /** It enables ours in the ordinary way, too. */
    @Test
    void enableTriggerAllTakesNothingFromWhoMayWriteTheTable() throws Exception {
        RoutedOrders orders = orders().attach();
        String writer = database.createRole("writer", "");
        database.execute(
                "GRANT SELECT, INSERT, UPDATE ON orders TO " + writer,
                "ALTER TABLE orders DISABLE TRIGGER ALL",
                "ALTER TABLE orders ENABLE TRIGGER ALL",
                "ALTER TABLE orders_202401 ENABLE TRIGGER ALL");
        try (Transaction transaction = Transaction.beginAs(database, writer)) {
            transaction.run(insert(1, "2024-01-05 00:00+00"), "UPDATE orders SET at = '2024-02-05 00:00+00'");
            transaction.commit();
        }
        assertThat(orders.rows()).containsExactly("orders_202402 1 2024-02-05 none");
        // Where the session replicates, such triggers do not fire: the first one must not take the row away alone.
        database.execute("ALTER TABLE orders ENABLE ALWAYS TRIGGER \"!orders_leave1\"");
        try (Transaction transaction = Transaction.begin(database)) {
            transaction.run(
                    "SET session_replication_role = replica", "SET ROLE " + writer, insert(2, "2024-01-05 00:00+00"));
            transaction.commit();
        }
        assertThat(orders.rows()).contains("orders 2 2024-01-05 none");
    }

    private void run(Sql statement) {
        database.execute(statement.script());
    }

    private String whoMayUpdateAndMakeTriggers(String table) {
        String role = database.createRole("ambitious", "");
        database.execute(
                "CREATE SCHEMA theirs AUTHORIZATION " + role,
                "CREATE FUNCTION theirs.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
                "GRANT EXECUTE ON FUNCTION theirs.nothing() TO " + role,
                "GRANT SELECT, UPDATE, TRIGGER ON " + table + " TO " + role);
        return role;
    }

    /** Replaces one of our triggers as the role, which may do so; or disables it, which only the owner may. */
    private void without(String role, String statement) throws SQLException {
        if (statement.startsWith("ALTER")) {
            database.execute(statement);
            return;
        }
        try (Transaction maker = Transaction.beginAs(database, role)) {
            maker.run(statement);
            maker.commit();
        }
    }

    @Test
    void aConditionThatWasMadeBeforeItsFunctionWasTakenFromPublicDoesNotRunAsTheOwner() throws Exception {
        orders().attach();
        String role = ambitious("GRANT TRIGGER ON orders_202401 TO ROLE");
        try (Transaction maker = Transaction.beginAs(database, role)) {
            maker.run(
                    "CREATE TRIGGER up AFTER INSERT ON orders_202401 FOR EACH ROW WHEN (theirs.is_up()) EXECUTE FUNCTION nothing()");
            maker.commit();
        }
        database.execute("REVOKE EXECUTE ON FUNCTION nothing() FROM PUBLIC");

        try (Transaction writer = Transaction.beginAs(database, role)) {
            assertThatThrownBy(() -> writer.run(insert(1, "2024-01-05 00:00+00")))
                    .hasMessageContaining(role + " may not INSERT INTO public.orders_202401, where trigger up fires");
        }
        assertNoSuperuser(role);
    }

    @Test
    void whoMayWriteOrReadSomeColumnsIsToldWhatToGrantBesideAUsersTrigger() throws Exception {
        String writer = database.createRole("writer", "");
        RoutedOrders orders = orders();
        database.execute(
                "GRANT INSERT (id, at), SELECT (id), UPDATE, DELETE ON orders TO " + writer,
                "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
        for (QualifiedName child : orders.children()) {
            database.execute(
                    "CREATE TRIGGER noted AFTER INSERT OR DELETE ON " + child.quoted()
                            + " FOR EACH ROW EXECUTE FUNCTION noted()",
                    "GRANT INSERT (id, at), SELECT (id), UPDATE, DELETE ON " + child.quoted() + " TO " + writer);
        }
        orders.attach();
        String insert = insert(1, "2024-01-05 00:00+00");
        String move = "UPDATE orders SET at = '2024-02-05 00:00+00' WHERE id = 1";

        try (Transaction one = Transaction.beginAs(database, writer)) {
            assertThatThrownBy(() -> one.run(insert))
                    .hasMessageContaining("GRANT INSERT ON public.orders_202401 TO " + writer);
        }
        // Rights on every column are equivalent.
        database.execute("GRANT INSERT (id, at, note) ON orders_202401, orders_202402 TO " + writer);
        try (Transaction one = Transaction.beginAs(database, writer)) {
            one.run(insert);
            one.commit();
        }
        try (Transaction one = Transaction.beginAs(database, writer)) {
            assertThatThrownBy(() -> one.run(move))
                    .hasMessageContaining("GRANT SELECT, DELETE ON public.orders_202401 TO " + writer);
        }
        database.execute("GRANT SELECT, DELETE ON public.orders_202401 TO " + writer);
        try (Transaction one = Transaction.beginAs(database, writer)) {
            one.run(move);
            one.commit();
        }
        assertThat(orders.rows()).containsExactly("orders_202402 1 2024-02-05 none");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoOwnsATypeOfAColumnDoesNotRunAsTheTablesOwner(boolean besideATrigger) throws Exception {
        RoutedOrders orders = orders();
        String role = ambitious("CREATE TYPE theirs.mood AS ENUM ('fine');ALTER TYPE theirs.mood OWNER TO ROLE;"
                + "ALTER TABLE orders ADD mood theirs.mood DEFAULT 'fine'");
        if (besideATrigger) {
            database.execute(
                    "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                    "CREATE TRIGGER noted AFTER INSERT ON orders_202402 FOR EACH ROW EXECUTE FUNCTION noted()");
        }
        orders.attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));
        try (Transaction maker = Transaction.beginAs(database, role)) {
            maker.run("""
                    CREATE FUNCTION theirs.up(theirs.mood) RETURNS json LANGUAGE plpgsql AS
                    $$ BEGIN EXECUTE 'ALTER ROLE %s SUPERUSER'; RETURN '1'::json; END $$""".formatted(role), "CREATE CAST (theirs.mood AS json) WITH FUNCTION theirs.up(theirs.mood)");
            maker.commit();
        }

        database.execute("UPDATE orders SET at = '2024-02-05 00:00+00'");

        assertThat(orders.rows()).containsExactly("orders_202402 1 2024-02-05 none");
        assertNoSuperuser(role);
    }
}
