package liquibase.ext.partition.engine.belonging.indexes;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.SwitchedNames;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;

/** Each index of the entering table gets the name that its counterpart had. */
public record IndexNames(TablePair pair, SwitchedNames names) implements SwitchPart {
    private static final Sql RENAME_INDEX = Sql.of("ALTER INDEX {index} RENAME TO {name}");

    @Override
    public List<Sql> afterRenaming() {
        List<Sql> statements = new ArrayList<>();
        for (Identifier name : names.carried()) {
            if (pair.old().table().index(name).isPresent()) {
                statements.add(RENAME_INDEX
                        .with("index", pair.liveName().sibling(name))
                        .with("name", names.aside(name)));
            }
            statements.add(RENAME_INDEX
                    .with("index", pair.liveName().sibling(names.counterpart(name)))
                    .with("name", name));
        }
        return statements;
    }
}
