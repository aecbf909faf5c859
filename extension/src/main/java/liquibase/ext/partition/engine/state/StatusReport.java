package liquibase.ext.partition.engine.state;

import java.util.ArrayList;
import java.util.List;

/**
 * A report on a table in service.
 *
 * @param facts sentences for people
 * @param problems sentences for people about what somebody has to see to, each with a remedy
 */
public record StatusReport(List<String> facts, List<String> problems) {
    public StatusReport {
        facts = List.copyOf(facts);
        problems = List.copyOf(problems);
    }

    /** A report that says nothing. */
    public static StatusReport empty() {
        return new StatusReport(List.of(), List.of());
    }

    /** This report, followed by the other one. */
    public StatusReport and(StatusReport other) {
        List<String> allFacts = new ArrayList<>(facts);
        allFacts.addAll(other.facts);
        List<String> allProblems = new ArrayList<>(problems);
        allProblems.addAll(other.problems);
        return new StatusReport(allFacts, allProblems);
    }
}
