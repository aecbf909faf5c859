package liquibase.ext.partition.engine.routing.row;

import java.time.LocalDate;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlFragment;

/**
 * The columns that hold the time of a row, under whatever names they have: a trigger on the parent that never fires
 * keeps their numbers, and a function gives their present names, by which the other functions read the time.
 *
 * <p>No function has a row of the parent as its argument, and none has a body that the server keeps as a tree.
 * PostgreSQL's newest minor releases refuse to give a table a column with a default, or a column another type, if such
 * a function names its row type.
 */
public record TimeColumns(RoutingNames names) {
    /**
     * The server keeps the columns of {@code UPDATE OF} by number, writes them by name into a dump, and refuses to drop
     * them or to give them another type.
     */
    private static final Sql CREATE_TRIGGER = Sql.of("""
            CREATE{orReplace} TRIGGER {trigger} AFTER UPDATE OF {columns} ON {parent} FOR EACH ROW WHEN (false) EXECUTE FUNCTION {function}()""");

    /**
     * Reads no table: a transaction with an older snapshot would find former names in {@code pg_attribute}, and if two
     * columns had swapped them since, would read the time from the wrong one. What writes a trigger's definition goes
     * by the latest names. A role that may make triggers on the table may replace this one, but not by one that calls
     * our function.
     */
    private static final Sql CREATE_FUNCTION = Sql.of("""
            CREATE FUNCTION {timeColumns}(ours {type}) RETURNS pg_catalog.text[] LANGUAGE plpgsql IMMUTABLE {asOwner} AS {quote}
            DECLARE
              definition pg_catalog.text;
              ending pg_catalog.text := pg_catalog.format(' FOR EACH ROW WHEN (false) EXECUTE FUNCTION %I.%I()', {schema}, {function});
              present pg_catalog.text[];
            BEGIN
              BEGIN
                definition := pg_catalog.pg_get_triggerdef((pg_catalog.pg_get_object_address('trigger', ARRAY[{schema}, {table}, {trigger}], ARRAY[]::pg_catalog.text[])).objid);
              EXCEPTION WHEN undefined_object THEN
                -- It was dropped.
                NULL;
              END;
              IF pg_catalog.right(definition, pg_catalog.length(ending)) = ending THEN
                present := ARRAY(
                  SELECT (pg_catalog.parse_ident(c.name[1]))[1]
                  FROM pg_catalog.regexp_matches(
                         pg_catalog.substring(
                           definition,
                           '^CREATE TRIGGER "(?:[^"]|"")*" AFTER UPDATE OF ((?:(?:"(?:[^"]|"")*"|[a-z_][a-z0-9_]*)(?:, )?)+) ON '),
                         '("(?:[^"]|"")*"|[a-z_][a-z0-9_]*)', 'g') WITH ORDINALITY AS c (name, place)
                  ORDER BY c.place);
              END IF;
              IF pg_catalog.cardinality(present) IS DISTINCT FROM {count} THEN
                RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
                  MESSAGE = pg_catalog.format('the columns that hold the time of a row of %s are not known, because its trigger %I is gone or was replaced', {parentSaid}, {trigger}),
                  HINT = pg_catalog.format('Nothing was changed. Make the trigger again, with the present names of the columns: %s;',
                    pg_catalog.format({createTrigger}, VARIADIC {named}));
              END IF;
              RETURN present;
            END
            {quote}""");

    /**
     * The present names again, as far as another trigger still knows them: the one of the default child that moves rows
     * reads the time's columns in its condition, in the order of {@code read}. Only for people.
     */
    private static final Sql NAMED = Sql.of("""
            ARRAY(
                      SELECT coalesce(f.name, o.name)
                      FROM pg_catalog.unnest({original}) WITH ORDINALITY AS o (name, place)
                      LEFT JOIN (
                        SELECT (pg_catalog.parse_ident(m.part[1]))[1] AS name, pg_catalog.row_number() OVER (ORDER BY pg_catalog.min(m.place)) AS place
                        FROM pg_catalog.pg_trigger AS t
                        CROSS JOIN pg_catalog.regexp_matches(pg_catalog.pg_get_triggerdef(t.oid),
                          '''(?:[^'']|'''')*''|\\mnew\\.("(?:[^"]|"")*"|[a-z_][a-z0-9_]*)', 'g') WITH ORDINALITY AS m (part, place)
                        WHERE t.tgrelid = pg_catalog.to_regclass({defaultName}) AND t.tgname = {move}
                          AND t.tgfoid = pg_catalog.to_regprocedure({moveFunction}) AND m.part[1] IS NOT NULL
                        GROUP BY m.part[1]) AS f ON f.place = pg_catalog.array_position({read}, o.name)
                      ORDER BY o.place)""");

    /**
     * The server evaluates an immutable function of constants once, when it plans the statement, and plans anew when
     * the table that the statement names has been altered. So the names cost hardly anything per row.
     */
    private static final Sql PRESENT =
            Sql.of("(SELECT {timeColumns}({ours}) FROM (SELECT) AS one LEFT JOIN ONLY {parent} AS o ON false)");

    /** A statement that is put together costs much more than one that is planned once. */
    private static final Sql READ_TIME = Sql.of("""
            present := {present};
                IF present = {original} THEN
                  routed_at := {time};
                ELSE
                  EXECUTE pg_catalog.format({readByPresentNames}, VARIADIC present) INTO routed_at USING NEW;
                END IF;""");

    private static final Sql NAMES_IN_SNAPSHOT = Sql.of("""
            SELECT a.attname::pg_catalog.text
            FROM pg_catalog.pg_trigger AS t
            CROSS JOIN pg_catalog.unnest(t.tgattr::pg_catalog.int2[]) WITH ORDINALITY AS k (number, place)
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.tgrelid AND a.attnum = k.number
            WHERE t.tgrelid = {parentName}::pg_catalog.regclass AND t.tgname = {trigger}
            ORDER BY k.place""");

    private static final Sql SELECT = Sql.of("SELECT {time}");

    private static final Sql TIMESTAMP = Sql.of("timestamp {literal}");

    /** A placeholder for the first column while a template is built; the next ones follow it. */
    private static final char COLUMN = '\uE000';

    /** The function that gives the present names of {@link RoutedTable#columns()}, in that order. */
    public RoutingFunction function() {
        return RoutingFunction.called(
                names.timeColumns(),
                names.parameters(""),
                names.asOwner(CREATE_FUNCTION, "time")
                        .with("type", names.type())
                        .with("timeColumns", names.timeColumns())
                        .with("schema", Sql.literal(names.parent().schema().name()))
                        .with("table", Sql.literal(names.parent().name().name()))
                        .with("trigger", Sql.literal(names.timeTrigger().name()))
                        .with("function", Sql.literal(names.route().name().name()))
                        .with("count", Sql.raw(Integer.toString(columns().size())))
                        .with("parentSaid", Sql.literal(names.parent().toString()))
                        .with(
                                "createTrigger",
                                Sql.literal(template(
                                        triggerStatement(
                                                " OR REPLACE",
                                                columns().stream()
                                                        .map(this::placeholder)
                                                        .toList()),
                                        1)))
                        .with("named", named()));
    }

    private Sql named() {
        return NAMED.with("original", original())
                .with("defaultName", names.defaultName())
                .with("move", Sql.literal(names.moveTrigger().name()))
                .with("moveFunction", Sql.literal(names.move().quoted() + "()"))
                .with(
                        "read",
                        array(readByTime().stream()
                                .map(column -> Sql.literal(column.name()))
                                .toList()));
    }

    /** The columns from which the time itself is read, in the order in which it names them. */
    private Set<Identifier> readByTime() {
        Set<Identifier> read = new LinkedHashSet<>();
        names.table().time().of(column -> {
            read.add(column);
            return placeholder(column);
        });
        return read;
    }

    /** The trigger that keeps the columns. It never fires; some function it has to name. */
    public Sql triggerStatement() {
        return triggerStatement("", columns());
    }

    private Sql triggerStatement(String orReplace, List<? extends SqlFragment> columns) {
        return CREATE_TRIGGER
                .with("orReplace", Sql.raw(orReplace))
                .with("trigger", names.timeTrigger())
                .with("columns", Sql.list(columns))
                .with("parent", names.parent())
                .with("function", names.route());
    }

    /** A query for the present names of {@link RoutedTable#columns()}, in that order, as an array. */
    public Sql present() {
        return PRESENT.with("timeColumns", names.timeColumns())
                .with("ours", names.ours())
                .with("parent", names.parent());
    }

    /** The query for the names that the transaction's snapshot has; no rows if it is older than the routing. */
    public Sql namesInSnapshot() {
        return NAMES_IN_SNAPSHOT
                .with("parentName", names.parentName())
                .with("trigger", Sql.literal(names.timeTrigger().name()));
    }

    /** Statements that assign the present names to {@code present} and the time of {@code NEW} to {@code routed_at}. */
    public Sql readTime() {
        return READ_TIME
                .with("present", present())
                .with("original", original())
                .with("time", names.table().timeOf("NEW"))
                .with(
                        "readByPresentNames",
                        Sql.literal(template(
                                SELECT.with(
                                        "time",
                                        names.table()
                                                .time()
                                                .of(column ->
                                                        Sql.join(".", List.of(Sql.raw("($1)"), placeholder(column))))),
                                1)));
    }

    /** The columns from which the time itself is read, as an array of elements of {@code present}. */
    public Sql columnsOfTime() {
        return array(readByTime().stream()
                .map(column -> Sql.raw("present[" + (1 + columns().indexOf(column)) + "]"))
                .toList());
    }

    /** How a statement that is made into a {@link #template} names a column. */
    public Sql placeholder(Identifier column) {
        return Sql.raw(Character.toString(COLUMN + columns().indexOf(column)));
    }

    /**
     * A statement with {@linkplain #placeholder placeholders}, for {@code format}.
     *
     * @param first the place of the first column's name among the arguments
     */
    public String template(Sql statement, int first) {
        String text = statement.text().replace("%", "%%");
        for (int i = 0; i < columns().size(); i++) {
            text = text.replace(Character.toString(COLUMN + i), "%" + (first + i) + "$I");
        }
        return text;
    }

    /** A constant with which a row's time is compared. */
    public static Sql timestamp(LocalDate day) {
        return timestamp(Sql.literal(day.toString()));
    }

    public static Sql timestamp(Sql literal) {
        return TIMESTAMP.with("literal", literal);
    }

    private List<Identifier> columns() {
        return names.table().columns();
    }

    private Sql original() {
        return array(
                columns().stream().map(column -> Sql.literal(column.name())).toList());
    }

    private static Sql array(List<Sql> elements) {
        return Sql.join("", List.of(Sql.raw("ARRAY["), Sql.join(", ", elements), Sql.raw("]")));
    }
}
