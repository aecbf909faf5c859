package liquibase.ext.partition.engine.belonging.foreignkeys.triggers;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * The names of the functions and triggers that keep a foreign key.
 *
 * @param live the referenced table
 * @param referring the referring table, by the name that it had in the swap
 */
public record ForeignKeyTriggerNames(QualifiedName live, QualifiedName referring, Identifier key) {

    /** Two keys of one table with different names here share no trigger and no function. */
    public static String baseOf(ForeignKey key) {
        return new ForeignKeyTriggerNames(
                        key.referenced().name(), key.referring().name(), key.name())
                .base();
    }

    /** The function of the referring table and the one of the referenced table. */
    public List<QualifiedName> functions() {
        return List.of(check(), act());
    }

    /** The triggers on the referenced table. */
    public List<Identifier> triggersOnReferenced() {
        List<Identifier> names = new ArrayList<>(List.of(deleted(), updated(), truncated(), moved()));
        if (live.equals(referring)) {
            names.add(key);
        }
        return names;
    }

    QualifiedName check() {
        return referring.sibling(DerivedName.of(base(), "_check"));
    }

    QualifiedName act() {
        return referring.sibling(DerivedName.of(base(), "_act"));
    }

    Identifier deleted() {
        return DerivedName.of(base(), "_deleted");
    }

    Identifier updated() {
        return DerivedName.of(base(), "_updated");
    }

    Identifier truncated() {
        return DerivedName.of(base(), "_truncated");
    }

    /** Triggers fire in the order of their names: this one comes after a user's, which may still change the row. */
    Identifier moved() {
        return DerivedName.of("~" + base(), "_moved");
    }

    /** Tables of several schemas can have foreign keys of the same name. */
    private String base() {
        String schema = referring.schema().equals(live.schema())
                ? ""
                : referring.schema().name() + "_";
        return schema + referring.name().name() + "_" + key.name();
    }
}
