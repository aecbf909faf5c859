package liquibase.ext.partition.carried;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.survey.Survey;
import liquibase.ext.partition.engine.survey.SurveyReader;

/** The announced differences between a table and its successor, in the form of {@link CatalogDescription}. */
final class AnnouncedChanges {
    private static final String REMOVED_INDEX = "- INDEXES: ";

    private AnnouncedChanges() {}

    /**
     * The survey's announcements about a table that is not migrated yet.
     *
     * @param partitionColumn as PostgreSQL writes it, in quotes where it needs them
     */
    static List<String> of(MigrationFixture migration, CatalogDescription before, String partitionColumn)
            throws SQLException {
        Survey survey;
        try (Connection connection = migration.connect()) {
            survey = new SurveyReader(Session.pinned(connection))
                    .read(migration.spec(), migration.key(), 1, new Identifier("public"), DefaultShare.parse("100%"));
        }
        assertThat(survey.refused()).isEmpty();
        List<String> differences = uniqueness(before, partitionColumn);
        assertThat(survey.changes().stream()
                        .filter(change -> change.feature() == Feature.INDEXES)
                        // The description takes the mark from the partitions; this announcement is about the table.
                        .filter(change -> !change.was().startsWith("CLUSTER "))
                        .map(AnnouncedChange::subject))
                .as("indexes that the survey announces, as the partition key demands them")
                .containsExactlyInAnyOrderElementsOf(differences.stream()
                        .filter(line -> line.startsWith(REMOVED_INDEX))
                        .map(line -> name(line.substring(REMOVED_INDEX.length())))
                        .toList());
        differences.addAll(ordinaryChecks(before, survey));
        differences.addAll(grantsOfOwner(
                before, survey, before.of(Feature.OWNER).iterator().next()));
        if (survey.changes().stream().anyMatch(change -> change.feature() == Feature.INCOMING_FOREIGN_KEYS)) {
            before.of(Feature.INCOMING_FOREIGN_KEYS)
                    .forEach(line -> differences.add("- INCOMING_FOREIGN_KEYS: " + line));
            before.of(Feature.OTHER_DEPENDENTS).stream()
                    .filter(line -> line.startsWith("constraint "))
                    .forEach(line -> differences.add("- OTHER_DEPENDENTS: " + line));
        }
        return differences;
    }

    /** A partitioned table has no check that is NO INHERIT. */
    private static List<String> ordinaryChecks(CatalogDescription before, Survey survey) {
        List<String> differences = new ArrayList<>();
        for (String line : before.of(Feature.CHECKS)) {
            if (line.endsWith(" NO INHERIT")) {
                differences.add("- CHECKS: " + line);
                differences.add("+ CHECKS: " + line.substring(0, line.length() - " NO INHERIT".length()));
            }
        }
        assertThat(announced(survey, Feature.CHECKS)).isEqualTo(differences.size() / 2);
        return differences;
    }

    /** Whoever granted the right. */
    private static List<String> grantsOfOwner(CatalogDescription before, Survey survey, String owner) {
        List<String> differences = new ArrayList<>();
        int passedOn = 0;
        for (String line : before.of(Feature.GRANTS)) {
            String by = line.substring(line.lastIndexOf(" by "));
            if (!by.equals(" by " + owner)) {
                passedOn++;
                differences.add("- GRANTS: " + line);
                String owners = line.substring(0, line.length() - by.length()) + " by " + owner;
                if (!before.of(Feature.GRANTS).contains(owners)) {
                    differences.add("+ GRANTS: " + owners);
                }
            }
        }
        assertThat(announced(survey, Feature.GRANTS)).isEqualTo(passedOn);
        return differences;
    }

    private static long announced(Survey survey, Feature feature) {
        return survey.changes().stream()
                .filter(change -> change.feature() == feature)
                .count();
    }

    /** PostgreSQL requires the partition key in every unique index. */
    private static List<String> uniqueness(CatalogDescription before, String partitionColumn) {
        List<String> differences = new ArrayList<>();
        for (String line : before.of(Feature.INDEXES)) {
            String becomes = line.contains(" UNIQUE USING ") ? withColumn(line, partitionColumn) : line;
            if (!becomes.equals(line)) {
                differences.add(REMOVED_INDEX + line);
                differences.add("+ INDEXES: " + becomes);
            }
        }
        return differences;
    }

    /** The name at the beginning of the line, without its quotes. */
    private static String name(String line) {
        return line.startsWith("\"")
                ? line.substring(1, first(line, 0, " ") - 1).replace("\"\"", "\"")
                : line.substring(0, line.indexOf(' '));
    }

    /** The index's columns, and those of the constraint if the index belongs to one. */
    private static String withColumn(String line, String column) {
        int index = first(line, 0, " USING ");
        int constraint = first(line, index, " CONSTRAINT ");
        if (constraint < 0) {
            constraint = line.length();
        }
        return line.substring(0, index)
                + completed(line.substring(index, constraint), column)
                + completed(line.substring(constraint), column);
    }

    /** The definition with the column at the end of the first list, unless it is in it. */
    private static String completed(String definition, String column) {
        int open = first(definition, 0, "(");
        if (open < 0) {
            return definition;
        }
        int close = first(definition, open + 1, ")");
        for (int begin = open + 1, end; begin < close; begin = end + 1) {
            int comma = first(definition, begin, ",");
            end = comma < 0 || comma > close ? close : comma;
            String item = definition.substring(begin, end).strip();
            if (item.equals(column) || item.startsWith(column + " ")) {
                return definition;
            }
        }
        return definition.substring(0, close) + ", " + column + definition.substring(close);
    }

    /**
     * The first position of {@code sought} that is neither in quotes nor in parentheses that open after {@code from};
     * -1 if there is none.
     */
    private static int first(String text, int from, String sought) {
        char quote = 0;
        int depth = 0;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote != 0) {
                quote = c == quote ? 0 : quote;
            } else if (depth == 0 && text.startsWith(sought, i)) {
                return i;
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (c == '(') {
                depth++;
            } else if (c == ')') {
                depth--;
            }
        }
        return -1;
    }
}
