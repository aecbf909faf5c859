package liquibase.ext.partition.engine.routing;

import java.time.LocalDate;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The function that reads the time of a row, by which its child is found, and the constants with which that time is
 * compared.
 */
record TimeFunction(RoutingNames names) {
    /** The server keeps the body as a tree, so that it follows a column whose name changes. */
    private static final Sql CREATE_TIME_FUNCTION = Sql.of("""
            CREATE FUNCTION {timeOf}(routed {parent}) RETURNS timestamp LANGUAGE sql IMMUTABLE RETURN {time}""");

    private static final Sql COMMENT_ON_TIME_FUNCTION = Sql.of("COMMENT ON FUNCTION {timeOf}({parent}) IS {comment}");

    /** The present names of the columns. */
    private static final Sql TIME_COLUMNS = Sql.of("""
            SELECT a.attname::pg_catalog.text
            FROM pg_catalog.pg_depend AS d
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) d.refobjid AND a.attnum OPERATOR(pg_catalog.=) d.refobjsubid
            WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
              AND d.objid OPERATOR(pg_catalog.=) {timeSignature}::pg_catalog.regprocedure
              AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid OPERATOR(pg_catalog.>) 0""");

    private static final Sql TIMESTAMP = Sql.of("timestamp {literal}");

    RoutingFunction function() {
        return RoutingFunction.called(
                names.time(),
                names.parent().quoted(),
                CREATE_TIME_FUNCTION
                        .with("timeOf", names.time())
                        .with("parent", names.parent())
                        .with("time", names.table().timeOf("routed")));
    }

    Sql commentStatement() {
        return COMMENT_ON_TIME_FUNCTION
                .with("timeOf", names.time())
                .with("parent", names.parent())
                .with(
                        "comment",
                        Sql.literal(TriggerRouting.COMMENT_ON_OURS + "the time by which rows of "
                                + names.parent().name().name() + " find their child"));
    }

    /** A query for the present names of the columns from which the time is read. */
    Sql columns() {
        return TIME_COLUMNS.with(
                "timeSignature",
                Sql.literal(
                        "%s(%s)".formatted(names.time().quoted(), names.parent().quoted())));
    }

    /** A constant with which a row's time is compared. */
    static Sql timestamp(LocalDate day) {
        return timestamp(Sql.literal(day.toString()));
    }

    static Sql timestamp(Sql literal) {
        return TIMESTAMP.with("literal", literal);
    }
}
