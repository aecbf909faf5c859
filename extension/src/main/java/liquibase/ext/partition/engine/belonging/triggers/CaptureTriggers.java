package liquibase.ext.partition.engine.belonging.triggers;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.delta.Triggered;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Capture ends on the table that leaves and begins on the one that enters. Work on the triggers of some hundred
 * partitions must not happen under the lock: those of the entering table are made ahead, and those of the leaving one
 * are removed afterwards.
 *
 * @param triggered the triggers that the entering table already has
 */
public record CaptureTriggers(TablePair pair, Capture capture, Triggered triggered) implements SwitchPart {
    @Override
    public boolean owns(Trigger trigger) {
        return capture.owns(trigger);
    }

    @Override
    public List<Sql> beforeRenaming() {
        CapturedTable leaving = pair.old().captured(pair.liveName());
        return leaving.hasPartitions() ? capture.pauseStatements(leaving) : capture.stopStatements(leaving);
    }

    @Override
    public List<Sql> afterRenaming() {
        List<Sql> statements = new ArrayList<>(
                capture.adaptStatements(pair.old().table(), pair.next().table()));
        statements.addAll(capture.startStatements(
                pair.next().captured(pair.liveName()),
                triggered.renamed(pair.next().name(), pair.liveName())));
        return statements;
    }
}
