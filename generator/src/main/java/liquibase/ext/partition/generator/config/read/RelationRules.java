package liquibase.ext.partition.generator.config.read;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import liquibase.ext.partition.generator.config.document.ConfigDocument;
import liquibase.ext.partition.generator.config.document.KeyPath;
import liquibase.ext.partition.generator.config.document.Problem;
import liquibase.ext.partition.generator.config.document.Quoted;

/** No two things in one schema may share a name, and no two tables of a config may share changeset ids. */
final class RelationRules {
    private final ConfigDocument document;
    private final List<Problem> problems = new ArrayList<>();

    RelationRules(ConfigDocument document) {
        this.document = document;
    }

    /**
     * The use of a name.
     *
     * @param schema empty for Liquibase's default schema
     */
    private record Use(TableEntry table, Optional<String> schema, String key, KeyPath origin) {}

    private record Name(Optional<String> schema, String name) {}

    /**
     * Tables and exchanges share their ids. Their names are not compared with each other: an exchange replaces a
     * partition, which a table's entry names, too, by others of the names that this entry would give them.
     */
    List<Problem> problems(List<TableEntry> tables, List<TableEntry> exchanges) {
        List<TableEntry> distinct = withoutRepeated(
                Stream.concat(tables.stream(), exchanges.stream()).toList());
        checkIds(distinct);
        checkNames(distinct.stream().filter(tables::contains).toList());
        checkNames(distinct.stream().filter(exchanges::contains).toList());
        return problems;
    }

    /** Reports tables that occur twice, and leaves the second out, because everything else in it would collide too. */
    private List<TableEntry> withoutRepeated(List<TableEntry> tables) {
        List<TableEntry> distinct = new ArrayList<>();
        for (TableEntry table : tables) {
            Optional<TableEntry> earlier = distinct.stream()
                    .filter(it -> it.text(TableEntry.TABLE_NAME).isPresent()
                            && it.text(TableEntry.TABLE_NAME).equals(table.text(TableEntry.TABLE_NAME))
                            && mayBeSameSchema(it, table))
                    .findFirst();
            if (earlier.isEmpty()) {
                distinct.add(table);
                continue;
            }
            int line = document.line(earlier.get().path().child(TableEntry.TABLE_NAME));
            boolean same = earlier.get().text(TableEntry.SCHEMA_NAME).equals(table.text(TableEntry.SCHEMA_NAME));
            problems.add(document.problem(
                    table.path().child(TableEntry.TABLE_NAME),
                    same
                            ? "The table stands twice; the first is in line %d.".formatted(line)
                            : "The table in line %d has the same name, and one of the two has no schemaName, so that both may be one table."
                                    .formatted(line),
                    same ? "Remove one of the two." : "Write the schemaName of both, or remove one."));
        }
        return distinct;
    }

    private static boolean mayBeSameSchema(TableEntry one, TableEntry other) {
        Optional<String> schema = one.text(TableEntry.SCHEMA_NAME);
        Optional<String> otherSchema = other.text(TableEntry.SCHEMA_NAME);
        return schema.isEmpty() || otherSchema.isEmpty() || schema.equals(otherSchema);
    }

    private void checkIds(List<TableEntry> tables) {
        List<String> before = new ArrayList<>();
        Map<String, TableEntry> byPrefix = new HashMap<>();
        for (TableEntry table : tables) {
            Optional<String> tableName = table.text(TableEntry.TABLE_NAME);
            if (tableName.isEmpty()) {
                continue;
            }
            String prefix = ChangesetPrefix.of(table, before);
            before.add(tableName.get());
            TableEntry earlier = byPrefix.putIfAbsent(prefix, table);
            if (earlier != null) {
                problems.add(document.problem(
                        table.path().child(TableEntry.TABLE_NAME),
                        "The changesets and tags of this table and of the one in line %d would both begin with %s."
                                .formatted(
                                        document.line(earlier.path().child(TableEntry.TABLE_NAME)), Quoted.of(prefix)),
                        "Move one of the two to a config and an output directory of its own."));
            }
        }
    }

    private void checkNames(List<TableEntry> tables) {
        Map<Name, Use> taken = new HashMap<>();
        Set<List<Object>> reported = new HashSet<>();
        for (TableEntry table : tables) {
            table.text(TableEntry.TABLE_NAME)
                    .ifPresent(name -> take(table, TableEntry.TABLE_NAME, name, taken, reported));
            for (String key : TableEntry.DEFAULT_SUFFIXES.keySet()) {
                if (!key.equals(TableEntry.PARTITION_PREFIX)) {
                    table.name(key).ifPresent(name -> take(table, key, name, taken, reported));
                }
            }
        }
        for (TableEntry table : tables) {
            for (String partition : table.partitionNames()) {
                take(table, TableEntry.PARTITION_PREFIX, partition, taken, reported);
            }
        }
    }

    private void take(TableEntry table, String key, String name, Map<Name, Use> taken, Set<List<Object>> reported) {
        Optional<String> own = table.text(TableEntry.SCHEMA_NAME);
        Optional<String> schema = key.equals(TableEntry.PARTITION_PREFIX)
                ? table.text(TableEntry.PARTITION_SCHEMA).or(() -> own)
                : own;
        Use use = new Use(table, schema, key, table.origin(key));
        Use earlier = taken.putIfAbsent(new Name(schema, name), use);
        // Two tables with one prefix share every month; one report is enough.
        if (earlier != null && reported.add(List.of(earlier.table().path(), earlier.key(), table.path(), key))) {
            problems.add(document.problem(
                    use.origin(),
                    "The name %s is wanted twice: for the %s, and for the %s in line %d."
                            .formatted(
                                    Quoted.of(name), role(key), role(earlier.key()), document.line(earlier.origin())),
                    "Set %s%s.".formatted(key, key.equals(earlier.key()) ? "" : " or " + earlier.key())));
        }
    }

    private static String role(String key) {
        return switch (key) {
            case "newTableName" -> "new table";
            case "backupTableName" -> "backup";
            case "deltaTableName" -> "delta table";
            case TableEntry.PARTITION_PREFIX -> "partition";
            default -> "table";
        };
    }
}
