package liquibase.ext.partition.generator.config.document;

/**
 * One thing that is wrong with a config.
 *
 * @param file the config's path, as the user gave it
 * @param line counted from 1; 1 if the problem is about the whole file
 * @param key the path of the key, such as {@code tables[0].partitionBy.from}; empty if the problem is about the whole
 *     file
 * @param message the problem: a sentence with the values that matter
 * @param remedy what to do about it: one or more sentences
 */
public record Problem(String file, int line, String key, String message, String remedy) {
    /** {@code tables.yaml:12: tables[0].partitionBy.from: …}, with the remedy on a line of its own. */
    @Override
    public String toString() {
        return "%s:%d: %s%s%n    %s".formatted(file, line, key.isEmpty() ? "" : key + ": ", message, remedy);
    }
}
