package liquibase.ext.partition.engine.belonging.kind;

import java.util.List;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * A part of a switch as its kind plans it, before the parts of all kinds are known. Most are a {@link SwitchPart}
 * already; one that needs to know which triggers belong to users becomes one among all the others.
 */
public interface PlannedPart {
    /**
     * Whether a trigger of the leaving table is no user's that could go along: it calls a function of this part, or has
     * the name of a trigger that this part has, or makes, on one of the two tables.
     */
    default boolean owns(Trigger trigger) {
        return false;
    }

    /** Whether this part drops the function from the leaving table, together with every trigger that calls it. */
    default boolean drops(QualifiedName function) {
        return false;
    }

    /** This part, once all parts of the switch are planned. */
    SwitchPart among(List<PlannedPart> parts);
}
