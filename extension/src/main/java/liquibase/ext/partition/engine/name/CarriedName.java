package liquibase.ext.partition.engine.name;

import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * The names of indexes and sequences that go with a table through a swap. An index's name is unique in its schema, so
 * while both tables exist only one of them can have the name that the application knows.
 */
public final class CarriedName {
    private static final String NEW = "_new";
    private static final String OLD = "_old";

    private CarriedName() {}

    /**
     * The name, while the source is live, of the new table's index or sequence that takes the place of the source's
     * {@code name}.
     */
    public static QualifiedName newIndex(QualifiedName source, Identifier name) {
        return source.sibling(DerivedName.of(name, NEW));
    }

    /** The name of the source's index or sequence {@code name} while its table is the backup. */
    public static QualifiedName backupIndex(QualifiedName source, Identifier name) {
        return source.sibling(DerivedName.of(name, OLD));
    }

    /**
     * The index of {@code partition} that is like the index {@code name} of its sister: {@code orders_202401_pkey} for
     * {@code orders_default_pkey}.
     */
    public static Identifier sisterIndex(Identifier partition, Identifier sister, Identifier name) {
        String beginning = sister.name() + "_";
        return partitionIndex(
                partition,
                name.name().startsWith(beginning) && name.name().length() > beginning.length()
                        ? new Identifier(name.name().substring(beginning.length()))
                        : name);
    }

    /** The index of {@code partition} that belongs to the partitioned index for the source's index {@code name}. */
    public static Identifier partitionIndex(Identifier partition, Identifier name) {
        return DerivedName.of(partition.name() + "_" + name.name(), "");
    }
}
