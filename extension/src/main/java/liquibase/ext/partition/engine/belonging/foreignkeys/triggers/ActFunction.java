package liquibase.ext.partition.engine.belonging.foreignkeys.triggers;

import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The function of the referenced table: it acts on the rows that refer to a row that was deleted, or whose key was
 * updated.
 */
record ActFunction(KeyTables tables, Routing routing) {
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

    /** The trigger was dropped like a foreign key, or renamed, or is younger than the snapshot. */
    private static final Sql OR_WITHOUT_TRIGGER = Sql.of("""

                OR NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = {referringOid} AND t.tgname = {constraint})""");

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

    /**
     * Fires after the statement, when a referring table that the statement truncates, too, is empty. An older snapshot
     * does not see all rows; but a transaction that has inserted one waits for this transaction, or has taken room for
     * it.
     */
    private static final Sql TRUNCATE = Sql.of("""
            IF isolated THEN
                  hits := (SELECT pg_catalog.sum(pg_catalog.pg_relation_size(t.oid)) FROM ({tree}) AS t);
                ELSE
                  {lookForAny}
                END IF;
                IF hits > 0 THEN
                  RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = 'cannot truncate a table referenced in a foreign key constraint',
                    DETAIL = pg_catalog.format('Table "%s" references "%s".', c[2], p[2]),
                    HINT = pg_catalog.format('Truncate table "%s" at the same time.', c[2]), SCHEMA = c[1], TABLE = c[2], CONSTRAINT = {constraint};
                END IF;""").with("tree", PartitionTree.of(Sql.raw("referring")));

    Sql body() {
        ForeignKey key = tables.key();
        KeyStatements statements = new KeyStatements(tables);
        return tables.named(ACT)
                .with("seeAll", tables.seeAll())
                .with("declare", tables.declare())
                .with(
                        "orWithoutTrigger",
                        key.refersToItself()
                                ? Sql.empty()
                                : tables.named(OR_WITHOUT_TRIGGER).with("referringOid", tables.referringOid()))
                .with("find", tables.find())
                .with("move", routing == Routing.NATIVE ? tables.named(MOVE) : Sql.empty())
                .with("truncate", key.refersToItself() ? Sql.empty() : truncate(statements))
                .with(
                        "askNoKey",
                        statements.ask("answer", form -> statements.isNull(" OR ", form, "OLD", form::referenced)))
                .with("lock", lock(statements))
                .with("onDelete", new ReferentialAction(tables, key.rules().onDelete(), true).statement())
                .with("onUpdate", new ReferentialAction(tables, key.rules().onUpdate(), false).statement());
    }

    private Sql truncate(KeyStatements statements) {
        return tables.named(TRUNCATE)
                .with(
                        "lookForAny",
                        statements.perform(form -> Sql.of("FROM {referring} AS c WHERE NOT ({anyNull}) LIMIT 1")
                                .with("referring", form.referring())
                                .with("anyNull", statements.isNull(" OR ", form, "c", form::column))));
    }

    /** Locks the row that has the key now, if there is one. */
    private Sql lock(KeyStatements statements) {
        return statements.perform(form -> Sql.of("FROM {live} AS p WHERE {sameKey} FOR KEY SHARE OF p")
                .with("live", form.live())
                .with(
                        "sameKey",
                        statements.pairs(
                                " AND ",
                                i -> Sql.of("p.{column} {equality} {old}")
                                        .with("column", form.referenced(i))
                                        .with(
                                                "equality",
                                                tables.key().columns().get(i).sameKey())
                                        .with("old", form.valueOf("OLD", form.referenced(i))))));
    }
}
