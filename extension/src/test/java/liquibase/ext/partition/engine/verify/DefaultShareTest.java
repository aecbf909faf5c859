package liquibase.ext.partition.engine.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.target.PartitionKeySpec;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a migration whose rows are mostly in the default partition. */
@ExtendWith(FreshDatabase.class)
class DefaultShareTest {
    private TestDatabase database;

    @BeforeEach
    void setUp(TestDatabase fresh) {
        database = fresh;
    }

    /** Days after the twelfth of the month are no dates when the month is looked for in their place. */
    @Test
    void aDateThatIsMisreadIsNotSwappedUntilItsFormatIsCorrected() throws SQLException {
        MigrationFixture orders =
                written("MM/DD/YYYY").prepare().capture().copy().index().replay();

        assertThatThrownBy(orders::verify)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("58.0 % of the 200 rows of public.orders_new are in the default partition"
                        + " public.orders_default, more than maxDefaultShare (1%): 116 rows (116 not a date).")
                .hasMessageContaining("nothing is swapped")
                .hasMessageContaining("liquibase rollback --tag=orders-before")
                .hasMessageContaining("set maxDefaultShare: 58% in the config");
        assertThat(phase()).isEqualTo("replayed");
        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("more than maxDefaultShare (1%)");
        assertThat(database.queryLong("SELECT count(*) FROM pg_class WHERE relname = 'orders_old'"))
                .isZero();

        orders.undo()
                .partitionedBy(key("DD/MM/YYYY"))
                .prepare()
                .capture()
                .copy()
                .index()
                .replay()
                .verify()
                .swap();
        assertThat(database.queryLong("SELECT count(*) FROM orders_default")).isZero();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(200);
    }

    @Test
    void rowsThatBelongThereAreSwappedWhereTheShareSaysSo() throws SQLException {
        MigrationFixture orders =
                written("MM/DD/YYYY").prepare().capture().copy().index().replay();
        orders.maxDefaultShare("57%");
        assertThatThrownBy(orders::verify).hasMessageContaining("more than maxDefaultShare (57%)");

        orders.maxDefaultShare("58%").verify();
        assertThat(phase()).isEqualTo("verified");
        database.execute("VACUUM FULL orders_new");
        // The swap compares once more, by the share that the comparison was told.
        orders.maxDefaultShare(null).swap();
        assertThat(orders.lines()).anyMatch(line -> line.contains("They are compared once more"));
        assertThat(database.queryLong("SELECT count(*) FROM orders_default")).isEqualTo(116);
    }

    @Test
    void theSwapGoesByItsOwnShareWhereRowsBecameTooManySinceTheComparison() throws SQLException {
        MigrationFixture orders = written("DD/MM/YYYY")
                .prepare()
                .capture()
                .copy()
                .index()
                .replay()
                .verify();
        database.execute("UPDATE orders SET written = 'unknown' WHERE id < 10", "VACUUM FULL orders");
        orders.replay();
        assertThatThrownBy(orders::swap).hasMessageContaining("10 rows (10 not a date)");

        orders.maxDefaultShare("5%").swap();
        assertThat(database.queryLong("SELECT count(*) FROM orders_default")).isEqualTo(10);
    }

    @Test
    void oneRowInAHundredIsOrdinary() {
        assertThat(DefaultShare.DEFAULT.isExceeded(1, 100)).isFalse();
        assertThat(DefaultShare.DEFAULT.isExceeded(2, 199)).isTrue();
        assertThat(DefaultShare.DEFAULT.isExceeded(0, 0)).isFalse();
        assertThat(DefaultShare.parse("0%").isExceeded(1, 1_000_000_000_000L)).isTrue();
        assertThat(DefaultShare.parse(" 100 % ").isExceeded(7, 7)).isFalse();
        assertThat(DefaultShare.parse("0.5%").isExceeded(1, 200)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"5", "101%", "-1%", "a%", "5 percent", ""})
    void anythingButAPercentageIsRefused(String written) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DefaultShare.parse(written))
                .withMessageContaining("maxDefaultShare is <");
    }

    private String phase() {
        return database.queryStrings("SELECT phase FROM partition_migration").get(0);
    }

    private MigrationFixture written(String format) {
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, written text NOT NULL)",
                "INSERT INTO orders SELECT i, to_char(date '2024-01-01' + i, 'DD/MM/YYYY') FROM generate_series(0, 199) AS i");
        return MigrationFixture.of(database, "public", "orders", "written", "id")
                .partitionedBy(key(format))
                .maxDefaultShare(null);
    }

    private static PartitionKeySpec key(String format) {
        return new PartitionKeySpec(
                List.of(new Identifier("written")),
                Optional.of(format),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }
}
