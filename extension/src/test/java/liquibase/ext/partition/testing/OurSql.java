package liquibase.ext.partition.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The SQL in this project's classes, read from their sources: it includes SQL that no test happens to run. */
public final class OurSql {
    private static final List<Path> SOURCES = List.of(Path.of("src/main/java"), Path.of("../generator/src/main/java"));

    private static final Pattern JAVA = Pattern.compile(
            "/\\*.*?\\*/|//[^\\n]*|\"\"\"(?<block>.*?)\"\"\"|\"(?<line>(?:[^\"\\\\\\n]|\\\\.)*+)\"|'(?:\\\\.|[^'\\\\])'",
            Pattern.DOTALL);

    /** Distinguishes SQL from a sentence: SQL begins like this, or is handed to {@code Sql} at once. */
    private static final Pattern BEGINS_AS_SQL = Pattern.compile(
            "\\s*(WITH|SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|DO|CASE|EXPLAIN|LOCK|EXISTS|ROW|FROM|JOIN|UNION|CROSS|WHERE)\\b.*",
            Pattern.DOTALL);

    private static final Pattern HANDED_TO_SQL = Pattern.compile("Sql\\s*\\.\\s*(of|raw)\\(\\s*$");

    /**
     * A literal of a source file that is SQL.
     *
     * @param text the literal as Java has it, with its holes
     */
    public record Literal(String file, String text) {}

    private OurSql() {}

    /** All literals. */
    public static List<Literal> literals() {
        List<Literal> literals = new ArrayList<>();
        for (Path source : SOURCES) {
            try (Stream<Path> files = Files.walk(source)) {
                for (Path file : files.filter(it -> it.toString().endsWith(".java"))
                        .sorted()
                        .toList()) {
                    literals.addAll(literals(file.getFileName().toString(), Files.readString(file)));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return literals;
    }

    /** The literals of one file. */
    public static List<Literal> literals(String name, String java) {
        List<Literal> literals = new ArrayList<>();
        Matcher matcher = JAVA.matcher(java);
        while (matcher.find()) {
            String text = matcher.group("block") != null ? matcher.group("block") : matcher.group("line");
            if (text != null
                    && (BEGINS_AS_SQL.matcher(text).matches()
                            || HANDED_TO_SQL
                                    .matcher(java.substring(Math.max(0, matcher.start() - 30), matcher.start()))
                                    .find())) {
                literals.add(new Literal(name, text.replace("\\\"", "\"")));
            }
        }
        return literals;
    }

    /** The functions of the catalog that they call. */
    public static Set<String> functions() {
        return names("pg_catalog\\.([a-z_0-9]+)\\(");
    }

    /** The relations of the catalog that they read. */
    public static Set<String> relations() {
        return names("(?:FROM|JOIN|,) pg_catalog\\.(pg_[a-z_]+)(?![a-z_(])");
    }

    /** The types of the catalog that they name. */
    public static Set<String> types() {
        return names("(?:::| )pg_catalog\\.\"?([a-z_0-9]+)\"?(?![a-z_0-9(.\"])");
    }

    private static Set<String> names(String pattern) {
        Set<String> names = new TreeSet<>();
        for (Literal literal : literals()) {
            Matcher matcher = Pattern.compile(pattern).matcher(literal.text());
            while (matcher.find()) {
                names.add(matcher.group(1));
            }
        }
        return names;
    }
}
