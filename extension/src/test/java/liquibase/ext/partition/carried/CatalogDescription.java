package liquibase.ext.partition.carried;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.testing.TestDatabase;

/**
 * The catalog's whole description of a table, as one text: a section for each {@link Feature}, a line for each thing.
 * An ordinary table and the partitioned table that replaces it are described in the same words. Properties of relations
 * that hold rows are read of every partition, and if the partitions do not agree, the line says so. Names of partitions
 * do not appear, nor do the objects that a migration has on the table while it runs.
 */
final class CatalogDescription {
    private final Map<Feature, SortedSet<String>> sections;

    private CatalogDescription(Map<Feature, SortedSet<String>> sections) {
        this.sections = sections;
    }

    /** Describes the present table, read in one snapshot. */
    static CatalogDescription of(TestDatabase database, QualifiedName table) {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            statement.execute("SET LOCAL search_path = pg_catalog");
            int version = Integer.parseInt(
                    strings(statement, "SHOW server_version_num").get(0));
            String oid = strings(
                            statement,
                            "SELECT '%s'::regclass::oid"
                                    .formatted(table.quoted().replace("'", "''")))
                    .get(0);
            List<String> stores = strings(statement, """
                    SELECT relid::oid FROM pg_partition_tree(%1$s) WHERE isleaf AND relid <> %1$s
                    UNION ALL SELECT oid FROM pg_class WHERE oid = %1$s AND relkind <> 'p'""".formatted(oid));
            Map<Feature, SortedSet<String>> sections = new EnumMap<>(Feature.class);
            for (CatalogQuestion question : CatalogQuestion.values()) {
                if (question.isFor(version)) {
                    sections.computeIfAbsent(question.feature(), feature -> new TreeSet<>())
                            .addAll(answers(statement, question, oid, stores));
                }
            }
            connection.rollback();
            return new CatalogDescription(sections);
        } catch (SQLException e) {
            throw new AssertionError("Cannot describe " + table + ": " + e.getMessage(), e);
        }
    }

    private static List<String> answers(Statement statement, CatalogQuestion question, String oid, List<String> stores)
            throws SQLException {
        String sql = question.sql()
                .replace("{table}", oid)
                .replace("{stores}", "'{" + String.join(",", stores) + "}'::oid[]");
        if (!question.ofEachStore()) {
            return strings(statement, sql);
        }
        SortedMap<String, Set<String>> storesByLine = new TreeMap<>();
        try (ResultSet row = statement.executeQuery(sql)) {
            while (row.next()) {
                storesByLine
                        .computeIfAbsent(row.getString(1), line -> new HashSet<>())
                        .add(row.getString(2));
            }
        } catch (SQLException e) {
            throw new SQLException(question + ": " + e.getMessage(), e);
        }
        List<String> lines = new ArrayList<>();
        storesByLine.forEach((line, having) -> lines.add(
                having.size() == stores.size()
                        ? line
                        : "%s (of %d of %d partitions only)".formatted(line, having.size(), stores.size())));
        return lines;
    }

    private static List<String> strings(Statement statement, String sql) throws SQLException {
        List<String> strings = new ArrayList<>();
        try (ResultSet row = statement.executeQuery(sql)) {
            while (row.next()) {
                strings.add(row.getString(1));
            }
        } catch (SQLException e) {
            throw new SQLException(e.getMessage() + "\nfrom " + sql, e);
        }
        return strings;
    }

    /** The lines of a section; empty if the table has no such thing. */
    SortedSet<String> of(Feature feature) {
        return sections.getOrDefault(feature, new TreeSet<>());
    }

    /** The lines that only one of the two has: {@code - } with the former, {@code + } with the present one. */
    static List<String> differences(CatalogDescription before, CatalogDescription after) {
        List<String> differences = new ArrayList<>();
        for (Feature feature : Feature.values()) {
            for (String line : before.of(feature)) {
                if (!after.of(feature).contains(line)) {
                    differences.add("- %s: %s".formatted(feature, line));
                }
            }
            for (String line : after.of(feature)) {
                if (!before.of(feature).contains(line)) {
                    differences.add("+ %s: %s".formatted(feature, line));
                }
            }
        }
        return differences;
    }

    /** The whole text. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        sections.forEach((feature, lines) -> {
            if (!lines.isEmpty()) {
                text.append(feature).append('\n');
                lines.forEach(line ->
                        text.append("  ").append(line.replace("\n", "\n    ")).append('\n'));
            }
        });
        return text.toString();
    }
}
