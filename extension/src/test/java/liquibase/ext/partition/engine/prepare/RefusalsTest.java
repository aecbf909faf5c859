package liquibase.ext.partition.engine.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.delta.CaptureStep;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A table that cannot be partitioned is refused before anything is made, with every reason.
 *
 * <p>The file is long because it is a catalogue: a test for each reason, or each group of reasons.
 */
@ExtendWith(FreshDatabase.class)
class RefusalsTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = MigrationFixture.of(database, "public", "orders", "created_at", "id");
    }

    private static final String ORDERS = """
            CREATE TABLE orders (
              id bigint PRIMARY KEY, parent bigint, number text UNIQUE, span int4range, note text,
              month date GENERATED ALWAYS AS (date '2024-01-01' + parent::integer) STORED,
              day date, created_at timestamptz NOT NULL)""";

    private void assertNothingMade() {
        assertThat(database.queryStrings("""
                        SELECT relname FROM pg_class
                        WHERE relnamespace = 'public'::regnamespace
                          AND (relname ~ '^orders_(new|2|default|delta)' OR relname LIKE 'partition\\_%')""")).isEmpty();
    }

    private void assertRefused(String reason) {
        assertThatThrownBy(orders::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.orders cannot be partitioned by this version:")
                .hasMessageContaining(reason)
                .hasMessageContaining("Nothing was changed");
        assertNothingMade();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
                    CREATE TABLE lines (o bigint CONSTRAINT fk REFERENCES orders) | foreign key fk of public.lines refers to it
                    ALTER TABLE orders ADD CONSTRAINT up FOREIGN KEY (parent) REFERENCES orders | foreign key up of public.orders refers to it
                    CREATE PUBLICATION feed FOR ALL TABLES | publication feed publishes all tables, so it would publish the new ones too; publish tables by name instead, and each that you make later: BEGIN; DROP PUBLICATION feed; CREATE PUBLICATION feed FOR TABLE public.orders WITH (
                    CREATE TABLE child () INHERITS (orders) | public.child inherits from it
                    CREATE TABLE parent (note text); ALTER TABLE orders INHERIT parent | it inherits from public.parent; who reads public.parent reads its rows too, and would miss them: have them read public.orders as well, and only then ALTER TABLE public.orders NO INHERIT public.parent
                    CREATE RULE quiet AS ON DELETE TO orders DO INSTEAD NOTHING | it has the rule quiet
                    ALTER TABLE orders SET UNLOGGED | it is unlogged
                    ALTER TABLE orders ADD CONSTRAINT apart EXCLUDE USING gist (span WITH &&) | it has the exclusion constraint apart
                    ALTER TABLE orders ADD CONSTRAINT whole CHECK (orders.* IS NOT NULL) | constraint whole is about the whole row
                    ALTER EXTENSION plpgsql ADD TABLE orders | it belongs to extension plpgsql, whose updates would go on with the backup; ALTER EXTENSION plpgsql DROP TABLE public.orders
                    CREATE TABLE history (old orders) | column old of table public.history uses its row type
                    """)
    void whatASwapWouldLeaveBehind(String made, String reason) {
        database.execute(ORDERS);
        database.execute(made.split("; "));

        assertRefused(reason);
    }

    private static final Pattern STATEMENTS =
            Pattern.compile("(BEGIN;.*; COMMIT|(ALTER|DROP|GRANT) .*?)(, (and|or|which|after) .*|\\. .*)?");

    /** The application's view of the rows, by every name: the tables and the views of the schema. */
    private List<String> visibleRows() {
        return database.queryStrings("""
                SELECT format('%s: %s', c.relname,
                              (xpath('//id/text()', query_to_xml('SELECT id FROM ' || c.oid::regclass || ' ORDER BY id', true, false, '')))::text)
                FROM pg_class AS c
                WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
                  AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'id')
                ORDER BY c.relname""");
    }

    /** Runs the statements of each remedy, word for word. */
    private void doWhatIsAdvised() throws SQLException {
        String message = catchThrowable(orders::prepare).getMessage();
        List<String> lines =
                message.lines().filter(line -> line.startsWith("  ")).toList();
        assertThat(lines).isNotEmpty();
        for (String line : lines) {
            Matcher remedy = STATEMENTS.matcher(
                    line.substring(line.indexOf("; ") + 2).replaceFirst("^[^A-Z]*(?=BEGIN|ALTER|DROP|GRANT)", ""));
            assertThat(remedy.matches()).as(line).isTrue();
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                statement.execute(remedy.group(1));
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
                    CREATE TABLE child (extra text) INHERITS (orders); INSERT INTO child (id, created_at, extra) SELECT i, '2024-05-05', 'x' FROM generate_series(100, 150) AS i
                    CREATE TABLE child () INHERITS (orders); CREATE TABLE grandchild () INHERITS (child); INSERT INTO grandchild (id, created_at) VALUES (900, '2024-05-05')
                    ALTER TABLE orders SET UNLOGGED
                    ALTER TABLE orders ADD CONSTRAINT apart EXCLUDE USING gist (span WITH &&)
                    ALTER EXTENSION plpgsql ADD TABLE orders
                    CREATE TABLE history (id bigint, old orders); INSERT INTO history SELECT id, o FROM orders AS o
                    CREATE TABLE lines (id bigint, o bigint REFERENCES orders ON DELETE CASCADE); INSERT INTO lines SELECT id, id FROM orders
                    CREATE VIEW few AS SELECT id FROM orders WHERE id < 5; ALTER EXTENSION plpgsql ADD VIEW few
                    """)
    void aRemedyDoneWordForWordHidesNoRowAndLetsTheTablePass(String made) throws SQLException {
        database.execute(
                ORDERS, "INSERT INTO orders (id, created_at) SELECT i, '2024-03-03' FROM generate_series(1, 10) AS i");
        database.execute(made.split("; "));
        List<String> before = visibleRows();

        doWhatIsAdvised();

        assertThat(visibleRows()).isEqualTo(before);
        orders.prepare();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
                    REFERENCING NEW TABLE AS made | INSERT | trigger tr needs a transition table
                    REFERENCING OLD TABLE AS gone | DELETE | trigger tr needs a transition table
                    """)
    void aRowTriggerWithATransitionTable(String referencing, String event, String reason) {
        database.execute(
                ORDERS,
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
                "CREATE TRIGGER tr AFTER %s ON orders %s FOR EACH ROW EXECUTE FUNCTION f()"
                        .formatted(event, referencing));

        assertRefused(reason);
    }

    @Test
    void aStatementTriggerWithATransitionTableIsCarriedAlong() throws SQLException {
        database.execute(
                ORDERS,
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
                "CREATE TRIGGER tr AFTER INSERT ON orders REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION f()");

        orders.throughSwap();

        assertThat(database.queryLong(
                        "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'orders'::regclass AND tgname = 'tr'"))
                .isEqualTo(1);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
                    ALTER TABLE orders ADD CONSTRAINT noted NOT NULL note NOT VALID | its constraint noted is not known to hold for its rows (NOT NULL note NOT VALID); ALTER TABLE public.orders VALIDATE CONSTRAINT noted
                    ALTER TABLE orders ADD CONSTRAINT noted NOT NULL note NO INHERIT | its constraint noted (NOT NULL note NO INHERIT) is not inherited, and partitions would do without it; ALTER TABLE public.orders ALTER CONSTRAINT noted INHERIT
                    """)
    void aNotNullThatIsNoWholeOne(String made, String reason) {
        assumeTrue(database.isAtLeast(18), "since PostgreSQL 18");
        database.execute(ORDERS, made);

        assertRefused(reason);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
                    PRIMARY KEY (id, span WITHOUT OVERLAPS) | its primary key apart is WITHOUT OVERLAPS; ALTER TABLE public.orders DROP CONSTRAINT apart
                    UNIQUE (id, created_at, span WITHOUT OVERLAPS) | its unique constraint apart is WITHOUT OVERLAPS; ALTER TABLE public.orders DROP CONSTRAINT apart
                    """)
    void aKeyWithoutOverlaps(String key, String reason) throws SQLException {
        assumeTrue(database.isAtLeast(18), "since PostgreSQL 18");
        database.execute(
                "CREATE EXTENSION btree_gist",
                "CREATE TABLE orders (id bigint NOT NULL, span int4range NOT NULL, created_at timestamptz NOT NULL, CONSTRAINT apart "
                        + key + ")",
                "CREATE UNIQUE INDEX once ON orders (id)");

        assertRefused(reason);
        doWhatIsAdvised();
        orders.prepare();
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(delimiter = '|', textBlock = """
                    parent | numeric | parent | ALTER note DROP NOT NULL | column parent cannot become numeric, since the generated column month reads it; leave its type
                    note | integer | length(note) | ALTER note SET DEFAULT 'none' | column note cannot become integer (default for column "note" cannot be cast automatically to type integer); leave its type, or change first what uses it
                    note | integer | length(note) | ADD CHECK (note ~ 'a') | column note cannot become integer (operator does not exist: integer ~ text); leave its type, or change first what uses it
                    """)
    void aTypeThatWhatUsesTheColumnDoesNotLetItHave(
            String column, String type, String using, String made, String reason) {
        database.execute(ORDERS, "ALTER TABLE orders " + made);
        orders.converting("id", "numeric", null, null)
                .converting(column, type, using, column.equals("note") ? "note::text" : null);

        assertRefused(reason);
    }

    /** As a later version of the server may write them. */
    @Test
    void whatIsOfAKindThatNobodyHasLookedAt() {
        database.execute(
                ORDERS,
                "ALTER TABLE orders ADD CONSTRAINT positive CHECK (id > 0)",
                "CREATE STATISTICS together ON number, note FROM orders",
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
                "CREATE TRIGGER tr AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f()",
                "CREATE POLICY po ON orders",
                "SET allow_system_table_mods = on",
                "UPDATE pg_constraint SET contype = 'z' WHERE conname = 'positive'",
                "UPDATE pg_attribute SET attgenerated = 'z' WHERE attrelid = 'orders'::regclass AND attname = 'month'",
                "UPDATE pg_attribute SET attidentity = 'z' WHERE attrelid = 'orders'::regclass AND attname = 'parent'",
                "UPDATE pg_attribute SET attcompression = 'z', attstorage = 'z' WHERE attrelid = 'orders'::regclass AND attname = 'note'",
                "UPDATE pg_trigger SET tgenabled = 'z' WHERE tgname = 'tr'",
                "UPDATE pg_policy SET polcmd = 'z' WHERE polname = 'po'",
                "UPDATE pg_statistic_ext SET stxkind = '{z}' WHERE stxname = 'together'");

        String unknown = " is of a kind that this version does not know (%s <z>)";
        assertThatThrownBy(orders::prepare)
                .hasMessageContaining("its constraint positive" + unknown.formatted("contype"))
                .hasMessageContaining("its column month" + unknown.formatted("attgenerated"))
                .hasMessageContaining("its column parent" + unknown.formatted("attidentity"))
                .hasMessageContaining("its column note" + unknown.formatted("attcompression"))
                .hasMessageContaining("its column note" + unknown.formatted("attstorage"))
                .hasMessageContaining("its trigger tr" + unknown.formatted("tgenabled"))
                .hasMessageContaining("its policy po" + unknown.formatted("polcmd"))
                .hasMessageContaining("its statistics object together" + unknown.formatted("stxkind"));
        assertNothingMade();
    }

    @Test
    void aTableThatIsNoHeap() {
        database.execute(
                "CREATE ACCESS METHOD heap_of_others TYPE TABLE HANDLER heap_tableam_handler",
                ORDERS + " USING heap_of_others");

        assertRefused("it is kept by the access method heap_of_others");
    }

    @Test
    void whatTheOwnerMayNotMakeAnew() {
        String owner = database.createRole("owner", "");
        String cold = database.createTablespace("cold");
        database.execute(
                "REVOKE CREATE ON TABLESPACE %s FROM PUBLIC".formatted(cold),
                "GRANT ALL ON SCHEMA public TO " + owner,
                ORDERS + " TABLESPACE " + cold,
                "ALTER TABLE orders OWNER TO " + owner,
                "CREATE STATISTICS together ON number, note FROM orders");
        orders.as(owner);

        assertRefused("role %s may not create in tablespace %s; GRANT CREATE ON TABLESPACE %s TO %s"
                .formatted(owner, cold, cold, owner));
        assertRefused(
                "its statistics public.together belong to role %s, and only the owner can rename them; ALTER STATISTICS public.together OWNER TO %s"
                        .formatted(database.username(), owner));
    }

    @Test
    void aTypedTable() {
        database.execute(
                "CREATE TYPE kind AS (id bigint, created_at timestamptz)",
                "CREATE TABLE orders OF kind (PRIMARY KEY (id), created_at NOT NULL)");

        assertRefused("it is a table of the composite type public.kind");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    CREATE VIEW orders AS SELECT 1 AS id, now() AS created_at | it is a view
                    CREATE MATERIALIZED VIEW orders AS SELECT 1 AS id, now() AS created_at | it is a materialized view
                    """)
    void whatIsNoTable(String made, String reason) {
        database.execute(made);

        assertRefused(reason);
    }

    @Test
    void aTableThatIsPartitionedAlready() {
        database.execute(
                "CREATE TABLE orders (id bigint, created_at timestamptz NOT NULL, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at)");

        assertRefused("it is partitioned already");
    }

    @Test
    void aPartitionOfAnotherTable() {
        database.execute(
                "CREATE TABLE everything (id bigint, created_at timestamptz NOT NULL, PRIMARY KEY (id, created_at)) PARTITION BY HASH (id)",
                "CREATE TABLE orders PARTITION OF everything FOR VALUES WITH (MODULUS 1, REMAINDER 0)");

        assertRefused("it is a partition of public.everything; leave it out");
    }

    @Test
    void aMissingTable() {
        assertThatThrownBy(orders::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("There is no table public.orders in this database. Nothing was changed");
        assertNothingMade();
    }

    @Test
    void aTableOfAnotherOwner() {
        String stranger = database.createRole("stranger", "");
        database.execute(ORDERS, "GRANT ALL ON SCHEMA public TO " + stranger);
        orders.as(stranger);

        assertRefused("it belongs to role ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    id      | Column id is a number (int8); say what it is: epoch
                    month   | column month is generated
                    nowhere | it has no column nowhere, which partitionColumns names; its columns are
                    CREATED_AT | it has no column CREATED_AT
                    """)
    void aColumnThatIsNoPartitionKey(String column, String reason) {
        database.execute(ORDERS);
        orders = MigrationFixture.of(database, "public", "orders", column, "id");

        assertRefused(reason);
    }

    /** Otherwise it would be ignored, and its purpose with it. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    varchar     |     | milliseconds |        | epoch says what a number counts, and no partition column is a number: at is varchar
                    timestamptz |     | seconds      |        | epoch says what a number counts, and no partition column is a number: at is timestamptz
                    timestamptz |     |              | uuidv7 | keyTime uuidv7 needs a uuid column, and no partition column is one: at is timestamptz
                    varchar     | iso |              | uuidv7 | keyTime uuidv7 needs a uuid column, and no partition column is one: at is varchar
                    bigint      |     | seconds      | ulid   | keyTime ulid needs a uuid, text, varchar or char column, and no partition column is one: at is int8
                    date        | iso |              |        | textFormat says how a text writes a date, and no partition column is text: at is date
                    bigint      | iso | seconds      |        | textFormat says how a text writes a date, and no partition column is text: at is int8
                    """)
    void aSettingThatNoPartitionColumnHasAUseFor(
            String type, String textFormat, String epoch, String keyTime, String reason) {
        database.execute("CREATE TABLE orders (id bigint PRIMARY KEY, at %s NOT NULL)".formatted(type));
        orders.partitionedBy(new PartitionKeySpec(
                List.of(new Identifier("at")),
                Optional.ofNullable(textFormat),
                Optional.ofNullable(epoch),
                Optional.ofNullable(keyTime),
                Optional.empty()));

        assertRefused(reason);
    }

    @Test
    void noSettingThatOneOfSeveralPartitionColumnsHasAUseFor() throws SQLException {
        database.execute("CREATE TABLE orders (id uuid PRIMARY KEY, written text, millis bigint, at date)");
        orders.partitionedBy(new PartitionKeySpec(
                        List.of(
                                new Identifier("at"),
                                new Identifier("written"),
                                new Identifier("millis"),
                                new Identifier("id")),
                        Optional.of("iso"),
                        Optional.of("milliseconds"),
                        Optional.of("uuidv7"),
                        Optional.empty()))
                .prepare();
    }

    @ParameterizedTest
    @CsvSource({"orders_new", "orders_202403", "orders_default"})
    void aNameThatIsTaken(String name) {
        database.execute(ORDERS, "CREATE VIEW %s AS SELECT 1".formatted(name));

        assertThatThrownBy(orders::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "these names are taken by something that this migration did not make: public." + name)
                .hasMessageContaining("Nothing was changed");
        assertThat(database.queryLong(
                        "SELECT count(*) FROM pg_class WHERE relname LIKE 'orders_2024%' AND relkind = 'r'"))
                .isZero();
    }

    @Test
    void allReasonsAreToldAtOnce() {
        database.execute(
                ORDERS,
                "CREATE VIEW report AS SELECT o FROM orders AS o",
                "ALTER TABLE orders ALTER created_at TYPE interval USING NULL");
        database.execute("CREATE PUBLICATION feed FOR ALL TABLES");

        assertThatThrownBy(orders::prepare)
                .hasMessageContaining("column o of view public.report is of its row type")
                .hasMessageContaining("publication feed publishes all tables")
                .hasMessageContaining("Column created_at has type interval, from which no time can be read");
    }

    @Test
    void morePartitionsThanTheServerHasLocksFor() {
        database.execute(ORDERS);
        orders.between("1000-01", "2900-01");

        assertRefused("raise max_locks_per_transaction");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    parent     | Column parent of public.orders may be NULL, so it cannot be part of the key
                    id,parent  | Column parent of public.orders may be NULL
                    created_at | No unique index of public.orders makes (created_at) unique
                    nowhere    | public.orders has no column nowhere, which keyColumns names
                    """)
    void aKeyThatDoesNotTellRowsApart(String key, String reason) throws SQLException {
        database.execute(ORDERS);
        orders.prepare();
        List<Identifier> columns =
                List.of(key.split(",")).stream().map(Identifier::new).toList();

        assertThatThrownBy(() -> orders.step(
                        "captureChanges",
                        run -> CaptureStep.start(run, orders.delta().name(), columns, MigrationFixture.LOCK)))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(reason)
                .hasMessageContaining("Nothing was changed");
        assertThat(orders.exists(orders.delta())).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "'CREATE UNIQUE INDEX u ON keyless (id) WHERE id > 5'",
        "'CREATE UNIQUE INDEX u ON keyless ((id + 1))'",
        "'CREATE UNIQUE INDEX u ON keyless (id, note)'",
        "'CREATE INDEX u ON keyless (id)'"
    })
    void anIndexThatDoesNotTellAllRowsApart(String index) throws SQLException {
        database.execute(
                "CREATE TABLE keyless (id bigint NOT NULL, note text NOT NULL, created_at date NOT NULL)", index);
        MigrationFixture keyless = MigrationFixture.of(database, "public", "keyless", "created_at", "id");
        keyless.prepare();

        assertThatThrownBy(keyless::capture)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("No unique index of public.keyless makes (id) unique");
    }

    private static final PartitionKeySpec ULID = new PartitionKeySpec(
            List.of(new Identifier("id")), Optional.empty(), Optional.empty(), Optional.of("ulid"), Optional.empty());

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            text        | da-x-icu            | refused
            varchar(26) | et-x-icu            | refused
            char(26)    | cs-x-icu            | refused
            text        | hu-x-icu            | refused
            text        | digits_as_numbers   | refused
            text        | letters_first       | refused
            text        | small_letters_first | taken
            text        | en-US-x-icu         | taken
            text        | de-x-icu            | taken
            text        | fr-CA-x-icu         | taken
            text        | C                   | taken
            text        | default             | taken
            char(26)    | default             | taken
            """)
    void ulidsInTextAreNoPartitionKeyWhereTheOrderOfTextIsNotThatOfTime(String type, String collation, String outcome)
            throws SQLException {
        database.execute(
                "CREATE COLLATION digits_as_numbers (provider = icu, locale = 'en-u-kn-true')",
                "CREATE COLLATION letters_first (provider = icu, locale = 'en-u-kr-latn-digit')",
                "CREATE COLLATION small_letters_first (provider = icu, locale = 'en-u-kf-lower')",
                "CREATE TABLE orders (id %s COLLATE \"%s\" PRIMARY KEY)".formatted(type, collation));
        orders.partitionedBy(ULID);

        if (outcome.equals("taken")) {
            orders.prepare();
        } else {
            assertRefused("column id keeps ULIDs as text under the collation");
            assertRefused(collation);
            assertRefused("say combinedColumn, so that the key is the time");
        }
    }

    /** Its key is the time that is read from the text, which does not depend on a collation. */
    @Test
    void ulidsUnderAnyCollationArePartitionedByTheirTime() throws SQLException {
        database.execute("CREATE TABLE orders (id text COLLATE \"da-x-icu\" PRIMARY KEY)");
        orders.partitionedBy(new PartitionKeySpec(
                        List.of(new Identifier("id")),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of("ulid"),
                        Optional.of(new Identifier("made_at"))))
                .prepare();
    }
}
