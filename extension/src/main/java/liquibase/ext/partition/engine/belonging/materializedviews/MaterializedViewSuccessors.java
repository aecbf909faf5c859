package liquibase.ext.partition.engine.belonging.materializedviews;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.views.Dependents;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.name.SuccessorName;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Makes an empty successor for each materialized view that reads the leaving table, and for those that read these. A
 * materialized view cannot be replaced in place, and filling one takes long, so that is left for after the commit. The
 * successor is made here to preserve what must not be lost till then: its definition, in which the names mean what they
 * mean after the renaming.
 *
 * <p>Successors of an earlier switch that were not filled before this one goes the other way are dropped: the views
 * that they were to replace read the entering table already.
 *
 * @param leaving materialized views that read the leaving table, each after those that it reads
 * @param entering materialized views that read the entering table
 */
public record MaterializedViewSuccessors(
        Collection<Dependents.MaterializedView> leaving, Collection<Dependents.MaterializedView> entering)
        implements SwitchPart {
    private static final Sql LOCK = Sql.of("ALTER MATERIALIZED VIEW {view} OWNER TO {owner}");
    private static final Sql DROP = Sql.of("DROP MATERIALIZED VIEW {views}");
    private static final Sql RENAME = Sql.of("ALTER MATERIALIZED VIEW {view} RENAME TO {name}");

    private static final Sql CREATE = Sql.of("""
            CREATE MATERIALIZED VIEW {successor} USING {accessMethod} AS
            {definition}
            WITH NO DATA""");

    /**
     * Locks on the views whose names are exchanged for a moment; a session that refreshes one locks it before the
     * table.
     */
    @Override
    public List<Lock> locks() {
        return made().stream()
                .filter(Dependents.MaterializedView::read)
                .map(view -> Lock.of(view.name(), LOCK.with("view", view.name()).with("owner", view.owner())))
                .toList();
    }

    @Override
    public List<Sql> beforeRenaming() {
        List<QualifiedName> pending = leaving.stream()
                .map(Dependents.MaterializedView::name)
                .filter(pending()::contains)
                .toList();
        return pending.isEmpty() ? List.of() : List.of(DROP.with("views", Sql.list(pending)));
    }

    @Override
    public List<Sql> afterRenaming() {
        List<Sql> statements = new ArrayList<>();
        List<Sql> back = new ArrayList<>();
        for (Dependents.MaterializedView view : made()) {
            QualifiedName name = view.name();
            QualifiedName successor = SuccessorName.of(name);
            statements.add(CREATE.with("successor", successor)
                    .with("accessMethod", view.accessMethod())
                    .with("definition", Sql.raw(view.definition())));
            if (view.read()) {
                // The definitions that follow name it, and must refer to the successor.
                statements.add(rename(name, SuccessorName.leaving(name)));
                statements.add(rename(successor, name));
                back.add(rename(SuccessorName.leaving(name), name));
                back.add(rename(name, successor));
            }
        }
        Collections.reverse(back);
        statements.addAll(back);
        return statements;
    }

    private static Sql rename(QualifiedName view, QualifiedName to) {
        return RENAME.with("view", view).with("name", to.name());
    }

    private Set<QualifiedName> pending() {
        return entering.stream().map(view -> SuccessorName.of(view.name())).collect(Collectors.toSet());
    }

    private List<Dependents.MaterializedView> made() {
        Set<QualifiedName> pending = pending();
        return leaving.stream().filter(view -> !pending.contains(view.name())).toList();
    }
}
