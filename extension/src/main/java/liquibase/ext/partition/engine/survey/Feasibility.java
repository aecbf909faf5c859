package liquibase.ext.partition.engine.survey;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.BelongingKinds;
import liquibase.ext.partition.engine.belonging.kind.Intent;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.server.TakenNames;
import liquibase.ext.partition.engine.lock.LockTable;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.refusal.Obstacles;
import liquibase.ext.partition.engine.refusal.Rights;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.survey.sample.DefaultSample;

/**
 * Whether a table can be partitioned as requested. {@code createPartitionedTable}, the precondition
 * {@code partitionable} and {@code generator plan} all go by this, so that none of them refuses what another one has
 * let pass.
 *
 * @param plan the plan; empty if the partition key or a column's type keeps it from being made
 * @param refused all obstacles; empty if the table can be partitioned
 * @param sample where a sample of its rows would be; empty if it has no rows, or there is no plan
 */
public record Feasibility(Optional<NewTable> plan, List<Obstacle> refused, Optional<DefaultSample> sample) {
    private static final Sql FUNCTION_EXISTS = Sql.of("""
            SELECT EXISTS (SELECT FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
                           WHERE n.nspname = {schema} AND p.proname = {name}
                             AND pg_catalog.oidvectortypes(p.proargtypes) = 'text')
            """);

    public Feasibility {
        refused = List.copyOf(refused);
    }

    /**
     * Reads the catalog and at most a few thousand rows.
     *
     * @param source the source, which this migration has not replaced yet
     * @param stateSchema Liquibase's own schema
     * @param share the share of the rows that may be in the default partition
     */
    public static Feasibility of(
            Session session, Table source, NewTableSpec written, Identifier stateSchema, DefaultShare share)
            throws SQLException {
        NewTableSpec spec = TypeChanges.withTypesAsMeant(session, written);
        NewTablePlan planned = new NewTablePlan(session, source, spec);
        List<Obstacle> unplanned = new ArrayList<>();
        Optional<NewTable> plan = planned.make(unplanned);
        Intent intent = plan.isPresent()
                ? intent(session, source, spec, plan.get())
                : new Intent(session, source, spec, Optional.empty(), Set.of());
        List<Obstacle> refused = new ArrayList<>(BelongingKinds.judged(Obstacles.of(session, source), intent));
        if (source.partitioned()) {
            refused.add(new Obstacle(Feature.KIND, "it is partitioned already", "leave it out"));
        }
        Rights rights = new Rights(session, source.oid());
        refused.addAll(rights.missing(stateSchema, spec.routing() == Routing.TRIGGER));
        if (spec.partitionSchema().isPresent()) {
            refused.addAll(rights.missingIn(spec.partitionSchema().get()));
        }
        refused.addAll(BelongingKinds.ahead(intent));
        refused.addAll(unplanned);
        Optional<DefaultSample> sample = Optional.empty();
        if (plan.isPresent()) {
            sample = DefaultSample.read(session, plan.get(), planned.conversions(plan.get()), share);
            sample.flatMap(DefaultSample::obstacle).ifPresent(refused::add);
        }
        boolean readsText = plan.filter(it -> it.key().readsText()).isPresent();
        takenNames(session, spec, readsText).ifPresent(refused::add);
        long locks = locks(source, spec);
        LockTable lockTable = LockTable.read(session);
        if (!lockTable.hasRoomFor(locks)) {
            refused.add(new Obstacle(
                    null,
                    "%,d partitions with their indexes take up to %,d locks, and the server has room for %,d"
                            .formatted(spec.layout().partitions().size(), locks, lockTable.capacity()),
                    "raise max_locks_per_transaction (needs a restart), or make fewer partitions"));
        }
        return new Feasibility(plan, refused, sample);
    }

    /** @param plan the new table, made by that spec */
    static Intent intent(Session session, Table source, NewTableSpec spec, NewTable plan) {
        return new Intent(
                session,
                source,
                spec,
                Optional.of(plan.key()),
                spec.withColumns(plan.changes()).differingColumns());
    }

    /** How many locks the swap will take at most. */
    static long locks(Table source, NewTableSpec spec) {
        int withTheDefault = spec.layout().partitions().size() + 1;
        return LockTable.wantedBy(withTheDefault, source.indexes().size());
    }

    private static Optional<Obstacle> takenNames(Session session, NewTableSpec spec, boolean readsText)
            throws SQLException {
        Map<Identifier, List<String>> names = new LinkedHashMap<>();
        spec.tables()
                .forEach(table -> names.computeIfAbsent(table.schema(), schema -> new ArrayList<>())
                        .add(table.name().name()));
        List<String> taken = new ArrayList<>();
        for (Map.Entry<Identifier, List<String>> there : names.entrySet()) {
            for (String name : TakenNames.among(session, there.getKey(), there.getValue())) {
                taken.add(QualifiedName.of(there.getKey().name(), name).toString());
            }
        }
        Identifier schema = spec.source().schema();
        QualifiedName function = spec.textDateFunction();
        if (readsText
                && session.queryBoolean(FUNCTION_EXISTS
                        .with("schema", schema.name())
                        .with("name", function.name().name()))) {
            taken.add(function + "(text)");
        }
        return taken.isEmpty()
                ? Optional.empty()
                : Optional.of(new Obstacle(
                        null,
                        "these names are taken by something that this migration did not make: "
                                + String.join(", ", taken),
                        "rename them, or choose another newTableName or partitionPrefix"));
    }
}
