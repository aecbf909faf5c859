package liquibase.ext.partition.engine.belonging.properties;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.SwitchedNames;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.properties.TableProperties;
import liquibase.ext.partition.engine.catalog.properties.TablePropertiesReader;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Properties of the table and its columns. Most are made with the new table; a switch carries what was changed since.
 */
public final class PropertyKind implements BelongingKind {
    private static final Sql NOT_NULL = Sql.of("""
            SELECT 'COLUMNS' AS feature,
                   pg_catalog.format('its constraint %I is not known to hold for its rows (%s)', k.conname,
                                     pg_catalog.pg_get_constraintdef(k.oid)) AS what,
                   pg_catalog.format('ALTER TABLE %s VALIDATE CONSTRAINT %I', k.conrelid::pg_catalog.regclass, k.conname) AS remedy
            FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = {oid} AND k.contype = 'n' AND NOT k.convalidated
            UNION ALL
            SELECT 'COLUMNS', pg_catalog.format('its constraint %I (%s) is not inherited, and partitions would do without it', k.conname,
                                    pg_catalog.pg_get_constraintdef(k.oid)),
                   pg_catalog.format('ALTER TABLE %s ALTER CONSTRAINT %I INHERIT', k.conrelid::pg_catalog.regclass, k.conname)
            FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = {oid} AND k.contype = 'n' AND k.connoinherit
            """);

    @Override
    public Set<Feature> features() {
        return Set.of(
                Feature.COLUMNS, Feature.STATISTICS_TARGETS, Feature.STORAGE_PARAMETERS, Feature.REPLICA_IDENTITY);
    }

    /** NOT NULL constraints that the rows may violate, or that the partitions would not have. */
    @Override
    public List<Obstacle> standing(Session session, Table table) throws SQLException {
        return session.query(NOT_NULL.with("oid", table.oid()), Obstacle::read);
    }

    @Override
    public List<AnnouncedChange> changes(Table source, NewTable plan) {
        return PropertyChanges.of(source, plan);
    }

    @Override
    public List<SwitchPart> parts(SwitchContext context) throws SQLException {
        Session session = context.session();
        TablePair pair = context.pair();
        SwitchedNames names = context.names();
        TableProperties old = context.leavingProperties();
        TableProperties next = context.enteringProperties();
        List<SwitchPart> parts = new ArrayList<>();
        parts.add(new ChangedColumns(
                pair,
                old,
                next,
                ColumnStorage.read(session, context.leavingOid()),
                ColumnStorage.read(session, context.enteringOid())));
        Optional<QualifiedName> entering = pair.next().partitions().stream().findFirst();
        if (entering.isPresent()) {
            parts.add(new ChangedProperties(
                    pair, names, old, next, entering.get(), ofPartition(session, entering.get())));
        }
        Optional<QualifiedName> leaving = pair.old().partitions().stream().findFirst();
        if (leaving.isPresent()) {
            TablePropertiesReader.Agreement agreement =
                    new TablePropertiesReader(session).agreement(context.leavingOid());
            parts.add(new PropertiesTakenBack(
                    pair,
                    names,
                    old,
                    next,
                    leaving.get(),
                    ofPartition(session, leaving.get()),
                    agreement.identity(),
                    agreement.parameters()));
        }
        return parts;
    }

    private static TableProperties ofPartition(Session session, QualifiedName partition) throws SQLException {
        return new TablePropertiesReader(session).read(new TableReader(session).require(partition));
    }
}
