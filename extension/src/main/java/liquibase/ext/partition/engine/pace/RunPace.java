package liquibase.ext.partition.engine.pace;

import java.time.Duration;
import java.util.Map;

/**
 * The settings of a run of Liquibase for the pace of all its steps.
 *
 * @param settings as {@link Pace#parse} takes them; they take precedence over those of a step
 * @param begun when the run began, by {@link System#nanoTime}: {@code maxDuration} limits the run, and not each of its
 *     steps, nor each connection that it loses
 */
public record RunPace(Map<String, String> settings, long begun) {
    /** Copies the map. */
    public RunPace {
        settings = Map.copyOf(settings);
    }

    /** A run that begins now and has no settings. */
    public static RunPace beginningNow() {
        return new RunPace(Map.of(), System.nanoTime());
    }

    public Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - begun);
    }
}
