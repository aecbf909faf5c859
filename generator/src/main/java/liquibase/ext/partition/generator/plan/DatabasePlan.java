package liquibase.ext.partition.generator.plan;

import java.util.List;
import liquibase.ext.partition.engine.survey.Condition;

/**
 * The findings about a config's tables in one database.
 *
 * @param database its name
 * @param server conditions on which every migration depends
 * @param tables in the order of the config
 * @param exchanges in the order of the config
 */
public record DatabasePlan(
        String database, List<Condition> server, List<TablePlan> tables, List<ExchangePlan> exchanges) {
    public DatabasePlan {
        server = List.copyOf(server);
        tables = List.copyOf(tables);
        exchanges = List.copyOf(exchanges);
    }

    /** Whether a table, an exchange, or the server itself, is refused. */
    public boolean isRefused() {
        return isServerRefused() || count(TablePlan.Verdict.REFUSED) > 0 || count(ExchangePlan.Verdict.REFUSED) > 0;
    }

    long count(ExchangePlan.Verdict verdict) {
        return exchanges.stream().filter(it -> it.verdict() == verdict).count();
    }

    boolean isServerRefused() {
        return server.stream().anyMatch(condition -> condition.verdict() == Condition.Verdict.REFUSED);
    }

    long count(TablePlan.Verdict verdict) {
        return tables.stream().filter(table -> table.verdict() == verdict).count();
    }
}
