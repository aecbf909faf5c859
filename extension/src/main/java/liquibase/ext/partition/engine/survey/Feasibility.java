package liquibase.ext.partition.engine.survey;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.LockTable;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.target.NewTable;
import liquibase.ext.partition.engine.target.NewTableSpec;
import liquibase.ext.partition.engine.target.Routing;
import liquibase.ext.partition.engine.target.TriggerRouting;

/**
 * Whether a table can be partitioned so. {@code createPartitionedTable}, the precondition {@code partitionable} and
 * {@code generator plan} all go by this, so that none of them refuses what another one let pass.
 *
 * @param plan what would be made; empty where the partition key or a column's type stands in the way of saying so
 * @param refused all that stands in the way; empty where the table can be partitioned
 */
public record Feasibility(Optional<NewTable> plan, List<Obstacle> refused) {
    private static final Sql TAKEN = Sql.of("""
            SELECT name FROM unnest({names}::text[], {quoted}::text[]) WITH ORDINALITY AS t (name, quoted, place)
            WHERE to_regclass(t.quoted) IS NOT NULL ORDER BY t.place
            """);

    private static final Sql FUNCTION_EXISTS = Sql.of("SELECT to_regprocedure({function}) IS NOT NULL");

    /** Of a table's owner PostgreSQL wants the right to create there too, before it gives the table to that owner. */
    private static final Sql MAY_NOT_CREATE = Sql.of("""
            SELECT format('%I', r.rolname)
            FROM pg_catalog.pg_roles AS r
            JOIN pg_catalog.pg_namespace AS n ON n.nspname = {schema}
            WHERE r.rolname IN (current_user, {owner})
              AND NOT pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')
            ORDER BY r.rolname <> current_user
            """);

    public Feasibility {
        refused = List.copyOf(refused);
    }

    /**
     * Reads the catalog only.
     *
     * @param source which this migration has not replaced yet
     */
    public static Feasibility of(Session session, Table source, NewTableSpec spec) throws SQLException {
        List<Obstacle> refused = new ArrayList<>(source.obstacles());
        if (source.partitioned()) {
            refused.add(new Obstacle(Feature.KIND, "it is partitioned already", "leave it out"));
        }
        refused.addAll(rights(session, source));
        if (spec.routing() == Routing.TRIGGER) {
            source.triggers().stream()
                    .flatMap(trigger -> TriggerRouting.obstacle(trigger).stream())
                    .map(sentence -> Obstacle.of(Feature.TRIGGERS, sentence))
                    .forEach(refused::add);
        }
        Optional<NewTable> plan = new NewTablePlan(session, source, spec).make(refused);
        takenNames(session, spec, plan).ifPresent(refused::add);
        long locks = locks(source, spec);
        LockTable lockTable = LockTable.read(session);
        if (!lockTable.hasRoomFor(locks)) {
            refused.add(new Obstacle(
                    null,
                    "%,d partitions with their indexes take up to %,d locks, and the server has room for %,d"
                            .formatted(spec.layout().partitions().size(), locks, lockTable.capacity()),
                    "raise max_locks_per_transaction (needs a restart), or make fewer partitions"));
        }
        return new Feasibility(plan, refused);
    }

    /** How many locks a transaction takes that touches every partition and each of its indexes. */
    static long locks(Table source, NewTableSpec spec) {
        return (spec.layout().partitions().size() + 2L) * (source.indexes().size() + 1);
    }

    private static List<Obstacle> rights(Session session, Table source) throws SQLException {
        List<Obstacle> refused = new ArrayList<>();
        if (!source.ownedByUs()) {
            refused.add(new Obstacle(
                    Feature.OWNER,
                    "it belongs to role %s, and only its owner can capture its changes and rename it"
                            .formatted(source.owner()),
                    "run as that role, or GRANT %s to the role that runs Liquibase"
                            .formatted(source.owner().quoted())));
            return refused;
        }
        Identifier schema = source.name().schema();
        for (String role : session.queryStrings(MAY_NOT_CREATE
                .with("schema", schema.name())
                .with("owner", source.owner().name()))) {
            refused.add(new Obstacle(
                    null,
                    "role %s may not create tables in schema %s".formatted(role, schema),
                    "GRANT CREATE ON SCHEMA %s TO %s".formatted(schema.quoted(), role)));
        }
        return refused;
    }

    private static Optional<Obstacle> takenNames(Session session, NewTableSpec spec, Optional<NewTable> plan)
            throws SQLException {
        List<QualifiedName> tables = spec.tables();
        List<String> taken = new ArrayList<>(session.queryStrings(TAKEN.with(
                        "names", tables.stream().map(QualifiedName::toString).toArray(String[]::new))
                .with("quoted", tables.stream().map(QualifiedName::quoted).toArray(String[]::new))));
        QualifiedName function = spec.textDateFunction();
        if (plan.filter(it -> it.key().readsText()).isPresent()
                && session.queryBoolean(FUNCTION_EXISTS.with("function", function.quoted() + "(text)"))) {
            taken.add(function + "(text)");
        }
        return taken.isEmpty()
                ? Optional.empty()
                : Optional.of(new Obstacle(
                        null,
                        "these names are taken by something that this migration did not make: "
                                + String.join(", ", taken),
                        "drop or rename them, or choose another newTableName or partitionPrefix"));
    }
}
