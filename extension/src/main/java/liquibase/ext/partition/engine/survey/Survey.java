package liquibase.ext.partition.engine.survey;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.survey.sample.DefaultSample;

/**
 * The findings about partitioning a table.
 *
 * @param spec the new table's spec
 * @param size the table's size; empty if there is no such table
 * @param estimate the estimate; empty if there is no such table, or no plan for the copy
 * @param comesAlong the table's belongings, in the order of {@link liquibase.ext.partition.engine.catalog.Feature},
 *     without those that are refused
 * @param changes belongings that come along, but changed
 * @param refused all obstacles
 * @param sample where a sample of its rows would be; empty if it has no rows, or that cannot be planned
 * @param conditions those of the server and of the table on which this table's migration depends;
 *     {@link SurveyReader#server} gives those that concern every table
 */
public record Survey(
        NewTableSpec spec,
        Optional<TableSize> size,
        Optional<Estimate> estimate,
        List<Belonging> comesAlong,
        List<AnnouncedChange> changes,
        List<Obstacle> refused,
        Optional<DefaultSample> sample,
        List<Condition> conditions) {
    public Survey {
        comesAlong = List.copyOf(comesAlong);
        changes = List.copyOf(changes);
        refused = List.copyOf(refused);
        conditions = List.copyOf(conditions);
    }

    /** The survey of a table that does not exist. */
    static Survey ofMissing(NewTableSpec spec) {
        return new Survey(
                spec,
                Optional.empty(),
                Optional.empty(),
                List.of(),
                List.of(),
                List.of(new Obstacle(
                        null,
                        "there is no such table in this database",
                        "check schemaName and tableName, and that this is the right database")),
                Optional.empty(),
                List.of());
    }

    /** The same survey with further obstacles. */
    public Survey refusing(List<Obstacle> others) {
        List<Obstacle> all = new ArrayList<>(refused);
        all.addAll(others);
        return new Survey(spec, size, estimate, comesAlong, changes, all, sample, conditions);
    }

    /** The same survey with further conditions. */
    public Survey with(List<Condition> others) {
        List<Condition> all = new ArrayList<>(conditions);
        all.addAll(others);
        return new Survey(spec, size, estimate, comesAlong, changes, refused, sample, all);
    }

    public QualifiedName table() {
        return spec.source();
    }

    public boolean isRefused() {
        return !refused.isEmpty();
    }
}
