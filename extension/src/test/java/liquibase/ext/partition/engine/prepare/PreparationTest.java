package liquibase.ext.partition.engine.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.copy.ChunkedCopy;
import liquibase.ext.partition.engine.delta.CaptureStep;
import liquibase.ext.partition.engine.index.IndexBuild;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The first step comes first, leaves no trace when it is undone, and is done again where its table is gone. */
@ExtendWith(FreshDatabase.class)
class PreparationTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = MigrationFixture.of(database, "public", "orders", "created_at", "id");
    }

    private static final String ORDERS = """
            CREATE TABLE orders (
              id bigint PRIMARY KEY, parent bigint, number text UNIQUE, span int4range, note text,
              month date GENERATED ALWAYS AS (date '2024-01-01' + parent::integer) STORED,
              day date, created_at timestamptz NOT NULL)""";

    private void assertNothingMade() {
        assertThat(database.queryStrings("""
                        SELECT relname FROM pg_class
                        WHERE relnamespace = 'public'::regnamespace
                          AND (relname ~ '^orders_(new|2|default|delta)' OR relname LIKE 'partition\\_%')""")).isEmpty();
    }

    @Test
    void stepsOutOfOrder() throws SQLException {
        database.execute(ORDERS);
        assertThatThrownBy(orders::capture)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("captureChanges found no migration of public.orders")
                .hasMessageContaining("Run createPartitionedTable first");
        orders.prepare();
        assertThatThrownBy(orders::copy)
                .hasMessageContaining("the migration is only <prepared>, and it must be <capturing>");
        assertThatThrownBy(orders::index).hasMessageContaining("must be <copied>");
        assertThatThrownBy(orders::replay).hasMessageContaining("must be <indexed>");
        assertThatThrownBy(orders::verify).hasMessageContaining("must be <indexed>");
        assertThatThrownBy(orders::swap).hasMessageContaining("must be <");
        assertThatThrownBy(orders::dropBackup).hasMessageContaining("must be <swapped>");
    }

    @Test
    void anUndoneStepLeavesNoTrace() throws SQLException {
        database.execute(ORDERS);
        orders.prepare();

        orders.step("rollback", Preparation::undo);

        assertNothingMade();
        orders.throughSwap();
    }

    @Test
    void anUndoIsRefusedWhileChangesAreCaptured() throws SQLException {
        database.execute(ORDERS);
        orders.prepare().capture();

        assertThatThrownBy(() -> orders.step("rollback", Preparation::undo))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("Roll back captureChanges first");
    }

    /** A table of the same name that was made after the first one's migration is a different table. */
    @Test
    void aTableMadeAnewAfterAFinishedMigrationIsNotTakenForTheOldOne() throws SQLException {
        database.execute(ORDERS, "INSERT INTO orders (id, created_at) VALUES (1, timestamptz '2024-05-05 00:00+00')");
        orders.throughSwap().dropBackup();
        database.execute(
                "DROP TABLE orders",
                ORDERS,
                "INSERT INTO orders (id, created_at) VALUES (2, timestamptz '2024-06-06 00:00+00')");

        orders.throughSwap();

        assertThat(database.queryRows("SELECT id, tableoid::regclass FROM orders"))
                .containsExactly(List.of("2", "orders_202406"));
    }

    @Test
    void aNewTableThatWasDroppedByHandIsMadeAndFilledAnew() throws SQLException {
        database.execute(
                ORDERS,
                "INSERT INTO orders (id, created_at) SELECT i, timestamptz '2024-05-05 00:00+00' FROM generate_series(1, 500) AS i");
        orders.prepare().capture().copy();
        database.execute("DROP TABLE orders_new CASCADE", "DROP TABLE orders_delta, orders_delta_missed CASCADE");
        database.execute("DROP FUNCTION orders_delta_capture, orders_delta_no_truncate CASCADE");

        orders.throughSwap();

        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(500);
    }

    /** Making the delta table anew while the first one's trigger is on would fail every writer. */
    @Test
    void aNewTableThatWasDroppedByHandIsNotMadeAnewWhileChangesAreCaptured() throws SQLException {
        database.execute(ORDERS, "INSERT INTO orders (id, created_at) VALUES (1, timestamptz '2024-05-05 00:00+00')");
        orders.prepare().capture().copy().index();
        database.execute("DROP TABLE orders_new CASCADE");

        assertThatThrownBy(orders::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("dropped or renamed by hand")
                .hasMessageContaining("Roll back to before createPartitionedTable");

        orders.step("rollback", IndexBuild::drop);
        orders.step("rollback", ChunkedCopy::forget);
        orders.step("rollback", run -> CaptureStep.stop(run, MigrationFixture.LOCK));
        orders.step("rollback", Preparation::undo);
        assertNothingMade();
        database.execute("UPDATE orders SET id = 2");
        orders.throughSwap();
    }
}
