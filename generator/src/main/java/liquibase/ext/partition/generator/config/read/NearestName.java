package liquibase.ext.partition.generator.config.read;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** Guesses what somebody who misspelt a name meant. */
final class NearestName {
    private NearestName() {}

    /**
     * The known name with the fewest changed letters, if these are at most a third, so that the guess is worth making.
     * Case, underscores and hyphens do not count, so that {@code table_name} finds {@code tableName}.
     */
    static Optional<String> to(String name, Collection<String> known) {
        String wanted = plain(name);
        int most = Math.max(1, wanted.length() / 3);
        return known.stream()
                .filter(candidate -> distance(wanted, candidate) <= most)
                .min(Comparator.comparing(candidate -> distance(wanted, candidate)));
    }

    private static int distance(String wanted, String candidate) {
        return LevenshteinDistance.getDefaultInstance().apply(wanted, plain(candidate));
    }

    private static String plain(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[_-]", "");
    }
}
