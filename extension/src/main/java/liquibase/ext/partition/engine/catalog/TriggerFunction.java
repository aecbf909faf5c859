package liquibase.ext.partition.engine.catalog;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * The function of a trigger. Its effect on the row is read from its source, which is possible for PL/pgSQL and for
 * functions that PostgreSQL and its contributed modules include.
 *
 * @param name the name, with its schema if that is not on the path
 * @param source its text, or for C the name of the symbol
 * @param arguments the trigger's arguments, as texts
 */
public record TriggerFunction(String name, String language, String source, List<String> arguments) {
    /** The effect on a column of the row. */
    public enum Effect {
        NONE,
        ASSIGNS,
        /** The function is in another language, or replaces the row by another. */
        CANNOT_BE_TOLD
    }

    private static final Set<String> OF_ITS_TABLE =
            Set.of("tg_table_name", "tg_relid", "tg_relname", "tg_table_schema");
    private static final Set<String> BEFORE_A_STATEMENT =
            Set.of(";", "begin", "then", "else", "loop", "declare", ">>", "diagnostics");

    /** Comments, then literals and quoted names, and then words and signs. */
    private static final Pattern TOKEN = Pattern.compile(
            "--[^\\n]*|\\s+"
                    + "|(?<text>[eE]'(?:[^'\\\\]|\\\\.|'')*'|'(?:[^']|'')*'|\\$(?<tag>[A-Za-z_\\x80-\\uffff]*)\\$.*?\\$\\k<tag>\\$)"
                    + "|(?<quoted>\"(?:[^\"]|\"\")*\")"
                    + "|(?<word>[A-Za-z_\\x80-\\uffff][\\w$\\x80-\\uffff]*)"
                    + "|(?<sign>:=|<<|>>|.)",
            Pattern.DOTALL);

    /** The edges of comments, which may be nested. */
    private static final Pattern EDGE_OF_COMMENT = Pattern.compile("/\\*|\\*/");

    /** A mark for quoted names, so that none of them is taken for a keyword. */
    private static final String QUOTE = "\"";

    public TriggerFunction {
        arguments = List.copyOf(arguments);
    }

    /** The effect on one of the columns of the row that is written. */
    public Effect on(List<Identifier> columns) {
        return switch (language) {
            case "plpgsql" -> inSource(columns);
            case "c", "internal" -> ofKnown(columns);
            default -> Effect.CANNOT_BE_TOLD;
        };
    }

    private Effect ofKnown(List<Identifier> columns) {
        return switch (source) {
            case "moddatetime", "insert_username", "autoinc" ->
                columns.stream().anyMatch(column -> arguments.contains(column.name())) ? Effect.ASSIGNS : Effect.NONE;
            case "suppress_redundant_updates_trigger",
                    "tsvector_update_trigger_byid",
                    "tsvector_update_trigger_bycolumn",
                    "lo_manage" -> Effect.NONE;
            default -> Effect.CANNOT_BE_TOLD;
        };
    }

    /**
     * The variables about the trigger's table that the function uses, in capitals; a partition's trigger gets the
     * partition's values.
     */
    public Set<String> variablesOfItsTable() {
        Set<String> found = new TreeSet<>();
        if (language.equals("plpgsql")) {
            for (String token : tokens()) {
                if (OF_ITS_TABLE.contains(token)) {
                    found.add(token.toUpperCase(Locale.ROOT));
                }
            }
        }
        return found;
    }

    private Effect inSource(List<Identifier> columns) {
        List<String> tokens = tokens();
        Set<String> rows = new HashSet<>(Set.of("new"));
        for (int i = 1; i + 2 < tokens.size(); i++) {
            if (tokens.get(i).equals("alias") && rows.contains(tokens.get(i + 2))) {
                rows.add(tokens.get(i - 1));
            }
        }
        Effect effect = Effect.NONE;
        for (int i = 0; i < tokens.size(); i++) {
            String token = tokens.get(i);
            String before = i == 0 ? ";" : tokens.get(i - 1);
            if (rows.contains(token) && !before.equals(".")) {
                int end = isField(tokens, i) ? i + 3 : i + 1;
                String next = at(tokens, end);
                boolean assigned = next.equals(":=") || next.equals("=") && BEFORE_A_STATEMENT.contains(before);
                if (assigned && (end == i + 1 || isOneOf(columns, tokens.get(i + 2)))) {
                    return Effect.ASSIGNS;
                }
            } else if (token.equals("into") && !before.equals("insert") && !before.equals("merge")) {
                if (isTarget(tokens, i + 1, rows, columns)) {
                    return Effect.ASSIGNS;
                }
            } else if (token.equals("return")) {
                String what = at(tokens, i + 1);
                boolean ends = at(tokens, i + 2).equals(";");
                if (!(ends && (rows.contains(what) || what.equals("null") || what.equals("old")))) {
                    effect = Effect.CANNOT_BE_TOLD;
                }
            }
        }
        return effect;
    }

    /** Whether one of the variables after INTO is the row, or one of its columns. */
    private static boolean isTarget(List<String> tokens, int first, Set<String> rows, List<Identifier> columns) {
        int i = at(tokens, first).equals("strict") ? first + 1 : first;
        while (i < tokens.size()) {
            boolean field = isField(tokens, i);
            if (rows.contains(tokens.get(i)) && (!field || isOneOf(columns, tokens.get(i + 2)))) {
                return true;
            }
            i += field ? 3 : 1;
            if (!at(tokens, i).equals(",")) {
                return false;
            }
            i++;
        }
        return false;
    }

    private static boolean isField(List<String> tokens, int i) {
        return at(tokens, i + 1).equals(".");
    }

    private static String at(List<String> tokens, int i) {
        return i < tokens.size() ? tokens.get(i) : ";";
    }

    private static boolean isOneOf(List<Identifier> columns, String token) {
        String name = token.startsWith(QUOTE) ? token.substring(1) : token;
        return columns.stream().anyMatch(column -> column.name().equals(name));
    }

    /**
     * Words in lower case, quoted names after a quotation mark, and signs; every literal becomes a token that no word
     * equals.
     */
    private List<String> tokens() {
        List<String> tokens = new ArrayList<>();
        Matcher matcher = TOKEN.matcher(source);
        int i = 0;
        while (i < source.length()) {
            if (source.startsWith("/*", i)) {
                i = endOfComment(i);
                continue;
            }
            matcher.region(i, source.length());
            if (!matcher.lookingAt()) {
                break;
            }
            if (matcher.group("text") != null) {
                tokens.add("'");
            } else if (matcher.group("quoted") != null) {
                String quoted = matcher.group("quoted");
                String name = quoted.substring(1, quoted.length() - 1).replace("\"\"", "\"");
                // Quoted or not, the row's name is the same; a column's keeps its mark until it is compared.
                tokens.add(name.equals("new") || name.equals("old") ? name : QUOTE + name);
            } else if (matcher.group("word") != null) {
                tokens.add(matcher.group("word").toLowerCase(Locale.ROOT));
            } else if (matcher.group("sign") != null) {
                tokens.add(matcher.group("sign"));
            }
            i = matcher.end();
        }
        return tokens;
    }

    private int endOfComment(int start) {
        int depth = 0;
        Matcher edges = EDGE_OF_COMMENT.matcher(source);
        for (int i = start; edges.find(i); i = edges.end()) {
            depth += edges.group().equals("/*") ? 1 : -1;
            if (depth == 0) {
                return edges.end();
            }
        }
        return source.length();
    }
}
