package liquibase.ext.partition.engine.newtable;

import java.util.Collection;
import java.util.List;
import liquibase.ext.partition.engine.catalog.settings.ReplicaIdentity;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/** The statements that set the replica identity, which no partition takes from its table. */
public final class ReplicaIdentities {
    private static final Sql SET = Sql.of("ALTER TABLE {table} REPLICA IDENTITY {identity}");
    private static final Sql USING_INDEX = Sql.of("ALTER TABLE {table} REPLICA IDENTITY USING INDEX {index}");

    private ReplicaIdentities() {}

    /** For each of the tables; no statements where it needs an index. */
    public static List<Sql> withoutIndex(ReplicaIdentity identity, Collection<QualifiedName> tables) {
        return identity == ReplicaIdentity.INDEX
                ? List.of()
                : tables.stream()
                        .map(table -> SET.with("table", table).with("identity", Sql.raw(identity.name())))
                        .toList();
    }

    /** By an index of the table. */
    public static Sql usingIndex(QualifiedName table, Identifier index) {
        return USING_INDEX.with("table", table).with("index", index);
    }
}
