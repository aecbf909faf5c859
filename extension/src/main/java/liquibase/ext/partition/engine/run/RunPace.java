package liquibase.ext.partition.engine.run;

import java.time.Duration;
import java.util.Map;

/**
 * What a run of Liquibase says to all its steps about their pace.
 *
 * @param settings as {@link Pace#parse} takes them; they go before those of a step
 * @param begun when the run began, as {@link System#nanoTime} tells it: {@code maxDuration} is a limit of the run, and
 *     not of each of its steps, nor of each connection that it loses
 */
public record RunPace(Map<String, String> settings, long begun) {
    /** Copies the map. */
    public RunPace {
        settings = Map.copyOf(settings);
    }

    /** A run that begins now and says nothing. */
    public static RunPace beginningNow() {
        return new RunPace(Map.of(), System.nanoTime());
    }

    Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - begun);
    }
}
