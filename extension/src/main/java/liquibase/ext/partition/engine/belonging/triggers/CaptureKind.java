package liquibase.ext.partition.engine.belonging.triggers;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.AfterSwitch;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.delta.Triggered;
import liquibase.ext.partition.engine.state.Migration;

/** The triggers that capture changes, which a migration puts on the table. */
public final class CaptureKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of();
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) throws SQLException {
        TablePair pair = context.pair();
        Capture capture = context.capture();
        return List.of(new CaptureTriggers(
                pair,
                capture,
                Triggered.of(capture, context.session(), pair.next().name())));
    }

    /** See {@link TriggersAhead}: the table that was partitioned needs its triggers for the next swap only. */
    @Override
    public void finish(AfterSwitch after) throws SQLException {
        Migration migration = after.migration();
        if (after.isBack() && !after.again() && migration.deltaTableName().isPresent()) {
            TriggersAhead.remove(
                    after.run(),
                    Capture.of(migration),
                    CapturedTable.ofIdle(after.run().session(), migration),
                    after.lock());
        }
    }
}
