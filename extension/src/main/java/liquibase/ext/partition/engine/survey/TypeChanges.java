package liquibase.ext.partition.engine.survey;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.server.TypeName;
import liquibase.ext.partition.engine.newtable.ColumnChange;
import liquibase.ext.partition.engine.newtable.Conversions;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.newtable.RowShape;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.SearchPath;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.time.DateTime;

/**
 * The changes of columns' types that are asked for: what the caller means by them, and what stands in their way. Reads
 * the catalog, and tries types and expressions in blocks that leave nothing.
 */
final class TypeChanges {
    /** The type's own name in the catalog; no row if there is no such type, or it is a pseudo-type. */
    private static final Sql TYPE_NAME = Sql.of("""
            SELECT typname FROM pg_catalog.pg_type WHERE oid = pg_catalog.to_regtype({type}) AND typtype <> 'p'
            """);

    /**
     * A cast through the text form, or by a function that is not immutable, may give a different result in another
     * session.
     */
    private static final Sql CAST_IS_SAFE = Sql.of("""
            SELECT pg_catalog.to_regtype({source}) = pg_catalog.to_regtype({target}) OR EXISTS (
              SELECT FROM pg_catalog.pg_cast AS c
              LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = c.castfunc
              WHERE c.castsource = pg_catalog.to_regtype({source}) AND c.casttarget = pg_catalog.to_regtype({target})
                AND c.castmethod IN ('b', 'f') AND coalesce(p.provolatile, 'i') = 'i')
            """);

    private static final Sql HAS_EQUALITY = Sql.of("""
            SELECT EXISTS (SELECT FROM pg_catalog.pg_operator AS o
                           WHERE o.oprname = '=' AND o.oprleft = pg_catalog.to_regtype({type}) AND o.oprright = pg_catalog.to_regtype({type}))
                OR EXISTS (SELECT FROM pg_catalog.pg_type AS t
                           WHERE t.oid = pg_catalog.to_regtype({type}) AND t.typcategory IN ('A', 'E', 'R', 'S'))
            """);

    private static final String SETTING = "liquibase_partition.failure";

    /** A failed statement would end the transaction, which may be Liquibase's. */
    private static final Sql TRY = Sql.of("""
            DO {quote}
            BEGIN
              PERFORM pg_catalog.set_config({setting}, '', false);
              EXECUTE {statement};
            EXCEPTION WHEN OTHERS THEN
              PERFORM pg_catalog.set_config({setting}, SQLERRM, false);
            END
            {quote}""");

    private static final Sql EXPLAIN = Sql.of("""
            EXPLAIN SELECT {conversion} FROM (SELECT NULL::{type} AS {column} FROM pg_catalog.generate_series(1, 1) OFFSET 0) AS r""");

    private static final String BEGIN_OF_MEANT = " SELECT ";
    private static final String END_OF_MEANT = " AS liquibase_partition_meant";

    /** The view reads two tables, so that every server version writes a column with its table. */
    private static final Sql MEANT = Sql.of("""
            CREATE TEMPORARY VIEW liquibase_partition_meant AS
            SELECT {expression}
             AS liquibase_partition_meant
            FROM (SELECT NULL::{type} AS {column} OFFSET 0) AS converted, (SELECT OFFSET 0) AS nothing""");

    /**
     * With only the catalog on the path, the text of a view names everything by its schema. Nothing is left of the
     * view, because it is made in a block that fails.
     */
    private static final Sql AS_MEANT = Sql.of("""
            DO {quote}
            BEGIN
              PERFORM pg_catalog.set_config({setting}, '', false);
              EXECUTE {view};
              PERFORM pg_catalog.set_config('search_path', {pinned}, true);
              RAISE EXCEPTION USING ERRCODE = 'LP001',
                MESSAGE = pg_catalog.pg_get_viewdef('pg_temp.liquibase_partition_meant'::pg_catalog.regclass);
            EXCEPTION
              WHEN SQLSTATE 'LP001' THEN
                PERFORM pg_catalog.set_config({setting}, SQLERRM, false);
              WHEN OTHERS THEN NULL;
            END
            {quote}""");

    /**
     * Tries the new types on a temporary table, because a default or a check may not fit them. The block ends with an
     * error, so that nothing is left; the error gives the number of the statement that failed, and why.
     */
    private static final Sql TRY_TYPES = Sql.of("""
            DO {quote}
            DECLARE
              place integer := 0;
              why pg_catalog.text := '';
              more pg_catalog.text := '';
            BEGIN
              PERFORM pg_catalog.set_config({setting}, '', false);
              {create};
              BEGIN
                {changes};
                place := 0;
              EXCEPTION WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS why = MESSAGE_TEXT, more = PG_EXCEPTION_DETAIL;
              END;
              RAISE EXCEPTION USING ERRCODE = 'LP001', MESSAGE = pg_catalog.concat(place, ' ', why, '. ' || nullif(more, ''));
            EXCEPTION
              WHEN SQLSTATE 'LP001' THEN
                PERFORM pg_catalog.set_config({setting}, SQLERRM, false);
              WHEN OTHERS THEN NULL;
            END
            {quote}""");

    private static final Sql NEXT = Sql.of("place := {place}; {change}");

    private static final QualifiedName TRIED = QualifiedName.of("pg_temp", "liquibase_partition_types");

    private static final Sql FAILURE = Sql.of("SELECT pg_catalog.current_setting({setting})");

    private final Session session;
    private final Table source;
    private final NewTableSpec spec;

    TypeChanges(Session session, Table source, NewTableSpec spec) {
        this.session = session;
        this.source = source;
        this.spec = spec;
    }

    /** The same spec with type names that mean on every path what the caller means by them. */
    static NewTableSpec withTypesAsMeant(Session session, NewTableSpec written) throws SQLException {
        List<ColumnChange> columns = new ArrayList<>();
        for (ColumnChange column : written.columns()) {
            columns.add(new ColumnChange(
                    column.column(),
                    TypeName.qualified(session, column.type()),
                    column.using(),
                    column.reverseUsing()));
        }
        return written.withColumns(columns);
    }

    /**
     * The changes that can be made, with expressions that mean on every path what the caller means by them.
     *
     * @param problems receives the reasons why others cannot
     */
    List<ColumnChange> accepted(List<Obstacle> problems) throws SQLException {
        List<ColumnChange> accepted = new ArrayList<>();
        for (ColumnChange wanted : withTypesAsMeant(session, spec).columns()) {
            Optional<Column> column = source.column(wanted.column());
            if (column.isEmpty()) {
                problems.add(NewTablePlan.obstacle("it has no column %s, to which a type is given; its columns are %s"
                        .formatted(
                                wanted.column(),
                                source.columns().stream().map(Column::name).toList())));
            } else if (wanted.using().isPresent()
                    || !TypeName.same(session, wanted.type(), column.get().type())) {
                problem(wanted, column.get())
                        .map(NewTablePlan::obstacle)
                        .ifPresentOrElse(problems::add, () -> accepted.add(wanted));
            }
        }
        List<ColumnChange> changes = new ArrayList<>();
        for (ColumnChange change : accepted) {
            changes.add(withExpressionsAsMeant(
                    change, source.column(change.column()).orElseThrow()));
        }
        return changes;
    }

    /**
     * Resolves the caller's expressions on the caller's search path, once and for all: copy, replay and comparison run
     * on connections that would find another function of that name, or none.
     */
    private ColumnChange withExpressionsAsMeant(ColumnChange change, Column column) throws SQLException {
        Optional<String> using = change.using();
        if (using.isPresent()) {
            using = Optional.of(asMeant(using.get(), change.column(), column.type()));
        }
        Optional<String> reverseUsing = change.reverseUsing();
        if (reverseUsing.isPresent()) {
            reverseUsing = Optional.of(asMeant(reverseUsing.get(), change.column(), change.type()));
        }
        return new ColumnChange(change.column(), change.type(), using, reverseUsing);
    }

    /**
     * The expression as written if it cannot be resolved: on a standby, or without the right to make temporary views.
     */
    private String asMeant(String written, Identifier column, String type) throws SQLException {
        Sql view = MEANT.with("expression", Sql.raw(written))
                .with("type", Sql.raw(type))
                .with("column", column);
        Sql asked = AS_MEANT.with("setting", Sql.literal(SETTING))
                .with("pinned", Sql.literal(SearchPath.PINNED))
                .with("view", Sql.literal(view.script()));
        String definition = session.onCallersPath(() -> {
            session.update(asked.with("quote", Sql.dollarQuote("meant", asked)));
            return session.queryStrings(FAILURE.with("setting", SETTING)).get(0);
        });
        int end = definition.lastIndexOf(END_OF_MEANT);
        return end < 0 ? written : definition.substring(BEGIN_OF_MEANT.length(), end);
    }

    /**
     * Why a type cannot be changed in a table that has the source's defaults and checks. Empty if it can, and if it
     * cannot be tried, in a read-only session or without the right to make temporary tables.
     */
    Optional<String> inTheWay(NewTable plan) throws SQLException {
        if (plan.changes().isEmpty()) {
            return Optional.empty();
        }
        List<Sql> changes = new ArrayList<>();
        for (Sql change : plan.changeTypes(TRIED)) {
            changes.add(NEXT.with("place", Sql.raw(Integer.toString(changes.size() + 1)))
                    .with("change", change));
        }
        Sql tried = TRY_TYPES
                .with("setting", Sql.literal(SETTING))
                .with("create", plan.createTemplate(TRIED))
                .with("changes", Sql.join(";\n    ", changes));
        session.update(tried.with("quote", Sql.dollarQuote("types", tried)));
        String failure = session.queryStrings(FAILURE.with("setting", SETTING)).get(0);
        int place = failure.isEmpty() ? 0 : Integer.parseInt(failure.substring(0, failure.indexOf(' ')));
        return Optional.of(place).filter(it -> it > 0).map(it -> {
            ColumnChange change = plan.changes().get(it - 1);
            return "column %s cannot become %s (%s); leave its type, or change first what uses it"
                    .formatted(change.column(), change.type(), failure.substring(failure.indexOf(' ') + 1));
        });
    }

    private Optional<String> problem(ColumnChange wanted, Column column) throws SQLException {
        Identifier name = column.name();
        if (typeName(wanted).isEmpty()) {
            return Optional.of("column %s is to become %s, and there is no such type".formatted(name, wanted.type()));
        }
        if (column.generated()) {
            return Optional.of("column %s is generated, so its type cannot be changed on the way".formatted(name));
        }
        List<String> generated = new TableReader(session)
                .generatedColumns(source.oid()).stream()
                        .filter(it -> it.reads().contains(name))
                        .map(it -> it.name().name())
                        .toList();
        if (!generated.isEmpty()) {
            return Optional.of("column %s cannot become %s, since the generated column %s reads it; leave its type"
                    .formatted(name, wanted.type(), String.join(", ", generated)));
        }
        if (wanted.using().isPresent()) {
            return expressionProblem(wanted, column);
        }
        String why = null;
        String from = TypeName.base(column.type());
        String to = TypeName.base(wanted.type());
        boolean dates = DateTime.TYPES.contains(column.typeName())
                && DateTime.TYPES.contains(typeName(wanted).get());
        if (!dates && !(isSafe(from, to) && isSafe(to, from))) {
            why = "there is no cast for both ways that is the same in every session";
        } else if (!session.queryBoolean(HAS_EQUALITY.with("type", from))) {
            why = "whether the cast loses anything cannot be told without an operator =";
        }
        return Optional.ofNullable(why)
                .map(reason ->
                        "column %s is of type %s and is to become %s, but %s; say how with using (and reverseUsing)"
                                .formatted(name, column.type(), wanted.type(), reason));
    }

    private Optional<String> expressionProblem(ColumnChange wanted, Column column) throws SQLException {
        Column converted = column.withType(wanted.type(), typeName(wanted).orElseThrow());
        Conversions conversions = Conversions.between(List.of(column), List.of(converted), List.of(wanted));
        Optional<String> forth = planFailure(conversions, column, RowShape.SOURCE, RowShape.NEW);
        if (forth.isPresent()) {
            return Optional.of("using of column %s cannot be planned: %s".formatted(column.name(), forth.get()));
        }
        return planFailure(conversions, converted, RowShape.NEW, RowShape.SOURCE)
                .map(why -> "the way back of column %s cannot be planned: %s; give reverseUsing, or correct it"
                        .formatted(column.name(), why));
    }

    private Optional<String> planFailure(Conversions conversions, Column from, RowShape shape, RowShape other)
            throws SQLException {
        Sql explain = EXPLAIN.with(
                        "conversion",
                        conversions.convert(from.name(), Sql.list("r", List.of(from.name())), shape, other))
                .with("type", Sql.raw(from.type()))
                .with("column", from.name());
        Sql tried = TRY.with("setting", Sql.literal(SETTING)).with("statement", Sql.literal(explain.script()));
        return session
                .onCallersPath(() -> {
                    session.update(tried.with("quote", Sql.dollarQuote("try", tried)));
                    return session.queryStrings(FAILURE.with("setting", SETTING));
                })
                .stream()
                .filter(text -> !text.isEmpty())
                .findFirst();
    }

    private boolean isSafe(String from, String to) throws SQLException {
        return session.queryBoolean(CAST_IS_SAFE.with("source", from).with("target", to));
    }

    /** The new type's own name in the catalog; empty if there is no such type, or it is a pseudo-type. */
    Optional<String> typeName(ColumnChange change) throws SQLException {
        return session.queryStrings(TYPE_NAME.with("type", TypeName.base(change.type()))).stream()
                .findFirst();
    }
}
