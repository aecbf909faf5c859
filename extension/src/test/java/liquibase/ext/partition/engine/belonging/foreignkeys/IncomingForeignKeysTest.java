package liquibase.ext.partition.engine.belonging.foreignkeys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.delta.CaptureStep;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.prepare.Preparation;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Foreign keys that refer to the table: refused, dropped or kept by triggers, and there again after a rollback. */
@ExtendWith(FreshDatabase.class)
class IncomingForeignKeysTest {
    private static final String LONG_NAME = "long" + "x".repeat(59);

    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = MigrationFixture.ofOrders(database, 40);
        database.execute(
                "ALTER TABLE orders ADD parent bigint, ADD number text",
                "UPDATE orders SET parent = id - 1, number = 'n' || id",
                "UPDATE orders SET parent = NULL WHERE id <= 30",
                "ALTER TABLE orders ADD UNIQUE (number), ADD UNIQUE (number, id)");
    }

    private List<String> definitions() {
        return database.queryStrings("""
                SELECT k.conrelid::regclass || ' ' || k.conname || ': ' || pg_get_constraintdef(k.oid)
                       || coalesce(' -- ' || obj_description(k.oid, 'pg_constraint'), '')
                FROM pg_constraint AS k WHERE k.confrelid = 'orders'::regclass AND k.contype = 'f' AND k.conparentid = 0 ORDER BY 1""");
    }

    private List<String> ourFunctions() {
        return database.queryStrings(
                "SELECT oid::regprocedure::text FROM pg_proc WHERE proname ~ '_(check|act)$' AND pronamespace <> 'pg_catalog'::regnamespace");
    }

    private String errorOf(String... statements) {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            for (String sql : statements) {
                statement.execute(sql);
            }
            connection.commit();
            return "";
        } catch (SQLException e) {
            return e.getSQLState();
        }
    }

    private String messageOf(String sql) {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
            return "";
        } catch (SQLException e) {
            return e.getMessage();
        }
    }

    @Test
    void byDefaultTheTableIsRefusedWithTheStatementThatEachWouldNeed() {
        database.execute(
                "CREATE TABLE lines (o bigint CONSTRAINT fk REFERENCES orders)",
                "ALTER TABLE orders ADD CONSTRAINT up FOREIGN KEY (parent) REFERENCES orders");

        assertThatThrownBy(orders::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "foreign key fk of public.lines refers to it; ALTER TABLE public.lines DROP CONSTRAINT fk, or say with incomingForeignKeys")
                .hasMessageContaining("foreign key up of public.orders refers to it");
    }

    @ParameterizedTest
    @ValueSource(strings = {"refuse", "trigger"})
    void thoseToWhatIsUniqueByItselfStayPostgresqlsOwnThereAndBack(String way) throws SQLException {
        database.execute(
                "ALTER TABLE orders ADD UNIQUE (id, created_at)",
                "CREATE SCHEMA shop",
                "CREATE TABLE shop.\"Li nes\" (o bigint, at timestamptz, CONSTRAINT \"a.b'c\" FOREIGN KEY (o, at) REFERENCES orders (id, created_at) %s DEFERRABLE)"
                        .formatted(takesMovesForUpdates() ? "ON DELETE CASCADE ON UPDATE CASCADE" : ""),
                "CREATE TABLE notes (o bigint, at timestamptz, CONSTRAINT old FOREIGN KEY (at, o) REFERENCES orders (created_at, id)) PARTITION BY HASH (o)",
                "CREATE TABLE notes_0 PARTITION OF notes FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
                "CREATE TABLE dirty (o bigint, at timestamptz)",
                "INSERT INTO dirty VALUES (12345, '2024-01-01')",
                "ALTER TABLE dirty ADD CONSTRAINT d FOREIGN KEY (o, at) REFERENCES orders (id, created_at) NOT VALID",
                "COMMENT ON CONSTRAINT old ON notes IS 'it''s'",
                "INSERT INTO shop.\"Li nes\" SELECT id, created_at FROM orders WHERE id = 1",
                "INSERT INTO notes SELECT id, created_at FROM orders WHERE id = 2");
        List<String> before = definitions();
        assertThat(before).hasSize(3);
        orders.incomingForeignKeys(IncomingForeignKeys.parse(way)).throughSwap();

        assertThat(definitions()).isEqualTo(before);
        assertKept(700);
        assertThat(ourFunctions()).isEmpty();
        assertThat(database.queryLong("SELECT count(*) FROM pg_constraint WHERE confrelid = 'orders_old'::regclass"))
                .isZero();
        database.execute(
                "CREATE TABLE later (o bigint, at timestamptz, CONSTRAINT since FOREIGN KEY (o, at) REFERENCES orders (id, created_at))");
        List<String> more = definitions();
        database.execute(
                "CREATE UNIQUE INDEX alone ON orders (created_at, number)",
                "CREATE TABLE stuck (at timestamptz, n text, CONSTRAINT s FOREIGN KEY (at, n) REFERENCES orders (created_at, number))");
        assertThatThrownBy(orders::reverseSwap)
                .hasMessageContaining(
                        "foreign key s of public.stuck refers to it; ALTER TABLE public.stuck DROP CONSTRAINT s")
                .hasMessageNotContaining("public.later");
        database.execute("DROP TABLE stuck", "DROP INDEX alone");

        orders.reverseSwap();
        assertThat(definitions()).isEqualTo(more);
        assertKept(800);

        orders.swap();
        assertThat(definitions()).isEqualTo(more);
        orders.dropBackup();
        assertThat(definitions()).isEqualTo(more);
        assertKept(900);
    }

    /** The swap's record says what it found; but the state at the time of the way back is what goes back. */
    @Test
    void whatHasBecomeOfAKeySinceTheSwapIsWhatGoesBack() throws SQLException {
        database.execute("ALTER TABLE orders ADD UNIQUE (id, created_at)");
        for (String table : List.of("dropped", "other", "deferred", "renamed", "dirty", "said", "gone", "moved")) {
            database.execute(
                    """
                    CREATE TABLE %1$s (o bigint, at timestamptz, CONSTRAINT of_%1$s FOREIGN KEY (o, at) REFERENCES orders (id, created_at))""".formatted(table), "COMMENT ON CONSTRAINT of_%1$s ON %1$s IS 'as it was'".formatted(table));
        }
        database.execute(
                "CREATE TABLE parts (o bigint, at timestamptz, CONSTRAINT of_parts FOREIGN KEY (o, at) REFERENCES orders (id, created_at)) PARTITION BY HASH (o)",
                "CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 1, REMAINDER 0)");
        orders.throughSwap();
        database.execute(
                "ALTER TABLE dropped DROP CONSTRAINT of_dropped",
                "INSERT INTO dropped VALUES (12345, '2024-01-01')",
                "ALTER TABLE parts DROP CONSTRAINT of_parts",
                "INSERT INTO parts VALUES (12345, '2024-01-01')",
                "ALTER TABLE other DROP CONSTRAINT of_other",
                "ALTER TABLE other ADD CONSTRAINT of_other FOREIGN KEY (o, at) REFERENCES orders (id, created_at) ON UPDATE RESTRICT ON DELETE RESTRICT",
                "ALTER TABLE deferred ALTER CONSTRAINT of_deferred DEFERRABLE INITIALLY DEFERRED",
                "ALTER TABLE renamed RENAME CONSTRAINT of_renamed TO now",
                "ALTER TABLE renamed RENAME COLUMN o TO order_id",
                "ALTER TABLE dirty DROP CONSTRAINT of_dirty",
                "INSERT INTO dirty VALUES (12345, '2024-01-01')",
                "ALTER TABLE dirty ADD CONSTRAINT of_dirty FOREIGN KEY (o, at) REFERENCES orders (id, created_at) NOT VALID",
                "COMMENT ON CONSTRAINT of_said ON said IS 'as it is'",
                "DROP TABLE gone",
                "CREATE SCHEMA shop",
                "ALTER TABLE moved SET SCHEMA shop");
        List<String> now = definitions();
        assertThat(now).hasSize(6);

        orders.swap();
        assertThat(definitions()).isEqualTo(now);
        orders.reverseSwap();
        assertThat(definitions()).isEqualTo(now);
        orders.swap();
        assertThat(definitions()).isEqualTo(now);
    }

    /** Before PostgreSQL 15 a foreign key treated a row that moved to another partition as deleted. */
    private boolean takesMovesForUpdates() {
        return database.isAtLeast(15);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ON DELETE CASCADE", "ON DELETE SET NULL", "ON UPDATE CASCADE"})
    void oneThatActsIsKeptOnlyWhereTheServerKnowsAMoveFromADelete(String action) throws SQLException {
        database.execute(
                "ALTER TABLE orders ADD UNIQUE (id, created_at)",
                "CREATE TABLE lines (o bigint, at timestamptz, CONSTRAINT acts FOREIGN KEY (o, at) REFERENCES orders (id, created_at) %s)"
                        .formatted(action));
        if (takesMovesForUpdates()) {
            orders.prepare();
        } else {
            assertThatThrownBy(orders::prepare).hasMessageContaining("foreign key acts of public.lines refers to it");
        }
    }

    private void assertKept(int id) {
        String at = "timestamptz '2024-05-05 00:00+00'";
        assertThat(errorOf("INSERT INTO notes VALUES (%d, %s)".formatted(id, at)))
                .isEqualTo("23503");
        assertThat(errorOf("DELETE FROM orders WHERE id = 2")).isEqualTo("23503");
        database.execute(
                "INSERT INTO orders (id, status, created_at) VALUES (%d, 'new', %s)".formatted(id, at),
                "INSERT INTO shop.\"Li nes\" VALUES (%d, %s)".formatted(id, at));
        String move = "UPDATE orders SET created_at = '2024-06-06 00:00+00' WHERE id = " + id;
        if (takesMovesForUpdates()) {
            database.execute(move);
            assertThat(database.queryLong("SELECT count(*) FROM shop.\"Li nes\" WHERE at = '2024-06-06 00:00+00'"))
                    .isEqualTo(1);
        } else {
            assertThat(errorOf(move)).isEqualTo("23503");
            database.execute("DELETE FROM shop.\"Li nes\" WHERE o = " + id);
        }
        database.execute("DELETE FROM orders WHERE id = " + id);
        assertThat(database.queryLong("SELECT count(*) FROM shop.\"Li nes\"")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"drop", "trigger"})
    void theyAreGoneAfterTheSwapAndThereAgainAfterTheRollback(String way) throws SQLException {
        database.execute(
                "CREATE SCHEMA shop",
                "CREATE TABLE shop.\"Li nes\" (id bigint PRIMARY KEY, o bigint CONSTRAINT \"a.b'c\" REFERENCES orders ON DELETE CASCADE DEFERRABLE, n text, CONSTRAINT "
                        + LONG_NAME
                        + " FOREIGN KEY (n, o) REFERENCES orders (number, id) MATCH FULL ON UPDATE CASCADE)",
                "CREATE TABLE notes (o bigint CONSTRAINT old REFERENCES orders NOT NULL, n text REFERENCES orders (number)) PARTITION BY HASH (o)",
                "CREATE TABLE notes_0 PARTITION OF notes FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
                "CREATE TABLE gone (o bigint CONSTRAINT g REFERENCES orders)",
                "CREATE TABLE cut (o bigint CONSTRAINT cut_order REFERENCES orders, n text)",
                "CREATE TABLE given_up (o bigint CONSTRAINT given_up_order REFERENCES orders)",
                "COMMENT ON CONSTRAINT old ON notes IS 'it''s'",
                "CREATE TABLE dirty (o bigint)",
                "INSERT INTO dirty VALUES (12345)",
                "ALTER TABLE dirty ADD CONSTRAINT d FOREIGN KEY (o) REFERENCES orders NOT VALID",
                "ALTER TABLE orders ADD CONSTRAINT up FOREIGN KEY (parent) REFERENCES orders ON DELETE SET NULL",
                "INSERT INTO shop.\"Li nes\" VALUES (1, 1, 'n1')",
                "INSERT INTO notes VALUES (2, 'n2')");
        List<String> before = definitions();
        assertThat(before).hasSize(9);
        List<String> triggers = database.queryStrings("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal");
        orders.incomingForeignKeys(IncomingForeignKeys.parse(way)).throughSwap();

        assertThat(definitions()).isEmpty();
        assertThat(
                        database.queryLong(
                                "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = 'orders_old'::regclass"))
                .isZero();
        assertThat(ourFunctions()).hasSize(way.equals("trigger") ? 18 : 0);
        assertThat(errorOf("INSERT INTO notes VALUES (700, NULL)")).isEqualTo(way.equals("trigger") ? "23503" : "");
        assertThat(errorOf("INSERT INTO dirty VALUES (700)")).isEqualTo(way.equals("trigger") ? "23503" : "");
        database.execute("DELETE FROM notes WHERE o = 700", "DELETE FROM dirty WHERE o = 700", "DROP TABLE gone");
        database.execute(
                "ALTER TABLE shop.\"Li nes\" RENAME TO lines2",
                "ALTER TABLE shop.lines2 RENAME COLUMN n TO \"the \"\"n\"\",)\"",
                "ALTER SCHEMA shop RENAME TO shop2",
                "ALTER TABLE cut DROP COLUMN o");
        if (way.equals("trigger")) {
            database.execute("DROP TRIGGER given_up_order ON given_up");
        }

        orders.reverseSwap();

        assertThat(definitions())
                .containsExactlyInAnyOrderElementsOf(before.stream()
                        .filter(it -> !it.startsWith("gone") && !it.startsWith("cut"))
                        .filter(it -> !it.startsWith("given_up") || way.equals("drop"))
                        .map(it -> it.replace("\"Li nes\"", "lines2")
                                .replace("shop.", "shop2.")
                                .replace("KEY (n, o)", "KEY (\"the \"\"n\"\",)\", o)"))
                        .toList());
        assertThat(orders.lines())
                .anySatisfy(line -> assertThat(line)
                        .contains("public.gone, or a column of it, is gone, and so foreign key g was not made again"))
                .anySatisfy(line -> assertThat(line).contains("public.cut, or a column of it, is gone"));
        if (way.equals("trigger")) {
            assertThat(orders.lines())
                    .anySatisfy(line -> assertThat(line)
                            .contains("Foreign key given_up_order of public.given_up was dropped since the swap"));
        }
        assertThat(ourFunctions()).isEmpty();
        assertThat(errorOf("INSERT INTO notes VALUES (700, NULL)")).isEqualTo("23503");
        orders.step("rollback", run -> CaptureStep.stop(run, MigrationFixture.LOCK));
        orders.step("rollback", Preparation::undo);
        assertThat(database.queryStrings("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"))
                .isEqualTo(triggers);
        assertThat(database.queryLong("SELECT count(*) FROM pg_class WHERE relname ~ '^partition_|^orders_'"))
                .isEqualTo(database.queryLong("SELECT count(*) FROM pg_class WHERE relname ~ '^orders_(pkey|number)'"));
    }

    private void children(String rules) {
        database.execute(
                "CREATE TABLE lines (id bigint PRIMARY KEY, o bigint DEFAULT 3 CONSTRAINT line_order REFERENCES orders "
                        + rules + ", note text)",
                "INSERT INTO lines SELECT i, i FROM generate_series(1, 20) AS i");
    }

    private MigrationFixture swapped(String rules) throws SQLException {
        children(rules);
        return orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughSwap();
    }

    @Test
    void triggersRefuseWhatAForeignKeyRefuses() throws SQLException {
        database.execute(
                "CREATE TABLE strict (o bigint CONSTRAINT s REFERENCES orders ON DELETE RESTRICT)",
                "INSERT INTO strict VALUES (30)");
        String restricted = messageOf("DELETE FROM orders WHERE id = 30");
        assertThat(restricted).contains("foreign key constraint");
        swapped("");

        assertThat(messageOf("DELETE FROM orders WHERE id = 30")).startsWith(restricted);

        assertThat(messageOf("INSERT INTO lines VALUES (100, 700)"))
                .contains("insert or update on table \"lines\" violates foreign key constraint \"line_order\"")
                .contains("Key (o)=(700) is not present in table \"orders\".");
        assertThat(errorOf("UPDATE lines SET o = 700 WHERE id = 1")).isEqualTo("23503");
        assertThat(errorOf("UPDATE lines SET o = NULL WHERE id = 1")).isEmpty();
        assertThat(errorOf("UPDATE lines SET o = 1, note = 'x' WHERE id = 1")).isEmpty();
        assertThat(messageOf("DELETE FROM orders WHERE id = 5"))
                .contains(
                        "update or delete on table \"orders\" violates foreign key constraint \"line_order\" on table \"lines\"")
                .contains("Key (id)=(5) is still referenced from table \"lines\".");
        assertThat(errorOf("UPDATE orders SET id = 505 WHERE id = 5")).isEqualTo("23503");
        assertThat(errorOf("DELETE FROM orders WHERE id = 25")).isEmpty();
        assertThat(errorOf("UPDATE orders SET id = 526 WHERE id = 26")).isEmpty();
        assertThat(errorOf("TRUNCATE orders")).isIn("0A000", "55000");
        assertThat(errorOf("DELETE FROM lines WHERE o = 7", "DELETE FROM orders WHERE id = 7"))
                .isEmpty();
        // Once it is over, the triggers stay.
        orders.dropBackup();
        assertThat(errorOf("DELETE FROM orders WHERE id = 5")).isEqualTo("23503");
        assertThat(errorOf("TRUNCATE orders")).isEqualTo("0A000");
        assertThat(errorOf("TRUNCATE lines, strict", "TRUNCATE orders")).isEmpty();
    }

    @Test
    void aRowThatMovesToAnotherPartitionIsStillThere() throws SQLException {
        swapped("ON DELETE CASCADE ON UPDATE CASCADE");

        database.execute("UPDATE orders SET created_at = created_at + interval '1 month' WHERE id = 5");

        assertThat(database.queryLong("SELECT count(*) FROM lines WHERE o = 5")).isEqualTo(1);
        assertThat(errorOf("UPDATE orders SET created_at = created_at + interval '1 month', id = 505 WHERE id = 5"))
                .isEqualTo("0A000");
        assertThat(errorOf("UPDATE orders SET created_at = created_at + interval '1 hour', id = 505 WHERE id = 5"))
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
        assertThat(errorOf("DELETE FROM orders WHERE id = 3")).isEqualTo("23503");
        assertThat(errorOf("INSERT INTO c VALUES (NULL, 4)")).isEqualTo("23503");
        assertThat(errorOf("INSERT INTO c VALUES ('n4', 4)")).isEmpty();
        // 31 refers to 30, 32 to 31, and so on to 40.
        assertThat(errorOf("UPDATE orders SET parent = 999 WHERE id = 33")).isEqualTo("23503");
        database.execute("DELETE FROM orders WHERE id = 35");
        assertThat(database.queryLong("SELECT max(id) FROM orders WHERE id < 500"))
                .isEqualTo(34);
        orders.reverseSwap();
        assertThat(database.queryLong("SELECT max(id) FROM orders WHERE id < 500"))
                .isEqualTo(34);
        assertThat(errorOf("DELETE FROM orders WHERE id = 3")).isEqualTo("23503");
    }

    @Test
    void whatIsDeferredIsCheckedAtTheEndOfTheTransaction() throws SQLException {
        swapped("DEFERRABLE INITIALLY DEFERRED");
        String order = "INSERT INTO orders (id, status, created_at) VALUES (600, 'x', '2024-03-03')";

        assertThat(errorOf("INSERT INTO lines VALUES (100, 600)", order)).isEmpty();
        assertThat(errorOf("INSERT INTO lines VALUES (101, 700)", "DELETE FROM lines WHERE id = 101"))
                .isEmpty();
        assertThat(errorOf("INSERT INTO lines VALUES (101, 700)", "UPDATE lines SET o = 1 WHERE id = 101"))
                .isEmpty();
        assertThat(errorOf("DELETE FROM orders WHERE id = 600", order)).isEmpty();
        assertThat(errorOf("DELETE FROM orders WHERE id = 600")).isEqualTo("23503");
        assertThat(errorOf("INSERT INTO lines VALUES (102, 700)")).isEqualTo("23503");
        assertThat(errorOf("INSERT INTO lines VALUES (103, 700)", "UPDATE lines SET note = 'x' WHERE id = 103"))
                .isEqualTo("23503");
        assertThat(errorOf("SET CONSTRAINTS line_order IMMEDIATE", "INSERT INTO lines VALUES (104, 600)"))
                .isEmpty();
    }

    @Test
    void whereRowsAreRoutedByTriggersTheyAreKeptToo() throws Exception {
        database.execute(
                "ALTER TABLE orders ADD CONSTRAINT up FOREIGN KEY (parent) REFERENCES orders ON DELETE CASCADE",
                "CREATE UNIQUE INDEX id_and_time ON orders (id, created_at)");
        orders.routedByTrigger();
        swapped("ON DELETE CASCADE ON UPDATE CASCADE");

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
        assertThat(errorOf("INSERT INTO lines VALUES (100, 700)")).isEqualTo("23503");
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

        assertThat(definitions()).hasSize(2);
        assertThat(ourFunctions()).isEmpty();
    }

    /** In both orders: the second waits for the first, and goes by its result. */
    @Test
    void aRowThatIsInsertedAndOneThatIsDeletedAtTheSameTimeNeverMissEachOther() throws Exception {
        swapped("");
        try (Connection first = database.connect();
                Statement statement = first.createStatement()) {
            first.setAutoCommit(false);

            statement.execute("INSERT INTO lines VALUES (100, 21)");
            Future<Void> deleting = MigrationFixture.inBackground(() ->
                    assertThat(errorOf("DELETE FROM orders WHERE id = 21")).isEqualTo("23503"));
            orders.awaitBlockedStatement("DELETE FROM orders WHERE id = 21");
            first.commit();
            MigrationFixture.join(deleting);

            statement.execute("INSERT INTO lines VALUES (101, 22)");
            Future<Void> kept = MigrationFixture.inBackground(() ->
                    assertThat(errorOf("DELETE FROM orders WHERE id = 22")).isEqualTo(""));
            orders.awaitBlockedStatement("DELETE FROM orders WHERE id = 22");
            first.rollback();
            MigrationFixture.join(kept);

            statement.execute("DELETE FROM orders WHERE id = 23");
            Future<Void> inserting = MigrationFixture.inBackground(() ->
                    assertThat(errorOf("INSERT INTO lines VALUES (102, 23)")).isEqualTo("23503"));
            orders.awaitBlockedStatement("INSERT INTO lines VALUES (102, 23)");
            first.commit();
            MigrationFixture.join(inserting);

            statement.execute("UPDATE orders SET id = 524 WHERE id = 24");
            Future<Void> finding = MigrationFixture.inBackground(() ->
                    assertThat(errorOf("INSERT INTO lines VALUES (103, 24)")).isEqualTo(""));
            orders.awaitBlockedStatement("INSERT INTO lines VALUES (103, 24)");
            first.rollback();
            MigrationFixture.join(finding);
        }
        assertThat(database.queryLong(
                        "SELECT count(*) FROM lines AS l WHERE NOT EXISTS (SELECT FROM orders AS o WHERE o.id = l.o)"))
                .isZero();
    }

    @Test
    void aTransactionOfOneSnapshotMayInsertButNotDelete() throws SQLException {
        swapped("");

        assertThat(errorOf("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "DELETE FROM orders WHERE id = 25"))
                .isEqualTo("0A000");
        assertThat(errorOf("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "UPDATE orders SET id = 525 WHERE id = 25"))
                .isEqualTo("0A000");
        assertThat(
                        errorOf(
                                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                                "INSERT INTO lines VALUES (100, 25)",
                                "UPDATE orders SET created_at = created_at + interval '1 month', status = 'moved' WHERE id = 25"))
                .isEmpty();
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
        swapped("ON DELETE CASCADE ON UPDATE CASCADE");

        assertThat(errorOf("DELETE FROM orders WHERE id = 3")).isEqualTo("23503");
        database.execute("DROP TABLE gone", "DELETE FROM orders WHERE id = 3");
        assertThat(errorOf("DELETE FROM orders WHERE id = 4")).isEqualTo("23503");
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
        assertThat(errorOf("UPDATE orders SET part_of = 700 WHERE id = 20")).isEqualTo("23503");
        assertThat(messageOf("INSERT INTO shop2.\"Li nes\" VALUES (102, 700)"))
                .contains("insert or update on table \"Li nes\" violates foreign key constraint \"line_order\"")
                .contains("Key (Order's)=(700) is not present in table \"orders\".");
        assertThat(errorOf("DELETE FROM orders WHERE id = 1")).isEqualTo("23503");
        assertThat(errorOf("INSERT INTO notes (o) VALUES (700)")).isEqualTo("23503");
        // The rows of an attached table are not checked, but rows that are written there later are.
        database.execute(
                "ALTER TABLE notes_1 RENAME COLUMN o2 TO o3",
                "ALTER TABLE notes ATTACH PARTITION notes_1 FOR VALUES IN (701)");
        assertThat(errorOf("INSERT INTO notes (o) VALUES (701)")).isEqualTo("23503");
        database.execute("ALTER TABLE notes DETACH PARTITION notes_1", "INSERT INTO notes_1 VALUES (701)");
        database.execute("ALTER TABLE notes DROP COLUMN o3", "DELETE FROM orders WHERE id = 16");

        database.execute("ALTER TABLE orders RENAME COLUMN id TO no", "DELETE FROM orders WHERE no = 17");
        assertThat(database.queryLong("SELECT count(*) FROM shop2.\"Li nes\" WHERE \"Order's\" = 17"))
                .isZero();
        assertThat(messageOf("DELETE FROM orders WHERE no = 1"))
                .contains("Key (no)=(1) is still referenced from table \"notes\".");
        database.execute("INSERT INTO shop2.\"Li nes\" VALUES (103, 18)");
        assertThat(errorOf("ALTER TABLE orders DROP COLUMN no")).isEqualTo("2BP01");
        assertThat(errorOf("ALTER TABLE orders ALTER no TYPE numeric")).isEqualTo("0A000");
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
        swapped("");
        orders.dropBackup();

        assertThat(errorOf("TRUNCATE orders")).isEqualTo("0A000");
        assertThat(errorOf("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "TRUNCATE orders"))
                .isEqualTo("0A000");
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(40);
        assertThat(errorOf(
                        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                        "SELECT FROM orders",
                        "TRUNCATE orders, lines",
                        "INSERT INTO lines VALUES (1, NULL)"))
                .isEmpty();
        assertThat(errorOf("TRUNCATE orders")).isEmpty();
        database.execute(
                "INSERT INTO orders (id, status, created_at) VALUES (1, 'x', '2024-03-03')",
                "INSERT INTO lines VALUES (2, 1)",
                "TRUNCATE lines, orders");
        assertThat(errorOf("INSERT INTO lines VALUES (3, 1)")).isEqualTo("23503");
        assertThat(errorOf("TRUNCATE orders CASCADE")).isEmpty();
        database.execute("INSERT INTO orders (id, status, created_at) VALUES (1, 'x', '2024-03-03')");
        database.execute("INSERT INTO lines VALUES (3, 1)");
        assertThat(errorOf("TRUNCATE orders CASCADE")).isEqualTo("0A000");
        if (routing.equals("native")) {
            database.execute("ALTER TABLE orders RENAME TO purchases", "INSERT INTO lines VALUES (5, 1)");
            assertThat(errorOf("DELETE FROM purchases WHERE id = 1")).isEqualTo("23503");
            assertThat(messageOf("INSERT INTO lines VALUES (6, 9)"))
                    .contains("Key (o)=(9) is not present in table \"purchases\".");
            database.execute(
                    "DROP TABLE purchases",
                    "INSERT INTO lines VALUES (4, 4)",
                    "DROP FUNCTION lines_line_order_check, lines_line_order_act CASCADE");
            assertThat(ourFunctions()).hasSize(2);
        }
    }

    /** A foreign key does not even wait here, since such an update leaves its key alone. */
    @ParameterizedTest
    @ValueSource(strings = {"native", "trigger"})
    void aRowThatMovesWhileItIsReferredToIsWaitedForAndFound(String routing) throws Exception {
        if (routing.equals("trigger")) {
            orders.routedByTrigger();
        }
        swapped("ON DELETE CASCADE");
        List<String> deadlocks = new CopyOnWriteArrayList<>();
        try (Connection first = database.connect();
                Statement statement = first.createStatement()) {
            first.setAutoCommit(false);
            for (int id = 21; id < 23; id++) {
                String insert = "INSERT INTO lines VALUES (%d, %d)".formatted(100 + id, id);
                statement.execute("UPDATE orders SET created_at = created_at + interval '1 month' WHERE id = " + id);
                Future<Void> inserting = MigrationFixture.inBackground(
                        () -> assertThat(errorOf(insert)).isEqualTo(""));
                orders.awaitBlockedStatement(insert);
                if (id == 21) {
                    first.commit();
                } else {
                    first.rollback();
                }
                MigrationFixture.join(inserting);
            }
            // A foreign key would not find it.
            statement.execute("DELETE FROM orders WHERE id = 24");
            statement.execute("INSERT INTO orders (id, status, created_at) VALUES (24, 'anew', '2024-03-03')");
            Future<Void> finding = MigrationFixture.inBackground(() ->
                    assertThat(errorOf("INSERT INTO lines VALUES (124, 24)")).isEqualTo(""));
            orders.awaitBlockedStatement("INSERT INTO lines VALUES (124, 24)");
            first.commit();
            MigrationFixture.join(finding);
            statement.execute("UPDATE orders SET created_at = created_at + interval '1 month' WHERE id = 25");
            Future<Void> ofOneSnapshot = MigrationFixture.inBackground(() -> assertThat(errorOf(
                            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "INSERT INTO lines VALUES (125, 25)"))
                    .isEqualTo("40001"));
            orders.awaitBlockedStatement("INSERT INTO lines VALUES (125, 25)");
            first.commit();
            MigrationFixture.join(ofOneSnapshot);
            // Each moves the row that the other refers to.
            statement.execute("INSERT INTO lines VALUES (126, 26)");
            String move = "UPDATE orders SET created_at = created_at + interval '1 month' WHERE id = ";
            Future<Void> moving = MigrationFixture.inBackground(() -> deadlocks.add(errorOf(move + 27, move + 26)));
            orders.awaitBlockedStatement(move + 26);
            try {
                statement.execute("INSERT INTO lines VALUES (127, 27)");
                first.commit();
            } catch (SQLException e) {
                deadlocks.add(e.getSQLState());
                first.rollback();
            }
            MigrationFixture.join(moving);
            assertThat(deadlocks).contains("40P01");
            // The row was moved and then deleted, so it is gone.
            statement.execute("UPDATE orders SET created_at = created_at + interval '1 month' WHERE id = 23");
            statement.execute("DELETE FROM orders WHERE id = 23");
            Future<Void> inserting = MigrationFixture.inBackground(() ->
                    assertThat(errorOf("INSERT INTO lines VALUES (123, 23)")).isEqualTo("23503"));
            orders.awaitBlockedStatement("INSERT INTO lines VALUES (123, 23)");
            first.commit();
            MigrationFixture.join(inserting);
        }
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
        swapped("ON DELETE CASCADE ON UPDATE SET NULL");
        database.execute(
                "CREATE TRIGGER note AFTER DELETE OR UPDATE ON lines FOR EACH ROW EXECUTE FUNCTION note()",
                "DELETE FROM orders WHERE id = 5",
                "UPDATE orders SET id = 506 WHERE id = 6");
        assertThat(database.queryStrings("SELECT o FROM log")).containsExactlyInAnyOrder("5", "6");
        database.execute("ALTER TABLE lines RENAME TO lines2", "DELETE FROM orders WHERE id = 7");
        assertThat(database.queryLong("SELECT count(*) FROM log")).isEqualTo(3);
    }

    @Test
    void aClientThatPreparedItsStatementsGoesOnAcrossTheSwapAndTheRollback() throws SQLException {
        children("ON DELETE CASCADE");
        orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughVerification();
        try (Connection client = database.connect();
                PreparedStatement insert = client.prepareStatement("INSERT INTO lines (id, o) VALUES (?, ?)");
                PreparedStatement delete = client.prepareStatement("DELETE FROM orders WHERE id = ?")) {
            for (int round = 0; round < 3; round++) {
                if (round == 1) {
                    orders.swap();
                } else if (round == 2) {
                    orders.reverseSwap();
                }
                for (int i = 0; i < 8; i++) {
                    int id = 1000 + 10 * round + i;
                    insert.setInt(1, id);
                    insert.setInt(2, 40 - i - 10 * round);
                    assertThat(insert.executeUpdate()).isEqualTo(1);
                    delete.setInt(1, 40 - i - 10 * round);
                    assertThat(delete.executeUpdate()).isEqualTo(1);
                }
                assertThat(database.queryLong("SELECT count(*) FROM lines WHERE id >= 1000"))
                        .isZero();
            }
        }
    }

    /**
     * Orders with their lines in one transaction, and lines of existing orders: they lock the tables in both orders.
     */
    @Test
    void writersOfBothTablesNoticeNothing() throws Exception {
        children("ON DELETE CASCADE");
        orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughVerification();
        AtomicBoolean over = new AtomicBoolean();
        Future<Void> parents = MigrationFixture.inBackground(() -> {
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                for (int id = 10_000; !over.get(); id++) {
                    connection.setAutoCommit(false);
                    statement.execute(
                            "INSERT INTO orders (id, status, created_at) VALUES (%d, 'x', '2024-03-03')".formatted(id));
                    statement.execute("INSERT INTO lines VALUES (%1$d, %1$d)".formatted(id));
                    connection.commit();
                    connection.setAutoCommit(true);
                    if (id % 3 == 0) {
                        statement.execute("DELETE FROM orders WHERE id = " + id);
                    }
                }
            }
            return null;
        });
        Future<Void> children = MigrationFixture.inBackground(() -> {
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                for (int id = 1_000_000; !over.get(); id++) {
                    statement.execute("INSERT INTO lines VALUES (%d, %d)".formatted(id, 1 + id % 40));
                }
            }
            return null;
        });

        orders.swap();
        orders.reverseSwap();
        orders.swap();
        over.set(true);
        MigrationFixture.join(parents);
        MigrationFixture.join(children);

        assertThat(database.queryLong(
                        "SELECT count(*) FROM lines AS l WHERE NOT EXISTS (SELECT FROM orders AS o WHERE o.id = l.o)"))
                .isZero();
        assertThat(database.queryLong("SELECT count(*) FROM lines WHERE id BETWEEN 10000 AND 999999"))
                .isPositive();
    }

    /**
     * The writer of a child needs no right on the referenced table, nor does a role that deletes there need one on the
     * child.
     */
    @Test
    void writersNeedNoOtherRightsThanWithAForeignKey() throws SQLException {
        String owner = database.createRole("owner", "");
        String writer = database.createRole("writer", "");
        children("ON DELETE CASCADE");
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
        assertThat(definitions()).hasSize(1);
    }

    @Test
    void whatTriggersCannotKeepIsRefusedByName() {
        String owner = database.createRole("owner", "");
        String other = database.createRole("other", "");
        children("");
        database.execute(
                "GRANT ALL ON SCHEMA public TO " + owner,
                "ALTER TABLE orders OWNER TO " + owner,
                "ALTER TABLE lines OWNER TO " + other,
                "CREATE TABLE forced (o bigint REFERENCES orders)",
                "ALTER TABLE forced OWNER TO " + owner,
                "ALTER TABLE forced FORCE ROW LEVEL SECURITY");
        orders.as(owner).incomingForeignKeys(IncomingForeignKeys.TRIGGER);

        assertThatThrownBy(orders::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("foreign key line_order of public.lines refers to it, and only role " + other
                        + " can drop it; GRANT")
                .hasMessageContaining(
                        "triggers that keep it take one owner for both tables; ALTER TABLE \"public\".\"lines\" OWNER TO")
                .hasMessageContaining("ALTER TABLE \"public\".\"forced\" NO FORCE ROW LEVEL SECURITY");
    }

    /** Both tables will be migrated. */
    private void linesWithATime(String rules) {
        database.execute(
                "CREATE TABLE lines (id bigint PRIMARY KEY, o bigint CONSTRAINT line_order REFERENCES orders " + rules
                        + ", at timestamptz NOT NULL)",
                "INSERT INTO lines SELECT i, i, timestamptz '2024-01-15 12:00+00' + (i % 12) * interval '1 month' FROM generate_series(1, 20) AS i");
    }

    private MigrationFixture linesMigration(String routing) {
        MigrationFixture lines = MigrationFixture.of(database, "public", "lines", "at", "id");
        return routing.equals("trigger") ? lines.routedByTrigger() : lines;
    }

    private void assertLinesHaveTheKey(int first, int last) {
        assertThat(errorOf("INSERT INTO lines VALUES (900, 700, '2024-05-05')"))
                .as(String.join("\n", orders.lines()))
                .isEqualTo("23503");
        database.execute("DELETE FROM orders WHERE id BETWEEN %d AND %d".formatted(first, last));
        assertThat(database.queryLong(
                        "SELECT count(*) FROM lines AS l WHERE NOT EXISTS (SELECT FROM orders WHERE id = l.o)"))
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"native", "trigger"})
    void aKeyIsKeptWhereTheReferringTableIsPartitionedLater(String routing) throws SQLException {
        linesWithATime("ON DELETE CASCADE");
        orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughSwap().dropBackup();
        MigrationFixture lines = linesMigration(routing).throughSwap();
        assertLinesHaveTheKey(1, 7);
        assertThat(errorOf("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "TRUNCATE orders"))
                .isEqualTo("0A000");
        lines.dropBackup();
        assertLinesHaveTheKey(8, 14);
        if (routing.equals("native")) {
            // A detached child keeps its triggers, and is not the referring table.
            database.execute(
                    "ALTER TABLE lines DETACH PARTITION "
                            + database.queryString(
                                    "SELECT min(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'lines'::regclass"));
            assertLinesHaveTheKey(15, 20);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"native", "trigger"})
    void aRollbackMakesTheKeyOnTheTableThatIsTheReferringOneByThen(String routing) throws SQLException {
        linesWithATime("ON DELETE CASCADE");
        orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughSwap();
        MigrationFixture lines = linesMigration(routing).throughSwap();
        if (routing.equals("native")) {
            lines.dropBackup();
        }
        orders.reverseSwap();

        assertThat(orders.lines()).noneMatch(line -> line.contains("was not made again"));
        assertThat(definitions()).anyMatch(it -> it.startsWith("lines line_order: FOREIGN KEY (o)"));
        assertThat(database.queryLong(
                        "SELECT count(*) FROM pg_constraint WHERE conname = 'line_order' AND NOT convalidated"))
                .isZero();
        assertThat(ourFunctions()).isEmpty();
        assertLinesHaveTheKey(1, 7);
    }

    @Test
    void aRollbackMakesTheKeyOnAReferringTableThatWentBackBefore() throws SQLException {
        linesWithATime("ON DELETE CASCADE");
        MigrationFixture lines = linesMigration("native").throughSwap();
        orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughSwap();
        lines.reverseSwap();
        assertThat(errorOf("INSERT INTO lines VALUES (900, 700, '2024-05-05')")).isEqualTo("23503");
        orders.reverseSwap();
        assertThat(definitions())
                .containsExactly("lines line_order: FOREIGN KEY (o) REFERENCES orders(id) ON DELETE CASCADE");
        assertLinesHaveTheKey(1, 7);
    }

    /** The key does not check such tables, but triggers would. */
    @Test
    void aTableThatInheritsFromTheReferringOneIsRefusedByName() throws SQLException {
        linesWithATime("ON DELETE CASCADE");
        database.execute(
                "CREATE TABLE lines_archive () INHERITS (lines)",
                "CREATE TABLE \"Older\" () INHERITS (lines_archive)",
                "ALTER TABLE lines_archive ADD CONSTRAINT own FOREIGN KEY (o) REFERENCES orders ON DELETE CASCADE",
                "INSERT INTO \"Older\" VALUES (500, 30, '2020-01-01')");
        orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER);
        assertThatThrownBy(orders::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "foreign key line_order of public.lines does not hold for public.\"Older\", which inherits")
                .hasMessageContaining("ALTER TABLE public.\"Older\" NO INHERIT public.lines_archive, or say drop")
                .hasMessageNotContaining("does not hold for public.lines_archive");
        database.execute("ALTER TABLE public.\"Older\" NO INHERIT public.lines_archive");
        orders.throughSwap();
        database.execute("DELETE FROM orders WHERE id = 30");
        assertThat(database.queryStrings("SELECT o FROM \"Older\"")).containsExactly("30");
    }

    /**
     * First the referring table is partitioned, and its rows routed by triggers; the README says how to make a child
     * ahead.
     */
    @Test
    void aKeyIsKeptForChildrenOfTheReferringTableThatAreMadeLater() throws SQLException {
        linesWithATime("ON DELETE CASCADE");
        linesMigration("trigger").throughSwap().dropBackup();
        orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughSwap();
        database.execute(
                "SELECT lines_make('2025-03-01')",
                "INSERT INTO lines VALUES (800, 5, '2025-03-03'), (801, 5, '2024-07-03')");
        assertThat(errorOf("INSERT INTO lines VALUES (901, 700, '2025-03-05')")).isEqualTo("23503");
        assertLinesHaveTheKey(1, 7);
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
        children("ON DELETE CASCADE");
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

    @Test
    void twoKeysWhoseTriggersWouldHaveTheSameNamesAreRefusedByName() throws SQLException {
        database.execute(
                "CREATE TABLE line (o bigint CONSTRAINT item_fk REFERENCES orders)",
                "CREATE TABLE line_item (o bigint CONSTRAINT fk REFERENCES orders)",
                "INSERT INTO line VALUES (1)",
                "INSERT INTO line_item VALUES (2)");
        orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER);
        assertThatThrownBy(orders::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "what keeps foreign key fk of public.line_item would have the same names as what keeps item_fk of public.line;")
                .hasMessageContaining(
                        "ALTER TABLE \"public\".\"line_item\" RENAME CONSTRAINT \"fk\" TO another name, or say drop");
        database.execute("ALTER TABLE \"public\".\"line_item\" RENAME CONSTRAINT \"fk\" TO line_item_order");
        orders.throughSwap();
        assertThat(errorOf("DELETE FROM orders WHERE id = 1")).isEqualTo("23503");
        assertThat(errorOf("DELETE FROM orders WHERE id = 2")).isEqualTo("23503");
    }
}
