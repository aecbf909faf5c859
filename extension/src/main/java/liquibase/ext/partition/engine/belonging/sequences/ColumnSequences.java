package liquibase.ext.partition.engine.belonging.sequences;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.SwitchedTable;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Sequence;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Sets where the sequences of the entering table's identity columns go on. Everything else about sequences, including
 * those of serial columns, happens before and after the switch, because it would lock a sequence that writers use while
 * they wait for the table.
 *
 * @param stretched whether the leaving sequences already count by twice their increment, as they always do when this is
 *     run
 */
public record ColumnSequences(TablePair pair, boolean stretched) implements SwitchPart {
    /**
     * The position is an odd multiple of the increment away from the leaving sequence's, and past all ids and all
     * values that the entering sequence gave when it was live. Others may use the leaving sequence while it is read;
     * they get even multiples. If no value is left, the next caller gets an error.
     */
    private static final Sql SET_POSITION = Sql.of("""
            SELECT pg_catalog.setval({enteringName}::pg_catalog.regclass,
                                     greatest(least(g.value, p.seqmax), p.seqmin)::pg_catalog.int8,
                                     g.value NOT BETWEEN p.seqmin AND p.seqmax)
            FROM pg_catalog.pg_sequence AS p
            CROSS JOIN (SELECT last_value::pg_catalog.numeric + {increment} AS value FROM {leaving}) AS f
            CROSS JOIN LATERAL (
              SELECT pg_catalog.{extreme}(u.value) AS value
              FROM ({taken}SELECT last_value::pg_catalog.numeric FROM {entering} WHERE is_called) AS u (value)
              WHERE u.value BETWEEN p.seqmin AND p.seqmax) AS t
            CROSS JOIN LATERAL (
              SELECT f.value + CASE WHEN t.value {reaches} f.value
                                    THEN (pg_catalog.div(t.value - f.value, {step}) + 1) * {step} ELSE 0 END AS value) AS g
            WHERE p.seqrelid = {enteringName}::pg_catalog.regclass""");

    private static final Sql TAKEN =
            Sql.of("SELECT pg_catalog.{extreme}({column})::pg_catalog.numeric FROM {table} UNION ALL ");

    @Override
    public List<Sql> beforeRenaming() {
        List<Sql> statements = new ArrayList<>();
        for (Column column : pair.old().table().columns()) {
            Optional<Sequence> leaving = identitySequence(column);
            Optional<Sequence> entering =
                    pair.next().table().column(column.name()).flatMap(ColumnSequences::identitySequence);
            if (leaving.isPresent() && entering.isPresent()) {
                statements.add(setPosition(column, leaving.get(), entering.get()));
            }
        }
        return statements;
    }

    private static Optional<Sequence> identitySequence(Column column) {
        return column.sequences().stream().filter(Sequence::identity).findFirst();
    }

    private Sql setPosition(Column column, Sequence leaving, Sequence entering) {
        long increment = leaving.options().increment() / (stretched ? 2 : 1);
        Sql extreme = Sql.raw(leaving.ascending() ? "max" : "min");
        // The largest value is looked up under the lock, and therefore only if an index gives it at once.
        Sql taken = pair.old().table().hasIndexThatBeginsWith(column.name())
                ? TAKEN.with("column", column.name())
                        .with("table", ordinary().table().name())
                : Sql.empty();
        return SET_POSITION
                .with("enteringName", entering.name().quoted())
                .with("entering", entering.name())
                .with("leaving", leaving.name())
                .with("increment", Sql.raw("(" + increment + ")"))
                .with("step", Sql.raw("(" + 2 * increment + ")"))
                .with("reaches", Sql.raw(leaving.ascending() ? ">=" : "<="))
                .with("taken", taken)
                .with("extreme", extreme);
    }

    /** Both tables have the same rows by now, and this one has one index to look into instead of one per partition. */
    private SwitchedTable ordinary() {
        return pair.old().partitions().isEmpty() ? pair.old() : pair.next();
    }
}
