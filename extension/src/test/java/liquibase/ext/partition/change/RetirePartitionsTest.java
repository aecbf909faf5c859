package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import liquibase.Scope;
import liquibase.exception.LiquibaseException;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Partitions that leave by every update. */
@ExtendWith(FreshChangelog.class)
class RetirePartitionsTest {
    private TestDatabase database;
    private Changelog changelog;

    @BeforeEach
    void orders() {
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, note text, created_at timestamptz NOT NULL)",
                "INSERT INTO orders SELECT i, 'n', timestamptz '2024-01-01 00:00+00' + i % 150 * interval '1 day' FROM generate_series(1, 300) AS i",
                "ANALYZE orders");
    }

    private static String retired(String attributes) {
        return """
                <changeSet id="retire" author="test" labels="upkeep" runAlways="true" runInTransaction="false">
                  <partition:retirePartitions tableName="orders" %s/>
                </changeSet>
                """.formatted(attributes);
    }

    private static String keeping(String month, String attributes) {
        return retired(
                "keep=\"%d\" %s".formatted(MigrationFixture.keeping(month).keep(), attributes));
    }

    private static String migrated() {
        String key = " tableName=\"orders\" keyColumns=\"id\"";
        StringBuilder xml = new StringBuilder(
                "<preConditions><partition:tablesKnown retireApproved=\"${retireApproved}\"/></preConditions>");
        for (String change : List.of(
                "createPartitionedTable tableName=\"orders\" partitionColumns=\"created_at\" from=\"2024-01\" until=\"2024-07\"",
                "captureChanges" + key,
                "chunkedCopy" + key,
                "buildIndexes tableName=\"orders\"",
                "replayChanges" + key,
                "verifyCopy" + key,
                "lockedSwap" + key)) {
            xml.append(Changelog.changeset(change.substring(0, change.indexOf(' ')), change));
        }
        return xml.toString();
    }

    private void update(String changesets) throws LiquibaseException {
        changelog.changesets(migrated() + changesets).update();
    }

    private List<String> partitions() {
        return database.queryStrings("""
                SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'orders'::regclass AND c.relname <> 'orders_default' ORDER BY 1""");
    }

    @Test
    void everyUpdateRetiresWhatIsDueAndWhatIsKeptMayChange() throws Exception {
        update(keeping("2024-02", "retire=\"detach\""));
        assertThat(partitions()).hasSize(5).doesNotContain("orders_202401");

        update(keeping("2024-02", "retire=\"detach\""));
        assertThat(partitions()).hasSize(5);
        database.execute("CREATE SCHEMA retired");
        update(keeping("2024-04", "retire=\"detach\" retireSchema=\"retired\" lockTimeout=\"500ms\""));

        assertThat(partitions()).containsExactly("orders_202404", "orders_202405", "orders_202406");
        assertThat(database.queryLong("SELECT count(*) FROM retired.orders_202402"))
                .isEqualTo(58);
        assertThat(changelog.recorded()).hasSize(8);
    }

    private static final String ASKED = """
            <preConditions onFail="CONTINUE"><partition:approved operation="retire" tableName="orders" approvedTables="${retireApproved}"/></preConditions>
            """;

    /** @param preconditions may be empty */
    private static String dropped(String preconditions) {
        return """
                <changeSet id="drop-retired" author="test" labels="upkeep" runAlways="true" runInTransaction="false">
                  %s<partition:dropRetiredPartitions tableName="orders"/>
                </changeSet>
                """.formatted(preconditions);
    }

    private long tables() {
        return database.queryLong(
                "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'orders\\_2024%'");
    }

    private boolean said(String part) {
        return changelog.lines().stream().anyMatch(line -> line.contains(part));
    }

    @Test
    void whatHasLeftIsDroppedOnceThatIsApproved() throws Exception {
        String waits =
                "The drop of partitions that have left public.orders waits for approval: run update with -DretireApproved=orders";
        String changesets = keeping("2024-03", "retire=\"drop\"") + dropped(ASKED);
        changelog.changesets(migrated() + dropped(ASKED)).update();
        assertThat(said(waits)).isFalse();
        changelog.parameter("retireApproved", "payments");
        update(changesets);
        assertThat(said(waits)).isTrue();
        assertThat(
                        said(
                                "retireApproved names payments, and no table of that name is migrated here, so that it approves nothing."))
                .isTrue();
        assertThat(tables()).isEqualTo(6);

        changelog.parameter("retireApproved", "orders");
        update(changesets);

        assertThat(tables()).isEqualTo(4);
        assertThatThrownBy(() -> changelog.rollback(1))
                .hasStackTraceContaining(
                        ", which had left public.orders, were dropped, and only a restore brings the rows back");
        assertThat(partitions()).hasSize(4);
    }

    @Test
    void whereApprovalIsStandingTheSameUpdateDrops() throws Exception {
        update(keeping("2024-03", "retire=\"drop\"") + dropped(""));

        assertThat(tables()).isEqualTo(4);
        assertThat(partitions()).hasSize(4);
    }

    /** The drop is taken back first, and then the retirement. */
    @Test
    void whatWasArchivedIsDroppedAndComesBackByARollback(@TempDir Path archive) throws Exception {
        String changesets =
                keeping("2024-03", "retire=\"archive\" archiveFiles=\"%s\"".formatted(archive)) + dropped(ASKED);
        update(changesets);
        assertThat(tables()).isEqualTo(6);
        assertThat(said("the 62 rows of public.orders_202401 are in " + archive))
                .isTrue();
        changelog.parameter("retireApproved", "orders");
        update(changesets);
        assertThat(tables()).isEqualTo(6);
        assertThat(said("was archived by this update. The next one looks at its files again, and drops it."))
                .isTrue();
        // Liquibase has one identifier for all that a process deploys.
        Scope.child(Map.of(Scope.Attr.deploymentId.name(), "1234567890"), () -> update(changesets));
        assertThat(tables()).isEqualTo(4);

        changelog.rollback(2);

        assertThat(partitions()).hasSize(6);
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(300);
    }

    /** Updates in which nothing left do not count. */
    @Test
    void aRollbackPutsBackWhatHasLeftLastAndTheNextUpdateTakesItOutAgain() throws Exception {
        update(keeping("2024-02", "retire=\"detach\""));
        update(keeping("2024-04", "retire=\"detach\""));
        update(keeping("2024-04", "retire=\"detach\""));
        assertThat(partitions()).hasSize(3);

        changelog.rollback(1);

        assertThat(partitions()).hasSize(5).doesNotContain("orders_202401");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE created_at < '2024-04-01'"))
                .isEqualTo(120);
        update(keeping("2024-04", "retire=\"detach\""));
        assertThat(partitions()).hasSize(3);
    }

    @Test
    void whatCannotBeReadIsRefused() {
        assertThatThrownBy(() -> update(retired("retire=\"detach\""))).hasMessageContaining("keep");
        assertThatThrownBy(() -> update(retired("keep=\"0\" retire=\"detach\"")))
                .hasMessageContaining("keep is <0>; it must be a number from 1 to 10000");
        assertThatThrownBy(() -> update(retired("keep=\"many\" retire=\"detach\"")))
                .hasMessageContaining("keep is <many>");
        assertThatThrownBy(() -> update(retired("keep=\"1\" retire=\"burn\"")))
                .hasMessageContaining("retire is <burn>; it can be detach");
        assertThatThrownBy(() -> update(retired("keep=\"1\" retire=\"archive\"")))
                .hasMessageContaining("retire is archive, and nothing says where to. Write archiveFiles");
        assertThatThrownBy(() -> update(retired("keep=\"1\" retire=\"archive\" archiveFiles=\"here\"")))
                .hasMessageContaining("archiveFiles is <here>");
        assertThatThrownBy(() ->
                        update(retired("keep=\"1\" retire=\"archive\" archiveFiles=\"/a\" archiveFormat=\"zip\"")))
                .hasMessageContaining("archiveFormat is <zip>; it can be csv.gz");
        assertThatThrownBy(() -> update(retired("keep=\"1\" retire=\"drop\" archiveFiles=\"/a\"")))
                .hasMessageContaining("retire is drop, by which nothing is archived");
        assertThat(database.queryLong(
                        "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'orders\\_%'"))
                .isZero();
    }
}
