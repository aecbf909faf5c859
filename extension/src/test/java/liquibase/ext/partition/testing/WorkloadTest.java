package liquibase.ext.partition.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import liquibase.ext.partition.testing.WorkloadReport.Count;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(FreshDatabase.class)
class WorkloadTest {

    @BeforeEach
    void orders(TestDatabase database) {
        database.execute(
                """
                CREATE TABLE orders (
                    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
                    number bigint GENERATED ALWAYS AS IDENTITY,
                    status text NOT NULL CHECK (status IN ('new', 'paid')),
                    amount numeric(10,2),
                    amount_with_tax numeric(10,2) GENERATED ALWAYS AS (amount * 1.2) STORED,
                    note varchar(20),
                    details jsonb,
                    created_at timestamptz NOT NULL,
                    updated_at timestamptz)
                """,
                "ALTER TABLE orders DROP COLUMN note",
                """
                CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END $$
                """,
                "CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch()",
                """
                INSERT INTO orders (status, amount, created_at)
                SELECT 'new', i, timestamptz '2024-01-01 00:00+00' + i * interval '17 hours'
                FROM generate_series(1, 1000) AS i
                """);
    }

    private static Workload.Builder workload(TestDatabase database) {
        return Workload.on(database, "public.orders", "id", "created_at").choices("status", "new", "paid");
    }

    @Test
    void knowsExactlyWhatItsWritersCommitted(TestDatabase database) {
        try (Workload workload = workload(database).withOutliers().start()) {
            workload.awaitCommits(2000);
            workload.pause();
            workload.assertNothingLost();
            workload.resume();
            workload.awaitCommits(500);

            WorkloadReport report = workload.stop();

            workload.assertNothingLost();
            assertThat(report.counts())
                    .allSatisfy((what, times) -> assertThat(times)
                            .as(what.label())
                            .satisfies(number -> {
                                if (what != Count.HANDED_ON && what.compareTo(Count.SERIALIZATION_FAILURES) < 0) {
                                    assertThat(number).isPositive();
                                } else {
                                    assertThat(number).isZero();
                                }
                            }));
            assertThat(report.longestWait()).isPositive();
        }
    }

    @Test
    void tellsEveryKindOfDifference(TestDatabase database) {
        try (Workload workload = workload(database).start()) {
            workload.awaitCommits(100);
            workload.stop();
            database.execute(
                    "DELETE FROM orders WHERE id IN (SELECT id FROM orders ORDER BY id LIMIT 3)",
                    "UPDATE orders SET details = '[]' WHERE id IN (SELECT id FROM orders ORDER BY id LIMIT 2)",
                    "INSERT INTO orders (status, created_at) VALUES ('paid', now())");

            RowDifferences differences = workload.differences();

            assertThat(differences.missing()).isEqualTo(3);
            assertThat(differences.changed()).isEqualTo(2);
            assertThat(differences.unexpected()).isEqualTo(1);
            assertThatThrownBy(workload::assertNothingLost)
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("3 missing");
        }
    }

    @Test
    void noticesACommittedRowThatIsGoneWhileItWrites(TestDatabase database) {
        try (Workload workload = workload(database).start()) {
            workload.awaitCommits(100);
            workload.pause();
            database.execute("DELETE FROM orders");
            workload.resume();
            workload.awaitCommits(50);

            WorkloadReport report = workload.stop();

            assertThat(report.violations()).isNotEmpty();
            assertThat(report.count(Count.ROWS_NOT_SEEN)).isPositive();
        }
    }

    @Test
    void writesOnIntoTheTableThatTakesTheName(TestDatabase database) throws Exception {
        database.execute("DROP TRIGGER touch ON orders", "CREATE TABLE orders_new (LIKE orders INCLUDING ALL)");
        try (Workload workload = workload(database).writers(6).start();
                Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            for (int swap = 0; swap < 5; swap++) {
                workload.awaitCommits(200);
                statement.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
                statement.execute("TRUNCATE orders_new");
                statement.execute("""
                        INSERT INTO orders_new (id, number, status, amount, details, created_at, updated_at)
                        OVERRIDING SYSTEM VALUE
                        SELECT id, number, status, amount, details, created_at, updated_at FROM orders
                        """);
                statement.execute("ALTER TABLE orders RENAME TO orders_old");
                statement.execute("ALTER TABLE orders_new RENAME TO orders");
                statement.execute("ALTER TABLE orders_old RENAME TO orders_new");
                // Held long enough that every writer stands before the lock, with its snapshot taken or not.
                statement.execute("SELECT pg_sleep(0.2)");
                connection.commit();
            }
            workload.awaitCommits(200);

            WorkloadReport report = workload.stop();

            assertThat(workload.differences().isEmpty())
                    .as("%s", workload.differences())
                    .isTrue();
            assertThat(report.longestWait()).isGreaterThan(Duration.ofMillis(150));
            assertThat(report.violations()).isEmpty();
        }
    }

    @Test
    void keepsToItsRate(TestDatabase database) {
        try (Workload workload = workload(database).writesPerSecond(500).start()) {
            long started = System.nanoTime();
            workload.awaitCommits(300);

            // A transaction is two writes on average; a rate not kept would be ten times as fast.
            assertThat(Duration.ofNanos(System.nanoTime() - started)).isGreaterThan(Duration.ofMillis(500));
        }
    }

    @Test
    void stopsAndSaysWhyWhenAWriterMeetsAnErrorThatNoSwapCauses(TestDatabase database) {
        try (Workload workload = workload(database).start()) {
            workload.awaitCommits(10);
            database.execute("ALTER TABLE orders ADD CONSTRAINT none CHECK (amount < 0) NOT VALID");

            assertThatThrownBy(() -> workload.awaitCommits(1_000_000))
                    .hasMessageContaining("violates check constraint");
        }
    }

    @Test
    void writesIntegerKeysThatASequenceGives(TestDatabase database) {
        database.execute(
                "CREATE TABLE payments (id bigserial PRIMARY KEY, paid date NOT NULL, amount integer)",
                "INSERT INTO payments (paid) SELECT date '2024-01-01' + i FROM generate_series(1, 100) AS i");
        try (Workload workload = Workload.on(database, "payments", "id", "paid").start()) {
            workload.awaitCommits(300);
            workload.stop();
            workload.assertNothingLost();
            assertThat(database.queryLong("SELECT count(*) FROM payments WHERE id < 0"))
                    .isPositive();
        }
    }

    @Test
    void writesKeysOfSeveralColumnsAndDatesThatItIsToldHowToWrite(TestDatabase database) {
        database.execute(
                """
                CREATE TABLE invoices (
                    "Tenant" text, number smallint, due text, paid_on date, PRIMARY KEY ("Tenant", number))
                """, "INSERT INTO invoices SELECT 'a', i, '2024-05-' || 1 + i % 30 FROM generate_series(1, 100) AS i");
        try (Workload workload = Workload.on(
                        database, "invoices", List.of("Tenant", "number"), List.of("due", "paid_on"))
                .choices("Tenant", "a", "b")
                .values(
                        "due",
                        RandomValue.time(
                                        LocalDate.of(2024, 1, 1),
                                        LocalDate.of(2024, 3, 1),
                                        (time, random) -> time.toString())
                                .oneIn(5, RandomValue.oneOf("2024-02-31", null)))
                .start()) {
            workload.awaitCommits(300);
            workload.stop();
            workload.assertNothingLost();
            assertThat(database.queryLong("SELECT count(*) FROM invoices WHERE due = '2024-02-31'"))
                    .isPositive();
            assertThat(database.queryLong("SELECT count(*) FROM invoices WHERE due LIKE '2024-0_-01T00:00:00Z'"))
                    .isPositive();
            assertThat(database.queryLong("SELECT count(*) FROM invoices WHERE \"Tenant\" = 'b' AND number < 0"))
                    .isPositive();
        }
    }

    @Test
    void comparesAColumnWhoseTypeChangesByAnExpression(TestDatabase database) {
        database.execute(
                "CREATE TABLE fees (id bigint PRIMARY KEY, cents integer, paid date NOT NULL)",
                "INSERT INTO fees SELECT i, i, date '2024-01-01' FROM generate_series(1, 100) AS i");
        try (Workload workload = Workload.on(database, "fees", "id", "paid")
                .comparing("cents", "CAST(cents AS numeric(20,2))")
                .start()) {
            workload.awaitCommits(50);
            workload.pause();
            database.execute("ALTER TABLE fees ALTER cents TYPE numeric(14,2)");
            workload.resume();
            workload.awaitCommits(50);
            workload.stop();
            workload.assertNothingLost();
        }
    }
}
