package liquibase.ext.partition.generator.plan;

import java.util.List;
import liquibase.ext.partition.engine.survey.Condition;

/**
 * The findings about a config's tables in one database.
 *
 * @param database its name
 * @param server conditions on which every migration depends
 * @param tables in the order of the config
 */
public record DatabasePlan(String database, List<Condition> server, List<TablePlan> tables) {
    public DatabasePlan {
        server = List.copyOf(server);
        tables = List.copyOf(tables);
    }

    /** Whether a table, or the server itself, is refused. */
    public boolean isRefused() {
        return isServerRefused() || count(TablePlan.Verdict.REFUSED) > 0;
    }

    boolean isServerRefused() {
        return server.stream().anyMatch(condition -> condition.verdict() == Condition.Verdict.REFUSED);
    }

    long count(TablePlan.Verdict verdict) {
        return tables.stream().filter(table -> table.verdict() == verdict).count();
    }
}
