package liquibase.ext.partition.engine.belonging.foreignkeys;

import static liquibase.ext.partition.engine.belonging.foreignkeys.ReferredOrders.keepingFunctions;
import static liquibase.ext.partition.engine.belonging.foreignkeys.ReferredOrders.referringKeys;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
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
        orders = ReferredOrders.in(database);
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
        List<String> before = referringKeys(database);
        assertThat(before).hasSize(3);
        orders.incomingForeignKeys(IncomingForeignKeys.parse(way)).throughSwap();

        assertThat(referringKeys(database)).isEqualTo(before);
        assertKept(700);
        assertThat(keepingFunctions(database)).isEmpty();
        assertThat(database.queryLong("SELECT count(*) FROM pg_constraint WHERE confrelid = 'orders_old'::regclass"))
                .isZero();
        database.execute(
                "CREATE TABLE later (o bigint, at timestamptz, CONSTRAINT since FOREIGN KEY (o, at) REFERENCES orders (id, created_at))");
        List<String> more = referringKeys(database);
        database.execute(
                "CREATE UNIQUE INDEX alone ON orders (created_at, number)",
                "CREATE TABLE stuck (at timestamptz, n text, CONSTRAINT s FOREIGN KEY (at, n) REFERENCES orders (created_at, number))");
        assertThatThrownBy(orders::reverseSwap)
                .hasMessageContaining(
                        "foreign key s of public.stuck refers to it; ALTER TABLE public.stuck DROP CONSTRAINT s")
                .hasMessageNotContaining("public.later");
        database.execute("DROP TABLE stuck", "DROP INDEX alone");

        orders.reverseSwap();
        assertThat(referringKeys(database)).isEqualTo(more);
        assertKept(800);

        orders.swap();
        assertThat(referringKeys(database)).isEqualTo(more);
        orders.dropBackup();
        assertThat(referringKeys(database)).isEqualTo(more);
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
        List<String> now = referringKeys(database);
        assertThat(now).hasSize(6);

        orders.swap();
        assertThat(referringKeys(database)).isEqualTo(now);
        orders.reverseSwap();
        assertThat(referringKeys(database)).isEqualTo(now);
        orders.swap();
        assertThat(referringKeys(database)).isEqualTo(now);
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
        assertThat(database.errorOf("INSERT INTO notes VALUES (%d, %s)".formatted(id, at)))
                .isEqualTo("23503");
        assertThat(database.errorOf("DELETE FROM orders WHERE id = 2")).isEqualTo("23503");
        database.execute(
                "INSERT INTO orders (id, status, created_at) VALUES (%d, 'new', %s)".formatted(id, at),
                "INSERT INTO shop.\"Li nes\" VALUES (%d, %s)".formatted(id, at));
        String move = "UPDATE orders SET created_at = '2024-06-06 00:00+00' WHERE id = " + id;
        if (takesMovesForUpdates()) {
            database.execute(move);
            assertThat(database.queryLong("SELECT count(*) FROM shop.\"Li nes\" WHERE at = '2024-06-06 00:00+00'"))
                    .isEqualTo(1);
        } else {
            assertThat(database.errorOf(move)).isEqualTo("23503");
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
        List<String> before = referringKeys(database);
        assertThat(before).hasSize(9);
        List<String> triggers = database.queryStrings("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal");
        orders.incomingForeignKeys(IncomingForeignKeys.parse(way)).throughSwap();

        assertThat(referringKeys(database)).isEmpty();
        assertThat(
                        database.queryLong(
                                "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = 'orders_old'::regclass"))
                .isZero();
        assertThat(keepingFunctions(database)).hasSize(way.equals("trigger") ? 18 : 0);
        assertThat(database.errorOf("INSERT INTO notes VALUES (700, NULL)"))
                .isEqualTo(way.equals("trigger") ? "23503" : "");
        assertThat(database.errorOf("INSERT INTO dirty VALUES (700)")).isEqualTo(way.equals("trigger") ? "23503" : "");
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

        assertThat(referringKeys(database))
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
        assertThat(keepingFunctions(database)).isEmpty();
        assertThat(database.errorOf("INSERT INTO notes VALUES (700, NULL)")).isEqualTo("23503");
        orders.step("rollback", run -> CaptureStep.stop(run, MigrationFixture.LOCK));
        orders.step("rollback", Preparation::undo);
        assertThat(database.queryStrings("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"))
                .isEqualTo(triggers);
        assertThat(database.queryLong("SELECT count(*) FROM pg_class WHERE relname ~ '^partition_|^orders_'"))
                .isEqualTo(database.queryLong("SELECT count(*) FROM pg_class WHERE relname ~ '^orders_(pkey|number)'"));
    }

    @Test
    void whatTriggersCannotKeepIsRefusedByName() {
        String owner = database.createRole("owner", "");
        String other = database.createRole("other", "");
        ReferredOrders.lines(database, "");
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
        assertThat(database.errorOf("DELETE FROM orders WHERE id = 1")).isEqualTo("23503");
        assertThat(database.errorOf("DELETE FROM orders WHERE id = 2")).isEqualTo("23503");
    }
}
