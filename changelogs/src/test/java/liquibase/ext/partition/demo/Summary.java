package liquibase.ext.partition.demo;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The end of the demo's output: a line per step, then a line per fact. */
final class Summary {

    /**
     * @param longestWait the longest wait of any writer's statement during the step; null when there were no writers
     * @param comparedRows null when the step ended without a comparison
     */
    private record Step(String name, Duration took, Duration lockHeld, Duration longestWait, Long comparedRows) {}

    private final List<Step> steps = new ArrayList<>();
    private final List<String> facts = new ArrayList<>();

    void step(String name, Duration took, Duration lockHeld, Duration longestWait, Long comparedRows) {
        steps.add(new Step(name, took, lockHeld, longestWait, comparedRows));
    }

    void fact(String name, Object value) {
        facts.add("%-36s %s".formatted(name, value instanceof Long number ? count(number) : value));
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append("%-44s %8s %10s %13s  %s%n".formatted("step", "seconds", "lock held", "longest wait", "compared"));
        for (Step step : steps) {
            text.append("%-44s %8s %10s %13s  %s%n"
                    .formatted(
                            step.name(),
                            seconds(step.took()),
                            millis(step.lockHeld()),
                            millis(step.longestWait()),
                            step.comparedRows() == null ? "" : count(step.comparedRows()) + " rows, no difference"));
        }
        text.append('\n');
        facts.forEach(fact -> text.append(fact).append('\n'));
        return text.toString();
    }

    static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.1f", duration.toMillis() / 1000.0);
    }

    private static String millis(Duration duration) {
        return duration == null ? "" : duration.toMillis() + " ms";
    }

    private static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }
}
