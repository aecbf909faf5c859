package liquibase.ext.partition.engine.state;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The largest share of the rows that may be in the default partition. More than a few rows there mean in most cases
 * that the date was misread, and then the table is partitioned in name only. So nothing is swapped unless somebody has
 * said that the rows belong there.
 *
 * @param percent between 0 and 100
 */
public record DefaultShare(BigDecimal percent) {
    /** The attribute's name. */
    public static final String ATTRIBUTE = "maxDefaultShare";

    private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);

    /** The default: some rows without a date are ordinary. */
    public static final DefaultShare DEFAULT = new DefaultShare(BigDecimal.ONE);

    /** All rows. */
    public static final DefaultShare ANY = new DefaultShare(HUNDRED);

    private static final Pattern WRITTEN = Pattern.compile("([0-9]{1,3}(?:\\.[0-9]{1,6})?)\\s*%");

    /** @throws IllegalArgumentException when the number is not between 0 and 100 */
    public DefaultShare {
        if (percent.signum() < 0 || percent.compareTo(HUNDRED) > 0) {
            throw new IllegalArgumentException(
                    "%s is <%s%%>; it is between 0%% and 100%%.".formatted(ATTRIBUTE, percent.toPlainString()));
        }
    }

    /**
     * Parses a share as people write it: {@code 5%}, {@code 0.5%}.
     *
     * @throws IllegalArgumentException with a message for people
     */
    public static DefaultShare parse(String text) {
        Matcher matcher = WRITTEN.matcher(text.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "%s is <%s>; write a percentage of the rows, as in 5%%.".formatted(ATTRIBUTE, text));
        }
        return new DefaultShare(new BigDecimal(matcher.group(1)));
    }

    /** Whether {@code some} rows of {@code all} are more than this share. */
    public boolean isExceeded(long some, long all) {
        return BigDecimal.valueOf(some).multiply(HUNDRED).compareTo(percent.multiply(BigDecimal.valueOf(all))) > 0;
    }

    /** The least share in whole percent, but not zero, that {@code some} rows of {@code all} do not exceed. */
    public static DefaultShare atLeast(long some, long all) {
        return new DefaultShare(BigDecimal.valueOf(some)
                .multiply(HUNDRED)
                .divide(BigDecimal.valueOf(all), 0, RoundingMode.CEILING)
                .max(BigDecimal.ONE));
    }

    /** {@code some} of {@code all} in percent with one digit, for people. */
    public static String percentOf(long some, long all) {
        return String.format(Locale.ROOT, "%.1f %%", 100.0 * some / all);
    }

    /** The share as people write it: {@code 5%}. */
    @Override
    public String toString() {
        return percent.toPlainString() + "%";
    }
}
