package liquibase.ext.partition.engine.belonging.publications;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The publications that publish the table by its name. In the order of the log, writes to the leaving table before this
 * point are published, and what the drain wrote to the entering one is not; so a subscriber gets every change once.
 *
 * @param leaving the publications of the old table
 * @param entering the publications of the next one
 */
public record Publications(TablePair pair, List<Publication> leaving, List<Publication> entering)
        implements SwitchPart {
    private static final Sql DROP = Sql.of("ALTER PUBLICATION {publication} DROP TABLE ONLY {table}");
    private static final Sql ADD = Sql.of("ALTER PUBLICATION {publication} ADD TABLE ONLY {table}{columns}{filter}");
    private static final Sql COLUMNS = Sql.of(" ({columns})");
    private static final Sql FILTER = Sql.of(" WHERE ({expression})");

    public Publications {
        leaving = List.copyOf(leaving);
        entering = List.copyOf(entering);
    }

    @Override
    public List<Sql> afterRenaming() {
        QualifiedName left = pair.liveName().sibling(pair.leavingName());
        List<Sql> statements = new ArrayList<>();
        for (Publication publication : leaving) {
            statements.add(drop(publication, left));
            if (entering.stream().anyMatch(it -> it.name().equals(publication.name()))) {
                statements.add(drop(publication, pair.liveName()));
            }
            statements.add(add(publication, pair.liveName()));
        }
        return statements;
    }

    /** The statement by which it publishes the table no more. */
    public static Sql drop(Publication publication, QualifiedName table) {
        return DROP.with("publication", publication.name()).with("table", table);
    }

    /** The statement by which it publishes another table in the same way. */
    public static Sql add(Publication publication, QualifiedName table) {
        return ADD.with("publication", publication.name())
                .with("table", table)
                .with(
                        "columns",
                        publication.columns().isEmpty()
                                ? Sql.empty()
                                : COLUMNS.with("columns", Sql.list(publication.columns())))
                .with(
                        "filter",
                        publication
                                .filter()
                                .map(text -> FILTER.with("expression", Sql.raw(text)))
                                .orElse(Sql.empty()));
    }
}
