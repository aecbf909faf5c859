package liquibase.ext.partition.generator.inspect;

import java.util.List;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * The default names for a table's companions, shortened if the table's name is so long that they would not fit.
 *
 * @param shortened whether one of them differs from the config's default, so that they have to be written out
 */
record DefaultNames(
        Identifier newTable, Identifier backup, Identifier delta, String partitionPrefix, boolean shortened) {
    private static final String DEFAULT_PARTITION = "default";

    static DefaultNames of(Identifier table) {
        Identifier newTable = DerivedName.of(table, "_new");
        Identifier backup = DerivedName.of(table, "_old");
        Identifier delta = DerivedName.of(table, "_delta");
        String partition = DerivedName.of(table, "_" + DEFAULT_PARTITION).name();
        String prefix = partition.substring(0, partition.length() - DEFAULT_PARTITION.length());
        boolean shortened = !prefix.equals(table.name() + "_") || !delta.name().equals(table.name() + "_delta");
        return new DefaultNames(newTable, backup, delta, prefix, shortened);
    }

    List<Identifier> tables() {
        return List.of(newTable, backup, delta);
    }
}
