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
 * The tables, among a table and its partitions, that already have a trigger of ours, as it was made.
 *
 * @param captured the tables that have the capturing trigger, enabled or not
 * @param refusing the tables that refuse TRUNCATE
 * @param notRefusing the tables whose trigger that refuses TRUNCATE is switched off
 */
public record Triggered(Set<QualifiedName> captured, Set<QualifiedName> refusing, Set<QualifiedName> notRefusing) {
    private static final Sql TRIGGERED = Sql.of("""
            SELECT n.nspname, c.relname, {refuses} IS TRUE AS refuses, g.tgenabled = 'A' AS always
            FROM ({tree}) AS t
            JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid
            WHERE {captures} OR {refuses}
            ORDER BY n.nspname, c.relname, refuses""").with("tree", PartitionTree.OF_TABLE);

    public static final Triggered NONE = new Triggered(Set.of(), Set.of(), Set.of());

    public Triggered {
        captured = Set.copyOf(captured);
        refusing = Set.copyOf(refusing);
        notRefusing = Set.copyOf(notRefusing);
    }

    /** Reads which tables of {@code table}'s tree have the capture's triggers; none if there is no such table. */
    public static Triggered of(Capture capture, Session session, QualifiedName table) throws SQLException {
        Set<QualifiedName> captured = new LinkedHashSet<>();
        Set<QualifiedName> refusing = new LinkedHashSet<>();
        Set<QualifiedName> notRefusing = new LinkedHashSet<>();
        session.query(
                capture.asMade(TRIGGERED).with("table", table.quoted()),
                row -> (!row.getBoolean("refuses") ? captured : row.getBoolean("always") ? refusing : notRefusing)
                        .add(QualifiedName.of(row.getString("nspname"), row.getString("relname"))));
        return new Triggered(captured, refusing, notRefusing);
    }

    /** The same set after a table was renamed. */
    public Triggered renamed(QualifiedName from, QualifiedName to) {
        return new Triggered(renamed(captured, from, to), renamed(refusing, from, to), renamed(notRefusing, from, to));
    }

    /** The same set once the triggers that refuse TRUNCATE are switched on. */
    Triggered withAllRefusing() {
        Set<QualifiedName> all = new LinkedHashSet<>(refusing);
        all.addAll(notRefusing);
        return new Triggered(captured, all, Set.of());
    }

    private static Set<QualifiedName> renamed(Set<QualifiedName> tables, QualifiedName from, QualifiedName to) {
        return tables.stream().map(it -> it.equals(from) ? to : it).collect(Collectors.toSet());
    }

    public boolean isNone() {
        return captured.isEmpty() && refusing.isEmpty() && notRefusing.isEmpty();
    }
}
