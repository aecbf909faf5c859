package liquibase.ext.partition.engine.survey;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.properties.TableProperties;
import liquibase.ext.partition.engine.catalog.properties.TablePropertiesReader;
import liquibase.ext.partition.engine.catalog.server.TypeName;
import liquibase.ext.partition.engine.newtable.ColumnChange;
import liquibase.ext.partition.engine.newtable.Conversions;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Plans a requested new table, given the source's columns, with the changes of types that {@link TypeChanges} accepts.
 * Reads the catalog and changes nothing.
 */
public final class NewTablePlan {
    /**
     * If the type changes, a column keeps its own collation, and the old type's collation gives way to the new type's.
     */
    private static final Sql COLLATION = Sql.of("""
            SELECT CASE WHEN {changes} AND a.attcollation IN (0, old.typcollation) THEN t.typcollation
                        ELSE a.attcollation END::pg_catalog.regcollation::pg_catalog.text
            FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS old ON old.oid = a.atttypid, pg_catalog.pg_type AS t
            WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attname = {column} AND t.typname = {type}
              AND t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
            """);

    /**
     * Three digits, because letters that a language treats as one (Danish AA, Czech CH, Hungarian DZS) are at most that
     * long.
     */
    private static final Sql OUT_OF_ORDER = Sql.of("""
            WITH digit AS (SELECT pg_catalog.regexp_split_to_table('0123456789ABCDEFGHJKMNPQRSTVWXYZ', '') AS d),
                 word AS (SELECT a.d || b.d || c.d AS w FROM digit AS a, digit AS b, digit AS c),
                 place AS (SELECT w, pg_catalog.rank() OVER (ORDER BY w COLLATE {collation}) AS here, pg_catalog.rank() OVER (ORDER BY w COLLATE "C") AS "right"
                           FROM word)
            SELECT w FROM place WHERE here <> "right" ORDER BY "right" LIMIT 1
            """);

    private static final Sql IS_COLLATABLE =
            Sql.of("SELECT typcollation <> 0 FROM pg_catalog.pg_type WHERE oid = pg_catalog.to_regtype({type})");

    private final Session session;
    private final Table source;
    private final NewTableSpec spec;
    private final TypeChanges types;

    public NewTablePlan(Session session, Table source, NewTableSpec spec) {
        this.session = session;
        this.source = source;
        this.spec = spec;
        this.types = new TypeChanges(session, source, spec);
    }

    /** @param problems receives the reasons if the plan cannot be made; then the result is empty */
    public Optional<NewTable> make(List<Obstacle> problems) throws SQLException {
        int before = problems.size();
        List<ColumnChange> changes = types.accepted(problems);
        List<Column> columns = columns(changes);
        PartitionKey.problems(spec.partitionKey(), columns, spec.textDateFunction()).stream()
                .map(NewTablePlan::obstacle)
                .forEach(problems::add);
        if (problems.size() > before) {
            return Optional.empty();
        }
        try {
            NewTable plan = new NewTable(
                    spec,
                    PartitionKey.of(spec.partitionKey(), columns, spec.textDateFunction()),
                    changes,
                    properties(changes));
            // A bound may be a day that the column's type cannot express.
            plan.statements();
            misplacedUlids(plan).map(NewTablePlan::obstacle).ifPresent(problems::add);
            types.inTheWay(plan).map(NewTablePlan::obstacle).ifPresent(problems::add);
            return problems.size() > before ? Optional.empty() : Optional.of(plan);
        } catch (IllegalArgumentException e) {
            problems.add(obstacle(e.getMessage()));
            return Optional.empty();
        }
    }

    /** How the copy will convert the source's columns for the plan that {@link #make} has made. */
    Conversions conversions(NewTable plan) throws SQLException {
        return Conversions.between(source.columns(), columns(plan.changes()), plan.changes());
    }

    static Obstacle obstacle(String sentence) {
        return Obstacle.of(Feature.COLUMNS, sentence);
    }

    /** Bounds of ULIDs are in the order of their digits; in another order rows would be in wrong partitions. */
    private Optional<String> misplacedUlids(NewTable plan) throws SQLException {
        Optional<Identifier> column = plan.key().columnOfUlids();
        if (column.isEmpty()) {
            return Optional.empty();
        }
        Optional<ColumnChange> change = plan.changes().stream()
                .filter(it -> it.column().equals(column.get()))
                .findFirst();
        String collation = session.queryStrings(COLLATION
                        .with("changes", change.isPresent())
                        .with("table", source.name().quoted())
                        .with("column", column.get().name())
                        .with(
                                "type",
                                change.isPresent()
                                        ? types.typeName(change.get()).orElseThrow()
                                        : source.column(column.get())
                                                .orElseThrow()
                                                .typeName()))
                .get(0);
        return session.queryStrings(OUT_OF_ORDER.with("collation", Sql.raw(collation))).stream()
                .findFirst()
                .map(word -> """
                        column %s keeps ULIDs as text under the collation %s, whose order is not that of time (<%s> is out of place), \
                        so it cannot be the partition key itself; say combinedColumn, so that the key is the time that is \
                        read from it, or give the column the collation "C" first""".formatted(column.get(), collation, word));
    }

    /** The source's properties, without collations that a column cannot keep with its new type. */
    private TableProperties properties(List<ColumnChange> changes) throws SQLException {
        TableProperties properties = new TablePropertiesReader(session).read(source);
        Set<Identifier> lost = new HashSet<>();
        for (ColumnChange change : changes) {
            if (!session.queryBoolean(IS_COLLATABLE.with("type", TypeName.base(change.type())))) {
                lost.add(change.column());
            }
        }
        return properties.withoutCollationsOf(lost);
    }

    /** The columns as the new table will have them. */
    private List<Column> columns(List<ColumnChange> changes) throws SQLException {
        List<Column> columns = new ArrayList<>();
        for (Column column : source.columns()) {
            Optional<ColumnChange> change = changes.stream()
                    .filter(it -> it.column().equals(column.name()))
                    .findFirst();
            columns.add(
                    change.isEmpty()
                            ? column
                            : column.withType(
                                    change.get().type(),
                                    types.typeName(change.get()).orElseThrow()));
        }
        return columns;
    }
}
