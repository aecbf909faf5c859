package liquibase.ext.partition.engine.exchange;

import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.properties.DefaultTablespace;
import liquibase.ext.partition.engine.catalog.properties.TablePropertiesReader;
import liquibase.ext.partition.engine.catalog.server.TakenNames;
import liquibase.ext.partition.engine.lock.LockTable;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.refusal.Rights;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migration.Exchange;
import liquibase.ext.partition.engine.state.MigrationRow;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.time.DateTime;
import liquibase.ext.partition.engine.upkeep.PresentPartitions;
import liquibase.ext.partition.engine.upkeep.PresentPartitions.Present;

/**
 * Makes the staging table with the new partitions, and opens the record of the exchange.
 *
 * <p>Transaction: one. Locks: ACCESS SHARE on the partition for a moment. Safe to repeat: does nothing if this
 * exchange's staging table is there, or if it is done. On failure nothing is left behind.
 *
 * <p>The file is long because it reads the bounds of every kind of partition and cuts the new ones out of them.
 */
public final class ExchangePreparation {
    private static final Sql CHANGE_OWNER = Sql.of("ALTER TABLE {table} OWNER TO {owner}");
    private static final Sql CURRENT_USER = Sql.of("SELECT current_user");
    private static final Sql EXISTS = Sql.of("SELECT pg_catalog.to_regclass({table}) IS NOT NULL");

    /** The day of a bound, if it is one: in UTC, as all bounds of ours are. */
    private static final Sql DAY_OF_BOUND = Sql.of("""
            SELECT CASE WHEN pg_catalog.isfinite(b.time) AND b.time = pg_catalog.date_trunc('day', b.time) THEN b.time::pg_catalog.date::pg_catalog.text END
            FROM (SELECT {time} AS time) AS b""");

    private static final Sql WITH_ZONE = Sql.of("(({bound})::pg_catalog.timestamptz AT TIME ZONE 'UTC')");
    private static final Sql WITHOUT_ZONE = Sql.of("(({bound})::timestamp)");

    private final StepRun run;
    private final ExchangeSpec spec;
    private final TableReader reader;
    private final List<Obstacle> obstacles = new ArrayList<>();

    /** What leaves, in the order of the bounds. */
    private final List<QualifiedName> leaving = new ArrayList<>();

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
        Optional<NewTable> plan = plan(partition);
        if (!obstacles.isEmpty() || plan.isEmpty()) {
            throw new PartitionException(
                    "%s cannot be exchanged for other partitions:\n  %s\nNothing was changed. Remove what stands in the way, then run update again."
                            .formatted(inWords(), Obstacle.lines(obstacles)));
        }
        PartitionPlace place =
                PartitionPlace.read(run.session(), partition.oid()).orElseThrow();
        NewTableSpec newTable = plan.get().spec();
        make(partition, plan.get(), place);
        int made = newTable.layout().partitions().size() + (isOfDefault(place) ? 1 : 0);
        run.line("%s made with %d %s, which will take the place of %s in %s."
                .formatted(
                        newTable.newTable(), made, made == 1 ? "partition" : "partitions", inWords(), place.parent()));
    }

    /** What shall leave, in words. */
    private String inWords() {
        return spec.through()
                .map(it -> "%s through %s".formatted(spec.partition(), it))
                .orElse(spec.partition().toString());
    }

    private static boolean isOfDefault(PartitionPlace place) {
        return place.bound().equals(Exchange.DEFAULT);
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
            boolean done = reader.find(spec.partition()).isEmpty() || isWantedAgain(begun);
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
    private boolean isWantedAgain(Migration begun) {
        return isSame(begun) && spec.from().isPresent();
    }

    /** Where {@code from} or {@code until} is not given, the bound of the partition stands for it. */
    private boolean isSame(Migration begun) {
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
        if (!isSame(begun)) {
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

    private void make(Table partition, NewTable plan, PartitionPlace place) throws SQLException {
        Session session = run.session();
        NewTableSpec newTable = plan.spec();
        Identifier user = new Identifier(session.queryStrings(CURRENT_USER).get(0));
        List<QualifiedName> taking = new ArrayList<>(newTable.layout().partitions().stream()
                .map(it -> spec.partition().sibling(it.name()))
                .toList());
        if (isOfDefault(place)) {
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
                    MigrationRow.exchangeStatements(run.state(), newTable, place.parentOid(), leaving, taking));
        });
    }

    /** Empty if {@link #obstacles} say why there is none. */
    private Optional<NewTable> plan(Table partition) throws SQLException {
        Session session = run.session();
        Optional<PartitionPlace> found = PartitionPlace.read(session, partition.oid());
        if (found.isEmpty()) {
            refuse(Feature.KIND, "it is no partition of a partitioned table; name one in tableName");
            return Optional.empty();
        }
        PartitionPlace place = found.get();
        if (place.hasPartitions()) {
            refuse(Feature.KIND, "it is partitioned itself; exchange its partitions one by one");
            return Optional.empty();
        }
        if (place.nested()) {
            refuse(
                    Feature.KIND,
                    "%s, whose partition it is, is a partition too; only partitions of a table that is none can be exchanged"
                            .formatted(place.parent()));
            return Optional.empty();
        }
        Optional<PartitionKey> key = key(partition, place);
        if (key.isEmpty()) {
            return Optional.empty();
        }
        PresentPartitions present = PresentPartitions.read(session, place.parentOid());
        if (!findLeaving(place, present)) {
            return Optional.empty();
        }
        Optional<PartitionLayout> layout = layout(key.get(), place, present);
        if (layout.isEmpty()) {
            return Optional.empty();
        }
        NewTableSpec newTable = new NewTableSpec(
                spec.partition(),
                spec.stagingName(),
                keySpec(place),
                layout.get(),
                Routing.NATIVE,
                IncomingForeignKeys.REFUSE,
                List.of());
        List<Table> tables = new ArrayList<>();
        for (QualifiedName name : leaving) {
            Table table = reader.require(name);
            tables.add(table);
            new Rights(session, table.oid())
                    .missing(run.state().schema(), false).stream()
                            .filter(it -> !obstacles.contains(it))
                            .forEach(obstacles::add);
        }
        obstacles.addAll(ExchangeObstacles.ofAll(session, tables, place, name -> false, ""));
        Table parent = reader.require(place.parent());
        if (!parent.ownedByUs()) {
            refuse(
                    Feature.OWNER,
                    "%s belongs to role %s, and only its owner can exchange its partitions; run as that role, or GRANT %s to the role that runs Liquibase"
                            .formatted(
                                    parent.name(),
                                    parent.owner(),
                                    parent.owner().quoted()));
        }
        List<String> taken = TakenNames.among(
                session,
                spec.partition().schema(),
                newTable.tables().stream().map(it -> it.name().name()).toList());
        if (!taken.isEmpty()) {
            refuse(
                    null,
                    "these names are taken by something that this exchange did not make: %s; rename them, or choose another newTableName or partitionPrefix"
                            .formatted(String.join(", ", taken)));
        }
        long locks = LockTable.wantedBy(
                2 * layout.get().partitions().size() + 2 * leaving.size(),
                partition.indexes().size());
        LockTable table = LockTable.read(session);
        if (!table.hasRoomFor(locks)) {
            refuse(
                    null,
                    "%,d partitions with their indexes take up to %,d locks, and the server has room for %,d; raise max_locks_per_transaction (needs a restart), or make fewer partitions"
                            .formatted(layout.get().partitions().size(), locks, table.capacity()));
        }
        NewTable plan =
                new NewTable(newTable, key.get(), List.of(), new TablePropertiesReader(session).read(partition), true);
        // A bound may be a day that the column's type cannot express.
        plan.statements();
        return Optional.of(plan);
    }

    /**
     * Finds what leaves, in order.
     *
     * @return false if that is refused
     */
    private boolean findLeaving(PartitionPlace place, PresentPartitions present) throws SQLException {
        leaving.add(spec.partition());
        if (spec.through().filter(it -> !it.equals(spec.partition())).isEmpty()) {
            return true;
        }
        QualifiedName last = spec.through().get();
        List<QualifiedName> bounded = present.all().stream()
                .filter(it -> !it.isDefault())
                .map(Present::name)
                .toList();
        for (QualifiedName end : List.of(spec.partition(), last)) {
            if (!bounded.contains(end)) {
                refuse(
                        Feature.KIND,
                        "%s is no partition of %s with bounds; only such can be exchanged together"
                                .formatted(end, place.parent()));
                return false;
            }
        }
        List<QualifiedName> following = present.following(run.session(), spec.partition(), last).stream()
                .map(Present::name)
                .toList();
        if (!following.contains(last)) {
            refuse(
                    null,
                    "%s does not follow it without a gap: after %s none begins where that ends; name a later one in tableName, or an earlier one in throughTableName, or make what is missing"
                            .formatted(last, following.get(following.size() - 1)));
            return false;
        }
        leaving.addAll(following.subList(1, following.size()));
        for (QualifiedName name : following) {
            Table table = reader.require(name);
            if (PartitionPlace.read(run.session(), table.oid())
                    .filter(PartitionPlace::hasPartitions)
                    .isPresent()) {
                refuse(Feature.KIND, "%s is partitioned itself; exchange its partitions one by one".formatted(name));
                return false;
            }
        }
        return true;
    }

    private void refuse(Feature feature, String sentence) {
        obstacles.add(Obstacle.of(feature, sentence));
    }

    /** The key with which this tool has partitioned the parent; else its one column. */
    private PartitionKeySpec keySpec(PartitionPlace place) throws SQLException {
        Optional<Migration> ofParent = ofParent(place);
        return ofParent.isPresent()
                ? ofParent.get().spec().partitionKey()
                : PartitionKeySpec.of(place.keyColumn().orElseThrow());
    }

    private Optional<Migration> ofParent(PartitionPlace place) throws SQLException {
        return run.migrations().find(place.parent()).filter(it -> it.newOid() == place.parentOid());
    }

    private Optional<PartitionKey> key(Table partition, PartitionPlace place) throws SQLException {
        Optional<Migration> ofParent = ofParent(place);
        if (ofParent.isPresent() && !ofParent.get().phase().isAtLeast(Phase.DROPPED)) {
            refuse(
                    Feature.KIND,
                    "the backup of %s is still there, and its way back knows the partitions that there are; drop the backup first (liquibase update -DdropApproved=%s)"
                            .formatted(place.parent(), place.parent().name().name()));
            return Optional.empty();
        }
        if (ofParent.isEmpty()
                && place.keyColumn()
                        .flatMap(partition::column)
                        .map(Column::typeName)
                        .filter(DateTime.TYPES::contains)
                        .isEmpty()) {
            refuse(
                    Feature.KIND,
                    "%s is partitioned neither by range over one column of a date type nor by this tool; leave it out"
                            .formatted(place.parent()));
            return Optional.empty();
        }
        PartitionKey key = PartitionKey.of(
                keySpec(place),
                partition.columns(),
                ofParent.map(it -> it.spec().textDateFunction())
                        .orElse(place.parent()
                                .sibling(DerivedName.of(place.parent().name(), "_text_date"))));
        if (key.readsText()) {
            refuse(
                    Feature.KIND,
                    "%s is partitioned by a date in text, whose partitions cannot be exchanged yet; leave it out"
                            .formatted(place.parent()));
            return Optional.empty();
        }
        return Optional.of(key);
    }

    private Optional<PartitionLayout> layout(PartitionKey key, PartitionPlace place, PresentPartitions present)
            throws SQLException {
        Session session = run.session();
        Identifier stagedDefault = DerivedName.of(spec.stagingName(), "_default");
        if (isOfDefault(place)) {
            if (spec.from().isEmpty() || spec.until().isEmpty()) {
                refuse(
                        null,
                        "it is the default partition, of which only you know which intervals shall have partitions; write from and until");
                return Optional.empty();
            }
            PartitionLayout layout = new PartitionLayout(
                    spec.prefix(),
                    spec.interval(),
                    spec.from().get(),
                    spec.until().get(),
                    stagedDefault);
            for (PresentPartitions.Found found : present.find(session, key, layout.partitions())) {
                if (!found.overlapping().isEmpty()) {
                    refuse(
                            null,
                            "%s, from %s to %s, overlaps %s, which is there; write from and until that go round it"
                                    .formatted(
                                            found.wanted().name(),
                                            found.wanted().from(),
                                            found.wanted().to(),
                                            found.overlapping()));
                }
            }
            return Optional.of(layout);
        }
        Optional<LocalDate> from =
                day(new End(spec.from(), bound(leaving.get(0), present).from()), key, present);
        Optional<LocalDate> until = day(
                new End(
                        spec.until(),
                        bound(leaving.get(leaving.size() - 1), present).to()),
                key,
                present);
        if (from.isEmpty() || until.isEmpty()) {
            return Optional.empty();
        }
        PartitionLayout layout =
                new PartitionLayout(spec.prefix(), spec.interval(), from.get(), until.get(), stagedDefault);
        if (layout.partitions().size() < 2 && leaving.size() == 1) {
            Partition only = layout.partitions().get(0);
            refuse(
                    null,
                    "one %s, %s, would take its place, from %s to %s; choose a shorter interval"
                            .formatted(spec.interval().word(), only.name(), only.from(), only.to()));
            return Optional.empty();
        }
        return Optional.of(layout);
    }

    private static Present bound(QualifiedName partition, PresentPartitions present) {
        return present.all().stream()
                .filter(it -> it.name().equals(partition))
                .findFirst()
                .orElseThrow();
    }

    /**
     * Where the partition begins, or ends.
     *
     * @param given as people say it, if they do
     * @param bound as the server writes it; empty for MINVALUE and MAXVALUE
     */
    private record End(Optional<LocalDate> given, Optional<String> bound) {}

    /** The day at which the partition begins or ends; empty if that is refused. */
    private Optional<LocalDate> day(End end, PartitionKey key, PresentPartitions present) throws SQLException {
        Optional<LocalDate> given = end.given();
        Optional<String> bound = end.bound();
        if (bound.isEmpty()) {
            refuse(
                    null,
                    "its bound is MINVALUE or MAXVALUE; only partitions with both bounds, and the default one, can be exchanged");
            return Optional.empty();
        }
        if (given.isPresent()) {
            if (!present.isSameBound(run.session(), key.bound(given.get()).script(), bound.get())) {
                refuse(
                        null,
                        "its bound is %s, and not %s; write from and until as it has them, or leave them out"
                                .formatted(bound.get(), given.get()));
                return Optional.empty();
            }
            return given;
        }
        boolean isTime = key.sources().size() == 1
                ? key.sources().get(0).encoding() instanceof DateTime || !key.isColumn()
                : true;
        Optional<LocalDate> day = isTime
                ? run
                        .session()
                        .queryStrings(DAY_OF_BOUND.with(
                                "time",
                                (present.type().startsWith("timestamp with time zone") ? WITH_ZONE : WITHOUT_ZONE)
                                        .with("bound", Sql.raw(bound.get()))))
                        .stream()
                        .filter(it -> it != null)
                        .map(LocalDate::parse)
                        .findFirst()
                : Optional.empty();
        if (day.isEmpty()) {
            refuse(
                    null,
                    isTime
                            ? "its bound %s is not the beginning of a day in UTC; the new partitions would not cover it"
                                    .formatted(bound.get())
                            : "its bound %s is no date; write from and until".formatted(bound.get()));
        }
        return day;
    }
}
