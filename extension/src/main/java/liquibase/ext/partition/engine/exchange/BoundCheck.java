package liquibase.ext.partition.engine.exchange;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.lock.LockPatience;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.upkeep.PresentPartitions.Range;

/**
 * A CHECK that says of a table what its bound will say once it is a partition. By it, the server attaches the table
 * without reading its rows. The same CHECK on a default partition lets another partition be attached beside it. A row
 * without a value of the key belongs to the default partition, so the CHECK of that one lets it pass.
 *
 * <p>It is there from shortly before a switch until the switch. Meanwhile it refuses no row that the table could get:
 * either nobody but the replay writes it, and the rows come from a table that has no others; or it is live, and other
 * partitions take the rows that it refuses. A run that is killed leaves it, and the next one makes it anew.
 *
 * <p>Transactions: one to add it, under ACCESS EXCLUSIVE for a moment and the lock policy; one to read the rows, while
 * readers and writers go on.
 */
record BoundCheck(QualifiedName table, Identifier name, Sql condition) {
    private static final String SUFFIX = "_exchange_";

    /** The regular expression that the name of a CHECK of any exchange matches. */
    static final String ANY = SUFFIX + "[0-9]+$";

    private static final Sql ADD = Sql.of("ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID");
    private static final Sql INSIDE = Sql.of("{value} IS NOT NULL AND {value} >= {from} AND {value} < {to}");
    private static final Sql OUTSIDE = Sql.of("{value} IS NULL OR ({outside})");
    private static final Sql BEFORE = Sql.of("{value} < {from}");
    private static final Sql AFTER = Sql.of("{value} >= {to}");
    private static final Sql EITHER = Sql.of("({before} OR {after})");
    private static final Sql NOWHERE = Sql.raw("false");
    private static final Sql EVERYWHERE = Sql.raw("true");
    private static final Sql VALIDATE = Sql.of("ALTER TABLE {table} VALIDATE CONSTRAINT {name}");
    private static final Sql DROP = Sql.of("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}");

    /** The CHECKs on the given tables whose names match. */
    private static final Sql LEFT = Sql.of("""
            SELECT n.nspname, c.relname, k.conname,
                   pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::pg_catalog.regclass, k.conname) AS remedy
            FROM ({given}) AS t
            JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid
            JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE k.contype = 'c' AND k.conname ~ {name}
            ORDER BY t.oid""");

    private static final Sql HOLDS = Sql.of("""
            SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint
                           WHERE conrelid = pg_catalog.to_regclass({table}) AND contype = 'c' AND conname = {name} AND convalidated)""");

    /** All rows are of the range, which has both bounds. */
    static BoundCheck inside(Migration exchange, QualifiedName table, PartitionKey key, Range range) {
        return new BoundCheck(
                table,
                name(exchange, table),
                INSIDE.with("value", key.value(Identifier::asSql))
                        .with("from", Sql.raw(range.from().orElseThrow()))
                        .with("to", Sql.raw(range.to().orElseThrow())));
    }

    /** No row is of one of the ranges. */
    static BoundCheck outside(Migration exchange, QualifiedName table, PartitionKey key, List<Range> ranges) {
        Sql value = key.value(Identifier::asSql);
        List<Sql> outside = new ArrayList<>();
        for (Range range : ranges) {
            Sql before = range.from()
                    .map(it -> BEFORE.with("value", value).with("from", Sql.raw(it)))
                    .orElse(NOWHERE);
            Sql after = range.to()
                    .map(it -> AFTER.with("value", value).with("to", Sql.raw(it)))
                    .orElse(NOWHERE);
            outside.add(EITHER.with("before", before).with("after", after));
        }
        return new BoundCheck(
                table,
                name(exchange, table),
                OUTSIDE.with("value", value)
                        .with("outside", outside.isEmpty() ? EVERYWHERE : Sql.join(" AND ", outside)));
    }

    /** Its name on that table: two exchanges that go on beside one default partition each have one there. */
    static Identifier name(Migration exchange, QualifiedName table) {
        return DerivedName.of(table.name(), suffix(exchange));
    }

    /** How the names of an exchange's CHECKs end. */
    static String suffix(Migration exchange) {
        return SUFFIX + exchange.id();
    }

    private record Left(QualifiedName table, Identifier name, String remedy) {}

    private static List<Left> left(Session session, Collection<Long> tables, String pattern) throws SQLException {
        return QualifiedNames.within(
                session,
                () -> session.query(
                        LEFT.with("given", PartitionTree.given(tables)).with("name", pattern),
                        row -> new Left(
                                QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                                new Identifier(row.getString("conname")),
                                row.getString("remedy"))));
    }

    /** The CHECKs of any exchange on tables that none has begun with. */
    static List<Obstacle> left(Session session, Collection<Long> tables) throws SQLException {
        return left(session, tables, ANY).stream()
                .map(it -> new Obstacle(
                        Feature.CHECKS,
                        "%s has the check %s, which an exchange that was killed has left"
                                .formatted(it.table(), it.name()),
                        it.remedy()))
                .toList();
    }

    /**
     * Drops those that a killed run of an exchange has left on tables, whatever their names are by now: a live one
     * would refuse rows once others are detached.
     */
    static void removeLeft(StepRun run, Migration exchange, Collection<Long> tables, LockPolicy lock)
            throws SQLException {
        for (Left left : left(run.session(), tables, suffix(exchange) + "$")) {
            drop(run, left.table(), left.name(), lock, "It has a CHECK left from an exchange.");
        }
    }

    /** @param unchanged what is said where the lock is not granted */
    private static void drop(StepRun run, QualifiedName table, Identifier name, LockPolicy lock, String unchanged)
            throws SQLException {
        lock.inTransaction(
                run.session(),
                run.report(),
                table,
                unchanged,
                () -> {
                    run.session().updateAll(List.of(DROP.with("table", table).with("name", name)));
                    return null;
                },
                () -> {});
    }

    /** Makes it and reads the rows. Must run outside any transaction. */
    void make(StepRun run, LockPolicy lock) throws SQLException {
        lock.inTransaction(
                run.session(),
                run.report(),
                table,
                "Nothing was exchanged and change capture is still on.",
                () -> {
                    LockPatience.lock(run.session(), List.of(Lock.againstAll(table)), table);
                    run.session().updateAll(List.of(drop(), add()));
                    return null;
                },
                () -> {});
        run.session().update(validate());
    }

    /** The statements that make it, each in a transaction of its own. */
    List<Sql> statements() {
        return List.of(add(), validate());
    }

    private Sql validate() {
        return VALIDATE.with("table", table).with("name", name);
    }

    /** Takes it back, for a switch that does not come. Must run outside any transaction. */
    void takeBack(StepRun run, LockPolicy lock) throws SQLException {
        drop(run, table, name, lock, "It has a CHECK left, which the next run of the same step makes anew.");
    }

    private Sql add() {
        return ADD.with("table", table).with("name", name).with("condition", condition);
    }

    private Sql drop() {
        return drop(table);
    }

    /** The statement that drops it. @param present the table's name by then */
    Sql drop(QualifiedName present) {
        return DROP.with("table", present).with("name", name);
    }

    /** Whether it is there and every row is known to satisfy it. */
    boolean holds(Session session) throws SQLException {
        return session.queryBoolean(HOLDS.with("table", table.quoted()).with("name", name.name()));
    }
}
