package liquibase.ext.partition.engine.belonging.foreignkeys.triggers;

import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The function of the referring table: a row that is written must find the row that it refers to, or there is an error.
 */
record CheckFunction(KeyTables tables, Routing routing) {
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

    /** The server raises an error for a row that moved while it was waited for. */
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

    Sql body() {
        KeyStatements statements = new KeyStatements(tables);
        boolean full = tables.key().rules().full() && tables.key().columns().size() > 1;
        Sql lock = statements.perform(form -> Sql.of("FROM {live} AS p WHERE {matches} FOR KEY SHARE OF p")
                .with("live", form.live())
                .with("matches", statements.matches(form, "p", "NEW")));
        return tables.named(CHECK)
                .with("seeAll", tables.seeAll())
                .with("declare", tables.declare())
                .with("find", tables.find())
                .with("askUnchanged", statements.ask("answer", form -> statements.sameImage(form, "NEW", "OLD")))
                .with(
                        "askNoKey",
                        statements.ask(
                                "answer",
                                form -> statements.isNull(full ? " AND " : " OR ", form, "NEW", form::column)))
                .with("matchFull", full ? matchFull(statements) : Sql.empty())
                .with("lock", routing == Routing.NATIVE ? LOCK_WHERE_ROWS_MOVE.with("lock", lock) : lock)
                .with(
                        "look",
                        statements.perform(form -> Sql.of("FROM {live} AS p WHERE {matches}")
                                .with("live", form.live())
                                .with("matches", statements.matches(form, "p", "NEW"))))
                .with("deferred", tables.key().rules().deferrable() ? deferred(statements) : Sql.empty())
                .with("show", statements.show("NEW", true));
    }

    private Sql matchFull(KeyStatements statements) {
        return tables.named(MATCH_FULL)
                .with(
                        "askAnyNull",
                        statements.ask("answer", form -> statements.isNull(" OR ", form, "NEW", form::column)));
    }

    private static Sql deferred(KeyStatements statements) {
        return DEFERRED.with(
                "lookForTheRow",
                statements.perform(form -> Sql.of("FROM {referring} AS c WHERE {same} LIMIT 1")
                        .with("referring", form.referring())
                        .with("same", statements.sameImage(form, "c", "NEW"))));
    }
}
