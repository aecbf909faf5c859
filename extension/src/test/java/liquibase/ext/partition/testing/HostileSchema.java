package liquibase.ext.partition.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;

/**
 * Traps that a role can set if it may create in a schema of other people's paths: functions, operators, types and
 * relations with the names that our statements use, whose arguments match better than the catalog's own, or equally.
 * Each raises an error, and counts the call even if the error is caught or rolled back.
 */
public final class HostileSchema {
    /** Types that our values have, or can be taken for. */
    private static final String TEMPTING =
            "{text,\"character varying\",name,\"\\\"char\\\"\",oid,regclass,integer,bigint,smallint,\"timestamp with time zone\",\"timestamp without time zone\",date,boolean}";

    private final TestDatabase database;
    private final String schema;

    private HostileSchema(TestDatabase database, String schema) {
        this.database = database;
        this.schema = schema;
    }

    /** Fills {@code schema}, in which {@code attacker} may create, as that role. */
    public static HostileSchema of(TestDatabase database, String schema, String attacker) throws SQLException {
        HostileSchema hostile = new HostileSchema(database, schema);
        hostile.fill(
                attacker,
                hostile.counter(),
                hostile.functions(),
                hostile.temptingFunctions(),
                hostile.operators(),
                hostile.relations(),
                hostile.types());
        return hostile;
    }

    /**
     * Fills the schema with functions alone: an operator can be a better match for a statement of the driver's own,
     * which we cannot mend.
     */
    public static HostileSchema ofFunctions(TestDatabase database, String schema, String attacker) throws SQLException {
        HostileSchema hostile = new HostileSchema(database, schema);
        hostile.fill(attacker, hostile.counter(), hostile.temptingFunctions());
        return hostile;
    }

    private void fill(String attacker, String... statements) throws SQLException {
        try (Connection connection = database.connect(attacker, attacker);
                Statement statement = connection.createStatement()) {
            statement.execute("SET search_path = pg_catalog");
            statement.execute("SET client_min_messages = error");
            for (String sql : statements) {
                statement.execute(sql.replace("{schema}", schema).replace("{tempting}", TEMPTING));
            }
        }
    }

    /** Asserts that none of it was ever called. */
    public void assertNeverCalled() {
        assertThat(database.queryString("SELECT pg_catalog.format('%s', is_called) FROM " + schema + ".calls"))
                .as("whether something in schema %s was called", schema)
                .isEqualTo("f");
    }

    /** A sequence keeps a count even if the transaction fails. */
    private String counter() {
        return """
                CREATE SEQUENCE {schema}.calls;
                GRANT ALL ON SEQUENCE {schema}.calls TO PUBLIC;
                CREATE FUNCTION {schema}.attack(what pg_catalog.text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $f$
                BEGIN
                  PERFORM nextval('{schema}.calls');
                  RAISE EXCEPTION 'attacked as % through %', current_user, what USING ERRCODE = 'LP666';
                END $f$;
                CREATE FUNCTION {schema}.attacked(what pg_catalog.text) RETURNS boolean LANGUAGE plpgsql AS $f$
                BEGIN PERFORM {schema}.attack(what); RETURN NULL; END $f$""";
    }

    /** With exactly the arguments of the catalog's own functions, including its aggregates. */
    private String functions() {
        return each("""
                FOR it IN
                  SELECT p.proname, p.prokind, pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result,
                         pg_get_function_identity_arguments(p.oid) AS identity
                  FROM pg_proc AS p
                  WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY ('{names}') AND p.prokind IN ('f', 'a')
                """, """
                IF it.prokind = 'a' THEN
                  EXECUTE format('CREATE FUNCTION {schema}.%I(state bigint%s) RETURNS bigint LANGUAGE plpgsql AS $f$ BEGIN PERFORM {schema}.attack(%L); RETURN NULL; END $f$',
                                 it.proname || '_step', CASE it.identity WHEN '' THEN '' ELSE ', ' || it.identity END, it.proname);
                  EXECUTE format('CREATE AGGREGATE {schema}.%I(%s) (SFUNC = {schema}.%I, STYPE = bigint)', it.proname,
                                 CASE it.identity WHEN '' THEN '*' ELSE it.identity END, it.proname || '_step');
                ELSE
                  EXECUTE format('CREATE FUNCTION {schema}.%I(%s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN PERFORM {schema}.attack(%L); %s END $f$',
                                 it.proname, it.arguments, it.result, it.proname || '(' || it.identity || ')',
                                 CASE WHEN it.result LIKE 'SETOF%' OR it.result LIKE 'TABLE%' OR it.result = 'void' THEN 'RETURN;' ELSE 'RETURN NULL;' END);
                END IF;
                """).replace("{names}", array(OurSql.functions()));
    }

    /** With arguments that fit a bound text, a name or a number better than the catalog's. */
    private String temptingFunctions() {
        return each("""
                FOR it IN
                  SELECT n.name, t.a || repeat(', ' || t.a, n.arity - 1) AS arguments
                  FROM unnest('{names}'::text[]) AS f (name)
                  CROSS JOIN unnest('{character varying,name,anyelement,record,bigint}'::text[]) AS t (a)
                  CROSS JOIN LATERAL (SELECT DISTINCT f.name, greatest(p.pronargs, 1) AS arity FROM pg_proc AS p
                                      WHERE p.proname = f.name AND p.pronargs < 5) AS n
                """, """
                EXECUTE format('CREATE FUNCTION {schema}.%I(%s) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN PERFORM {schema}.attack(%L); RETURN NULL; END $f$',
                               it.name, it.arguments, it.name || '(' || it.arguments || ')');
                """).replace("{names}", array(OurSql.functions()));
    }

    /** One function for all operators of two types: its result does not matter, as nobody gets it. */
    private String operators() {
        return each("""
                FOR it IN
                  SELECT a, b, array_agg(DISTINCT name) AS names
                  FROM (SELECT format_type(o.oprleft, NULL) AS a, format_type(o.oprright, NULL) AS b, o.oprname AS name
                        FROM pg_operator AS o WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprleft <> 0
                          AND o.oprname = ANY ('{=,<>,<,>,<=,>=,||,~,!~,~~,!~~,->,->>,+,-,*,/,%,&,>>,<<,@>,<@,&&,*=,*<>,~*}')
                        UNION ALL
                        SELECT a, b, o.name
                        FROM unnest('{tempting}'::text[]) AS a, unnest('{tempting}'::text[]) AS b,
                             unnest('{=,<>,<,>,<=,>=,||,~}'::name[]) AS o (name)) AS o
                  GROUP BY a, b
                """, """
                EXECUTE format('CREATE FUNCTION {schema}.operated(%s, %s) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN PERFORM {schema}.attack(%L); RETURN NULL; END $f$',
                               it.a, it.b, 'an operator of ' || it.a || ' and ' || it.b);
                FOR i IN 1 .. cardinality(it.names) LOOP
                  EXECUTE format('CREATE OPERATOR {schema}.%s (FUNCTION = {schema}.operated, LEFTARG = %s, RIGHTARG = %s)', it.names[i], it.a, it.b);
                END LOOP;
                """);
    }

    private String relations() {
        return each("FOR it IN SELECT unnest('{names}'::text[]) AS name\n", """
                EXECUTE format('CREATE VIEW {schema}.%I AS SELECT * FROM pg_catalog.%I WHERE {schema}.attacked(%L)', it.name, it.name, it.name);
                EXECUTE format('GRANT SELECT ON {schema}.%I TO PUBLIC', it.name);
                """)
                .replace("{names}", array(OurSql.relations()));
    }

    /** Nothing can be cast to them. */
    private String types() {
        return each(
                        "FOR it IN SELECT unnest('{names}'::text[]) AS name\n",
                        "EXECUTE format('CREATE TYPE {schema}.%I AS ENUM ()', it.name);\n")
                .replace("{names}", array(OurSql.types()));
    }

    /** Leaves out what the server does not let anybody make. */
    private static String each(String loop, String body) {
        return """
                DO $do$
                DECLARE
                  it record;
                BEGIN
                {loop}LOOP
                BEGIN
                {body}EXCEPTION WHEN OTHERS THEN NULL;
                END;
                END LOOP;
                END
                $do$""".replace("{loop}", loop).replace("{body}", body);
    }

    private static String array(Set<String> names) {
        return "{" + String.join(",", names) + "}";
    }
}
