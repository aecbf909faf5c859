package liquibase.ext.partition.engine.belonging.checks;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.properties.Check;
import liquibase.ext.partition.engine.catalog.properties.TableProperties;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The CHECK constraints that older rows may violate. The new table could not have them while these rows were copied to
 * it, so it gets them now; no row is checked.
 */
public record NotValidChecks(TablePair pair, TableProperties old, TableProperties next) implements SwitchPart {
    /** Constraints that the entering table does not have yet. */
    public List<Check> missing() {
        return old.checksNotValid().stream()
                .filter(check -> next.check(check.name()).isEmpty())
                .toList();
    }

    @Override
    public List<Sql> afterRenaming() {
        List<Sql> statements = new ArrayList<>();
        for (Check check : missing()) {
            statements.add(check.addNotValid(pair.liveName()));
            check.commentOn(pair.liveName()).ifPresent(statements::add);
        }
        return statements;
    }
}
