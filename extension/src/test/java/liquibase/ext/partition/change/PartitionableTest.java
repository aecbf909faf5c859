package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import liquibase.exception.LiquibaseException;
import liquibase.ext.partition.precondition.changelog.PartitionablePrecondition;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.parser.core.ParsedNode;
import liquibase.resource.DirectoryResourceAccessor;
import liquibase.resource.ResourceAccessor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The gate before the first step gives the same messages as createPartitionedTable, before anything is recorded. */
@ExtendWith(FreshChangelog.class)
class PartitionableTest {
    private static final String ATTRIBUTES =
            "tableName=\"orders\" partitionColumns=\"created_at\" from=\"2024-01\" until=\"2024-03\"";

    private TestDatabase database;
    private Changelog changelog;

    @BeforeEach
    void orders() {
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, note text, amount integer, created_at timestamptz NOT NULL)");
    }

    private static String gate(String settings, String precondition) {
        return """
                <changeSet id="before" author="test">
                  <preConditions %s>%s</preConditions>
                  <tagDatabase tag="before"/>
                </changeSet>
                """.formatted(settings, precondition);
    }

    private static String partitionable(String more) {
        return "<partition:partitionable %s %s/>".formatted(ATTRIBUTES, more);
    }

    private static String messages(Throwable e) {
        return e == null ? "" : e.getMessage() + "\n" + messages(e.getCause());
    }

    private void assertHalts(String... parts) {
        assertThatThrownBy(changelog::update)
                .isInstanceOf(LiquibaseException.class)
                .satisfies(e -> assertThat(messages(e)).contains(parts));
        assertThat(changelog.recorded()).isEmpty();
    }

    @Test
    void haltsWithEveryReasonAndRemedyBeforeAnythingIsRecorded() {
        database.execute(
                "CREATE RULE quiet AS ON DELETE TO orders DO INSTEAD NOTHING", "CREATE VIEW orders_new AS SELECT 1");
        changelog.changesets(gate("onFail=\"HALT\"", partitionable("keyColumns=\"note\"")));

        assertHalts(
                "public.orders cannot be partitioned",
                "it has the rule quiet; have a trigger do what it does, then DROP RULE quiet ON public.orders",
                "these names are taken by something that this migration did not make: public.orders_new; rename",
                "Column note of public.orders may be NULL");
    }

    @Test
    void readsColumnsAsTheChangeDoes() {
        changelog.changesets(gate("onFail=\"HALT\"", """
                <partition:partitionable %s><partition:column name="amount" type="no_type"/></partition:partitionable>""".formatted(ATTRIBUTES)));

        assertHalts("column amount is to become no_type, and there is no such type");
    }

    /** In YAML the columns are a list in an attribute, and not elements. */
    @Test
    void isReadFromYamlToo() throws Exception {
        ParsedNode yaml = new ParsedNode(null, "partitionable");
        yaml.setValue(Map.of(
                "tableName",
                "orders",
                "keyColumns",
                "id",
                "until",
                "2024-03",
                "columns",
                List.of(Map.of("column", Map.of("name", "amount", "type", "bigint")))));
        PartitionablePrecondition read = new PartitionablePrecondition();
        try (ResourceAccessor files = new DirectoryResourceAccessor(changelog.directory())) {
            read.load(yaml, files);
        }

        assertThat(read).hasToString("partitionable orders");
        assertThat(read.getSerializableFieldValue("keyColumns")).isEqualTo("id");
        assertThat(read.getSerializableFieldValue("until")).isEqualTo("2024-03");
        assertThat((List<?>) read.getSerializableFieldValue("columns"))
                .singleElement()
                .extracting("name", "type")
                .containsExactly("amount", "bigint");
    }

    /** A run that was killed after the change and before its record; and a changelog whose records were lost. */
    @Test
    void letsAMigrationThatHasBegunGoOn() throws Exception {
        changelog
                .changesets(gate("onFail=\"HALT\"", partitionable("keyColumns=\"id\""))
                        + Changelog.changeset("prepare", "createPartitionedTable " + ATTRIBUTES)
                        + Changelog.changeset("capture", "captureChanges tableName=\"orders\" keyColumns=\"id\""))
                .update();
        database.execute("DELETE FROM databasechangelog");

        changelog.update();

        assertThat(changelog.recorded()).containsExactly("before", "prepare", "capture");
    }

    @Test
    void isAnErrorAndNoFailureWhereItCannotBeTold() {
        database.execute("ALTER TABLE orders RENAME TO elsewhere");
        changelog.changesets(gate("onFail=\"CONTINUE\" onError=\"HALT\"", partitionable("")));

        assertHalts("There is no table public.orders in this database");
    }

    @Test
    void refusesBadAndUnknownAttributesBeforeAnythingRuns() {
        changelog.changesets(gate("onFail=\"HALT\"", partitionable("keyColumns=\"id,,x\" keyTime=\"never\"")));
        assertHalts("partitionable orders: ", "keyTime is <never>; it can be ", "keyColumns: ");

        changelog.inTheGenericNamespace().changesets(gate("onFail=\"HALT\"", partitionable("keyColunms=\"id\"")));
        assertHalts("partitionable has no attribute keyColunms. Did you mean keyColumns?");
    }
}
