package liquibase.ext.partition.generator.changelog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileNamesTest {
    @ParameterizedTest
    @ValueSource(strings = {"orders", "Orders", "order_items_2", "_x", "a-b"})
    void keepsNamesThatAreSafe(String name) {
        assertThat(FileNames.of(name, List.of(name))).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "..",
                ".",
                "a/b",
                "../../etc/passwd",
                "a\\b",
                "C:x",
                "a b",
                "größe",
                "-x",
                "a.b",
                "x\"y",
                "*",
                "changelog",
                "CON",
                "nul",
                "Com1"
            })
    void makesEveryOtherNameSafe(String name) {
        assertThat(FileNames.of(name, List.of(name)))
                .matches("[A-Za-z0-9_][A-Za-z0-9_-]*-[0-9a-f]{8}")
                .isNotEqualTo(name);
    }

    @Test
    void givesDifferentNamesDifferentFiles() {
        List<String> names = List.of("a/b", "a\\b", "a.b", "a b", "a_b");

        assertThat(names.stream().map(name -> FileNames.of(name, names))).doesNotHaveDuplicates();
    }

    @Test
    void givesNamesThatDifferInCaseOnlyFilesThatDifferInMore() {
        List<String> names = List.of("orders", "Orders", "ORDERS");

        assertThat(names.stream().map(name -> FileNames.of(name, names).toLowerCase()))
                .doesNotHaveDuplicates();
        assertThat(FileNames.of("orders", names)).isEqualTo("orders");
    }
}
