package liquibase.ext.partition.engine.belonging.properties;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.catalog.properties.StorageParameter;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/** Statements that change a table's storage parameters. Pure; runs nothing. */
final class StorageParameters {
    private static final Sql SET = Sql.of("ALTER TABLE {table} SET {parameters}");
    private static final Sql RESET = Sql.of("ALTER TABLE {table} RESET ({names})");

    private StorageParameters() {}

    /**
     * The statements that reset parameters in {@code present} that are not wanted, and set all that are.
     *
     * @param present the table's parameters that may be reset
     */
    static List<Sql> change(QualifiedName table, List<StorageParameter> present, List<StorageParameter> wanted) {
        Set<String> kept = wanted.stream().map(StorageParameter::qualifiedName).collect(Collectors.toSet());
        List<Sql> gone = present.stream()
                .map(StorageParameter::qualifiedName)
                .filter(name -> !kept.contains(name))
                .map(Sql::raw)
                .toList();
        List<Sql> statements = new ArrayList<>();
        if (!gone.isEmpty()) {
            statements.add(RESET.with("table", table).with("names", Sql.join(", ", gone)));
        }
        if (!wanted.isEmpty()) {
            statements.add(SET.with("table", table).with("parameters", StorageParameter.list(wanted)));
        }
        return statements;
    }
}
