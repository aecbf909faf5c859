package liquibase.ext.partition.engine.swap.carry;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.sql.Sql;

/** Capture ends on the table that leaves and begins on the one that enters. */
public record CaptureTriggers(Exchange exchange, Capture capture) implements SwitchPart {
    @Override
    public List<Sql> beforeRenaming() {
        return capture.stopStatements(exchange.old().captured(exchange.liveName()));
    }

    @Override
    public List<Sql> afterRenaming() {
        List<Sql> statements = new ArrayList<>(
                capture.adaptStatements(exchange.old().table(), exchange.next().table()));
        statements.addAll(capture.startStatements(exchange.next().captured(exchange.liveName())));
        return statements;
    }
}
