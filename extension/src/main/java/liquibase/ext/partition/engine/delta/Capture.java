package liquibase.ext.partition.engine.delta;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migration.Exchange;
import liquibase.ext.partition.engine.state.Phase;

/**
 * The delta table, and the triggers that fill it with the key and the partition-key value of every row that is written.
 *
 * <p>The row trigger only inserts, so it cannot block a writer, and no order of two writers is a wrong one. It fails no
 * writer as long as its owner has USAGE on the schema (see {@link CaptureRights}) and the disk has room. Both triggers
 * are {@code ENABLE ALWAYS}, so {@code session_replication_role = replica} does not bypass them.
 *
 * <p>The file is long because it has the statements for every moment of a capture, from its creation to its removal.
 *
 * @param delta the delta table
 * @param key the key columns of the captured rows
 * @param partitionColumns recorded beside the key, so that replay finds the partition that a row was in
 * @param partitions the oids of partitions that are captured each by itself, of a table whose other partitions are not;
 *     empty if a table is captured with all of its partitions
 */
public record Capture(
        QualifiedName delta, List<Identifier> key, List<Identifier> partitionColumns, List<Long> partitions) {
    private static final Sql CREATE_DELTA = Sql.of("""
            CREATE TABLE {delta} AS SELECT {columns} FROM {source} WITH NO DATA""");

    private static final Sql CREATE_SEGMENT = Sql.of("CREATE TABLE {segment} () INHERITS ({delta})");

    private static final Sql CREATE_DELTA_INDEX = Sql.of("CREATE INDEX {index} ON {delta} ({key})");

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
    private static final Sql DROP_DELTA = Sql.of("DROP TABLE IF EXISTS {segments}");

    /**
     * Whether a trigger {@code g} is the row trigger, as it was made. One that was replaced by a trigger for other
     * events (29 is AFTER INSERT OR UPDATE OR DELETE FOR EACH ROW), for some columns only or with a condition is not.
     */
    private static final Sql CAPTURES = Sql.of("""
            (g.tgname = {captureTrigger} AND g.tgfoid = pg_catalog.to_regprocedure({capture})
              AND g.tgtype = 29 AND g.tgqual IS NULL AND g.tgattr::pg_catalog.text = '')""");

    /** Whether it is the trigger that refuses TRUNCATE, as it was made; 34 is BEFORE TRUNCATE. */
    private static final Sql REFUSES = Sql.of("""
            (g.tgname = {refusalTrigger} AND g.tgfoid = pg_catalog.to_regprocedure({refusal})
              AND g.tgtype = 34 AND g.tgqual IS NULL)""");

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
                                WHERE g.tgrelid = t.oid AND g.tgenabled = 'A' AND {captures}))
            AND EXISTS (SELECT FROM pg_catalog.pg_trigger AS g
                        WHERE g.tgrelid = pg_catalog.to_regclass({table}) AND g.tgenabled = 'A' AND {refuses})
            """).with("tree", PartitionTree.OF_TABLE);

    private static final Sql ARE_ON = Sql.of("""
            SELECT NOT EXISTS (
              SELECT FROM ({given}) AS t
              WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS g
                                WHERE g.tgrelid = t.oid AND g.tgenabled = 'A' AND {captures})
                 OR NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS g
                                WHERE g.tgrelid = t.oid AND g.tgenabled = 'A' AND {refuses}))
            """);

    /**
     * When a partition is detached, it loses the clones of its parent's triggers, but keeps triggers that were made on
     * the partition itself.
     */
    private static final Sql TAKEN_OUT = Sql.of("""
            SELECT n.nspname, c.relname, g.tgname
            FROM pg_catalog.pg_trigger AS g
            JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE g.tgfoid IN (pg_catalog.to_regprocedure({capture}), pg_catalog.to_regprocedure({refusal})) AND g.tgparentid = 0
              AND g.tgrelid NOT IN ({tree})
            ORDER BY n.nspname, c.relname, g.tgname""").with("tree", PartitionTree.OF_TABLE);

    private static final Sql BACKLOG =
            Sql.of("SELECT pg_catalog.count(*) FROM (SELECT FROM {delta} LIMIT {limit}) AS counted");

    private static final Sql ANALYZE = Sql.of("ANALYZE {segments}");

    /** The capture of a table, with all of its partitions if it has some. */
    public Capture(QualifiedName delta, List<Identifier> key, List<Identifier> partitionColumns) {
        this(delta, key, partitionColumns, List.of());
    }

    /** The capture of a migration whose changes are captured. */
    public static Capture of(Migration migration) {
        return new Capture(
                migration.delta(), migration.keyColumns(), migration.partitionColumns(), capturedAlone(migration));
    }

    private static List<Long> capturedAlone(Migration migration) {
        if (migration.phase().isAtLeast(Phase.SWAPPED)) {
            return migration.exchange().map(Exchange::partitions).orElse(List.of());
        }
        return migration
                .exchange()
                .filter(Exchange::isOfSeveral)
                .map(Exchange::left)
                .orElse(List.of());
    }

    /** The capture of a migration that begins now. */
    static Capture beginning(Migration migration, QualifiedName delta, List<Identifier> key) {
        return new Capture(delta, key, migration.partitionColumns(), capturedAlone(migration));
    }

    /** The writes that could not be recorded in the delta table. */
    public MissedWrites missed() {
        return new MissedWrites(delta);
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
     */
    public List<Sql> createStatements(QualifiedName source) {
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
        statements.add(missed().createStatement());
        statements.addAll(new CaptureFunctions(this).createStatements());
        // Only the triggers call the functions; roles that may write the table need no right to call them.
        statements.add(Seclusion.ofFunction(captureFunction()));
        statements.add(Seclusion.ofFunction(refusalFunction()));
        return statements;
    }

    /** Statements that give to {@code owner} what the {@linkplain #createStatements statements before} have made. */
    public List<Sql> ownerStatements(Identifier owner) {
        List<Sql> statements = new ArrayList<>();
        for (QualifiedName segment : segments()) {
            statements.add(CHANGE_OWNER_OF_TABLE.with("delta", segment).with("owner", owner));
        }
        statements.add(CHANGE_OWNER_OF_TABLE.with("delta", missed().table()).with("owner", owner));
        statements.add(
                CHANGE_OWNER_OF_FUNCTION.with("function", captureFunction()).with("owner", owner));
        statements.add(
                CHANGE_OWNER_OF_FUNCTION.with("function", refusalFunction()).with("owner", owner));
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
     * @param triggered as read by {@link Triggered#of}
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
     * As {@link #startStatements(CapturedTable, Triggered)}, for a table some of whose triggers are missing or switched
     * off: leaves the others alone.
     */
    List<Sql> mendStatements(CapturedTable captured, Triggered triggered) {
        List<Sql> statements = new ArrayList<>();
        for (QualifiedName one : captured.rowTriggered()) {
            if (!triggered.captured().contains(one)) {
                statements.add(createCaptureTrigger(captured, one));
                statements.add(ENABLE_ALWAYS.with("table", one).with("trigger", captureTrigger()));
            }
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

    /**
     * Statements that refuse TRUNCATE of a partition that is made while changes are captured. Its row trigger is a
     * clone of the table's.
     */
    public List<Sql> refusalStatements(QualifiedName partition) {
        List<Sql> statements = new ArrayList<>();
        refuse(statements, CapturedTable.ordinary(partition), Triggered.NONE);
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
                if (!triggered.notRefusing().contains(one)) {
                    statements.add(CREATE_REFUSAL_TRIGGER
                            .with("trigger", refusalTrigger())
                            .with("table", one)
                            .with("function", refusalFunction()));
                }
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
                named(TAKEN_OUT).with("table", captured.quoted()),
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
                missed().dropStatement());
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

    /**
     * Removes our triggers, if there are any, from a partitioned table that is not captured. Runs in the open
     * transaction.
     */
    public void removeFrom(Session session, CapturedTable table) throws SQLException {
        if (!Triggered.of(this, session, table.table()).isNone()) {
            session.updateAll(stopStatements(table));
        }
    }

    /**
     * Whether writes to {@code table} and its partitions, or to {@link #partitions}, are captured, and TRUNCATE is
     * refused.
     */
    public boolean isOn(Session session, QualifiedName table) throws SQLException {
        return session.queryBoolean(
                partitions.isEmpty()
                        ? asMade(IS_ON).with("table", table.quoted())
                        : asMade(ARE_ON).with("given", PartitionTree.given(partitions)));
    }

    /**
     * Requires that all changes are captured; every step that relies on capture calls it.
     *
     * @param rest the message after the cause: what may differ, what is unchanged, what to do next
     * @throws PartitionException when writes to {@code table} are not captured, or one of them could not be
     */
    public void requireOn(Session session, QualifiedName table, String rest) throws SQLException {
        requireEnabled(session, table, rest);
        Optional<MissedWrites.Missed> missed =
                missed().first(session, 1).stream().findFirst();
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

    /** The row trigger's name. */
    public Identifier captureTrigger() {
        return DerivedName.of(delta.name(), "_capture");
    }

    Identifier refusalTrigger() {
        return DerivedName.of(delta.name(), "_no_truncate");
    }

    /** Whether a trigger calls a function of ours, or has the name of a trigger of ours: it is no user's. */
    public boolean owns(Trigger trigger) {
        return List.of(captureTrigger(), refusalTrigger()).contains(trigger.name())
                || List.of(captureFunction(), refusalFunction()).contains(trigger.calls());
    }

    QualifiedName captureFunction() {
        return delta.sibling(captureTrigger());
    }

    QualifiedName refusalFunction() {
        return delta.sibling(refusalTrigger());
    }

    /**
     * Fills in the signatures of the functions in the form in which the catalog is asked for them. By the name alone it
     * would find neither once somebody has made another function of that name.
     */
    Sql named(Sql template) {
        return template.with("capture", captureFunction().quoted() + "()")
                .with("refusal", refusalFunction().quoted() + "()");
    }

    /**
     * Fills in the conditions by which a trigger {@code g} is one of ours, as it was made. They are NULL if our
     * functions are gone.
     */
    Sql asMade(Sql template) {
        return named(template.with("captures", CAPTURES).with("refuses", REFUSES))
                .with("captureTrigger", captureTrigger().name())
                .with("refusalTrigger", refusalTrigger().name());
    }

    /** An expression for the oid of the function that captures a row; NULL if there is none. */
    Sql captureFunctionOid() {
        return Sql.of("pg_catalog.to_regprocedure({capture})")
                .with("capture", captureFunction().quoted() + "()");
    }
}
