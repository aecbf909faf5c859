package liquibase.ext.partition.engine.retirement.move;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Whether anybody has written to a partition since its copy began, and how far the copy is.
 *
 * <p>A trigger on the partition leaves a mark in a table, in the writer's own transaction, by the rights of the
 * function's owner. {@code CREATE TRIGGER} waits for writers in flight, so that every later write leaves one. Under a
 * lock that keeps writers out, the table is empty of marks exactly if nothing was written: a copy that was made since
 * then has what the partition has. It is enough to know that something was written, since a partition that is old
 * enough to be archived hardly ever is.
 *
 * @param partition the partition
 * @param table the table of the marks
 * @param function the trigger's function
 */
record WriteMarks(QualifiedName partition, QualifiedName table, QualifiedName function) {
    static final Identifier TRIGGER = new Identifier("liquibase_partition_moving");
    private static final Identifier ON_TRUNCATE = new Identifier("liquibase_partition_moving_all");

    private static final Sql CREATE_TABLE =
            Sql.of("CREATE TABLE {table} (filenode bigint, columns pg_catalog.text, copied_to bigint)");

    private static final Sql BEGIN = Sql.of("INSERT INTO {table} VALUES ({filenode}, {columns}, 0)");

    private static final Sql CREATE_FUNCTION = Sql.of("""
            CREATE FUNCTION {function}() RETURNS pg_catalog.trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS {quote}
            BEGIN
              INSERT INTO {table} DEFAULT VALUES;
              RETURN NULL;
            END
            {quote}""");

    private static final Sql CREATE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} AFTER INSERT OR UPDATE OR DELETE ON {partition} FOR EACH ROW EXECUTE FUNCTION {function}()""");
    private static final Sql CREATE_ON_TRUNCATE = Sql.of("""
            CREATE TRIGGER {trigger} AFTER TRUNCATE ON {partition} FOR EACH STATEMENT EXECUTE FUNCTION {function}()""");
    private static final Sql ENABLE_ALWAYS = Sql.of("ALTER TABLE {partition} ENABLE ALWAYS TRIGGER {trigger}");
    private static final Sql DROP_TRIGGER = Sql.of("DROP TRIGGER IF EXISTS {trigger} ON {partition}");
    private static final Sql DROP_FUNCTION = Sql.of("DROP FUNCTION IF EXISTS {function}()");
    private static final Sql DROP_TABLE = Sql.of("DROP TABLE IF EXISTS {table}");

    private static final Sql IS_ON = Sql.of("""
            SELECT pg_catalog.count(*) = 2 FROM pg_catalog.pg_trigger
            WHERE tgrelid = pg_catalog.to_regclass({partition}) AND tgname IN ({trigger}, {truncate}) AND tgenabled = 'A'
              AND tgfoid = pg_catalog.to_regprocedure({function})""");

    private static final Sql IS_MARKED = Sql.of("SELECT EXISTS (SELECT FROM {table} WHERE copied_to IS NULL)");

    private static final Sql COPIED_TO =
            Sql.of("SELECT copied_to FROM {table} WHERE filenode = {filenode} AND columns = {columns}");

    private static final Sql COPIED = Sql.of("UPDATE {table} SET copied_to = {to} WHERE copied_to IS NOT NULL");

    static WriteMarks of(QualifiedName partition) {
        return new WriteMarks(
                partition,
                partition.sibling(DerivedName.of(partition.name(), "_moving_marks")),
                partition.sibling(DerivedName.of(partition.name(), "_moving_mark")));
    }

    /**
     * The statements that begin, in one transaction that has SHARE ROW EXCLUSIVE on the partition.
     *
     * @param filenode the file whose blocks are copied
     * @param columns identifies the columns that are copied
     */
    List<Sql> beginStatements(long filenode, String columns) {
        List<Sql> statements = new ArrayList<>();
        statements.add(Seclusion.made(table, CREATE_TABLE.with("table", table)));
        statements.add(BEGIN.with("table", table)
                .with("filenode", Sql.raw(Long.toString(filenode)))
                .with("columns", Sql.literal(columns)));
        statements.add(CREATE_FUNCTION
                .with("function", function)
                .with("quote", Sql.dollarQuote("mark", Sql.list(List.of(table))))
                .with("table", table));
        statements.add(Seclusion.ofFunction(function));
        statements.add(CREATE_TRIGGER
                .with("trigger", TRIGGER)
                .with("partition", partition)
                .with("function", function));
        statements.add(CREATE_ON_TRUNCATE
                .with("trigger", ON_TRUNCATE)
                .with("partition", partition)
                .with("function", function));
        for (Identifier trigger : List.of(TRIGGER, ON_TRUNCATE)) {
            statements.add(ENABLE_ALWAYS.with("partition", partition).with("trigger", trigger));
        }
        return statements;
    }

    /** The statements that end it on a partition that stays, under ACCESS EXCLUSIVE. */
    List<Sql> endStatements() {
        return List.of(
                DROP_TRIGGER.with("trigger", TRIGGER).with("partition", partition),
                DROP_TRIGGER.with("trigger", ON_TRUNCATE).with("partition", partition),
                DROP_FUNCTION.with("function", function),
                DROP_TABLE.with("table", table));
    }

    /** As {@link #endStatements}, once the partition is dropped. */
    List<Sql> endStatementsOfDropped() {
        return List.of(DROP_FUNCTION.with("function", function), DROP_TABLE.with("table", table));
    }

    /** Whether both triggers are there, enabled always, and call our function. */
    boolean isOn(Session session) throws SQLException {
        return session.queryBoolean(IS_ON.with("partition", partition.quoted())
                .with("trigger", TRIGGER.name())
                .with("truncate", ON_TRUNCATE.name())
                .with("function", function.quoted() + "()"));
    }

    /** Whether something was written since. */
    boolean isMarked(Session session) throws SQLException {
        return session.queryBoolean(IS_MARKED.with("table", table));
    }

    /** The first block that is not copied; empty if the copy is of another file or of other columns. */
    Optional<Long> copiedTo(Session session, long filenode, String columns) throws SQLException {
        return session.queryFirst(
                COPIED_TO.with("table", table).with("filenode", filenode).with("columns", columns),
                row -> row.getLong("copied_to"));
    }

    /** The statement that records a chunk, in its transaction. */
    Sql copiedStatement(long to) {
        return COPIED.with("table", table).with("to", to);
    }
}
