package liquibase.ext.partition.engine.belonging.comments;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.sql.Sql;

/** The table's own comment; none if the leaving table no longer has one. */
public record TableComment(TablePair pair) implements SwitchPart {
    private static final Sql COMMENT = Sql.of("COMMENT ON TABLE {table} IS {comment}");

    @Override
    public List<Sql> afterRenaming() {
        Optional<String> comment = pair.old().table().comment();
        return comment.equals(pair.next().table().comment())
                ? List.of()
                : List.of(COMMENT.with("table", pair.liveName())
                        .with("comment", comment.map(Sql::literal).orElse(Sql.raw("NULL"))));
    }
}
