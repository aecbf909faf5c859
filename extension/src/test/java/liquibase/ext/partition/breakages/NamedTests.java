package liquibase.ext.partition.breakages;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.platform.engine.CancellationToken;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherExecutionRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** A JVM that runs tests, given by their full names, until the first failure. Its exit code gives the result. */
final class NamedTests {
    static final int GREEN = 0;
    static final int RED = 10;
    static final int NONE_RUN = 11;
    private static final int LINES = 4;

    private NamedTests() {}

    public static void main(String[] tests) {
        Results results = new Results();
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(Arrays.stream(tests).flatMap(NamedTests::selectors).toList())
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "false")
                .build();
        LauncherFactory.create()
                .execute(LauncherExecutionRequestBuilder.request(request)
                        .cancellationToken(results.cancellation)
                        .listeners(results)
                        .build());
        results.red.forEach(System.out::println);
        // A broken engine may have left a thread behind.
        System.exit(!results.red.isEmpty() ? RED : results.finished == 0 ? NONE_RUN : GREEN);
    }

    /** Selects a method by its name alone, whatever its parameters are. */
    private static Stream<? extends DiscoverySelector> selectors(String test) {
        String[] name = test.split("#", 2);
        if (name.length == 1) {
            return Stream.of(selectClass(test));
        }
        try {
            Class<?> testClass = Class.forName(name[0]);
            return Arrays.stream(testClass.getDeclaredMethods())
                    .filter(method -> method.getName().equals(name[1]))
                    .map(method -> selectMethod(testClass, method));
        } catch (ClassNotFoundException e) {
            throw new IllegalArgumentException("There is no test class " + name[0], e);
        }
    }

    private static final class Results implements TestExecutionListener {
        private final CancellationToken cancellation = CancellationToken.create();
        private final List<String> red = new ArrayList<>();
        private int finished;

        /** Assertions begin with an empty line. */
        private static String onOneLine(Throwable failure) {
            return failure.toString()
                    .lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .limit(LINES)
                    .collect(Collectors.joining(" "));
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            if (test.isTest()) {
                finished++;
            }
            if (result.getStatus() == TestExecutionResult.Status.FAILED) {
                red.add("RED %s: %s"
                        .formatted(
                                test.getLegacyReportingName(),
                                result.getThrowable().map(Results::onOneLine).orElse("")));
                cancellation.cancel();
            }
        }
    }
}
