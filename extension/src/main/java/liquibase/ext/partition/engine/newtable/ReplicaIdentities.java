package liquibase.ext.partition.engine.newtable;

import java.util.Collection;
import java.util.List;
import liquibase.ext.partition.engine.catalog.properties.ReplicaIdentity;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/** The statements that set the replica identity, which partitions do not inherit from their table. */
public final class ReplicaIdentities {
    private static final Sql SET = Sql.of("ALTER TABLE {table} REPLICA IDENTITY {identity}");
    private static final Sql USING_INDEX = Sql.of("ALTER TABLE {table} REPLICA IDENTITY USING INDEX {index}");

    private ReplicaIdentities() {}

    /** The statements for each of the tables; none if the identity needs an index. */
    public static List<Sql> withoutIndex(ReplicaIdentity identity, Collection<QualifiedName> tables) {
        return identity == ReplicaIdentity.INDEX
                ? List.of()
                : tables.stream()
                        .map(table -> SET.with("table", table).with("identity", Sql.raw(identity.name())))
                        .toList();
    }

    /** The statement that makes an index of the table its replica identity. */
    public static Sql usingIndex(QualifiedName table, Identifier index) {
        return USING_INDEX.with("table", table).with("index", index);
    }
}
