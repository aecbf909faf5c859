package liquibase.ext.partition.engine.belonging.triggers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.TriggerFunction;
import liquibase.ext.partition.engine.catalog.TriggerFunction.Effect;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Users' row triggers, which fire on the partition to which a row was routed. */
@ExtendWith(FreshDatabase.class)
class RowTriggersTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void makeOrders() {
        orders = MigrationFixture.ofOrders(database, 60);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ASSIGNS        | NEW.created_at := now(); RETURN NEW;
            ASSIGNS        | new . Created_At = now(); return new;
            ASSIGNS        | IF NEW.created_at IS NULL THEN NEW."created_at" = now(); END IF; RETURN NEW;
            ASSIGNS        | SELECT 1, now() INTO STRICT NEW.status, NEW.created_at; RETURN NEW;
            ASSIGNS        | SELECT * INTO NEW FROM orders LIMIT 1; RETURN NEW;
            ASSIGNS        | NEW := NEW #= x; RETURN NEW;
            ASSIGNS        | EXECUTE 'SELECT 1' INTO NEW.created_at; RETURN NEW;
            ASSIGNS        | /* a /* b */ c */ NEW.created_at /* d */ := now(); RETURN NEW;
            ASSIGNS        | RAISE NOTICE 'it''s'; NEW.created_at := now(); RETURN NEW;
            NONE           | NEW.updated_at := NEW.created_at; RETURN NEW;
            NONE           | IF NEW.created_at = now() THEN NEW.status := 'new'; END IF; RETURN NEW;
            NONE           | NEW."CREATED_AT" := now(); RETURN NEW;
            NONE           | /* NEW.created_at := now(); */ RETURN NEW;
            NONE           | NEW.status := 'NEW.created_at := now()'; RETURN NEW;
            NONE           | NEW.status := $a$;NEW.created_at := now();$a$; RETURN NEW;
            NONE           | INSERT INTO other SELECT NEW.created_at; RETURN NULL;
            NONE           | SELECT NEW.created_at INTO other; RETURN OLD;
            CANNOT_BE_TOLD | RETURN changed;
            CANNOT_BE_TOLD | RETURN jsonb_populate_record(NEW, j);
            """)
    void readsWhetherAFunctionAssignsTheColumn(Effect effect, String body) {
        assertThat(plpgsql("BEGIN " + body + " END").on(List.of(new Identifier("created_at"))))
                .isEqualTo(effect);
    }

    @Test
    void readsCommentsAliasesQuotedNamesAndKnownFunctions() {
        List<Identifier> column = List.of(new Identifier("created_at"));
        assertThat(plpgsql("BEGIN -- NEW.created_at := now();\n RETURN NEW; END")
                        .on(column))
                .isEqualTo(Effect.NONE);
        assertThat(plpgsql("DECLARE r ALIAS FOR NEW; BEGIN r.created_at := now(); RETURN r; END")
                        .on(column))
                .isEqualTo(Effect.ASSIGNS);
        assertThat(plpgsql("BEGIN NEW.\"Created \"\"At\" := now(); RETURN NEW; END")
                        .on(List.of(new Identifier("Created \"At"))))
                .isEqualTo(Effect.ASSIGNS);
        assertThat(new TriggerFunction("moddatetime", "c", "moddatetime", List.of("created_at")).on(column))
                .isEqualTo(Effect.ASSIGNS);
        assertThat(new TriggerFunction("moddatetime", "c", "moddatetime", List.of("updated_at")).on(column))
                .isEqualTo(Effect.NONE);
        assertThat(new TriggerFunction("f", "plperl", "$_TD", List.of()).on(column))
                .isEqualTo(Effect.CANNOT_BE_TOLD);
        assertThat(new TriggerFunction("f", "c", "somebodys", List.of()).on(column))
                .isEqualTo(Effect.CANNOT_BE_TOLD);
    }

    private static TriggerFunction plpgsql(String source) {
        return new TriggerFunction("f", "plpgsql", source, List.of());
    }

    @Test
    void aTriggerThatAssignsThePartitionColumnIsRefusedUntilADefaultDoesIt() throws SQLException {
        makeTrigger("NEW.created_at := coalesce(NEW.created_at, timestamptz '2024-06-01 00:00+00')");

        assertThatThrownBy(orders::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "BEFORE ROW trigger set_dates assigns created_at (function public.set_dates), and rows are routed before it fires")
                .hasMessageContaining("give the column a DEFAULT")
                .hasMessageContaining("acceptTriggers: set_dates");

        database.execute(
                "ALTER TABLE orders ALTER created_at SET DEFAULT timestamptz '2024-06-01 00:00+00'",
                "DROP TRIGGER set_dates ON orders");
        swapped();
        database.execute("INSERT INTO orders (id, status) VALUES (1001, 'new')");
        assertThat(database.queryLong("SELECT count(*) FROM orders_202406 WHERE id = 1001"))
                .isEqualTo(1);
    }

    @Test
    void whereTriggersRouteATriggerThatAssignsThePartitionColumnDecidesTheChildThereAndBack() throws SQLException {
        orders.routedByTrigger();
        makeTrigger(
                "NEW.created_at := coalesce(NEW.created_at, timestamptz '2024-06-01 00:00+00') + interval '1 month'");
        String triggers =
                "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'set_dates' ORDER BY tgrelid::regclass::text";
        List<String> before = database.queryStrings(triggers);
        swapped();
        assertThat(orders.lines())
                .contains(
                        "lockedSwap: trigger set_dates: It is on the table itself: an INSERT that names a child does not fire it.");

        assertThat(
                        database.queryStrings(
                                "INSERT INTO orders (id, status, created_at) VALUES (1001, 'new', NULL), (1002, 'new', '2024-10-05 00:00+00') RETURNING date(created_at AT TIME ZONE 'UTC')::text"))
                .containsExactly("2024-07-01", "2024-11-05");
        // The effect must occur once: fired again for the row in its child, it would be in August.
        assertThat(placed(1001)).isEqualTo("orders_202407 2024-07-01");
        assertThat(placed(1002)).isEqualTo("orders_202411 2024-11-05");
        database.execute("UPDATE orders SET status = 'edited' WHERE id = 1001");
        assertThat(placed(1001)).isEqualTo("orders_202408 2024-08-01");
        assertThat(database.queryStrings(triggers))
                .hasSize(14)
                .satisfiesOnlyOnce(
                        trigger -> assertThat(trigger).contains("BEFORE INSERT OR UPDATE ON public.orders FOR"));

        orders.reverseSwap();
        assertThat(database.queryStrings(triggers)).isEqualTo(before);
        assertThat(placed(1001)).isEqualTo("orders 2024-08-01");
        orders.swap();
        database.execute("INSERT INTO orders (id, status, created_at) VALUES (1003, 'new', NULL)");
        assertThat(placed(1003)).isEqualTo("orders_202407 2024-07-01");
    }

    private String placed(long id) {
        return database.queryString(
                "SELECT tableoid::regclass || ' ' || date(created_at AT TIME ZONE 'UTC') FROM orders WHERE id = " + id);
    }

    @Test
    void aTriggerThatLeavesTheRowInItsPartitionIsAcceptedByName() throws SQLException {
        makeTrigger("NEW.created_at := date_trunc('day', NEW.created_at, 'UTC')");
        assertThatThrownBy(orders::prepare).hasMessageContaining("acceptTriggers: set_dates");

        orders.accepting("set_dates");
        swapped();
        database.execute("INSERT INTO orders VALUES (1001, 'new', 1, 'x', '2024-06-03 04:05+00')");
        assertThat(database.queryLong(
                        "SELECT count(*) FROM orders_202406 WHERE created_at = timestamptz '2024-06-03 00:00+00'"))
                .isEqualTo(1);
    }

    @Test
    void aTriggerMadeWhileTheSwapWaitsIsRefusedThere() throws SQLException {
        orders.prepare().capture().copy().index().replay().verify();
        makeTrigger("NEW.created_at := now()");

        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.orders cannot be swapped:")
                .hasMessageContaining("BEFORE ROW trigger set_dates assigns created_at")
                .hasMessageContaining("Nothing was renamed");

        database.execute("ALTER TABLE orders DISABLE TRIGGER set_dates");
        orders.swap();
    }

    @Test
    void aHarmlessTriggerIsNotSpokenOf() throws SQLException {
        makeTrigger("NEW.status := lower(NEW.status)");
        swapped();
        assertThat(orders.lines()).noneMatch(line -> line.contains("trigger set_dates"));
    }

    /** As PostgreSQL 14 to 18 do it: the announcement is what happens. */
    @Test
    void theSwapSaysWhatAnUpdateThatMovesARowFires() throws SQLException {
        database.execute(
                "CREATE TABLE fired (what text)",
                """
                CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO fired VALUES (tg_name || ' ' || tg_op || ' ' || TG_TABLE_NAME); RETURN NULL; END $$""",
                "CREATE TRIGGER deleted AFTER DELETE ON orders FOR EACH ROW EXECUTE FUNCTION audit()",
                "CREATE TRIGGER inserted AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION audit()",
                "CREATE TRIGGER updated AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION audit()");
        swapped();
        database.execute(
                "DELETE FROM fired", "UPDATE orders SET created_at = timestamptz '2024-12-01 00:00+00' WHERE id = 1");

        assertThat(database.queryStrings("SELECT what FROM fired ORDER BY 1"))
                .containsExactly("deleted DELETE orders_202402", "inserted INSERT orders_202412");
        String names = "TG_TABLE_NAME in its function public.audit are those of the partition that the row is in. ";
        assertThat(orders.lines())
                .contains(
                        "lockedSwap: trigger deleted: " + names
                                + "An UPDATE that moves a row to another partition fires it as for a DELETE.",
                        "lockedSwap: trigger inserted: " + names
                                + "An UPDATE that moves a row to another partition fires it as for an INSERT.",
                        "lockedSwap: trigger updated: " + names
                                + "An UPDATE that moves a row to another partition does not fire it as for an UPDATE.");
    }

    @Test
    void whereTriggersRouteTheSwapSaysWhichTriggersSeeAnotherDepthOrTheOldTime() throws SQLException {
        orders.routedByTrigger();
        database.execute(
                "CREATE TABLE fired (what text)",
                """
                CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO fired VALUES (tg_name || to_char(NEW.created_at AT TIME ZONE 'UTC', ' YYYYMM')); RETURN NULL; END $$""",
                "CREATE TRIGGER inserted AFTER INSERT ON orders FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION audit()",
                "CREATE TRIGGER inserted_within AFTER INSERT ON orders FOR EACH ROW WHEN (pg_trigger_depth() <= 1) EXECUTE FUNCTION audit()",
                "CREATE TRIGGER updated AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION audit()");
        swapped();
        database.execute(
                "INSERT INTO orders (id, status, created_at) VALUES (1001, 'new', '2024-05-05 00:00+00')",
                "UPDATE orders SET created_at = '2024-06-05 00:00+00' WHERE id = 1001");

        assertThat(database.queryStrings("SELECT what FROM fired ORDER BY 1"))
                .containsExactly("inserted_within 202405", "inserted_within 202406", "updated 202405");
        assertThat(orders.lines())
                .contains(
                        "lockedSwap: trigger inserted: An UPDATE that moves a row to another child fires it as for an INSERT. It asks for pg_trigger_depth(), which is one more where a row is put into its child or taken out of it.",
                        "lockedSwap: trigger updated: Of a row that an UPDATE moves to another child, NEW has the old created_at.");
    }

    private void makeTrigger(String statement) {
        database.execute(
                "CREATE FUNCTION set_dates() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %s; RETURN NEW; END $$"
                        .formatted(statement),
                "CREATE TRIGGER set_dates BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION set_dates()");
    }

    private void swapped() throws SQLException {
        orders.prepare().capture().copy().index().replay().verify().swap();
    }
}
