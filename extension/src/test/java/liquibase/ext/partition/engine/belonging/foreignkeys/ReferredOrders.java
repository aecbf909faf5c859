package liquibase.ext.partition.engine.belonging.foreignkeys;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.testing.TestDatabase;

/**
 * Orders to which foreign keys can refer by their id, their number or both, and by which each order can name its
 * parent; and lines that refer to them.
 */
final class ReferredOrders {
    private ReferredOrders() {}

    /** Forty orders, of which each of the last ten has the one before it as its parent. */
    static MigrationFixture in(TestDatabase database) {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 40);
        database.execute(
                "ALTER TABLE orders ADD parent bigint, ADD number text",
                "UPDATE orders SET parent = id - 1, number = 'n' || id",
                "UPDATE orders SET parent = NULL WHERE id <= 30",
                "ALTER TABLE orders ADD UNIQUE (number), ADD UNIQUE (number, id)");
        return orders;
    }

    /**
     * Twenty lines, each of which refers to the order that has its id.
     *
     * @param rules what the foreign key has after {@code REFERENCES orders}
     */
    static void lines(TestDatabase database, String rules) {
        database.execute(
                "CREATE TABLE lines (id bigint PRIMARY KEY, o bigint DEFAULT 3 CONSTRAINT line_order REFERENCES orders "
                        + rules + ", note text)",
                "INSERT INTO lines SELECT i, i FROM generate_series(1, 20) AS i");
    }

    /** Makes the lines, and swaps the orders, whose keys triggers keep from then on. */
    static MigrationFixture swappedWithLines(MigrationFixture orders, String rules) throws SQLException {
        lines(orders.database(), rules);
        return orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughSwap();
    }

    /** The foreign keys that refer to the table that has the live name, as anyone would make them again. */
    static List<String> referringKeys(TestDatabase database) {
        return database.queryStrings("""
                SELECT k.conrelid::regclass || ' ' || k.conname || ': ' || pg_get_constraintdef(k.oid)
                       || coalesce(' -- ' || obj_description(k.oid, 'pg_constraint'), '')
                FROM pg_constraint AS k WHERE k.confrelid = 'orders'::regclass AND k.contype = 'f' AND k.conparentid = 0 ORDER BY 1""");
    }

    /** The functions of the triggers that keep foreign keys. */
    static List<String> keepingFunctions(TestDatabase database) {
        return database.queryStrings(
                "SELECT oid::regprocedure::text FROM pg_proc WHERE proname ~ '_(check|act)$' AND pronamespace <> 'pg_catalog'::regnamespace");
    }
}
