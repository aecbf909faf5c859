package liquibase.ext.partition.engine.retirement.archive;

import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/**
 * What an archive must hold. Written as JSON when all of it is written and compared, so that an archive without one is
 * none yet. Read by the server, so that no JSON library is needed.
 *
 * @param table the table that the rows were of
 * @param partition the partition of it
 * @param bound in the form that {@code ATTACH PARTITION} takes; empty for a child of a table whose rows triggers route
 * @param columns in the order of the files
 */
public record Manifest(
        QualifiedName table,
        QualifiedName partition,
        Optional<String> bound,
        List<ArchivedColumn> columns,
        Tally tally,
        List<ArchivedFile> files) {
    /** @param type as {@code format_type} writes it, with its modifiers */
    public record ArchivedColumn(Identifier name, String type, boolean notNull) {
        static ArchivedColumn of(Column column) {
            return new ArchivedColumn(column.name(), column.type(), column.notNull());
        }

        /** Whether values of one are values of the other. */
        boolean isLike(ArchivedColumn other) {
            return name.equals(other.name) && type.equals(other.type);
        }

        @Override
        public String toString() {
            return name + " " + type;
        }
    }

    /**
     * @param from the first block of the partition whose rows it has
     * @param to the first block whose rows it does not have
     * @param sha256 of the file as it is
     */
    public record ArchivedFile(String name, long from, long to, long bytes, String sha256, Tally tally) {}

    /** The form of archives that this version writes and reads. */
    private static final String FORMAT = "liquibase-partition archive 1";

    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    private static final Sql READ = Sql.of("""
            SELECT m.format, m.table_schema, m.table_name, m.partition_schema, m.partition_name, m.bound, m.rows, m.checksum
            FROM pg_catalog.jsonb_to_record({json}::pg_catalog.jsonb) AS m (
              format pg_catalog.text, table_schema pg_catalog.text, table_name pg_catalog.text, partition_schema pg_catalog.text,
              partition_name pg_catalog.text, bound pg_catalog.text, rows bigint, checksum pg_catalog.text)""");

    private static final Sql READ_COLUMNS = Sql.of("""
            SELECT c.name, c.type, c.not_null
            FROM ROWS FROM (pg_catalog.jsonb_to_recordset({json}::pg_catalog.jsonb -> 'columns') AS (
              name pg_catalog.text, type pg_catalog.text, not_null boolean)) WITH ORDINALITY AS c (name, type, not_null, place)
            ORDER BY c.place""");

    private static final Sql READ_FILES = Sql.of("""
            SELECT f.name, f.from_block, f.to_block, f.bytes, f.sha256, f.rows, f.checksum
            FROM pg_catalog.jsonb_to_recordset({json}::pg_catalog.jsonb -> 'files') AS f (
              name pg_catalog.text, from_block bigint, to_block bigint, bytes bigint, sha256 pg_catalog.text, rows bigint, checksum pg_catalog.text)
            ORDER BY f.from_block""");

    /** @throws PartitionException if it is no manifest of this form, or its files are not all that it says it has */
    static Manifest parse(Session session, String json, String where) throws SQLException {
        Manifest manifest = read(session, json, where);
        Optional<String> why = manifest.whyNotWhole();
        if (why.isPresent()) {
            throw new PartitionException(
                    "%s is no manifest of a whole archive: %s. Nothing was read. Put that back which was written with the files, from a copy."
                            .formatted(where, why.get()));
        }
        return manifest;
    }

    /** Why its files cannot have all rows of the table; empty if they have. */
    private Optional<String> whyNotWhole() {
        long next = 0;
        Tally all = Tally.NOTHING;
        for (ArchivedFile file : files) {
            if (file.from() != next || file.to() <= next) {
                return Optional.of("no file has the rows of block " + next);
            }
            if (!new ArchiveDirectory.Chunk(file.from(), file.to()).fileName().equals(file.name())) {
                return Optional.of("<%s> is not the name of the file of its blocks".formatted(file.name()));
            }
            if (!isSha256(file.sha256()) || !isSha256(file.tally().checksum())) {
                return Optional.of("%s has no SHA-256 or checksum".formatted(file.name()));
            }
            next = file.to();
            all = all.plus(file.tally());
        }
        return all.equals(tally)
                ? Optional.empty()
                : Optional.of("its files have %,d rows, which are not the %,d that it says"
                        .formatted(all.rows(), tally.rows()));
    }

    private static boolean isSha256(String text) {
        return text != null && SHA256.matcher(text).matches();
    }

    private static Manifest read(Session session, String json, String where) throws SQLException {
        try {
            List<ArchivedColumn> columns = session.query(
                    READ_COLUMNS.with("json", json),
                    row -> new ArchivedColumn(
                            new Identifier(row.getString("name")), row.getString("type"), row.getBoolean("not_null")));
            List<ArchivedFile> files = session.query(
                    READ_FILES.with("json", json),
                    row -> new ArchivedFile(
                            row.getString("name"),
                            row.getLong("from_block"),
                            row.getLong("to_block"),
                            row.getLong("bytes"),
                            row.getString("sha256"),
                            new Tally(row.getLong("rows"), row.getString("checksum"))));
            return session.query(READ.with("json", json), row -> {
                        if (!FORMAT.equals(row.getString("format"))) {
                            throw new PartitionException(
                                    "%s is not of the form <%s>, but <%s>. Nothing was read. Use the version that has written it."
                                            .formatted(where, FORMAT, row.getString("format")));
                        }
                        return new Manifest(
                                QualifiedName.of(row.getString("table_schema"), row.getString("table_name")),
                                QualifiedName.of(row.getString("partition_schema"), row.getString("partition_name")),
                                Optional.ofNullable(row.getString("bound")),
                                columns,
                                new Tally(row.getLong("rows"), row.getString("checksum")),
                                files);
                    })
                    .get(0);
        } catch (SQLException e) {
            if (SqlState.isFailedExpression(e)) {
                throw new PartitionException(
                        "%s is no manifest of an archive: %s. Nothing was read. Name the directory that has manifest.json beside the files with the rows."
                                .formatted(where, SqlState.firstLine(e)),
                        e);
            }
            throw e;
        }
    }

    /** As JSON, which people can read. Its digits are those of JSON, whatever the locale is. */
    String json() {
        String ofColumns = columns.stream()
                .map(it -> String.format(
                        Locale.ROOT,
                        "    {\"name\": %s, \"type\": %s, \"not_null\": %s}",
                        text(it.name().name()),
                        text(it.type()),
                        it.notNull()))
                .collect(Collectors.joining(",\n"));
        String ofFiles = files.stream()
                .map(it -> String.format(
                        Locale.ROOT,
                        "    {\"name\": %s, \"from_block\": %d, \"to_block\": %d, \"bytes\": %d, \"rows\": %d,\n     \"sha256\": %s,\n     \"checksum\": %s}",
                        text(it.name()),
                        it.from(),
                        it.to(),
                        it.bytes(),
                        it.tally().rows(),
                        text(it.sha256()),
                        text(it.tally().checksum())))
                .collect(Collectors.joining(",\n"));
        return String.format(
                Locale.ROOT,
                """
                {
                  "format": %s,
                  "table_schema": %s,
                  "table_name": %s,
                  "partition_schema": %s,
                  "partition_name": %s,
                  "bound": %s,
                  "rows": %d,
                  "checksum": %s,
                  "columns": [
                %s
                  ],
                  "files": [
                %s
                  ]
                }
                """,
                text(FORMAT),
                text(table.schema().name()),
                text(table.name().name()),
                text(partition.schema().name()),
                text(partition.name().name()),
                bound.map(Manifest::text).orElse("null"),
                tally.rows(),
                text(tally.checksum()),
                ofColumns,
                ofFiles);
    }

    private static String text(String value) {
        StringBuilder json = new StringBuilder("\"");
        value.codePoints().forEach(c -> {
            if (c == '"' || c == '\\') {
                json.append('\\').appendCodePoint(c);
            } else if (c < ' ') {
                json.append(String.format(Locale.ROOT, "\\u%04x", c));
            } else {
                json.appendCodePoint(c);
            }
        });
        return json.append('"').toString();
    }
}
