package liquibase.ext.partition.engine.belonging.foreignkeys.triggers;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey.Pair;
import liquibase.ext.partition.engine.belonging.foreignkeys.triggers.ForeignKeyTriggers.Numbers;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The two tables of a foreign key that triggers keep, and its columns: their names at the swap, and the way in which
 * the functions find out the present names. Pure.
 *
 * @param key the key as it was before the swap
 * @param live the partitioned table under the name that it has when writers use it
 */
record KeyTables(ForeignKey key, QualifiedName live, Numbers referring, Numbers referenced) {
    /**
     * The beginning of both functions. Names come from the server's caches and not from {@code pg_class}, where a
     * transaction with an older snapshot would find the former ones.
     */
    private static final Sql DECLARE = Sql.of("""
            DECLARE
              referring pg_catalog.oid := {referringOid};
              referenced pg_catalog.oid := {referencedOid};
              -- The schema, the table, and the columns: of the referring table, and of the referenced one.
              c pg_catalog.text[] := {referringNames};
              p pg_catalog.text[] := {referencedNames};
              as_made pg_catalog.bool := (c = {referringAsMade} AND p = {referencedAsMade}) IS TRUE;
              isolated pg_catalog.bool := pg_catalog.current_setting('transaction_isolation') IN ('repeatable read', 'serializable');
              gone pg_catalog.bool := false;
              answer pg_catalog.bool;
              shown pg_catalog.text;
              statement pg_catalog.text;
              hits pg_catalog.int8;""");

    /**
     * If the trigger's row is not visible, the snapshot is older than the trigger, and so this is the database where
     * the trigger was made.
     */
    private static final Sql FIND = Sql.of("""
            SELECT {findReferring}, {findReferenced} INTO referring, referenced
              FROM pg_catalog.pg_trigger AS own JOIN pg_catalog.pg_proc AS f ON f.oid = own.tgfoid
              WHERE own.tgrelid = TG_RELID AND own.tgname = TG_NAME;
              IF NOT FOUND THEN
                referring := {referringOid};
                referenced := {referencedOid};
              END IF;
              IF referring = {referringOid} THEN
                c := {referringNames};
              ELSE
                c := ({referringTable}).object_names || {referringColumnsAsMade};
              END IF;
              IF referenced = {referencedOid} THEN
                p := {referencedNames};
              ELSE
                p := ({referencedTable}).object_names || {referencedColumnsAsMade};
              END IF;
              as_made := (c = {referringAsMade} AND p = {referencedAsMade}) IS TRUE;
              gone := referring IS NULL OR referenced IS NULL OR pg_catalog.cardinality(c) <> {size} OR pg_catalog.cardinality(p) <> {size}
                OR EXISTS (SELECT FROM pg_catalog.unnest(c || p) AS n (name) WHERE n.name IS NULL OR n.name LIKE '........pg.dropped.%');""");

    /**
     * Runs as the owner, who sees all rows unless somebody forces policies on the owner, too. A foreign key ignores
     * policies.
     */
    private static final Sql SEE_ALL = Sql.of("""
            IF pg_catalog.row_security_active(referring) OR pg_catalog.row_security_active(referenced) THEN
                RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
                  MESSAGE = pg_catalog.format('row level security hides rows from their owner, and so from foreign key constraint "%s" of table "%s", which triggers keep', {constraint}, c[2]),
                  HINT = pg_catalog.format('ALTER TABLE %I.%I NO FORCE ROW LEVEL SECURITY shows them to the owner.',
                    CASE WHEN pg_catalog.row_security_active(referring) THEN c[1] ELSE p[1] END,
                    CASE WHEN pg_catalog.row_security_active(referring) THEN c[2] ELSE p[2] END),
                  SCHEMA = c[1], TABLE = c[2], CONSTRAINT = {constraint};
              END IF;""");

    /**
     * The table that has the key's other triggers, which call the function of that name in the same schema. If several
     * tables have them, they are children to which triggers route rows, and the table is their parent; or partitions
     * that were detached, which keep their triggers.
     */
    private static final Sql FIND_BY_TRIGGER = Sql.of("""
            (SELECT coalesce(CASE WHEN pg_catalog.count(DISTINCT t.tgrelid) > 1 THEN pg_catalog.min(i.inhparent) END,
                             pg_catalog.min(t.tgrelid) FILTER (WHERE h.relkind = 'p'), pg_catalog.min(t.tgrelid))
               FROM pg_catalog.pg_proc AS o
               JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
                AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid = o.oid
               JOIN pg_catalog.pg_trigger AS t ON t.oid = d.objid AND t.tgparentid = 0
               JOIN pg_catalog.pg_class AS h ON h.oid = t.tgrelid
               LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = t.tgrelid
               WHERE o.pronamespace = f.pronamespace AND o.proname = {function} AND o.pronargs = 0{ofTruncate})""");

    private static final Sql ADDRESS = Sql.of(
            "pg_catalog.pg_identify_object_as_address('pg_catalog.pg_class'::pg_catalog.regclass, {oid}, {column})");

    ForeignKeyTriggerNames names() {
        return new ForeignKeyTriggerNames(live, referringTable(), key.name());
    }

    List<Identifier> columns() {
        return key.columns().stream().map(Pair::column).toList();
    }

    List<Identifier> referencedColumns() {
        return key.columns().stream().map(Pair::referenced).toList();
    }

    /** If the table refers to itself, the partitioned table is both. */
    QualifiedName referringTable() {
        return key.refersToItself() ? live : key.referring().name();
    }

    /** How many names a table has in the functions: a schema, a table, and the columns. */
    int width() {
        return 2 + key.columns().size();
    }

    Sql referringOid() {
        return oid(referring);
    }

    /** Fills in the key's name. */
    Sql named(Sql statement) {
        return statement.with("constraint", Sql.literal(key.name().name()));
    }

    Sql declare() {
        return known(DECLARE);
    }

    Sql find() {
        Sql byTruncate = FIND_BY_TRIGGER
                .with("function", Sql.literal(names().act().name().name()))
                .with("ofTruncate", Sql.raw(" AND t.tgtype & 32 <> 0"));
        return known(FIND)
                .with(
                        "findReferring",
                        key.refersToItself()
                                ? byTruncate
                                : FIND_BY_TRIGGER
                                        .with(
                                                "function",
                                                Sql.literal(
                                                        names().check().name().name()))
                                        .with("ofTruncate", Sql.empty()))
                .with("findReferenced", byTruncate)
                .with("referringTable", address(Sql.raw("referring"), 0))
                .with("referencedTable", address(Sql.raw("referenced"), 0))
                .with("referringColumnsAsMade", texts(columns()))
                .with("referencedColumnsAsMade", texts(referencedColumns()))
                .with("size", Sql.raw(Integer.toString(width())));
    }

    Sql seeAll() {
        return named(SEE_ALL);
    }

    /** Fills in the parts that are the same in every statement. */
    private Sql known(Sql template) {
        return template.with("referringOid", oid(referring))
                .with("referencedOid", oid(referenced))
                .with("referringNames", names(referring))
                .with("referencedNames", names(referenced))
                .with("referringAsMade", asMade(referringTable(), columns()))
                .with("referencedAsMade", asMade(live, referencedColumns()));
    }

    private static Sql oid(Numbers numbers) {
        return Sql.raw(Long.toString(numbers.oid()));
    }

    private static Sql names(Numbers numbers) {
        List<Sql> parts = new ArrayList<>();
        for (int column : numbers.columns()) {
            parts.add(Sql.of(parts.isEmpty() ? "({address}).object_names" : "({address}).object_names[3]")
                    .with("address", address(oid(numbers), column)));
        }
        return Sql.join(" || ", parts);
    }

    private static Sql address(Sql oid, int column) {
        return ADDRESS.with("oid", oid).with("column", Sql.raw(Integer.toString(column)));
    }

    private static Sql asMade(QualifiedName table, List<Identifier> columns) {
        return texts(Stream.concat(Stream.of(table.schema(), table.name()), columns.stream())
                .toList());
    }

    private static Sql texts(List<Identifier> names) {
        return Sql.of("ARRAY[{names}]::pg_catalog.text[]")
                .with(
                        "names",
                        Sql.list(names.stream()
                                .map(name -> Sql.literal(name.name()))
                                .toList()));
    }
}
