package liquibase.ext.partition.engine.rows;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.newtable.RowShape;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/**
 * A value that cannot be converted to the type of its column in the other table. The server's error names neither the
 * row nor, for most types, the value. So after a statement has failed, its rows are tried one by one, in one
 * transaction, for half a minute at most.
 */
public final class Misfit {
    /** How much of a value the message shows, in characters. */
    private static final int LONGEST = 200;

    private static final String SETTING = "liquibase_partition.misfit";

    /**
     * Runs each row's conversions separately and stops at the first that fails. It writes nothing. A name in a user's
     * expression means a column of the user's table, not a variable of the block.
     */
    private static final Sql FIND = Sql.of("""
            DO {quote}
            #variable_conflict use_column
            DECLARE
              r pg_catalog.record;
              converted pg_catalog.text;
              held pg_catalog.text;
            BEGIN
              PERFORM pg_catalog.set_config({setting}, '', false);
              FOR r IN SELECT s.* FROM {table} AS s WHERE {where} LOOP
                BEGIN
                  {conversions}
                EXCEPTION WHEN OTHERS THEN
                  PERFORM pg_catalog.set_config({setting},
                    pg_catalog.format('%s of the row with %s is %s: %s', converted, pg_catalog.concat_ws(', ', {key}),
                           coalesce(pg_catalog.left(held, {longest}), 'NULL'), pg_catalog.left(SQLERRM, 2 * {longest})), false);
                  RETURN;
                END;
              END LOOP;
            END
            {quote}""");

    private static final Sql CONVERT =
            Sql.of("converted := {name}; held := {value}::pg_catalog.text; PERFORM {conversion};");
    private static final Sql KEY_VALUE = Sql.of("{name} || r.{column}::pg_catalog.text");
    private static final Sql FOUND = Sql.of("SELECT pg_catalog.current_setting({setting}, true)");

    /**
     * Our transactions must not last for minutes. If time runs out, the server's error is reported without the row's
     * name.
     */
    private static final Sql TIMEOUT = Sql.of("SELECT pg_catalog.set_config('statement_timeout', '30s', true)");

    private Misfit() {}

    /**
     * @param error the error of a statement that read and converted {@code rows}; its transaction is over
     * @param rows rows of {@code table} under the alias {@code s}
     * @param where the condition on the rows
     * @param rest the message after the value: what is unchanged, what to do next
     * @return {@code error}, for the caller to throw, if no conversion failed
     * @throws PartitionException that names the row and the value, if a conversion failed
     */
    public static SQLException explain(
            Session session,
            RowMatch match,
            QualifiedName table,
            RowMatch.Rows rows,
            Sql where,
            SQLException error,
            String rest) {
        if (match.conversions().columns().isEmpty() || !SqlState.isFailedExpression(error)) {
            return error;
        }
        try {
            session.inTransaction(() -> {
                session.queryStrings(TIMEOUT);
                session.update(find(match, table, rows, where));
            });
            Optional<String> found = session.queryStrings(FOUND.with("setting", SETTING)).stream()
                    .filter(text -> text != null && !text.isEmpty())
                    .findFirst();
            if (found.isPresent()) {
                throw new PartitionException(
                        "A value of %s cannot be converted: %s. %s".formatted(table, found.get(), rest), error);
            }
        } catch (SQLException suppressed) {
            error.addSuppressed(suppressed);
        }
        return error;
    }

    private static Sql find(RowMatch match, QualifiedName table, RowMatch.Rows rows, Sql where) {
        RowShape other = rows.shape() == RowShape.SOURCE ? RowShape.NEW : RowShape.SOURCE;
        List<Sql> conversions = new ArrayList<>();
        for (Identifier column : match.conversions().columns()) {
            conversions.add(CONVERT.with("name", Sql.literal(column.name()))
                    .with("value", Sql.list("r", List.of(column)))
                    .with("conversion", match.list(new RowMatch.Rows("r", rows.shape()), List.of(column), other)));
        }
        List<Sql> key = match.columns().stream()
                .map(column ->
                        KEY_VALUE.with("name", Sql.literal(column.name() + " ")).with("column", column))
                .toList();
        Sql body = FIND.with("setting", Sql.literal(SETTING))
                .with("table", table)
                .with("where", Sql.raw(where.script()))
                .with("conversions", Sql.join("\n      ", conversions))
                .with("longest", Sql.raw(String.valueOf(LONGEST)))
                .with("key", Sql.list(key));
        return body.with("quote", Sql.dollarQuote("misfit", body));
    }
}
