package liquibase.ext.partition.engine.survey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.prepare.Preparation;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.survey.Condition.Verdict;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(FreshDatabase.class)
class SurveyTest {
    private static final String ORDERS = """
            CREATE TABLE orders (
              id bigint PRIMARY KEY, number text UNIQUE, amount integer, note text, month date GENERATED ALWAYS AS (date '2024-01-01') STORED,
              day date, created_at timestamptz NOT NULL)""";

    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = MigrationFixture.of(database, "public", "orders", "created_at", "id");
    }

    private Survey survey(MigrationFixture table) throws SQLException {
        try (Connection connection = table.connect()) {
            connection.setReadOnly(true);
            return new SurveyReader(Session.pinned(connection))
                    .read(table.spec(), table.key(), 2, new Identifier("public"), DefaultShare.DEFAULT);
        }
    }

    private List<Condition> server() throws SQLException {
        try (Connection connection = orders.connect()) {
            return new SurveyReader(Session.pinned(connection)).server();
        }
    }

    private static Condition setting(List<Condition> conditions, String name) {
        return conditions.stream()
                .filter(it -> it.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** The message of createPartitionedTable about the table; empty if it makes the new table. */
    private static Optional<String> prepare(MigrationFixture table) throws SQLException {
        try {
            table.prepare();
            return Optional.empty();
        } catch (PartitionException e) {
            return Optional.of(e.getMessage());
        }
    }

    /** The claim that the plan and the step never disagree. */
    private Survey assertToldAlike(MigrationFixture table) throws SQLException {
        Survey told = survey(table);
        Optional<String> asked;
        try (Connection connection = table.connect()) {
            asked = Preparation.whyNot(
                    Session.pinned(connection),
                    table.environment(connection).state(),
                    table.spec(),
                    List.of(),
                    DefaultShare.DEFAULT);
        }
        assertThat(prepare(table)).isEqualTo(asked);
        assertThat(asked)
                .isEqualTo(
                        told.isRefused()
                                ? Optional.of("""
                                        public.orders cannot be partitioned by this version:
                                          %s
                                        Nothing was changed. Remove what stands in the way, then run update again.""".formatted(Obstacle.lines(told.refused())))
                                : Optional.empty());
        return told;
    }

    @Test
    void whatIsRefusedIsToldInTheWordsOfTheStepThatRefusesIt() throws SQLException {
        List<String> made = List.of(
                "",
                "CREATE RULE quiet AS ON DELETE TO orders DO INSTEAD NOTHING",
                "CREATE TABLE child () INHERITS (orders)",
                "ALTER TABLE orders SET UNLOGGED",
                "ALTER TABLE orders ADD EXCLUDE USING gist (int4range(amount, amount + 1) WITH &&)",
                "CREATE TABLE history (old orders)",
                "CREATE VIEW orders_202403 AS SELECT 1; CREATE VIEW orders_new AS SELECT 1");
        for (String statements : made) {
            database.execute(
                    "DROP SCHEMA public CASCADE",
                    "CREATE SCHEMA public",
                    ORDERS,
                    "INSERT INTO orders (id, created_at) VALUES (1, now())");
            database.execute(Stream.of(statements.split("; "))
                    .filter(it -> !it.isEmpty())
                    .toArray(String[]::new));

            Survey told = assertToldAlike(orders);

            assertThat(told.isRefused()).as(statements).isEqualTo(!statements.isEmpty());
        }
    }

    @Test
    void aPartitionKeyAndTypesThatCannotBeAreToldInTheWordsOfTheStep() throws SQLException {
        database.execute(ORDERS);
        for (String column : List.of("amount", "month", "nowhere")) {
            MigrationFixture table = MigrationFixture.of(database, "public", "orders", column, "id");
            assertThat(assertToldAlike(table).isRefused()).as(column).isTrue();
        }
        assertThat(assertToldAlike(MigrationFixture.of(database, "public", "orders", "created_at", "id")
                                .converting("note", "no_type", null, null)
                                .converting("amount", "bigint", "amount + nowhere", null)
                                .between("1000-01", "2900-01"))
                        .refused())
                .extracting(Obstacle::what)
                .hasSize(3)
                .anyMatch(it -> it.contains("there is no such type"))
                .anyMatch(it -> it.contains("using of column amount cannot be planned"))
                .anyMatch(it -> it.contains("locks"));
    }

    @Test
    void rightsThatAreMissingAreToldInTheWordsOfTheStepWithTheGrant() throws SQLException {
        String stranger = database.createRole("stranger", "");
        String owner = database.createRole("owner", "");
        database.execute(
                "REVOKE ALL ON SCHEMA public FROM PUBLIC",
                "GRANT USAGE ON SCHEMA public TO %s, %s".formatted(stranger, owner),
                ORDERS,
                "ALTER TABLE orders OWNER TO " + owner);

        assertThat(assertToldAlike(orders.as(stranger)).refused())
                .extracting(Obstacle::remedy)
                .contains("run as that role, or GRANT %s to the role that runs Liquibase".formatted(owner));
        assertThat(assertToldAlike(orders.as(owner)).refused())
                .extracting(Obstacle::remedy)
                .containsExactly("GRANT USAGE, CREATE ON SCHEMA public TO " + owner);
        database.execute("GRANT %s TO %s".formatted(owner, stranger), "GRANT CREATE ON SCHEMA public TO " + stranger);
        assertThat(assertToldAlike(orders.as(stranger)).refused())
                .extracting(Obstacle::remedy)
                .containsExactly("GRANT CREATE ON SCHEMA public TO " + owner);
        database.execute("GRANT CREATE ON SCHEMA public TO " + owner);
        assertThat(assertToldAlike(orders.as(stranger)).refused()).isEmpty();
    }

    @Test
    void aTableThatIsNotThereIsToldAndNoError() throws SQLException {
        Survey survey = survey(orders);

        assertThat(survey.refused())
                .extracting(Obstacle::what)
                .containsExactly("there is no such table in this database");
        assertThatThrownBy(orders::prepare).hasMessageContaining("There is no table public.orders in this database");
    }

    @Test
    void aKeyThatDoesNotTellRowsApartIsRefusedInTheWordsOfTheCapture() throws SQLException {
        database.execute(ORDERS);
        MigrationFixture keyless = MigrationFixture.of(database, "public", "orders", "created_at", "created_at");

        Obstacle told = survey(keyless).refused().get(0);

        keyless.prepare();
        assertThatThrownBy(keyless::capture).hasMessageContaining(told.what()).hasMessageContaining(told.remedy());
    }

    @Test
    void saysHowLargeTheTableIsAndWhatItsCopyTakes() throws SQLException {
        MigrationFixture table = MigrationFixture.ofOrders(database, 1000);

        Survey survey = survey(table);

        TableSize size = survey.size().orElseThrow();
        Estimate estimate = survey.estimate().orElseThrow();
        assertThat(size.rows()).hasValue(1000);
        assertThat(size.heapBytes()).isEqualTo(database.queryLong("SELECT pg_relation_size('orders')"));
        assertThat(size.bytes()).isLessThanOrEqualTo(database.queryLong("SELECT pg_total_relation_size('orders')"));
        assertThat(estimate.diskBytes()).isEqualTo(size.bytes());
        assertThat(estimate.shortest()).isLessThanOrEqualTo(estimate.longest());

        database.execute("CREATE TABLE fresh (LIKE orders INCLUDING ALL)", "INSERT INTO fresh SELECT * FROM orders");
        assertThat(survey(MigrationFixture.of(database, "public", "fresh", "created_at", "id"))
                        .size()
                        .orElseThrow()
                        .rows())
                .isEmpty();
    }

    @Test
    void saysWhatComesAlongByName() throws SQLException {
        String reader = database.createRole("reader", "");
        database.execute(
                """
                CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "a'b" text, created_at timestamptz NOT NULL,
                                     CONSTRAINT positive CHECK (id > 0)) WITH (fillfactor = 90)""",
                "CREATE INDEX by_note ON orders (\"a'b\")",
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
                "CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION f()",
                "COMMENT ON TABLE orders IS 'x'",
                "COMMENT ON COLUMN orders.id IS 'x'",
                "ALTER TABLE orders ALTER id SET STATISTICS 500",
                "GRANT SELECT ON orders TO " + reader);

        List<Belonging> along = survey(orders).comesAlong();

        assertThat(along)
                .contains(
                        new Belonging(Feature.COLUMNS, List.of("id", "\"a'b\"", "created_at")),
                        new Belonging(Feature.STATISTICS_TARGETS, List.of("id")),
                        new Belonging(Feature.CHECKS, List.of("positive")),
                        new Belonging(Feature.INDEXES, List.of("orders_pkey", "by_note")),
                        new Belonging(Feature.SEQUENCES, List.of("public.orders_id_seq")),
                        new Belonging(Feature.TRIGGERS, List.of("touched")),
                        new Belonging(Feature.GRANTS, List.of(reader)),
                        new Belonging(
                                Feature.COMMENTS, List.of("column id of table public.orders", "table public.orders")),
                        new Belonging(Feature.STORAGE_PARAMETERS, List.of("fillfactor=90")));
        assertThat(along).extracting(Belonging::feature).isSorted();
    }

    @Test
    void announcesWhatChangesForWhoeverUsesTheTable() throws SQLException {
        database.execute(
                ORDERS,
                "CREATE UNIQUE INDEX covered ON orders (created_at, id)",
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
                "CREATE TRIGGER harmless BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION f()",
                "CREATE TRIGGER touched AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION f()");
        orders.converting("amount", "bigint", null, null);

        assertThat(survey(orders).changes())
                .extracting(AnnouncedChange::subject, AnnouncedChange::was, AnnouncedChange::becomes)
                .containsExactly(
                        tuple("amount", "integer", "bigint"),
                        tuple("orders_pkey", "PRIMARY KEY (id)", "PRIMARY KEY (id, \"created_at\")"),
                        tuple("orders_number_key", "UNIQUE (number)", "UNIQUE (number, \"created_at\")"),
                        tuple("touched", "on the table", "on each partition"),
                        // The replica identity.
                        tuple("orders_pkey", "PRIMARY KEY (id)", "PRIMARY KEY (id, \"created_at\")"));

        orders.partitionedBy(new PartitionKeySpec(
                List.of(new Identifier("day"), new Identifier("created_at")),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(new Identifier("time"))));
        assertThat(survey(orders).changes())
                .extracting(AnnouncedChange::subject, AnnouncedChange::becomes)
                .contains(
                        tuple("orders_pkey", "PRIMARY KEY (id) on each partition"),
                        tuple("time", "timestamp GENERATED ALWAYS AS (the time that decides the partition) STORED"));
    }

    @Test
    void refusesAnotherTypeOfWhatAGeneratedColumnReads() throws SQLException {
        database.execute("""
                CREATE TABLE orders (
                  id bigint PRIMARY KEY, amount integer, created_at timestamptz NOT NULL,
                  "twice it" integer GENERATED ALWAYS AS (amount * 2) STORED)""");
        orders.converting("amount", "bigint", null, null);

        assertThat(survey(orders).refused())
                .extracting(Obstacle::sentence)
                .containsExactly(
                        "column amount cannot become bigint, since the generated column twice it reads it; leave its type");
    }

    @Test
    void announcesWhatSaysWhereARowLiesOrLeavesPartitionsOut() throws SQLException {
        database.execute(
                ORDERS,
                "CREATE TABLE orders_lines (id bigint)",
                "CREATE FUNCTION by_place(n integer) RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.Orders WHERE ctid = ANY (ARRAY(SELECT ctid FROM orders LIMIT n)); END $$",
                "CREATE FUNCTION only_it() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM ONLY orders $$",
                "CREATE FUNCTION atomic() RETURNS tid LANGUAGE sql BEGIN ATOMIC SELECT ctid FROM orders LIMIT 1; END",
                "CREATE FUNCTION of_another() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM ONLY orders_lines WHERE ctid > '(0,0)' $$",
                "CREATE FUNCTION harmless() RETURNS bigint LANGUAGE sql AS $$ SELECT id FROM orders FETCH FIRST 1 ROWS ONLY $$",
                "CREATE VIEW places AS SELECT ctid AS place, id FROM orders");

        assertThat(survey(orders).changes().stream()
                        .filter(change -> change.was().startsWith("says ")))
                .extracting(AnnouncedChange::feature, AnnouncedChange::subject, AnnouncedChange::was)
                .containsExactlyInAnyOrder(
                        tuple(Feature.FUNCTIONS, "public.by_place(integer)", "says ctid"),
                        tuple(Feature.FUNCTIONS, "public.only_it()", "says ONLY of the table"),
                        tuple(Feature.FUNCTIONS, "public.atomic()", "says ctid"),
                        tuple(Feature.VIEWS, "public.places", "says ctid"));
    }

    @Test
    void announcesStatementsOfApplicationsWhereTheServerKeepsThem() throws SQLException {
        assumeTrue(
                database.queryString("SELECT current_setting('pg_stat_statements.max', true)") != null,
                "the server does not load pg_stat_statements");
        database.execute(ORDERS, "ALTER DATABASE %s SET pg_stat_statements.track = top".formatted(database.name()));
        database.execute(
                "CREATE SCHEMA tools",
                "CREATE EXTENSION pg_stat_statements SCHEMA tools",
                // The server keeps some thousand statements of all its databases, and forgets the rarest for new ones.
                "SELECT tools.pg_stat_statements_reset()",
                "SELECT count(*) FROM ONLY orders",
                "DELETE FROM orders WHERE ctid = ANY (ARRAY(SELECT ctid FROM orders WHERE id > 5))",
                "SELECT count(*) FROM orders");
        orders.throughVerification();

        assertThat(survey(orders).changes().stream()
                        .filter(change -> change.was().startsWith("says ")))
                .extracting(AnnouncedChange::subject, AnnouncedChange::was)
                .containsExactlyInAnyOrder(
                        tuple("statement SELECT count(*) FROM ONLY orders", "says ONLY of the table"),
                        tuple(
                                "statement DELETE FROM orders WHERE ctid = ANY (ARRAY(SELECT ctid FROM orders WHERE id > $1))",
                                "says ctid"));
    }

    @Test
    void saysWhichSettingsMatter() throws SQLException {
        String application = database.createRole("app", "");
        database.execute(
                ORDERS,
                "ALTER TABLE orders SET (autovacuum_enabled = off)",
                "ALTER ROLE %s IN DATABASE %s SET statement_timeout = '30s'".formatted(application, database.name()));

        List<Condition> ofTable = survey(orders).conditions();
        assertThat(setting(ofTable, "autovacuum").verdict()).isEqualTo(Verdict.ADVICE);
        assertThat(setting(ofTable, "max_locks_per_transaction").verdict()).isEqualTo(Verdict.OK);
        assertThat(setting(ofTable, "connections").value()).endsWith(" free");
        assertThat(setting(server(), "long transactions").verdict()).isEqualTo(Verdict.OK);
        assertThat(setting(server(), "timeouts").verdict()).isEqualTo(Verdict.OK);

        try (Transaction other = Transaction.begin(database)) {
            other.run("SELECT 1");
            assertThat(setting(asRole(application), "long transactions").sentence())
                    .contains("not shown to " + application, "GRANT pg_read_all_stats TO " + application);
        }
        assertThat(setting(asRole(application), "timeouts").value()).isEqualTo("statement_timeout 30s");
    }

    private List<Condition> asRole(String role) throws SQLException {
        try (Connection connection = database.connect(role, role)) {
            return new SurveyReader(Session.pinned(connection)).server();
        }
    }
}
