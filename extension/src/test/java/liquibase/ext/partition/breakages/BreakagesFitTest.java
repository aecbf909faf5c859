package liquibase.ext.partition.breakages;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The breakages fit the present engine, so that {@code mvn -Pbreakages} can run at any time. */
class BreakagesFitTest {
    private static final Path CONTRIBUTING = Path.of("../CONTRIBUTING.md");
    private static final String BEGIN = "<!-- made from the breakages -->\n";
    private static final String END = "<!-- end of what is made from the breakages -->\n";

    static List<Breakage> breakages() {
        return Breakage.all();
    }

    @ParameterizedTest
    @MethodSource("breakages")
    void aBreakageChangesTheSourcesAsTheyAreAndNamesTestsThatThereAre(Breakage breakage) throws Exception {
        breakage.broken()
                .forEach((path, text) -> assertThat(Path.of(path)).content().isNotEqualTo(text));
        for (String test : breakage.tests()) {
            String[] name = TestClasses.fullName(test).split("#");
            Class<?> testClass = Class.forName(name[0]);
            if (name.length > 1) {
                assertThat(Arrays.stream(testClass.getDeclaredMethods())
                                .filter(method -> method.getName().equals(name[1])))
                        .as("methods %s", test)
                        .isNotEmpty();
            }
        }
    }

    /** After a change on purpose run the test with {@code -Dcontributing.update=true}, which writes the table anew. */
    @Test
    void contributingHasTheTableOfBreakages() throws IOException {
        String text = Files.readString(CONTRIBUTING);
        int begin = text.indexOf(BEGIN) + BEGIN.length();
        int end = text.indexOf(END);
        assertThat(end).as("where the table ends").isGreaterThanOrEqualTo(begin);
        if (Boolean.getBoolean("contributing.update")) {
            text = text.substring(0, begin) + table() + text.substring(end);
            Files.writeString(CONTRIBUTING, text);
            end = text.indexOf(END);
        }

        assertThat(text.substring(begin, end)).isEqualTo(table());
    }

    private static String table() {
        return breakages().stream()
                .map(it -> "| %s | %s | %s |\n".formatted(it.name(), it.what(), String.join(", ", it.tests())))
                .collect(Collectors.joining(
                        "",
                        "| breakage | what the engine does then | tests that notice it |\n| --- | --- | --- |\n",
                        ""));
    }
}
