package liquibase.ext.partition.engine.newtable;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.time.DateTime;

/**
 * The conversions of the columns whose types change, in both directions. Copy, replay, reverse replay and verification
 * all use them.
 *
 * <p>Without a user's expression a value is cast, and the cast must lose nothing: cast back, it must be the original
 * value, or the statement fails with SQLSTATE 22P02. Casts between dates with and without a time zone are made in UTC,
 * whatever the session's {@code TimeZone} is.
 */
public final class Conversions {
    private static final Sql CAST = Sql.of("({value})::{type}");
    private static final Sql AT_UTC = Sql.of("(({value})::{between} AT TIME ZONE 'UTC')::{type}");

    /** The failing cast at the end is the way in which an expression raises an error. */
    private static final Sql EXACT = Sql.of("""
            CASE WHEN {value} IS NULL OR {back} = {value} THEN {cast} ELSE (pg_catalog.left(({value})::pg_catalog.text, 100) OPERATOR(pg_catalog.||) {message})::integer::pg_catalog.text::{type} END""");

    private static final Sql WHERE_FITS = Sql.of("CASE WHEN {fits} THEN {cast} END");
    private static final Sql SAME_BACK = Sql.of("{back} = {value}");
    private static final Sql IN_RANGE = Sql.of("{value} BETWEEN {range}");

    /** CASE evaluates the conditions in this order, which AND does not guarantee. */
    private static final Sql IN_RANGE_AND_SAME = Sql.of("CASE WHEN {value} BETWEEN {range} THEN {same} END");

    /** Casts to these types can fail, so whether a value fits must be known before. */
    private static final Map<String, String> INTEGERS = Map.of(
            "smallint", "-32768 AND 32767",
            "integer", "-2147483648 AND 2147483647",
            "bigint", "-9223372036854775808 AND 9223372036854775807");

    /** The line break ends a comment that an expression may end with. */
    private static final Sql USING = Sql.of("(SELECT {using}\n FROM (SELECT {value}) AS converted ({column}))");

    /** A cast to {@code varchar(n)} would silently cut off a longer text, while an assignment fails. */
    private static final Sql USING_FITS = Sql.of("""
            (SELECT CASE WHEN pg_catalog.rtrim(given::pg_catalog.text) OPERATOR(pg_catalog.=) pg_catalog.rtrim(given::{type}::pg_catalog.text) OR given IS NULL THEN given::{type} \
            ELSE (pg_catalog.left(given::pg_catalog.text, 100) OPERATOR(pg_catalog.||) {message})::integer::pg_catalog.text::{type} END FROM (SELECT {value}) AS result (given))""");

    private static final Set<String> TEXTS_OF_A_LENGTH = Set.of("varchar", "bpchar");

    /** A cast from one of these types to a later one always gives an equal value. */
    private static final List<String> WIDER = List.of("smallint", "integer", "bigint", "numeric");

    private record Conversion(ColumnChange change, Column source, Column target) {}

    private final Map<Identifier, Conversion> byColumn;

    private Conversions(Map<Identifier, Conversion> byColumn) {
        this.byColumn = byColumn;
    }

    /** The conversions when no type changes. */
    public static Conversions none() {
        return new Conversions(Map.of());
    }

    /**
     * @param source the columns of the source, or of the backup
     * @param target the columns of the new table
     * @param changes the changes that were requested when the new table was made
     */
    public static Conversions between(List<Column> source, List<Column> target, List<ColumnChange> changes) {
        Map<Identifier, Conversion> conversions = new LinkedHashMap<>();
        for (ColumnChange change : changes) {
            Optional<Column> from = find(source, change.column());
            Optional<Column> to = find(target, change.column());
            if (from.isPresent() && to.isPresent()) {
                conversions.put(change.column(), new Conversion(change, from.get(), to.get()));
            }
        }
        return new Conversions(conversions);
    }

    private static Optional<Column> find(List<Column> columns, Identifier name) {
        return columns.stream().filter(column -> column.name().equals(name)).findFirst();
    }

    /** The columns that are converted. */
    public Set<Identifier> columns() {
        return byColumn.keySet();
    }

    /**
     * @param value an expression of the column's type in {@code from}
     * @return an expression of its type in {@code to}
     */
    public Sql convert(Identifier column, Sql value, RowShape from, RowShape to) {
        Conversion conversion = byColumn.get(column);
        if (conversion == null || from == to) {
            return value;
        }
        boolean forth = to == RowShape.NEW;
        Column source = forth ? conversion.source() : conversion.target();
        Column target = forth ? conversion.target() : conversion.source();
        Optional<String> using =
                forth ? conversion.change().using() : conversion.change().reverseUsing();
        if (using.isPresent()) {
            Sql given = USING.with("using", Sql.raw(using.get()))
                    .with("value", value)
                    .with("column", column);
            return TEXTS_OF_A_LENGTH.contains(target.typeName())
                    ? USING_FITS
                            .with("value", given)
                            .with("message", doesNotFit(target))
                            .with("type", Sql.raw(target.type()))
                    : cast(given, target);
        }
        if (conversion.change().using().isPresent() || neverLoses(source, target)) {
            // Whether the way back is exact is unknown for a user's expression.
            return cast(source, target, value);
        }
        return EXACT.with("back", cast(target, source, cast(source, target, value)))
                .with("cast", cast(source, target, value))
                .with("value", value)
                .with("message", doesNotFit(target))
                .with("type", Sql.raw(target.type()));
    }

    /**
     * As {@link #convert}, but for looking a value up: NULL, and no error, if a column of that type cannot hold the
     * value.
     *
     * @param value an expression of the column's type in {@code from}
     */
    public Sql lookUp(Identifier column, Sql value, RowShape from, RowShape to) {
        Conversion conversion = byColumn.get(column);
        if (conversion == null || from == to || conversion.change().using().isPresent()) {
            return convert(column, value, from, to);
        }
        boolean forth = to == RowShape.NEW;
        Column source = forth ? conversion.source() : conversion.target();
        Column target = forth ? conversion.target() : conversion.source();
        if (neverLoses(source, target)) {
            return cast(source, target, value);
        }
        String range = INTEGERS.get(target.type());
        Sql fits = SAME_BACK.with("back", cast(target, source, cast(source, target, value)));
        if (range != null && INTEGERS.containsKey(source.type())) {
            fits = IN_RANGE.with("range", Sql.raw(range));
        } else if (range != null && source.typeName().equals("numeric")) {
            fits = IN_RANGE_AND_SAME.with("same", fits).with("range", Sql.raw(range));
        }
        return WHERE_FITS.with("fits", fits.with("value", value)).with("cast", cast(source, target, value));
    }

    private static Sql doesNotFit(Column target) {
        return Sql.literal(" does not fit " + target.type());
    }

    private static boolean neverLoses(Column source, Column target) {
        int from = WIDER.indexOf(source.type());
        return from >= 0 && WIDER.indexOf(target.type()) >= from
                || source.typeName().equals("varchar") && target.type().equals("text");
    }

    private static Sql cast(Sql value, Column target) {
        return CAST.with("value", value).with("type", Sql.raw(target.type()));
    }

    private static Sql cast(Column source, Column target, Sql value) {
        boolean withZone = target.typeName().equals("timestamptz");
        if (DateTime.TYPES.contains(source.typeName())
                && DateTime.TYPES.contains(target.typeName())
                && withZone != source.typeName().equals("timestamptz")) {
            return AT_UTC.with("value", value)
                    .with("between", Sql.raw(withZone ? "timestamp" : "timestamptz"))
                    .with("type", Sql.raw(target.type()));
        }
        return cast(value, target);
    }
}
