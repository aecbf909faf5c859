package liquibase.ext.partition.engine.belonging.grants;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/** The owner. It comes first, since a sequence can only belong to a table of the same owner. */
public record Ownership(TablePair pair) implements SwitchPart {
    private static final Sql CHANGE_OWNER = Sql.of("ALTER TABLE {table} OWNER TO {owner}");

    @Override
    public List<Sql> beforeRenaming() {
        Identifier owner = pair.old().table().owner();
        if (pair.next().table().owner().equals(owner)) {
            return List.of();
        }
        List<Sql> statements = new ArrayList<>();
        statements.add(CHANGE_OWNER.with("table", pair.next().name()).with("owner", owner));
        for (QualifiedName partition : pair.next().partitions()) {
            statements.add(CHANGE_OWNER.with("table", partition).with("owner", owner));
        }
        return statements;
    }
}
