package liquibase.ext.partition.engine.belonging.kind;

import java.util.List;

/** A part that moves nothing: it tells people what is not as it was, once the switch is committed. */
public record Consequences(List<String> consequences) implements SwitchPart {
    public Consequences {
        consequences = List.copyOf(consequences);
    }
}
