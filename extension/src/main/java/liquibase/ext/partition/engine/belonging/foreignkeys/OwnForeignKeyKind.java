package liquibase.ext.partition.engine.belonging.foreignkeys;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKeyReader;
import liquibase.ext.partition.engine.belonging.kind.AfterSwitch;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.Intent;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.server.TypeName;
import liquibase.ext.partition.engine.newtable.ColumnChange;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** The table's own foreign keys. */
public final class OwnForeignKeyKind implements BelongingKind {
    private static final Sql IMPOSSIBLE = Sql.of("""
            SELECT 'FOREIGN_KEYS' AS feature,
                   pg_catalog.format('its foreign key %I refers to %s, which takes the right to REFERENCE it', k.conname, k.confrelid::pg_catalog.regclass) AS what,
                   pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I; GRANT REFERENCES ON %s TO %I', n.nspname, current_user, k.confrelid::pg_catalog.regclass,
                          current_user) AS remedy
            FROM pg_catalog.pg_constraint AS k
            JOIN pg_catalog.pg_class AS r ON r.oid = k.confrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = r.relnamespace
            WHERE k.conrelid = {oid} AND k.contype = 'f' AND k.confrelid <> {oid} AND k.conparentid = 0
              AND NOT (pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                       AND (pg_catalog.has_table_privilege(r.oid, 'REFERENCES')
                            OR NOT EXISTS (SELECT FROM pg_catalog.unnest(k.confkey) AS col
                                           WHERE NOT pg_catalog.has_column_privilege(r.oid, col, 'REFERENCES'))))
            UNION ALL
            SELECT 'FOREIGN_KEYS', pg_catalog.format('its foreign key %I is NOT ENFORCED, and %I with the same columns is: a partitioned table cannot have both',
                                          k.conname, o.conname),
                   pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::pg_catalog.regclass, k.conname)
            FROM pg_catalog.pg_constraint AS k
            JOIN pg_catalog.pg_constraint AS o ON o.conrelid = k.conrelid AND o.confrelid = k.confrelid AND o.conkey = k.conkey
                 AND o.confkey = k.confkey AND o.contype = 'f' AND o.conparentid = 0
            WHERE k.conrelid = {oid} AND k.contype = 'f' AND k.conparentid = 0
              AND pg_catalog.to_jsonb(k) ->> 'conenforced' = 'false' AND pg_catalog.to_jsonb(o) ->> 'conenforced' = 'true'
            """);

    @Override
    public Set<Feature> features() {
        return Set.of(Feature.FOREIGN_KEYS);
    }

    /** Keys that the current role, or a partitioned table, cannot have. */
    @Override
    public List<Obstacle> standing(Session session, Table table) throws SQLException {
        return session.query(IMPOSSIBLE.with("oid", table.oid()), Obstacle::read);
    }

    /** Keys that cannot be made again once columns have other types. */
    @Override
    public List<Obstacle> obstaclesAhead(Intent intent) throws SQLException {
        List<ColumnChange> columns = intent.spec().columns();
        return new ForeignKeyReader(intent.session())
                .impossible(
                        intent.source().oid(),
                        columns.stream().map(ColumnChange::column).toList(),
                        columns.stream()
                                .map(change -> TypeName.base(change.type()))
                                .toList());
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) throws SQLException {
        return List.of(ForeignKeys.own(context));
    }

    /** Finishes the foreign keys that refer to the table too, after its own; see {@link ForeignKeyCompletion}. */
    @Override
    public void finish(AfterSwitch after) throws SQLException {
        if (after.isBack()) {
            ForeignKeyCompletion.afterReverseSwap(after.run(), after.migration(), after.lock());
        } else {
            ForeignKeyCompletion.afterSwap(after.run(), after.migration(), after.lock());
        }
    }
}
