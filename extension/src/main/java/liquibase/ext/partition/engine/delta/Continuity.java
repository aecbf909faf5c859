package liquibase.ext.partition.engine.delta;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.StateTables;

/**
 * Whether changes have been captured without a break since a comparison, or the switch, last found the two tables in
 * step. A trigger that was disabled for a while and is on again looks as before, but the writes of that time are on one
 * side only. Every {@code ALTER TABLE … TRIGGER} writes the trigger's catalog row anew, so its {@code xmin} shows the
 * break; a trigger that was made again has another oid. After a break, a comparison must find out whether rows differ.
 *
 * <p>Covers only the triggers that existed at that time: neither those of a partition that was made later, nor the rows
 * of a table that was attached.
 */
public final class Continuity {
    private static final Sql TRIGGERS = Sql.of("""
            (SELECT coalesce(pg_catalog.array_agg(pg_catalog.format('%s:%s:%s', g.tgrelid, g.oid, g.xmin) ORDER BY g.oid), '{}')
             FROM pg_catalog.pg_trigger AS g
             WHERE g.tgfoid IN (pg_catalog.to_regprocedure({capture}), pg_catalog.to_regprocedure({refusal})) AND g.tgrelid IN ({tree}))""").with("tree", PartitionTree.OF_TABLE);

    private static final Sql LIST = Sql.of("SELECT pg_catalog.unnest({triggers})");

    private static final Sql IS_UNBROKEN = Sql.of("""
            SELECT NOT EXISTS (
              SELECT FROM {migration} AS m, pg_catalog.unnest(m.capture_triggers) AS r (recorded)
              WHERE m.id = {id} AND pg_catalog.split_part(r.recorded, ':', 1)::pg_catalog.oid IN ({tree})
                AND NOT EXISTS (SELECT FROM pg_catalog.unnest({triggers}) AS n (now) WHERE n.now = r.recorded))""").with("tree", PartitionTree.OF_TABLE);

    private static final Sql FORGET = Sql.of("""
            UPDATE {migration} SET capture_triggers = ARRAY(
              SELECT r.recorded FROM pg_catalog.unnest(capture_triggers) AS r (recorded)
              WHERE pg_catalog.split_part(r.recorded, ':', 1) <> {partition})
            WHERE id = {id} AND capture_triggers IS NOT NULL""");

    private static final Sql SWITCHED_OFF = Sql.of("""
            SELECT pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', g.tgrelid::pg_catalog.regclass, g.tgname)
            FROM pg_catalog.pg_trigger AS g
            WHERE ({captures} OR {refuses}) AND g.tgenabled <> 'A' AND g.tgrelid IN ({tree})
            ORDER BY 1""").with("tree", PartitionTree.OF_TABLE);

    private static final Sql REPLACED = Sql.of("""
            SELECT pg_catalog.format('DROP TRIGGER %I ON %s', g.tgname, g.tgrelid::pg_catalog.regclass)
            FROM pg_catalog.pg_trigger AS g
            WHERE g.tgname IN ({captureTrigger}, {refusalTrigger}) AND g.tgparentid = 0 AND g.tgrelid IN ({tree})
              AND ({captures} OR {refuses}) IS NOT TRUE
            ORDER BY 1""").with("tree", PartitionTree.OF_TABLE);

    private Continuity() {}

    /** An expression for the triggers that capture changes of {@code table}, each in its present state. */
    public static Sql triggers(Capture capture, QualifiedName table) {
        return capture.named(TRIGGERS).with("table", table.quoted());
    }

    /** Reads {@link #triggers} now. */
    public static String[] read(Session session, Capture capture, QualifiedName table) throws SQLException {
        return session.queryStrings(LIST.with("triggers", triggers(capture, table)))
                .toArray(String[]::new);
    }

    /** Whether the triggers of {@code table} are the recorded ones, unchanged since. */
    public static boolean isUnbroken(StepRun run, Migration migration, QualifiedName table) throws SQLException {
        return run.session()
                .queryBoolean(IS_UNBROKEN
                        .with("migration", run.state().migration())
                        .with("id", migration.id())
                        .with("table", table.quoted())
                        .with("triggers", triggers(Capture.of(migration), table)));
    }

    /**
     * The statement that forgets the triggers of a partition, in the transaction that detaches it: if it is attached
     * again, it has others.
     *
     * @param partition its oid
     */
    public static Sql forgetStatement(StateTables state, Migration migration, long partition) {
        return FORGET.with("migration", state.migration())
                .with("id", migration.id())
                .with("partition", Sql.literal(Long.toString(partition)));
    }

    /**
     * The remedy after the swap for a trigger that is missing, disabled or replaced: the last sentences of a message.
     * Once all its statements are run, {@link Capture#isOn} holds.
     */
    public static String remedy(Session session, Capture capture, CapturedTable live) throws SQLException {
        List<String> statements = new ArrayList<>();
        for (Sql question : List.of(REPLACED, SWITCHED_OFF)) {
            statements.addAll(session.queryStrings(
                    capture.asMade(question).with("table", live.table().quoted())));
        }
        Triggered triggered = Triggered.of(capture, session, live.table());
        for (Sql statement : capture.mendStatements(live, triggered.withAllRefusing())) {
            statements.add(statement.script());
        }
        return "Switch it on again, then run the same command again, which compares the table with its backup: %s"
                .formatted(String.join("; ", statements));
    }
}
