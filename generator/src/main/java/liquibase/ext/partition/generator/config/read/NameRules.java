package liquibase.ext.partition.generator.config.read;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.name.MadeName;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.generator.config.ColumnConfig;
import liquibase.ext.partition.generator.config.document.ConfigDocument;
import liquibase.ext.partition.generator.config.document.KeyPath;
import liquibase.ext.partition.generator.config.document.Problem;
import liquibase.ext.partition.generator.config.document.Quoted;

/** The requirements of PostgreSQL, Liquibase and XML on each single name. */
final class NameRules {
    private static final String DEFAULT_PARTITION = "default";

    /** The remedy for a name that a changelog cannot hold. */
    private static final String RENAME = "Remove it, or rename it in the database first.";

    private static final Pattern SCHEMA_AND_TABLE = Pattern.compile("([a-z_][a-z0-9_$]*)\\.([a-z_][a-z0-9_$]*)");

    private final ConfigDocument document;
    private final List<Problem> problems = new ArrayList<>();

    NameRules(ConfigDocument document) {
        this.document = document;
    }

    List<Problem> problems(List<TableEntry> tables) {
        tables.forEach(this::check);
        return problems;
    }

    private void check(TableEntry table) {
        checkGiven(table, TableEntry.TABLE_NAME, "");
        checkGiven(table, TableEntry.SCHEMA_NAME, "");
        checkGiven(table, TableEntry.PARTITION_SCHEMA, "");
        checkSchemaInTableName(table);
        for (String key : TableEntry.DEFAULT_SUFFIXES.keySet()) {
            String suffix = key.equals(TableEntry.PARTITION_PREFIX) ? longestPartitionSuffix(table) : "";
            if (table.json().has(key)) {
                checkGiven(table, key, suffix);
                table.text(key).ifPresent(name -> checkMade(table, table.path().child(key), name));
            } else {
                checkDefault(table, key, suffix);
            }
        }
        table.keyColumns().forEach((path, name) -> check(path, name, name));
        table.partitionColumns().forEach((path, name) -> check(path, name, name));
        table.partitionText(TableEntry.COMBINED_COLUMN).ifPresent(name -> {
            check(table.partitionPath(TableEntry.COMBINED_COLUMN), name, name);
            checkMade(table, table.partitionPath(TableEntry.COMBINED_COLUMN), name);
        });
        table.partitionText(TableEntry.TEXT_FORMAT)
                .ifPresent(format ->
                        checkText(table.partitionPath(TableEntry.TEXT_FORMAT), format, "Write the format without it."));
        table.columns().forEach((name, column) -> checkColumn(table, name, column));
    }

    /** The end of a partition's name. All names of an interval have the same length; those of days are the longest. */
    private static String longestPartitionSuffix(TableEntry table) {
        return table.interval()
                .map(interval -> interval.suffix(LocalDate.of(2024, 1, 1)))
                .filter(suffix -> suffix.length() > DEFAULT_PARTITION.length())
                .orElse(DEFAULT_PARTITION);
    }

    private void checkGiven(TableEntry table, String key, String suffix) {
        table.text(key).ifPresent(name -> check(table.path().child(key), name, name + suffix));
    }

    private void checkMade(TableEntry table, KeyPath path, String name) {
        MadeName.problem(name, table.text(TableEntry.TABLE_NAME).orElse(""))
                .ifPresent(problem -> problems.add(document.problem(path, problem, MadeName.remedy())));
    }

    /** A default name can only be too long; any other problem of it is a problem of the table's name. */
    private void checkDefault(TableEntry table, String key, String suffix) {
        table.text(TableEntry.TABLE_NAME)
                .filter(name -> Identifier.byteLength(name) <= Identifier.MAX_BYTES)
                .flatMap(name -> table.name(key))
                .map(name -> name + suffix)
                .filter(name -> Identifier.byteLength(name) > Identifier.MAX_BYTES)
                .ifPresent(name -> problems.add(document.problem(
                        table.path().child(key),
                        "The key is missing, and its default makes the name %s of %d bytes; PostgreSQL keeps %d."
                                .formatted(Quoted.of(name), Identifier.byteLength(name), Identifier.MAX_BYTES),
                        "Add %s with a shorter name.".formatted(key))));
    }

    private void check(KeyPath path, String name, String longest) {
        checkText(path, name, RENAME);
        if (name.indexOf(',') >= 0) {
            problems.add(document.problem(
                    path,
                    "The name %s has a comma, which the lists in a changelog cannot hold.".formatted(Quoted.of(name)),
                    "Rename it in the database first, or leave it unpartitioned for now."));
        }
        if (!name.equals(name.strip())) {
            problems.add(document.problem(
                    path,
                    "The name %s begins or ends with a blank, which Liquibase would remove.".formatted(Quoted.of(name)),
                    "Remove the blank, or rename it in the database first."));
        }
        if (Identifier.byteLength(longest) > Identifier.MAX_BYTES) {
            problems.add(document.problem(
                    path,
                    "The name %s has %d bytes in UTF-8; PostgreSQL keeps %d."
                            .formatted(Quoted.of(longest), Identifier.byteLength(longest), Identifier.MAX_BYTES),
                    "Choose a shorter one."));
        }
    }

    private void checkColumn(TableEntry table, String name, ColumnConfig column) {
        KeyPath path = table.path().child(TableEntry.COLUMNS).child(name);
        checkText(path, name, RENAME);
        checkText(path, column.type(), RENAME);
        checkExpression(path.child(TableEntry.USING), column.using());
        checkExpression(path.child(TableEntry.REVERSE_USING), column.reverseUsing());
        if (Identifier.byteLength(name) > Identifier.MAX_BYTES) {
            problems.add(document.problem(
                    path,
                    "The name has %d bytes in UTF-8; PostgreSQL keeps %d."
                            .formatted(Identifier.byteLength(name), Identifier.MAX_BYTES),
                    "Write the column's name as the table has it."));
        }
    }

    private void checkExpression(KeyPath path, String expression) {
        if (expression != null) {
            checkText(
                    path,
                    expression,
                    "Write the expression on one line and without it; a function of your own can hold it.");
        }
    }

    private void checkText(KeyPath path, String text, String remedy) {
        problems.addAll(unprintable(document, path, text, remedy));
    }

    /** The problems that keep a text from standing in a changelog as it is. */
    static List<Problem> unprintable(ConfigDocument document, KeyPath path, String text, String remedy) {
        List<Problem> problems = new ArrayList<>();
        if (text.contains("${")) {
            problems.add(document.problem(
                    path,
                    "%s has ${, where Liquibase would put a changelog parameter.".formatted(Quoted.of(text)),
                    remedy));
        }
        Optional<Integer> odd =
                text.codePoints().filter(NameRules::cannotStandInXml).boxed().findFirst();
        odd.ifPresent(character -> problems.add(document.problem(
                path,
                "%s has the character U+%04X, which cannot stand in a changelog.".formatted(Quoted.of(text), character),
                remedy)));
        return problems;
    }

    private static boolean cannotStandInXml(int character) {
        return Character.isISOControl(character)
                || character == 0xFFFE
                || character == 0xFFFF
                || Character.getType(character) == Character.SURROGATE;
    }

    private void checkSchemaInTableName(TableEntry table) {
        if (table.json().has(TableEntry.SCHEMA_NAME)) {
            return;
        }
        Matcher matcher =
                SCHEMA_AND_TABLE.matcher(table.text(TableEntry.TABLE_NAME).orElse(""));
        if (matcher.matches()) {
            problems.add(document.problem(
                    table.path().child(TableEntry.TABLE_NAME),
                    "%s looks like a schema and a table.".formatted(Quoted.of(matcher.group())),
                    "Write schemaName: %s and tableName: %s. If the table's name really has a dot, write its schemaName too."
                            .formatted(matcher.group(1), matcher.group(2))));
        }
    }
}
