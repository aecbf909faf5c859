package liquibase.ext.partition.engine.belonging.views;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.PGStatement;

/**
 * Functions that take, return or name the table take, return and name the new one after the swap, and the old one after
 * the way back.
 */
@ExtendWith(FreshDatabase.class)
class FunctionsTest {
    /** The catalog's whole description of functions, by their names; default grants are written like none. */
    private static List<String> functions(TestDatabase database) {
        return database.queryStrings("""
                SELECT format('%s owner=%s acl=%s comment=%s %s', oid::regprocedure, proowner::regrole,
                              ARRAY(SELECT format('%s %s %s', grantee, privilege_type, is_grantable)
                                    FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) ORDER BY 1),
                              obj_description(oid, 'pg_proc'), pg_get_functiondef(oid))
                FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname NOT LIKE 'orders\\_delta%' ORDER BY 1""");
    }

    private static List<String> dependentsOfTheBackup(TestDatabase database) {
        return database.queryStrings("""
                SELECT pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_depend AS d
                JOIN pg_class AS c ON c.oid = 'orders_old'::regclass
                LEFT JOIN pg_type AS t ON t.oid = c.reltype
                WHERE d.refobjid IN (c.oid, t.oid, t.typarray) AND d.deptype = 'n'""");
    }

    @Test
    void functionsOfEveryKindGoAlongAndComeBack(TestDatabase database) throws SQLException {
        String owner = database.createRole("owner", "");
        String reader = database.createRole("reader", "");
        String author = database.createRole("author", "");
        MigrationFixture orders = MigrationFixture.ofOrders(database, 120).as(owner);
        database.execute(
                "ALTER TABLE orders OWNER TO " + owner,
                "GRANT CREATE ON SCHEMA public TO %s, %s".formatted(owner, author),
                "GRANT SELECT ON orders TO " + author,
                "GRANT %s TO %s".formatted(author, owner),
                "ALTER DEFAULT PRIVILEGES FOR ROLE %s GRANT EXECUTE ON FUNCTIONS TO %s".formatted(owner, reader),
                "ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO %s WITH GRANT OPTION"
                        .formatted(owner, author));
        List<String> made = List.of(
                "FUNCTION last() RETURNS orders LANGUAGE sql STABLE AS 'SELECT * FROM orders ORDER BY id DESC LIMIT 1'",
                "FUNCTION newest(n integer DEFAULT 3) RETURNS SETOF orders LANGUAGE plpgsql SECURITY DEFINER SET search_path = public"
                        + " COST 7 ROWS 5 AS $$ BEGIN RETURN QUERY SELECT * FROM orders ORDER BY id DESC LIMIT n; END $$",
                "FUNCTION newest(o orders) RETURNS boolean LANGUAGE sql AS 'SELECT o.id = max(id) FROM orders'",
                "FUNCTION many(VARIADIC os orders[]) RETURNS integer LANGUAGE sql AS 'SELECT cardinality(os)'",
                "FUNCTION out_of(i bigint, OUT o orders, OUT there boolean) LANGUAGE plpgsql AS"
                        + " $$ BEGIN SELECT * INTO o FROM orders WHERE id = i; there := FOUND; END $$",
                "FUNCTION count_all() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM orders; END",
                "FUNCTION standard() RETURNS SETOF orders LANGUAGE sql BEGIN ATOMIC SELECT * FROM last(); SELECT * FROM orders; END",
                "FUNCTION aaa_needs_others() RETURNS orders LANGUAGE sql BEGIN ATOMIC SELECT * FROM standard() LIMIT 1; END",
                "PROCEDURE touch(INOUT o orders) LANGUAGE plpgsql AS $$ BEGIN o.status := 'touched'; END $$");
        made.forEach(it -> database.execute("CREATE " + it));
        for (String routine : database.queryStrings(
                "SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace")) {
            database.execute("ALTER ROUTINE %s OWNER TO %s".formatted(routine, owner));
        }
        database.execute(
                "ALTER FUNCTION last() OWNER TO " + author,
                "REVOKE ALL ON FUNCTION last() FROM PUBLIC",
                "GRANT EXECUTE ON FUNCTION last() TO %s WITH GRANT OPTION".formatted(reader),
                "REVOKE ALL ON FUNCTION newest(integer) FROM PUBLIC, %s".formatted(owner),
                "COMMENT ON FUNCTION last() IS 'it''s $$ the last'",
                "COMMENT ON FUNCTION newest(orders) IS 'another'",
                "CREATE VIEW through AS SELECT n.id, n.status FROM newest(5) AS n WHERE (last()).id > 0",
                "ALTER VIEW through OWNER TO " + owner,
                "CREATE TABLE notes (order_id bigint)",
                "ALTER TABLE notes OWNER TO " + owner,
                "CREATE POLICY latest ON notes USING (order_id = (last()).id AND order_id < count_all())");
        List<String> functions = functions(database);
        String policy = "SELECT pg_get_expr(polqual, polrelid) FROM pg_policy";
        String expression = database.queryString(policy);
        String oid = database.queryString("SELECT 'count_all'::regproc::oid");

        orders.throughSwap();

        assertThat(functions(database)).isEqualTo(functions);
        assertThat(dependentsOfTheBackup(database)).isEmpty();
        assertThat(database.queryString(policy)).isEqualTo(expression);
        assertThat(database.queryString("SELECT 'count_all'::regproc::oid")).isEqualTo(oid);
        database.execute("INSERT INTO orders (id, status, created_at) VALUES (500, 'newest', '2024-05-05')");
        assertWorks(database, 121);

        orders.reverseSwap();

        assertThat(functions(database)).isEqualTo(functions);
        assertThat(database.queryString(policy)).isEqualTo(expression);
        assertWorks(database, 121);
        orders.swap().dropBackup();
        assertThat(functions(database)).isEqualTo(functions);
        assertWorks(database, 121);
    }

    private static void assertWorks(TestDatabase database, long rows) {
        assertThat(database.queryRows("""
                        SELECT (last()).id, newest(o), many(o, o), (out_of(500)).there, (SELECT count(*) FROM through), count_all(),
                               (aaa_needs_others()).id IS NOT NULL
                        FROM orders AS o WHERE id = 500"""))
                .containsExactly(List.of("500", "t", "2", "t", "5", Long.toString(rows), "t"));
    }

    /** Bodies in PL/pgSQL are text, so nothing is done about them; a session that has compiled one goes on. */
    @Test
    void aSessionThatHasCompiledItsFunctionsGoesOn(TestDatabase database) throws SQLException {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 120);
        database.execute("""
                CREATE FUNCTION mark(wanted bigint) RETURNS text LANGUAGE plpgsql AS $$
                DECLARE o orders%ROWTYPE; p orders; s orders.status%TYPE; r record;
                BEGIN
                  SELECT * INTO o FROM orders WHERE id = wanted;
                  o.id := o.id + 1000 + (SELECT count(*) FROM orders);
                  INSERT INTO orders VALUES (o.*);
                  UPDATE orders SET status = 'marked' WHERE id = wanted RETURNING * INTO p;
                  FOR r IN SELECT * FROM orders WHERE id = wanted LOOP s := r.status; END LOOP;
                  p := o;
                  RETURN s || ' ' || p.status;
                END $$""", """
                CREATE FUNCTION all_of(wanted bigint) RETURNS SETOF orders LANGUAGE plpgsql AS $$
                DECLARE o orders%ROWTYPE;
                BEGIN
                  FOR o IN SELECT * FROM orders WHERE id <= wanted LOOP RETURN NEXT o; END LOOP;
                END $$""", """
                CREATE PROCEDURE keep(number bigint) LANGUAGE plpgsql AS $$
                DECLARE o orders%ROWTYPE;
                BEGIN
                  SELECT * INTO o FROM all_of(number) LIMIT 1;
                  DELETE FROM orders WHERE id = number;
                END $$""");
        orders.throughVerification();
        try (Connection client = database.connect();
                PreparedStatement mark = client.prepareStatement("SELECT mark(?)");
                PreparedStatement read = client.prepareStatement("SELECT count(*) FROM all_of(?)");
                CallableStatement keep = client.prepareCall("CALL keep(?)")) {
            mark.unwrap(PGStatement.class).setPrepareThreshold(1);
            read.unwrap(PGStatement.class).setPrepareThreshold(1);
            List<String> answers = new ArrayList<>();
            answers.add(use(mark, read, keep, 1));
            orders.swap();
            answers.add(use(mark, read, keep, 2));
            orders.reverseSwap();
            answers.add(use(mark, read, keep, 3));
            orders.swap().dropBackup();
            answers.add(use(mark, read, keep, 4));

            assertThat(answers).containsExactly("marked new 2", "marked new 2", "marked new 2", "marked new 2");
        }
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE status = 'marked'"))
                .isEqualTo(4);
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(120);
    }

    private static String use(PreparedStatement mark, PreparedStatement read, CallableStatement keep, long id)
            throws SQLException {
        String answer = one(mark, id) + ' ' + one(read, Math.min(id, 1) + 1);
        keep.setLong(1, id + 1000 + 120);
        keep.execute();
        return answer;
    }

    private static String one(PreparedStatement statement, long value) throws SQLException {
        statement.setLong(1, value);
        try (ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getString(1);
        }
    }

    @Test
    void aRowThatHasOneColumnMoreIsRefusedWhereTextNamesAllColumns(TestDatabase database) throws SQLException {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 24)
                .partitionedBy(new PartitionKeySpec(
                        List.of(new Identifier("created_at")),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(new Identifier("made_at"))));
        database.execute(
                "CREATE FUNCTION every() RETURNS SETOF orders LANGUAGE sql AS 'SELECT * FROM orders'",
                "CREATE VIEW through AS SELECT * FROM every() WHERE id > 0",
                "CREATE VIEW named AS SELECT number FROM orders AS o (number)",
                "CREATE VIEW plain AS SELECT o.id, to_jsonb(o) AS whole FROM orders AS o WHERE (id) > 0",
                "CREATE FUNCTION standard() RETURNS SETOF orders LANGUAGE sql BEGIN ATOMIC SELECT * FROM orders; END");
        assertThatThrownBy(orders::prepare)
                .hasMessageContaining("function public.standard() returns its row by an SQL-standard body");
        assertThatThrownBy(orders::prepare)
                .hasMessageContaining("view public.through gives names to all columns of it")
                .hasMessageContaining("view public.named gives names to all columns of it")
                .message()
                .doesNotContain("public.plain");
        database.execute("DROP FUNCTION standard()", "DROP VIEW through, named");

        orders.throughSwap();

        assertThat(database.queryLong("SELECT count(*) FROM every() AS e JOIN plain USING (id)"))
                .isEqualTo(24);
        assertThat(dependentsOfTheBackup(database)).isEmpty();
        database.execute("CREATE VIEW since AS SELECT id, made_at FROM orders");
        assertThatThrownBy(orders::reverseSwap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "its column made_at, which is not alike in the new table, is read by view public.since");
        database.execute("DROP VIEW since");
        orders.reverseSwap();
        assertThat(database.queryLong("SELECT count(*) FROM every() AS e JOIN plain USING (id)"))
                .isEqualTo(24);
    }

    @Test
    void whatCannotBeMadeAnewIsRefusedByName(TestDatabase database) throws SQLException {
        String owner = database.createRole("owner", "");
        String stranger = database.createRole("stranger", "");
        MigrationFixture orders = MigrationFixture.ofOrders(database, 24).as(owner);
        String body = " LANGUAGE sql IMMUTABLE AS 'SELECT 1'";
        database.execute(
                "GRANT CREATE ON SCHEMA public TO " + owner,
                "CREATE SCHEMA closed",
                "CREATE FUNCTION foreign_one(orders) RETURNS integer" + body,
                "ALTER FUNCTION foreign_one OWNER TO " + stranger,
                "CREATE FUNCTION tight(orders) RETURNS integer LEAKPROOF" + body,
                "CREATE FUNCTION closed.inside(orders) RETURNS integer" + body,
                "CREATE FUNCTION indexed(orders) RETURNS integer" + body,
                "CREATE INDEX by_function ON orders (indexed(orders))",
                "CREATE FUNCTION collected(orders[], bigint) RETURNS orders[] LANGUAGE sql AS 'SELECT $1'",
                "CREATE AGGREGATE collection(bigint) (SFUNC = collected, STYPE = orders[])",
                "CREATE FUNCTION cast_one(orders) RETURNS integer" + body,
                "CREATE CAST (orders AS integer) WITH FUNCTION cast_one(orders)",
                "CREATE TABLE lines (id bigint, old orders, more integer DEFAULT cast_one(NULL))",
                "CREATE DOMAIN kept AS orders",
                "CREATE MATERIALIZED VIEW filled AS SELECT cast_one(NULL) AS one");
        for (String function : List.of(
                "tight(orders)",
                "closed.inside(orders)",
                "indexed(orders)",
                "collected(orders[], bigint)",
                "cast_one(orders)")) {
            database.execute("ALTER FUNCTION %s OWNER TO %s".formatted(function, owner));
        }
        database.execute("ALTER TABLE orders OWNER TO " + owner, "ALTER MATERIALIZED VIEW filled OWNER TO " + owner);

        assertThatThrownBy(orders::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "function public.foreign_one(public.orders) uses it and belongs to role %s; GRANT %1$s TO %s"
                                .formatted(stranger, owner))
                .hasMessageContaining("ALTER FUNCTION public.tight(public.orders) NOT LEAKPROOF, or run as a superuser")
                .hasMessageContaining("GRANT CREATE ON SCHEMA closed TO " + owner)
                .hasMessageContaining("index public.by_function uses the function public.indexed(public.orders)")
                .hasMessageContaining("aggregate public.collection(bigint) uses it")
                .hasMessageContaining("uses the function public.cast_one(public.orders)")
                .hasMessageContaining("default value for column more of table public.lines uses the function")
                .hasMessageContaining("column old of table public.lines uses its row type;"
                        + " ALTER TABLE public.lines ALTER COLUMN old TYPE jsonb USING pg_catalog.to_jsonb(old)")
                .hasMessageContaining("type public.kept uses its row type")
                .hasMessageContaining("materialized view public.filled calls the function")
                .hasMessageContaining("Nothing was changed");
    }
}
