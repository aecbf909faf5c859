package liquibase.ext.partition.engine.belonging.sequences;

import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.testing.TestDatabase;

/** A hundred orders whose ids come from a sequence. */
final class OrdersWithId {
    private OrdersWithId() {}

    /**
     * Makes the orders.
     *
     * @param idType the type of the id, with what makes its sequence
     */
    static MigrationFixture in(TestDatabase database, String idType) {
        database.execute("""
                CREATE TABLE orders (
                  id %s PRIMARY KEY, note text,
                  created_at timestamptz NOT NULL DEFAULT timestamptz '2024-03-03 00:00+00')""".formatted(idType), "INSERT INTO orders (note) SELECT 'old' FROM generate_series(1, 100)");
        return MigrationFixture.of(database, "public", "orders", "created_at", "id")
                .between("2024-03", "2024-05");
    }

    /** Inserts an order, and tells the largest id. */
    static long insert(TestDatabase database) {
        database.execute("INSERT INTO orders (note) VALUES ('new')");
        return database.queryLong("SELECT max(id) FROM orders");
    }

    /** How the sequence of the live name counts. */
    static String sequence(TestDatabase database) {
        return database.queryString("""
                SELECT concat_ws(' ', seqincrement, seqtypid::regtype, seqstart, seqmin, seqmax, seqcache, seqcycle)
                FROM pg_sequence WHERE seqrelid = 'orders_id_seq'::regclass""");
    }
}
