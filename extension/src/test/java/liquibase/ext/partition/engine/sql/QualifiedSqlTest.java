package liquibase.ext.partition.engine.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.testing.OurSql;
import liquibase.ext.partition.testing.OurSql.Literal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every function, type and relation in our SQL has its schema. A name without one is looked up on a path, and in a
 * script that people run, in a function that is left on a table, or through a mistake of ours, that path is somebody
 * else's.
 */
class QualifiedSqlTest {
    /** Words that look like calls, but belong to SQL's grammar. */
    private static final Set<String> GRAMMAR = Set.of(
            "coalesce",
            "greatest",
            "least",
            "nullif",
            "extract",
            "overlay",
            "position",
            "exists",
            "array",
            "row",
            "any",
            "all",
            "in",
            "values",
            "cast",
            "bit",
            "varchar",
            "numeric",
            "timestamp",
            "interval",
            "operator");

    /** Types that the grammar itself takes from the catalog, whatever is on the path. */
    private static final Set<String> TYPES_OF_THE_GRAMMAR = Set.of(
            "int",
            "integer",
            "bigint",
            "smallint",
            "boolean",
            "timestamp",
            "time",
            "bit",
            "double",
            "real",
            "numeric",
            "decimal",
            "interval",
            "varchar",
            "character");

    private static final String OTHER_TYPES =
            "text|name|oid|oidvector|regclass|regtype|regproc|regprocedure|regrole|regnamespace|regcollation|date|timestamptz|uuid|json|jsonb|tid|xid|xid8|bytea|record|void|trigger|int2|int4|int8|float4|float8|bool|bpchar|inet|pg_lsn|\"char\"";

    /** Sentences for people about statements that they may run on a path of their own. */
    private static final List<String> ADVICE = List.of(
            "SELECT count(*) > 100 FROM jobs",
            "ALTER TABLE %s ALTER COLUMN %I TYPE jsonb USING to_jsonb(%I), or drop it");

    private static final Pattern STRING = Pattern.compile("'(?:[^']|'')*'");
    private static final Pattern COMMENT = Pattern.compile("--[^\\n]*");
    private static final Pattern CALL = Pattern.compile("(?<![\\w.}\"$%])([a-zA-Z_][a-zA-Z_0-9]*)\\(");
    private static final Pattern CAST = Pattern.compile("::\\s*(\"?[a-zA-Z_][\\w]*\"?)(\\.)?");
    private static final Pattern TYPE =
            Pattern.compile("(?:\\bCAST\\([^()]* AS (" + OTHER_TYPES + ")(?:\\[])?\\)|(?<!\\.)\\b("
                    + OTHER_TYPES + ") '|\\bRETURNS (" + OTHER_TYPES + ")\\b|(?m:^\\s+[a-z_]+ (" + OTHER_TYPES
                    + ")(?:\\[])?(?: :=|;| NOT NULL| DEFAULT|,$|$)))");
    private static final Pattern RELATION =
            Pattern.compile("\\b(?:FROM|JOIN|INSERT INTO|UPDATE)\\s+(?:ONLY\\s+)?([a-z_][a-z_0-9]*)(?![\\w.(])");
    private static final Pattern SUBQUERY = Pattern.compile("\\b([a-z_]+)(?: \\([^()]*\\))? AS (?:MATERIALIZED )?\\(");
    private static final Pattern ALIAS = Pattern.compile("\\bAS ([a-z_]+)\\b");

    /** Names of subqueries that several literals of one statement share; and the word after {@code extract(… FROM}. */
    private static final Set<String> NAMED = Set.of("clock_timestamp", "plan");

    @Test
    void everyNameHasItsSchema() {
        List<Literal> literals = OurSql.literals();
        assertThat(literals).hasSizeGreaterThan(300);
        Set<String> subqueries = new HashSet<>();
        literals.forEach(literal -> subqueries.addAll(found(SUBQUERY, literal.text())));
        assertThat(literals.stream()
                        .filter(literal -> ADVICE.stream().noneMatch(literal.text()::contains))
                        .flatMap(literal -> unqualified(literal, subqueries).stream())
                        .toList())
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT to_regclass({name})",
                "SELECT pg_catalog.left(lower(a), 2) FROM {table} AS t",
                "SELECT a::text FROM {table} AS t",
                "SELECT CAST(a AS text) FROM {table} AS t",
                "SELECT 'a'::regclass::pg_catalog.oid",
                "SELECT date '2024-01-01'",
                "SELECT relname FROM pg_class",
                "SELECT 1 FROM {table} AS t JOIN pg_index AS i ON true",
                "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql",
                "CREATE TABLE {name} (\n  a text NOT NULL,\n  b {type})",
            })
    void aNameWithoutItsSchemaIsFound(String sql) {
        List<Literal> literals = OurSql.literals("A.java", "Sql.of(\"\"\"\n" + sql + "\"\"\")");
        assertThat(literals).hasSize(1);
        assertThat(unqualified(literals.get(0), Set.of())).hasSize(1);
    }

    private static List<String> unqualified(Literal literal, Set<String> subqueries) {
        String sql =
                COMMENT.matcher(STRING.matcher(literal.text()).replaceAll("''")).replaceAll("");
        List<String> unqualified = new ArrayList<>();
        found(CALL, sql).stream()
                .filter(name -> !GRAMMAR.contains(name.toLowerCase()))
                .forEach(name -> unqualified.add(name + "("));
        Matcher cast = CAST.matcher(sql);
        while (cast.find()) {
            if (cast.group(2) == null && !TYPES_OF_THE_GRAMMAR.contains(cast.group(1))) {
                unqualified.add("::" + cast.group(1));
            }
        }
        unqualified.addAll(found(TYPE, sql));
        List<String> known = found(ALIAS, sql);
        found(RELATION, sql).stream()
                .filter(name -> !subqueries.contains(name) && !known.contains(name) && !NAMED.contains(name))
                .filter(name -> !sql.contains("RECURSIVE " + name) && !sql.contains(name + " AS ("))
                .forEach(name -> unqualified.add("FROM " + name));
        return unqualified.stream()
                .map(what ->
                        literal.file() + ": " + what + " in: " + literal.text().strip())
                .toList();
    }

    private static List<String> found(Pattern pattern, String sql) {
        List<String> found = new ArrayList<>();
        Matcher matcher = pattern.matcher(sql);
        while (matcher.find()) {
            for (int group = 1; group <= matcher.groupCount(); group++) {
                if (matcher.group(group) != null) {
                    found.add(matcher.group(group));
                }
            }
        }
        return found;
    }
}
