package liquibase.ext.partition.engine.refusal;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;

/** Tables that inherit from a table: a migration works with the table's own rows, and queries of it find theirs too. */
public final class Inheritance {
    private Inheritance() {}

    /** The tables that inherit from {@code table}, each of which keeps it from being partitioned. */
    static List<Obstacle> children(Table table) {
        return table.children().stream()
                .map(child -> new Obstacle(
                        Feature.INHERITANCE,
                        child + " inherits from it",
                        takeRows(table, child, List.of(table.name()))))
                .toList();
    }

    /**
     * The tables that inherit from a child of {@code table}, other than by partitioning. A reader of the table reads
     * their rows, but a reader of child after child does not; and no trigger captures them.
     */
    public static List<Obstacle> childrenOfChildren(Session session, Table table) throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>();
        for (Map.Entry<QualifiedName, List<QualifiedName>> it :
                new TableReader(session).childrenOfChildren(table).entrySet()) {
            QualifiedName child = it.getKey();
            List<QualifiedName> parents = it.getValue();
            obstacles.add(new Obstacle(
                    Feature.INHERITANCE,
                    "%s inherits from %s, so that queries find its rows in %s, and nothing captures them"
                            .formatted(
                                    child,
                                    parents.stream()
                                            .map(QualifiedName::toString)
                                            .collect(Collectors.joining(", ")),
                                    table.name()),
                    takeRows(table, child, parents)));
        }
        return obstacles;
    }

    /**
     * The remedy for a child. NO INHERIT alone would hide the child's rows from everybody who reads the table. The
     * child keeps its own rows, since it may have columns that the table lacks. All tables are locked first, so that a
     * reader of the table at that moment sees each row once.
     *
     * @param parents the tables through which the table has the child's rows: itself, or children of it
     */
    private static String takeRows(Table table, QualifiedName child, List<QualifiedName> parents) {
        String columns =
                table.writableColumns().stream().map(Identifier::quoted).collect(Collectors.joining(", "));
        String takeOut = parents.stream()
                .map(parent -> "ALTER TABLE %s NO INHERIT %s; ".formatted(child.quoted(), parent.quoted()))
                .collect(Collectors.joining());
        return "take its rows over, of which it keeps a copy: BEGIN; LOCK TABLE %1$s IN ACCESS EXCLUSIVE MODE; INSERT INTO %1$s (%3$s) OVERRIDING SYSTEM VALUE SELECT %3$s FROM %2$s; %4$sCOMMIT. Who writes to %2$s must write to %1$s from then on"
                .formatted(table.name().quoted(), child.quoted(), columns, takeOut);
    }
}
