package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.BelongingKinds;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements by which one table takes the place of another, with its name and everything that goes with the name.
 * Pure: planned from the catalog, run by others in the one transaction that holds the lock.
 *
 * @param parts in the order that {@link SwitchPart} describes, the innermost first
 */
record Switch(TablePair pair, List<SwitchPart> parts) implements SwitchPlan {
    private static final Sql RENAME_TABLE = Sql.of("ALTER TABLE {table} RENAME TO {name}");

    Switch {
        parts = List.copyOf(parts);
    }

    static Switch of(SwitchContext context) throws SQLException {
        return new Switch(context.pair(), BelongingKinds.parts(context));
    }

    /**
     * All locks, in the order in which they must be taken. The idle table comes first: while its readers, or those of
     * one of its partitions, are waited for, nobody waits for us.
     *
     * <p>A writer who writes a row and then one that refers to it locks the live table first. A writer who writes only
     * the referring row locks the referring table, and then the live one to look for the row. A session that has locked
     * one of the tables against everybody can wait for neither. So both tables are first locked against writers, which
     * lets those pass who only look for the row, and then against everybody else.
     */
    @Override
    public List<Lock> locks() {
        List<Lock> locks = new ArrayList<>(List.of(Lock.ofIdle(pair.next().name())));
        parts.forEach(part -> locks.addAll(part.locks()));
        List<QualifiedName> referring = parts.stream()
                .flatMap(part -> part.referringTables().stream())
                .distinct()
                .toList();
        if (!referring.isEmpty()) {
            locks.add(Lock.againstWriters(pair.liveName()));
            referring.forEach(table -> locks.add(Lock.againstWriters(table)));
            referring.forEach(table -> locks.add(Lock.againstAll(table)));
        }
        locks.add(Lock.againstAll(pair.liveName()));
        return locks;
    }

    @Override
    public List<Sql> statements() {
        List<Sql> statements = new ArrayList<>();
        for (int i = parts.size() - 1; i >= 0; i--) {
            statements.addAll(parts.get(i).beforeRenaming());
        }
        statements.add(RENAME_TABLE.with("table", pair.liveName()).with("name", pair.leavingName()));
        statements.add(RENAME_TABLE
                .with("table", pair.next().name())
                .with("name", pair.liveName().name()));
        parts.forEach(part -> statements.addAll(part.afterRenaming()));
        return statements;
    }

    @Override
    public List<String> consequences() {
        return parts.stream().flatMap(part -> part.consequences().stream()).toList();
    }
}
