package liquibase.ext.partition.engine.delta;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlFragment;
import liquibase.ext.partition.engine.state.Migration;

/**
 * The delta table, and the triggers that fill it with the key and the partition-key value of every row that is written.
 *
 * <p>The row trigger only inserts, so it cannot block a writer, and no order of two writers is a wrong one. It fails no
 * writer as long as its owner has USAGE on the schema (see {@link CaptureRights}) and the disk has room. Both triggers
 * are {@code ENABLE ALWAYS}, so {@code session_replication_role = replica} does not bypass them.
 *
 * @param delta the delta table
 * @param key the key columns of the captured rows
 * @param partitionColumns recorded beside the key, so that replay finds the partition that a row was in
 */
public record Capture(QualifiedName delta, List<Identifier> key, List<Identifier> partitionColumns) {
    private static final Sql CREATE_DELTA = Sql.of("""
            CREATE TABLE {delta} AS SELECT {columns} FROM {source} WITH NO DATA""");

    private static final Sql CREATE_SEGMENT = Sql.of("CREATE TABLE {segment} () INHERITS ({delta})");

    private static final Sql CREATE_DELTA_INDEX = Sql.of("CREATE INDEX {index} ON {delta} ({key})");

    private static final Sql CREATE_MISSED = Sql.of("""
            CREATE TABLE {missed} (
              seen_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
              cause pg_catalog.text NOT NULL
            );
            COMMENT ON TABLE {missed} IS {comment}""");

    /** Marks the table as ours, in case somebody dropped the delta table by hand and left this one. */
    private static final String MISSED_COMMENT = "liquibase-partition: writes whose keys could not be recorded";

    private static final Sql IS_LEFT_MISSED = Sql.of(
            "SELECT pg_catalog.obj_description(pg_catalog.to_regclass({missed}), 'pg_class') IS NOT DISTINCT FROM {comment}");

    /**
     * An update leaves one row if it changed neither the key nor the partition-key value. The function compares the
     * images of these values, since every type has one; the casts keep the parser from comparing column by column.
     *
     * <p>Somebody who does not know of the capture may rename or drop a column that identifies the rows, or change its
     * type. No write may fail because of that, so the function reads the fields in a block that catches the error. The
     * block writes nothing, so its subtransaction needs no id. Its cost, as processor time of the backend on PostgreSQL
     * 15, on a narrow table with one index, as medians of interleaved ratios to the same function without the block:
     * 1.01 for a transaction of one row; 1.27 per row of a statement that inserts 20,000, 1.21 of one that updates
     * them, 1.15 of one that moves them to another month, 1.28 of one that deletes them. That is two to three
     * microseconds a row.
     *
     * <p>If the fields cannot be read as before, the function tries a newly planned statement: a plan that the session
     * has kept does not survive a change of type, although the value may still fit. If that fails too, the function
     * leaves a row in {@link #missed}, which stops every step that relies on capture. This is a separate table because
     * no row of the delta table could stand for such a write: a domain may refuse NULL. Each such write leaves its own
     * row. If a write relied on an earlier row, it would be forgotten together with that row.
     *
     * <p>With an argument, the function serves a table whose rows other triggers take out again and insert into a
     * child, where they are captured. A row that a transaction has inserted there and taken out itself need not be
     * captured: the deletion records which row is gone, and the trigger of the insertion, which fires later, checks
     * whether it is that row. Nothing is inserted at the same {@code ctid} of the same table before the transaction
     * ends, and the setting ends with the transaction or the subtransaction. In doubt the row is captured.
     *
     * <p>The function is SECURITY DEFINER whoever may write the table today: a role that is granted the right tomorrow
     * has no rights on the delta table, and its writes must not fail. The function can only be called as a trigger,
     * pins its {@code search_path} and qualifies every name.
     */
    private static final Sql CREATE_CAPTURE_FUNCTION = Sql.of("""
            {create} FUNCTION {function}() RETURNS pg_catalog.trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS {quote}
            DECLARE
              one {delta}%ROWTYPE;
              other {delta}%ROWTYPE;
              has_moved pg_catalog.bool := false;
            BEGIN
              IF TG_NARGS > 0 AND TG_OP = 'DELETE' THEN
                PERFORM pg_catalog.set_config('liquibase_partition.passed_on', TG_RELID || ' ' || OLD.ctid::pg_catalog.text, true);
                IF OLD.xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid THEN
                  RETURN NULL;
                END IF;
              ELSIF TG_NARGS > 0 AND TG_OP = 'INSERT'
                    AND pg_catalog.current_setting('liquibase_partition.passed_on', true) = TG_RELID || ' ' || NEW.ctid::pg_catalog.text THEN
                RETURN NULL;
              END IF;
              BEGIN
                IF TG_OP = 'INSERT' THEN
                  one := ROW({new});
                ELSE
                  one := ROW({old});
                  IF TG_OP = 'UPDATE' THEN
                    other := ROW({new});
                    has_moved := other::pg_catalog.record OPERATOR(pg_catalog.*<>) one::pg_catalog.record;
                  END IF;
                END IF;
              EXCEPTION WHEN OTHERS THEN
                BEGIN
                  IF TG_OP <> 'INSERT' THEN
                    EXECUTE {insert} USING OLD;
                  END IF;
                  IF TG_OP <> 'DELETE' THEN
                    EXECUTE {insert} USING NEW;
                  END IF;
                EXCEPTION WHEN OTHERS THEN
                  INSERT INTO {missed} (cause) VALUES (pg_catalog.left(SQLERRM, 200));
                END;
                RETURN NULL;
              END;
              INSERT INTO {segment} ({columns}) VALUES ({one});
              IF has_moved THEN
                INSERT INTO {segment} ({columns}) VALUES ({other});
              END IF;
              RETURN NULL;
            END
            {quote}""");

    private static final Sql INSERT_ANEW = Sql.of("INSERT INTO {delta} ({columns}) SELECT {fields}");

    private static final Sql CREATE_REFUSAL_FUNCTION = Sql.of("""
            CREATE FUNCTION {function}() RETURNS pg_catalog.trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $refuse$
            BEGIN
              RAISE EXCEPTION 'TRUNCATE of %.% is refused while it is being partitioned: it would bypass change capture, and the truncated rows would come back.', TG_TABLE_SCHEMA, TG_TABLE_NAME
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      HINT = 'DELETE the rows, or take the migration back with liquibase rollback first.';
            END
            $refuse$""");

    private static final Sql CHANGE_OWNER_OF_TABLE = Sql.of("ALTER TABLE {delta} OWNER TO {owner}");
    private static final Sql CHANGE_OWNER_OF_FUNCTION = Sql.of("ALTER FUNCTION {function}() OWNER TO {owner}");

    private static final Sql CREATE_CAPTURE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} AFTER INSERT OR UPDATE OR DELETE ON {table}
              FOR EACH ROW EXECUTE FUNCTION {function}({arguments})""");

    private static final Sql PASSES_ROWS_ON = Sql.literal("passes rows on");

    private static final Sql CREATE_REFUSAL_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} BEFORE TRUNCATE ON {table}
              FOR EACH STATEMENT EXECUTE FUNCTION {function}()""");

    private static final Sql ENABLE_ALWAYS = Sql.of("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}");
    private static final Sql DISABLE = Sql.of("ALTER TABLE {table} DISABLE TRIGGER {trigger}");
    private static final Sql DROP_TRIGGER = Sql.of("DROP TRIGGER IF EXISTS {trigger} ON {table}");
    private static final Sql CHANGE_TYPE =
            Sql.of("ALTER TABLE {delta} ALTER COLUMN {column} TYPE {type} USING NULL::{type}");
    private static final Sql DROP_FUNCTION = Sql.of("DROP FUNCTION IF EXISTS {function}()");
    private static final Sql DROP_MISSED = Sql.of("DROP TABLE IF EXISTS {missed}");

    private static final Sql MISSED = Sql.of("""
            SELECT m.ctid::pg_catalog.text || ' ' || m.xmin::pg_catalog.text AS row,
                   pg_catalog.date_trunc('second', m.seen_at)::pg_catalog.text AS seen_at, m.cause
            FROM {missed} AS m ORDER BY m.seen_at LIMIT {limit}""");

    private static final Sql FORGET_MISSED = Sql.of("""
            DELETE FROM {missed} AS m WHERE m.ctid::pg_catalog.text || ' ' || m.xmin::pg_catalog.text = ANY ({rows})""");

    private static final Sql EXISTS = Sql.of("SELECT pg_catalog.to_regclass({table}) IS NOT NULL");

    private static final Sql FORGET_ALL_MISSED = Sql.of("DELETE FROM {missed}");

    private static final Sql DROP_DELTA = Sql.of("DROP TABLE IF EXISTS {segments}");

    /** Goes by the function's text, so that the answer is right whoever has made the function. */
    private static final Sql CAPTURES_INTO = Sql.of("""
            SELECT pg_catalog.strpos(p.prosrc, {insert}) > 0 FROM pg_catalog.pg_proc AS p
            WHERE p.oid OPERATOR(pg_catalog.=) pg_catalog.to_regproc({capture})""");

    /**
     * The row trigger must be on every table of the tree, since a parent that routes its rows to children can have rows
     * of its own. The server clones the trigger to partitions made later, and the routing makes it on new children. The
     * trigger that refuses TRUNCATE must be on the table itself; a partition that was made since holds only captured
     * rows.
     */
    private static final Sql IS_ON = Sql.of("""
            SELECT NOT EXISTS (
              SELECT FROM ({tree}) AS t
              WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS g
                                WHERE g.tgrelid = t.oid AND g.tgenabled = 'A' AND g.tgfoid = pg_catalog.to_regproc({capture})))
            AND EXISTS (SELECT FROM pg_catalog.pg_trigger AS g
                        WHERE g.tgrelid = pg_catalog.to_regclass({table}) AND g.tgenabled = 'A' AND g.tgfoid = pg_catalog.to_regproc({refusal}))
            """).with("tree", PartitionTree.OF_TABLE);

    private static final Sql TRIGGERED = Sql.of("""
            SELECT n.nspname, c.relname, g.tgfoid = pg_catalog.to_regproc({refusal}) AS refuses
            FROM ({tree}) AS t
            JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid
            WHERE g.tgfoid = pg_catalog.to_regproc({capture}) AND g.tgname = {captureTrigger}
               OR g.tgfoid = pg_catalog.to_regproc({refusal}) AND g.tgname = {refusalTrigger} AND g.tgenabled = 'A'
            ORDER BY n.nspname, c.relname, refuses""").with("tree", PartitionTree.OF_TABLE);

    /**
     * When a partition is detached, it loses the clones of its parent's triggers, but keeps triggers that were made on
     * the partition itself.
     */
    private static final Sql TAKEN_OUT = Sql.of("""
            SELECT n.nspname, c.relname, g.tgname
            FROM pg_catalog.pg_trigger AS g
            JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE g.tgfoid IN (pg_catalog.to_regproc({capture}), pg_catalog.to_regproc({refusal})) AND g.tgparentid = 0
              AND g.tgrelid NOT IN ({tree})
            ORDER BY n.nspname, c.relname, g.tgname""").with("tree", PartitionTree.OF_TABLE);

    private static final Sql BACKLOG =
            Sql.of("SELECT pg_catalog.count(*) FROM (SELECT FROM {delta} LIMIT {limit}) AS counted");

    private static final Sql ANALYZE = Sql.of("ANALYZE {segments}");

    /** The capture of a migration whose changes are captured. */
    public static Capture of(Migration migration) {
        return new Capture(migration.delta(), migration.keyColumns(), migration.partitionColumns());
    }

    /** The columns of the delta table: the key, and the columns of the partition key that are not part of it. */
    public List<Identifier> columns() {
        Set<Identifier> columns = new LinkedHashSet<>(key);
        columns.addAll(partitionColumns);
        return List.copyOf(columns);
    }

    /**
     * Statements that make the delta table and the functions. They do not touch the source, and must run in one
     * transaction.
     *
     * @param owner the role that the delta table must belong to, if it is not the role that makes it
     */
    public List<Sql> createStatements(QualifiedName source, Optional<Identifier> owner) {
        List<Sql> statements = new ArrayList<>();
        statements.add(CREATE_DELTA
                .with("delta", delta)
                .with("columns", Sql.list(columns()))
                .with("source", source));
        statements.add(CREATE_SEGMENT.with("segment", second()).with("delta", delta));
        for (QualifiedName segment : segments()) {
            statements.add(CREATE_DELTA_INDEX
                    .with("index", DerivedName.of(segment.name(), "_key"))
                    .with("delta", segment)
                    .with("key", Sql.list(key)));
        }
        statements.add(Seclusion.of(delta, source));
        statements.add(Seclusion.made(
                missed(), CREATE_MISSED.with("missed", missed()).with("comment", Sql.literal(MISSED_COMMENT))));
        statements.add(captureFunction(Sql.raw("CREATE"), delta));
        statements.add(CREATE_REFUSAL_FUNCTION.with("function", refusalFunction()));
        // Only the triggers call the functions; roles that may write the table need no right to call them.
        statements.add(Seclusion.ofFunction(captureFunction()));
        statements.add(Seclusion.ofFunction(refusalFunction()));
        owner.ifPresent(role -> {
            segments()
                    .forEach(segment -> statements.add(
                            CHANGE_OWNER_OF_TABLE.with("delta", segment).with("owner", role)));
            statements.add(CHANGE_OWNER_OF_TABLE.with("delta", missed()).with("owner", role));
            statements.add(
                    CHANGE_OWNER_OF_FUNCTION.with("function", captureFunction()).with("owner", role));
            statements.add(
                    CHANGE_OWNER_OF_FUNCTION.with("function", refusalFunction()).with("owner", role));
        });
        return statements;
    }

    /**
     * Statements that begin capture on a table. The first takes SHARE ROW EXCLUSIVE on it: it waits for writers in
     * flight, and new writers wait for it. So run it under the lock policy.
     */
    public List<Sql> startStatements(CapturedTable captured) {
        return startStatements(captured, Triggered.NONE);
    }

    /**
     * As {@link #startStatements(CapturedTable)}, without the triggers that were made ahead.
     *
     * @param triggered as read by {@link #triggered}
     */
    public List<Sql> startStatements(CapturedTable captured, Triggered triggered) {
        List<Sql> statements = new ArrayList<>();
        for (QualifiedName one : captured.rowTriggered()) {
            if (!triggered.captured().contains(one)) {
                statements.add(createCaptureTrigger(captured, one));
            }
            statements.add(ENABLE_ALWAYS.with("table", one).with("trigger", captureTrigger()));
        }
        refuse(statements, captured, triggered);
        return statements;
    }

    /**
     * Statements that give a table of many partitions its triggers before capture of it begins, while nobody uses it
     * yet. The capturing triggers are made disabled. Empty if there is nothing to make.
     */
    public List<Sql> aheadStatements(CapturedTable captured, Triggered triggered) {
        List<Sql> statements = new ArrayList<>();
        for (QualifiedName one : captured.rowTriggered()) {
            if (!triggered.captured().contains(one)) {
                statements.add(createCaptureTrigger(captured, one));
                statements.add(DISABLE.with("table", one).with("trigger", captureTrigger()));
            }
        }
        refuse(statements, captured, triggered);
        return statements;
    }

    private Sql createCaptureTrigger(CapturedTable captured, QualifiedName table) {
        return CREATE_CAPTURE_TRIGGER
                .with("trigger", captureTrigger())
                .with("table", table)
                .with("function", captureFunction())
                .with("arguments", captured.passesRowsOn(table) ? PASSES_ROWS_ON : Sql.empty());
    }

    private void refuse(List<Sql> statements, CapturedTable captured, Triggered triggered) {
        for (QualifiedName one : captured.truncatable()) {
            if (!triggered.refusing().contains(one)) {
                statements.add(CREATE_REFUSAL_TRIGGER
                        .with("trigger", refusalTrigger())
                        .with("table", one)
                        .with("function", refusalFunction()));
                statements.add(ENABLE_ALWAYS.with("table", one).with("trigger", refusalTrigger()));
            }
        }
    }

    /**
     * Statements that end capture on a table of many partitions that nobody uses from now on. They leave its triggers
     * to {@link #stopStatements}.
     */
    public List<Sql> pauseStatements(CapturedTable captured) {
        return captured.rowTriggered().stream()
                .map(one -> DISABLE.with("table", one).with("trigger", captureTrigger()))
                .toList();
    }

    /** Statements that end capture on a table. The first takes ACCESS EXCLUSIVE on it. */
    public List<Sql> stopStatements(CapturedTable captured) {
        List<Sql> statements = new ArrayList<>();
        for (QualifiedName one : captured.rowTriggered()) {
            statements.add(DROP_TRIGGER.with("trigger", captureTrigger()).with("table", one));
        }
        for (QualifiedName one : captured.truncatable()) {
            statements.add(DROP_TRIGGER.with("trigger", refusalTrigger()).with("table", one));
        }
        return statements;
    }

    /**
     * Statements that drop the triggers of tables that no longer belong to {@code captured}, such as months that
     * somebody has detached. The functions could not be dropped otherwise. The statements take ACCESS EXCLUSIVE on
     * these tables.
     */
    public List<Sql> freeStatements(Session session, QualifiedName captured) throws SQLException {
        return session.query(
                TAKEN_OUT
                        .with("table", captured.quoted())
                        .with("capture", captureFunction().quoted())
                        .with("refusal", refusalFunction().quoted()),
                row -> DROP_TRIGGER
                        .with("trigger", new Identifier(row.getString("tgname")))
                        .with("table", QualifiedName.of(row.getString("nspname"), row.getString("relname"))));
    }

    /**
     * Statements that change the types of the delta table's columns to those of {@code table}, which is the captured
     * one from now on. The delta table must be empty.
     */
    public List<Sql> adaptStatements(Table leaving, Table table) {
        List<Sql> statements = new ArrayList<>();
        for (Identifier name : columns()) {
            String type = table.column(name).orElseThrow().type();
            if (!type.equals(leaving.column(name).orElseThrow().type())) {
                statements.add(
                        CHANGE_TYPE.with("delta", delta).with("column", name).with("type", Sql.raw(type)));
            }
        }
        return statements;
    }

    /** Statements that remove the functions and the delta table, once no trigger uses them. */
    public List<Sql> dropStatements() {
        return List.of(
                DROP_FUNCTION.with("function", captureFunction()),
                DROP_FUNCTION.with("function", refusalFunction()),
                DROP_DELTA.with("segments", Sql.list(segments())),
                dropMissed());
    }

    /**
     * The tables that make up the delta table: itself, and one that inherits from it. Writers' keys go into one of them
     * at a time. Both always count, and a statement that names the delta table reads and writes both. See
     * {@link Segments}.
     */
    public List<QualifiedName> segments() {
        return List.of(delta, second());
    }

    private QualifiedName second() {
        return delta.sibling(DerivedName.of(delta.name(), "_2"));
    }

    /** The statement that sends writers' keys into {@code segment} from now on. No writer waits for it. */
    Sql captureInto(QualifiedName segment) {
        return captureFunction(Sql.raw("CREATE OR REPLACE"), segment);
    }

    private Sql captureFunction(Sql create, QualifiedName segment) {
        return CREATE_CAPTURE_FUNCTION
                .with("create", create)
                .with("quote", Sql.dollarQuote("capture", Sql.list(names())))
                .with("function", captureFunction())
                .with("delta", delta)
                .with("segment", segment)
                .with("columns", Sql.list(columns()))
                .with("missed", missed())
                .with("old", Sql.list("OLD", columns()))
                .with("new", Sql.list("NEW", columns()))
                .with("one", Sql.list("one", columns()))
                .with("other", Sql.list("other", columns()))
                .with(
                        "insert",
                        Sql.literal(INSERT_ANEW
                                .with("delta", segment)
                                .with("columns", Sql.list(columns()))
                                .with("fields", Sql.list("($1)", columns()))
                                .script()));
    }

    /** Whether writers' keys go into {@code segment}. */
    boolean capturesInto(Session session, QualifiedName segment) throws SQLException {
        return session.queryBoolean(CAPTURES_INTO
                .with("capture", captureFunction().quoted())
                .with("insert", "INSERT INTO %s (".formatted(segment.quoted())));
    }

    /**
     * The tables, among a table and its partitions, that already have a trigger of ours.
     *
     * @param captured the tables that have the capturing trigger, enabled or not
     * @param refusing the tables that refuse TRUNCATE
     */
    public record Triggered(Set<QualifiedName> captured, Set<QualifiedName> refusing) {
        public static final Triggered NONE = new Triggered(Set.of(), Set.of());

        public Triggered {
            captured = Set.copyOf(captured);
            refusing = Set.copyOf(refusing);
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

    /** Reads which tables of {@code table}'s tree have our triggers; none if there is no such table. */
    public Triggered triggered(Session session, QualifiedName table) throws SQLException {
        Set<QualifiedName> captured = new LinkedHashSet<>();
        Set<QualifiedName> refusing = new LinkedHashSet<>();
        session.query(
                TRIGGERED
                        .with("table", table.quoted())
                        .with("capture", captureFunction().quoted())
                        .with("refusal", refusalFunction().quoted())
                        .with("captureTrigger", captureTrigger().name())
                        .with("refusalTrigger", refusalTrigger().name()),
                row -> (row.getBoolean("refuses") ? refusing : captured)
                        .add(QualifiedName.of(row.getString("nspname"), row.getString("relname"))));
        return new Triggered(captured, refusing);
    }

    /**
     * Removes our triggers, if there are any, from a partitioned table that is not captured. Runs in the open
     * transaction.
     */
    public void removeFrom(Session session, QualifiedName table, Routing routing) throws SQLException {
        if (!triggered(session, table).isNone()) {
            session.updateAll(
                    stopStatements(new CapturedTable(table, new TableReader(session).partitions(table), routing)));
        }
    }

    /** Whether writes to {@code table} and its partitions are captured, and TRUNCATE is refused. */
    public boolean isOn(Session session, QualifiedName table) throws SQLException {
        return session.queryBoolean(named(IS_ON).with("table", table.quoted()));
    }

    /**
     * Requires that all changes are captured; every step that relies on capture calls it.
     *
     * @param rest the message after the cause: what may differ, what is unchanged, what to do next
     * @throws PartitionException when writes to {@code table} are not captured, or one of them could not be
     */
    public void requireOn(Session session, QualifiedName table, String rest) throws SQLException {
        requireEnabled(session, table, rest);
        Optional<Missed> missed = missed(session, 1).stream().findFirst();
        if (missed.isPresent()) {
            throw new PartitionException(
                    "Changes of %s are not all being captured: since %s a write could not be recorded in %s, because a column that the capture reads was renamed, dropped or given another type (%s). Writers go on%s Undo that change before; or roll back to before createPartitionedTable instead, and begin again with the columns as they are now."
                            .formatted(
                                    table,
                                    missed.get().seenAt(),
                                    delta,
                                    missed.get().cause(),
                                    rest));
        }
    }

    /**
     * Requires that the triggers are enabled. For a step that finds writes that could not be captured by a comparison
     * of its own.
     *
     * @param rest the message after the cause: what may differ, what is unchanged, what to do next
     * @throws PartitionException when a trigger of {@code table} is missing or disabled
     */
    public void requireEnabled(Session session, QualifiedName table, String rest) throws SQLException {
        if (!isOn(session, table)) {
            throw new PartitionException(
                    "Changes of %s are not being captured: a trigger of %s is missing or disabled%s"
                            .formatted(table, delta, rest));
        }
    }

    /**
     * A write that could not be recorded in the delta table.
     *
     * @param row by which {@link #forget} finds the record again
     * @param cause the server's message
     */
    public record Missed(String row, String seenAt, String cause) {}

    /** Committed writes that could not be recorded, the earliest first. */
    public List<Missed> missed(Session session, long limit) throws SQLException {
        return session.query(
                MISSED.with("missed", missed()).with("limit", limit),
                row -> new Missed(row.getString("row"), row.getString("seen_at"), row.getString("cause")));
    }

    /**
     * Forgets these writes and no others. Call it once a comparison that began after they were read has found all of
     * them.
     */
    public void forget(Session session, List<Missed> missed) throws SQLException {
        session.update(FORGET_MISSED
                .with("missed", missed())
                .with("rows", missed.stream().map(Missed::row).toArray(String[]::new)));
    }

    /**
     * Forgets all missed writes, for callers that discard everything that rests on the capture so far. A write that has
     * not committed yet still leaves its row.
     */
    void forgetMissed(Session session) throws SQLException {
        if (session.queryBoolean(EXISTS.with("table", missed().quoted()))) {
            session.update(FORGET_ALL_MISSED.with("missed", missed()));
        }
    }

    /** How many rows the delta table has; counts no further than {@code limit}. */
    public long backlog(Session session, long limit) throws SQLException {
        return session.queryLong(backlogQuestion(limit));
    }

    /** The query of {@link #backlog}, for callers that ask it together with others. */
    public Sql backlogQuestion(long limit) {
        return BACKLOG.with("delta", delta).with("limit", limit);
    }

    /** Refreshes the delta table's statistics, on which the plan of the copy's anti-join rests. */
    public void analyze(Session session) throws SQLException {
        session.update(ANALYZE.with("segments", Sql.list(segments())));
    }

    /** All names in the function's body that a user has chosen. */
    private List<SqlFragment> names() {
        List<SqlFragment> names = new ArrayList<>(columns());
        names.addAll(segments());
        names.add(missed());
        return names;
    }

    /** The row trigger's name. */
    public Identifier captureTrigger() {
        return DerivedName.of(delta.name(), "_capture");
    }

    private Identifier refusalTrigger() {
        return DerivedName.of(delta.name(), "_no_truncate");
    }

    /** Whether a trigger of that name is one of ours. */
    public boolean owns(Identifier trigger) {
        return trigger.equals(captureTrigger()) || trigger.equals(refusalTrigger());
    }

    QualifiedName captureFunction() {
        return delta.sibling(captureTrigger());
    }

    private QualifiedName refusalFunction() {
        return delta.sibling(refusalTrigger());
    }

    /** Fills in the names of the functions in the form in which the catalog is asked for them. */
    Sql named(Sql template) {
        return template.with("capture", captureFunction().quoted())
                .with("refusal", refusalFunction().quoted());
    }

    /** Whether {@link #missed} was left by an earlier capture whose delta table somebody has dropped by hand. */
    boolean hasLeftMissed(Session session) throws SQLException {
        return session.queryBoolean(
                IS_LEFT_MISSED.with("missed", missed().quoted()).with("comment", MISSED_COMMENT));
    }

    /** The statement that drops {@link #missed}. */
    Sql dropMissed() {
        return DROP_MISSED.with("missed", missed());
    }

    /** The table of writes that could not be recorded. */
    public QualifiedName missed() {
        return delta.sibling(DerivedName.of(delta.name(), "_missed"));
    }

    /** An expression for the oid of the function that captures a row; NULL if there is none. */
    Sql captureFunctionOid() {
        return Sql.of("pg_catalog.to_regproc({capture})")
                .with("capture", captureFunction().quoted());
    }
}
