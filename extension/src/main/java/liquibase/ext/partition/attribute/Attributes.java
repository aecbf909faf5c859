package liquibase.ext.partition.attribute;

import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import liquibase.ext.partition.engine.DurationText;
import liquibase.ext.partition.engine.name.MadeName;
import liquibase.ext.partition.engine.sql.Identifier;

/** Reads attributes as people write them in a changelog. Does not need Liquibase. */
public final class Attributes {
    /** The namespace of the change types and preconditions in XML changelogs. */
    public static final String NAMESPACE = "http://www.liquibase.org/xml/ns/partition";

    private Attributes() {}

    /**
     * Parses names that are separated by commas.
     *
     * @throws IllegalArgumentException with a message for people
     */
    public static List<Identifier> names(String attribute, String text) {
        List<Identifier> names = Arrays.stream(text.split(",", -1))
                .map(name -> name(attribute, name.strip()))
                .toList();
        if (names.stream().distinct().count() < names.size()) {
            throw new IllegalArgumentException("%s names a column twice: <%s>.".formatted(attribute, text));
        }
        return names;
    }

    /** @throws IllegalArgumentException with a message for people */
    public static Identifier name(String attribute, String text) {
        try {
            return new Identifier(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(attribute + ": " + e.getMessage());
        }
    }

    /**
     * Parses the name of something that is made beside the table.
     *
     * @throws IllegalArgumentException with a message for people
     */
    public static Identifier madeName(String attribute, String text, String tableName) {
        MadeName.problem(text, tableName).ifPresent(problem -> {
            throw new IllegalArgumentException("%s: %s %s".formatted(attribute, problem, MadeName.remedy()));
        });
        return name(attribute, text);
    }

    /**
     * Parses a duration with its unit: {@code 500ms}, {@code 2s}, {@code 1min}.
     *
     * @throws IllegalArgumentException with a message for people
     */
    public static Duration duration(String attribute, String text) {
        return DurationText.parse(attribute, text);
    }

    /**
     * Parses a whole number of 1 or more.
     *
     * @param text null gives {@code otherwise}
     * @throws IllegalArgumentException with a message for people
     */
    public static long positive(String attribute, String text, long otherwise) {
        if (text == null) {
            return otherwise;
        }
        try {
            long number = Long.parseLong(text.strip());
            if (number >= 1) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Reported below, with the attribute's name.
        }
        throw new IllegalArgumentException(
                "%s is <%s>; it must be a whole number of 1 or more.".formatted(attribute, text));
    }

    /**
     * Parses a whole number of 1 or more, for a count that is never very large.
     *
     * @param text null gives {@code otherwise}
     * @throws IllegalArgumentException with a message for people
     */
    public static int count(String attribute, String text, int otherwise) {
        long number = positive(attribute, text, otherwise);
        if (number > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "%s is <%s>; %d is the most.".formatted(attribute, text, Integer.MAX_VALUE));
        }
        return (int) number;
    }

    /** The name that somebody who has written {@code text} most likely meant; empty if there is none. */
    public static String nearest(String text, Collection<String> names) {
        return names.stream()
                .min(Comparator.comparingInt(name -> distance(name, text)))
                .orElse("");
    }

    /** The Levenshtein distance: how many letters must be changed, added or left out. */
    private static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] current = new int[b.length() + 1];
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substituted = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(substituted, 1 + Math.min(previous[j], current[j - 1]));
            }
            previous = current;
        }
        return previous[b.length()];
    }
}
