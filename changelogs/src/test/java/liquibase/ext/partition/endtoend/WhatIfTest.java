package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Each of the README's answers to "What if…" names the tests that prove it, and these exist. */
class WhatIfTest {
    private static final Path ROOT = RunningCli.target().getParent().getParent();

    private static final Pattern SECTION =
            Pattern.compile("^## What if…$(?<questions>.*?)(?=^## )", Pattern.MULTILINE | Pattern.DOTALL);

    private static final Pattern QUESTION = Pattern.compile("^\\*\\*…", Pattern.MULTILINE);

    /** {@code [`method`](path)}. */
    private static final Pattern TEST = Pattern.compile("\\[`(?<method>\\w+)`]\\((?<file>[^)]+\\.java)\\)");

    @Test
    void everyAnswerNamesItsTests() throws Exception {
        List<String> answers = answers();

        assertThat(answers).hasSizeGreaterThan(10).allSatisfy(answer -> {
            List<String> missing = new ArrayList<>();
            Matcher tests = TEST.matcher(answer);
            boolean named = false;
            while (tests.find()) {
                named = true;
                if (!isThere(ROOT.resolve(tests.group("file")), tests.group("method"))) {
                    missing.add(tests.group());
                }
            }
            assertThat(named).as("names a test").isTrue();
            assertThat(missing).as("tests that are not there").isEmpty();
        });
    }

    private static List<String> answers() throws IOException {
        Matcher section = SECTION.matcher(Files.readString(ROOT.resolve("README.md")));
        assertThat(section.find()).as("the README has the section").isTrue();
        String[] parts = QUESTION.split(section.group("questions"));
        return List.of(parts).subList(1, parts.length);
    }

    private static boolean isThere(Path file, String method) throws IOException {
        if (!Files.exists(file)) {
            return false;
        }
        String source = Files.readString(file);
        int declared = source.indexOf("void " + method + "(");
        // A method that is no test, or does not run, proves nothing.
        String before = declared < 0 ? "" : source.substring(source.lastIndexOf("\n\n", declared) + 1, declared);
        return declared >= 0 && before.contains("Test") && !before.contains("Disabled");
    }
}
