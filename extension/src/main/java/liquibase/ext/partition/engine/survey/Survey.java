package liquibase.ext.partition.engine.survey;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.target.NewTableSpec;

/**
 * What partitioning a table would come to.
 *
 * @param spec of the new table
 * @param size empty where there is no such table
 * @param estimate empty where there is no such table, or nothing to be copied by
 * @param comesAlong what the table has, by the order of {@link liquibase.ext.partition.engine.catalog.Feature}, without
 *     what is refused
 * @param changes what comes along, but not as it was
 * @param refused all that stands in the way
 * @param sample where its rows would be; empty where it has none, or that cannot be planned
 * @param settings of the server and of the table on which this table's migration depends; those of every table are
 *     {@link SurveyReader#server}
 */
public record Survey(
        NewTableSpec spec,
        Optional<TableSize> size,
        Optional<Estimate> estimate,
        List<Belonging> comesAlong,
        List<Change> changes,
        List<Obstacle> refused,
        Optional<DefaultSample> sample,
        List<Setting> settings) {
    public Survey {
        comesAlong = List.copyOf(comesAlong);
        changes = List.copyOf(changes);
        refused = List.copyOf(refused);
        settings = List.copyOf(settings);
    }

    /** The survey of a table that is not there. */
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

    /** The same with what else stands in the way. */
    public Survey refusing(List<Obstacle> others) {
        List<Obstacle> all = new ArrayList<>(refused);
        all.addAll(others);
        return new Survey(spec, size, estimate, comesAlong, changes, all, sample, settings);
    }

    /** The same with settings of somebody else's. */
    public Survey with(List<Setting> others) {
        List<Setting> all = new ArrayList<>(settings);
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
