package liquibase.ext.partition.engine.belonging.triggers;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.kind.PlannedPart;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.SwitchedTable;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The triggers that users made, in their present state.
 *
 * @param triggers the triggers of the table that leaves
 * @param strangers the triggers of that table, and of its partitions or children, whose function could be changed by a
 *     role that is neither the owner nor a superuser. None of them may stay on the table that leaves: changes are
 *     replayed into it, and the function would run with the rights of the role that replays. Those that are not in
 *     {@code triggers} have replaced one of ours, or are on one partition only
 */
public record UserTriggers(TablePair pair, List<Trigger> triggers, List<Stranger> strangers) implements SwitchPart {
    /**
     * A trigger, and the table that has it.
     *
     * @param definition the statement that makes it
     */
    record Stranger(QualifiedName table, Identifier trigger, String definition) {}

    private static final Sql STRANGERS = Sql.of("""
            SELECT n.nspname, c.relname, g.tgname, pg_catalog.pg_get_triggerdef(g.oid) AS definition
            FROM pg_catalog.pg_trigger AS g
            JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid
            JOIN pg_catalog.pg_roles AS r ON r.oid = p.proowner
            WHERE g.tgrelid IN ({tree}) AND NOT g.tgisinternal AND g.tgparentid = 0 AND p.proowner <> c.relowner AND NOT r.rolsuper
            ORDER BY n.nspname, c.relname, g.tgname""").with("tree", PartitionTree.OF_TABLE);

    private static final Sql DROP_TRIGGER = Sql.of("DROP TRIGGER IF EXISTS {trigger} ON {table}");
    private static final Sql SET_TRIGGER = Sql.of("ALTER TABLE {table} {state} TRIGGER {trigger}");

    private static final Sql COMMENT = Sql.of("COMMENT ON TRIGGER {trigger} ON {table} IS {comment}");
    private static final Sql DEPEND = Sql.of("ALTER TRIGGER {trigger} ON {table} DEPENDS ON EXTENSION {extension}");

    public UserTriggers {
        triggers = List.copyOf(triggers);
        strangers = List.copyOf(strangers);
    }

    /** Reads {@link #strangers}. */
    static List<Stranger> strangers(Session session, TablePair pair) throws SQLException {
        return session.query(
                STRANGERS.with("table", pair.old().name().quoted()),
                row -> new Stranger(
                        QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                        new Identifier(row.getString("tgname")),
                        row.getString("definition")));
    }

    /** The same before it is known which triggers other parts own. */
    record Planned(TablePair pair, List<Stranger> strangers) implements PlannedPart {
        @Override
        public SwitchPart among(List<PlannedPart> parts) {
            return new UserTriggers(pair, of(pair, parts), strangers);
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
        for (Stranger stranger : left()) {
            statements.add(DROP_TRIGGER.with("trigger", stranger.trigger()).with("table", stranger.table()));
        }
        return statements;
    }

    /** The strangers that do not go along with the name. A trigger of another table may have the same name. */
    private List<Stranger> left() {
        return strangers.stream()
                .filter(stranger -> triggers.stream()
                        .noneMatch(trigger -> trigger.name().equals(stranger.trigger())
                                && pair.old()
                                        .tablesWith(trigger, pair.liveName())
                                        .contains(stranger.table())))
                .toList();
    }

    @Override
    public List<String> consequences() {
        return left().stream()
                .map(stranger ->
                        "Trigger %s was dropped from %s, into which changes are replayed from now on: its function, which is neither the table owner's nor a superuser's, would run with the rights of the replay. Where it is still wanted once the table is live again, make it again: %s"
                                .formatted(stranger.trigger(), stranger.table(), stranger.definition()))
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
