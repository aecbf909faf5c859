package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import liquibase.exception.LiquibaseException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A mistake is reported with its remedy, and nothing has been changed. */
@ExtendWith(FreshChangelog.class)
class RefusalTest {

    private static final String PREPARE = """
            createPartitionedTable tableName="orders" partitionColumns="created_at" from="2024-01" until="2024-03\"""";

    private TestDatabase database;
    private Changelog changelog;

    @BeforeEach
    void orders() {
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, note text, created_at timestamptz NOT NULL)",
                "INSERT INTO orders VALUES (1, 'first', '2024-01-31 00:00+00')");
    }

    private String everything() {
        return database.queryStrings("""
                SELECT c.oid || ' ' || c.relname FROM pg_class AS c
                WHERE c.relnamespace = 'public'::regnamespace AND c.relname !~ '^databasechangelog'
                UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE tgrelid = 'orders'::regclass
                UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                UNION ALL SELECT orders::text FROM orders
                ORDER BY 1
                """).toString();
    }

    private void assertRefused(String... parts) {
        String before = everything();
        List<String> recorded = changelog.recorded();

        assertThatThrownBy(changelog::update)
                .isInstanceOf(LiquibaseException.class)
                .satisfies(e -> assertThat(messages(e)).contains(parts));

        assertThat(everything()).isEqualTo(before);
        assertThat(changelog.recorded()).isEqualTo(recorded);
    }

    private static String messages(Throwable e) {
        StringBuilder messages = new StringBuilder();
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            messages.append(cause.getMessage()).append('\n');
        }
        return messages.toString();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    chunkedCopy tableName="orders" keyColumns="id" chunkSise="5"             | chunkSise               | not allowed to appear
                    chunkedCopy tableName="orders" keyColumns="id" chunkSize="many"          | chunkSize is <many>     | whole number
                    chunkedCopy tableName="orders" keyColumns="id" workers="0"               | workers is <0>          | 1 or more
                    chunkedCopy tableName="orders" keyColumns="id" workers="9999999999"      | workers is <9999999999> | 2147483647
                    buildIndexes tableName="orders" window="noon"                            | window is <noon>        | 22:00-06:00
                    dropBackup tableName="orders" maxLoad="much"                             | maxLoad is <much>       | whole number
                    chunkedCopy tableName="orders" keyColumns="id,,x"                        | keyColumns              | chunkedCopy
                    chunkedCopy tableName="orders"                                           | keyColumns              | chunkedCopy
                    captureChanges tableName="orders" keyColumns="id" lockTimeout="soon"     | lockTimeout is <soon>   | as in 500ms
                    captureChanges tableName="orders" keyColumns="id" lockTimeout="5"        | lockTimeout is <5>      | ms, s or min
                    captureChanges tableName="orders" keyColumns="id" lockTimeout="0s"       | lockTimeout is <0s>     | longer than nothing
                    captureChanges tableName="orders" keyColumns="id" lockAttempts="-1"      | lockAttempts is <-1>    | whole number
                    replayChanges tableName="orders" keyColumns="id" batchSize="1e3"         | batchSize is <1e3>      | whole number
                    lockedSwap tableName="orders" keyColumns="id" maxDrainRows="no"          | maxDrainRows is <no>    | whole number
                    lockedSwap tableName="orders" keyColumns="id" waitForOldTransactions="5" | waitForOldTransactions is <5> | ms, s or min
                    lockedSwap tableName="orders" keyColumns="id" onOldTransactions="go"     | onOldTransactions is <go> | stop or goOn
                    createPartitionedTable tableName="orders" partitionColumns="created_at" from="2024-13" until="2025-01" | from is <2024-13> | 2024-01
                    createPartitionedTable tableName="orders" partitionColumns="created_at" from="2024-01-02" until="2025-01" | from is <2024-01-02> | first day
                    createPartitionedTable tableName="orders" partitionColumns="created_at" from="2025-01" until="2024-01" | until is 2024-01-01 | later
                    createPartitionedTable tableName="orders" partitionColumns="created_at,created_at" from="2024-01" until="2025-01" | partitionColumns names a column twice | created_at
                    createPartitionedTable tableName="orders" partitionColumns="created_at" from="2024-01" until="2025-01" interval="fortnight" | fortnight | quarter
                    createPartitionedTable partitionColumns="created_at" from="2024-01" until="2025-01" | tableName | createPartitionedTable
                    """)
    void aBadAttributeIsRefusedByName(String change, String attribute, String remedy) {
        changelog.changesets(Changelog.changeset("bad", change));

        assertRefused(attribute, remedy);
    }

    /** In formats without an XSD: the generic namespace, YAML, JSON. */
    @Test
    void anUnknownAttributeIsToldWithTheNearestThatThereIs() {
        changelog
                .inTheGenericNamespace()
                .changesets(Changelog.changeset(
                        "bad", "chunkedCopy tableName=\"orders\" keyColumns=\"id\" chunkSise=\"5\""));

        assertRefused("chunkedCopy has no attribute chunkSise. Did you mean chunkSize?");
    }

    @Test
    void everyBadAttributeIsToldAtOnceAndBeforeAnythingRuns() {
        changelog.changesets(
                Changelog.changeset("prepare", PREPARE)
                        + Changelog.changeset(
                                "capture", "captureChanges tableName=\"orders\" keyColumns=\"id\" lockTimeout=\"soon\"")
                        + Changelog.changeset(
                                "copy",
                                "chunkedCopy tableName=\"orders\" keyColumns=\"id\" chunkSize=\"few\" chunkTime=\"2\" maxLoad=\"0\""));

        assertRefused("lockTimeout is <soon>", "chunkSize is <few>", "chunkTime is <2>", "maxLoad is <0>");
        assertThat(changelog.recorded()).isEmpty();
    }

    /** Liquibase validates none of these before it asks them. */
    @Test
    void aBadAttributeOfAChangesetsPreconditionIsRefusedByName() {
        changelog.inTheGenericNamespace().changesets("""
                <changeSet id="drop" author="test" runInTransaction="false">
                  <preConditions onFail="CONTINUE" onError="HALT">
                    <partition:backupVerified tableName="orders" onDifference="stop" maxLoad="much" workers="2"/>
                  </preConditions>
                  <partition:dropBackup tableName="orders"/>
                </changeSet>
                """);

        assertRefused(
                "backupVerified orders: maxLoad is <much>",
                "onDifference is <stop>; it can be fail or halt",
                "Nothing was changed");
    }

    @ParameterizedTest
    @CsvSource({
        "captureChanges",
        "chunkedCopy",
        "replayChanges",
        "verifyCopy",
        "lockedSwap",
    })
    void aChangeThatCommitsByItselfIsRefusedInsideLiquibasesTransaction(String change) {
        changelog.changesets("""
                <changeSet id="in-transaction" author="test">
                  <partition:%s tableName="orders" keyColumns="id"/>
                </changeSet>
                """.formatted(change));

        assertRefused(change, "runInTransaction=\"false\"", "in-transaction");
    }

    @Test
    void aMissingTableIsNamed() {
        changelog.changesets(Changelog.changeset("prepare", PREPARE.replace("orders", "ordres")));

        assertRefused("public.ordres", "Nothing was changed");
    }

    @Test
    void aTableWithoutThePartitionColumnIsToldWhatColumnsItHas() {
        changelog.changesets(Changelog.changeset("prepare", PREPARE.replace("created_at", "create_at")));

        assertRefused("it has no column create_at", "created_at");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    buildIndexes tableName="orders" newTableName="others"               | newTableName is others here
                    chunkedCopy tableName="orders" keyColumns="id" deltaTableName="d"   | deltaTableName is d here
                    replayChanges tableName="orders" keyColumns="note"                  | keyColumns is [note] here
                    dropBackup tableName="orders" deltaTableName="d"                    | deltaTableName is d here
                    """)
    void aNameThatTheMigrationWasNotBegunWithIsRefused(String change, String message) throws Exception {
        String begun = Changelog.changeset("prepare", PREPARE)
                + Changelog.changeset("capture", "captureChanges tableName=\"orders\" keyColumns=\"id\"");
        changelog.changesets(begun).update();

        changelog.changesets(begun + Changelog.changeset("next", change));

        assertRefused(message, "Nothing was changed. Make the changesets of one table agree.");
    }

    @Test
    void aKeyThatDoesNotTellRowsApartIsRefused() throws Exception {
        changelog.changesets(Changelog.changeset("prepare", PREPARE)).update();
        changelog.changesets(Changelog.changeset("prepare", PREPARE)
                + Changelog.changeset("capture", "captureChanges tableName=\"orders\" keyColumns=\"note\""));

        assertRefused("note", "public.orders", "Nothing was changed");
    }

    @Test
    void aTableWithoutAnyKeyIsRefused() throws Exception {
        database.execute("ALTER TABLE orders DROP CONSTRAINT orders_pkey");
        changelog.changesets(Changelog.changeset("prepare", PREPARE)).update();
        changelog.changesets(Changelog.changeset("prepare", PREPARE)
                + Changelog.changeset("capture", "captureChanges tableName=\"orders\" keyColumns=\"id\""));

        assertRefused("id", "public.orders", "unique", "Nothing was changed");
    }

    @Test
    void aRoleThatOwnsNothingIsToldWhoseTheTableIs() {
        String stranger = database.createRole("stranger", "");
        database.execute("GRANT CREATE, USAGE ON SCHEMA public TO " + stranger, "GRANT ALL ON orders TO " + stranger);
        changelog.as(stranger).changesets(Changelog.changeset("prepare", PREPARE));

        assertRefused("it belongs to role " + database.username(), "only its owner", "Nothing was changed");
    }

    @Test
    void anOwnerWhoMayNotCreateInTheSchemaIsToldTheRightThatIsMissing() {
        String owner = database.createRole("owner", "");
        database.execute(
                "CREATE SCHEMA liquibase AUTHORIZATION " + owner,
                "ALTER ROLE %s IN DATABASE %s SET search_path = liquibase, public".formatted(owner, database.name()),
                "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
                "ALTER TABLE orders OWNER TO " + owner);
        changelog
                .as(owner)
                .changesets(Changelog.changeset(
                        "prepare", PREPARE.replace("tableName", "schemaName=\"public\" tableName")));

        assertRefused(
                "may not create in schema public",
                "GRANT USAGE, CREATE ON SCHEMA public TO " + owner,
                "Nothing was changed");
    }

    @Test
    void aLockThatIsNeverGivenNamesWhoHoldsIt() throws Exception {
        changelog.changesets(Changelog.changeset("prepare", PREPARE)).update();
        changelog.changesets(
                Changelog.changeset("prepare", PREPARE)
                        + Changelog.changeset(
                                "capture",
                                "captureChanges tableName=\"orders\" keyColumns=\"id\" lockTimeout=\"50ms\" lockAttempts=\"3\""));

        try (Transaction writer = Transaction.begin(database)) {
            writer.run("UPDATE orders SET note = 'held' WHERE id = 1");
            String pid = writer.query("SELECT pg_backend_pid()");

            assertRefused(
                    "Could not lock public.orders in 3 attempts of up to 50 ms", "pid " + pid, "no trigger was made");
        }
        assertThat(changelog.lines()).anyMatch(line -> line.contains("attempt 1 of 3"));

        changelog.update();
        assertThat(changelog.recorded()).containsExactly("prepare", "capture");
    }

    @Test
    void aStepThatIsTakenOutOfTurnIsRefused() throws Exception {
        changelog.changesets(Changelog.changeset("copy", "chunkedCopy tableName=\"orders\" keyColumns=\"id\""));
        assertRefused("found no migration of public.orders", "createPartitionedTable first");

        changelog.changesets(Changelog.changeset("prepare", PREPARE)).update();
        changelog.changesets(Changelog.changeset("prepare", PREPARE)
                + Changelog.changeset("copy", "chunkedCopy tableName=\"orders\" keyColumns=\"id\""));
        assertRefused("the migration is only <prepared>, and it must be <capturing>");
    }
}
