package liquibase.ext.partition.engine.belonging.triggers;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.kind.PlannedPart;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.SwitchedTable;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.delta.Strangers;
import liquibase.ext.partition.engine.delta.Strangers.Stranger;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The triggers that users made, in their present state.
 *
 * @param triggers the triggers of the table that leaves
 * @param strangers the other triggers of that table, and of its partitions or children: those on one of them only,
 *     those that have replaced one of ours, and those under the name of one of ours. None of them may stay on the table
 *     that leaves ({@link Strangers})
 */
public record UserTriggers(TablePair pair, List<Trigger> triggers, List<Stranger> strangers) implements SwitchPart {
    private static final Sql DROP_TRIGGER = Sql.of("DROP TRIGGER IF EXISTS {trigger} ON {table}");
    private static final Sql SET_TRIGGER = Sql.of("ALTER TABLE {table} {state} TRIGGER {trigger}");

    private static final Sql COMMENT = Sql.of("COMMENT ON TRIGGER {trigger} ON {table} IS {comment}");
    private static final Sql DEPEND = Sql.of("ALTER TRIGGER {trigger} ON {table} DEPENDS ON EXTENSION {extension}");

    public UserTriggers {
        triggers = List.copyOf(triggers);
        strangers = List.copyOf(strangers);
    }

    /** The same before it is known which triggers other parts own, and which functions they drop. */
    record Planned(TablePair pair, List<Stranger> strangers) implements PlannedPart {
        @Override
        public SwitchPart among(List<PlannedPart> parts) {
            List<Trigger> triggers = of(pair, parts);
            return new UserTriggers(
                    pair,
                    triggers,
                    strangers.stream()
                            .filter(stranger -> parts.stream().noneMatch(part -> part.drops(stranger.function())))
                            .filter(stranger -> triggers.stream().noneMatch(it -> is(pair, it, stranger)))
                            .toList());
        }

        /** Whether it goes along with the name. A trigger of another table may have the same name. */
        private static boolean is(TablePair pair, Trigger trigger, Stranger stranger) {
            return trigger.name().equals(stranger.name())
                    && pair.old().tablesWith(trigger, pair.liveName()).contains(stranger.table());
        }
    }

    /** The triggers of the leaving table that no part owns. */
    static List<Trigger> of(TablePair pair, List<PlannedPart> parts) {
        return pair.old().userTriggers(trigger -> parts.stream().anyMatch(part -> part.owns(trigger)));
    }

    @Override
    public List<Sql> beforeRenaming() {
        List<Sql> statements = new ArrayList<>();
        for (Trigger trigger : triggers) {
            for (QualifiedName table : pair.old().tablesWith(trigger, pair.liveName())) {
                statements.add(DROP_TRIGGER.with("trigger", trigger.name()).with("table", table));
            }
        }
        for (Stranger stranger : strangers) {
            statements.add(DROP_TRIGGER.with("trigger", stranger.name()).with("table", stranger.table()));
        }
        return statements;
    }

    @Override
    public List<String> consequences() {
        return strangers.stream()
                .map(stranger ->
                        "Trigger %s was dropped from %s, into which changes are replayed from now on: it would run with the rights of the replay. Where it is still wanted once the table is live again, make it again, under another name if it has that of a trigger of ours: %s"
                                .formatted(stranger.name(), stranger.table(), stranger.definition()))
                .toList();
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
