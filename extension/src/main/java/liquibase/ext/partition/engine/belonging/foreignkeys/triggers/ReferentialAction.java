package liquibase.ext.partition.engine.belonging.foreignkeys.triggers;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey.Action;
import liquibase.ext.partition.engine.belonging.foreignkeys.triggers.KeyStatements.Form;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The action of the referenced table's function on rows that refer to the old key: it refuses, or it changes them.
 *
 * @param delete whether the referenced row was deleted; otherwise its key was updated
 */
record ReferentialAction(KeyTables tables, Action action, boolean delete) {
    private static final Sql REFUSE = Sql.of("""
            {lookForReferring}
                IF hits > 0 THEN
                  {show}
                  RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
                    MESSAGE = pg_catalog.format('update or delete on table "%s" violates foreign key constraint "%s" on table "%s"', p[2], {constraint}, c[2]),
                    DETAIL = pg_catalog.format('Key (%s)=(%s) is still referenced from table "%s".', pg_catalog.array_to_string(p[3:], ', '), shown, c[2]),
                    SCHEMA = c[1], TABLE = c[2], CONSTRAINT = {constraint};
                END IF;""");

    /** Since PostgreSQL 18 RESTRICT has a message of its own. */
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
     * The path is that of the statement which fired the trigger, as the trigger's condition has kept it; our names need
     * none. The changes fire triggers as the owner of the table, so the writer must not choose what these find. Schemas
     * of the path in which the writer may create are left out, except for the referring table's own, which comes after
     * the others; the writer's temporary tables come last. A role that may act as the owner has nothing to gain. All
     * this is checked here, because anybody can write the setting.
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

    private static final Sql DELETE = Sql.of("DELETE FROM {referring} AS c WHERE {refers}");
    private static final Sql UPDATE = Sql.of("UPDATE {referring} AS c SET {assignments} WHERE {refers}");

    /** Whether it changes the referring rows. */
    static boolean changesRows(Action action) {
        return action != Action.NO_ACTION && action != Action.RESTRICT;
    }

    Sql statement() {
        KeyStatements statements = new KeyStatements(tables);
        Sql refuse = tables.named(action == Action.RESTRICT ? RESTRICT : REFUSE)
                .with(
                        "lookForReferring",
                        statements.perform(form -> Sql.of("FROM {referring} AS c WHERE {refers} FOR KEY SHARE OF c")
                                .with("referring", form.referring())
                                .with("refers", refers(form))))
                .with("show", statements.show("OLD", false));
        return switch (action) {
            case NO_ACTION, RESTRICT -> refuse;
            case CASCADE ->
                delete
                        ? change(form ->
                                DELETE.with("referring", form.referring()).with("refers", refers(form)))
                        : change(form -> update(
                                form,
                                statements.pairs(
                                        ", ",
                                        i -> Sql.of("{column} = {value}")
                                                .with("column", form.column(i))
                                                .with("value", form.valueOf("NEW", form.referenced(i))))));
            case SET_NULL -> change(form -> update(form, assignments(form, "NULL")));
            // If the default is the value that is gone, nothing changed and nothing was checked.
            case SET_DEFAULT ->
                Sql.join("\n    ", List.of(change(form -> update(form, assignments(form, "DEFAULT"))), refuse));
        };
    }

    private Sql change(Function<Form, Sql> statement) {
        KeyStatements statements = new KeyStatements(tables);
        return CHANGE_REFERRING.with("fixed", statements.asMade(statement)).with("text", statements.asFound(statement));
    }

    private Sql update(Form form, Sql assignments) {
        return UPDATE.with("referring", form.referring())
                .with("assignments", assignments)
                .with("refers", refers(form));
    }

    private Sql assignments(Form form, String value) {
        return Sql.list(columnsToSet().stream()
                .map(i -> Sql.of("{column} = {value}")
                        .with("column", form.column(i))
                        .with("value", Sql.raw(value)))
                .toList());
    }

    private List<Integer> columnsToSet() {
        List<Identifier> chosen = tables.key().rules().setColumns();
        List<Integer> set = new ArrayList<>();
        for (int i = 0; i < tables.columns().size(); i++) {
            if (!delete || chosen.isEmpty() || chosen.contains(tables.columns().get(i))) {
                set.add(i);
            }
        }
        return set;
    }

    private Sql refers(Form form) {
        return new KeyStatements(tables).matches(form, "OLD", "c");
    }
}
