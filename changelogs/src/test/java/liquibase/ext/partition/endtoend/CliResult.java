package liquibase.ext.partition.endtoend;

import java.time.Duration;

/** How a command line ended; {@code 0} is success. */
public record CliResult(String command, int exitCode, String stdout, String stderr, Duration duration) {

    /** @throws AssertionError with all of the output, when the command failed */
    public CliResult requireSuccess() {
        if (exitCode != 0) {
            throw new AssertionError("exit code " + exitCode + " from " + this);
        }
        return this;
    }

    /** @throws AssertionError with all of the output, when the command succeeded */
    public CliResult requireFailure() {
        if (exitCode == 0) {
            throw new AssertionError("success, where a failure was due, from " + this);
        }
        return this;
    }

    /** Both streams together: Liquibase writes its errors to one and its progress to the other. */
    public String output() {
        return stdout + stderr;
    }

    @Override
    public String toString() {
        return "%s (%d ms)%n--- stdout%n%s%n--- stderr%n%s".formatted(command, duration.toMillis(), stdout, stderr);
    }
}
