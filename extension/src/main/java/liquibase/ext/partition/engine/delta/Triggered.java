package liquibase.ext.partition.engine.delta;

import java.sql.SQLException;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The tables, among a table and its partitions, that already have a trigger of ours.
 *
 * @param captured the tables that have the capturing trigger, enabled or not
 * @param refusing the tables that refuse TRUNCATE
 */
public record Triggered(Set<QualifiedName> captured, Set<QualifiedName> refusing) {
    private static final Sql TRIGGERED = Sql.of("""
            SELECT n.nspname, c.relname, g.tgfoid = pg_catalog.to_regprocedure({refusal}) AS refuses
            FROM ({tree}) AS t
            JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid
            WHERE g.tgfoid = pg_catalog.to_regprocedure({capture}) AND g.tgname = {captureTrigger}
               OR g.tgfoid = pg_catalog.to_regprocedure({refusal}) AND g.tgname = {refusalTrigger} AND g.tgenabled = 'A'
            ORDER BY n.nspname, c.relname, refuses""").with("tree", PartitionTree.OF_TABLE);

    public static final Triggered NONE = new Triggered(Set.of(), Set.of());

    public Triggered {
        captured = Set.copyOf(captured);
        refusing = Set.copyOf(refusing);
    }

    /** Reads which tables of {@code table}'s tree have the capture's triggers; none if there is no such table. */
    public static Triggered of(Capture capture, Session session, QualifiedName table) throws SQLException {
        Set<QualifiedName> captured = new LinkedHashSet<>();
        Set<QualifiedName> refusing = new LinkedHashSet<>();
        session.query(
                capture.named(TRIGGERED)
                        .with("table", table.quoted())
                        .with("captureTrigger", capture.captureTrigger().name())
                        .with("refusalTrigger", capture.refusalTrigger().name()),
                row -> (row.getBoolean("refuses") ? refusing : captured)
                        .add(QualifiedName.of(row.getString("nspname"), row.getString("relname"))));
        return new Triggered(captured, refusing);
    }

    /** The same set after a table was renamed. */
    public Triggered renamed(QualifiedName from, QualifiedName to) {
        return new Triggered(renamed(captured, from, to), renamed(refusing, from, to));
    }

    private static Set<QualifiedName> renamed(Set<QualifiedName> tables, QualifiedName from, QualifiedName to) {
        return tables.stream().map(it -> it.equals(from) ? to : it).collect(Collectors.toSet());
    }

    public boolean isNone() {
        return captured.isEmpty() && refusing.isEmpty();
    }
}
