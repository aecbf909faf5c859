package liquibase.ext.partition.testing;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.SplittableRandom;
import java.util.function.BiFunction;

/** The source of a {@link Workload}'s values for a column, if its type alone does not determine them. */
@FunctionalInterface
public interface RandomValue {

    /** A value as text for {@code CAST(? AS type)}; null for NULL. */
    String next(SplittableRandom random);

    /** One of these, each as often as the others; one may be null. */
    static RandomValue oneOf(String... values) {
        return random -> values[random.nextInt(values.length)];
    }

    /**
     * Times in {@code [from, until)}, and the beginning of the month before them. One in sixteen is the beginning of a
     * month, and one the last microsecond before a day.
     *
     * @param format writes a time, in UTC; with further random parts if a key needs them
     */
    static RandomValue time(LocalDate from, LocalDate until, BiFunction<Instant, SplittableRandom, String> format) {
        return random -> format.apply(time(from, until, random), random);
    }

    /** One of {@code times} values comes from {@code other}. */
    default RandomValue oneIn(int times, RandomValue other) {
        return random -> (random.nextInt(times) == 0 ? other : this).next(random);
    }

    private static Instant time(LocalDate from, LocalDate until, SplittableRandom random) {
        LocalDate day = LocalDate.ofEpochDay(random.nextLong(from.toEpochDay(), until.toEpochDay()));
        return switch (random.nextInt(16)) {
            case 0 -> start(day.withDayOfMonth(1));
            case 1 -> start(day).minusNanos(1_000);
            default -> start(day).plusNanos(random.nextLong(86_400_000_000L) * 1_000);
        };
    }

    private static Instant start(LocalDate day) {
        return day.atStartOfDay().toInstant(ZoneOffset.UTC);
    }
}
