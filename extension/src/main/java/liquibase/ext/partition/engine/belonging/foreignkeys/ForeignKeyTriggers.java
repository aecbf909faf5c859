package liquibase.ext.partition.engine.belonging.foreignkeys;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.belonging.foreignkeys.ForeignKey.Action;
import liquibase.ext.partition.engine.belonging.foreignkeys.ForeignKey.Pair;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements of {@code incomingForeignKeys: trigger}: two functions and the constraint triggers that keep what a
 * foreign key kept, once a partitioned table is the referenced one. Pure; runs nothing.
 *
 * <p><b>The referring side.</b> A row that is written locks the row that it refers to with FOR KEY SHARE, as the
 * server's own check does, or is an error. The trigger has the foreign key's name, so that {@code SET CONSTRAINTS} goes
 * on finding it. Under READ COMMITTED a row that moved to another partition while it was waited for is looked for
 * again, by a new snapshot, for as long as a snapshot has it; where a snapshot has none, there is none, since a row
 * moves within one transaction. A deferred check that fails asks whether any row still has the value, because the row
 * may have been changed since.
 *
 * <p><b>The referenced side.</b> A row that was deleted, or whose key was updated, locks out those who would refer to
 * it (they wait, and then find nothing), so the trigger sees every row that does, and does what the foreign key said.
 * That is true under READ COMMITTED, where each statement of the trigger has a snapshot of its own; in a transaction
 * with one snapshot, which the server's own check can look past and a trigger cannot, it is an error. An update that
 * moves a row to another partition fires as a DELETE and an INSERT: the trigger first looks whether the key is still
 * there. One that changes the key and moves the row is refused, because no trigger sees both keys. What an action does
 * to the referring table, it does as the owner of both, by the search path of who deletes or updates, as the server
 * does: triggers of that table may rely on it.
 *
 * <p><b>What is altered later.</b> The functions know tables and columns by their numbers, and their statements are
 * those of the names at the swap. Where the names are others by then, the statements are put together from the names
 * that the catalog has at that moment. The key is gone, and its triggers do nothing, once one of its columns is, or
 * either table, or its trigger on the referring table. In a database that was restored from a dump, whose numbers are
 * others, the tables are those that have the triggers, and the columns go by name.
 *
 * <p>The functions are in the referring table's schema and belong to the owner of both tables, as whom the server too
 * looks at the one and changes the other. They have a pinned {@code search_path}, qualify every name, and only the
 * triggers call them.
 *
 * @param key as it was before the swap
 * @param live the partitioned table by the name that it has when writers use it
 * @param referring the referring table and its columns, in the key's order; the partitioned one where that refers to
 *     itself
 * @param referenced the partitioned table and its columns
 * @param tables where its row triggers belong: itself, or its children where rows are routed by triggers
 * @param routing by triggers, a row that moves fires as an update
 */
public record ForeignKeyTriggers(
        ForeignKey key,
        QualifiedName live,
        Numbers referring,
        Numbers referenced,
        List<QualifiedName> tables,
        Routing routing) {
    /**
     * What the catalog knows a table and some columns of it by, whatever their names are.
     *
     * @param columns their {@code attnum}
     */
    public record Numbers(long oid, List<Integer> columns) {
        public Numbers {
            columns = List.copyOf(columns);
        }
    }

    private static final Sql CREATE_FUNCTION = Sql.of("""
            CREATE FUNCTION {function}() RETURNS pg_catalog.trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS {quote}
            {body}
            {quote}""");

    /**
     * Beginning of both. Names come out of the server's caches and not of {@code pg_class}, where a transaction with an
     * older snapshot would find those that were.
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
     * Who has no row of the trigger has a snapshot that is older than the trigger, and so this is the database where it
     * was made.
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
     * As the owner, who sees all rows unless somebody forces policies on him, too. A foreign key does not go by them.
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
     * The table that has the other triggers of the key, which call the function of that name in the same schema. Where
     * several have them, they are children to which triggers route rows, and the table is their parent; or partitions
     * that were detached, which keep theirs.
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

    private static final Sql CHECK = Sql.of("""
            {declare}
            BEGIN
              IF NOT as_made THEN
                {find}
                IF gone THEN
                  RETURN NULL;
                END IF;
              END IF;
              {seeAll}
              IF TG_OP = 'UPDATE' THEN
                {askUnchanged}
                IF answer THEN
                  RETURN NULL;
                END IF;
              END IF;
              {askNoKey}
              IF answer THEN
                RETURN NULL;
              END IF;{matchFull}
              LOOP
                {lock}
                IF hits > 0 THEN
                  RETURN NULL;
                END IF;
                EXIT WHEN isolated;
                -- By a new snapshot, in which a row that moved meanwhile is in one place.
                {look}
                EXIT WHEN hits = 0;
              END LOOP;{deferred}
              {show}
              RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
                MESSAGE = pg_catalog.format('insert or update on table "%s" violates foreign key constraint "%s"', c[2], {constraint}),
                DETAIL = pg_catalog.format('Key (%s)=(%s) is not present in table "%s".', pg_catalog.array_to_string(c[3:], ', '), shown, p[2]),
                SCHEMA = c[1], TABLE = c[2], CONSTRAINT = {constraint};
            END""");

    /** Dropped like a foreign key, or renamed, or younger than the snapshot. */
    private static final Sql OR_WITHOUT_TRIGGER = Sql.of("""

                OR NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = {referringOid} AND t.tgname = {constraint})""");

    /** Of a row that moved while it was waited for, the server says so by an error. */
    private static final Sql LOCK_WHERE_ROWS_MOVE = Sql.of("""
            BEGIN
                  {lock}
                EXCEPTION WHEN serialization_failure THEN
                  IF isolated THEN
                    RAISE;
                  END IF;
                  hits := 0;
                END;""");

    private static final Sql MATCH_FULL = Sql.of("""

              {askAnyNull}
              IF answer THEN
                RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
                  MESSAGE = pg_catalog.format('insert or update on table "%s" violates foreign key constraint "%s"', c[2], {constraint}),
                  DETAIL = 'MATCH FULL does not allow mixing of null and nonnull key values.',
                  SCHEMA = c[1], TABLE = c[2], CONSTRAINT = {constraint};
              END IF;""");

    private static final Sql DEFERRED = Sql.of("""

              {lookForTheRow}
              IF hits = 0 THEN
                RETURN NULL;
              END IF;""");

    private static final Sql ACT = Sql.of("""
            {declare}
            BEGIN
              IF NOT as_made{orWithoutTrigger} THEN
                {find}
              END IF;{move}
              IF gone THEN
                RETURN NULL;
              END IF;
              {seeAll}
              IF TG_OP = 'TRUNCATE' THEN
                {truncate}
                RETURN NULL;
              END IF;
              {askNoKey}
              IF answer THEN
                RETURN NULL;
              END IF;
              {lock}
              IF hits > 0 THEN
                RETURN NULL;
              END IF;
              IF isolated THEN
                RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
                  MESSAGE = pg_catalog.format('a transaction of one snapshot cannot see all rows of table "%s" that refer to a row of table "%s", which foreign key constraint "%s" asks for', c[2], p[2], {constraint}),
                  HINT = 'Do it in a READ COMMITTED transaction.', SCHEMA = c[1], TABLE = c[2], CONSTRAINT = {constraint};
              END IF;
              IF TG_OP = 'DELETE' THEN
                {onDelete}
              ELSE
                {onUpdate}
              END IF;
              RETURN NULL;
            END""");

    /**
     * After the statement, when a referring table that it truncates, too, is empty. By an older snapshot not all rows
     * are seen; but who has inserted one waits for this transaction, or has taken room for it.
     */
    private static final Sql TRUNCATE = Sql.of("""
            IF isolated THEN
                  hits := pg_catalog.pg_relation_size(referring)
                    + coalesce((SELECT pg_catalog.sum(pg_catalog.pg_relation_size(t.relid)) FROM pg_catalog.pg_partition_tree(referring) AS t), 0)
                    + coalesce((SELECT pg_catalog.sum(pg_catalog.pg_relation_size(i.inhrelid)) FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = referring), 0);
                ELSE
                  {lookForAny}
                END IF;
                IF hits > 0 THEN
                  RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = 'cannot truncate a table referenced in a foreign key constraint',
                    DETAIL = pg_catalog.format('Table "%s" references "%s".', c[2], p[2]),
                    HINT = pg_catalog.format('Truncate table "%s" at the same time.', c[2]), SCHEMA = c[1], TABLE = c[2], CONSTRAINT = {constraint};
                END IF;""");

    /** Whether the row goes to another partition, whatever ranges the partitions have by then. */
    private static final Sql MOVE = Sql.of("""

              IF TG_WHEN = 'BEFORE' THEN
                IF NOT gone THEN
                  EXECUTE 'SELECT (' || coalesce(pg_catalog.pg_get_partition_constraintdef(TG_RELID), 'true') || ') IS NOT FALSE FROM (SELECT ($1).*) AS r'
                    INTO answer USING NEW;
                  IF NOT answer THEN
                    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
                      MESSAGE = pg_catalog.format('an update that moves a row of table "%s" to another partition cannot change the key that foreign key constraint "%s" on table "%s" refers to', p[2], {constraint}, c[2]),
                      HINT = 'Change the key and the date in two statements.', SCHEMA = c[1], TABLE = c[2], CONSTRAINT = {constraint};
                  END IF;
                END IF;
                RETURN NEW;
              END IF;""");

    private static final Sql REFUSE = Sql.of("""
            {lookForReferring}
                IF hits > 0 THEN
                  {show}
                  RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
                    MESSAGE = pg_catalog.format('update or delete on table "%s" violates foreign key constraint "%s" on table "%s"', p[2], {constraint}, c[2]),
                    DETAIL = pg_catalog.format('Key (%s)=(%s) is still referenced from table "%s".', pg_catalog.array_to_string(p[3:], ', '), shown, c[2]),
                    SCHEMA = c[1], TABLE = c[2], CONSTRAINT = {constraint};
                END IF;""");

    /** Since PostgreSQL 18 RESTRICT says so. */
    private static final Sql RESTRICT = Sql.of("""
            {lookForReferring}
                IF hits > 0 THEN
                  {show}
                  IF pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 180000 THEN
                    RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
                      MESSAGE = pg_catalog.format('update or delete on table "%s" violates RESTRICT setting of foreign key constraint "%s" on table "%s"', p[2], {constraint}, c[2]),
                      DETAIL = pg_catalog.format('Key (%s)=(%s) is referenced from table "%s".', pg_catalog.array_to_string(p[3:], ', '), shown, c[2]),
                      SCHEMA = c[1], TABLE = c[2], CONSTRAINT = {constraint};
                  END IF;
                  RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
                    MESSAGE = pg_catalog.format('update or delete on table "%s" violates foreign key constraint "%s" on table "%s"', p[2], {constraint}, c[2]),
                    DETAIL = pg_catalog.format('Key (%s)=(%s) is still referenced from table "%s".', pg_catalog.array_to_string(p[3:], ', '), shown, c[2]),
                    SCHEMA = c[1], TABLE = c[2], CONSTRAINT = {constraint};
                END IF;""");

    /**
     * The path is that of the statement which fired the trigger, as the trigger's condition has kept it; the names need
     * none. What it changes fires triggers as the owner of the table. So whoever writes must not choose what these
     * find: schemas of the path in which he may create are left out, but for the referring table's own, which comes
     * after the others; his temporary tables come last. Who may act as the owner has nothing to gain. All of it is
     * asked here, because the setting is anybody's to write.
     */
    private static final Sql CHANGE_REFERRING = Sql.of("""
            IF NOT as_made THEN
                  statement := {text};
                END IF;
                PERFORM pg_catalog.set_config('search_path', (
                  SELECT coalesce(pg_catalog.string_agg(pg_catalog.quote_ident(n.nspname), ', ' ORDER BY it.open, u.place) || ', ', '') || 'pg_temp'
                  FROM pg_catalog.unnest(nullif(pg_catalog.current_setting('liquibase_partition.search_path', true), '')::pg_catalog.text[]) WITH ORDINALITY AS u (name, place)
                  JOIN pg_catalog.pg_namespace AS n ON n.nspname = u.name AND n.nspname NOT LIKE 'pg!_temp!_%' ESCAPE '!'
                  CROSS JOIN LATERAL (
                    SELECT NOT pg_catalog.pg_has_role(session_user, current_user, 'MEMBER') AND EXISTS (
                      SELECT FROM pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) AS a
                      WHERE a.privilege_type = 'CREATE' AND (a.grantee = 0 OR pg_catalog.pg_has_role(session_user, a.grantee, 'MEMBER'))
                      UNION ALL SELECT WHERE pg_catalog.pg_has_role(session_user, n.nspowner, 'MEMBER')) AS open) AS it
                  WHERE NOT it.open OR n.nspname = c[1]), true);
                IF as_made THEN
                  {fixed};
                ELSE
                  EXECUTE statement USING NEW, OLD;
                END IF;
                PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);""");

    private static final Sql PATH_IS_KEPT = Sql.of("""
            pg_catalog.set_config('liquibase_partition.search_path', pg_catalog.current_schemas(false)::pg_catalog.text, true) IS NOT NULL""");

    private static final Sql PERFORM = Sql.of("""
            IF as_made THEN
                  PERFORM {fixed};
                ELSE
                  EXECUTE {text} USING NEW, OLD;
                END IF;
                GET DIAGNOSTICS hits = ROW_COUNT;""");

    private static final Sql ASK = Sql.of("""
            IF as_made THEN
                  {variable} := {fixed};
                ELSE
                  EXECUTE {text} INTO {variable} USING NEW, OLD;
                END IF;""");

    private static final Sql FORMAT = Sql.of("pg_catalog.format({text}, VARIADIC (p || c))");

    private static final Sql DELETE = Sql.of("DELETE FROM {referring} AS c WHERE {refers}");
    private static final Sql UPDATE = Sql.of("UPDATE {referring} AS c SET {assignments} WHERE {refers}");

    private static final Sql CHANGE_OWNER = Sql.of("ALTER FUNCTION {function}() OWNER TO {owner}");
    private static final Sql DROP_FUNCTION = Sql.of("DROP FUNCTION IF EXISTS {function}() CASCADE");

    private static final Sql CREATE_CHECK_TRIGGER = Sql.of("""
            CREATE CONSTRAINT TRIGGER {trigger} AFTER INSERT OR UPDATE ON {table} {deferrable}
              FOR EACH ROW EXECUTE FUNCTION {function}()""");

    private static final Sql CREATE_DELETE_TRIGGER = Sql.of("""
            CREATE CONSTRAINT TRIGGER {trigger} AFTER DELETE ON {table} {deferrable}
              FOR EACH ROW {condition}EXECUTE FUNCTION {function}()""");

    private static final Sql CREATE_UPDATE_TRIGGER = Sql.of("""
            CREATE CONSTRAINT TRIGGER {trigger} AFTER UPDATE ON {table} {deferrable}
              FOR EACH ROW {condition}EXECUTE FUNCTION {function}()""");

    private static final Sql CREATE_MOVE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} BEFORE UPDATE ON {table}
              FOR EACH ROW {condition}EXECUTE FUNCTION {function}()""");

    private static final Sql CREATE_TRUNCATE_TRIGGER = Sql.of("""
            CREATE TRIGGER {trigger} AFTER TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {function}()""");

    private static final Sql WHEN = Sql.of("WHEN ({condition}) ");

    /**
     * By their texts, which every type has; pg_dump does not write the comparison of two records so that it could be
     * read again.
     */
    private static final Sql CHANGED =
            Sql.of("OLD.{column}::pg_catalog.text IS DISTINCT FROM NEW.{column}::pg_catalog.text");

    private static final Sql COMMENT = Sql.of("COMMENT ON TRIGGER {trigger} ON {table} IS {comment}");

    public ForeignKeyTriggers {
        tables = List.copyOf(tables);
    }

    /**
     * Statements that make the functions and the triggers, in the swap's transaction, once the partitioned table has
     * its name and the foreign key is gone. Locks: SHARE ROW EXCLUSIVE on both tables.
     */
    public List<Sql> createStatements() {
        List<Sql> statements = new ArrayList<>();
        statements.add(function(checkFunction(), check()));
        statements.add(function(actFunction(), act()));
        for (QualifiedName function : List.of(checkFunction(), actFunction())) {
            statements.add(Seclusion.ofFunction(function));
            statements.add(CHANGE_OWNER
                    .with("function", function)
                    .with("owner", key.referenced().owner()));
        }
        for (QualifiedName table : key.refersToItself() ? tables : List.of(referringTable())) {
            statements.add(CREATE_CHECK_TRIGGER
                    .with("trigger", key.name())
                    .with("table", table)
                    .with("deferrable", deferrable())
                    .with("function", checkFunction()));
            key.comment()
                    .ifPresent(comment -> statements.add(COMMENT.with("trigger", key.name())
                            .with("table", table)
                            .with("comment", Sql.literal(comment))));
        }
        for (QualifiedName table : tables) {
            Action onDelete = key.rules().onDelete();
            Action onUpdate = key.rules().onUpdate();
            statements.add(CREATE_DELETE_TRIGGER
                    .with("trigger", deleteTrigger())
                    .with("table", table)
                    .with("deferrable", deferrable(onDelete))
                    .with("condition", acts(onDelete) ? WHEN.with("condition", PATH_IS_KEPT) : Sql.empty())
                    .with("function", actFunction()));
            statements.add(CREATE_UPDATE_TRIGGER
                    .with("trigger", updateTrigger())
                    .with("table", table)
                    .with("deferrable", deferrable(onUpdate))
                    .with(
                            "condition",
                            WHEN.with(
                                    "condition",
                                    acts(onUpdate)
                                            ? Sql.of("({changed}) AND {kept}")
                                                    .with("changed", changed())
                                                    .with("kept", PATH_IS_KEPT)
                                            : changed()))
                    .with("function", actFunction()));
            if (routing == Routing.NATIVE) {
                statements.add(CREATE_MOVE_TRIGGER
                        .with("trigger", moveTrigger())
                        .with("table", table)
                        .with("condition", WHEN.with("condition", changed()))
                        .with("function", actFunction()));
            }
        }
        // By it the functions find the table: where it refers to itself, too.
        statements.add(CREATE_TRUNCATE_TRIGGER
                .with("trigger", truncateTrigger())
                .with("table", live)
                .with("function", actFunction()));
        return statements;
    }

    /**
     * Statements that remove the functions, and with them the triggers. Locks: ACCESS EXCLUSIVE on both tables. Safe to
     * repeat.
     *
     * @param functions as {@link #functions} names them, wherever they are by then
     */
    public static List<Sql> dropStatements(List<QualifiedName> functions) {
        return functions.stream()
                .map(function -> DROP_FUNCTION.with("function", function))
                .toList();
    }

    /** Two keys of one table that are not of one name here have no trigger or function of one name. */
    static String nameOf(ForeignKey key) {
        return base(key.referenced().name(), key.referring().name(), key.name());
    }

    /** The names of the triggers on the referenced table. */
    public static List<Identifier> triggersOnReferenced(QualifiedName live, QualifiedName referring, Identifier key) {
        String base = base(live, referring, key);
        List<Identifier> names = new ArrayList<>(Stream.of("_deleted", "_updated", "_truncated")
                .map(suffix -> DerivedName.of(base, suffix))
                .toList());
        names.add(DerivedName.of("~" + base, "_moved"));
        if (live.equals(referring)) {
            names.add(key);
        }
        return names;
    }

    /**
     * The functions: the one of the referring table, and the one of the referenced table.
     *
     * @param live the referenced table
     * @param referring the referring one, by the name that it had in the swap
     */
    public static List<QualifiedName> functions(QualifiedName live, QualifiedName referring, Identifier key) {
        return List.of(function(live, referring, key, "_check"), function(live, referring, key, "_act"));
    }

    private Sql changed() {
        return Sql.join(
                " OR ",
                referencedColumns().stream()
                        .map(column -> CHANGED.with("column", column))
                        .toList());
    }

    private static Sql function(QualifiedName name, Sql body) {
        return CREATE_FUNCTION
                .with("function", name)
                .with("quote", Sql.dollarQuote("foreign_key", body))
                .with("body", body);
    }

    /** How a statement of a function names things: as at the swap, or as the catalog does when it is run. */
    private interface Form {
        Sql live();

        Sql referring();

        Sql column(int pair);

        Sql referenced(int pair);

        Sql valueOf(String row, Sql column);
    }

    private final class AsMade implements Form {
        @Override
        public Sql live() {
            return live.asSql();
        }

        @Override
        public Sql referring() {
            return referringTable().asSql();
        }

        @Override
        public Sql column(int pair) {
            return columns().get(pair).asSql();
        }

        @Override
        public Sql referenced(int pair) {
            return referencedColumns().get(pair).asSql();
        }

        @Override
        public Sql valueOf(String row, Sql column) {
            return Sql.join(".", List.of(Sql.raw(row), column));
        }
    }

    /** For {@code format}: each name is a character here that no other name has, and a placeholder in the end. */
    private final class AsFound implements Form {
        private static final char NAME = '\uE000';

        @Override
        public Sql live() {
            return Sql.join(".", List.of(name(0), name(1)));
        }

        @Override
        public Sql referring() {
            return Sql.join(".", List.of(name(width()), name(width() + 1)));
        }

        @Override
        public Sql column(int pair) {
            return name(width() + 2 + pair);
        }

        @Override
        public Sql referenced(int pair) {
            return name(2 + pair);
        }

        @Override
        public Sql valueOf(String row, Sql column) {
            String from = switch (row) {
                case "NEW" -> "($1)";
                case "OLD" -> "($2)";
                default -> row;
            };
            return Sql.join(".", List.of(Sql.raw(from), column));
        }

        private Sql name(int place) {
            return Sql.raw(Character.toString(NAME + place));
        }

        Sql format(Sql statement) {
            String text = statement.text().replace("%", "%%");
            for (int i = 0; i < 2 * width(); i++) {
                text = text.replace(Character.toString(NAME + i), "%" + (i + 1) + "$I");
            }
            return FORMAT.with("text", Sql.literal(text));
        }
    }

    /** A schema, a table, and the columns. */
    private int width() {
        return 2 + key.columns().size();
    }

    /** @param from what comes after SELECT or PERFORM */
    private Sql perform(Function<Form, Sql> from) {
        return PERFORM.with("fixed", from.apply(new AsMade()))
                .with("text", asFound(form -> Sql.of("SELECT {from}").with("from", from.apply(form))));
    }

    private Sql ask(String variable, Function<Form, Sql> expression) {
        return ASK.with("variable", Sql.raw(variable))
                .with("fixed", expression.apply(new AsMade()))
                .with("text", asFound(form -> Sql.of("SELECT {it}").with("it", expression.apply(form))));
    }

    private Sql change(Function<Form, Sql> statement) {
        return CHANGE_REFERRING.with("fixed", statement.apply(new AsMade())).with("text", asFound(statement));
    }

    private Sql asFound(Function<Form, Sql> statement) {
        AsFound form = new AsFound();
        return form.format(statement.apply(form));
    }

    private Sql check() {
        boolean full = key.rules().full() && width() > 3;
        Sql lock = perform(form -> Sql.of("FROM {live} AS p WHERE {matches} FOR KEY SHARE OF p")
                .with("live", form.live())
                .with("matches", matches(form, "p", "NEW")));
        return named(CHECK)
                .with("seeAll", named(SEE_ALL))
                .with("declare", declare())
                .with("find", find())
                .with("askUnchanged", ask("answer", form -> sameImage(form, "NEW", "OLD")))
                .with("askNoKey", ask("answer", form -> isNull(full ? " AND " : " OR ", form, "NEW", form::column)))
                .with(
                        "matchFull",
                        full
                                ? named(MATCH_FULL)
                                        .with(
                                                "askAnyNull",
                                                ask("answer", form -> isNull(" OR ", form, "NEW", form::column)))
                                : Sql.empty())
                .with("lock", routing == Routing.NATIVE ? LOCK_WHERE_ROWS_MOVE.with("lock", lock) : lock)
                .with(
                        "look",
                        perform(form -> Sql.of("FROM {live} AS p WHERE {matches}")
                                .with("live", form.live())
                                .with("matches", matches(form, "p", "NEW"))))
                .with(
                        "deferred",
                        key.rules().deferrable()
                                ? DEFERRED.with(
                                        "lookForTheRow",
                                        perform(form -> Sql.of("FROM {referring} AS c WHERE {same} LIMIT 1")
                                                .with("referring", form.referring())
                                                .with("same", sameImage(form, "c", "NEW"))))
                                : Sql.empty())
                .with("show", show("NEW", true));
    }

    private Sql act() {
        return named(ACT)
                .with("seeAll", named(SEE_ALL))
                .with("declare", declare())
                .with(
                        "orWithoutTrigger",
                        key.refersToItself()
                                ? Sql.empty()
                                : named(OR_WITHOUT_TRIGGER).with("referringOid", oid(referring)))
                .with("find", find())
                .with("move", routing == Routing.NATIVE ? named(MOVE) : Sql.empty())
                .with(
                        "truncate",
                        key.refersToItself()
                                ? Sql.empty()
                                : named(TRUNCATE)
                                        .with(
                                                "lookForAny",
                                                perform(form -> Sql.of(
                                                                "FROM {referring} AS c WHERE NOT ({anyNull}) LIMIT 1")
                                                        .with("referring", form.referring())
                                                        .with("anyNull", isNull(" OR ", form, "c", form::column)))))
                .with("askNoKey", ask("answer", form -> isNull(" OR ", form, "OLD", form::referenced)))
                .with(
                        "lock",
                        perform(form -> Sql.of("FROM {live} AS p WHERE {sameKey} FOR KEY SHARE OF p")
                                .with("live", form.live())
                                .with(
                                        "sameKey",
                                        pairs(
                                                " AND ",
                                                i -> Sql.of("p.{column} {equality} {old}")
                                                        .with("column", form.referenced(i))
                                                        .with(
                                                                "equality",
                                                                key.columns()
                                                                        .get(i)
                                                                        .sameKey())
                                                        .with("old", form.valueOf("OLD", form.referenced(i)))))))
                .with("onDelete", action(key.rules().onDelete(), true))
                .with("onUpdate", action(key.rules().onUpdate(), false));
    }

    private Sql declare() {
        return known(DECLARE);
    }

    private Sql find() {
        Sql byTruncate = FIND_BY_TRIGGER
                .with("function", Sql.literal(actFunction().name().name()))
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
                                                        checkFunction().name().name()))
                                        .with("ofTruncate", Sql.empty()))
                .with("findReferenced", byTruncate)
                .with("referringTable", address(Sql.raw("referring"), 0))
                .with("referencedTable", address(Sql.raw("referenced"), 0))
                .with("referringColumnsAsMade", texts(columns()))
                .with("referencedColumnsAsMade", texts(referencedColumns()))
                .with("size", Sql.raw(Integer.toString(width())));
    }

    /** What is the same wherever it is asked. */
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

    private static boolean acts(Action action) {
        return action != Action.NO_ACTION && action != Action.RESTRICT;
    }

    private Sql action(Action action, boolean delete) {
        Sql refuse = named(action == Action.RESTRICT ? RESTRICT : REFUSE)
                .with(
                        "lookForReferring",
                        perform(form -> Sql.of("FROM {referring} AS c WHERE {refers} FOR KEY SHARE OF c")
                                .with("referring", form.referring())
                                .with("refers", matches(form, "OLD", "c"))))
                .with("show", show("OLD", false));
        List<Integer> set = new ArrayList<>();
        for (int i = 0; i < columns().size(); i++) {
            if (!delete
                    || key.rules().setColumns().isEmpty()
                    || key.rules().setColumns().contains(columns().get(i))) {
                set.add(i);
            }
        }
        return switch (action) {
            case NO_ACTION, RESTRICT -> refuse;
            case CASCADE ->
                delete
                        ? change(form ->
                                DELETE.with("referring", form.referring()).with("refers", matches(form, "OLD", "c")))
                        : change(form -> update(
                                form,
                                pairs(
                                        ", ",
                                        i -> Sql.of("{column} = {value}")
                                                .with("column", form.column(i))
                                                .with("value", form.valueOf("NEW", form.referenced(i))))));
            case SET_NULL -> change(form -> update(form, assignments(form, set, "NULL")));
            // Where the default is the value that is gone, nothing changed and nothing was checked.
            case SET_DEFAULT ->
                Sql.join("\n    ", List.of(change(form -> update(form, assignments(form, set, "DEFAULT"))), refuse));
        };
    }

    private Sql update(Form form, Sql assignments) {
        return UPDATE.with("referring", form.referring())
                .with("assignments", assignments)
                .with("refers", matches(form, "OLD", "c"));
    }

    private static Sql assignments(Form form, List<Integer> columns, String value) {
        return Sql.list(columns.stream()
                .map(i -> Sql.of("{column} = {value}")
                        .with("column", form.column(i))
                        .with("value", Sql.raw(value)))
                .toList());
    }

    /** The row {@code referencedRow} of the referenced table is the one that {@code referringRow} refers to. */
    private Sql matches(Form form, String referencedRow, String referringRow) {
        return pairs(
                " AND ",
                i -> Sql.of("{referenced} {equality} {referring}{collation}")
                        .with("referenced", form.valueOf(referencedRow, form.referenced(i)))
                        .with("equality", key.columns().get(i).equality())
                        .with("referring", form.valueOf(referringRow, form.column(i)))
                        .with("collation", collation(key.columns().get(i))));
    }

    private Sql pairs(String separator, IntFunction<Sql> pair) {
        return Sql.join(
                separator,
                IntStream.range(0, key.columns().size()).mapToObj(pair).toList());
    }

    private static Sql collation(Pair pair) {
        return Sql.raw(pair.collation().map(name -> " COLLATE " + name).orElse(""));
    }

    /** By their images, which every type has. */
    private Sql sameImage(Form form, String row, String other) {
        return Sql.of("ROW({row})::pg_catalog.record OPERATOR(pg_catalog.*=) ROW({other})::pg_catalog.record")
                .with("row", pairs(", ", i -> form.valueOf(row, form.column(i))))
                .with("other", pairs(", ", i -> form.valueOf(other, form.column(i))));
    }

    private Sql isNull(String separator, Form form, String row, IntFunction<Sql> column) {
        return pairs(separator, i -> Sql.of("{value} IS NULL").with("value", form.valueOf(row, column.apply(i))));
    }

    private Sql show(String row, boolean referring) {
        return ask(
                "shown",
                form -> Sql.of("pg_catalog.concat_ws(', ', {texts})")
                        .with(
                                "texts",
                                pairs(
                                        ", ",
                                        i -> Sql.of("{value}::pg_catalog.text")
                                                .with(
                                                        "value",
                                                        form.valueOf(
                                                                row,
                                                                referring ? form.column(i) : form.referenced(i))))));
    }

    private Sql named(Sql statement) {
        return statement.with("constraint", Sql.literal(key.name().name()));
    }

    private Sql deferrable() {
        return Sql.raw(
                !key.rules().deferrable()
                        ? "NOT DEFERRABLE"
                        : key.rules().deferred() ? "DEFERRABLE INITIALLY DEFERRED" : "DEFERRABLE INITIALLY IMMEDIATE");
    }

    /** As the server has it: what an action does, it does at once. */
    private Sql deferrable(Action action) {
        return action == Action.NO_ACTION ? deferrable() : Sql.raw("NOT DEFERRABLE");
    }

    private List<Identifier> columns() {
        return key.columns().stream().map(Pair::column).toList();
    }

    private List<Identifier> referencedColumns() {
        return key.columns().stream().map(Pair::referenced).toList();
    }

    /** Where the table refers to itself, the partitioned one is both. */
    private QualifiedName referringTable() {
        return key.refersToItself() ? live : key.referring().name();
    }

    private QualifiedName checkFunction() {
        return function(live, referringTable(), key.name(), "_check");
    }

    private QualifiedName actFunction() {
        return function(live, referringTable(), key.name(), "_act");
    }

    private Identifier deleteTrigger() {
        return DerivedName.of(base(live, referringTable(), key.name()), "_deleted");
    }

    private Identifier updateTrigger() {
        return DerivedName.of(base(live, referringTable(), key.name()), "_updated");
    }

    private Identifier truncateTrigger() {
        return DerivedName.of(base(live, referringTable(), key.name()), "_truncated");
    }

    /** Triggers fire in the order of their names: this one after a user's, which may still change the row. */
    private Identifier moveTrigger() {
        return DerivedName.of("~" + base(live, referringTable(), key.name()), "_moved");
    }

    private static QualifiedName function(QualifiedName live, QualifiedName referring, Identifier key, String suffix) {
        return referring.sibling(DerivedName.of(base(live, referring, key), suffix));
    }

    /** Tables of several schemas can have foreign keys of one name. */
    private static String base(QualifiedName live, QualifiedName referring, Identifier key) {
        String schema = referring.schema().equals(live.schema())
                ? ""
                : referring.schema().name() + "_";
        return schema + referring.name().name() + "_" + key.name();
    }
}
