package liquibase.ext.partition.engine.index;

import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.copy.ChunkedCopy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Every kind of index, as PostgreSQL writes it down, on the new table and on each of its partitions. */
@ExtendWith(FreshDatabase.class)
class IndexBuildTest {
    private static MigrationFixture copied(TestDatabase database, String... indexes) throws SQLException {
        database.execute("""
                CREATE TABLE orders (
                  id bigint NOT NULL, "a(b" text, "x, y" integer, "q""q" text, doc jsonb, span int4range,
                  "created at" timestamptz NOT NULL, CONSTRAINT pk PRIMARY KEY (id))""", """
                INSERT INTO orders
                SELECT i, 'a' || i, i, 'q' || i, '{"n": 1}', int4range(i, i + 5), timestamptz '2024-01-01 00:00+00' + (i % 12) * interval '1 month'
                FROM generate_series(1, 120) AS i""");
        database.execute(indexes);
        return MigrationFixture.of(database, "public", "orders", "created at", "id")
                .prepare()
                .capture()
                .copy();
    }

    /** The definitions, from the access method on, of the index that takes the place of {@code name}. */
    private static List<String> definitions(TestDatabase database, String name) {
        return database.queryStrings("""
                SELECT DISTINCT regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX .* ON (ONLY )?\\S+ USING ', '\\1')
                FROM pg_index AS i
                JOIN pg_class AS c ON c.oid = i.indexrelid
                LEFT JOIN pg_inherits AS h ON h.inhrelid = i.indexrelid
                WHERE (i.indexrelid = to_regclass(quote_ident(?)) OR h.inhparent = to_regclass(quote_ident(?))) AND i.indisvalid""", name + "_new", name + "_new");
    }

    /** All on one table, because each table would go the whole way for its index. */
    @Test
    void areBuiltAsTheyAreOnTheSource(TestDatabase database) throws SQLException {
        Map<String, String> definitions = new LinkedHashMap<>();
        List<String> made = new ArrayList<>();
        """
                    CREATE INDEX i ON orders ("a(b" DESC NULLS LAST, "x, y")                | btree ("a(b" DESC NULLS LAST, "x, y")
                    CREATE INDEX i ON orders (lower("a(b") text_pattern_ops, ("x, y" + 1))  | btree (lower("a(b") text_pattern_ops, (("x, y" + 1)))
                    CREATE INDEX i ON orders ("q""q" COLLATE "C") WHERE "a(b" <> ')''(('    | btree ("q""q" COLLATE "C") WHERE ("a(b" <> ')''(('::text)
                    CREATE INDEX i ON orders USING gin (doc jsonb_path_ops)                 | gin (doc jsonb_path_ops)
                    CREATE INDEX i ON orders USING gist (span) WITH (fillfactor='70')       | gist (span) WITH (fillfactor='70')
                    CREATE INDEX i ON orders USING hash ("a(b")                             | hash ("a(b")
                    CREATE INDEX i ON orders USING brin ("created at") WITH (pages_per_range='4') | brin ("created at") WITH (pages_per_range='4')
                    CREATE INDEX i ON orders ((doc ? 'n'), (doc ->> 'n?'))                  | btree (((doc ? 'n'::text)), ((doc ->> 'n?'::text)))
                    CREATE UNIQUE INDEX i ON orders ("a(b")                                 | UNIQUE btree ("a(b", "created at")
                    CREATE UNIQUE INDEX i ON orders ("created at", "a(b")                   | UNIQUE btree ("created at", "a(b")
                    CREATE UNIQUE INDEX i ON orders ("a(b") INCLUDE ("created at")          | UNIQUE btree ("a(b", "created at") INCLUDE ("created at")
                    CREATE UNIQUE INDEX i ON orders (lower("a(b"), substr("q""q", 1, 2)) INCLUDE (id) WHERE "x, y" > 1 | UNIQUE btree (lower("a(b"), substr("q""q", 1, 2), "created at") INCLUDE (id) WHERE ("x, y" > 1)
                    CREATE UNIQUE INDEX i ON orders (replace("a(b", '(', ')'), "x, y" DESC) | UNIQUE btree (replace("a(b", '('::text, ')'::text), "x, y" DESC, "created at")
                    ALTER TABLE orders ADD CONSTRAINT i UNIQUE ("a(b", "x, y") INCLUDE (id) | UNIQUE btree ("a(b", "x, y", "created at") INCLUDE (id)
                    ALTER TABLE orders ADD CONSTRAINT i UNIQUE (id, "created at") WITH (fillfactor='50') | UNIQUE btree (id, "created at") WITH (fillfactor='50')
                    """.lines().map(line -> line.split("\\|")).forEach(parts -> {
            String name = "i" + (made.size() + 1);
            made.add(parts[0].strip().replaceFirst("(INDEX|CONSTRAINT) i ", "$1 " + name + " "));
            definitions.put(name, parts[1].strip());
        });

        MigrationFixture orders = copied(database, made.toArray(String[]::new)).index();

        assertThat(definitions)
                .hasSize(15)
                .allSatisfy((name, definition) -> assertThat(definitions(database, name))
                        .as(made.get(Integer.parseInt(name.substring(1)) - 1))
                        .containsExactly(definition));
        assertThat(definitions(database, "pk")).containsExactly("UNIQUE btree (id, \"created at\")");
        assertThat(database.queryLong("""
                        SELECT count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
                        WHERE c.relname LIKE 'orders\\_%' AND c.relname <> 'orders_delta' AND NOT i.indisvalid""")).isZero();
        orders.replay().verify().swap().reverseSwap();
    }

    @Test
    void nullsNotDistinctIsKept(TestDatabase database) throws SQLException {
        assumeTrue(database.isAtLeast(15), "since PostgreSQL 15");
        copied(
                        database,
                        "CREATE UNIQUE INDEX i ON orders (\"a(b\") NULLS NOT DISTINCT",
                        "ALTER TABLE orders ADD CONSTRAINT k UNIQUE NULLS NOT DISTINCT (\"q\"\"q\")")
                .index();

        assertThat(definitions(database, "i"))
                .containsExactly("UNIQUE btree (\"a(b\", \"created at\") NULLS NOT DISTINCT");
        assertThat(definitions(database, "k"))
                .containsExactly("UNIQUE btree (\"q\"\"q\", \"created at\") NULLS NOT DISTINCT");
    }

    @Test
    void anInvalidIndexIsLeftOut(TestDatabase database) throws SQLException {
        MigrationFixture orders = copied(database);
        database.execute("UPDATE orders SET \"a(b\" = 'same' WHERE id <= 2");
        assertThatThrownBy(() -> database.execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON orders (\"a(b\")"))
                .hasMessageContaining("could not create unique index");

        orders.index().replay().verify().swap();

        assertThat(orders.exists(
                        orders.source().sibling(new liquibase.ext.partition.engine.sql.Identifier("broken_new"))))
                .isFalse();
        orders.reverseSwap().swap().dropBackup();
    }

    @Test
    void saysWhichUniqueIndexWillIncludeTheMonth(TestDatabase database) throws SQLException {
        MigrationFixture orders =
                copied(database, "CREATE UNIQUE INDEX once ON orders (\"a(b\")").index();

        assertThat(orders.lines())
                .anySatisfy(line -> assertThat(line).contains("unique index once will include created at"));
    }

    @Test
    void everyPartitionIsVacuumedAndAnalyzed(TestDatabase database) throws SQLException {
        copied(database).index();

        // How many pages are marked depends on other sessions of the database, including autovacuum.
        database.awaitTrue("""
                SELECT count(*) = 12 FROM pg_stat_user_tables
                WHERE relname LIKE 'orders\\_2024%' AND vacuum_count = 1 AND analyze_count >= 1""");
        assertThat(
                        database.queryStrings(
                                "SELECT DISTINCT reltuples FROM pg_class WHERE relname LIKE 'orders\\_2024%' AND relkind = 'r'"))
                .containsExactly("10");
        assertThat(database.queryString("SELECT reltuples FROM pg_class WHERE relname = 'orders_new'"))
                .isEqualTo("120");
    }

    @Test
    void aBuildThatIsKilledIsResumedPartitionByPartition(TestDatabase database) throws Exception {
        MigrationFixture orders = copied(database, "CREATE INDEX i ON orders (\"a(b\")");
        interruptInSeptember(database, orders);
        String built = database.queryString("SELECT 'orders_202401_pk'::regclass::oid");

        orders.index();

        assertThat(database.queryString("SELECT 'orders_202401_pk'::regclass::oid"))
                .isEqualTo(built);
        assertThat(definitions(database, "i")).containsExactly("btree (\"a(b\")");
        orders.replay().verify().swap();
    }

    private static void interruptInSeptember(TestDatabase database, MigrationFixture orders) throws Exception {
        try (Transaction gate = Transaction.begin(database)) {
            gate.run("LOCK TABLE orders_202409 IN ROW EXCLUSIVE MODE");
            Future<Void> build = inBackground(() -> {
                orders.step("buildIndexes", run -> IndexBuild.of(run).build(1, GivenPace.NOTHING));
                return null;
            });
            orders.awaitBlocked("liquibase-partition buildIndexes%");
            database.queryString(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'liquibase-partition buildIndexes%'");
            assertThatThrownBy(() -> join(build)).isInstanceOf(SQLException.class);
        }
    }

    /** The interrupted build is not in DATABASECHANGELOG, so only the copy's inverse runs. */
    @Test
    void aCopyTakenBackAfterAnInterruptedBuildCanBeMadeAgain(TestDatabase database) throws Exception {
        MigrationFixture orders = copied(database, "CREATE INDEX i ON orders (\"a(b\")");
        interruptInSeptember(database, orders);

        orders.step("rollback", ChunkedCopy::forget);
        database.execute("UPDATE orders SET \"created at\" = \"created at\" + interval '40 days' WHERE id % 3 = 0");
        orders.copy();
        database.execute("UPDATE orders SET id = id + 1000 WHERE id % 5 = 0");

        orders.index().replay().verify().swap();
        orders.assertSameRows(orders.source(), orders.backup());
    }

    /** They are attached to no index of the partitioned table, so they are not dropped with one. */
    @Test
    void theWayBackDropsWhatAnInterruptedBuildHasMade(TestDatabase database) throws Exception {
        MigrationFixture orders = copied(database, "CREATE INDEX i ON orders (\"a(b\")");
        interruptInSeptember(database, orders);
        assertThat(database.queryLong(INDEXES)).isGreaterThan(2);

        orders.step("rollback", IndexBuild::drop);

        assertThat(database.queryLong(INDEXES)).isZero();
    }

    private static final String INDEXES =
            "SELECT count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid WHERE c.relname ~ '^orders_(new|2|default)'";

    @Test
    void theWayBackDropsEveryIndex(TestDatabase database) throws SQLException {
        MigrationFixture orders =
                copied(database, "CREATE INDEX i ON orders (\"a(b\")").index();

        orders.step("rollback", IndexBuild::drop);

        assertThat(database.queryLong(INDEXES)).isZero();
        assertThat(orders.phase()).isEqualTo("copied");
        orders.index().replay().verify();
    }

    @Test
    void isDoneOnceHoweverOftenItIsRun(TestDatabase database) throws SQLException {
        MigrationFixture orders = copied(database).index();
        orders.index();
        assertThat(orders.lines()).last().asString().contains("has its indexes already");
    }
}
