package liquibase.ext.partition.engine.swap.carry;

import java.util.List;
import liquibase.ext.partition.engine.sql.Sql;

/** The table's own comment. */
public record TableComment(Exchange exchange) implements SwitchPart {
    private static final Sql COMMENT = Sql.of("COMMENT ON TABLE {table} IS {comment}");

    @Override
    public List<Sql> afterRenaming() {
        return exchange.old().table().comment().stream()
                .map(comment -> COMMENT.with("table", exchange.liveName()).with("comment", Sql.literal(comment)))
                .toList();
    }
}
