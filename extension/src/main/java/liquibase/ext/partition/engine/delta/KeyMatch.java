package liquibase.ext.partition.engine.delta;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.catalog.KeyColumn;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;

/** The condition that two rows have the same key. */
public record KeyMatch(List<KeyColumn> key) {
    private static final Sql SAME = Sql.of("{left} {equals} {right}");

    public List<Identifier> columns() {
        return key.stream().map(KeyColumn::name).toList();
    }

    /** {@code left.id = right.id AND …}; the aliases are constants of ours. */
    public Sql sameKey(String left, String right) {
        return Sql.join(" AND ", conditions(left, right));
    }

    /** As {@link #sameKey}, and the same partition-key value: the server then looks into one partition only. */
    public Sql sameKeyAndPartition(String left, String right, Identifier partitionColumn) {
        List<Sql> conditions = conditions(left, right);
        if (!columns().contains(partitionColumn)) {
            conditions.add(SAME.with("left", Sql.list(left, List.of(partitionColumn)))
                    .with("equals", Sql.raw("="))
                    .with("right", Sql.list(right, List.of(partitionColumn))));
        }
        return Sql.join(" AND ", conditions);
    }

    private List<Sql> conditions(String left, String right) {
        List<Sql> conditions = new ArrayList<>();
        for (KeyColumn column : key) {
            conditions.add(SAME.with("left", Sql.list(left, List.of(column.name())))
                    .with("equals", column.equality())
                    .with("right", Sql.list(right, List.of(column.name()))));
        }
        return conditions;
    }
}
