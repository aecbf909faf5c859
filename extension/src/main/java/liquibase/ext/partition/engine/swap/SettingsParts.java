package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.ColumnStorage;
import liquibase.ext.partition.engine.catalog.Comments;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.TableSettings;
import liquibase.ext.partition.engine.catalog.TableSettingsReader;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.swap.carry.CarriedNames;
import liquibase.ext.partition.engine.swap.carry.ChangedColumns;
import liquibase.ext.partition.engine.swap.carry.ChangedSettings;
import liquibase.ext.partition.engine.swap.carry.Exchange;
import liquibase.ext.partition.engine.swap.carry.NotValidChecks;
import liquibase.ext.partition.engine.swap.carry.OtherComments;
import liquibase.ext.partition.engine.swap.carry.StatisticsNames;
import liquibase.ext.partition.engine.swap.carry.SwitchPart;

/** The parts of a switch that carry what was not, or could not be, settled when the entering table was made or left. */
final class SettingsParts {
    private SettingsParts() {}

    /** In the order in which they come after the renaming. */
    static List<SwitchPart> of(Session session, Exchange exchange, CarriedNames names) throws SQLException {
        TableSettingsReader reader = new TableSettingsReader(session);
        TableSettings old = reader.read(exchange.old().table());
        TableSettings next = reader.read(exchange.next().table());
        List<SwitchPart> parts = new ArrayList<>();
        parts.add(new NotValidChecks(exchange, old, next));
        parts.add(new StatisticsNames(exchange, names, old, next));
        parts.add(new OtherComments(
                exchange,
                names,
                Comments.read(session, exchange.old().table()),
                Comments.read(session, exchange.next().table())));
        parts.add(new ChangedColumns(
                exchange,
                old,
                next,
                ColumnStorage.read(session, exchange.old().table().oid()),
                ColumnStorage.read(session, exchange.next().table().oid())));
        // On the way back the table that enters has its own, and those of a partition are not those of a table.
        Optional<QualifiedName> partition =
                exchange.next().partitions().stream().findFirst();
        if (partition.isPresent()) {
            TableSettings ofPartition = reader.read(new TableReader(session).require(partition.get()));
            parts.add(new ChangedSettings(exchange, names, old, partition.get(), ofPartition));
        }
        return parts;
    }
}
