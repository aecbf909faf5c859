package liquibase.ext.partition.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Columns that get another type on the way, and their values back again; those that do not fit are named. */
@ExtendWith(FreshDatabase.class)
class ConvertedColumnsTest {
    private TestDatabase database;
    private DatedOrders dated;

    @BeforeEach
    void makeOrders() {
        dated = DatedOrders.in(database);
    }

    @Test
    void typesChangeOnTheWayAndBack() throws Exception {
        database.execute("ALTER TABLE orders ALTER id TYPE integer, ADD amount numeric(12,2), ADD cents integer");
        database.execute("UPDATE orders SET amount = id / 4.0, cents = id * 3");
        dated.comparing("id, code, shipped_at, paid_on, amount");
        dated.thereAndBack(dated.by("order_date", "shipped_at", "paid_on", "entered")
                .converting("id", "bigint", null, null)
                .converting("entered", "timestamptz", null, null)
                .converting("amount", "numeric(14,2)", null, null)
                .converting("cents", "numeric(12,2)", "cents / 100.0", "(cents * 100)::integer"));

        assertThat(database.queryStrings("""
                        SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute
                        WHERE attrelid = 'orders'::regclass AND attnum > 0 ORDER BY attnum"""))
                .containsExactly(
                        "id bigint",
                        "code text",
                        "shipped_at timestamp with time zone",
                        "paid_on date",
                        "entered timestamp with time zone",
                        "amount numeric(14,2)",
                        "cents numeric(12,2)",
                        "order_date timestamp without time zone");
        assertThat(database.queryString("SELECT entered AT TIME ZONE 'UTC' || ' ' || cents FROM orders WHERE id = 30"))
                .isEqualTo("2023-12-01 00:00:00 0.90");
        database.execute("INSERT INTO orders (id, code) VALUES (5000000000, 'beyond int')");
    }

    @Test
    void aValueThatDoesNotFitStopsTheCopyWithKeyAndValue() throws Exception {
        database.execute("ALTER TABLE orders ADD amount numeric", "UPDATE orders SET amount = 1.50");
        database.execute("UPDATE orders SET amount = 1.2345 WHERE id = 1717");
        MigrationFixture orders =
                dated.by(null, "paid_on", "entered").converting("amount", "numeric(14,2)", null, null);
        orders.prepare().capture();

        assertThatThrownBy(orders::copy)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("amount of the row with id 1717 is 1.2345")
                .hasMessageContaining("does not fit numeric(14,2)")
                .hasMessageContaining("using");
        database.execute("UPDATE orders SET amount = 1.23 WHERE id = 1717");
        orders.copy().index().replay().verify();
    }

    @Test
    void aValueThatDoesNotFitIsFoundByTheReplayAndTheSwap() throws Exception {
        database.execute("ALTER TABLE orders ADD note varchar(50)");
        MigrationFixture orders = dated.by(null, "paid_on", "entered")
                .converting("note", "varchar(10)", null, null)
                .throughVerification();
        database.execute("UPDATE orders SET note = 'longer than ten' WHERE id = 44");

        assertThatThrownBy(orders::replay).hasMessageContaining("note of the row with id 44 is longer than ten");
        assertThatThrownBy(orders::swap).hasMessageContaining("note of the row with id 44 is longer than ten");
        database.execute("UPDATE orders SET note = 'short' WHERE id = 44");
        orders.swap();
    }

    /**
     * An id that only the new type can hold cannot go back; the writer never notices, and the rollback says which id it
     * is.
     */
    @Test
    void aValueThatOnlyTheNewTypeHoldsStopsTheWayBackAndNothingElse() throws Exception {
        database.execute("ALTER TABLE orders ALTER id TYPE integer");
        MigrationFixture orders = dated.by(null, "shipped_at", "paid_on")
                .converting("id", "bigint", null, null)
                .throughSwap();
        database.execute("INSERT INTO orders (id, code, paid_on) VALUES (5000000000, 'beyond int', '2024-03-03')");

        assertThatThrownBy(orders::reverseSwap)
                .hasMessageContaining("id of the row with id 5000000000 is 5000000000")
                .hasMessageContaining("Nothing is lost");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id = 5000000000"))
                .isOne();
        database.execute("DELETE FROM orders WHERE id = 5000000000", "UPDATE orders SET code = 'x' WHERE id = 17");
        orders.reverseSwap();
        assertThat(database.queryString("SELECT code FROM orders WHERE id = 17"))
                .isEqualTo("x");
    }

    @Test
    void aSerialColumnThatBecomesWiderGetsAWiderSequence() throws Exception {
        database.execute(
                "ALTER TABLE orders ALTER id TYPE integer",
                "CREATE SEQUENCE orders_id_seq AS integer OWNED BY orders.id",
                "ALTER TABLE orders ALTER id SET DEFAULT nextval('orders_id_seq')");
        MigrationFixture orders = dated.by(null, "shipped_at", "paid_on")
                .converting("id", "bigint", null, null)
                .throughSwap();

        assertThat(sequenceType()).isEqualTo("bigint");
        assertThat(database.queryLong("INSERT INTO orders (code) VALUES ('next') RETURNING id"))
                .isEqualTo(2001);
        orders.reverseSwap();
        assertThat(sequenceType()).isEqualTo("integer");
        assertThat(database.queryLong("INSERT INTO orders (code) VALUES ('after') RETURNING id"))
                .isEqualTo(2002);
    }

    private String sequenceType() {
        return database.queryString(
                "SELECT seqtypid::regtype FROM pg_sequence WHERE seqrelid = 'orders_id_seq'::regclass");
    }

    @Test
    void anExpressionThatCannotBePlannedIsRefusedBeforeAnythingIsMade() {
        MigrationFixture orders = dated.by(null, "shipped_at", "paid_on")
                .converting("code", "integer", "length(cod)", "'c' || code")
                .converting("paid_on", "text", "to_char(paid_on, 'YYYY')", null);

        assertThatThrownBy(orders::prepare)
                .hasMessageContaining("using of column code cannot be planned: column \"cod\" does not exist")
                .hasMessageNotContaining("aborted");
        assertThatThrownBy(dated.by(null, "shipped_at", "paid_on")
                        .converting("code", "integer", "length(code)", "codes || 'c'")::prepare)
                .hasMessageContaining("the way back of column code cannot be planned");
    }

    @Test
    void aCastThatDependsOnTheSessionIsRefused() {
        MigrationFixture orders = dated.by(null, "shipped_at", "paid_on")
                .converting("code", "date", null, null)
                .converting("gone", "text", null, null)
                .converting("entered", "nonsense", null, null);

        assertThatThrownBy(orders::prepare)
                .hasMessageContaining("column code is of type text and is to become date, but there is no cast")
                .hasMessageContaining("it has no column gone")
                .hasMessageContaining("column entered is to become nonsense, and there is no such type");
    }
}
