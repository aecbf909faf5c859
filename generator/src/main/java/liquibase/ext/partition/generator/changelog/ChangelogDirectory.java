package liquibase.ext.partition.generator.changelog;

import com.github.difflib.DiffUtils;
import com.github.difflib.UnifiedDiffUtils;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The directory that generated changelogs are committed in. Other files may be in it too; they are left alone, and so are
 * directories in it.
 *
 * @param path need not exist
 */
public record ChangelogDirectory(Path path) {
    private static final int CONTEXT_LINES = 3;

    /** The marker stands in the first lines; a changelog may be long. */
    private static final int MARKER_BYTES = 2000;

    /**
     * What writing did.
     *
     * @param written names of files that are new or changed
     * @param unchanged names of files that were as they should be, and were not touched
     * @param stale names of generated files that the config no longer gives; they are left
     */
    public record Written(List<String> written, List<String> unchanged, List<String> stale) {}

    /**
     * Writes what is new or different, each file whole: nobody ever reads half of one.
     *
     * @throws IOException when a file cannot be written; those before it in {@code files} are
     */
    public Written write(List<ChangelogFile> files) throws IOException {
        List<String> written = new ArrayList<>();
        List<String> unchanged = new ArrayList<>();
        Files.createDirectories(path);
        for (ChangelogFile file : files) {
            byte[] bytes = file.text().getBytes(StandardCharsets.UTF_8);
            if (Arrays.equals(bytes, committed(file.name()))) {
                unchanged.add(file.name());
            } else {
                replace(path.resolve(file.name()), bytes);
                written.add(file.name());
            }
        }
        return new Written(written, unchanged, stale(files));
    }

    private static void replace(Path target, byte[] bytes) throws IOException {
        Path whole = target.resolveSibling(target.getFileName() + ".tmp");
        try {
            Files.write(whole, bytes);
            try {
                Files.move(whole, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(whole, target, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            Files.deleteIfExists(whole);
        }
    }

    /**
     * How the directory differs from what the config gives, as text for people: unified diffs from what is committed to what
     * would be generated, and a line for each stale file. Writes nothing.
     *
     * @return empty when there is no difference
     */
    public List<String> differences(List<ChangelogFile> files) throws IOException {
        List<String> differences = new ArrayList<>();
        for (ChangelogFile file : files) {
            byte[] committed = committed(file.name());
            if (!Arrays.equals(file.text().getBytes(StandardCharsets.UTF_8), committed)) {
                differences.add(difference(file, committed));
            }
        }
        for (String name : stale(files)) {
            differences.add(
                    "Only committed: %s. The config no longer gives it; delete it.".formatted(path.resolve(name)));
        }
        return differences;
    }

    private String difference(ChangelogFile file, byte[] committed) {
        Path target = path.resolve(file.name());
        List<String> generatedLines = file.text().lines().toList();
        if (committed == null) {
            return diff("/dev/null", target.toString(), List.of(), generatedLines);
        }
        // Wrong bytes must not stop the comparison; they show as replacement characters.
        List<String> committedLines =
                new String(committed, StandardCharsets.UTF_8).lines().toList();
        if (committedLines.equals(generatedLines)) {
            return "%s differs in its line ends or its encoding only. Commit it with line feeds: *.%s text eol=lf in .gitattributes."
                    .formatted(target, extension(file.name()));
        }
        return diff(target.toString(), target + " (generated)", committedLines, generatedLines);
    }

    private static String diff(String from, String to, List<String> committed, List<String> generated) {
        return String.join(
                System.lineSeparator(),
                UnifiedDiffUtils.generateUnifiedDiff(
                        from, to, committed, DiffUtils.diff(committed, generated), CONTEXT_LINES));
    }

    private static String extension(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    /** The file's bytes; null when there is none. */
    private byte[] committed(String name) throws IOException {
        Path file = path.resolve(name);
        return Files.isRegularFile(file) ? Files.readAllBytes(file) : null;
    }

    /** Generated files in the directory, of either format, that are not among {@code files}. */
    private List<String> stale(List<ChangelogFile> files) throws IOException {
        if (!Files.isDirectory(path)) {
            return List.of();
        }
        List<String> current = files.stream().map(ChangelogFile::name).toList();
        List<String> stale = new ArrayList<>();
        try (Stream<Path> entries = Files.list(path)) {
            for (Path entry : (Iterable<Path>) entries.sorted()::iterator) {
                String name = entry.getFileName().toString();
                if (!current.contains(name) && isChangelog(name) && isGenerated(entry)) {
                    stale.add(name);
                }
            }
        }
        return stale;
    }

    private static boolean isChangelog(String name) {
        return Arrays.stream(ChangelogFormat.values()).anyMatch(format -> name.endsWith("." + format.extension()));
    }

    private static boolean isGenerated(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        try (var in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MARKER_BYTES), StandardCharsets.UTF_8).contains(ChangelogFile.MARKER);
        }
    }
}
