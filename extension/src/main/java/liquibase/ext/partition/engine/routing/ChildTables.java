package liquibase.ext.partition.engine.routing;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.routing.row.RoutingNames;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlFragment;

/** The children themselves: inheritance children whose CHECK defines which rows they hold. */
record ChildTables(RoutingNames names) {
    private static final Sql CREATE_CHILD = Sql.of("CREATE TABLE {child} (CHECK ({check})) INHERITS ({parent})");

    private static final Sql CREATE_DEFAULT_CHILD = Sql.of("CREATE TABLE {child} () INHERITS ({parent})");

    /** As {@link TriggerRouting#childStatements}. */
    List<Sql> statements(QualifiedName parent) {
        List<Sql> statements = new ArrayList<>();
        for (Partition partition : names.layout().partitions()) {
            statements.add(statement(parent, partition));
        }
        statements.add(CREATE_DEFAULT_CHILD.with("child", names.defaultChild()).with("parent", parent));
        return statements;
    }

    /** The statement that makes one child. */
    Sql statement(QualifiedName parent, Partition partition) {
        return create(
                names.child(partition.name()),
                names.table().check().between(Identifier::asSql, bound(partition.from()), bound(partition.to())),
                parent);
    }

    static Sql create(SqlFragment child, Sql check, QualifiedName parent) {
        return CREATE_CHILD.with("child", child).with("check", check).with("parent", parent);
    }

    private static Sql bound(LocalDate day) {
        return Sql.literal(day + " 00:00:00+00");
    }
}
