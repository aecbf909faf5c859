package liquibase.ext.partition.engine.belonging.foreignkeys;

import static liquibase.ext.partition.engine.belonging.foreignkeys.ReferredOrders.keepingFunctions;
import static liquibase.ext.partition.engine.belonging.foreignkeys.ReferredOrders.referringKeys;
import static liquibase.ext.partition.engine.belonging.foreignkeys.ReferredOrders.swappedWithLines;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The triggers that keep a foreign key need no right that it would not need, and find what it would find. */
@ExtendWith(FreshDatabase.class)
class ForeignKeyTriggersRightsTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = ReferredOrders.in(database);
    }

    /**
     * The server's own keys use the path of the session that deletes: a trigger of the referring table finds names
     * without a schema.
     */
    @Test
    void triggersOfTheReferringTableFindWhatTheyNameByTheWritersPath() throws SQLException {
        database.execute(
                "CREATE TABLE log (o bigint)",
                "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (OLD.o); RETURN NULL; END'");
        swappedWithLines(orders, "ON DELETE CASCADE ON UPDATE SET NULL");
        database.execute(
                "CREATE TRIGGER note AFTER DELETE OR UPDATE ON lines FOR EACH ROW EXECUTE FUNCTION note()",
                "DELETE FROM orders WHERE id = 5",
                "UPDATE orders SET id = 506 WHERE id = 6");
        assertThat(database.queryStrings("SELECT o FROM log")).containsExactlyInAnyOrder("5", "6");
        database.execute("ALTER TABLE lines RENAME TO lines2", "DELETE FROM orders WHERE id = 7");
        assertThat(database.queryLong("SELECT count(*) FROM log")).isEqualTo(3);
    }

    /** Which functions are ours is not told by their names alone. */
    @Test
    void aTriggerThatCallsSomebodyElsesFunctionOfThatNameDoesNotGetTheKeyOnTheWayBack() throws SQLException {
        String clerk = database.createRole("clerk", "");
        swappedWithLines(orders, "");
        database.execute(
                "CREATE SCHEMA theirs AUTHORIZATION " + clerk,
                "GRANT SELECT, TRIGGER ON orders TO " + clerk,
                "CREATE TABLE theirs.lines (id bigint, o bigint)",
                "ALTER TABLE theirs.lines OWNER TO " + clerk);
        try (Transaction maker = Transaction.beginAs(database, clerk)) {
            for (String function : keepingFunctions(database)) {
                maker.run("CREATE FUNCTION theirs.%s RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
                        .formatted(function));
                maker.run("CREATE TRIGGER \"!a\" AFTER INSERT ON %s FOR EACH STATEMENT EXECUTE FUNCTION theirs.%s"
                        .formatted(function.endsWith("_act()") ? "orders" : "theirs.lines", function));
            }
            maker.commit();
        }

        orders.reverseSwap();

        assertThat(referringKeys(database)).containsExactly("lines line_order: FOREIGN KEY (o) REFERENCES orders(id)");
        assertThat(keepingFunctions(database)).allMatch(function -> function.startsWith("theirs."));
    }

    /**
     * The writer of a child needs no right on the referenced table, nor does a role that deletes there need one on the
     * child.
     */
    @Test
    void writersNeedNoOtherRightsThanWithAForeignKey() throws SQLException {
        String owner = database.createRole("owner", "");
        String writer = database.createRole("writer", "");
        ReferredOrders.lines(database, "ON DELETE CASCADE");
        database.execute(
                "REVOKE ALL ON SCHEMA public FROM PUBLIC",
                "GRANT ALL ON SCHEMA public TO " + owner,
                "GRANT USAGE ON SCHEMA public TO " + writer,
                "ALTER TABLE orders OWNER TO " + owner,
                "ALTER TABLE lines OWNER TO " + owner,
                "GRANT INSERT ON lines TO " + writer,
                "GRANT SELECT, DELETE ON orders TO " + writer,
                "GRANT TRIGGER ON lines TO " + writer,
                "CREATE SCHEMA w AUTHORIZATION " + writer,
                "GRANT USAGE ON SCHEMA w TO " + owner);
        // When a key acts, triggers of the referring table run as its owner; with PostgreSQL's own key, AFTER triggers
        // do since version 18.
        try (Connection client = database.connect(writer, writer);
                Statement statement = client.createStatement()) {
            statement.execute("CREATE TABLE w.log (who text)");
            statement.execute("GRANT INSERT ON w.log TO " + owner);
            statement.execute(
                    "CREATE FUNCTION w.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO w.log VALUES (TG_WHEN || current_user); RETURN OLD; END'");
            for (String when : List.of("BEFORE", "AFTER")) {
                statement.execute("CREATE TRIGGER note_%1$s %1$s DELETE ON lines FOR EACH ROW EXECUTE FUNCTION w.note()"
                        .formatted(when));
            }
            statement.execute("SET search_path = w, public");
            statement.execute("DELETE FROM orders WHERE id = 20");
        }
        orders.as(owner).incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughSwap();

        try (Connection client = database.connect(writer, writer);
                Statement statement = client.createStatement()) {
            statement.execute("SET search_path = w, public");
            statement.execute("INSERT INTO lines VALUES (100, 21)");
            statement.execute("DELETE FROM orders WHERE id = 21");
            assertThatThrownBy(() -> statement.execute("INSERT INTO lines VALUES (100, 21)"))
                    .hasMessageContaining("violates foreign key constraint");
            statement.execute("DELETE FROM orders WHERE id = 19");
            // Policies that hide rows from their owner hide none from PostgreSQL's own key, but would hide them from
            // triggers.
            database.execute(
                    "ALTER TABLE lines ENABLE ROW LEVEL SECURITY", "ALTER TABLE lines FORCE ROW LEVEL SECURITY");
            assertThatThrownBy(() -> statement.execute("DELETE FROM orders WHERE id = 18"))
                    .hasMessageContaining("ALTER TABLE public.lines NO FORCE ROW LEVEL SECURITY");
            database.execute(
                    "ALTER TABLE public.lines NO FORCE ROW LEVEL SECURITY",
                    "ALTER TABLE lines DISABLE ROW LEVEL SECURITY",
                    "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
                    "ALTER TABLE orders FORCE ROW LEVEL SECURITY");
            assertThatThrownBy(() -> statement.execute("INSERT INTO lines VALUES (100, 22)"))
                    .hasMessageContaining("ALTER TABLE public.orders NO FORCE ROW LEVEL SECURITY");
            database.execute(
                    "ALTER TABLE public.orders NO FORCE ROW LEVEL SECURITY",
                    "ALTER TABLE orders DISABLE ROW LEVEL SECURITY");
            statement.execute("DELETE FROM orders WHERE id = 18");
        }
        assertThat(database.queryStrings("""
                        SELECT p.proname FROM pg_proc AS p WHERE p.proname ~ '_(check|act)$'
                          AND (p.proowner <> ?::regrole OR has_function_privilege(?, p.oid, 'EXECUTE'))""", owner, writer)).isEmpty();
        boolean asQueued = database.isAtLeast(18);
        assertThat(database.queryStrings("SELECT who FROM w.log"))
                .containsExactly(
                        "BEFORE" + owner,
                        "AFTER" + (asQueued ? owner : writer),
                        "BEFORE" + owner,
                        "AFTER" + owner,
                        "BEFORE" + owner,
                        "AFTER" + owner,
                        "BEFORE" + owner,
                        "AFTER" + owner);
        orders.reverseSwap();
        assertThat(referringKeys(database)).hasSize(1);
    }

    /**
     * The owner's own trigger names a table without its schema, and a role that may only delete has a table of that
     * name.
     */
    @ParameterizedTest
    @ValueSource(strings = {"pg_temp", "trap"})
    void whoMayOnlyWriteCannotChooseWhatTheOwnersTriggersFind(String schema) throws SQLException {
        String owner = database.createRole("owner", "");
        String writer = database.createRole("writer", "");
        String group = database.createRole("creators", "");
        ReferredOrders.lines(database, "ON DELETE CASCADE");
        database.execute(
                "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
                "GRANT ALL ON SCHEMA public TO " + owner,
                "CREATE SCHEMA trap",
                "GRANT USAGE ON SCHEMA trap TO PUBLIC",
                "GRANT CREATE ON SCHEMA trap TO " + group,
                "GRANT %s TO %s".formatted(group, writer),
                "CREATE TABLE audit_log (o bigint)",
                "ALTER TABLE audit_log OWNER TO " + owner,
                "ALTER TABLE orders OWNER TO " + owner,
                "ALTER TABLE lines OWNER TO " + owner,
                "GRANT SELECT, DELETE ON orders TO " + writer,
                "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO audit_log VALUES (OLD.o); RETURN NULL; END'",
                "ALTER FUNCTION note() OWNER TO " + owner,
                "CREATE TRIGGER note AFTER DELETE ON lines FOR EACH ROW EXECUTE FUNCTION note()");
        orders.as(owner).incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughSwap();
        try (Connection client = database.connect(writer, writer);
                Statement statement = client.createStatement()) {
            statement.execute("SET search_path = %s, public".formatted(schema));
            statement.execute("CREATE TABLE %s.audit_log (o bigint)".formatted(schema));
            statement.execute("GRANT ALL ON %s.audit_log TO PUBLIC".formatted(schema));
            statement.execute("DELETE FROM orders WHERE id = 19");
            assertThat(database.queryStrings("SELECT o FROM public.audit_log")).containsExactly("19");
        }
    }
}
