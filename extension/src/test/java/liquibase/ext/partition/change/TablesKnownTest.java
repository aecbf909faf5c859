package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** At three in the morning somebody types {@code -DswapBack=order}. */
@ExtendWith(FreshChangelog.class)
class TablesKnownTest {
    private static final Pattern MEANT = Pattern.compile("Did you mean (\\S+)\\?");

    private TestDatabase database;
    private Changelog changelog;

    @BeforeEach
    void twoTables() {
        changelog.generated("two-tables", "");
    }

    private boolean isSwapped(String table) {
        return database.queryString("SELECT relkind FROM pg_class WHERE oid = '%s'::regclass".formatted(table))
                .equals("p");
    }

    private boolean isThere(String table) {
        return database.queryString("SELECT to_regclass('%s')".formatted(table)) != null;
    }

    private void addTheirs() {
        changelog.and("""
                <changeSet id="theirs" author="test"><createTable tableName="theirs"><column name="id" type="int"/></createTable></changeSet>
                """);
    }

    private static String meant(String message) {
        Matcher meant = MEANT.matcher(message);
        assertThat(meant.find()).as(message).isTrue();
        return meant.group(1);
    }

    private List<String> toldOf(String parameter) {
        return changelog.lines().stream()
                .filter(line -> line.startsWith(parameter + " names "))
                .toList();
    }

    @Test
    void aMistypedApprovalIsToldAndAMistypedSwapBackStopsTheUpdateAndTheNamesThatAreMeantWork() throws Exception {
        changelog.updateWith("swapApproved", "shop.orders, payments");
        assertThat(toldOf("swapApproved"))
                .containsExactly(
                        "swapApproved names shop.orders, and no table of that name is migrated here, so that it approves nothing. Did you mean public.orders? There are: public.orders, public.payments.");
        assertThat(isSwapped("payments")).isTrue();
        assertThat(isSwapped("orders")).isFalse();
        changelog.updateWith("swapApproved", meant(toldOf("swapApproved").get(0)));
        assertThat(isSwapped("orders")).isTrue();

        addTheirs();
        for (String typed : List.of("order", "payments, order")) {
            Throwable failure = catchThrowable(() -> changelog.updateWith("swapBack", typed));
            assertThat(failure)
                    .hasMessageContaining(
                            "swapBack names order, and no table of that name is migrated here. Nothing was done. Did you mean orders? There are: public.orders, public.payments.");
            assertThat(isSwapped("payments")).isTrue();
            assertThat(isThere("theirs")).isFalse();
        }
        changelog.updateWith("swapBack", "orders");
        assertThat(isSwapped("orders")).isFalse();
        assertThat(isSwapped("payments")).isTrue();
        assertThat(isThere("theirs")).isTrue();

        // Once everything is recorded, no changeset asks.
        changelog.parameter("swapApproved", "all").parameter("dropApproved", "order, payments");
        changelog.update();
        assertThat(toldOf("dropApproved")).singleElement().asString().contains("names order,");
        changelog.updateWith("dropApproved", meant(toldOf("dropApproved").get(0)));
        assertThat(changelog.recorded()).contains("orders-drop", "payments-drop");
        changelog.updateWith("dropApproved", "ordres");
        assertThat(toldOf("dropApproved")).last().asString().contains("names ordres,");
        assertThat(catchThrowable(() -> changelog.updateWith("swapBack", "order")))
                .hasMessageContaining("swapBack names order");
    }

    @Test
    void aMistypedNameInRestartCopyStopsTheUpdateAndTheNameThatIsMeantWorks() throws Exception {
        changelog.update();
        addTheirs();

        Throwable failure = catchThrowable(() -> changelog.updateWith("restartCopy", "Payments"));

        assertThat(failure)
                .hasMessageContaining(
                        "restartCopy names Payments, and no table of that name is migrated here. Nothing was done.");
        assertThat(isThere("theirs")).isFalse();
        changelog.updateWith("restartCopy", meant(failure.getMessage()));
        assertThat(changelog.lines()).anyMatch(line -> line.contains("the copy of public.payments is started over"));
        assertThat(isThere("theirs")).isTrue();
        changelog.updateWith("restartCopy", "false");
    }

    @Test
    void namesThatThereAreAreNotSpokenOf() throws Exception {
        for (String names : List.of("", "all", "orders", "public.payments", "payments, public.orders,", "true")) {
            changelog.parameter("restartCopy", names);
            if (!names.equals("true")) {
                changelog.parameter("swapBack", names).parameter("dropApproved", names);
            }
            changelog.update(1);
        }
        assertThat(changelog.lines()).noneMatch(line -> line.contains(" names "));
    }

    /** One pipeline with several changelogs gives all of them the same parameters. */
    @Test
    void aTableOfAnotherChangelogIsKnownOnceItsMigrationHasBegun(@TempDir Path elsewhere) throws Exception {
        database.execute("CREATE SCHEMA other", "CREATE TABLE other.orders (id bigint PRIMARY KEY, at date NOT NULL)");
        Changelog other = new Changelog(database, elsewhere)
                .changesets(
                        Changelog.changeset(
                                "other",
                                "createPartitionedTable schemaName=\"other\" tableName=\"orders\" partitionColumns=\"at\" from=\"2024-01\" until=\"2024-02\""));
        assertThat(catchThrowable(() -> changelog.updateWith("swapBack", "other.orders")))
                .hasMessageContaining("no table of that name is migrated here");
        other.update();

        changelog.parameter("swapBack", "other.orders").update(1);

        assertThat(toldOf("swapBack"))
                .containsExactly(
                        "swapBack names other.orders, which this changelog does not migrate, so that this update does nothing about it. Update with the changelog that does, or leave it out.");
        assertThat(changelog.recorded()).contains("orders-before");
    }

    @Test
    void ofSeveralGeneratedChangelogsInOneTheFirstSpeaksForAll() throws Exception {
        Path file = changelog.directory().resolve("changelog.xml");
        String both = Files.readString(file);
        int payments = both.indexOf("<!-- ==== The table payments ==== -->");
        String head = both.substring(0, both.indexOf("<!-- ==== The table orders ==== -->"));
        Files.writeString(
                changelog.directory().resolve("one.xml"), both.substring(0, payments) + "</databaseChangeLog>");
        Files.writeString(changelog.directory().resolve("two.xml"), head + both.substring(payments));
        Files.delete(file);
        changelog = new Changelog(database, changelog.directory())
                .changesets("<include file=\"one.xml\"/><include file=\"two.xml\"/>");

        changelog.parameter("swapApproved", "payments, orders, refunds").update(1);

        assertThat(toldOf("swapApproved")).singleElement().asString().contains("names refunds,");
    }
}
