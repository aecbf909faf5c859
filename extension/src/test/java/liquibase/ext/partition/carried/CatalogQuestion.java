package liquibase.ext.partition.carried;

import liquibase.ext.partition.engine.catalog.Feature;

/**
 * The questions to {@code pg_catalog} about a table: each gives a line per thing. {@code {table}} is the table's oid,
 * {@code {stores}} an array of the oids of the tables that hold its rows: its partitions, or the table itself.
 */
enum CatalogQuestion {
    COLUMNS(Feature.COLUMNS, true, """
            SELECT format('%s %I %s%s%s%s, storage %s%s', row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum), a.attname,
                          format_type(a.atttypid, a.atttypmod),
                          CASE WHEN a.attcollation <> 0 THEN ' COLLATE ' || a.attcollation::regcollation END,
                          CASE WHEN a.attnotnull THEN ' NOT NULL' END,
                          CASE WHEN a.attgenerated <> '' THEN format(' GENERATED %s AS (%s)', a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
                               WHEN d.oid IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END,
                          a.attstorage, CASE WHEN a.attcompression <> '' THEN ', compression ' || a.attcompression::text END),
                   a.attrelid
            FROM pg_attribute AS a
            LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = ANY ({stores}) AND a.attnum > 0 AND NOT a.attisdropped"""),

    /** The columns of inserts through the table's own name, which a new partition will have too. */
    COLUMNS_OF_THE_TABLE(Feature.COLUMNS, COLUMNS.sql.replace("= ANY ({stores})", "= {table}")),

    COLUMN_STATISTICS(Feature.STATISTICS_TARGETS, true, """
            SELECT format('%I: statistics %s', a.attname, a.attstattarget), a.attrelid FROM pg_attribute AS a
            WHERE a.attrelid = ANY ({stores}) AND a.attnum > 0 AND NOT a.attisdropped AND coalesce(a.attstattarget, -1) <> -1"""),

    /** The planner uses the table's own statistics for a query over all partitions. */
    COLUMN_STATISTICS_OF_THE_TABLE(
            Feature.STATISTICS_TARGETS, COLUMN_STATISTICS.sql.replace("= ANY ({stores})", "= {table}")),

    /** The options that a person can set; Debian's PostgreSQL 15.20 keeps one of its own beside them. */
    COLUMN_OPTIONS(Feature.STATISTICS_TARGETS, true, """
            SELECT format('%I: %s', a.attname, o.option), a.attrelid
            FROM pg_attribute AS a, unnest(a.attoptions) AS o (option)
            WHERE a.attrelid = ANY ({stores}) AND NOT a.attisdropped AND o.option LIKE 'n\\_distinct%'"""),

    CHECKS(Feature.CHECKS, """
            SELECT DISTINCT format('%I %s', k.conname, pg_get_constraintdef(k.oid)) FROM pg_constraint AS k
            WHERE k.contype IN ('c', 'n')
              AND (k.conrelid = {table} OR k.conrelid = ANY ({stores}) AND k.coninhcount = 0)"""),

    /** The index of the table and the partitions' indexes that belong to it, under the name of the table's index. */
    INDEXES(Feature.INDEXES, """
            SELECT DISTINCT format('%I%s%s%s%s%s%s', root.relname,
                     CASE WHEN x.indisprimary THEN ' PRIMARY' END, CASE WHEN x.indisunique THEN ' UNIQUE' END,
                     CASE WHEN NOT x.indisvalid OR NOT x.indisready THEN ' INVALID' END,
                     ' USING ' || substr(pg_get_indexdef(x.indexrelid), length(format('CREATE %sINDEX %I ON %s%s USING ',
                         CASE WHEN x.indisunique THEN 'UNIQUE ' END, i.relname, CASE i.relkind WHEN 'I' THEN 'ONLY ' END,
                         x.indrelid::regclass)) + 1),
                     ' TABLESPACE ' || t.spcname,
                     ' CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid))
            FROM pg_index AS x
            JOIN pg_class AS i ON i.oid = x.indexrelid
            LEFT JOIN pg_tablespace AS t ON t.oid = i.reltablespace
            LEFT JOIN pg_inherits AS h ON h.inhrelid = x.indexrelid
            JOIN pg_class AS root ON root.oid = coalesce(h.inhparent, x.indexrelid)
            LEFT JOIN pg_constraint AS k ON k.conindid = root.oid AND k.contype IN ('p', 'u', 'x')
            WHERE x.indrelid = {table} OR x.indrelid = ANY ({stores})"""),

    INDEXES_OF_STORES(Feature.INDEXES, true, """
            SELECT format('%I%s%s%s', root.relname, CASE WHEN x.indisclustered THEN ': clustered' ELSE ': not clustered' END,
                          CASE WHEN x.indisexclusion THEN ', exclusion' END,
                          (SELECT string_agg(format(', statistics of %s %s', a.attnum, a.attstattarget), '' ORDER BY a.attnum)
                           FROM pg_attribute AS a WHERE a.attrelid = x.indexrelid AND coalesce(a.attstattarget, -1) <> -1)),
                   x.indrelid
            FROM pg_index AS x
            LEFT JOIN pg_inherits AS h ON h.inhrelid = x.indexrelid
            JOIN pg_class AS root ON root.oid = coalesce(h.inhparent, x.indexrelid)
            WHERE x.indrelid = ANY ({stores})"""),

    FOREIGN_KEYS(Feature.FOREIGN_KEYS, """
            SELECT DISTINCT format('%I %s', k.conname, pg_get_constraintdef(k.oid)) FROM pg_constraint AS k
            WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid = {table} OR k.conrelid = ANY ({stores}))"""),

    INCOMING_FOREIGN_KEYS(Feature.INCOMING_FOREIGN_KEYS, """
            SELECT format('%s %I %s%s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid),
                          ' comment ' || quote_literal(obj_description(k.oid, 'pg_constraint')))
            FROM pg_constraint AS k
            WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = {table} AND k.conrelid <> {table}"""),

    SEQUENCES(Feature.SEQUENCES, """
            SELECT format('%s of %I%s: %s start %s from %s to %s by %s cache %s%s, owner %I, grants %s%s', s.seqrelid::regclass, a.attname,
                          CASE WHEN d.deptype = 'i' THEN ' identity ' || a.attidentity::text END, s.seqtypid::regtype, s.seqstart, s.seqmin,
                          s.seqmax, s.seqincrement, s.seqcache, CASE WHEN s.seqcycle THEN ' cycle' END, pg_get_userbyid(c.relowner),
                          (SELECT string_agg(format('%s %s%s by %s', g.grantee::regrole, g.privilege_type,
                                                    CASE WHEN g.is_grantable THEN '*' END, g.grantor::regrole), ', '
                                             ORDER BY g.grantee::regrole::text, g.privilege_type, g.grantor::regrole::text)
                           FROM aclexplode(coalesce(c.relacl, acldefault('s', c.relowner))) AS g),
                          ' comment ' || quote_literal(obj_description(c.oid, 'pg_class')))
            FROM pg_depend AS d
            JOIN pg_sequence AS s ON s.seqrelid = d.objid
            JOIN pg_class AS c ON c.oid = s.seqrelid
            JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = {table}
              AND d.deptype IN ('a', 'i')"""),

    TRIGGERS(Feature.TRIGGERS, """
            SELECT pg_get_triggerdef(t.oid) || ' state ' || t.tgenabled::text FROM pg_trigger AS t
            WHERE t.tgrelid = {table} AND NOT t.tgisinternal AND t.tgparentid = 0""" + Ours.NO_TRIGGER),

    /**
     * Whether a row trigger fires depends on its state on the partition, where PostgreSQL 14 calls it an internal one.
     */
    TRIGGERS_OF_STORES(Feature.TRIGGERS, true, """
            SELECT format('%I state %s', t.tgname, t.tgenabled), t.tgrelid FROM pg_trigger AS t
            WHERE t.tgrelid = ANY ({stores}) AND t.tgtype & 1 = 1
              AND (NOT t.tgisinternal OR t.tgparentid IN (SELECT oid FROM pg_trigger WHERE tgrelid = {table} AND NOT tgisinternal))""" + Ours.NO_TRIGGER),

    RULES(Feature.RULES, """
            SELECT pg_get_ruledef(r.oid) || ' state ' || r.ev_enabled::text FROM pg_rewrite AS r WHERE r.ev_class = {table}"""),

    OWNER(Feature.OWNER, """
            SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE oid = {table} OR oid = ANY ({stores})"""),

    GRANTS(Feature.GRANTS, """
            SELECT format('%s %s%s by %s', coalesce(nullif(g.grantee, 0)::regrole::text, 'PUBLIC'), g.privilege_type,
                          CASE WHEN g.is_grantable THEN ' with grant option' END, g.grantor::regrole)
            FROM pg_class AS c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS g WHERE c.oid = {table}"""),

    COLUMN_GRANTS(Feature.GRANTS, """
            SELECT format('%s %s (%I)%s by %s', coalesce(nullif(g.grantee, 0)::regrole::text, 'PUBLIC'), g.privilege_type, a.attname,
                          CASE WHEN g.is_grantable THEN ' with grant option' END, g.grantor::regrole)
            FROM pg_attribute AS a, aclexplode(a.attacl) AS g WHERE a.attrelid = {table} AND NOT a.attisdropped"""),

    ROW_SECURITY(Feature.ROW_SECURITY, """
            SELECT CASE WHEN relforcerowsecurity THEN 'forced' WHEN NOT relrowsecurity THEN 'disabled' ELSE 'enabled' END
                   || CASE WHEN relforcerowsecurity AND NOT relrowsecurity THEN ', though disabled' ELSE '' END
            FROM pg_class WHERE oid = {table}"""),

    POLICIES(Feature.ROW_SECURITY, """
            SELECT format('%I %s for %s to %s using %s with check %s%s', p.polname,
                          CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END, p.polcmd,
                          (SELECT string_agg(coalesce(nullif(r, 0)::regrole::text, 'PUBLIC'), ', ' ORDER BY r::regrole::text)
                           FROM unnest(p.polroles) AS r),
                          pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
                          ' comment ' || quote_literal(obj_description(p.oid, 'pg_policy')))
            FROM pg_policy AS p WHERE p.polrelid = {table}"""),

    VIEWS(Feature.VIEWS, Dependents.VIEWS + """
            SELECT format('%s%s owner %s comment %s AS %s', c.oid::regclass, ' with ' || c.reloptions::text, c.relowner::regrole,
                          quote_nullable(obj_description(c.oid, 'pg_class')), pg_get_viewdef(c.oid))
            FROM pg_class AS c WHERE c.relkind = 'v' AND c.oid IN (SELECT oid FROM dependent)"""),

    MATERIALIZED_VIEWS(Feature.MATERIALIZED_VIEWS, Dependents.VIEWS + """
            SELECT format('%s%s owner %s comment %s tablespace %s populated %s AS %s', c.oid::regclass, ' with ' || c.reloptions::text,
                          c.relowner::regrole, quote_nullable(obj_description(c.oid, 'pg_class')), c.reltablespace, c.relispopulated,
                          pg_get_viewdef(c.oid))
            FROM pg_class AS c WHERE c.relkind = 'm' AND c.oid IN (SELECT oid FROM dependent)"""),

    MATERIALIZED_VIEW_INDEXES(Feature.MATERIALIZED_VIEWS, Dependents.VIEWS + """
            SELECT format('%s%s%s%s', pg_get_indexdef(x.indexrelid), CASE WHEN x.indisclustered THEN ' clustered' END,
                          CASE WHEN NOT x.indisvalid THEN ' INVALID' END,
                          ' comment ' || quote_literal(obj_description(x.indexrelid, 'pg_class')))
            FROM pg_index AS x WHERE x.indrelid IN (SELECT oid FROM dependent)"""),

    MATERIALIZED_VIEW_STATISTICS(Feature.MATERIALIZED_VIEWS, Dependents.VIEWS + """
            SELECT pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext AS s WHERE s.stxrelid IN (SELECT oid FROM dependent)"""),

    VIEW_COLUMNS(Feature.VIEWS, Dependents.VIEWS + """
            SELECT format('%s %s %I %s%s%s%s%s', a.attrelid::regclass, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
                          ' default ' || pg_get_expr(d.adbin, d.adrelid), ' statistics ' || nullif(coalesce(a.attstattarget, -1), -1),
                          ' storage ' || a.attstorage::text,
                          ' comment ' || quote_literal(col_description(a.attrelid, a.attnum)))
            FROM pg_attribute AS a
            LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid IN (SELECT oid FROM dependent) AND a.attnum > 0"""),

    VIEW_GRANTS(Feature.VIEWS, Dependents.VIEWS + """
            SELECT format('%s: %s %s%s%s by %s', c.oid::regclass, coalesce(nullif(g.grantee, 0)::regrole::text, 'PUBLIC'), g.privilege_type,
                          ' (' || quote_ident(g.attname) || ')', CASE WHEN g.is_grantable THEN ' with grant option' END, g.grantor::regrole)
            FROM pg_class AS c,
                 LATERAL (SELECT e.*, NULL::name AS attname FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS e
                          UNION ALL SELECT e.*, a.attname FROM pg_attribute AS a, aclexplode(a.attacl) AS e
                          WHERE a.attrelid = c.oid) AS g
            WHERE c.oid IN (SELECT oid FROM dependent)"""),

    VIEW_TRIGGERS(Feature.VIEWS, Dependents.VIEWS + """
            SELECT format('%s state %s%s', pg_get_triggerdef(t.oid), t.tgenabled,
                          ' comment ' || quote_literal(obj_description(t.oid, 'pg_trigger')))
            FROM pg_trigger AS t WHERE t.tgrelid IN (SELECT oid FROM dependent)"""),

    VIEW_RULES(Feature.VIEWS, Dependents.VIEWS + """
            SELECT pg_get_ruledef(r.oid) || ' state ' || r.ev_enabled::text FROM pg_rewrite AS r
            WHERE r.ev_class IN (SELECT oid FROM dependent) AND r.rulename <> '_RETURN'"""),

    FUNCTIONS(Feature.FUNCTIONS, Dependents.VIEWS + """
            SELECT format('%s owner %s grants %s%s: %s', p.oid::regprocedure, p.proowner::regrole,
                          (SELECT string_agg(format('%s %s%s', coalesce(nullif(g.grantee, 0)::regrole::text, 'PUBLIC'), g.privilege_type,
                                                    CASE WHEN g.is_grantable THEN '*' END), ', '
                                             ORDER BY nullif(g.grantee, 0)::regrole::text NULLS FIRST)
                           FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS g),
                          ' comment ' || quote_literal(obj_description(p.oid, 'pg_proc')), pg_get_functiondef(p.oid))
            FROM pg_proc AS p
            WHERE p.prokind <> 'a' AND EXISTS (
              SELECT FROM pg_depend AS d
              WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'n'
                AND (d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT oid FROM dependent UNION SELECT {table})
                  OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN (
                       SELECT unnest(ARRAY[t.oid, t.typarray]) FROM pg_type AS t
                       WHERE t.typrelid IN (SELECT oid FROM dependent UNION SELECT {table}))))"""),

    PUBLICATIONS(Feature.PUBLICATIONS, """
            SELECT format('%I of%s%s%s%s%s', p.pubname, CASE WHEN p.pubinsert THEN ' insert' END, CASE WHEN p.pubupdate THEN ' update' END,
                          CASE WHEN p.pubdelete THEN ' delete' END, CASE WHEN p.pubtruncate THEN ' truncate' END,
                          CASE WHEN p.puballtables THEN ' all tables' END)
            FROM pg_publication AS p
            WHERE p.puballtables OR EXISTS (SELECT FROM pg_publication_rel AS r WHERE r.prpubid = p.oid AND r.prrelid = {table})"""),

    PUBLISHED_ROWS(Feature.PUBLICATIONS, 150_000, """
            SELECT format('%I (%s) where %s', p.pubname,
                          (SELECT string_agg(a.attname, ', ' ORDER BY a.attname) FROM pg_attribute AS a
                           WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[])),
                          pg_get_expr(r.prqual, r.prrelid))
            FROM pg_publication AS p JOIN pg_publication_rel AS r ON r.prpubid = p.oid AND r.prrelid = {table}"""),

    PUBLISHED_SCHEMA(Feature.PUBLICATIONS, 150_000, """
            SELECT format('%I of its schema', p.pubname)
            FROM pg_publication AS p
            JOIN pg_publication_namespace AS n ON n.pnpubid = p.oid
            JOIN pg_class AS c ON c.relnamespace = n.pnnspid WHERE c.oid = {table}"""),

    REPLICA_IDENTITY(Feature.REPLICA_IDENTITY, true, """
            SELECT c.relreplident::text || coalesce(' ' || quote_ident(root.relname), ''), c.oid
            FROM pg_class AS c
            LEFT JOIN pg_index AS x ON x.indrelid = c.oid AND x.indisreplident
            LEFT JOIN pg_inherits AS h ON h.inhrelid = x.indexrelid
            LEFT JOIN pg_class AS root ON root.oid = coalesce(h.inhparent, x.indexrelid)
            WHERE c.oid = ANY ({stores})"""),

    EXTENDED_STATISTICS(Feature.EXTENDED_STATISTICS, """
            SELECT format('%s statistics %s owner %s%s', pg_get_statisticsobjdef(s.oid), coalesce(s.stxstattarget, -1), s.stxowner::regrole,
                          ' comment ' || quote_literal(obj_description(s.oid, 'pg_statistic_ext')))
            FROM pg_statistic_ext AS s WHERE s.stxrelid = {table}"""),

    STORAGE_PARAMETERS(Feature.STORAGE_PARAMETERS, true, """
            SELECT o.option, c.oid
            FROM pg_class AS c
            -- A dropped column leaves a TOAST table behind, of which nobody will miss the settings.
            LEFT JOIN pg_class AS toast ON toast.oid = c.reltoastrelid AND EXISTS (
              SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attstorage <> 'p'),
                 LATERAL (SELECT unnest(c.reloptions) UNION ALL SELECT 'toast.' || unnest(toast.reloptions)) AS o (option)
            WHERE c.oid = ANY ({stores})"""),

    ACCESS_METHOD(Feature.STORAGE_PARAMETERS, true, """
            SELECT 'access method ' || m.amname, c.oid FROM pg_class AS c JOIN pg_am AS m ON m.oid = c.relam WHERE c.oid = ANY ({stores})"""),

    TABLESPACE(Feature.TABLESPACE, true, """
            SELECT coalesce(t.spcname, 'default'), c.oid
            FROM pg_class AS c LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace WHERE c.oid = ANY ({stores})"""),

    /** The tablespace in which a new partition is made. */
    TABLESPACE_OF_THE_TABLE(Feature.TABLESPACE, """
            SELECT coalesce(t.spcname, 'default')
            FROM pg_class AS c LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace WHERE c.oid = {table}"""),

    SUBSCRIPTIONS(Feature.SUBSCRIPTIONS, """
            SELECT quote_ident(s.subname) || ' ' || r.srsubstate::text
            FROM pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid WHERE r.srrelid = {table}"""),

    SECURITY_LABELS(Feature.SECURITY_LABELS, """
            SELECT format('%s %s: %s', l.provider, (SELECT a.attname FROM pg_attribute AS a
                                                    WHERE a.attrelid = l.objoid AND a.attnum = l.objsubid AND a.attnum > 0), l.label)
            FROM pg_seclabel AS l WHERE l.classoid = 'pg_class'::regclass AND l.objoid = {table}"""),

    COMMENTS(Feature.COMMENTS, """
            SELECT format('%s: %s', about.what, quote_literal(c.description))
            FROM (SELECT 'pg_class'::regclass AS class, {table}::oid AS oid, 0 AS part, 'the table' AS what
                  UNION ALL SELECT 'pg_class'::regclass, {table}, attnum, format('column %I', attname)
                  FROM pg_attribute WHERE attrelid = {table} AND attnum > 0 AND NOT attisdropped
                  UNION ALL SELECT 'pg_class'::regclass, i.oid, 0, format('index %I', i.relname)
                  FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid WHERE x.indrelid = {table}
                  UNION ALL SELECT 'pg_constraint'::regclass, oid, 0, format('constraint %I', conname)
                  FROM pg_constraint AS k WHERE conrelid = {table}
                    OR conrelid = ANY ({stores}) AND conparentid = 0 AND coninhcount = 0
                  UNION ALL SELECT 'pg_trigger'::regclass, oid, 0, format('trigger %I', tgname)
                  FROM pg_trigger AS t WHERE tgrelid = {table}\s""" + Ours.NO_TRIGGER + """

                  UNION ALL SELECT 'pg_rewrite'::regclass, oid, 0, format('rule %I', rulename) FROM pg_rewrite WHERE ev_class = {table}
                 ) AS about
            JOIN pg_description AS c ON c.classoid = about.class AND c.objoid = about.oid AND c.objsubid = about.part"""),

    PERSISTENCE(Feature.PERSISTENCE, true, """
            SELECT relpersistence, oid FROM pg_class WHERE oid = ANY ({stores})"""),

    INHERITANCE(Feature.INHERITANCE, """
            SELECT 'from ' || inhparent::regclass FROM pg_inherits WHERE inhrelid = {table}"""),

    TYPED_TABLE(Feature.TYPED_TABLE, """
            SELECT reloftype::regtype::text FROM pg_class WHERE oid = {table} AND reloftype <> 0"""),

    /** Everything that depends on the table, whether or not another question asks about it. */
    OTHER_DEPENDENTS(Feature.OTHER_DEPENDENTS, """
            SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0)
            FROM pg_depend AS d
            WHERE d.deptype = 'n' AND (d.refclassid = 'pg_class'::regclass AND d.refobjid = {table}
                    OR d.refclassid = 'pg_type'::regclass
                       AND d.refobjid IN (SELECT unnest(ARRAY[oid, typarray]) FROM pg_type WHERE typrelid = {table}))
              AND NOT (d.classid = 'pg_constraint'::regclass
                       AND d.objid IN (SELECT oid FROM pg_constraint WHERE conrelid = {table}))
              AND NOT (d.classid = 'pg_trigger'::regclass
                       AND d.objid IN (SELECT oid FROM pg_trigger WHERE tgrelid = {table} OR tgrelid = ANY ({stores})))""");

    /** The objects of a migration on the table: named after the delta table, which is named after the table. */
    private static final class Ours {
        static final String NO_TRIGGER = " AND t.tgname !~ '(_delta|_[0-9a-f]{8})_(capture|no_truncate)$'";
    }

    private static final class Dependents {
        /** Views of the table, and views of these. */
        static final String VIEWS = """
                WITH RECURSIVE reader (oid) AS (
                  SELECT {table}::oid
                  UNION
                  SELECT r.ev_class
                  FROM reader
                  JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = reader.oid
                       AND d.classid = 'pg_rewrite'::regclass
                  JOIN pg_rewrite AS r ON r.oid = d.objid AND r.rulename = '_RETURN'
                ), dependent AS (SELECT oid FROM reader WHERE oid <> {table})
                """;
    }

    private final Feature feature;
    private final boolean ofEachStore;
    private final int since;
    private final String sql;

    CatalogQuestion(Feature feature, String sql) {
        this(feature, false, 0, sql);
    }

    CatalogQuestion(Feature feature, boolean ofEachStore, String sql) {
        this(feature, ofEachStore, 0, sql);
    }

    CatalogQuestion(Feature feature, int since, String sql) {
        this(feature, false, since, sql);
    }

    CatalogQuestion(Feature feature, boolean ofEachStore, int since, String sql) {
        this.feature = feature;
        this.ofEachStore = ofEachStore;
        this.since = since;
        this.sql = sql;
    }

    Feature feature() {
        return feature;
    }

    /** Whether it gives, in a second column, the store that each line is about. */
    boolean ofEachStore() {
        return ofEachStore;
    }

    /** Whether a server of that version has the thing that it asks about. */
    boolean isFor(int serverVersion) {
        return serverVersion >= since;
    }

    String sql() {
        return sql;
    }
}
