package liquibase.ext.partition.engine.belonging.foreignkeys;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKeyReader;
import liquibase.ext.partition.engine.belonging.foreignkeys.triggers.ForeignKeyTriggerNames;
import liquibase.ext.partition.engine.belonging.foreignkeys.triggers.ForeignKeyTriggers;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.catalog.server.ServerVersion;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;

/** Plans the work of a switch on foreign keys from the catalog. */
final class ForeignKeys {
    /** Since version 18 a partitioned table can have a foreign key that is not validated. */
    private static final int NOT_VALID_SINCE = 18;

    private static final Sql NUMBERS = Sql.of("""
            SELECT a.attnum
            FROM pg_catalog.unnest({columns}::pg_catalog.text[]) WITH ORDINALITY AS u (name, place)
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = {oid} AND a.attname = u.name AND NOT a.attisdropped
            ORDER BY u.place""");

    /**
     * The schema that holds the functions now; its name may differ from that at the swap. Ours belong to the table's
     * owner: somebody who may make triggers could have made one that calls a function of that name.
     */
    private static final Sql SCHEMA_OF_FUNCTIONS = Sql.of("""
            SELECT n.nspname
            FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
            JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
            WHERE t.tgrelid = {oid} AND p.proname = {function} AND p.proowner = c.relowner""");

    /**
     * The present referring table, which another migration may have put in the place of the one at the swap: the table
     * whose triggers call the function. If triggers route its rows, the result is the children, with their parent
     * first. Empty if somebody has dropped the trigger, as one drops a foreign key.
     */
    private static final Sql REFERRING = Sql.of("""
            WITH holder AS (
              SELECT t.tgrelid AS oid
              FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
              JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
              WHERE n.nspname = {schema} AND p.proname = {function} AND t.tgparentid = 0
            )
            SELECT c.oid, n.nspname, c.relname, t.parent
            FROM (SELECT oid, false AS parent FROM holder
                  UNION SELECT i.inhparent, true FROM pg_catalog.pg_inherits AS i
                  WHERE i.inhrelid IN (SELECT oid FROM holder) AND (SELECT pg_catalog.count(*) FROM holder) > 1) AS t
            JOIN pg_catalog.pg_class AS c ON c.oid = t.oid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            ORDER BY t.parent DESC, c.relkind = 'p' DESC, c.relname""");

    private static final Sql TAKEN = Sql.of("""
            SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint
                           WHERE conrelid = {oid} AND conname = {name} AND contype <> 't')""");

    private static final Sql LEAVES = Sql.of("""
            SELECT n.nspname, c.relname
            FROM ({leaves}) AS t
            JOIN pg_catalog.pg_class AS c ON c.oid = t.oid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            ORDER BY c.relname""").with("leaves", PartitionTree.leaves(Sql.of("{oid}")));

    private static final Sql IS_PARTITIONED =
            Sql.of("SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid = {oid} AND relkind = 'p')");

    private ForeignKeys() {}

    /** The foreign keys that refer to the table, on the way there; none if they are refused and there are none. */
    static List<SwitchPart> dropped(SwitchContext context) throws SQLException {
        Session session = context.session();
        Migration migration = context.migration();
        TablePair pair = context.pair();
        IncomingForeignKeys way = migration.spec().incomingForeignKeys();
        List<ForeignKey> incoming = new ForeignKeyReader(session).incoming(context.leavingOid());
        List<DroppedForeignKeys.Kept> kept = new ArrayList<>();
        List<ForeignKeyTriggers> triggers = new ArrayList<>();
        boolean onPartitions = !ServerVersion.isAtLeast(session, NOT_VALID_SINCE);
        for (ForeignKey key : incoming) {
            if (IncomingForeignKeyRules.keeps(
                    way,
                    key,
                    pair.old().table(),
                    context.key().orElseThrow(),
                    migration.spec().routing())) {
                kept.add(new DroppedForeignKeys.Kept(
                        key, tables(session, SwitchedForeignKeys.Row.of(key), onPartitions && key.enforced())));
            } else if (way == IncomingForeignKeys.TRIGGER && key.enforced()) {
                triggers.add(triggers(session, migration, pair, key));
            }
        }
        return way == IncomingForeignKeys.REFUSE && incoming.isEmpty()
                ? List.of()
                : List.of(new DroppedForeignKeys(pair, incoming, kept, triggers, switched(context)));
    }

    /** The table's own foreign keys, in either direction. Nobody reads the referenced tables after their part. */
    static SwitchPart own(SwitchContext context) throws SQLException {
        Session session = context.session();
        ForeignKeyReader reader = new ForeignKeyReader(session);
        long oid = context.leavingOid();
        List<ForeignKey> keys = context.isBack()
                ? reader.ownOfPartitioned(oid, context.migration().spec().defaultPartition())
                : reader.own(oid);
        return new OwnForeignKeys(
                context.pair(),
                keys,
                context.isBack() || !ServerVersion.isAtLeast(session, NOT_VALID_SINCE),
                switched(context));
    }

    private static SwitchedForeignKeys switched(SwitchContext context) {
        return new SwitchedForeignKeys(context.run().state(), context.migration());
    }

    private static ForeignKeyTriggers triggers(Session session, Migration migration, TablePair pair, ForeignKey key)
            throws SQLException {
        Routing routing = migration.spec().routing();
        long next = pair.next().table().oid();
        return new ForeignKeyTriggers(
                key,
                pair.liveName(),
                numbers(
                        session,
                        key.refersToItself() ? next : key.referring().oid(),
                        key.columns().stream().map(ForeignKey.Pair::column)),
                numbers(session, next, key.columns().stream().map(ForeignKey.Pair::referenced)),
                routing == Routing.TRIGGER ? pair.next().partitions() : List.of(pair.liveName()),
                routing);
    }

    private static ForeignKeyTriggers.Numbers numbers(Session session, long oid, Stream<Identifier> columns)
            throws SQLException {
        return new ForeignKeyTriggers.Numbers(
                oid,
                session.query(
                        NUMBERS.with("oid", oid)
                                .with("columns", columns.map(Identifier::name).toArray(String[]::new)),
                        row -> row.getInt("attnum")));
    }

    /** The foreign keys that refer to the table, on the way back. */
    static List<SwitchPart> restored(SwitchContext context) throws SQLException {
        Session session = context.session();
        Migration migration = context.migration();
        TablePair pair = context.pair();
        SwitchedForeignKeys switched = switched(context);
        QualifiedName live = pair.liveName();
        List<SwitchedForeignKeys.Row> recorded = switched.find(session, true);
        List<ForeignKey> present = new ForeignKeyReader(session)
                .incoming(pair.old().table().oid()).stream()
                        .filter(key -> !key.refersToItself())
                        .toList();
        boolean onPartitions = !ServerVersion.isAtLeast(session, NOT_VALID_SINCE);
        List<RestoredForeignKeys.Restored> restored = new ArrayList<>();
        List<SwitchedForeignKeys.Row> gone = new ArrayList<>();
        Set<Identifier> triggers = new HashSet<>();
        List<SwitchedForeignKeys.Replaced> replaced = new ArrayList<>();
        for (SwitchedForeignKeys.Row asRecorded : recorded) {
            List<QualifiedName> functions = migration.spec().incomingForeignKeys() == IncomingForeignKeys.TRIGGER
                    ? functions(session, pair, asRecorded)
                    : List.of();
            boolean byTriggers = !functions.isEmpty()
                    && asRecorded.enforced()
                    && !asRecorded.kept()
                    && asRecorded.referringOid() != pair.next().table().oid();
            List<Referring> referring = byTriggers ? referring(session, functions.get(0)) : List.of();
            boolean another =
                    !referring.isEmpty() && referring.stream().noneMatch(it -> it.oid() == asRecorded.referringOid());
            SwitchedForeignKeys.Row row = another
                    ? asRecorded.on(referring.get(0).oid(), referring.get(0).name())
                    : asRecorded;
            if (another) {
                replaced.add(new SwitchedForeignKeys.Replaced(asRecorded, row));
            }
            List<QualifiedName> tables = referring.stream().anyMatch(Referring::parent)
                    ? referring.stream().map(Referring::name).toList()
                    : tables(session, row, onPartitions && row.enforced());
            // For an existing key the catalog has the present state, except for one that is on partitions only.
            boolean whole = present.stream().anyMatch(key -> isOf(key, row));
            boolean inParts = present.stream()
                    .anyMatch(key -> key.name().equals(row.name())
                            && tables.contains(key.referring().name()));
            if (whole || row.kept() && !inParts) {
                gone.add(row);
                continue;
            }
            boolean givenUp = byTriggers && referring.isEmpty();
            restored.add(new RestoredForeignKeys.Restored(row, givenUp ? List.of() : tables, functions));
            triggers.addAll(new ForeignKeyTriggerNames(live, row.referringName(), row.name()).triggersOnReferenced());
            if (row.present().isPresent()
                    && !row.kept()
                    && !givenUp
                    && session.queryBoolean(TAKEN.with("oid", row.referringOid())
                            .with("name", row.name().name()))) {
                throw new PartitionException(
                        "%s has got a constraint %s, which is the name of the foreign key that the swap dropped and the rollback makes again. Nothing was changed. ALTER TABLE %s DROP CONSTRAINT %s, or rename it; then roll back again."
                                .formatted(
                                        row.present().get(),
                                        row.name(),
                                        row.present().get().quoted(),
                                        row.name().quoted()));
            }
        }
        List<ForeignKey> unknown = present.stream()
                .filter(key -> restored.stream()
                        .noneMatch(it -> it.row().name().equals(key.name())
                                && it.tables().contains(key.referring().name())))
                .toList();
        for (ForeignKey key : unknown) {
            SwitchedForeignKeys.Row row = SwitchedForeignKeys.Row.of(key);
            restored.add(new RestoredForeignKeys.Restored(
                    row, tables(session, row, onPartitions && key.enforced()), List.of()));
        }
        return List.of(new RestoredForeignKeys(pair, restored, present, unknown, gone, triggers, replaced, switched));
    }

    private static List<QualifiedName> functions(Session session, TablePair pair, SwitchedForeignKeys.Row row)
            throws SQLException {
        List<QualifiedName> functions =
                new ForeignKeyTriggerNames(pair.liveName(), row.referringName(), row.name()).functions();
        return session.queryFirst(
                        SCHEMA_OF_FUNCTIONS
                                .with("oid", pair.old().table().oid())
                                .with("function", functions.get(1).name().name()),
                        it -> new Identifier(it.getString("nspname")))
                .map(schema -> functions.stream()
                        .map(it -> new QualifiedName(schema, it.name()))
                        .toList())
                .orElse(functions);
    }

    /** @param parent whether triggers route its rows to children */
    private record Referring(long oid, QualifiedName name, boolean parent) {}

    private static List<Referring> referring(Session session, QualifiedName checkFunction) throws SQLException {
        return session.query(
                REFERRING
                        .with("schema", checkFunction.schema().name())
                        .with("function", checkFunction.name().name()),
                it -> new Referring(
                        it.getLong("oid"),
                        QualifiedName.of(it.getString("nspname"), it.getString("relname")),
                        it.getBoolean("parent")));
    }

    private static boolean isOf(ForeignKey key, SwitchedForeignKeys.Row row) {
        return key.referring().oid() == row.referringOid() && key.name().equals(row.name());
    }

    private static List<QualifiedName> tables(Session session, SwitchedForeignKeys.Row row, boolean onPartitions)
            throws SQLException {
        return onPartitions && session.queryBoolean(IS_PARTITIONED.with("oid", row.referringOid()))
                ? session.query(
                        LEAVES.with("oid", row.referringOid()),
                        it -> QualifiedName.of(it.getString("nspname"), it.getString("relname")))
                : row.present().stream().toList();
    }
}
