package liquibase.ext.partition.engine.time;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A text column with ULIDs in their canonical form: 26 digits of Crockford's base 32, in capital letters, of which the
 * first ten are milliseconds since 1970. {@link #time} is NULL for any other text, including small letters: these sort
 * elsewhere as text, and a table must not mix both.
 *
 * <p>{@link #bound} is right under every collation that sorts digits before letters, and single letters by the English
 * alphabet: {@code C}, the default ones of English, German, … It is wrong under Danish (AA), Czech (CH) and Estonian
 * (Z) collations, which the preparation refuses.
 *
 * @see <a href="https://github.com/ulid/spec">the specification of ULID</a>
 */
public record UlidTime() implements TimeEncoding {
    /** The types, by their names in the catalog. */
    static final Set<String> TYPES = Set.of("text", "varchar", "bpchar");

    private static final String DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private static final int DIGITS_OF_TIME = 10;
    private static final int BITS_PER_DIGIT = 5;

    /** In two halves of 25 bits, so that both products are exact. */
    private static final Sql TIME = Sql.of("""
            CASE WHEN {text} COLLATE "C" ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'
              THEN timestamp '1970-01-01'
                + ({upper}) * interval '33554.432 seconds'
                + ({lower}) * interval '1 millisecond' END""");

    private static final Sql DIGIT =
            Sql.of("((pg_catalog.strpos('" + DIGITS + "', pg_catalog.substr({text}, {place}, 1)) - 1) << {bits})");

    @Override
    public Sql time(Sql column) {
        int half = DIGITS_OF_TIME / 2;
        return TIME.with("upper", number(1, half))
                .with("lower", number(half + 1, DIGITS_OF_TIME))
                .with("text", Sql.of("({column})::pg_catalog.text").with("column", column));
    }

    private static Sql number(int first, int last) {
        List<Sql> digits = new ArrayList<>();
        for (int place = first; place <= last; place++) {
            digits.add(DIGIT.with("place", Sql.raw(String.valueOf(place)))
                    .with("bits", Sql.raw(String.valueOf((last - place) * BITS_PER_DIGIT))));
        }
        return Sql.join(" + ", digits);
    }

    /** The ten digits of the day's first millisecond: less than every ULID that begins with them. */
    @Override
    public Optional<Sql> bound(LocalDate day) {
        long millis = UuidTime.millis(day);
        StringBuilder digits = new StringBuilder();
        for (int place = DIGITS_OF_TIME - 1; place >= 0; place--) {
            digits.append(DIGITS.charAt((int) (millis >> place * BITS_PER_DIGIT) & 31));
        }
        return Optional.of(Sql.literal(digits.toString()));
    }
}
