package liquibase.ext.partition.engine.exchange;

import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
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
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.time.DateTime;
import liquibase.ext.partition.engine.upkeep.PresentPartitions;
import liquibase.ext.partition.engine.upkeep.PresentPartitions.Present;

/**
 * An exchange drafted from the catalog: what leaves, what comes, and what stands in the way. Changes nothing, and takes
 * no lock but those of reading the catalog.
 */
final class ExchangeDraft {
    /** The day of a bound, if it is one: in UTC, as all bounds of ours are. */
    private static final Sql DAY_OF_BOUND = Sql.of("""
            SELECT CASE WHEN pg_catalog.isfinite(b.time) AND b.time = pg_catalog.date_trunc('day', b.time) THEN b.time::pg_catalog.date::pg_catalog.text END
            FROM (SELECT {time} AS time) AS b""");

    private static final Sql WITH_ZONE = Sql.of("(({bound})::pg_catalog.timestamptz AT TIME ZONE 'UTC')");
    private static final Sql WITHOUT_ZONE = Sql.of("(({bound})::timestamp)");

    private final Session session;
    private final StateTables state;
    private final ExchangeSpec spec;
    private final TableReader reader;
    private final List<Obstacle> obstacles = new ArrayList<>();
    private final List<QualifiedName> leaving = new ArrayList<>();

    /** Null where the table is no partition. */
    private PartitionPlace place;

    /** Null where something stands in the way. */
    private NewTable plan;

    private ExchangeDraft(Session session, StateTables state, ExchangeSpec spec) {
        this.session = session;
        this.state = state;
        this.spec = spec;
        this.reader = new TableReader(session);
    }

    /** @param partition that of the spec */
    static ExchangeDraft of(Session session, StateTables state, ExchangeSpec spec, Table partition)
            throws SQLException {
        ExchangeDraft draft = new ExchangeDraft(session, state, spec);
        draft.plan = draft.planned(partition).orElse(null);
        return draft;
    }

    /** The new partitions that are to be made; empty if {@link #obstacles} say why there is nothing. */
    Optional<NewTable> plan() {
        return Optional.ofNullable(plan);
    }

    /** The obstacles, each with its remedy. */
    List<Obstacle> obstacles() {
        return List.copyOf(obstacles);
    }

    /** The partitions that leave, in the order of their bounds, as far as they are known. */
    List<QualifiedName> leaving() {
        return List.copyOf(leaving);
    }

    /** Where the partition is that is asked for; empty if it is none. */
    Optional<PartitionPlace> place() {
        return Optional.ofNullable(place);
    }

    private Optional<NewTable> planned(Table partition) throws SQLException {
        place = PartitionPlace.read(session, partition.oid()).orElse(null);
        if (place == null) {
            refuse(Feature.KIND, "it is no partition of a partitioned table; name one in tableName");
            return Optional.empty();
        }
        return planned(partition, place);
    }

    private Optional<NewTable> planned(Table partition, PartitionPlace place) throws SQLException {
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
                    .missing(state.schema(), false).stream()
                            .filter(it -> !obstacles.contains(it))
                            .forEach(obstacles::add);
        }
        obstacles.addAll(ExchangeObstacles.atTheBeginning(session, state, tables, place));
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
        List<QualifiedName> following = present.following(session, spec.partition(), last).stream()
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
            if (PartitionPlace.read(session, table.oid())
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
        return new Migrations(session, state).find(place.parent()).filter(it -> it.newOid() == place.parentOid());
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
        Identifier stagedDefault = DerivedName.of(spec.stagingName(), "_default");
        if (place.isOfDefault()) {
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
            if (!present.isSameBound(session, key.bound(given.get()).script(), bound.get())) {
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
                ? session
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
