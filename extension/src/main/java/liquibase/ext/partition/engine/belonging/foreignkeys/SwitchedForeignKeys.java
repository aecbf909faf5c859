package liquibase.ext.partition.engine.belonging.foreignkeys;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.state.SwitchRecords;

/**
 * Reads and writes {@code partition_foreign_key}: what the catalog no longer knows about foreign keys that a swap has
 * dropped.
 *
 * <p>A row for the table's own foreign key says that the key is still to be validated where it was made again. A row
 * for a key that refers to the table says what to make again on rollback, or, for a key that was kept, what is still to
 * be done about it. A kept key that needs nothing more has no row, because the catalog knows all about it, whatever
 * becomes of it.
 */
public final class SwitchedForeignKeys extends SwitchRecords {
    private static final Sql INSERT = Sql.of("""
            INSERT INTO {foreignKey} (migration_id, incoming, referring_oid, referring_schema, referring_table, name, referring_columns,
                                      definition, validated, enforced, kept, comment)
            VALUES ({migration}, {incoming}, {oid}, {schema}, {table}, {name},
                    (SELECT k.conkey FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = {oid} AND k.conname = {name} AND k.contype = 'f'),
                    {definition}, {validated}, {enforced}, {kept}, {comment})
            ON CONFLICT (migration_id, incoming, referring_oid, name) DO UPDATE
            SET referring_columns = EXCLUDED.referring_columns, definition = EXCLUDED.definition, validated = EXCLUDED.validated,
                enforced = EXCLUDED.enforced, kept = EXCLUDED.kept, comment = EXCLUDED.comment,
                referring_schema = EXCLUDED.referring_schema, referring_table = EXCLUDED.referring_table""");

    private static final Sql FIND = Sql.of("""
            SELECT f.referring_oid, f.referring_schema, f.referring_table, f.name, f.definition, f.validated, f.enforced, f.kept, f.comment,
                   n.nspname, c.relname, present.columns
            FROM {foreignKey} AS f
            CROSS JOIN LATERAL (
              SELECT coalesce(pg_catalog.array_agg(pg_catalog.quote_ident(a.attname) ORDER BY u.place), '{}') AS columns
              FROM pg_catalog.unnest(f.referring_columns) WITH ORDINALITY AS u (number, place)
              JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.referring_oid AND a.attnum = u.number AND NOT a.attisdropped
            ) AS present
            LEFT JOIN pg_catalog.pg_class AS c ON c.oid = f.referring_oid AND c.relkind IN ('r', 'p')
             AND pg_catalog.cardinality(present.columns) = coalesce(pg_catalog.cardinality(f.referring_columns), 0)
            LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE f.migration_id = {migration} AND f.incoming = {incoming}
            ORDER BY f.referring_oid, f.name""");

    private static final Sql DELETE = Sql.of("""
            DELETE FROM {foreignKey}
            WHERE migration_id = {migration} AND incoming = {incoming} AND referring_oid = {oid} AND name = {name}""");

    /** The definition has the names that the columns have by then. */
    private static final Sql REPLACE = Sql.of("""
            UPDATE {foreignKey} SET referring_oid = {newOid}, referring_columns = NULL, definition = {definition}
            WHERE migration_id = {migration} AND incoming = {incoming} AND referring_oid = {oid} AND name = {name}""");

    private static final Sql DELETE_ALL =
            Sql.of("DELETE FROM {foreignKey} WHERE migration_id = {migration} AND incoming = {incoming}");

    private static final Pattern NAME = Pattern.compile("\"(?:[^\"]|\"\")*\"|[^\",() ]+");
    private static final Pattern COLUMNS = Pattern.compile("^FOREIGN KEY \\(((?:\"(?:[^\"]|\"\")*\"|[^\")])*)\\)");
    private static final Pattern SET_COLUMNS =
            Pattern.compile("( SET (?:NULL|DEFAULT) \\()((?:\"(?:[^\"]|\"\")*\"|[^\")])*)(?=\\))");

    public SwitchedForeignKeys(StateTables tables, Migration migration) {
        super("foreignKey", tables.foreignKey(), migration);
    }

    /**
     * One row.
     *
     * @param referringName the referring table's name when the row was written
     * @param present the referring table's present name; empty if the table, or one of the key's columns, is gone
     * @param definition the definition with the present names of these columns
     * @param kept whether the key refers to the table natively after the swap too
     */
    public record Row(
            boolean incoming,
            long referringOid,
            QualifiedName referringName,
            Optional<QualifiedName> present,
            Identifier name,
            String definition,
            boolean validated,
            boolean enforced,
            boolean kept,
            Optional<String> comment) {
        /** The row that would be written for a key that refers to the table. */
        public static Row of(ForeignKey key) {
            return new Row(
                    true,
                    key.referring().oid(),
                    key.referring().name(),
                    Optional.of(key.referring().name()),
                    key.name(),
                    key.definition(),
                    key.validated(),
                    key.enforced(),
                    false,
                    key.comment());
        }

        /** The same row for the table that has taken the place of the one at the swap. */
        public Row on(long oid, QualifiedName table) {
            return new Row(
                    incoming,
                    oid,
                    referringName,
                    Optional.of(table),
                    name,
                    definition,
                    validated,
                    enforced,
                    kept,
                    comment);
        }

        /** {@code CONSTRAINT name FOREIGN KEY …}, not validated, to be added to a table. */
        public Sql notValid() {
            return Sql.of("CONSTRAINT {name} {definition}")
                    .with("name", name)
                    .with("definition", Sql.raw(enforced ? definition + " NOT VALID" : definition));
        }

        /** The definition that the key had before it was dropped. */
        public Sql valid() {
            return Sql.of("CONSTRAINT {name} {definition}").with("name", name).with("definition", Sql.raw(definition));
        }
    }

    /** A row as it was written, and as it is now that another table has taken the place of the referring one. */
    public record Replaced(Row recorded, Row now) {}

    /** The statement that records the present referring table. */
    public Sql replaceStatement(Replaced it) {
        return sql(REPLACE)
                .with("newOid", it.now().referringOid())
                .with("definition", it.now().definition())
                .with("incoming", it.recorded().incoming())
                .with("oid", it.recorded().referringOid())
                .with("name", it.recorded().name().name());
    }

    /**
     * The statement that writes a row for {@code key}, whose text refers to the table by its live name.
     *
     * @param kept whether the key was kept; only for keys that refer to the table
     */
    public Sql insertStatement(ForeignKey key, boolean incoming, boolean kept) {
        return sql(INSERT)
                .with("incoming", incoming)
                .with("oid", key.referring().oid())
                .with("schema", key.referring().name().schema().name())
                .with("table", key.referring().name().name().name())
                .with("name", key.name().name())
                .with("definition", key.definition())
                .with("validated", key.validated())
                .with("enforced", key.enforced())
                .with("kept", kept)
                .with("comment", key.comment().orElse(null));
    }

    /** The statement that removes all rows of a kind. */
    public Sql deleteStatement(boolean incoming) {
        return sql(DELETE_ALL).with("incoming", incoming);
    }

    public List<Row> find(Session session, boolean incoming) throws SQLException {
        return session.query(sql(FIND).with("incoming", incoming), row -> map(row, incoming));
    }

    public void delete(Session session, Row row) throws SQLException {
        session.update(deleteStatement(row));
    }

    /** The statement that removes one row. */
    public Sql deleteStatement(Row row) {
        return sql(DELETE)
                .with("incoming", row.incoming())
                .with("oid", row.referringOid())
                .with("name", row.name().name());
    }

    /** Replaces the names of the referring columns in a definition that the server wrote; {@code PERIOD} is no name. */
    private static String withColumns(String definition, String[] columns) {
        Matcher key = COLUMNS.matcher(definition);
        if (columns.length == 0 || !key.find()) {
            return definition;
        }
        Map<String, String> names = new HashMap<>();
        Matcher name = NAME.matcher(key.group(1));
        while (name.find() && names.size() < columns.length) {
            if (!name.group().equals("PERIOD")) {
                names.put(name.group(), columns[names.size()]);
            }
        }
        UnaryOperator<String> renamed = list -> NAME.matcher(list)
                .replaceAll(it -> Matcher.quoteReplacement(names.getOrDefault(it.group(), it.group())));
        String rest = SET_COLUMNS
                .matcher(definition.substring(key.end(1)))
                .replaceAll(it -> Matcher.quoteReplacement(it.group(1) + renamed.apply(it.group(2))));
        return definition.substring(0, key.start(1)) + renamed.apply(key.group(1)) + rest;
    }

    private static Row map(ResultSet row, boolean incoming) throws SQLException {
        return new Row(
                incoming,
                row.getLong("referring_oid"),
                QualifiedName.of(row.getString("referring_schema"), row.getString("referring_table")),
                present(row),
                new Identifier(row.getString("name")),
                withColumns(row.getString("definition"), (String[])
                        row.getArray("columns").getArray()),
                row.getBoolean("validated"),
                row.getBoolean("enforced"),
                row.getBoolean("kept"),
                Optional.ofNullable(row.getString("comment")));
    }
}
