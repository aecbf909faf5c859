package liquibase.ext.partition.engine.target;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.ReplicaIdentity;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/** The statements that set the replica identity, which no partition takes from its table. */
public final class ReplicaIdentities {
    private static final Sql SET = Sql.of("ALTER TABLE {table} REPLICA IDENTITY {identity}");
    private static final Sql USING_INDEX = Sql.of("ALTER TABLE {table} REPLICA IDENTITY USING INDEX {index}");

    private ReplicaIdentities() {}

    /** FULL or NOTHING for each of the tables; no statements for the others, which need an index. */
    public static List<Sql> withoutIndex(ReplicaIdentity identity, Collection<QualifiedName> tables) {
        Optional<Sql> word = switch (identity) {
            case FULL -> Optional.of(Sql.raw("FULL"));
            case NOTHING -> Optional.of(Sql.raw("NOTHING"));
            case DEFAULT, INDEX -> Optional.empty();
        };
        List<Sql> statements = new ArrayList<>();
        word.ifPresent(it ->
                tables.forEach(table -> statements.add(SET.with("table", table).with("identity", it))));
        return statements;
    }

    /** By an index of the table. */
    public static Sql usingIndex(QualifiedName table, Identifier index) {
        return USING_INDEX.with("table", table).with("index", index);
    }
}
