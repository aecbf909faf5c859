package liquibase.ext.partition.faults;

import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Counts the rounds of each fault and their outcomes. Safe for use by many lanes. */
final class Tally {

    /** The strongest measure that a round needed, the lightest first. */
    enum Outcome {
        WENT_ON("went on by itself"),
        AGAIN("the same command again"),
        RELEASE_LOCKS("release-locks, then again"),
        RESTART_COPY("with restartCopy"),
        RECORDS_DELETED("with Liquibase's records deleted, as the message says"),
        BACKUP_COLUMN("after the backup was given the column, too"),
        SAME_CHANGE("after the same change on the other table, as the message says"),
        STATEMENTS("after the statements that the message has"),
        ROLLBACK("rollback to before, as the message says"),
        MENDED("triggers enabled again and missed keys put into the delta table, as the messages say"),
        FAILED("FAILED");

        private final String words;

        Outcome(String words) {
            this.words = words;
        }
    }

    private static final int MOST_MESSAGES = 20;

    private final Map<Fault, Map<Outcome, Integer>> struck = new EnumMap<>(Fault.class);
    private final Map<Fault, Integer> missed = new EnumMap<>(Fault.class);
    private final Map<String, Long> writes = new TreeMap<>();
    private final Set<String> bareMessages = new LinkedHashSet<>();
    private int rounds;

    /** @param hit whether the command was still at work when the fault struck */
    synchronized void add(Fault fault, boolean hit, Outcome outcome) {
        if (hit) {
            struck.computeIfAbsent(fault, any -> new EnumMap<>(Outcome.class)).merge(outcome, 1, Integer::sum);
        } else {
            missed.merge(fault, 1, Integer::sum);
        }
    }

    synchronized void round() {
        rounds++;
    }

    /** Counts a message of ours that does not say what to do next. */
    synchronized void bareMessage(String message) {
        if (bareMessages.size() < MOST_MESSAGES) {
            bareMessages.add(message);
        }
    }

    synchronized List<String> bareMessages() {
        return List.copyOf(bareMessages);
    }

    synchronized int rounds() {
        return rounds;
    }

    synchronized void write(String what, long times) {
        writes.merge(what, times, Long::sum);
    }

    /** The counts as a table in Markdown. */
    synchronized String table() {
        StringBuilder table = new StringBuilder("| fault | rounds | what it took |\n| --- | ---: | --- |\n");
        for (Fault fault : Fault.values()) {
            Map<Outcome, Integer> outcomes = struck.getOrDefault(fault, Map.of());
            table.append("| %s | %d | %s%s |%n"
                    .formatted(
                            fault.words(),
                            outcomes.values().stream()
                                    .mapToInt(Integer::intValue)
                                    .sum(),
                            outcomes.entrySet().stream()
                                    .map(outcome -> outcome.getKey().words + " " + outcome.getValue())
                                    .collect(Collectors.joining(", ")),
                            missed.containsKey(fault) ? " (came after the end: %d)".formatted(missed.get(fault)) : ""));
        }
        return table
                + "%n%d rounds; the writers: %s%n"
                        .formatted(
                                rounds,
                                writes.entrySet().stream()
                                        .map(count -> "%,d %s".formatted(count.getValue(), count.getKey()))
                                        .collect(Collectors.joining(", ")));
    }
}
