package liquibase.ext.partition.engine.run;

import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import liquibase.ext.partition.engine.Report;

/**
 * Counts what is done and reports it every ten seconds. Workers count; the coordinator reports.
 *
 * <p>The speed is that of this run, so a resumed copy does not seem faster than it is. The remaining time is not
 * estimated before a minute has passed, unless half of the work is done.
 */
public final class ProgressMeter {
    private static final Duration INTERVAL = Duration.ofSeconds(10);
    private static final Duration FIRST_GUESS = Duration.ofMinutes(1);

    private final Report report;
    private final String what;
    private final long totalUnits;
    private final long unitsBefore;
    private final long rowsBefore;
    private final long startNanos = System.nanoTime();
    private final AtomicLong units = new AtomicLong();
    private final AtomicLong rows = new AtomicLong();
    private long lastLineNanos = startNanos;

    /**
     * @param what the beginning of each line: {@code copy of shop.orders}
     * @param totalUnits the whole work in blocks
     * @param unitsBefore blocks done by earlier runs
     * @param rowsBefore rows done by earlier runs
     */
    public ProgressMeter(Report report, String what, long totalUnits, long unitsBefore, long rowsBefore) {
        this.report = report;
        this.what = what;
        this.totalUnits = totalUnits;
        this.unitsBefore = unitsBefore;
        this.rowsBefore = rowsBefore;
    }

    /** Counts a finished piece. Any thread may call it. */
    public void add(long doneUnits, long doneRows) {
        units.addAndGet(doneUnits);
        rows.addAndGet(doneRows);
    }

    /** Rows done, including those of earlier runs. */
    public long rows() {
        return rowsBefore + rows.get();
    }

    /** Rows done in this run. */
    public long rowsOfThisRun() {
        return rows.get();
    }

    /** Whether ten seconds have passed since the last line. */
    public boolean isDue() {
        return System.nanoTime() - lastLineNanos >= INTERVAL.toNanos();
    }

    /** Reports the progress; {@code more} goes at the end of the line. */
    public void tell(String more) {
        lastLineNanos = System.nanoTime();
        report.line(line(more));
    }

    String line(String more) {
        double seconds = seconds();
        long doneUnits = unitsBefore + units.get();
        double perCent = totalUnits == 0 ? 100.0 : 100.0 * doneUnits / totalUnits;
        return String.format(
                Locale.ROOT,
                "%s: %.1f %%, %,d rows, %,.0f rows/s, ETA %s%s",
                what,
                perCent,
                rows(),
                seconds < 0.001 ? 0.0 : rows.get() / seconds,
                eta(doneUnits, seconds),
                more.isEmpty() ? "" : ", " + more);
    }

    private String eta(long doneUnits, double seconds) {
        if (doneUnits >= totalUnits) {
            return "now";
        }
        boolean known = seconds >= FIRST_GUESS.toSeconds() || doneUnits * 2 >= totalUnits;
        if (units.get() == 0 || !known) {
            return "to be determined";
        }
        return words(Duration.ofSeconds(Math.round(seconds / units.get() * (totalUnits - doneUnits))));
    }

    /** Time since this meter was made. */
    public String elapsed() {
        return words(Duration.ofMillis(Math.round(seconds() * 1000)));
    }

    private double seconds() {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    private static String words(Duration duration) {
        if (duration.toHours() > 0) {
            return "%d h %02d min".formatted(duration.toHours(), duration.toMinutesPart());
        }
        if (duration.toMinutes() > 0) {
            return "%d min %02d s".formatted(duration.toMinutes(), duration.toSecondsPart());
        }
        return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
    }
}
