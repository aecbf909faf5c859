package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.testing.DatabaseListing;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A migration that is abandoned at any stage: after one {@code rollback --tag=orders-before} the database is what it
 * was, object for object, with the present version of every row.
 */
@ExtendWith(FreshChangelog.class)
class AbandonTest {
    /** How far a migration by the generated changelog had come; the name says what was left undone. */
    private enum Stage {
        PREPARED {
            @Override
            void reach(AbandonTest test) throws Exception {
                test.changelog.update(1);
            }
        },
        CAPTURING {
            @Override
            void reach(AbandonTest test) throws Exception {
                test.changelog.update(2);
            }
        },
        KILLED_IN_MID_COPY {
            @Override
            void reach(AbandonTest test) throws Exception {
                test.killInMidCopy();
            }
        },
        COPIED {
            @Override
            void reach(AbandonTest test) throws Exception {
                test.changelog.update(3);
            }
        },
        KILLED_AFTER_THE_COPY_BEFORE_ITS_RECORD {
            @Override
            void reach(AbandonTest test) throws Exception {
                test.changelog.update(3);
                test.forgetRecord("orders-copy");
            }
        },
        INDEXED {
            @Override
            void reach(AbandonTest test) throws Exception {
                test.changelog.update(4);
            }
        },
        KILLED_AFTER_THE_INDEXES_BEFORE_THEIR_RECORD {
            @Override
            void reach(AbandonTest test) throws Exception {
                test.changelog.update(4);
                test.forgetRecord("orders-index");
            }
        },
        REPLAYED {
            @Override
            void reach(AbandonTest test) throws Exception {
                test.changelog.update(5);
            }
        },
        VERIFIED {
            @Override
            void reach(AbandonTest test) throws Exception {
                test.changelog.update();
            }
        },
        APPROVED_BUT_THE_LOCK_WAS_DENIED {
            @Override
            void reach(AbandonTest test) throws Exception {
                test.swapInVain();
            }
        },
        SWAPPED {
            @Override
            void reach(AbandonTest test) throws Exception {
                test.swap();
            }
        },
        KILLED_AFTER_THE_SWAP_BEFORE_ITS_RECORD {
            @Override
            void reach(AbandonTest test) throws Exception {
                test.swap();
                test.forgetRecord("orders-swapped");
                test.forgetRecord("orders-swap");
            }

            /**
             * Nothing undoes work that Liquibase does not know: the next update finds the work done, and records it.
             */
            @Override
            void beforeTheRollback(AbandonTest test) throws Exception {
                assertThatThrownBy(() -> test.changelog.rollback("orders-before"))
                        .hasMessageContaining("public.orders is the partitioned table now. Nothing was changed")
                        .hasMessageContaining("run update with -DswapApproved=orders before");
                test.changelog.update();
            }
        },
        ROLLED_BACK_TO_BEFORE_THE_SWAP {
            @Override
            void reach(AbandonTest test) throws Exception {
                test.swap();
                test.write();
                test.changelog.rollback("orders-before-swap");
            }
        },
        SWAPPED_AGAIN {
            @Override
            void reach(AbandonTest test) throws Exception {
                test.swap();
                test.write();
                test.changelog.rollback("orders-before-swap");
                test.write();
                test.changelog.update();
            }
        };

        abstract void reach(AbandonTest test) throws Exception;

        void beforeTheRollback(AbandonTest test) throws Exception {}
    }

    private TestDatabase database;
    private Changelog changelog;

    @BeforeEach
    void orders() {
        changelog.generated("orders", "lockTimeout=\"20ms\" lockAttempts=\"2\"");
    }

    @ParameterizedTest
    @EnumSource
    void leavesNothingBehindAndEveryRowAsItIs(Stage stage) throws Exception {
        changelog.update(1);
        List<String> before = DatabaseListing.of(database);

        stage.reach(this);
        write();
        stage.beforeTheRollback(this);
        List<String> rows = rows();
        changelog.rollback("orders-before");

        DatabaseListing.assertIsStill(before, database);
        assertThat(
                        database.queryStrings(
                                "SELECT relname::text FROM pg_class WHERE relname LIKE 'partition\\_%' AND relkind IN ('r', 'v')"))
                .as("tables of state")
                .isEmpty();
        assertThat(rows()).isEqualTo(rows);
        assertThat(changelog.recorded()).isEmpty();
        write();
    }

    private List<String> rows() {
        return database.queryStrings("SELECT t::text FROM orders AS t ORDER BY 1");
    }

    /**
     * Inserts, updates, deletes, and rows that move to another month, to one that is to come, and to the default
     * partition.
     */
    private void write() {
        database.execute(
                "INSERT INTO orders (customer, amount, created_at) VALUES (1, 1, timestamptz '2024-05-05 00:00+00')",
                "UPDATE orders SET amount = amount + 1 WHERE id % 50 = 1",
                "UPDATE orders SET created_at = created_at + interval '1 month' WHERE id % 50 = 2",
                "UPDATE orders SET created_at = timestamptz '2031-01-01 00:00+00' WHERE id % 500 = 3",
                "DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE id % 50 = 4 ORDER BY id LIMIT 20)");
    }

    private void swap() throws Exception {
        changelog.parameter("swapApproved", "orders").update();
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("p");
    }

    private void swapInVain() throws Exception {
        changelog.update();
        try (Transaction reader = Transaction.begin(database)) {
            reader.query("SELECT count(*) FROM orders");
            assertThatThrownBy(
                            () -> changelog.parameter("swapApproved", "orders").update())
                    .hasMessageContaining("Could not lock public.orders in 2 attempts");
        }
    }

    /** Every session ends at once and none returns, as when the pipeline's machine is gone. */
    private void killInMidCopy() throws Exception {
        changelog.update(2);
        changelog.onAConnectionOfTheApplication();
        database.execute("""
                CREATE FUNCTION pass() RETURNS bool LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN true; END $$""", "ALTER TABLE orders_202409 ADD CONSTRAINT pass CHECK (pass()) NOT VALID");
        try (Transaction holder = Transaction.begin(database)) {
            holder.run("SET application_name = 'the test'", "SELECT pg_advisory_xact_lock(4711)");
            Future<Void> update = changelog.updateInBackground();
            database.awaitTrue("""
                    SELECT EXISTS (SELECT FROM pg_stat_activity
                                   WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name <> 'the test')
                       AND EXISTS (SELECT FROM partition_chunk WHERE finished_at IS NOT NULL)""");
            database.queryStrings("""
                    SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> 'the test'""");
            assertThatThrownBy(() -> MigrationFixture.join(update)).isInstanceOf(Exception.class);
        }
        // The last of these does what release-locks does.
        database.execute(
                "ALTER TABLE orders_202409 DROP CONSTRAINT pass",
                "DROP FUNCTION pass()",
                "UPDATE databasechangeloglock SET locked = false");
        assertThat(changelog.recorded()).last().isEqualTo("orders-capture");
    }

    /** As if the process had ended between the step's own commit and Liquibase's. */
    private void forgetRecord(String changeset) {
        database.execute("DELETE FROM databasechangelog WHERE id = '%s'".formatted(changeset));
    }
}
