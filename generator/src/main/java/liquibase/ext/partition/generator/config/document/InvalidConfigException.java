package liquibase.ext.partition.generator.config.document;

import java.util.List;
import java.util.stream.Collectors;

/** A config that cannot be used. Carries every problem that was found, by line. */
public final class InvalidConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<Problem> problems;

    /** @param problems at least one, by line */
    public InvalidConfigException(List<Problem> problems) {
        super(problems.stream().map(Problem::toString).collect(Collectors.joining(System.lineSeparator())));
        this.problems = List.copyOf(problems);
    }

    /** The problems, by line; never empty. */
    public List<Problem> problems() {
        return problems;
    }
}
