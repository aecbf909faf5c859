package liquibase.ext.partition.engine.access;

import java.util.List;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Keeps others from reading a table that holds the source's rows, or their keys, before it has the source's grants:
 * default privileges may have given everybody a right on it and on its partitions, and a member of
 * {@code pg_read_all_data} needs none. The table also gets the source's security labels, by which rows may be masked.
 * Their provider may refuse, or no longer be loaded; it is better to learn that before a row is copied than in the
 * swap.
 */
public final class Seclusion {
    /**
     * Uses the catalog at the moment of its execution, because the default privileges that apply depend on the role
     * that runs it.
     */
    private static final Sql SECLUDE = Sql.of("""
            DO {quote}
            DECLARE
              source pg_catalog.regclass := {sourceName};
              root pg_catalog.regclass := {tableName};
              it pg_catalog.record;
            BEGIN
              FOR it IN
                SELECT c.oid::pg_catalog.regclass AS name, c.relkind,
                       (SELECT pg_catalog.string_agg(DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::pg_catalog.regrole::pg_catalog.text END, ', ')
                        FROM pg_catalog.aclexplode(c.relacl) AS g WHERE g.grantee <> c.relowner) AS grantees
                FROM pg_catalog.pg_class AS c
                WHERE c.oid = root OR c.oid IN (SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = root)
                   -- Who may use the sequence of an identity column decides which ids the table gets.
                   OR c.relkind = 'S'
                      AND c.oid IN (SELECT d.objid FROM pg_catalog.pg_depend AS d
                                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'i'
                                      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = root)
              LOOP
                IF it.grantees IS NOT NULL THEN
                  EXECUTE pg_catalog.format('REVOKE ALL ON TABLE %s FROM %s', it.name, it.grantees);
                END IF;
                IF it.relkind <> 'S' AND (SELECT c.relrowsecurity FROM pg_catalog.pg_class AS c WHERE c.oid = source) THEN
                  EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', it.name);
                END IF;
              END LOOP;
              FOR it IN
                SELECT l.provider, l.label,
                       CASE WHEN a.attname IS NULL THEN pg_catalog.format('TABLE %s', root)
                            ELSE pg_catalog.format('COLUMN %s.%I', root, a.attname) END AS labelled
                FROM pg_catalog.pg_seclabel AS l
                LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = l.objoid AND a.attnum = l.objsubid AND l.objsubid > 0
                WHERE l.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND l.objoid = source
                  AND (a.attname IS NULL
                       OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS n WHERE n.attrelid = root AND n.attname = a.attname))
              LOOP
                EXECUTE pg_catalog.format('SECURITY LABEL FOR %I ON %s IS %L', it.provider, it.labelled, it.label);
              END LOOP;
            END
            {quote}""");

    /** Revokes all rights on each of those relations from everybody but its owner. */
    private static final Sql REVOKE = Sql.of("""
            FOR it IN
                SELECT c.oid::pg_catalog.regclass AS name,
                       pg_catalog.string_agg(DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::pg_catalog.regrole::pg_catalog.text END, ', ') AS grantees
                FROM pg_catalog.pg_class AS c
                CROSS JOIN pg_catalog.aclexplode(c.relacl) AS g
                WHERE ({which}) AND g.grantee <> c.relowner
                GROUP BY c.oid
              LOOP
                EXECUTE pg_catalog.format('REVOKE ALL ON TABLE %s FROM %s CASCADE', it.name, it.grantees);
              END LOOP;""");

    private static final Sql CHILDREN = Sql.of(
            "c.oid IN (SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = {tableName}::pg_catalog.regclass)");

    private static final Sql REVOKE_ON_CHILDREN = Sql.of("""
            DO {quote}
            DECLARE
              it pg_catalog.record;
            BEGIN
              {revoke}
            END
            {quote}""");

    private static final Sql MADE = Sql.of("""
            c.oid = pg_catalog.to_regclass({name})
                   OR c.relkind = 'S'
                      AND c.oid IN (SELECT d.objid FROM pg_catalog.pg_depend AS d
                                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'i'
                                      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                      AND d.refobjid = pg_catalog.to_regclass({name}))""");

    /**
     * Makes a relation of ours, and revokes the rights that default privileges have given to everybody but its owner,
     * on it and on the sequences of its identity columns. A relation that existed already keeps grants that somebody
     * has made since.
     */
    private static final Sql MAKE = Sql.of("""
            DO {quote}
            DECLARE
              existed pg_catalog.bool := pg_catalog.to_regclass({name}) IS NOT NULL;
              it pg_catalog.record;
            BEGIN
              {create};
              IF existed THEN
                RETURN;
              END IF;
              {revoke}
            END
            {quote}""");

    private static final Sql REVOKE_ON_FUNCTION = Sql.of("""
            DO {quote}
            DECLARE
              grantees pg_catalog.text := (
                SELECT pg_catalog.string_agg(DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::pg_catalog.regrole::pg_catalog.text END, ', ')
                FROM pg_catalog.pg_proc AS p
                CROSS JOIN pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS g
                WHERE p.oid = pg_catalog.to_regprocedure({signature}) AND g.grantee <> p.proowner);
            BEGIN
              IF grantees IS NOT NULL THEN
                EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM %s CASCADE', {signature}, grantees);
              END IF;
            END
            {quote}""");

    private static final Sql REVOKE_ON_TYPE = Sql.of("""
            DO {quote}
            DECLARE
              grantees pg_catalog.text := (
                SELECT pg_catalog.string_agg(DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::pg_catalog.regrole::pg_catalog.text END, ', ')
                FROM pg_catalog.pg_type AS t
                CROSS JOIN pg_catalog.aclexplode(coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))) AS g
                WHERE t.oid = pg_catalog.to_regtype({name}) AND g.grantee <> t.typowner);
            BEGIN
              IF grantees IS NOT NULL THEN
                EXECUTE pg_catalog.format('REVOKE ALL ON TYPE %s FROM %s CASCADE', {name}, grantees);
              END IF;
            END
            {quote}""");

    private Seclusion() {}

    /**
     * The statement that makes a relation on which nobody but its owner has a right.
     *
     * @param create a statement that does no harm if the relation exists already
     */
    public static Sql made(QualifiedName relation, Sql create) {
        Sql script = Sql.raw(create.script());
        return MAKE.with("quote", Sql.dollarQuote("make", script))
                .with("revoke", REVOKE.with("which", MADE))
                .with("name", Sql.literal(relation.quoted()))
                .with("create", script);
    }

    /**
     * The statement for a function that nobody but its owner may call. Its triggers go on calling it; but a role that
     * may EXECUTE a trigger function could make a trigger of it on a table of its own.
     */
    public static Sql ofFunction(QualifiedName function) {
        return ofFunction(function, "");
    }

    /** @param arguments the types of its parameters */
    public static Sql ofFunction(QualifiedName function, String arguments) {
        String signature = "%s(%s)".formatted(function.quoted(), arguments);
        return REVOKE_ON_FUNCTION
                .with("quote", Sql.dollarQuote("seclude", Sql.list(List.of(function))))
                .with("signature", Sql.literal(signature));
    }

    /** The statement for a type of which nobody but its owner may make anything, such as a function's parameter. */
    public static Sql ofType(QualifiedName type) {
        return REVOKE_ON_TYPE
                .with("quote", Sql.dollarQuote("seclude", Sql.list(List.of(type))))
                .with("name", Sql.literal(type.quoted()));
    }

    /** The statement for a table that has just been made, with its partitions, if it has some. */
    public static Sql of(QualifiedName table, QualifiedName source) {
        return SECLUDE.with("quote", Sql.dollarQuote("seclude", Sql.list(List.of(table, source))))
                .with("tableName", Sql.literal(table.quoted()))
                .with("sourceName", Sql.literal(source.quoted()));
    }

    /**
     * The statement that revokes from everybody but the owner what they were granted on the children of {@code table}.
     */
    public static Sql ofChildren(QualifiedName table) {
        return REVOKE_ON_CHILDREN
                .with("quote", Sql.dollarQuote("seclude", Sql.list(List.of(table))))
                .with("revoke", REVOKE.with("which", CHILDREN))
                .with("tableName", Sql.literal(table.quoted()));
    }
}
