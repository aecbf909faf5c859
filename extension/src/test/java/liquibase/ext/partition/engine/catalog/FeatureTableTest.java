package liquibase.ext.partition.engine.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The README's table of what comes along is the one that {@link Feature} gives. After a change on purpose run the test
 * with {@code -Dreadme.update=true}, which writes it anew.
 */
class FeatureTableTest {
    private static final Path README = Path.of("../README.md");
    private static final String BEGIN = "<!-- made from Feature; see CONTRIBUTING.md -->\n";
    private static final String END = "<!-- end of what is made from Feature -->\n";

    @Test
    void theReadmeTellsOfEachFeatureWhatBecomesOfIt() throws IOException {
        String readme = Files.readString(README);
        int begin = readme.indexOf(BEGIN);
        int end = readme.indexOf(END);
        assertThat(begin).as("where the table begins").isPositive();
        assertThat(end).as("where the table ends").isGreaterThan(begin);
        if (Boolean.getBoolean("readme.update")) {
            readme = readme.substring(0, begin + BEGIN.length()) + table() + readme.substring(end);
            Files.writeString(README, readme);
            end = readme.indexOf(END);
        }

        assertThat(readme.substring(begin + BEGIN.length(), end)).isEqualTo(table());
    }

    private static String table() {
        StringBuilder table = new StringBuilder("| what | what becomes of it | remarks |\n| --- | --- | --- |\n");
        for (Feature feature : Feature.values()) {
            table.append("| %s | %s | %s |\n"
                    .formatted(feature.title(), feature.fate().words(), feature.remark())
                    .replace("|  |", "| |"));
        }
        return table.toString();
    }
}
