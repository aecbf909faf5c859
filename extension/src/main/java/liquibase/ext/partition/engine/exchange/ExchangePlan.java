package liquibase.ext.partition.engine.exchange;

import java.util.List;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.swap.SwitchPlan;

/** An exchange, or its way back, planned from the catalog. */
record ExchangePlan(List<Lock> locks, List<Sql> statements, List<String> consequences) implements SwitchPlan {
    ExchangePlan {
        locks = List.copyOf(locks);
        statements = List.copyOf(statements);
        consequences = List.copyOf(consequences);
    }
}
