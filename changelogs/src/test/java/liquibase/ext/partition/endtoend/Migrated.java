package liquibase.ext.partition.endtoend;

import java.util.List;
import liquibase.ext.partition.testing.TestDatabase;

/** A table during its migration, seen from outside through the catalog. Names are as SQL writes them. */
record Migrated(TestDatabase database, String table, String newTable) {

    /** Every table for which createPartitionedTable has run. */
    static List<Migrated> all(TestDatabase database) {
        return database.queryRows("""
                        SELECT format('%I.%I', source_schema, source_table), format('%I.%I', source_schema, new_table)
                        FROM partition_migration ORDER BY id
                        """).stream()
                .map(row -> new Migrated(database, row.get(0), row.get(1)))
                .toList();
    }

    /** Every user table. */
    static List<String> tables(TestDatabase database) {
        return database.queryStrings("""
                SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
                WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema'
                """);
    }

    boolean isPartitioned() {
        return isPartitioned(database, table);
    }

    static boolean isPartitioned(TestDatabase database, String table) {
        // A table routed by triggers is an ordinary table with children.
        return database.queryString("""
                        SELECT relkind = 'p' OR EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid)
                        FROM pg_class AS c WHERE oid = ?::regclass
                        """, table).equals("t");
    }

    String contents() {
        return contents(database, table);
    }

    /** The number of rows, and a checksum of all of them. */
    static String contents(TestDatabase database, String table) {
        return database.queryString("""
                SELECT count(*) || ' rows, md5 ' || md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE "C"), ''))
                FROM %s AS t
                """.formatted(table));
    }

    List<String> shape() {
        return shape(database, table);
    }

    /**
     * Everything that an application or its owner could notice about a table besides its rows: columns, defaults,
     * sequences, names of indexes and constraints, triggers, comments, owner, rights. Without the triggers of change
     * capture, which come and go, and without the definitions of indexes, which differ in a partitioned table.
     */
    static List<String> shape(TestDatabase database, String table) {
        return database.queryStrings("""
                WITH t AS (SELECT ?::regclass AS oid)
                SELECT concat_ws(' ', 'column', attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'not null' END,
                                 'identity=' || nullif(attidentity::text, ''), pg_get_expr(d.adbin, d.adrelid),
                                 pg_get_serial_sequence(?, attname), col_description(attrelid, attnum))
                FROM t JOIN pg_attribute ON attrelid = oid AND attnum > 0 AND NOT attisdropped
                LEFT JOIN pg_attrdef AS d ON d.adrelid = attrelid AND d.adnum = attnum
                UNION ALL
                SELECT concat_ws(' ', 'index', c.relname, CASE WHEN i.indisprimary THEN 'primary' WHEN i.indisunique THEN 'unique' END,
                                 pg_get_expr(i.indpred, i.indrelid))
                FROM t JOIN pg_index AS i ON i.indrelid = t.oid AND i.indisvalid JOIN pg_class AS c ON c.oid = i.indexrelid
                UNION ALL
                SELECT concat_ws(' ', 'constraint', conname, contype, CASE WHEN contype = 'c' THEN pg_get_constraintdef(c.oid) END)
                FROM t JOIN pg_constraint AS c ON c.conrelid = t.oid AND contype IN ('c', 'p', 'u')
                UNION ALL
                SELECT concat_ws(' ', 'trigger', tgenabled, pg_get_triggerdef(g.oid))
                FROM t JOIN pg_trigger AS g ON g.tgrelid = t.oid AND NOT tgisinternal
                 AND tgname NOT LIKE '%\\_capture' AND tgname NOT LIKE '%\\_no\\_truncate'
                UNION ALL
                SELECT concat_ws(' ', 'table', relowner::regrole, relacl, relpersistence, obj_description(t.oid, 'pg_class'))
                FROM t JOIN pg_class AS c ON c.oid = t.oid
                ORDER BY 1
                """, table, table);
    }

    /** The sequences of the table's columns that do not go on after the largest value. Uses a value up. */
    List<String> sequencesBehindTheirColumn() {
        return database.queryStrings("""
                        SELECT quote_ident(attname) FROM pg_attribute
                        WHERE attrelid = ?::regclass AND attnum > 0 AND NOT attisdropped
                          AND pg_get_serial_sequence(?, attname) IS NOT NULL
                        """, table, table).stream()
                .filter(column -> database.queryString("""
                        SELECT nextval(pg_get_serial_sequence(?, ?)) <= coalesce((SELECT max(%s) FROM %s), 0)
                        """.formatted(column, table), table, unquoted(column))
                        .equals("t"))
                .toList();
    }

    private static String unquoted(String identifier) {
        return identifier.startsWith("\"")
                ? identifier.substring(1, identifier.length() - 1).replace("\"\"", "\"")
                : identifier;
    }

    /** Everything in the database except partitions and their indexes, our state and Liquibase's own tables. */
    static List<String> everything(TestDatabase database) {
        return database.queryStrings("""
                SELECT 'relation ' || n.nspname || '.' || c.relname
                FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind <> 't'
                  AND NOT c.relispartition
                  AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid)
                  AND NOT EXISTS (SELECT FROM pg_index JOIN pg_inherits ON inhrelid = indrelid WHERE indexrelid = c.oid)
                  AND c.relname !~ '^(partition_(migration|chunk|progress|foreign_key|sequence|retirement)|databasechangelog)'
                UNION ALL
                SELECT 'function ' || p.oid::regprocedure FROM pg_proc AS p
                WHERE pronamespace::regnamespace::text !~ '^pg_' AND pronamespace::regnamespace::text <> 'information_schema'
                ORDER BY 1
                """);
    }
}
