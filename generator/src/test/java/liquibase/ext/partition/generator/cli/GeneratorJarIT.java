package liquibase.ext.partition.generator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar as users start it. Needs the package phase. */
class GeneratorJarIT {
    private static final Path JAR = Path.of(System.getProperty("generator.jar"));

    private static final String CONFIG = """
            tables:
              - tableName: orders
                keyColumns: [id]
                partitionBy: {columns: [created_at], from: 2024-01, until: 2026-07}
            """;

    @TempDir
    private Path directory;

    private record Run(int exitCode, String out, String err) {}

    @Test
    void tellsItsVersionAndNothingElse() throws Exception {
        Run run = java("--version");

        assertThat(run.exitCode()).isEqualTo(ExitCodes.OK);
        assertThat(run.out().strip()).matches("liquibase-partition-generator \\d+\\.\\d+.*");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void generatesAndChecksWithoutAWordFromALibrary() throws Exception {
        Files.writeString(directory.resolve("tables.yaml"), CONFIG);

        Run generated = java("generate", "--output", "changelogs");
        Run checked = java("generate", "--output", "changelogs", "--check");

        assertThat(generated.err() + checked.err()).isEmpty();
        assertThat(generated.exitCode()).isEqualTo(ExitCodes.OK);
        assertThat(checked.exitCode()).isEqualTo(ExitCodes.OK);
        assertThat(directory.resolve("changelogs/changelog.xml")).exists();
    }

    @Test
    void plansWithoutAWordFromALibraryAndSaysThatThereIsNoDatabase() throws Exception {
        Files.writeString(directory.resolve("tables.yaml"), CONFIG);

        Run run = java("plan", "--url", "jdbc:postgresql://localhost:1/shop", "--username", "me", "--password=none");

        assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("Cannot connect to the database: ").hasLineCount(1);
    }

    @Test
    void tellsProblemsInTheWordsOfTheSchema() throws Exception {
        Files.writeString(directory.resolve("tables.yaml"), "tables:\n  - tableName: orders\n");

        Run run = java("generate", "--output", "changelogs");

        assertThat(run.exitCode()).isEqualTo(ExitCodes.USAGE);
        assertThat(run.err()).contains("tables.yaml:2: tables[0].keyColumns: The key is missing.");
    }

    @Test
    void isNoLiquibaseExtensionAndCarriesTheLicencesOfWhatIsInIt() throws Exception {
        List<String> names;
        try (JarFile jar = new JarFile(JAR.toFile())) {
            names = jar.stream().map(JarEntry::getName).toList();
            assertThat(text(jar, "META-INF/LICENSE")).contains("Apache License", "PostgreSQL Global Development Group");
        }

        assertThat(names)
                .noneMatch(name ->
                        name.matches("META-INF/services/liquibase\\.(?!ext\\.partition\\.generator\\.shaded).*"))
                .noneMatch(name -> name.matches("liquibase/.*\\.class") && !name.startsWith("liquibase/ext/partition/"))
                .noneMatch(name -> name.matches("liquibase/ext/partition/(change|precondition|command|connection)/.*"))
                .noneMatch(name -> name.matches("META-INF/[^/]*\\.(SF|DSA|RSA)"))
                .noneMatch(name -> name.startsWith("org/slf4j/"))
                .contains("META-INF/services/java.sql.Driver");
    }

    private static String text(JarFile jar, String name) throws IOException {
        ZipEntry entry = jar.getEntry(name);
        assertThat(entry).as(name).isNotNull();
        try (var in = jar.getInputStream(entry)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private Run java(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-jar");
        command.add(JAR.toString());
        command.addAll(List.of(arguments));
        Path out = directory.resolve("out.txt");
        Path err = directory.resolve("err.txt");
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Run(process.exitValue(), Files.readString(out), Files.readString(err));
    }
}
