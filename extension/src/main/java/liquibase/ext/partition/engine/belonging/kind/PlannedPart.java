package liquibase.ext.partition.engine.belonging.kind;

import java.util.List;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * A part of a switch as its kind plans it, before the parts of all kinds are known. Most are a {@link SwitchPart}
 * already; one that needs to know which triggers belong to users becomes one among all the others.
 */
public interface PlannedPart {
    /** Whether a trigger of the leaving table with that name is this part's own, and no user's. */
    default boolean owns(Identifier trigger) {
        return false;
    }

    /** This part, once all parts of the switch are planned. */
    SwitchPart among(List<PlannedPart> parts);
}
