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
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The directory that a generated changelog is committed in. It may also contain the user's own files and directories,
 * which are left alone. Files of an earlier generation are removed if the changelog has their changesets:
 * {@code includeAll} over the directory would find each of them twice.
 *
 * @param path the directory, which need not exist
 */
public record ChangelogDirectory(Path path) {
    private static final int CONTEXT_LINES = 3;

    /** The marker stands in the first lines; a changelog may be long. */
    private static final int MARKER_BYTES = 2000;

    /**
     * The result of writing.
     *
     * @param isNew whether the changelog is new or changed; if not, it was not touched
     * @param removed names of generated files whose changesets are all in the changelog, so that they would be there
     *     twice
     * @param stale names of other generated files; they are left
     * @param gone tables whose changesets the changelog had and no longer has
     * @param renamed ids that changesets of other tables had and no longer have
     */
    public record Written(
            boolean isNew, List<String> removed, List<String> stale, List<String> gone, List<String> renamed) {}

    /**
     * Whether a file of the user's own has the changelog's name. A template of the user's own need not give the marker;
     * then all files of that name count as generated.
     */
    public boolean hasItsOwn(ChangelogFile file) throws IOException {
        byte[] committed = committed(file.name());
        return committed != null && !isGenerated(committed) && isGenerated(file.bytes());
    }

    /**
     * Writes the changelog if it is new or different. The whole file appears at once, so that nobody ever reads half of
     * it. Then removes generated files of other names whose changesets it has.
     *
     * @throws IOException when a file cannot be written or removed
     */
    public Written write(ChangelogFile file) throws IOException {
        Files.createDirectories(path);
        byte[] bytes = file.bytes();
        byte[] committed = committed(file.name());
        boolean isNew = !Arrays.equals(bytes, committed);
        if (isNew) {
            replace(path.resolve(file.name()), bytes);
        }
        List<String> removed = new ArrayList<>();
        List<String> stale = new ArrayList<>();
        for (ChangelogFile other : others(file)) {
            if (hasAllOf(other, file)) {
                Files.delete(path.resolve(other.name()));
                removed.add(other.name());
            } else {
                stale.add(other.name());
            }
        }
        Map<String, Set<String>> earlier = committed == null
                ? Map.of()
                : new ChangelogFile(file.name(), new String(committed, StandardCharsets.UTF_8))
                        .ids()
                        .orElse(Map.of());
        return new Written(isNew, removed, stale, gone(file, earlier), renamed(file, earlier));
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
     * The differences between the directory and what the config gives, as text for people: a unified diff from the
     * committed changelog to the generated one, and a line for each other generated file. Writes nothing.
     *
     * @return empty when there is no difference
     */
    public List<String> differences(ChangelogFile file) throws IOException {
        List<String> differences = new ArrayList<>();
        byte[] committed = committed(file.name());
        if (!Arrays.equals(file.bytes(), committed)) {
            differences.add(difference(file, committed));
        }
        for (ChangelogFile other : others(file)) {
            differences.add(
                    hasAllOf(other, file)
                            ? "Only committed: %s. %s has its changesets, so generate removes it."
                                    .formatted(path.resolve(other.name()), file.name())
                            : "Only committed: %s. The config does not give it; delete it."
                                    .formatted(path.resolve(other.name())));
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

    /** The other generated files in the directory, of either format. */
    private List<ChangelogFile> others(ChangelogFile file) throws IOException {
        if (!Files.isDirectory(path)) {
            return List.of();
        }
        List<ChangelogFile> others = new ArrayList<>();
        try (Stream<Path> entries = Files.list(path)) {
            for (Path entry : (Iterable<Path>) entries.sorted()::iterator) {
                String name = entry.getFileName().toString();
                byte[] bytes = committed(name);
                if (!name.equals(file.name())
                        && ChangelogFormat.of(name).isPresent()
                        && bytes != null
                        && isGenerated(bytes)) {
                    others.add(new ChangelogFile(name, new String(bytes, StandardCharsets.UTF_8)));
                }
            }
        }
        return others;
    }

    /** A file that cannot be read, or has no identities, does not count as a duplicate. */
    private static boolean hasAllOf(ChangelogFile other, ChangelogFile file) {
        Set<String> tables = file.ids().orElse(Map.of()).keySet();
        return other.ids()
                .filter(its -> !its.isEmpty() && tables.containsAll(its.keySet()))
                .isPresent();
    }

    private static List<String> gone(ChangelogFile file, Map<String, Set<String>> earlier) {
        Set<String> now = file.ids().orElse(Map.of()).keySet();
        return earlier.keySet().stream()
                .filter(it -> it.startsWith(ChangelogFile.LOGICAL_FILE_PATHS) && !now.contains(it))
                .map(it -> it.substring(ChangelogFile.LOGICAL_FILE_PATHS.length()))
                .toList();
    }

    private static List<String> renamed(ChangelogFile file, Map<String, Set<String>> earlier) {
        List<String> renamed = new ArrayList<>();
        file.ids()
                .orElse(Map.of())
                .forEach((table, ids) -> earlier.getOrDefault(table, Set.of()).stream()
                        .filter(id -> !ids.contains(id))
                        .forEach(renamed::add));
        return renamed;
    }

    private static boolean isGenerated(byte[] file) {
        return new String(file, 0, Math.min(file.length, MARKER_BYTES), StandardCharsets.UTF_8)
                .contains(ChangelogFile.MARKER);
    }
}
