package liquibase.ext.partition.engine.belonging.comments;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Function;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.SwitchedNames;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Comments on columns, constraints and indexes, as the leaving table has them now. Most came along when the new table
 * was made; comments that changed since come now.
 */
public record OtherComments(TablePair pair, SwitchedNames names, Comments old, Comments next) implements SwitchPart {
    private static final Sql ON_COLUMN = Sql.of("COMMENT ON COLUMN {table}.{name} IS {comment}");
    private static final Sql ON_CONSTRAINT = Sql.of("COMMENT ON CONSTRAINT {name} ON {table} IS {comment}");
    private static final Sql ON_INDEX = Sql.of("COMMENT ON INDEX {index} IS {comment}");

    @Override
    public List<Sql> afterRenaming() {
        Set<Identifier> indexes = new TreeSet<>(names.carried());
        Set<Identifier> columns = new TreeSet<>();
        pair.old().table().columns().stream().map(Column::name).forEach(columns::add);
        // A check that the entering table gets in this switch comes with its comment.
        Set<Identifier> checks = new TreeSet<>(pair.old().table().checks());
        checks.retainAll(pair.next().table().checks());
        List<Sql> statements = new ArrayList<>();
        Function<Identifier, Identifier> same = name -> name;
        Sql table = pair.liveName().asSql();
        add(
                statements,
                columns,
                old.columns(),
                next.columns(),
                same,
                (name, comment) ->
                        ON_COLUMN.with("table", table).with("name", name).with("comment", comment));
        add(
                statements,
                checks,
                old.constraints(),
                next.constraints(),
                same,
                (name, comment) ->
                        ON_CONSTRAINT.with("name", name).with("table", table).with("comment", comment));
        add(
                statements,
                indexes,
                old.constraints(),
                next.constraints(),
                names::counterpart,
                (name, comment) ->
                        ON_CONSTRAINT.with("name", name).with("table", table).with("comment", comment));
        add(
                statements,
                indexes,
                old.indexes(),
                next.indexes(),
                names::counterpart,
                (name, comment) ->
                        ON_INDEX.with("index", pair.liveName().sibling(name)).with("comment", comment));
        return statements;
    }

    private static void add(
            List<Sql> statements,
            Set<Identifier> subjects,
            Map<Identifier, String> old,
            Map<Identifier, String> next,
            Function<Identifier, Identifier> nameOnNext,
            BiFunction<Identifier, Sql, Sql> statement) {
        for (Identifier subject : subjects) {
            Optional<String> wanted = Optional.ofNullable(old.get(subject));
            if (!wanted.equals(Optional.ofNullable(next.get(nameOnNext.apply(subject))))) {
                statements.add(statement.apply(subject, wanted.map(Sql::literal).orElse(Sql.raw("NULL"))));
            }
        }
    }
}
