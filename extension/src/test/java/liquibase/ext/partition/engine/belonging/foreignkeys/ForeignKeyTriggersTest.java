package liquibase.ext.partition.engine.belonging.foreignkeys;

import static liquibase.ext.partition.engine.belonging.foreignkeys.ReferredOrders.keepingFunctions;
import static liquibase.ext.partition.engine.belonging.foreignkeys.ReferredOrders.referringKeys;
import static liquibase.ext.partition.engine.belonging.foreignkeys.ReferredOrders.swappedWithLines;
import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
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

/** The triggers that keep foreign keys refuse, act and follow changes of both tables as the foreign keys would. */
@ExtendWith(FreshDatabase.class)
class ForeignKeyTriggersTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = ReferredOrders.in(database);
    }

    @Test
    void triggersRefuseWhatAForeignKeyRefuses() throws SQLException {
        database.execute(
                "CREATE TABLE strict (o bigint CONSTRAINT s REFERENCES orders ON DELETE RESTRICT)",
                "INSERT INTO strict VALUES (30)");
        String restricted = database.messageOf("DELETE FROM orders WHERE id = 30");
        assertThat(restricted).contains("foreign key constraint");
        swappedWithLines(orders, "");

        assertThat(database.messageOf("DELETE FROM orders WHERE id = 30")).startsWith(restricted);

        assertThat(database.messageOf("INSERT INTO lines VALUES (100, 700)"))
                .contains("insert or update on table \"lines\" violates foreign key constraint \"line_order\"")
                .contains("Key (o)=(700) is not present in table \"orders\".");
        assertThat(database.errorOf("UPDATE lines SET o = 700 WHERE id = 1")).isEqualTo("23503");
        assertThat(database.errorOf("UPDATE lines SET o = NULL WHERE id = 1")).isEmpty();
        assertThat(database.errorOf("UPDATE lines SET o = 1, note = 'x' WHERE id = 1"))
                .isEmpty();
        assertThat(database.messageOf("DELETE FROM orders WHERE id = 5"))
                .contains(
                        "update or delete on table \"orders\" violates foreign key constraint \"line_order\" on table \"lines\"")
                .contains("Key (id)=(5) is still referenced from table \"lines\".");
        assertThat(database.errorOf("UPDATE orders SET id = 505 WHERE id = 5")).isEqualTo("23503");
        assertThat(database.errorOf("DELETE FROM orders WHERE id = 25")).isEmpty();
        assertThat(database.errorOf("UPDATE orders SET id = 526 WHERE id = 26")).isEmpty();
        assertThat(database.errorOf("TRUNCATE orders")).isIn("0A000", "55000");
        assertThat(database.errorOf("DELETE FROM lines WHERE o = 7", "DELETE FROM orders WHERE id = 7"))
                .isEmpty();
        // Once it is over, the triggers stay.
        orders.dropBackup();
        assertThat(database.errorOf("DELETE FROM orders WHERE id = 5")).isEqualTo("23503");
        assertThat(database.errorOf("TRUNCATE orders")).isEqualTo("0A000");
        assertThat(database.errorOf("TRUNCATE lines, strict", "TRUNCATE orders"))
                .isEmpty();
    }

    @Test
    void aRowThatMovesToAnotherPartitionIsStillThere() throws SQLException {
        swappedWithLines(orders, "ON DELETE CASCADE ON UPDATE CASCADE");

        database.execute("UPDATE orders SET created_at = created_at + interval '1 month' WHERE id = 5");

        assertThat(database.queryLong("SELECT count(*) FROM lines WHERE o = 5")).isEqualTo(1);
        assertThat(database.errorOf(
                        "UPDATE orders SET created_at = created_at + interval '1 month', id = 505 WHERE id = 5"))
                .isEqualTo("0A000");
        assertThat(database.errorOf(
                        "UPDATE orders SET created_at = created_at + interval '1 hour', id = 505 WHERE id = 5"))
                .isEmpty();
        assertThat(database.queryLong("SELECT count(*) FROM lines WHERE o = 505"))
                .isEqualTo(1);
        database.execute("DELETE FROM orders WHERE id = 505");
        assertThat(database.queryLong("SELECT count(*) FROM lines WHERE o = 505"))
                .isZero();
    }

    @Test
    void theActionsAreThoseOfTheForeignKey() throws SQLException {
        database.execute(
                "CREATE TABLE a (o bigint REFERENCES orders ON DELETE SET NULL ON UPDATE SET NULL)",
                "CREATE TABLE b (o bigint DEFAULT 3 REFERENCES orders ON DELETE SET DEFAULT ON UPDATE SET DEFAULT)",
                "CREATE TABLE c (n text, o bigint, FOREIGN KEY (n, o) REFERENCES orders (number, id) MATCH FULL ON DELETE CASCADE ON UPDATE CASCADE)",
                "INSERT INTO a VALUES (1), (2)",
                "INSERT INTO b VALUES (1), (2), (3)",
                "INSERT INTO c VALUES ('n1', 1), ('n2', 2), (NULL, NULL)",
                "ALTER TABLE orders ADD CONSTRAINT up FOREIGN KEY (parent) REFERENCES orders ON DELETE CASCADE");
        orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughSwap();

        database.execute("DELETE FROM orders WHERE id = 1", "UPDATE orders SET id = 502 WHERE id = 2");

        assertThat(database.queryStrings("SELECT o FROM a")).containsExactly(null, null);
        assertThat(database.queryStrings("SELECT o FROM b")).containsExactly("3", "3", "3");
        assertThat(database.queryRows("SELECT n, o FROM c ORDER BY o"))
                .containsExactlyInAnyOrder(List.of("n2", "502"), java.util.Arrays.asList(null, null));
        assertThat(database.errorOf("DELETE FROM orders WHERE id = 3")).isEqualTo("23503");
        assertThat(database.errorOf("INSERT INTO c VALUES (NULL, 4)")).isEqualTo("23503");
        assertThat(database.errorOf("INSERT INTO c VALUES ('n4', 4)")).isEmpty();
        // 31 refers to 30, 32 to 31, and so on to 40.
        assertThat(database.errorOf("UPDATE orders SET parent = 999 WHERE id = 33"))
                .isEqualTo("23503");
        database.execute("DELETE FROM orders WHERE id = 35");
        assertThat(database.queryLong("SELECT max(id) FROM orders WHERE id < 500"))
                .isEqualTo(34);
        orders.reverseSwap();
        assertThat(database.queryLong("SELECT max(id) FROM orders WHERE id < 500"))
                .isEqualTo(34);
        assertThat(database.errorOf("DELETE FROM orders WHERE id = 3")).isEqualTo("23503");
    }

    @Test
    void whatIsDeferredIsCheckedAtTheEndOfTheTransaction() throws SQLException {
        swappedWithLines(orders, "DEFERRABLE INITIALLY DEFERRED");
        String order = "INSERT INTO orders (id, status, created_at) VALUES (600, 'x', '2024-03-03')";

        assertThat(database.errorOf("INSERT INTO lines VALUES (100, 600)", order))
                .isEmpty();
        assertThat(database.errorOf("INSERT INTO lines VALUES (101, 700)", "DELETE FROM lines WHERE id = 101"))
                .isEmpty();
        assertThat(database.errorOf("INSERT INTO lines VALUES (101, 700)", "UPDATE lines SET o = 1 WHERE id = 101"))
                .isEmpty();
        assertThat(database.errorOf("DELETE FROM orders WHERE id = 600", order)).isEmpty();
        assertThat(database.errorOf("DELETE FROM orders WHERE id = 600")).isEqualTo("23503");
        assertThat(database.errorOf("INSERT INTO lines VALUES (102, 700)")).isEqualTo("23503");
        assertThat(database.errorOf(
                        "INSERT INTO lines VALUES (103, 700)", "UPDATE lines SET note = 'x' WHERE id = 103"))
                .isEqualTo("23503");
        assertThat(database.errorOf("SET CONSTRAINTS line_order IMMEDIATE", "INSERT INTO lines VALUES (104, 600)"))
                .isEmpty();
    }

    @Test
    void whereRowsAreRoutedByTriggersTheyAreKeptToo() throws Exception {
        database.execute(
                "ALTER TABLE orders ADD CONSTRAINT up FOREIGN KEY (parent) REFERENCES orders ON DELETE CASCADE",
                "CREATE UNIQUE INDEX id_and_time ON orders (id, created_at)");
        orders.routedByTrigger();
        swappedWithLines(orders, "ON DELETE CASCADE ON UPDATE CASCADE");

        // A role that may not DELETE is not required to because of the key's triggers.
        String writer = database.createRole("writer", "");
        database.execute("GRANT SELECT, UPDATE ON orders TO " + writer);
        try (Transaction mover = Transaction.beginAs(database, writer)) {
            mover.run("UPDATE orders SET created_at = created_at + interval '1 month' WHERE id = 5");
            mover.commit();
        }
        assertThat(database.queryLong("SELECT count(*) FROM lines WHERE o = 5")).isEqualTo(1);
        database.execute("UPDATE orders SET created_at = created_at + interval '1 month', id = 506 WHERE id = 6");
        assertThat(database.queryLong("SELECT count(*) FROM lines WHERE o = 506"))
                .isEqualTo(1);
        database.execute("DELETE FROM orders WHERE id IN (5, 35)");
        assertThat(database.queryLong("SELECT count(*) FROM lines WHERE o = 5")).isZero();
        assertThat(database.queryLong("SELECT max(id) FROM orders WHERE id < 500"))
                .isEqualTo(34);
        assertThat(database.errorOf("INSERT INTO lines VALUES (100, 700)")).isEqualTo("23503");
        // A child that is made later has them too.
        database.execute(
                "SELECT orders_make(now()::date)",
                "INSERT INTO orders (id, status, created_at) VALUES (601, 'x', now())",
                "INSERT INTO lines VALUES (601, 601)");
        assertThat(database.queryString("SELECT tableoid::regclass FROM orders WHERE id = 601"))
                .isNotEqualTo("orders_default");
        database.execute("DELETE FROM orders WHERE id = 601");
        assertThat(database.queryLong("SELECT count(*) FROM lines WHERE o = 601"))
                .isZero();

        orders.reverseSwap();

        assertThat(referringKeys(database)).hasSize(2);
        assertThat(keepingFunctions(database)).isEmpty();
    }

    /** With PostgreSQL's own keys, too, all of it works without CASCADE, except for the referenced column. */
    @ParameterizedTest
    @ValueSource(strings = {"native", "trigger"})
    void whatIsRenamedMovedWidenedAndDroppedLaterIsFollowedAsByAForeignKey(String routing) throws SQLException {
        if (routing.equals("trigger")) {
            orders.routedByTrigger();
        }
        database.execute(
                "CREATE SCHEMA shop",
                "CREATE TABLE notes (o bigint CONSTRAINT note_order REFERENCES orders, o2 bigint CONSTRAINT second REFERENCES orders ON DELETE SET NULL) PARTITION BY LIST (o)",
                "CREATE TABLE notes_0 PARTITION OF notes DEFAULT",
                "CREATE TABLE notes_1 AS SELECT bigint '701' AS o, bigint '702' AS o2",
                "CREATE TABLE gone (o bigint REFERENCES orders)",
                "CREATE TABLE given_up (o bigint CONSTRAINT given_up_order REFERENCES orders)",
                "ALTER TABLE orders ADD CONSTRAINT up FOREIGN KEY (parent) REFERENCES orders ON DELETE SET NULL",
                "INSERT INTO notes VALUES (1, 2)",
                "INSERT INTO gone VALUES (3)",
                "INSERT INTO given_up VALUES (4)");
        swappedWithLines(orders, "ON DELETE CASCADE ON UPDATE CASCADE");

        assertThat(database.errorOf("DELETE FROM orders WHERE id = 3")).isEqualTo("23503");
        database.execute("DROP TABLE gone", "DELETE FROM orders WHERE id = 3");
        assertThat(database.errorOf("DELETE FROM orders WHERE id = 4")).isEqualTo("23503");
        database.execute("DROP TRIGGER given_up_order ON given_up", "DELETE FROM orders WHERE id = 4");

        Connection older = database.connect();
        older.setAutoCommit(false);
        older.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        older.createStatement().execute("SELECT FROM pg_class LIMIT 1");
        database.execute(
                "ALTER TABLE lines RENAME COLUMN o TO \"Order's\"",
                "ALTER TABLE lines RENAME TO \"Li nes\"",
                "ALTER TABLE \"Li nes\" SET SCHEMA shop",
                "ALTER SCHEMA shop RENAME TO shop2",
                "ALTER TABLE shop2.\"Li nes\" ALTER \"Order's\" TYPE numeric",
                // Another table under the earlier name is not the referring one.
                "CREATE TABLE lines (o bigint)",
                "INSERT INTO lines VALUES (11)",
                "ALTER TABLE orders RENAME COLUMN parent TO part_of",
                "ALTER TABLE notes RENAME COLUMN o2 TO o3",
                "DELETE FROM orders WHERE id IN (2, 12)",
                "UPDATE orders SET id = 513 WHERE id = 13",
                "UPDATE orders SET created_at = created_at + interval '1 month', id = 14 WHERE id = 14",
                "INSERT INTO shop2.\"Li nes\" VALUES (100, 14), (101, NULL)",
                "DELETE FROM orders WHERE id = 30");
        older.createStatement().execute("INSERT INTO shop2.\"Li nes\" VALUES (200, 20)");
        older.createStatement().execute("UPDATE orders SET created_at = created_at + interval '1 month' WHERE id = 21");
        older.close();
        assertThat(database.queryStrings("SELECT \"Order's\" FROM shop2.\"Li nes\" WHERE id IN (2, 12, 13, 14, 100)"))
                .containsExactlyInAnyOrder("513", "14", "14");
        assertThat(database.queryLong("SELECT count(*) FROM lines")).isEqualTo(1);
        assertThat(database.queryLong("SELECT count(*) FROM notes WHERE o3 IS NULL"))
                .isEqualTo(1);
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id = 31 AND part_of IS NULL"))
                .isEqualTo(1);
        assertThat(database.errorOf("UPDATE orders SET part_of = 700 WHERE id = 20"))
                .isEqualTo("23503");
        assertThat(database.messageOf("INSERT INTO shop2.\"Li nes\" VALUES (102, 700)"))
                .contains("insert or update on table \"Li nes\" violates foreign key constraint \"line_order\"")
                .contains("Key (Order's)=(700) is not present in table \"orders\".");
        assertThat(database.errorOf("DELETE FROM orders WHERE id = 1")).isEqualTo("23503");
        assertThat(database.errorOf("INSERT INTO notes (o) VALUES (700)")).isEqualTo("23503");
        // The rows of an attached table are not checked, but rows that are written there later are.
        database.execute(
                "ALTER TABLE notes_1 RENAME COLUMN o2 TO o3",
                "ALTER TABLE notes ATTACH PARTITION notes_1 FOR VALUES IN (701)");
        assertThat(database.errorOf("INSERT INTO notes (o) VALUES (701)")).isEqualTo("23503");
        database.execute("ALTER TABLE notes DETACH PARTITION notes_1", "INSERT INTO notes_1 VALUES (701)");
        database.execute("ALTER TABLE notes DROP COLUMN o3", "DELETE FROM orders WHERE id = 16");

        database.execute("ALTER TABLE orders RENAME COLUMN id TO no", "DELETE FROM orders WHERE no = 17");
        assertThat(database.queryLong("SELECT count(*) FROM shop2.\"Li nes\" WHERE \"Order's\" = 17"))
                .isZero();
        assertThat(database.messageOf("DELETE FROM orders WHERE no = 1"))
                .contains("Key (no)=(1) is still referenced from table \"notes\".");
        database.execute("INSERT INTO shop2.\"Li nes\" VALUES (103, 18)");
        assertThat(database.errorOf("ALTER TABLE orders DROP COLUMN no")).isEqualTo("2BP01");
        assertThat(database.errorOf("ALTER TABLE orders ALTER no TYPE numeric")).isEqualTo("0A000");
        database.execute("ALTER TABLE orders RENAME COLUMN no TO id");

        database.execute(
                "ALTER TABLE notes SET SCHEMA shop2",
                "DROP FUNCTION notes_note_order_check, notes_note_order_act CASCADE",
                "INSERT INTO shop2.notes VALUES (700)",
                "DELETE FROM orders WHERE id = 1",
                "DROP SCHEMA shop2 CASCADE",
                "DELETE FROM orders WHERE id = 19");
    }

    @ParameterizedTest
    @ValueSource(strings = {"native", "trigger"})
    void truncateTakesBothInOneStatementAndNotTheReferencedOneAlone(String routing) throws SQLException {
        if (routing.equals("trigger")) {
            orders.routedByTrigger();
        }
        database.execute("ALTER TABLE orders ADD CONSTRAINT up FOREIGN KEY (parent) REFERENCES orders");
        swappedWithLines(orders, "");
        orders.dropBackup();

        assertThat(database.errorOf("TRUNCATE orders")).isEqualTo("0A000");
        assertThat(database.errorOf("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "TRUNCATE orders"))
                .isEqualTo("0A000");
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(40);
        assertThat(database.errorOf(
                        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                        "SELECT FROM orders",
                        "TRUNCATE orders, lines",
                        "INSERT INTO lines VALUES (1, NULL)"))
                .isEmpty();
        assertThat(database.errorOf("TRUNCATE orders")).isEmpty();
        database.execute(
                "INSERT INTO orders (id, status, created_at) VALUES (1, 'x', '2024-03-03')",
                "INSERT INTO lines VALUES (2, 1)",
                "TRUNCATE lines, orders");
        assertThat(database.errorOf("INSERT INTO lines VALUES (3, 1)")).isEqualTo("23503");
        assertThat(database.errorOf("TRUNCATE orders CASCADE")).isEmpty();
        database.execute("INSERT INTO orders (id, status, created_at) VALUES (1, 'x', '2024-03-03')");
        database.execute("INSERT INTO lines VALUES (3, 1)");
        assertThat(database.errorOf("TRUNCATE orders CASCADE")).isEqualTo("0A000");
        if (routing.equals("native")) {
            database.execute("ALTER TABLE orders RENAME TO purchases", "INSERT INTO lines VALUES (5, 1)");
            assertThat(database.errorOf("DELETE FROM purchases WHERE id = 1")).isEqualTo("23503");
            assertThat(database.messageOf("INSERT INTO lines VALUES (6, 9)"))
                    .contains("Key (o)=(9) is not present in table \"purchases\".");
            database.execute(
                    "DROP TABLE purchases",
                    "INSERT INTO lines VALUES (4, 4)",
                    "DROP FUNCTION lines_line_order_check, lines_line_order_act CASCADE");
            assertThat(keepingFunctions(database)).hasSize(2);
        }
    }
}
