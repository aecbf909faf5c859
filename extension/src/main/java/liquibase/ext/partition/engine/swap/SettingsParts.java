package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.catalog.Comments;
import liquibase.ext.partition.engine.catalog.TableSettings;
import liquibase.ext.partition.engine.catalog.TableSettingsReader;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.swap.carry.CarriedNames;
import liquibase.ext.partition.engine.swap.carry.Exchange;
import liquibase.ext.partition.engine.swap.carry.NotValidChecks;
import liquibase.ext.partition.engine.swap.carry.OtherComments;
import liquibase.ext.partition.engine.swap.carry.StatisticsNames;
import liquibase.ext.partition.engine.swap.carry.SwitchPart;

/** The parts of a switch that carry what was not, or could not be, settled when the new table was made. */
final class SettingsParts {
    private SettingsParts() {}

    /** In the order in which they come after the renaming. */
    static List<SwitchPart> of(Session session, Exchange exchange, CarriedNames names) throws SQLException {
        TableSettingsReader reader = new TableSettingsReader(session);
        TableSettings old = reader.read(exchange.old().table());
        TableSettings next = reader.read(exchange.next().table());
        return List.of(
                new NotValidChecks(exchange, old, next),
                new StatisticsNames(exchange, names, old, next),
                new OtherComments(
                        exchange,
                        names,
                        Comments.read(session, exchange.old().table()),
                        Comments.read(session, exchange.next().table())));
    }
}
