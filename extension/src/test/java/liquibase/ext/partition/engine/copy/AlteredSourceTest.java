package liquibase.ext.partition.engine.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A column is added to the source between two steps, where no chunk is there to notice it. */
@ExtendWith(FreshDatabase.class)
class AlteredSourceTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() throws SQLException {
        orders = MigrationFixture.ofOrders(database, 1000).prepare().capture();
    }

    private static void assertNamesCauseAndRemedy(ThrowingCallable step) {
        assertThatThrownBy(step)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("The columns of public.orders and public.orders_new are not the same any more")
                .hasMessageContaining("\"paid_at\" timestamp with time zone")
                .hasMessageContaining("take the migration back to before createPartitionedTable");
    }

    /** It used to fail with the server's words about a column that does not exist, and the advice to run again. */
    @Test
    void isNamedBeforeTheCopyAndTheCopyGoesOnOnceBothHaveIt() throws SQLException {
        database.execute("ALTER TABLE orders ADD COLUMN paid_at timestamptz");

        assertNamesCauseAndRemedy(orders::copy);
        assertThat(database.queryLong("SELECT count(*) FROM orders_new")).isZero();

        database.execute("ALTER TABLE orders_new ADD COLUMN paid_at timestamptz");
        orders.copy().index().replay();
        orders.assertNewTableEqualsSource();
    }

    @Test
    void isNamedByReplayAndVerification() throws SQLException {
        orders.copy().index();
        database.execute("ALTER TABLE orders ADD COLUMN paid_at timestamptz");

        assertNamesCauseAndRemedy(orders::replay);
        assertNamesCauseAndRemedy(orders::verify);
    }
}
