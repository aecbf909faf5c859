package liquibase.ext.partition.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Shows the demo's part of a command's output. The whole output goes to the command's log file. The reader sees what
 * happened to the table, and of a long script the statements that matter: the locks and the renames of tables.
 *
 * <p>Safe to use from the threads that read a process's two streams.
 */
final class Console {

    /** The banner, the licence, and a command's closing words; the headings of the demo say as much. */
    private static final Pattern NOISE = Pattern.compile(
            "#+.*|Starting Liquibase at .*|Liquibase Version: .*|WARNING: License service .*|UPDATE SUMMARY"
                    + "|(Run|Previously run|Filtered out|Total change sets): .*|-+"
                    + "|Liquibase: Update has been successful.*|Liquibase command .* was executed successfully.*");

    private static final Pattern CHANGESET =
            Pattern.compile("(Running|Rolling Back) Changeset: .*::(?<id>.*)::liquibase-partition");

    private static final Pattern SHOWN_STATEMENT = Pattern.compile("LOCK TABLE .*|ALTER TABLE \\S+ RENAME TO .*");

    private final Path directory;
    private int logs;
    private Path log;
    private boolean inScript;
    private StringBuilder statement = new StringBuilder();
    private int hidden;

    /** @param directory the directory of the log files; must exist */
    Console(Path directory) {
        this.directory = directory;
    }

    /** Begins a chapter, with a log file of its own. */
    synchronized void chapter(String name) {
        heading(name);
        log = directory.resolve(
                "%d-%s.log".formatted(++logs, name.replaceAll("\\W+", "-").replaceAll("^-|-$", "")));
    }

    static void heading(String text) {
        System.out.printf("%n==> %s%n", text);
    }

    static void say(String text) {
        text.lines().forEach(line -> System.out.println(line.isEmpty() ? "" : "  " + line));
    }

    /** Lines that are shown as they are. */
    void quote(List<String> lines) {
        lines.forEach(Console::print);
    }

    /** A line of a command's output. */
    synchronized void show(String line) {
        write(line);
        if (inScript) {
            scriptLine(line);
        } else if (line.equals("BEGIN;")) {
            inScript = true;
            print(line);
        } else if (CHANGESET.matcher(line).matches()) {
            print(CHANGESET.matcher(line).replaceFirst("$1 ${id}"));
        } else if (!line.isBlank() && !NOISE.matcher(line.strip()).matches()) {
            print(line);
        }
    }

    private void scriptLine(String line) {
        statement.append(line);
        if (line.equals("COMMIT;")) {
            countHidden();
            inScript = false;
            print(line);
            say("  (all of it: %s)".formatted(Path.of("").toAbsolutePath().relativize(log.toAbsolutePath())));
        } else if (!line.endsWith(";")) {
            statement.append('\n');
            return;
        } else if (SHOWN_STATEMENT.matcher(statement).matches()) {
            countHidden();
            print(statement.toString());
        } else {
            hidden++;
        }
        statement = new StringBuilder();
    }

    private void countHidden() {
        if (hidden > 0) {
            print("… %d statement%s".formatted(hidden, hidden == 1 ? "" : "s"));
        }
        hidden = 0;
    }

    private static void print(String line) {
        System.out.println("  | " + line);
    }

    private void write(String line) {
        try (Writer writer = Files.newBufferedWriter(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            writer.write(line + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot write " + log, e);
        }
    }
}
