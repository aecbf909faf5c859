package liquibase.ext.partition.engine.exchange;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.properties.DefaultTablespace;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.MigrationRow;
import liquibase.ext.partition.engine.state.Phase;

/**
 * Makes the staging table with the new partitions, and opens the record of the exchange.
 *
 * <p>Transaction: one. Locks: ACCESS SHARE on the partition for a moment. Safe to repeat: does nothing if this
 * exchange's staging table is there, or if it is done. On failure nothing is left behind.
 */
public final class ExchangePreparation {
    private static final Sql CHANGE_OWNER = Sql.of("ALTER TABLE {table} OWNER TO {owner}");
    private static final Sql CURRENT_USER = Sql.of("SELECT current_user");
    private static final Sql EXISTS = Sql.of("SELECT pg_catalog.to_regclass({table}) IS NOT NULL");

    private final StepRun run;
    private final ExchangeSpec spec;
    private final TableReader reader;

    private ExchangePreparation(StepRun run, ExchangeSpec spec) {
        this.run = run;
        this.spec = spec;
        this.reader = new TableReader(run.session());
    }

    /** @throws PartitionException when the partition cannot be exchanged like this, with all the reasons */
    public static void run(StepRun run, ExchangeSpec spec) throws SQLException {
        new ExchangePreparation(run, spec).prepare();
    }

    private void prepare() throws SQLException {
        Optional<Migration> begun = run.migrations().find(run.source());
        if (begun.isPresent() && isMade(begun.get())) {
            return;
        }
        Table partition = reader.require(spec.partition());
        ExchangeDraft draft = ExchangeDraft.of(run.session(), run.state(), spec, partition);
        if (!draft.obstacles().isEmpty()) {
            throw new PartitionException(
                    "%s cannot be exchanged for other partitions:\n  %s\nNothing was changed. Remove what stands in the way, then run update again."
                            .formatted(inWords(), Obstacle.lines(draft.obstacles())));
        }
        PartitionPlace place = draft.place().orElseThrow();
        NewTableSpec newTable = draft.plan().orElseThrow().spec();
        make(partition, draft);
        int made = newTable.layout().partitions().size() + (place.isOfDefault() ? 1 : 0);
        run.line("%s made with %d %s, which will take the place of %s in %s."
                .formatted(
                        newTable.newTable(), made, made == 1 ? "partition" : "partitions", inWords(), place.parent()));
    }

    /** The partitions that shall leave, in words. */
    private String inWords() {
        return spec.through()
                .map(it -> "%s through %s".formatted(spec.partition(), it))
                .orElse(spec.partition().toString());
    }

    /** Whether the exchange that has begun is the one that is asked for, as far as the names tell. */
    private boolean isMade(Migration begun) throws SQLException {
        if (!begun.phase().isAtLeast(Phase.DROPPED)) {
            requireSame(begun);
        }
        if (begun.phase().isAtLeast(Phase.SWAPPED) && !begun.phase().isAtLeast(Phase.DROPPED)) {
            run.line("%s: %s is exchanged already.".formatted(run.step(), run.source()));
            return true;
        }
        if (begun.phase().isAtLeast(Phase.DROPPED)) {
            // The default partition keeps its name, and may be exchanged again for other intervals.
            boolean done = reader.find(spec.partition()).isEmpty() || isWantedAgain(spec, begun);
            if (done) {
                run.line("%s: %s is exchanged already, and dropped.".formatted(run.step(), run.source()));
            }
            return done;
        }
        Optional<Table> staging = reader.find(begun.newTable());
        if (staging.isPresent() && staging.get().oid() == begun.newOid()) {
            run.line("%s: %s is there already.".formatted(run.step(), begun.newTable()));
            return true;
        }
        if (begun.deltaTableName().isPresent()
                && run.session().queryBoolean(EXISTS.with("table", begun.delta().quoted()))) {
            throw new PartitionException(
                    "The exchange of %s is <%s>, but its table %s was dropped or renamed by hand. Its changes may still be captured in %s. Nothing was changed. Roll back to before the exchange (which drops the triggers, then %s), then run update again."
                            .formatted(
                                    run.source(),
                                    begun.phase().word(),
                                    begun.newTable(),
                                    begun.delta(),
                                    begun.delta()));
        }
        return false;
    }

    /** Whether an exchange that is over was this one: the record of its changeset was lost. */
    static boolean isWantedAgain(ExchangeSpec spec, Migration begun) {
        return isSame(spec, begun) && spec.from().isPresent();
    }

    /** Where {@code from} or {@code until} is not given, the bound of the partition stands for it. */
    private static boolean isSame(ExchangeSpec spec, Migration begun) {
        PartitionLayout layout = begun.spec().layout();
        return begun.exchange().isPresent()
                && layout.prefix().equals(spec.prefix())
                && layout.interval() == spec.interval()
                && spec.from().map(layout.from()::equals).orElse(true)
                && spec.until().map(layout.until()::equals).orElse(true)
                && spec.through().orElse(spec.partition()).equals(last(begun));
    }

    private static QualifiedName last(Migration begun) {
        List<Migration.Leaving> leaving = begun.exchange().orElseThrow().leaving();
        return leaving.get(leaving.size() - 1).name();
    }

    private void requireSame(Migration begun) {
        if (!isSame(spec, begun)) {
            PartitionLayout layout = begun.spec().layout();
            throw new PartitionException(
                    "An exchange of %s has begun, by %s from %s until %s with the prefix %s, and another one is asked for. Nothing was changed. Write these again, or roll back to before the exchange and begin anew."
                            .formatted(
                                    begun.isOfSeveral()
                                            ? "%s through %s".formatted(run.source(), last(begun))
                                            : run.source(),
                                    layout.interval().word(),
                                    layout.from(),
                                    layout.until(),
                                    layout.prefix()));
        }
    }

    private void make(Table partition, ExchangeDraft draft) throws SQLException {
        Session session = run.session();
        NewTable plan = draft.plan().orElseThrow();
        PartitionPlace place = draft.place().orElseThrow();
        NewTableSpec newTable = plan.spec();
        Identifier user = new Identifier(session.queryStrings(CURRENT_USER).get(0));
        List<QualifiedName> taking = new ArrayList<>(newTable.layout().partitions().stream()
                .map(it -> spec.partition().sibling(it.name()))
                .toList());
        if (place.isOfDefault()) {
            taking.add(spec.partition().sibling(newTable.layout().defaultPartition()));
        }
        session.inTransaction(() -> {
            session.updateAll(run.state().createStatements());
            DefaultTablespace.within(
                    session, DefaultTablespace.OF_THE_DATABASE, () -> session.updateAll(plan.statements()));
            session.updateAll(plan.ownerStatements(user));
            if (!partition.owner().equals(user)) {
                for (QualifiedName table : newTable.tables()) {
                    session.update(CHANGE_OWNER.with("table", table).with("owner", partition.owner()));
                }
            }
            session.updateAll(MigrationRow.insertStatements(run.state(), newTable));
            session.updateAll(
                    MigrationRow.exchangeStatements(run.state(), newTable, place.parentOid(), draft.leaving(), taking));
        });
    }
}
