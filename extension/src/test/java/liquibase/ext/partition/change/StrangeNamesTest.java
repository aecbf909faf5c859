package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Attributes with names that need quotes, and with texts that look like statements. */
@ExtendWith(FreshChangelog.class)
class StrangeNamesTest {
    private static final String ITEMS = "\"we\"\"ird\".\"Order Items\"";
    private static final String HOSTILE = "x\"'; DROP TABLE victim; -- $$ */ {table}";

    private TestDatabase database;
    private Changelog changelog;

    @BeforeEach
    void items() {
        database.execute(
                "CREATE TABLE victim (id integer)",
                "CREATE SCHEMA \"we\"\"ird\"",
                """
                CREATE TABLE %s ("select" bigint, "ключ" text DEFAULT 'k', "a.b" date NOT NULL, "$1" integer NOT NULL DEFAULT 1,
                                 "a'b" text DEFAULT 'a''b', PRIMARY KEY ("select", "$1"))""".formatted(ITEMS),
                "CREATE INDEX \"a'b\" ON %s (\"a'b\", \"ключ\")".formatted(ITEMS),
                "INSERT INTO %s (\"select\", \"a.b\") SELECT i, date '2024-01-01' + i FROM generate_series(1, 50) AS i"
                        .formatted(ITEMS));
    }

    private static String changesets(String table, String besides) {
        return changesets(table, "", besides);
    }

    private static String changesets(String table, String newTable, String besides) {
        String source = "schemaName=\"we&quot;ird\" tableName=\"" + escaped(table) + "\" ";
        String named = source + newTable;
        String key = named + "keyColumns=\"select,$1\" ";
        StringBuilder changesets = new StringBuilder();
        for (String change : List.of(
                "createPartitionedTable " + named + "partitionColumns=\"a.b\" from=\"2024-01\" until=\"2024-03\" "
                        + besides,
                "captureChanges " + source + "keyColumns=\"select,$1\"",
                "chunkedCopy " + key,
                "buildIndexes " + named,
                "replayChanges " + key,
                "verifyCopy " + key,
                "lockedSwap " + key)) {
            changesets.append(Changelog.changeset(change.substring(0, change.indexOf(' ')), change));
        }
        return changesets.toString();
    }

    private static String escaped(String attribute) {
        return attribute.replace("&", "&amp;").replace("\"", "&quot;").replace("<", "&lt;");
    }

    private List<String> relations() {
        return database.queryStrings("""
                SELECT c.relkind::text || ' ' || c.oid::regclass FROM pg_class AS c
                WHERE c.relnamespace IN ('public'::regnamespace, '"we""ird"'::regnamespace)
                  AND c.relname !~ '^(databasechangelog|partition_)'
                UNION ALL SELECT 'function ' || p.oid::regprocedure FROM pg_proc AS p WHERE p.oid > 16383
                ORDER BY 1""");
    }

    private void assertGoesThereAndBack() throws Exception {
        List<String> relations = relations();
        List<String> rows = database.queryStrings("SELECT t::text FROM %s AS t ORDER BY 1".formatted(ITEMS));

        changelog.update();

        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = ?::regclass", ITEMS))
                .isEqualTo("p");
        assertThat(database.queryStrings("SELECT t::text FROM %s AS t ORDER BY 1".formatted(ITEMS)))
                .isEqualTo(rows);
        changelog.rollback(7);
        assertThat(relations()).isEqualTo(relations);
        assertThat(database.queryStrings("SELECT t::text FROM %s AS t ORDER BY 1".formatted(ITEMS)))
                .isEqualTo(rows);
    }

    @Test
    void namesThatNeedQuotesGoThroughEveryChangeAndBack() throws Exception {
        changelog.changesets(changesets("Order Items", ""));

        assertGoesThereAndBack();
    }

    /** It is a name like any other. */
    @Test
    void aStatementInTheNameOfTheNewTableOrItsPartitionsIsNotRun() throws Exception {
        changelog.changesets(changesets(
                "Order Items",
                "newTableName=\"%s\" ".formatted(escaped(HOSTILE)),
                "partitionPrefix=\"%s_\"".formatted(escaped(HOSTILE))));

        assertGoesThereAndBack();
    }

    @Test
    void aStatementInAnyOtherAttributeIsRefusedAsWhatItIsNot() {
        List<String> relations = relations();
        for (String changesets : List.of(
                changesets("Order Items" + HOSTILE, ""),
                changesets("Order Items", "")
                        .replace("partitionColumns=\"a.b\"", "partitionColumns=\"%s\"".formatted(escaped(HOSTILE))),
                changesets("Order Items", "")
                        .replace("from=\"2024-01\"", "from=\"2024-01%s\"".formatted(escaped(HOSTILE))),
                changesets("Order Items", "").replace("until=\"2024-03\"", "until=\"%s\"".formatted(escaped(HOSTILE))),
                changesets("Order Items", "interval=\"%s\"".formatted(escaped(HOSTILE))))) {
            assertThatThrownBy(changelog.changesets(changesets)::update)
                    .as(changesets)
                    .isNotNull();
            assertThat(relations()).isEqualTo(relations);
        }
    }
}
