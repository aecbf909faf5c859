package liquibase.ext.partition.engine.belonging.triggers;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.part.BelongingKind;
import liquibase.ext.partition.engine.belonging.part.Exchange;
import liquibase.ext.partition.engine.belonging.part.SwitchPart;
import liquibase.ext.partition.engine.belonging.part.Switching;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.Triggered;

/** The triggers that capture changes, which a migration puts on the table. */
public final class CaptureKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of();
    }

    @Override
    public List<SwitchPart> parts(Switching switching) throws SQLException {
        Exchange exchange = switching.exchange();
        Capture capture = switching.capture();
        return List.of(new CaptureTriggers(
                exchange,
                capture,
                Triggered.of(capture, switching.session(), exchange.next().name())));
    }
}
