package liquibase.ext.partition.engine.swap.carry;

import java.util.List;
import liquibase.ext.partition.engine.sql.Sql;

/** The same rights as the leaving table has now, and no others: default privileges may have given some. */
public record TableGrants(Exchange exchange) implements SwitchPart {
    @Override
    public List<Sql> afterRenaming() {
        return SameGrants.on(
                "TABLE",
                exchange.liveName(),
                exchange.next().table().grants(),
                exchange.old().table().grants());
    }
}
