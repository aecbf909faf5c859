package liquibase.ext.partition.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

/** Every object of a database that a user could have made, with its dependencies, its owner and its grants. */
public final class DatabaseListing {
    /** The tables of state stay: they belong to the extension, and remember that nothing is going on. */
    private static final String OBJECTS = """
            WITH line (line) AS (
              SELECT format('%s leans on %s (%s)', pg_describe_object(classid, objid, objsubid),
                            pg_describe_object(refclassid, refobjid, refobjsubid), deptype)
              FROM pg_depend WHERE objid >= 16384
              UNION ALL
              SELECT format('%s of role %s (%s)', pg_describe_object(s.classid, s.objid, s.objsubid), s.refobjid::regrole, s.deptype)
              FROM pg_shdepend AS s
              WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND s.refclassid = 'pg_authid'::regclass
              UNION ALL
              SELECT format('%s %s %s kind %s owner %s grants %s options %s tablespace %s filled %s persistence %s', n.nspname, c.relname,
                            CASE WHEN c.relispartition THEN 'partition' END, c.relkind, c.relowner::regrole, (SELECT string_agg(acl::text, ',' ORDER BY acl::text) FROM unnest(c.relacl) AS acl), c.reloptions,
                            c.reltablespace, c.relispopulated, c.relpersistence)
              FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid >= 16384
              UNION ALL
              SELECT format('%s.%s %s not null %s grants %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
                            a.attnotnull,
                            (SELECT string_agg(acl::text, ',' ORDER BY acl::text) FROM unnest(a.attacl) AS acl))
              FROM pg_attribute AS a WHERE a.attrelid >= 16384 AND a.attnum > 0
              UNION ALL
              SELECT format('%s is %s grants %s', p.oid::regprocedure, md5(pg_get_functiondef(p.oid)),
                            (SELECT string_agg(acl::text, ',' ORDER BY acl::text) FROM unnest(p.proacl) AS acl))
              FROM pg_proc AS p WHERE p.oid >= 16384 AND p.prokind <> 'a'
              UNION ALL
              SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE oid >= 16384
              UNION ALL
              SELECT format('index %s valid %s clustered %s identity %s', indexrelid::regclass, indisvalid, indisclustered, indisreplident)
              FROM pg_index WHERE indexrelid >= 16384
              UNION ALL
              SELECT format('trigger %s on %s state %s', tgname, tgrelid::regclass, tgenabled) FROM pg_trigger
              UNION ALL
              SELECT format('comment on %s: %s', pg_describe_object(classoid, objoid, objsubid), description)
              FROM pg_description WHERE objoid >= 16384
              UNION ALL
              SELECT format('default grants in %s: %s', defaclnamespace::regnamespace, defaclacl) FROM pg_default_acl
            )
            SELECT regexp_replace(line, '(?<=ConstraintTrigger_[a-z])_[0-9]+', '', 'g') FROM line
            WHERE line !~ 'partition_(migration|chunk|progress)|pg_toast'
            ORDER BY 1
            """;

    private DatabaseListing() {}

    /** One line per object; in the same order whenever the objects are the same. */
    public static List<String> of(TestDatabase database) {
        return database.queryStrings(OBJECTS);
    }

    /** Asserts that the database has exactly these objects. */
    public static void assertIsStill(List<String> listing, TestDatabase database) {
        List<String> now = of(database);
        List<String> gone = new ArrayList<>(listing);
        now.forEach(gone::remove);
        List<String> added = new ArrayList<>(now);
        listing.forEach(added::remove);
        assertThat(gone).as("gone").isEmpty();
        assertThat(added).as("left behind").isEmpty();
    }
}
