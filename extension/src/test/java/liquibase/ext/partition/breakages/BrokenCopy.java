package liquibase.ext.partition.breakages;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** The broken classes and resources of a breakage, in a directory that precedes the sound ones on a class path. */
final class BrokenCopy {
    private static final String JAVA = "src/main/java/";
    private static final String RESOURCES = "src/main/resources/";

    private BrokenCopy() {}

    /**
     * Writes and compiles them. A breakage must not change a constant that the compiler copies into other classes,
     * because these keep the sound one.
     *
     * @throws IllegalStateException when the broken sources do not compile
     */
    static Path make(Breakage breakage, Path directory, String classPath) throws IOException {
        delete(directory);
        Path classes = Files.createDirectories(directory.resolve("classes"));
        List<Path> sources = new ArrayList<>();
        for (Map.Entry<String, String> file : breakage.broken().entrySet()) {
            boolean isJava = file.getKey().startsWith(JAVA);
            Path copy = isJava
                    ? directory.resolve("sources").resolve(file.getKey().substring(JAVA.length()))
                    : classes.resolve(file.getKey().substring(RESOURCES.length()));
            Files.createDirectories(copy.getParent());
            Files.writeString(copy, file.getValue());
            if (isJava) {
                sources.add(copy);
            }
        }
        if (!sources.isEmpty()) {
            compile(breakage, sources, classes, classPath);
        }
        return classes;
    }

    /** Deletes the directory of an earlier run, whose patch may have been about another class. */
    private static void delete(Path directory) throws IOException {
        if (Files.exists(directory)) {
            List<Path> left;
            try (Stream<Path> files = Files.walk(directory)) {
                left = files.sorted(Comparator.reverseOrder()).toList();
            }
            for (Path file : left) {
                Files.delete(file);
            }
        }
    }

    private static void compile(Breakage breakage, List<Path> sources, Path classes, String classPath)
            throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            boolean compiled = compiler.getTask(
                            said,
                            files,
                            null,
                            List.of("-d", classes.toString(), "-classpath", classPath, "-proc:none", "-nowarn"),
                            null,
                            files.getJavaFileObjectsFromPaths(sources))
                    .call();
            if (!compiled) {
                throw new IllegalStateException("The breakage %s does not compile:\n%s".formatted(breakage, said));
            }
        }
    }
}
