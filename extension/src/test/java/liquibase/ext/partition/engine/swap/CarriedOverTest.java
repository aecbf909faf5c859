package liquibase.ext.partition.engine.swap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Everything that an application uses is under the live name after the swap, and again after the way back. */
@ExtendWith(FreshDatabase.class)
class CarriedOverTest {
    private static final String CREATED = "created_at timestamptz NOT NULL DEFAULT timestamptz '2024-03-03 00:00+00'";

    private static MigrationFixture migration(TestDatabase database) {
        return MigrationFixture.of(database, "public", "orders", "created_at", "id");
    }

    private static List<String> indexDefinitions(TestDatabase database) {
        return database.queryStrings("""
                SELECT replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') || CASE WHEN indisvalid THEN '' ELSE ' INVALID' END
                FROM pg_index WHERE indrelid = 'orders'::regclass ORDER BY 1""");
    }

    private static List<String> constraints(TestDatabase database) {
        return database.queryStrings("""
                SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
                WHERE conrelid = 'orders'::regclass AND contype <> 'n' ORDER BY 1""");
    }

    @Test
    void namesOfIndexesAndConstraintsStayAndComeBack(TestDatabase database) throws SQLException {
        database.execute(
                """
                CREATE TABLE orders (
                  id bigint CONSTRAINT "the key" PRIMARY KEY,
                  number text NOT NULL CONSTRAINT once UNIQUE,
                  amount numeric CONSTRAINT positive CHECK (amount > 0),
                  %s)""".formatted(CREATED),
                "CREATE INDEX by_amount ON orders (amount DESC NULLS LAST) INCLUDE (number)",
                "CREATE INDEX \"By (Lower) Number\" ON orders (lower(number) text_pattern_ops) WHERE amount > 5",
                "CREATE UNIQUE INDEX open_ones ON orders (number, created_at) WHERE amount > 5",
                "CREATE INDEX hashed ON orders USING hash (number)",
                "CREATE INDEX ranged ON orders USING brin (created_at) WITH (pages_per_range='16')",
                "INSERT INTO orders SELECT i, 'n' || i, i FROM generate_series(1, 100) AS i");
        List<String> indexes = indexDefinitions(database);
        List<String> constraints = constraints(database);
        MigrationFixture orders = migration(database).throughSwap();

        assertThat(indexDefinitions(database))
                .isEqualTo(indexes.stream()
                        .map(index -> index.replace("btree (id)", "btree (id, created_at)")
                                .replace(
                                        "once ON public.orders USING btree (number)",
                                        "once ON public.orders USING btree (number, created_at)"))
                        .sorted()
                        .toList());
        assertThat(constraints(database))
                .isEqualTo(constraints.stream()
                        .map(constraint -> constraint
                                .replace("PRIMARY KEY (id)", "PRIMARY KEY (id, created_at)")
                                .replace("UNIQUE (number)", "UNIQUE (number, created_at)"))
                        .toList());

        orders.reverseSwap();

        assertThat(indexDefinitions(database)).isEqualTo(indexes);
        assertThat(constraints(database)).isEqualTo(constraints);
        orders.swap().dropBackup();
        assertThat(indexDefinitions(database)).hasSameSizeAs(indexes).noneMatch(index -> index.contains("INVALID"));
        assertThatThrownBy(() -> {
                    try (Transaction transaction = Transaction.begin(database)) {
                        transaction.run("INSERT INTO orders VALUES (1, 'n1', -1)");
                    }
                })
                .hasMessageContaining("violates check constraint \"positive\"");
    }

    @Test
    void triggersFireOnceInTheStateTheyWereIn(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, note text, %s)".formatted(CREATED),
                "CREATE TABLE fired (id bigint, what text, live text)",
                """
                CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO fired VALUES (coalesce(NEW.id, OLD.id), TG_NAME || ' ' || TG_OP, TG_WHEN);
                   RETURN coalesce(NEW, OLD); END $$""",
                "CREATE TRIGGER \"Before It\" BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION fire()",
                "CREATE TRIGGER after_paid AFTER UPDATE OF note ON orders FOR EACH ROW WHEN (NEW.note = 'paid') EXECUTE FUNCTION fire()",
                "CREATE TRIGGER off AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION fire()",
                "CREATE TRIGGER replicated AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION fire()",
                "CREATE TRIGGER always AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION fire()",
                """
                CREATE CONSTRAINT TRIGGER late AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION fire()""",
                "CREATE FUNCTION fire_statement() RETURNS trigger LANGUAGE plpgsql AS"
                        + " $$ BEGIN INSERT INTO fired VALUES (0, TG_NAME || ' ' || TG_OP, ''); RETURN NULL; END $$",
                "CREATE TRIGGER per_statement AFTER INSERT ON orders FOR EACH STATEMENT EXECUTE FUNCTION fire_statement()",
                "ALTER TABLE orders DISABLE TRIGGER off",
                "ALTER TABLE orders ENABLE REPLICA TRIGGER replicated",
                "ALTER TABLE orders ENABLE ALWAYS TRIGGER always",
                "INSERT INTO orders SELECT i FROM generate_series(1, 100) AS i",
                "DELETE FROM fired");
        List<String> before = fire(database, 1000);
        MigrationFixture orders = migration(database).prepare().capture().copy().index();
        database.execute("DELETE FROM fired");
        orders.replay().verify().swap();
        assertThat(database.queryStrings("SELECT what FROM fired"))
                .as("by the drain")
                .isEmpty();

        assertThat(fire(database, 2000)).isEqualTo(before);

        database.execute("DELETE FROM fired");
        orders.reverseSwap();
        assertThat(database.queryStrings("SELECT what FROM fired"))
                .as("by the reverse drain")
                .isEmpty();
        assertThat(fire(database, 3000)).isEqualTo(before);
        orders.swap().dropBackup();
        assertThat(fire(database, 4000)).isEqualTo(before);
    }

    private static List<String> fire(TestDatabase database, int id) {
        database.execute(
                "DELETE FROM fired",
                "INSERT INTO orders VALUES (%d)".formatted(id),
                "UPDATE orders SET note = 'paid' WHERE id = %d".formatted(id),
                "UPDATE orders SET note = 'sent' WHERE id = %d".formatted(id),
                "SET session_replication_role = replica",
                "INSERT INTO orders VALUES (%d)".formatted(id + 1),
                "RESET session_replication_role");
        return database.queryStrings(
                "SELECT (id %% 1000) || ' ' || what FROM fired ORDER BY id, what".replace("%%", "%"));
    }

    /** The catalog's description of triggers on the table itself. */
    private static List<List<String>> triggers(TestDatabase database) {
        return database.queryRows("""
                SELECT tgname, pg_get_triggerdef(t.oid), tgenabled, obj_description(t.oid, 'pg_trigger'), tgdeferrable, tginitdeferred,
                       ARRAY(SELECT extname FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = refobjid
                             WHERE objid = t.oid AND deptype = 'x')
                FROM pg_trigger AS t WHERE tgrelid = 'orders'::regclass AND NOT tgisinternal AND tgname NOT LIKE 'orders_delta%'
                ORDER BY tgname""");
    }

    @Test
    void triggersHaveTheirCommentsAndWhateverNames(TestDatabase database) throws SQLException {
        String name = "\" ON public.orders \"\"'$$; DROP TABLE orders\"";
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, \" ON public.orders \" text, %s)".formatted(CREATED),
                "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
                "CREATE TRIGGER %s AFTER UPDATE OF \" ON public.orders \", id ON orders FOR EACH ROW WHEN (NEW.\" ON public.orders \" <> ' ON public.orders ') EXECUTE FUNCTION nothing(' ON public.orders ', 'it''s')"
                        .formatted(name),
                "COMMENT ON TRIGGER %s ON orders IS 'it''s \\ DROP TABLE orders'".formatted(name),
                "ALTER TRIGGER %s ON orders DEPENDS ON EXTENSION plpgsql".formatted(name),
                "CREATE CONSTRAINT TRIGGER late AFTER DELETE ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nothing()",
                "COMMENT ON TRIGGER late ON orders IS 'late'",
                "CREATE TRIGGER everything AFTER UPDATE ON orders REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION nothing()",
                "CREATE TRIGGER emptied AFTER TRUNCATE ON orders EXECUTE FUNCTION nothing()",
                "ALTER TABLE orders DISABLE TRIGGER everything",
                "ALTER TABLE orders ENABLE REPLICA TRIGGER late",
                "INSERT INTO orders SELECT i FROM generate_series(1, 50) AS i");
        List<List<String>> before = triggers(database);
        MigrationFixture orders = migration(database).throughSwap();
        assertThat(triggers(database)).hasSize(4).isEqualTo(before);
        database.execute("COMMENT ON TRIGGER late ON orders IS NULL", "ALTER TABLE orders ENABLE TRIGGER everything");
        List<List<String>> changed = triggers(database);

        orders.reverseSwap();

        assertThat(triggers(database)).isEqualTo(changed);
    }

    /**
     * No provider is loaded here, so the test proves which questions it is asked, and that its refusal undoes
     * everything.
     */
    @Test
    void securityLabelsAreAskedForAndARefusalChangesNothing(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, secret text, %s)"
                        .formatted(CREATED),
                "INSERT INTO orders (secret) SELECT 's' FROM generate_series(1, 50)");
        MigrationFixture orders = migration(database).throughVerification();
        String labels = """
                INSERT INTO pg_seclabel (objoid, classoid, objsubid, provider, label)
                VALUES ('orders'::regclass, 'pg_class'::regclass, 0, 'Mask', 'it''s \\ a label'),
                       ('orders'::regclass, 'pg_class'::regclass, 2, 'Mask', 'MASKED'),
                       ('orders_id_seq'::regclass, 'pg_class'::regclass, 0, 'Mask', 'counted'),
                       ('orders_new'::regclass, 'pg_class'::regclass, 1, 'Mask', 'gone meanwhile')""";
        database.execute("SET allow_system_table_mods = on", labels);

        orders.step(
                "review",
                run -> assertThat(Swap.of(run, orders.backup().name()).reviewStatements())
                        .extracting(Sql::script)
                        .filteredOn(statement -> statement.startsWith("SECURITY LABEL"))
                        .containsExactly(
                                "SECURITY LABEL FOR \"Mask\" ON COLUMN \"public\".\"orders\".\"id\" IS NULL",
                                "SECURITY LABEL FOR \"Mask\" ON TABLE \"public\".\"orders\" IS E'it''s \\\\ a label'",
                                "SECURITY LABEL FOR \"Mask\" ON SEQUENCE \"public\".\"orders_new_id_seq\" IS 'counted'",
                                "SECURITY LABEL FOR \"Mask\" ON COLUMN \"public\".\"orders\".\"secret\" IS 'MASKED'"));
        assertThatThrownBy(orders::swap).hasMessageContaining("security label provider \"Mask\" is not loaded");
        assertThat(orders.phase()).isEqualTo("verified");

        database.execute("CREATE TABLE others (id bigint PRIMARY KEY, created_at date NOT NULL)");
        database.execute(
                "SET allow_system_table_mods = on",
                labels.substring(0, labels.indexOf("),") + 1).replace("'orders'", "'others'"));
        MigrationFixture others = MigrationFixture.of(database, "public", "others", "created_at", "id");
        assertThatThrownBy(others::prepare).hasMessageContaining("security label provider \"Mask\" is not loaded");
        assertThat(others.exists(others.newTable())).isFalse();
    }

    @Test
    void grantsOwnerAndCommentsStayAndComeBack(TestDatabase database) throws SQLException {
        String owner = database.createRole("owner", "");
        String reader = database.createRole("reader", "");
        String clerk = database.createRole("clerk", "");
        String stranger = database.createRole("stranger", "");
        database.execute(
                "GRANT ALL ON SCHEMA public TO " + owner,
                "CREATE TABLE orders (id bigint PRIMARY KEY, status text, secret text, %s)".formatted(CREATED),
                "ALTER TABLE orders OWNER TO " + owner,
                "COMMENT ON TABLE orders IS 'What people ''bought'' \\ sold'",
                "COMMENT ON COLUMN orders.status IS 'new or paid'",
                "GRANT SELECT ON orders TO %s WITH GRANT OPTION".formatted(reader),
                "GRANT INSERT, UPDATE (status), SELECT (id, status) ON orders TO " + clerk,
                "GRANT REFERENCES ON orders TO PUBLIC",
                "INSERT INTO orders SELECT i FROM generate_series(1, 100) AS i",
                // Default privileges on new tables must not come with the swap.
                "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO " + stranger);
        List<List<String>> rights = rights(database);
        MigrationFixture orders = migration(database).throughSwap();

        assertThat(rights(database)).isEqualTo(rights);
        assertThat(database.queryString("SELECT has_any_column_privilege(?, 'orders', 'SELECT')", stranger))
                .isEqualTo("f");
        assertThat(database.queryStrings(
                        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relname LIKE 'orders%'"))
                .containsExactly(owner);
        database.execute("GRANT DELETE ON orders TO " + clerk);
        List<List<String>> rightsNow = rights(database);

        orders.reverseSwap();

        assertThat(rights(database)).isEqualTo(rightsNow);
    }

    private static List<List<String>> rights(TestDatabase database) {
        return database.queryRows("""
                SELECT pg_get_userbyid(relowner), obj_description(oid), col_description(oid, 2), r.*
                FROM pg_class AS c, LATERAL (
                  SELECT grantee::text, privilege_type, is_grantable::text, '' AS col FROM aclexplode(c.relacl)
                  WHERE grantee <> c.relowner
                  UNION ALL
                  SELECT grantee::text, privilege_type, is_grantable::text, attname FROM pg_attribute, aclexplode(attacl)
                  WHERE attrelid = c.oid) AS r
                WHERE oid = 'orders'::regclass ORDER BY 1, 2, 3, 4, 5, 6, 7""");
    }

    /** The sequence of an identity follows its table; that of a serial must not belong to another owner. */
    @ParameterizedTest
    @ValueSource(strings = {"bigint GENERATED ALWAYS AS IDENTITY", "bigserial"})
    void theOwnerCanChangeBetweenPreparationAndSwap(String id, TestDatabase database) throws SQLException {
        String owner = database.createRole("owner", "");
        database.execute(
                "GRANT ALL ON SCHEMA public TO " + owner,
                "CREATE TABLE orders (id %s PRIMARY KEY, %s)".formatted(id, CREATED),
                "INSERT INTO orders SELECT FROM generate_series(1, 100)");
        MigrationFixture orders = migration(database).throughVerification();
        database.execute("ALTER TABLE orders OWNER TO " + owner);

        orders.swap();

        assertThat(database.queryStrings("""
                        SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class
                        WHERE relkind IN ('r', 'p', 'S') AND relname LIKE 'orders%' AND relname NOT LIKE 'orders_delta%'""")).containsExactly(owner);
        try (Transaction transaction = Transaction.beginAs(database, owner)) {
            transaction.run("INSERT INTO orders DEFAULT VALUES");
            transaction.commit();
        }
        orders.reverseSwap();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(101);
    }

    /**
     * A constraint that was added to the source after the new table was made must not be missing under the live name.
     */
    @Test
    void aConstraintAddedAfterThePreparationIsNotLostInSilence(TestDatabase database) throws SQLException {
        for (String change : List.of(
                "ALTER TABLE orders ADD CONSTRAINT positive CHECK (amount > 0)",
                "ALTER TABLE orders ALTER COLUMN amount SET NOT NULL",
                "ALTER TABLE orders ALTER COLUMN amount SET DEFAULT 7",
                "ALTER TABLE orders ALTER COLUMN status DROP DEFAULT",
                "ALTER TABLE orders DROP CONSTRAINT known")) {
            database.execute(
                    """
                    CREATE TABLE orders (
                      id bigint PRIMARY KEY, amount numeric, status text DEFAULT 'new' CONSTRAINT known CHECK (status <> ''), %s)""".formatted(CREATED), "INSERT INTO orders SELECT i, i FROM generate_series(1, 100) AS i");
            MigrationFixture orders = migration(database).throughVerification();
            database.execute(change);

            assertThatThrownBy(orders::swap)
                    .as(change)
                    .isInstanceOf(PartitionException.class)
                    .hasMessageContaining("Nothing was renamed");
            database.execute(
                    "DROP TABLE orders, orders_new, orders_delta, partition_chunk, partition_migration CASCADE",
                    "DROP FUNCTION orders_delta_capture, orders_delta_no_truncate");
        }
    }

    @Test
    void aConstraintAddedAfterTheSwapIsNotLostInSilenceByTheWayBack(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, amount numeric, %s)".formatted(CREATED),
                "INSERT INTO orders SELECT i, i FROM generate_series(1, 100) AS i");
        MigrationFixture orders = migration(database).throughSwap();
        database.execute("ALTER TABLE orders ADD CONSTRAINT positive CHECK (amount > 0)");

        assertThatThrownBy(orders::reverseSwap).isInstanceOf(PartitionException.class);

        database.execute("ALTER TABLE orders_old ADD CONSTRAINT positive CHECK (amount > 0)");
        orders.reverseSwap();
    }

    @Test
    void indexesThatWereDroppedSinceTheSwapAreNamedByTheWayBackAndDroppedAsItSays(TestDatabase database)
            throws SQLException {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 40, 4);
        database.execute(
                "CREATE INDEX by_status ON orders (status)",
                "CREATE UNIQUE INDEX by_date ON orders (created_at, id)",
                "CREATE UNIQUE INDEX by_amount ON orders (amount)");
        orders.throughSwap();
        database.execute("DROP INDEX by_status", "DROP INDEX by_date");

        orders.reverseSwap();

        List<String> left = orders.lines().stream()
                .filter(line -> line.contains("was dropped from the live table since the swap"))
                .toList();
        assertThat(left)
                .satisfiesExactlyInAnyOrder(
                        line -> assertThat(line).startsWith("Index by_status_old of public.orders_old"),
                        line -> assertThat(line)
                                .startsWith("Unique index by_date_old of public.orders_old")
                                .contains("refuses again what it refuses"));
        for (String line : left) {
            database.execute(line.substring(line.indexOf("as well: ") + "as well: ".length()));
        }
        assertThat(database.queryStrings("SELECT indexname FROM pg_indexes WHERE tablename = 'orders' ORDER BY 1"))
                .containsExactly("by_amount", "orders_pkey");
    }

    @Test
    void anIndexMadeAfterTheIndexBuildStopsTheSwap(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, amount numeric, %s)".formatted(CREATED),
                "INSERT INTO orders SELECT i, i FROM generate_series(1, 100) AS i");
        MigrationFixture orders = migration(database).throughVerification();
        database.execute("CREATE INDEX late ON orders (amount)");

        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("Index late of public.orders has no counterpart late_new");
    }

    @Test
    void whatAppearsWhileItIsPreparedStopsTheSwap(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, amount numeric, %s)".formatted(CREATED),
                "INSERT INTO orders SELECT i, i FROM generate_series(1, 100) AS i");
        MigrationFixture orders = migration(database).throughVerification();
        database.execute("CREATE VIEW report AS SELECT o FROM orders AS o");

        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("column o of view public.report is of its row type");

        database.execute("DROP VIEW report");
        orders.swap();
        database.execute("CREATE VIEW report AS SELECT o FROM orders AS o");
        assertThatThrownBy(orders::reverseSwap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("column o of view public.report is of its row type");
    }
}
