package liquibase.ext.partition.breakages;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/**
 * Breaks the engine once per patch and runs the tests that the patch names: they must turn red. Not part of
 * {@code mvn verify}; {@code mvn -Pbreakages} runs nothing else. {@code -Dbreakages.only=name,name} plays some patches,
 * {@code -Dbreakages.lanes} sets how many at a time. Leaves {@code target/breakages/breakages.md}: which test noticed
 * which breakage, and by which message.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EveryBreakageIsNoticed {
    private static final Path DIRECTORY = Path.of("target/breakages");
    private static final String TABLE = "breakages.md";
    private static final int LONGEST_MINUTES = 10;
    private static final String RED = "RED ";

    private final String classPath =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    private final Map<String, String> noticed = Collections.synchronizedMap(new TreeMap<>());
    private final long begun = System.nanoTime();
    private ExecutorService lanes;

    /** Results of an earlier run must not be taken for results of this one. */
    @BeforeAll
    void begin() throws IOException {
        Files.createDirectories(DIRECTORY);
        Files.deleteIfExists(DIRECTORY.resolve(TABLE));
        lanes = Executors.newFixedThreadPool(Integer.getInteger("breakages.lanes", 2));
    }

    @AfterAll
    void tell() throws IOException {
        lanes.shutdownNow();
        String table = noticed.entrySet().stream()
                .map(entry -> "| %s | %s |\n".formatted(entry.getKey(), entry.getValue()))
                .collect(Collectors.joining("", "| breakage | what noticed it |\n| --- | --- |\n", ""));
        Files.writeString(DIRECTORY.resolve(TABLE), table);
        System.out.println(table);
        System.out.printf(
                "%d of %d breakages were noticed, in %d minutes.%n",
                noticed.size(), chosen().size(), TimeUnit.NANOSECONDS.toMinutes(System.nanoTime() - begun));
    }

    /** A test that is red without a breakage shows nothing. */
    @TestFactory
    Stream<DynamicTest> theNamedTestsAreGreenOnTheSoundEngine() {
        List<String> tests = chosen().stream()
                .flatMap(it -> it.tests().stream())
                .distinct()
                .sorted()
                .toList();
        Map<String, List<String>> byClass = tests.stream()
                .collect(Collectors.groupingBy(test -> test.split("#")[0], TreeMap::new, Collectors.toList()));
        return inLanes(
                byClass.keySet().stream().toList(),
                name -> name,
                name -> assertThat(run("sound-" + name, classPath, named(byClass.get(name)))
                                .code())
                        .as("%s without a breakage; see %s", name, DIRECTORY.resolve("sound-" + name + ".log"))
                        .isEqualTo(NamedTests.GREEN));
    }

    @TestFactory
    Stream<DynamicTest> theNamedTestsTurnRedWhenTheEngineIsBroken() {
        return inLanes(chosen(), Breakage::name, breakage -> {
            Path broken = BrokenCopy.make(breakage, DIRECTORY.resolve(breakage.name()), classPath);
            Run run = run(breakage.name(), broken + File.pathSeparator + classPath, named(breakage.tests()));
            assertThat(run.code())
                    .as("%s: %s. The tests %s stay green", breakage, breakage.what(), breakage.tests())
                    .isEqualTo(NamedTests.RED);
            noticed.put(breakage.name(), run.firstRed());
        });
    }

    private interface Check<T> {
        void run(T it) throws Exception;
    }

    /** Starts all of them, as many at a time as there are lanes, and reports them in order. */
    private <T> Stream<DynamicTest> inLanes(List<T> all, Function<T, String> name, Check<T> check) {
        List<DynamicTest> tests = new ArrayList<>();
        for (T one : all) {
            Future<?> result = lanes.submit(() -> {
                check.run(one);
                return null;
            });
            tests.add(DynamicTest.dynamicTest(name.apply(one), () -> {
                try {
                    result.get();
                } catch (ExecutionException e) {
                    throw e.getCause();
                }
            }));
        }
        return tests.stream();
    }

    private static List<Breakage> chosen() {
        Set<String> only = Arrays.stream(
                        System.getProperty("breakages.only", "").split(","))
                .filter(name -> !name.isBlank())
                .collect(Collectors.toSet());
        return Breakage.all().stream()
                .filter(it -> only.isEmpty() || only.contains(it.name()))
                .toList();
    }

    private static List<String> named(List<String> tests) {
        return tests.stream().map(TestClasses::fullName).toList();
    }

    private record Run(int code, String firstRed) {}

    /** A run that does not end is broken too, but gives no reason: it fails here. */
    private static Run run(String name, String classPath, List<String> tests) throws IOException, InterruptedException {
        Path log = DIRECTORY.resolve(name + ".log");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-XX:TieredStopAtLevel=1",
                "-Dpg=" + System.getProperty("pg", ""),
                "-Dpg.version=" + System.getProperty("pg.version", ""),
                "-Dpg.image=" + System.getProperty("pg.image", ""),
                "-classpath",
                classPath,
                NamedTests.class.getName()));
        command.addAll(tests);
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (!process.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES)) {
            // Not by force, so that it stops its server.
            process.destroy();
            process.waitFor(1, TimeUnit.MINUTES);
            throw new AssertionError("%s did not end within %d minutes; see %s".formatted(name, LONGEST_MINUTES, log));
        }
        String firstRed = Files.readAllLines(log).stream()
                .filter(line -> line.startsWith(RED))
                .findFirst()
                .map(line -> line.substring(RED.length()))
                .orElse("");
        return new Run(process.exitValue(), firstRed);
    }
}
