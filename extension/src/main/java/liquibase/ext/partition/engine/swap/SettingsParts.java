package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.belonging.comments.Comments;
import liquibase.ext.partition.engine.belonging.comments.OtherComments;
import liquibase.ext.partition.engine.belonging.part.CarriedNames;
import liquibase.ext.partition.engine.belonging.part.Exchange;
import liquibase.ext.partition.engine.belonging.part.SwitchPart;
import liquibase.ext.partition.engine.belonging.settings.ChangedColumns;
import liquibase.ext.partition.engine.belonging.settings.ChangedSettings;
import liquibase.ext.partition.engine.belonging.settings.ColumnStorage;
import liquibase.ext.partition.engine.belonging.settings.NotValidChecks;
import liquibase.ext.partition.engine.belonging.settings.SettingsTakenBack;
import liquibase.ext.partition.engine.belonging.statistics.StatisticsNames;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.settings.TableSettings;
import liquibase.ext.partition.engine.catalog.settings.TableSettingsReader;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;

/**
 * The parts of a switch that carry settings which were not, or could not be, settled when the entering table was made
 * or left.
 */
final class SettingsParts {
    private SettingsParts() {}

    /** The parts in the order in which they come after the renaming. */
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
        Optional<QualifiedName> entering = exchange.next().partitions().stream().findFirst();
        if (entering.isPresent()) {
            parts.add(new ChangedSettings(
                    exchange, names, old, next, entering.get(), ofPartition(session, entering.get())));
        }
        Optional<QualifiedName> leaving = exchange.old().partitions().stream().findFirst();
        if (leaving.isPresent()) {
            TableSettingsReader.Agreement agreement =
                    reader.agreement(exchange.old().table().oid());
            parts.add(new SettingsTakenBack(
                    exchange,
                    names,
                    old,
                    next,
                    leaving.get(),
                    ofPartition(session, leaving.get()),
                    agreement.identity(),
                    agreement.parameters()));
        }
        return parts;
    }

    private static TableSettings ofPartition(Session session, QualifiedName partition) throws SQLException {
        return new TableSettingsReader(session).read(new TableReader(session).require(partition));
    }
}
