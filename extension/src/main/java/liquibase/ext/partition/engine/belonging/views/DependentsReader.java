package liquibase.ext.partition.engine.belonging.views;

import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.catalog.Grant;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.catalog.server.SettableOptions;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Reads {@link Dependents} out of {@code pg_depend}. Writing a definition as text takes ACCESS SHARE on what the
 * definition reads, until the end of the transaction.
 */
public final class DependentsReader {
    /**
     * {@code row_type}: the types of the relations' rows, and arrays of these. {@code remade}: functions that have one
     * of them in their signature. {@code dependent}: objects that depend on a relation, its row type or such a
     * function. {@code reader}: views among these; up to PostgreSQL 15 a view's rule refers to the view itself, too.
     */
    static final Sql DEPENDENTS = Sql.of("""
            WITH RECURSIVE relation AS (SELECT pg_catalog.unnest({relations}::pg_catalog.text[])::pg_catalog.oid AS oid),
            row_type AS (
              SELECT t.oid FROM pg_catalog.pg_type AS t JOIN relation ON relation.oid = t.typrelid
              UNION ALL
              SELECT t.typarray FROM pg_catalog.pg_type AS t JOIN relation ON relation.oid = t.typrelid WHERE t.typarray <> 0),
            remade AS (
              SELECT DISTINCT p.oid
              FROM pg_catalog.pg_depend AS d
              JOIN row_type AS t ON t.oid = d.refobjid
              JOIN pg_catalog.pg_proc AS p ON p.oid = d.objid
              WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
                AND t.oid = ANY (p.proargtypes::pg_catalog.oid[] || coalesce(p.proallargtypes, ARRAY[]::pg_catalog.oid[]) || p.prorettype)),
            thing AS (
              SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS classid, oid FROM relation
              UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid FROM row_type
              UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid FROM remade),
            dependent AS (
              SELECT d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid, d.deptype
              FROM thing JOIN pg_catalog.pg_depend AS d ON d.refclassid = thing.classid AND d.refobjid = thing.oid),
            reader AS (
              SELECT DISTINCT c.oid, c.relkind, c.relname, c.relnamespace, c.relowner, c.relpersistence, c.relam, c.reloptions,
                     r.oid AS rule
              FROM dependent AS d
              JOIN pg_catalog.pg_rewrite AS r ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid
              JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
              WHERE r.ev_type = '1' AND d.deptype = 'n' AND d.refobjid <> c.oid)
            """);

    /** Most tables have no dependents, and then no question about a single kind needs to be asked. */
    private static final Sql ANY = Sql.of("""
            {dependents}
            SELECT EXISTS (SELECT FROM dependent WHERE deptype = 'n' AND classid <> 'pg_catalog.pg_constraint'::pg_catalog.regclass)
            """);

    private static final Sql READ_BY_MATERIALIZED_VIEWS = Sql.of("""
            {dependents}
            SELECT DISTINCT reader.oid, d.refobjid AS reads, n.nspname, reader.relname, o.rolname, am.amname,
                   pg_catalog.pg_get_viewdef(reader.oid) AS definition
            FROM reader
            JOIN dependent AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = reader.rule
            JOIN pg_catalog.pg_namespace AS n ON n.oid = reader.relnamespace
            JOIN pg_catalog.pg_roles AS o ON o.oid = reader.relowner
            JOIN pg_catalog.pg_am AS am ON am.oid = reader.relam
            WHERE reader.relkind = 'm' AND d.refobjid <> reader.oid
            ORDER BY n.nspname, reader.relname
            """);

    /** {@code reads} is everything that a view reads, also through other views. */
    private static final Sql VIEWS = Sql.of("""
            {dependents},
            reads AS (
              SELECT reader.oid AS view, d.refobjid AS oid
              FROM reader JOIN pg_catalog.pg_depend AS d ON d.objid = reader.rule
              WHERE reader.relkind = 'v' AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> reader.oid
              UNION
              SELECT reads.view, d.refobjid
              FROM reads
              JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = reads.oid AND r.ev_type = '1'
              JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
              WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> reads.oid)
            SELECT reader.oid, n.nspname, reader.relname, o.rolname,
                   ARRAY(SELECT reads.oid::pg_catalog.text FROM reads WHERE reads.view = reader.oid) AS reads,
                   ARRAY(SELECT pg_catalog.format('%I=%L', option_name, option_value)
                         FROM pg_catalog.pg_options_to_table(reader.reloptions) WHERE option_name IN ({settable})) AS options,
                   pg_catalog.pg_get_viewdef(reader.oid) AS definition
            FROM reader
            JOIN pg_catalog.pg_namespace AS n ON n.oid = reader.relnamespace
            JOIN pg_catalog.pg_roles AS o ON o.oid = reader.relowner
            WHERE reader.relkind = 'v'
            ORDER BY n.nspname, reader.relname
            """).with("settable", SettableOptions.in(SettableOptions.VIEW));

    private static final Sql FUNCTIONS = Sql.of("""
            {dependents}
            SELECT p.oid, n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments,
                   p.oid IN (SELECT oid FROM remade) AS remade, p.prosqlbody IS NOT NULL AS standard_body,
                   pg_catalog.pg_get_functiondef(p.oid) AS definition, o.rolname,
                   pg_catalog.obj_description(p.oid, 'pg_proc') AS comment,
                   ARRAY(SELECT used.refobjid::pg_catalog.text FROM pg_catalog.pg_depend AS used
                         WHERE used.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND used.objid = p.oid
                           AND used.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass) AS needs
            FROM pg_catalog.pg_proc AS p
            JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
            JOIN pg_catalog.pg_roles AS o ON o.oid = p.proowner
            WHERE p.prokind IN ('f', 'p')
              AND p.oid IN (SELECT objid FROM dependent WHERE classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND deptype = 'n')
            ORDER BY n.nspname, p.proname, p.oid
            """);

    private static final Sql COMPILED = Sql.of("""
            {dependents}
            SELECT n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments, p.prosecdef
            FROM pg_catalog.pg_proc AS p
            JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
            JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
            WHERE l.lanname = 'plpgsql' AND p.oid NOT IN (SELECT oid FROM remade) AND pg_catalog.pg_has_role(p.proowner, 'USAGE')
              AND EXISTS (SELECT FROM relation JOIN pg_catalog.pg_class AS c ON c.oid = relation.oid
                          WHERE pg_catalog.strpos(pg_catalog.lower(p.prosrc), pg_catalog.lower(pg_catalog.replace(c.relname, '"', '""'))) > 0)
            ORDER BY n.nspname, p.proname, p.oid
            """);

    private static final Sql LABELS = Sql.of("""
            SELECT l.provider, l.label FROM pg_catalog.pg_seclabel AS l
            WHERE l.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND l.objoid = {oid} ORDER BY l.provider
            """);

    /**
     * Grants with the grant option come last: otherwise the current role would grant the others by a grant of its own,
     * instead of as the owner.
     */
    private static final Sql GRANTS = Sql.of("""
            SELECT r.rolname, acl.grantee = p.proowner AS to_owner, acl.privilege_type, acl.is_grantable
            FROM pg_catalog.pg_proc AS p
            CROSS JOIN pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS acl
            LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = acl.grantee
            WHERE p.oid = {oid}
            ORDER BY acl.is_grantable, r.rolname NULLS FIRST
            """);

    /** The rights of the role that makes the function pass to the owner. */
    private static final Sql DEFAULT_GRANTS = Sql.of("""
            SELECT r.rolname, acl.grantee IN (me.oid, p.proowner) AS to_owner, acl.privilege_type, acl.is_grantable
            FROM pg_catalog.pg_proc AS p
            CROSS JOIN (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user) AS me
            CROSS JOIN LATERAL (
              SELECT (pg_catalog.aclexplode(coalesce(
                       (SELECT d.defaclacl FROM pg_catalog.pg_default_acl AS d
                        WHERE d.defaclrole = me.oid AND d.defaclobjtype = 'f' AND d.defaclnamespace = 0),
                       pg_catalog.acldefault('f', me.oid)))).*
              UNION
              SELECT (pg_catalog.aclexplode(d.defaclacl)).* FROM pg_catalog.pg_default_acl AS d
              WHERE d.defaclrole = me.oid AND d.defaclobjtype = 'f' AND d.defaclnamespace = p.pronamespace) AS acl
            LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = CASE acl.grantee WHEN me.oid THEN p.proowner ELSE acl.grantee END
            WHERE p.oid = {oid}
            ORDER BY acl.is_grantable, r.rolname NULLS FIRST
            """);

    private static final Sql POLICIES = Sql.of("""
            {dependents}
            SELECT DISTINCT n.nspname, c.relname, p.polname, pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS using_text,
                   pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS check_text
            FROM dependent AS d
            JOIN pg_catalog.pg_policy AS p ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = d.objid
            JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE d.deptype = 'n' AND p.polrelid NOT IN (SELECT oid FROM relation)
            ORDER BY n.nspname, c.relname, p.polname
            """);

    private final Session session;

    public DependentsReader(Session session) {
        this.session = session;
    }

    /** The dependents of the table or materialized view with that oid. */
    public Dependents read(long oid) throws SQLException {
        return QualifiedNames.within(session, () -> {
            List<String> relations = List.of(Long.toString(oid));
            return read(relations, new ArrayList<>(closure(relations).values()));
        });
    }

    /** The materialized views that read that relation, and those that read these, in that order, by their oids. */
    public Map<Long, Dependents.MaterializedView> materializedViews(long oid) throws SQLException {
        return QualifiedNames.within(session, () -> closure(List.of(Long.toString(oid))));
    }

    /** Objects that depend on any of these materialized views, except materialized views. */
    public Dependents readersOf(Set<Long> oids) throws SQLException {
        return QualifiedNames.within(
                session, () -> read(oids.stream().map(String::valueOf).toList(), List.of()));
    }

    private Dependents read(List<String> relations, List<Dependents.MaterializedView> materializedViews)
            throws SQLException {
        boolean any = hasAny(relations);
        return new Dependents(
                any ? functions(relations) : List.of(),
                compiled(relations),
                any ? views(relations) : List.of(),
                any ? policies(relations) : List.of(),
                materializedViews);
    }

    /** Whether any object depends on these relations that is not part of them, not counting foreign keys. */
    boolean hasAny(List<String> relations) throws SQLException {
        return session.queryBoolean(about(ANY, relations));
    }

    private List<Dependents.CompiledRoutine> compiled(List<String> relations) throws SQLException {
        return session.query(
                about(COMPILED, relations),
                row -> new Dependents.CompiledRoutine(
                        name(row, "proname"), row.getString("arguments"), row.getBoolean("prosecdef")));
    }

    private List<Dependents.Policy> policies(List<String> relations) throws SQLException {
        return session.query(
                about(POLICIES, relations),
                row -> new Dependents.Policy(
                        name(row, "relname"),
                        new Identifier(row.getString("polname")),
                        Optional.ofNullable(row.getString("using_text")),
                        Optional.ofNullable(row.getString("check_text"))));
    }

    private List<Dependents.View> views(List<String> relations) throws SQLException {
        Map<String, List<String>> reads = new LinkedHashMap<>();
        Map<String, Dependents.View> found = new HashMap<>();
        session.query(about(VIEWS, relations), row -> {
            reads.put(row.getString("oid"), texts(row, "reads"));
            return found.put(
                    row.getString("oid"),
                    new Dependents.View(
                            name(row, "relname"),
                            new Identifier(row.getString("rolname")),
                            texts(row, "options"),
                            withoutEnd(row.getString("definition"))));
        });
        return inOrder(reads).stream().map(found::get).toList();
    }

    private List<Dependents.Routine> functions(List<String> relations) throws SQLException {
        record Found(long oid, List<String> needs, Dependents.Routine routine) {}
        List<Found> found = session.query(
                about(FUNCTIONS, relations),
                row -> new Found(
                        row.getLong("oid"),
                        texts(row, "needs"),
                        new Dependents.Routine(
                                name(row, "proname"),
                                row.getString("arguments"),
                                row.getBoolean("remade"),
                                row.getBoolean("standard_body"),
                                row.getString("definition").strip(),
                                new Identifier(row.getString("rolname")),
                                Optional.ofNullable(row.getString("comment")),
                                List.of(),
                                List.of(),
                                List.of())));
        Map<String, Found> byOid = new LinkedHashMap<>();
        found.forEach(it -> byOid.put(Long.toString(it.oid()), it));
        List<Dependents.Routine> ordered = new ArrayList<>();
        Map<String, List<String>> needs = new LinkedHashMap<>();
        byOid.forEach((oid, it) -> needs.put(oid, it.needs()));
        for (String oid : inOrder(needs)) {
            Dependents.Routine it = byOid.get(oid).routine();
            Sql labels = LABELS.with("oid", Long.valueOf(oid));
            ordered.add(new Dependents.Routine(
                    it.name(),
                    it.arguments(),
                    it.remade(),
                    it.standardBody(),
                    it.definition(),
                    it.owner(),
                    it.comment(),
                    session.query(
                            labels, row -> new Dependents.Label(row.getString("provider"), row.getString("label"))),
                    grants(GRANTS.with("oid", Long.valueOf(oid))),
                    grants(DEFAULT_GRANTS.with("oid", Long.valueOf(oid)))));
        }
        return ordered;
    }

    private List<Grant> grants(Sql question) throws SQLException {
        return session.query(
                question,
                row -> new Grant(
                        Optional.ofNullable(row.getString("rolname")).map(Identifier::new),
                        row.getBoolean("to_owner"),
                        row.getString("privilege_type"),
                        Optional.empty(),
                        row.getBoolean("is_grantable"),
                        Optional.empty()));
    }

    /** Also for names that are not yet qualified: the caller takes care of {@link QualifiedNames}. */
    Map<Long, Dependents.MaterializedView> closure(List<String> relations) throws SQLException {
        Map<String, List<String>> reads = new LinkedHashMap<>();
        Map<String, Dependents.MaterializedView> found = new HashMap<>();
        List<String> next = relations;
        while (!next.isEmpty() && hasAny(next)) {
            Set<String> added = new LinkedHashSet<>();
            session.query(about(READ_BY_MATERIALIZED_VIEWS, next), row -> {
                String oid = row.getString("oid");
                reads.computeIfAbsent(oid, it -> new ArrayList<>()).add(row.getString("reads"));
                if (found.put(oid, materializedView(row)) == null) {
                    added.add(oid);
                }
                return oid;
            });
            next = List.copyOf(added);
        }
        Map<Long, Dependents.MaterializedView> ordered = new LinkedHashMap<>();
        for (String oid : inOrder(reads)) {
            Dependents.MaterializedView it = found.get(oid);
            boolean read = reads.values().stream().anyMatch(oids -> oids.contains(oid));
            ordered.put(
                    Long.valueOf(oid),
                    new Dependents.MaterializedView(it.name(), it.owner(), it.accessMethod(), it.definition(), read));
        }
        return ordered;
    }

    private static Dependents.MaterializedView materializedView(ResultSet row) throws SQLException {
        return new Dependents.MaterializedView(
                name(row, "relname"),
                new Identifier(row.getString("rolname")),
                new Identifier(row.getString("amname")),
                withoutEnd(row.getString("definition")),
                false);
    }

    /** Each object after those that it needs. */
    private static List<String> inOrder(Map<String, List<String>> needs) {
        Set<String> ordered = new LinkedHashSet<>();
        needs.keySet().forEach(it -> add(it, needs, ordered, new LinkedHashSet<>()));
        return List.copyOf(ordered);
    }

    private static void add(String it, Map<String, List<String>> needs, Set<String> ordered, Set<String> begun) {
        // A function may call itself.
        if (needs.containsKey(it) && begun.add(it)) {
            needs.get(it).forEach(needed -> add(needed, needs, ordered, begun));
            ordered.add(it);
        }
    }

    static Sql about(Sql question, List<String> relations) {
        return question.with("dependents", DEPENDENTS.with("relations", relations.toArray(String[]::new)));
    }

    private static QualifiedName name(ResultSet row, String column) throws SQLException {
        return QualifiedName.of(row.getString("nspname"), row.getString(column));
    }

    private static List<String> texts(ResultSet row, String column) throws SQLException {
        Array array = row.getArray(column);
        return Arrays.asList((String[]) array.getArray());
    }

    /** {@code pg_get_viewdef} ends with a semicolon. */
    private static String withoutEnd(String definition) {
        String text = definition.strip();
        return text.endsWith(";") ? text.substring(0, text.length() - 1) : text;
    }
}
