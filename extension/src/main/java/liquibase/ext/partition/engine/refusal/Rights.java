package liquibase.ext.partition.engine.refusal;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.catalog.server.ServerVersion;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The rights that the current role lacks to take a table all the way from the first step to the last and back again.
 * Owning the table is most of it; rights that PUBLIC does not have must have been granted. Takes no lock; any role can
 * ask.
 *
 * <p>It asks for a privilege, not who has granted it, so a superuser and a member of a role that has the privilege lack
 * nothing.
 */
public final class Rights {
    private static final Sql OWNER = Sql.of("""
            SELECT 'OWNER' AS feature,
                   pg_catalog.format('it belongs to role %I, and only its owner can capture its changes and rename it', o.rolname) AS what,
                   pg_catalog.format('run as that role, or GRANT %I to the role that runs Liquibase', o.rolname) AS remedy
            FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_roles AS o ON o.oid = c.relowner
            WHERE c.oid = {oid} AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
            UNION ALL
            SELECT 'OWNER', pg_catalog.format('it belongs to role %I, to which role %I cannot give the new table', o.rolname, current_user),
                   pg_catalog.format('GRANT %I TO %I WITH SET TRUE, or run as role %I', o.rolname, current_user, o.rolname)
            FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_roles AS o ON o.oid = c.relowner
            WHERE c.oid = {oid} AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
              AND NOT pg_catalog.pg_has_role(c.relowner, {mayBecome})
            UNION ALL
            SELECT 'OWNER', pg_catalog.format('its owner, role %I, may not create in schema %I, so it cannot own the new table', o.rolname, n.nspname),
                   pg_catalog.format('GRANT CREATE ON SCHEMA %I TO %I', n.nspname, o.rolname)
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_roles AS o ON o.oid = c.relowner
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.oid = {oid} AND o.rolname <> current_user
              AND NOT pg_catalog.has_schema_privilege(o.oid, n.oid, 'CREATE')
            """);

    private static final Sql CONTAINERS = Sql.of("""
            SELECT 'GRANTS' AS feature, pg_catalog.format('role %I may not create in schema %I', current_user, n.nspname) AS what,
                   pg_catalog.format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', n.nspname, current_user) AS remedy
            FROM pg_catalog.pg_namespace AS n
            WHERE (n.oid = (SELECT relnamespace FROM pg_catalog.pg_class WHERE oid = {oid}) OR n.nspname = {stateSchema})
              AND NOT (pg_catalog.has_schema_privilege(n.oid, 'CREATE') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'))
            UNION ALL
            SELECT 'GRANTS', pg_catalog.format('%s, in which migrations are recorded, belongs to role %I', c.oid::pg_catalog.regclass, o.rolname),
                   pg_catalog.format('GRANT %I TO %I', o.rolname, current_user)
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_roles AS o ON o.oid = c.relowner
            WHERE n.nspname = {stateSchema} AND c.relname IN ('partition_migration', 'partition_chunk', 'partition_progress')
              AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
            UNION ALL
            SELECT 'GRANTS', pg_catalog.format('role %I may not make temporary tables, which the replay of changes needs', current_user),
                   pg_catalog.format('GRANT TEMPORARY ON DATABASE %I TO %I', d.datname, current_user)
            FROM pg_catalog.pg_database AS d
            WHERE d.datname = pg_catalog.current_database() AND NOT pg_catalog.has_database_privilege(d.oid, 'TEMPORARY')
            UNION ALL
            SELECT 'GRANTS', pg_catalog.format('role %I may not write functions in %I, in which change capture is written', current_user, l.lanname),
                   pg_catalog.format('GRANT USAGE ON LANGUAGE %I TO %I', l.lanname, current_user)
            FROM pg_catalog.pg_language AS l
            WHERE l.lanname = 'plpgsql' AND NOT pg_catalog.has_language_privilege(l.oid, 'USAGE')
            UNION ALL
            SELECT DISTINCT 'TABLESPACE', pg_catalog.format('role %I may not create in tablespace %I', current_user, t.spcname),
                   pg_catalog.format('GRANT CREATE ON TABLESPACE %I TO %I', t.spcname, current_user)
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_tablespace AS t ON t.oid = c.reltablespace
            WHERE (c.oid = {oid} OR c.oid IN (SELECT indexrelid FROM pg_catalog.pg_index WHERE indrelid = {oid}))
              AND NOT pg_catalog.has_tablespace_privilege(t.oid, 'CREATE')
            """);

    /** The same of the schema that the partitions are to be made in, which has to be there. */
    private static final Sql PARTITION_SCHEMA = Sql.of("""
            SELECT 'GRANTS' AS feature, pg_catalog.format('its partitions are to be made in schema %I, and there is none', {schema}::pg_catalog.text) AS what,
                   pg_catalog.format('CREATE SCHEMA %I AUTHORIZATION %I, or leave out partitionSchema', {schema}::pg_catalog.text, o.rolname) AS remedy
            FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_roles AS o ON o.oid = c.relowner
            WHERE c.oid = {oid} AND NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {schema})
            UNION ALL
            SELECT 'GRANTS', pg_catalog.format('role %I may not create in schema %I, which its partitions are to be made in', r.rolname, n.nspname),
                   pg_catalog.format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', n.nspname, r.rolname)
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_roles AS r ON r.oid = c.relowner OR r.rolname = current_user
            JOIN pg_catalog.pg_namespace AS n ON n.nspname = {schema}
            WHERE c.oid = {oid}
              AND NOT (pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE') AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE'))
            """);

    /** An owner can revoke its own rights. LOCK TABLE … ACCESS EXCLUSIVE requires one of the rights to change rows. */
    private static final Sql ON_TABLE = Sql.of("""
            SELECT 'GRANTS' AS feature, pg_catalog.format('role %I lacks the privilege %s on it', current_user, p.privilege) AS what,
                   pg_catalog.format('GRANT %s ON %s TO %I', p.privilege, c.oid::pg_catalog.regclass, current_user) AS remedy
            FROM pg_catalog.pg_class AS c
            CROSS JOIN pg_catalog.unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRIGGER']) WITH ORDINALITY AS p (privilege, place)
            WHERE c.oid = {oid} AND NOT pg_catalog.has_table_privilege(c.oid, p.privilege)
              AND (p.privilege IN ('SELECT', 'TRIGGER')
                   OR {writes}
                   OR p.privilege = 'UPDATE' AND NOT pg_catalog.has_table_privilege(c.oid, 'DELETE, TRUNCATE'))
            """);

    /**
     * Objects of other owners that the table's own things use, by the catalog's dependencies. Built-in objects do not
     * appear there.
     */
    private static final Sql USED = Sql.of("""
            WITH used AS (
              SELECT d.refclassid, d.refobjid, d.classid, d.objid
              FROM pg_catalog.pg_depend AS d
              WHERE (d.classid, d.objid) IN (
                SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, {oid}::pg_catalog.oid
                UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, indexrelid FROM pg_catalog.pg_index WHERE indrelid = {oid}
                UNION ALL SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, oid FROM pg_catalog.pg_constraint
                          WHERE conrelid = {oid} AND contype <> 'f'
                             OR contypid IN (SELECT atttypid FROM pg_catalog.pg_attribute WHERE attrelid = {oid} AND NOT attisdropped)
                UNION ALL SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, oid FROM pg_catalog.pg_attrdef WHERE adrelid = {oid}
                UNION ALL SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, oid FROM pg_catalog.pg_trigger
                          WHERE tgrelid = {oid} AND NOT tgisinternal
                UNION ALL SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, oid FROM pg_catalog.pg_policy WHERE polrelid = {oid})
            ), called AS (
              -- A default and a policy are evaluated by others, with their rights.
              SELECT DISTINCT p.oid, p.pronamespace
              FROM used AS u JOIN pg_catalog.pg_proc AS p ON p.oid = u.refobjid
              WHERE u.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND u.classid <> 'pg_catalog.pg_policy'::pg_catalog.regclass
                AND (u.classid <> 'pg_catalog.pg_attrdef'::pg_catalog.regclass
                     OR EXISTS (SELECT FROM pg_catalog.pg_attrdef AS e
                                JOIN pg_catalog.pg_attribute AS a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
                                WHERE e.oid = u.objid AND a.attgenerated <> ''))
            ), named AS (
              SELECT p.pronamespace AS namespace FROM used AS u JOIN pg_catalog.pg_proc AS p ON p.oid = u.refobjid
              WHERE u.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
              UNION SELECT t.typnamespace FROM used AS u JOIN pg_catalog.pg_type AS t ON t.oid = u.refobjid
              WHERE u.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
              UNION SELECT c.relnamespace FROM used AS u JOIN pg_catalog.pg_class AS c ON c.oid = u.refobjid
              WHERE u.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
              UNION SELECT o.oprnamespace FROM used AS u JOIN pg_catalog.pg_operator AS o ON o.oid = u.refobjid
              WHERE u.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass
              UNION SELECT c.collnamespace FROM used AS u JOIN pg_catalog.pg_collation AS c ON c.oid = u.refobjid
              WHERE u.refclassid = 'pg_catalog.pg_collation'::pg_catalog.regclass
              UNION SELECT c.relnamespace FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_class AS c ON c.oid = k.confrelid
              WHERE k.conrelid = {oid} AND k.contype = 'f'
            )
            SELECT 'GRANTS' AS feature, pg_catalog.format('role %I may not look into schema %I, of which it uses something', current_user, n.nspname) AS what,
                   pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, current_user) AS remedy
            FROM pg_catalog.pg_namespace AS n
            WHERE n.oid IN (SELECT namespace FROM named) AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
              AND n.oid <> (SELECT relnamespace FROM pg_catalog.pg_class WHERE oid = {oid})
            UNION ALL
            SELECT 'GRANTS', pg_catalog.format('role %I may not call function %s, which it uses', current_user, called.oid::pg_catalog.regprocedure),
                   pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO %I', called.oid::pg_catalog.regprocedure, current_user)
            FROM called WHERE NOT pg_catalog.has_function_privilege(called.oid, 'EXECUTE')
            UNION ALL
            SELECT DISTINCT 'GRANTS', pg_catalog.format('role %I may not use type %s', current_user, t.oid::pg_catalog.regtype),
                   pg_catalog.format('GRANT USAGE ON TYPE %s TO %I', t.oid::pg_catalog.regtype, current_user)
            FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
            WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped AND NOT pg_catalog.has_type_privilege(t.oid, 'USAGE')
            UNION ALL
            SELECT DISTINCT 'FOREIGN_KEYS',
                   pg_catalog.format('role %I may not refer to %s, as its foreign key %I does', current_user, k.confrelid::pg_catalog.regclass, k.conname),
                   pg_catalog.format('GRANT REFERENCES ON %s TO %I', k.confrelid::pg_catalog.regclass, current_user)
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = {oid} AND k.contype = 'f' AND NOT pg_catalog.has_table_privilege(k.confrelid, 'REFERENCES')
              AND EXISTS (SELECT FROM pg_catalog.unnest(k.confkey) AS key (attnum)
                          WHERE NOT pg_catalog.has_column_privilege(k.confrelid, key.attnum, 'REFERENCES'))
            """);

    /** Policies that apply to us would hide rows from the copy, and later from the replay. */
    private static final Sql HIDDEN = Sql.of("""
            SELECT 'ROW_SECURITY' AS feature,
                   pg_catalog.format('row level security is forced on it, so that role %I may not see all of its rows', current_user) AS what,
                   pg_catalog.format('run as a role with BYPASSRLS, or ALTER TABLE %s NO FORCE ROW LEVEL SECURITY until it is partitioned, which shows its owner every row', c.oid::pg_catalog.regclass)
                     AS remedy
            FROM pg_catalog.pg_class AS c
            WHERE c.oid = {oid} AND pg_catalog.pg_has_role(c.relowner, 'USAGE') AND pg_catalog.row_security_active(c.oid)
            """);

    /** Since PostgreSQL 16 a member of a role may lack the right to become that role. */
    private static final int SET_OPTION_SINCE = 16;

    private final Session session;
    private final long oid;

    /** @param oid the table */
    public Rights(Session session, long oid) {
        this.session = session;
        this.oid = oid;
    }

    /** Finds the obstacles to making partitions in that schema, each with the statement that removes it. */
    public List<Obstacle> missingIn(Identifier partitionSchema) throws SQLException {
        return session.query(PARTITION_SCHEMA.with("oid", oid).with("schema", partitionSchema.name()), Obstacle::read);
    }

    /**
     * The missing rights, each with the statement that grants it.
     *
     * @param stateSchema Liquibase's own schema
     * @param writesAsOwner whether the table's owner writes the table on behalf of others, as routing by triggers does
     */
    public List<Obstacle> missing(Identifier stateSchema, boolean writesAsOwner) throws SQLException {
        return QualifiedNames.within(session, () -> {
            List<Obstacle> missing = new ArrayList<>();
            for (Sql question : List.of(
                    OWNER.with("oid", oid)
                            .with("mayBecome", ServerVersion.isAtLeast(session, SET_OPTION_SINCE) ? "SET" : "MEMBER"),
                    CONTAINERS.with("oid", oid).with("stateSchema", stateSchema.name()),
                    ON_TABLE.with("oid", oid).with("writes", writesAsOwner),
                    USED.with("oid", oid),
                    HIDDEN.with("oid", oid))) {
                missing.addAll(session.query(question, Obstacle::read));
            }
            return List.copyOf(missing);
        });
    }
}
