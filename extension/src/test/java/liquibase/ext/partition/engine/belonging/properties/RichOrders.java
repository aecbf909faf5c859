package liquibase.ext.partition.engine.belonging.properties;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.testing.TestDatabase;

/** Orders with every setting that a table, its columns, its constraints, its indexes and its statistics can have. */
final class RichOrders {
    private static final String DESCRIPTION = """
            SELECT format('column %%s target %%s options %%s storage %%s compression %%s collation %%s comment %%s', attname,
                          nullif(attstattarget, -1), nullif(array(SELECT o FROM unnest(attoptions) AS o WHERE o LIKE 'n\\_distinct%%' ORDER BY o), '{}'),
                          attstorage, attcompression, attcollation::regcollation,
                          col_description(attrelid, attnum))
            FROM pg_attribute WHERE attrelid = %1$s AND attnum > 0
            UNION ALL
            SELECT format('constraint %%s %%s comment %%s', conname, pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint'))
            FROM pg_constraint WHERE conrelid = %1$s AND contype IN ('c', 'p', 'u', 'n')
            UNION ALL
            SELECT format('index %%s %%s in %%s options %%s clustered %%s identity %%s targets %%s comment %%s', c.relname,
                          replace(pg_get_indexdef(c.oid), ' ON ONLY ', ' ON '), (SELECT left(spcname, 5) FROM pg_tablespace WHERE oid = c.reltablespace),
                          c.reloptions, indisclustered, indisreplident,
                          (SELECT string_agg(nullif(attstattarget, -1)::text, ',') FROM pg_attribute WHERE attrelid = c.oid),
                          obj_description(c.oid, 'pg_class'))
            FROM pg_index JOIN pg_class AS c ON c.oid = indexrelid WHERE indrelid = %1$s
            UNION ALL
            SELECT format('statistics %%s target %%s comment %%s', regexp_replace(pg_get_statisticsobjdef(oid), ' FROM .*', ''),
                          nullif(stxstattarget, -1), obj_description(oid, 'pg_statistic_ext'))
            FROM pg_statistic_ext WHERE stxrelid = %1$s
            UNION ALL
            SELECT format('table identity %%s in %%s options %%s toast %%s', c.relreplident,
                          (SELECT left(spcname, 5) FROM pg_tablespace WHERE oid = c.reltablespace), c.reloptions, t.reloptions)
            FROM pg_class AS c LEFT JOIN pg_class AS t ON t.oid = c.reltoastrelid WHERE c.oid = %1$s
            ORDER BY 1""";

    private final TestDatabase database;
    private final String owner;

    private RichOrders(TestDatabase database, String owner) {
        this.database = database;
        this.owner = owner;
    }

    /** Makes the orders, whose owner grants every new table to others by default. */
    static RichOrders in(TestDatabase database) {
        String owner = database.createRole("owner", "");
        String stranger = database.createRole("stranger", "");
        String cold = database.createTablespace("cold");
        String fast = database.createTablespace("fast");
        database.execute(
                "GRANT ALL ON SCHEMA public TO " + owner,
                "GRANT USAGE ON SCHEMA public TO " + stranger,
                "CREATE COLLATION letters (provider = icu, locale = 'de')",
                """
                CREATE TABLE orders (
                  id bigint GENERATED ALWAYS AS IDENTITY (START 1000 INCREMENT 5 MAXVALUE 9000 CACHE 3 CYCLE)
                    CONSTRAINT "the key" PRIMARY KEY USING INDEX TABLESPACE %2$s,
                  number text COLLATE letters NOT NULL,
                  place integer NOT NULL,
                  doc jsonb, span int4range, pos point,
                  amount numeric CONSTRAINT positive CHECK (amount > 0),
                  code varchar(20) COLLATE "C",
                  created_at timestamptz NOT NULL,
                  CONSTRAINT sits UNIQUE (place) INCLUDE (number) WITH (fillfactor = 60) DEFERRABLE INITIALLY DEFERRED
                ) WITH (fillfactor = 80, autovacuum_vacuum_threshold = 77, toast.autovacuum_enabled = false, parallel_workers = 2)
                  TABLESPACE %1$s""".formatted(cold, fast),
                """
                INSERT INTO orders (number, place, doc, span, pos, amount, code, created_at)
                SELECT 'n' || i %% 7, i, '{}', int4range(i, i + 5), point(i, i), i - 5, i %% 7,
                       timestamptz '2024-01-15 12:00+00' + (i %% 12) * interval '1 month'
                FROM generate_series(6, 300) AS i""".replace("%%", "%"),
                "ALTER TABLE orders DROP CONSTRAINT positive",
                "UPDATE orders SET amount = -amount WHERE id % 35 = 0",
                "ALTER TABLE orders ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID",
                "ALTER TABLE orders ADD CONSTRAINT known CHECK (place <> 0), ADD CONSTRAINT own CHECK (number <> ')(''') NO INHERIT",
                "COMMENT ON CONSTRAINT positive ON orders IS 'not ''yet'''",
                "COMMENT ON CONSTRAINT known ON orders IS 'known'",
                "COMMENT ON CONSTRAINT \"the key\" ON orders IS 'the key''s constraint'",
                "COMMENT ON INDEX \"the key\" IS 'the key''s index'",
                "COMMENT ON COLUMN orders.number IS 'no number'",
                "ALTER TABLE orders ALTER number SET STATISTICS 77, ALTER number SET (n_distinct = 7)",
                "ALTER TABLE orders ALTER place SET (n_distinct = -1, n_distinct_inherited = -0.5)",
                "ALTER TABLE orders ALTER doc SET STORAGE EXTERNAL, ALTER number SET COMPRESSION pglz",
                "CREATE INDEX by_number ON orders (lower(number) text_pattern_ops, (place + 1) DESC NULLS LAST) INCLUDE (id) WITH (fillfactor = 50) TABLESPACE %s WHERE (amount > 5)"
                        .formatted(fast),
                "ALTER INDEX by_number ALTER COLUMN 1 SET STATISTICS 55",
                "COMMENT ON INDEX by_number IS 'by '' number'",
                "ALTER TABLE orders CLUSTER ON \"the key\"",
                "CREATE INDEX gin ON orders USING gin (doc jsonb_path_ops) WITH (fastupdate = off)",
                "CREATE INDEX gist ON orders USING gist (span range_ops, pos) TABLESPACE " + cold,
                "CREATE INDEX spgist ON orders USING spgist (pos)",
                "CREATE INDEX brin ON orders USING brin (created_at timestamptz_minmax_multi_ops (values_per_range = 16)) WITH (pages_per_range = 8)",
                "CREATE INDEX hash ON orders USING hash (code)",
                "CREATE UNIQUE INDEX identified ON orders (number COLLATE \"C\", place, created_at)",
                "ALTER TABLE orders REPLICA IDENTITY USING INDEX identified",
                "CREATE STATISTICS together (dependencies, ndistinct) ON number, code FROM orders",
                "CREATE STATISTICS expressed ON (place % 7), number FROM orders",
                "CREATE STATISTICS alone ON (lower(number)) FROM orders",
                "ALTER STATISTICS together SET STATISTICS 44",
                "COMMENT ON STATISTICS together IS 'they go '' together'",
                "ALTER TABLE orders OWNER TO " + owner,
                "ALTER STATISTICS together OWNER TO " + owner,
                "ALTER STATISTICS expressed OWNER TO " + owner,
                "ALTER STATISTICS alone OWNER TO " + owner,
                "ANALYZE orders");
        try (Transaction transaction = Transaction.beginAs(database, owner)) {
            transaction.run("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO " + stranger);
            transaction.run("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC");
            transaction.commit();
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
        return new RichOrders(database, owner);
    }

    String owner() {
        return owner;
    }

    /** By their owner, for four months. */
    MigrationFixture migration() {
        return MigrationFixture.of(database, "public", "orders", "created_at", "id")
                .between("2024-01", "2024-05")
                .as(owner);
    }

    /** All properties of that table, one to a line. */
    List<String> description(String table) {
        return database.queryStrings(DESCRIPTION.formatted("'" + table + "'::regclass"));
    }

    /** The description after the swap: the announced changes, and nothing else. */
    static List<String> announced(List<String> before) {
        return before.stream()
                .map(line -> line.replace(" NO INHERIT", "")
                        .replace("PRIMARY KEY (id)", "PRIMARY KEY (id, created_at)")
                        .replace("USING btree (id)", "USING btree (id, created_at)")
                        .replace("UNIQUE (place)", "UNIQUE (place, created_at)")
                        .replace("USING btree (place)", "USING btree (place, created_at)")
                        .replace("clustered t", "clustered f")
                        .replaceAll("\\{n_distinct=(\\d)}", "{n_distinct=$1,n_distinct_inherited=$1}")
                        .replaceAll(
                                "^table identity i in cold_ options .*$", "table identity i in cold_ options  toast "))
                .sorted()
                .toList();
    }
}
