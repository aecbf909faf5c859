package liquibase.ext.partition.engine.belonging.foreignkeys;

import static liquibase.ext.partition.engine.belonging.foreignkeys.ReferredOrders.keepingFunctions;
import static liquibase.ext.partition.engine.belonging.foreignkeys.ReferredOrders.referringKeys;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The table that refers to ours is migrated as well, before ours or after, or others inherit from it. */
@ExtendWith(FreshDatabase.class)
class ReferringTableMigratedTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = ReferredOrders.in(database);
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
        assertThat(database.errorOf("INSERT INTO lines VALUES (900, 700, '2024-05-05')"))
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
        assertThat(database.errorOf("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "TRUNCATE orders"))
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
        assertThat(referringKeys(database)).anyMatch(it -> it.startsWith("lines line_order: FOREIGN KEY (o)"));
        assertThat(database.queryLong(
                        "SELECT count(*) FROM pg_constraint WHERE conname = 'line_order' AND NOT convalidated"))
                .isZero();
        assertThat(keepingFunctions(database)).isEmpty();
        assertLinesHaveTheKey(1, 7);
    }

    @Test
    void aRollbackMakesTheKeyOnAReferringTableThatWentBackBefore() throws SQLException {
        linesWithATime("ON DELETE CASCADE");
        MigrationFixture lines = linesMigration("native").throughSwap();
        orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughSwap();
        lines.reverseSwap();
        assertThat(database.errorOf("INSERT INTO lines VALUES (900, 700, '2024-05-05')"))
                .isEqualTo("23503");
        orders.reverseSwap();
        assertThat(referringKeys(database))
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
        assertThat(database.errorOf("INSERT INTO lines VALUES (901, 700, '2025-03-05')"))
                .isEqualTo("23503");
        assertLinesHaveTheKey(1, 7);
    }
}
