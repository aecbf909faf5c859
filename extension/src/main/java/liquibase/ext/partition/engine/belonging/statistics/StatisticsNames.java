package liquibase.ext.partition.engine.belonging.statistics;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.SwitchedNames;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.properties.ExtendedStatistics;
import liquibase.ext.partition.engine.catalog.properties.TableProperties;
import liquibase.ext.partition.engine.newtable.StatisticsObjects;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Extended statistics: those of the entering table get the names of their counterparts. Statistics that were made in
 * the meantime have no counterpart and are made now; the next ANALYZE fills them.
 */
public record StatisticsNames(TablePair pair, SwitchedNames names, TableProperties old, TableProperties next)
        implements SwitchPart {
    private static final Sql RENAME = Sql.of("ALTER STATISTICS {statistics} RENAME TO {name}");
    private static final Sql SET_TARGET = Sql.of("ALTER STATISTICS {statistics} SET STATISTICS {target}");
    private static final Sql COMMENT = Sql.of("COMMENT ON STATISTICS {statistics} IS {comment}");

    @Override
    public List<Sql> afterRenaming() {
        List<Sql> statements = new ArrayList<>();
        for (ExtendedStatistics leaving : old.statistics()) {
            QualifiedName live = leaving.name();
            QualifiedName entering = live.sibling(names.counterpart(live.name()));
            rename(statements, live, names.aside(live.name()));
            next.statistics().stream()
                    .filter(it -> it.name().equals(entering))
                    .findFirst()
                    .ifPresentOrElse(
                            it -> {
                                rename(statements, entering, live.name());
                                sameProperties(statements, leaving, it);
                            },
                            () -> {
                                statements.addAll(StatisticsObjects.create(leaving, live, pair.liveName()));
                                statements.addAll(StatisticsObjects.createOnPartitions(
                                        leaving, pair.next().partitions()));
                            });
        }
        return statements;
    }

    private static void rename(List<Sql> statements, QualifiedName statistics, Identifier name) {
        statements.add(RENAME.with("statistics", statistics).with("name", name));
    }

    private static void sameProperties(List<Sql> statements, ExtendedStatistics leaving, ExtendedStatistics entering) {
        if (!leaving.target().equals(entering.target())) {
            statements.add(SET_TARGET
                    .with("statistics", leaving.name())
                    .with("target", Sql.raw(Integer.toString(leaving.target().orElse(-1)))));
        }
        if (!leaving.comment().equals(entering.comment())) {
            statements.add(COMMENT.with("statistics", leaving.name())
                    .with("comment", leaving.comment().map(Sql::literal).orElse(Sql.raw("NULL"))));
        }
    }
}
