package liquibase.ext.partition.endtoend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The archive of one class path's classes for the JVM's class data sharing, so that a command line that is started a
 * hundred times reads and verifies them once: this saves a third of the time of a short command. The first command that
 * ends by itself writes the archive for later ones. It lives as long as the JVM of the tests, so that it is never older
 * than the jars.
 *
 * @see <a href="https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html">Class Data Sharing</a>
 */
final class ClassArchive {
    private static final Map<List<String>, ClassArchive> ARCHIVES = new ConcurrentHashMap<>();

    /** Keeps the JVM's own lines out of a command's output. */
    private static final List<String> SILENT = List.of("-Xshare:auto", "-Xlog:disable", "-Xlog:all=error:stderr");

    /** A signal's exit codes begin above. */
    private static final int MAIN_METHODS_OWN = 127;

    private final Path file;
    private final Path draft;
    private final AtomicBoolean beingWritten = new AtomicBoolean();

    private ClassArchive() {
        try {
            Path directory = Files.createTempDirectory("class-archive");
            file = directory.resolve("classes.jsa");
            draft = directory.resolve("draft.jsa");
            // In this order, because what is registered last is deleted first.
            directory.toFile().deleteOnExit();
            draft.toFile().deleteOnExit();
            file.toFile().deleteOnExit();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param classPath the words of the command line that give it */
    static ClassArchive of(List<String> classPath) {
        return ARCHIVES.computeIfAbsent(classPath, any -> new ClassArchive());
    }

    /** The JVM's options for the next command: to use the archive, or to write it. */
    List<String> options() {
        if (Files.exists(file)) {
            return with("-XX:SharedArchiveFile=" + file);
        }
        return beingWritten.compareAndSet(false, true) ? with("-XX:ArchiveClassesAtExit=" + draft) : SILENT;
    }

    private static List<String> with(String option) {
        return List.of(SILENT.get(0), SILENT.get(1), SILENT.get(2), option);
    }

    /** Must be called when the command with these options has ended; the archive of a killed command is not used. */
    void ended(List<String> options, int exitCode) {
        if (!options.contains("-XX:ArchiveClassesAtExit=" + draft)) {
            return;
        }
        try {
            if (exitCode <= MAIN_METHODS_OWN && Files.exists(draft)) {
                Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            beingWritten.set(false);
        }
    }
}
