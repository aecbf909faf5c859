package liquibase.ext.partition.breakages;

import com.github.difflib.patch.PatchFailedException;
import com.github.difflib.unifieddiff.UnifiedDiffFile;
import com.github.difflib.unifieddiff.UnifiedDiffReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * One place of the engine, broken on purpose.
 *
 * <p>A file {@code <name>.patch}: a line {@code What:} that says what the broken engine does wrong, a line
 * {@code Tests:} with the tests that must notice ({@code ClassTest} or {@code ClassTest#method}, separated by commas),
 * and a unified diff whose paths begin at the module's {@code src/main}.
 *
 * @param tests class names without their package, each with or without a method
 * @param diffs the changes, by the path of the file
 */
record Breakage(String name, String what, List<String> tests, Map<String, UnifiedDiffFile> diffs) {
    private static final Path DIRECTORY = Path.of("src/test/breakages");
    private static final String SUFFIX = ".patch";
    private static final String WHAT = "What: ";
    private static final String TESTS = "Tests: ";

    /** All of them, in the order of their names. */
    static List<Breakage> all() {
        try (Stream<Path> files = Files.list(DIRECTORY)) {
            return files.filter(file -> file.toString().endsWith(SUFFIX))
                    .sorted()
                    .map(Breakage::read)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Breakage read(Path file) {
        try {
            List<String> lines = Files.readAllLines(file);
            Map<String, UnifiedDiffFile> diffs = new LinkedHashMap<>();
            UnifiedDiffReader.parseUnifiedDiff(Files.newInputStream(file))
                    .getFiles()
                    .forEach(diff -> diffs.put(diff.getFromFile(), diff));
            if (diffs.isEmpty()) {
                throw new IllegalStateException(file + " changes nothing.");
            }
            String fileName = file.getFileName().toString();
            return new Breakage(
                    fileName.substring(0, fileName.length() - SUFFIX.length()),
                    header(file, lines, WHAT),
                    Arrays.asList(header(file, lines, TESTS).split(",\\s*")),
                    diffs);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String header(Path file, List<String> lines, String begin) {
        return lines.stream()
                .filter(line -> line.startsWith(begin))
                .findFirst()
                .map(line -> line.substring(begin.length()).strip())
                .orElseThrow(() ->
                        new IllegalStateException("%s has no line that begins with \"%s\"".formatted(file, begin)));
    }

    /**
     * The files with the breakage, by path.
     *
     * @throws IllegalStateException when the sources have changed where the patch changes them
     */
    Map<String, String> broken() {
        Map<String, String> broken = new LinkedHashMap<>();
        diffs.forEach((path, diff) -> {
            try {
                List<String> lines = new ArrayList<>(Files.readAllLines(Path.of(path)));
                broken.put(path, String.join("\n", diff.getPatch().applyFuzzy(lines, 0)) + "\n");
            } catch (PatchFailedException | IOException e) {
                throw new IllegalStateException(
                        "src/test/breakages/%s%s does not fit %s any more: %s. Make the patch anew."
                                .formatted(name, SUFFIX, path, e.getMessage()),
                        e);
            }
        });
        return broken;
    }

    @Override
    public String toString() {
        return name;
    }
}
