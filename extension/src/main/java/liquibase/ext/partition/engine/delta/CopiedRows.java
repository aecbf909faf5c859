package liquibase.ext.partition.engine.delta;

import java.sql.SQLException;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Checkpoints;
import liquibase.ext.partition.engine.state.Migration;

/**
 * What a copy has put into the new table. It rests on the capture that was on meanwhile, so it goes when that goes, as well as
 * when the copy is taken back.
 */
public final class CopiedRows {
    private static final Sql EXISTS = Sql.of("SELECT to_regclass({newTable}) IS NOT NULL");
    private static final Sql TRUNCATE = Sql.of("TRUNCATE {newTable}");

    private CopiedRows() {}

    /** Empties the new table, where it is still there, and forgets the plan and the checkpoints. To be run in a transaction. */
    public static void discard(StepRun run, Migration migration) throws SQLException {
        if (run.session()
                .queryBoolean(EXISTS.with("newTable", migration.newTable().quoted()))) {
            removeTriggers(run, migration);
            run.session().update(TRUNCATE.with("newTable", migration.newTable()));
        }
        new Checkpoints(run.session(), run.state(), migration).forgetAll();
        run.migrations().forgetCopy(migration);
    }

    /** Those that a swap which was killed has made ahead: one refuses TRUNCATE. */
    private static void removeTriggers(StepRun run, Migration migration) throws SQLException {
        if (migration.deltaTableName().isPresent()) {
            Capture.of(migration)
                    .removeFrom(
                            run.session(),
                            migration.newTable(),
                            migration.spec().routing());
        }
    }
}
