package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The exchange of a partition by Liquibase: its changesets, their gates and their ways back. */
@ExtendWith(FreshChangelog.class)
class ExchangeChangesTest {
    private static final String TABLE = "tableName=\"orders_default\" ";
    private static final String KEY = TABLE + "keyColumns=\"id,created_at\" ";

    private TestDatabase database;
    private Changelog changelog;

    @BeforeEach
    void orders() {
        database.execute("""
                CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY, note text, created_at timestamptz NOT NULL,
                                     PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at)""", """
                CREATE TABLE orders_202401 PARTITION OF orders FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00')""", "CREATE TABLE orders_default PARTITION OF orders DEFAULT", """
                INSERT INTO orders (note, created_at)
                SELECT 'note ' || i, timestamptz '2024-01-01 00:00+00' + i % 150 * interval '1 day' FROM generate_series(1, 3000) AS i""", "ANALYZE orders");
    }

    private static List<String> changes() {
        List<String> changes = new ArrayList<>();
        changes.add("prepareExchange " + TABLE + "from=\"2024-02\" until=\"2024-05\" partitionPrefix=\"orders_\"");
        changes.add("captureChanges " + KEY);
        changes.add("chunkedCopy " + KEY);
        changes.add("buildIndexes " + TABLE);
        changes.add("replayChanges " + KEY);
        changes.add("verifyCopy " + KEY);
        changes.add("exchangePartitions " + KEY);
        changes.add("dropBackup " + TABLE);
        return changes;
    }

    private static String changesets(List<String> changes) {
        return changes.stream()
                .map(change -> Changelog.changeset(change.substring(0, change.indexOf(' ')), change))
                .collect(Collectors.joining());
    }

    /** As a generated changelog has them, with the gates of the exchange and of the drop. */
    private static String gated() {
        return changesets(changes().subList(0, 6)) + """
                <changeSet id="exchange" author="test" runInTransaction="false">
                  <preConditions onFail="CONTINUE">
                    <partition:approved operation="swap" tableName="orders_default" approvedTables="${swapApproved}"/>
                  </preConditions>
                  <partition:exchangePartitions tableName="orders_default" keyColumns="id,created_at"/>
                </changeSet>
                <changeSet id="drop" author="test" runInTransaction="false">
                  <preConditions onFail="CONTINUE">
                    <partition:swapKept tableName="orders_default" swapBack="${swapBack}"/>
                    <partition:swapped tableName="orders_default"/>
                    <partition:approved operation="drop" tableName="orders_default" approvedTables="${dropApproved}"/>
                    <partition:backupVerified tableName="orders_default" onDifference="halt"/>
                  </preConditions>
                  <partition:dropBackup tableName="orders_default"/>
                </changeSet>
                """;
    }

    private List<String> partitions() {
        return database.queryStrings(
                "SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = 'orders'::regclass ORDER BY 1");
    }

    private String rows() {
        return database.queryString("SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM orders AS t");
    }

    private String state() {
        return database.queryStrings("SELECT phase FROM partition_migration") + " " + partitions() + " " + rows();
    }

    @Test
    void everyChangeIsFoundDoneWhenItsRecordWasLost() throws Exception {
        changelog.changesets(changesets(changes()));
        for (String change : changes()) {
            String id = change.substring(0, change.indexOf(' '));
            changelog.update(1);
            assertThat(changelog.recorded()).endsWith(id);
            String state = state();

            database.execute("DELETE FROM databasechangelog WHERE id = '" + id + "'");
            changelog.update(1);

            assertThat(changelog.recorded()).endsWith(id);
            assertThat(state()).as("state after %s was run again", id).isEqualTo(state);
        }
        database.execute("DELETE FROM databasechangelog");
        String state = state();
        changelog.update();
        assertThat(changelog.recorded()).hasSize(8);
        assertThat(state()).isEqualTo(state);
        assertThat(partitions())
                .containsExactly("orders_202401", "orders_202402", "orders_202403", "orders_202404", "orders_default");
    }

    @Test
    void theExchangeWaitsForApprovalWithItsSqlAndIsTakenBackAloneAndDropped() throws Exception {
        String rows = rows();
        changelog.changesets(gated()).update();
        assertThat(partitions()).containsExactly("orders_202401", "orders_default");
        assertThat(changelog.lines())
                .anyMatch(line -> line.contains("run update with -DswapApproved=orders_default"))
                .contains("ALTER TABLE \"public\".\"orders\" DETACH PARTITION \"public\".\"orders_default\";")
                .contains(
                        "ALTER TABLE \"public\".\"orders\" ATTACH PARTITION \"public\".\"orders_202402\" FOR VALUES FROM ('2024-02-01 00:00:00+00') TO ('2024-03-01 00:00:00+00');");

        changelog.updateWith("swapApproved", "orders_default");
        assertThat(partitions()).hasSize(5);
        database.execute("UPDATE orders SET note = 'since' WHERE id % 9 = 0");
        rows = rows();
        changelog.updateWith("swapBack", "orders_default");
        assertThat(partitions()).containsExactly("orders_202401", "orders_default");
        assertThat(rows()).isEqualTo(rows);

        changelog.updateWith("swapApproved", "orders_default");
        assertThat(partitions()).hasSize(5);
        changelog.updateWith("dropApproved", "orders_default");
        assertThat(database.queryString("SELECT phase FROM partition_migration"))
                .isEqualTo("dropped");
        assertThat(rows()).isEqualTo(rows);
        assertThat(changelog.recorded()).endsWith("drop");
    }

    @Test
    void aRollbackOfAllLeavesNothingBehind() throws Exception {
        String rows = rows();
        changelog.changesets(changesets(changes())).update(7);
        assertThat(partitions()).hasSize(5);

        changelog.rollback(7);

        assertThat(partitions()).containsExactly("orders_202401", "orders_default");
        assertThat(rows()).isEqualTo(rows);
        assertThat(
                        database.queryStrings(
                                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'v') AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'databasechangelog%' ORDER BY 1"))
                .containsExactly("orders", "orders_202401", "orders_default");
    }

    @Test
    void aCopyIsStartedOverByAnyLaterStep() throws Exception {
        changelog.changesets(changesets(changes())).update(5);
        database.execute("DELETE FROM orders_default_new WHERE id = 200");
        assertThatThrownBy(() -> changelog.update(1)).hasMessageContaining("differ in 1 rows");

        changelog
                .changesets(changesets(changes())
                        .replace(
                                "<partition:verifyCopy tableName=\"orders_default\"",
                                "<partition:verifyCopy restart=\"true\" tableName=\"orders_default\""))
                .update();

        assertThat(partitions()).hasSize(5);
    }

    @Test
    void whatCannotBeIsSaidBeforeAnythingIsDone() {
        assertThatThrownBy(() -> changelog
                        .changesets(Changelog.changeset(
                                "prepare",
                                "prepareExchange " + TABLE
                                        + "from=\"2024-05\" until=\"2024-02\" partitionPrefix=\"o_\""))
                        .update())
                .hasMessageContaining("from is 2024-05-01 and until is 2024-02-01");
    }
}
