package liquibase.ext.partition.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.testing.TestDatabase;

/**
 * The engine's invariant, asked of the server in one statement and so in one snapshot, with writers running: every row
 * of one table whose key is not in the delta table is in the other exactly once and equal, and nothing else is, up to
 * the chunks not yet done.
 */
public final class InvariantChecker {
    private static final String VIOLATIONS = """
            WITH plan AS (
              SELECT m.phase, m.source_blocks, m.id FROM partition_migration AS m
              WHERE m.source_schema = %1$s AND m.source_table = %2$s
            ), left_rows AS (
              SELECT %3$s AS key, %9$s AS image,
                     -- Before the copy is complete, whether the row's chunk is done; afterwards every chunk is.
                     p.phase NOT IN ('capturing', 'copying') OR EXISTS (
                       SELECT FROM partition_chunk AS c
                       WHERE c.migration_id = p.id AND c.finished_at IS NOT NULL
                         AND (t.ctid::text::point)[0] >= c.from_block AND (t.ctid::text::point)[0] < c.to_block) AS done,
                     p.phase = 'copying' AND (t.ctid::text::point)[0] >= p.source_blocks AS beyond
              FROM %4$s AS t, plan AS p
              WHERE NOT EXISTS (SELECT FROM %5$s AS d WHERE %6$s)
            ), right_rows AS (
              SELECT %3$s AS key, %9$s AS image FROM %7$s AS t
              WHERE NOT EXISTS (SELECT FROM %5$s AS d WHERE %6$s)
            ), counted AS (
              SELECT key, min(image) AS image, count(*) AS copies FROM right_rows GROUP BY key
            )
            SELECT CASE WHEN l.beyond THEN 'beyond the plan and not captured: '
                        WHEN l.key IS NULL THEN 'in %8$s only: '
                        WHEN c.key IS NULL THEN 'missing in %8$s: '
                        WHEN NOT l.done THEN 'copied before its chunk was done: '
                        WHEN c.copies > 1 THEN 'in %8$s more than once: '
                        ELSE 'not equal in %8$s: ' END || coalesce(l.image, c.image)
            FROM left_rows AS l
            FULL JOIN counted AS c ON c.key = l.key
            WHERE l.beyond OR l.key IS NULL OR (l.done AND c.key IS NULL) OR (NOT l.done AND c.key IS NOT NULL)
               OR c.copies > 1 OR (c.key IS NOT NULL AND c.image <> l.image)
            LIMIT 20""";

    private InvariantChecker() {}

    /** From the start of the copy to the swap: of source and new table. */
    public static void assertHolds(MigrationFixture migration) {
        assertHolds(migration, migration.source(), migration.newTable());
    }

    /** After the swap: of the live table and the backup, which is the one brought up to date now. */
    public static void assertHoldsAfterSwap(MigrationFixture migration) {
        assertHolds(migration, migration.source(), migration.backup());
    }

    private static void assertHolds(MigrationFixture migration, QualifiedName left, QualifiedName right) {
        List<String> violations = violations(
                migration.database(),
                migration.source().schema().name(),
                migration.source().name().name(),
                migration.key().stream().map(Identifier::quoted).toList(),
                left.quoted(),
                migration.delta().quoted(),
                right.quoted());
        assertThat(violations)
                .as("the invariant in phase %s", migration.phase())
                .isEmpty();
    }

    /**
     * The first rows that violate the invariant; empty if it holds. The tables, and the columns of the key, are as SQL
     * writes them.
     *
     * @param schema the source's schema, as the catalog spells it; so is {@code source}
     * @param left the table that is written
     * @param right the one that it is copied into
     */
    public static List<String> violations(
            TestDatabase database,
            String schema,
            String source,
            List<String> key,
            String left,
            String delta,
            String right) {
        String keyOfRow =
                key.stream().map(column -> "t." + column).collect(Collectors.joining(", ", "ROW(", ")::text"));
        String captured =
                key.stream().map(column -> "d.%1$s = t.%1$s".formatted(column)).collect(Collectors.joining(" AND "));
        return database.queryStrings(VIOLATIONS.formatted(
                literal(schema),
                literal(source),
                keyOfRow,
                left,
                delta,
                captured,
                right,
                right.replace("'", "''"),
                image(database, left, right)));
    }

    /** The columns that both tables have with the same type. */
    private static String image(TestDatabase database, String left, String right) {
        return database.queryString("""
                SELECT 'ROW(' || string_agg('t.' || quote_ident(l.attname), ', ' ORDER BY l.attnum) || ')::text'
                FROM pg_attribute AS l
                JOIN pg_attribute AS r ON r.attrelid = ?::regclass AND r.attname = l.attname
                  AND r.atttypid = l.atttypid AND r.atttypmod = l.atttypmod AND r.attnum > 0
                WHERE l.attrelid = ?::regclass AND l.attnum > 0 AND NOT l.attisdropped""", right, left);
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }
}
