package liquibase.ext.partition.attribute;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * A table that a migration makes beside its source, whose name an attribute may give. Several change types have such an
 * attribute, under different superclasses. So each is described once, here, and not as a bean property of each.
 */
public enum MadeTable {
    NEW_TABLE(
            "newTableName",
            "_new",
            "Name of the new table; the table's with _new where it is not given",
            StepName.CREATE_PARTITIONED_TABLE,
            StepName.CHUNKED_COPY,
            StepName.BUILD_INDEXES,
            StepName.REPLAY_CHANGES,
            StepName.VERIFY_COPY,
            StepName.LOCKED_SWAP,
            StepName.PREPARE_EXCHANGE,
            StepName.EXCHANGE_PARTITIONS),
    DELTA_TABLE(
            "deltaTableName",
            "_delta",
            "Name of the delta table; the table's with _delta where it is not given",
            StepName.CAPTURE_CHANGES,
            StepName.CHUNKED_COPY,
            StepName.REPLAY_CHANGES,
            StepName.VERIFY_COPY,
            StepName.LOCKED_SWAP,
            StepName.DROP_BACKUP,
            StepName.EXCHANGE_PARTITIONS),
    BACKUP(
            "backupTableName",
            "_old",
            "Name of the backup; the table's with _old where it is not given",
            StepName.LOCKED_SWAP,
            StepName.DROP_BACKUP,
            StepName.EXCHANGE_PARTITIONS);

    private final String attribute;
    private final String suffix;
    private final String description;
    private final Set<StepName> steps;

    MadeTable(String attribute, String suffix, String description, StepName... steps) {
        this.attribute = attribute;
        this.suffix = suffix;
        this.description = description;
        this.steps = Set.of(steps);
    }

    /** The tables whose names a step may be given. */
    public static List<MadeTable> of(StepName step) {
        return Arrays.stream(values())
                .filter(table -> table.steps.contains(step))
                .toList();
    }

    /** The name of the attribute. */
    public String attributeName() {
        return attribute;
    }

    /** A possible value of the attribute, for documentation. */
    public String example() {
        return "orders" + suffix;
    }

    /** For documentation. */
    public String description() {
        return description;
    }

    /**
     * The table's name.
     *
     * @param given the attribute's value; null if it is not given
     * @param source the name of the source, which the name is derived from then
     */
    public Identifier name(String given, String source) {
        return new Identifier(given == null ? source + suffix : given);
    }
}
