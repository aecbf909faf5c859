package liquibase.ext.partition.engine.belonging.sequences;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.AfterSwitch;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** Identity and serial columns with their sequences. */
public final class SequenceKind implements BelongingKind {
    private static final Sql USED_BY_OTHERS = Sql.of("""
            SELECT DISTINCT 'SEQUENCES' AS feature,
                   pg_catalog.format('%s uses the sequence of its identity column',
                          pg_catalog.pg_describe_object(uses.classid, uses.objid, uses.objsubid)) AS what,
                   'give it a sequence of its own' AS remedy
            FROM pg_catalog.pg_depend AS owned
            JOIN pg_catalog.pg_depend AS uses ON uses.refclassid = owned.classid AND uses.refobjid = owned.objid
            WHERE owned.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND owned.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
              AND owned.refobjid = {oid} AND owned.deptype = 'i' AND uses.deptype = 'n'
              AND EXISTS (SELECT FROM pg_catalog.pg_sequence AS s WHERE s.seqrelid = owned.objid)
            """);

    @Override
    public Set<Feature> features() {
        return Set.of(Feature.SEQUENCES);
    }

    /** Sequences of identity columns that something else asks too: it would go on with the one that leaves. */
    @Override
    public List<Obstacle> standing(Session session, Table table) throws SQLException {
        return session.query(USED_BY_OTHERS.with("oid", table.oid()), Obstacle::read);
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) {
        return List.of(new ColumnSequences(context.pair(), context.stretched()));
    }

    /** See {@link SequenceSwitch}, which says which transactions and locks. */
    @Override
    public void settle(AfterSwitch after) throws SQLException {
        SequenceSwitch sequences = new SequenceSwitch(after.run(), after.migration(), after.patience());
        sequences.finish(after.idle(), after.lock());
        if (after.isBack() && !after.again()) {
            sequences.tellOfTheEnd();
        }
    }
}
