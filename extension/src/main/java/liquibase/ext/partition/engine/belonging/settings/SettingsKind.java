package liquibase.ext.partition.engine.belonging.settings;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.part.BelongingKind;
import liquibase.ext.partition.engine.belonging.part.CarriedNames;
import liquibase.ext.partition.engine.belonging.part.Exchange;
import liquibase.ext.partition.engine.belonging.part.SwitchPart;
import liquibase.ext.partition.engine.belonging.part.Switching;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.settings.TableSettings;
import liquibase.ext.partition.engine.catalog.settings.TableSettingsReader;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;

/** Settings of the table and its columns. Most are made with the new table; a switch carries what was changed since. */
public final class SettingsKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of(
                Feature.COLUMNS, Feature.STATISTICS_TARGETS, Feature.STORAGE_PARAMETERS, Feature.REPLICA_IDENTITY);
    }

    @Override
    public List<SwitchPart> parts(Switching switching) throws SQLException {
        Session session = switching.session();
        Exchange exchange = switching.exchange();
        CarriedNames names = switching.names();
        TableSettings old = switching.leaving();
        TableSettings next = switching.entering();
        List<SwitchPart> parts = new ArrayList<>();
        parts.add(new ChangedColumns(
                exchange,
                old,
                next,
                ColumnStorage.read(session, switching.leavingOid()),
                ColumnStorage.read(session, switching.enteringOid())));
        Optional<QualifiedName> entering = exchange.next().partitions().stream().findFirst();
        if (entering.isPresent()) {
            parts.add(new ChangedSettings(
                    exchange, names, old, next, entering.get(), ofPartition(session, entering.get())));
        }
        Optional<QualifiedName> leaving = exchange.old().partitions().stream().findFirst();
        if (leaving.isPresent()) {
            TableSettingsReader.Agreement agreement =
                    new TableSettingsReader(session).agreement(switching.leavingOid());
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
