package liquibase.ext.partition.engine.pace;

import java.time.Duration;

/**
 * The settings of a run of Liquibase for the pace of all its steps.
 *
 * @param settings they take precedence over those of a step
 * @param begun when the run began, by {@link System#nanoTime}: {@code maxDuration} limits the run, and not each of its
 *     steps, nor each connection that it loses
 */
public record RunPace(GivenPace settings, long begun) {
    /** A run that begins now and has no settings. */
    public static RunPace beginningNow() {
        return new RunPace(GivenPace.NOTHING, System.nanoTime());
    }

    public Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - begun);
    }
}
