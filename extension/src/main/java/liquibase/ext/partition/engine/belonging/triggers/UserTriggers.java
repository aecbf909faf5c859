package liquibase.ext.partition.engine.belonging.triggers;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.kind.PlannedPart;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.SwitchedTable;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The triggers that users made, in their present state.
 *
 * @param triggers the triggers of the table that leaves
 */
public record UserTriggers(TablePair pair, List<Trigger> triggers) implements SwitchPart {
    private static final Sql DROP_TRIGGER = Sql.of("DROP TRIGGER IF EXISTS {trigger} ON {table}");
    private static final Sql SET_TRIGGER = Sql.of("ALTER TABLE {table} {state} TRIGGER {trigger}");

    private static final Sql COMMENT = Sql.of("COMMENT ON TRIGGER {trigger} ON {table} IS {comment}");
    private static final Sql DEPEND = Sql.of("ALTER TRIGGER {trigger} ON {table} DEPENDS ON EXTENSION {extension}");

    public UserTriggers {
        triggers = List.copyOf(triggers);
    }

    /** The same before it is known which triggers other parts own. */
    record Planned(TablePair pair) implements PlannedPart {
        @Override
        public SwitchPart among(List<PlannedPart> parts) {
            return new UserTriggers(pair, of(pair, parts));
        }
    }

    /** The triggers of the leaving table that no part owns. */
    static List<Trigger> of(TablePair pair, List<PlannedPart> parts) {
        return pair.old().userTriggers(name -> parts.stream().anyMatch(part -> part.owns(name)));
    }

    @Override
    public List<Sql> beforeRenaming() {
        List<Sql> statements = new ArrayList<>();
        for (Trigger trigger : triggers) {
            for (QualifiedName table : pair.old().tablesWith(trigger, pair.liveName())) {
                statements.add(DROP_TRIGGER.with("trigger", trigger.name()).with("table", table));
            }
        }
        return statements;
    }

    /** On the table that has the live name by now, or on its children. */
    @Override
    public List<Sql> afterRenaming() {
        List<Sql> statements = new ArrayList<>();
        for (Trigger trigger : triggers) {
            for (SwitchedTable.Placed placed : pair.next().places(trigger, pair.liveName())) {
                create(statements, placed.trigger(), placed.table());
            }
        }
        return statements;
    }

    private static void create(List<Sql> statements, Trigger trigger, QualifiedName table) {
        statements.add(trigger.createOn(table));
        String state = switch (trigger.enabled()) {
            case 'D' -> "DISABLE";
            case 'R' -> "ENABLE REPLICA";
            case 'A' -> "ENABLE ALWAYS";
            default -> "";
        };
        if (!state.isEmpty()) {
            statements.add(SET_TRIGGER
                    .with("table", table)
                    .with("state", Sql.raw(state))
                    .with("trigger", trigger.name()));
        }
        trigger.comment()
                .ifPresent(comment -> statements.add(COMMENT.with("trigger", trigger.name())
                        .with("table", table)
                        .with("comment", Sql.literal(comment))));
        for (Identifier extension : trigger.extensions()) {
            statements.add(
                    DEPEND.with("trigger", trigger.name()).with("table", table).with("extension", extension));
        }
    }
}
