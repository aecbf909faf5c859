package liquibase.ext.partition.engine.catalog;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * A table, as the catalog had it when it was read.
 *
 * @param oid stays the same through renames, so it identifies the table that a name means today
 * @param filenode changes when the table is rewritten (VACUUM FULL, CLUSTER, a rewriting ALTER TABLE); 0 for a
 *     partitioned table
 * @param owner the role that owns it
 * @param ownedByUs whether the current role may act as the owner
 * @param comment the comment on the table itself
 * @param definition the parts of columns and checks that {@code LIKE} copies; two tables that agree in it accept the
 *     same rows and have the same defaults
 * @param triggers the triggers that users made, ordered by name
 * @param grants the whole access control list, including the owner's own entries
 * @param children tables that inherit from it, other than by declarative partitioning
 */
public record Table(
        long oid,
        QualifiedName name,
        boolean partitioned,
        long filenode,
        Identifier owner,
        boolean ownedByUs,
        Optional<String> comment,
        List<Column> columns,
        List<Definition> definition,
        List<Index> indexes,
        List<Trigger> triggers,
        List<Grant> grants,
        List<QualifiedName> children) {

    /** The tables that inherit from it, each of which keeps it from being partitioned. */
    public List<Obstacle> inheritingTables() {
        return children.stream()
                .map(child -> new Obstacle(
                        Feature.INHERITANCE, child + " inherits from it", takeRowsOf(child, List.of(name))))
                .toList();
    }

    /**
     * The remedy for a child. NO INHERIT alone would hide the child's rows from everybody who reads the table. The
     * child keeps its own rows, since it may have columns that the table lacks. All tables are locked first, so that a
     * reader of the table at that moment sees each row once.
     *
     * @param parents the tables through which the table has the child's rows: itself, or children of it
     */
    String takeRowsOf(QualifiedName child, List<QualifiedName> parents) {
        String columnList = String.join(
                ", ", writableColumns().stream().map(Identifier::quoted).toList());
        String takeOut = parents.stream()
                .map(parent -> "ALTER TABLE %s NO INHERIT %s; ".formatted(child.quoted(), parent.quoted()))
                .collect(Collectors.joining());
        return "take its rows over, of which it keeps a copy: BEGIN; LOCK TABLE %1$s IN ACCESS EXCLUSIVE MODE; INSERT INTO %1$s (%3$s) OVERRIDING SYSTEM VALUE SELECT %3$s FROM %2$s; %4$sCOMMIT. Who writes to %2$s must write to %1$s from then on"
                .formatted(name.quoted(), child.quoted(), columnList, takeOut);
    }

    /** The column of that name, if there is one. */
    public Optional<Column> column(Identifier column) {
        return columns.stream().filter(it -> it.name().equals(column)).findFirst();
    }

    /** Whether an index gives the column's largest value at once. */
    public boolean hasIndexThatBeginsWith(Identifier column) {
        return indexes.stream()
                .anyMatch(index -> index.valid()
                        && !index.partial()
                        && index.method().startsWith("btree")
                        && !index.columns().isEmpty()
                        && index.columns().get(0).equals(column));
    }

    /** The index of that name, if there is one. */
    public Optional<Index> index(Identifier index) {
        return indexes.stream().filter(it -> it.name().equals(index)).findFirst();
    }

    /** The columns by which a row is copied: all but the generated ones, which compute themselves. */
    public List<Identifier> writableColumns() {
        return columns.stream()
                .filter(column -> !column.generated())
                .map(Column::name)
                .toList();
    }

    /**
     * The index by which {@code key} identifies rows: unique, not partial, over columns of the key only, all NOT NULL.
     *
     * @throws PartitionException when a column is missing or nullable, or no index makes the key unique
     */
    public Index keyIndex(List<Identifier> key) {
        Optional<Obstacle> obstacle = keyObstacle(key);
        if (obstacle.isPresent()) {
            throw new PartitionException("%s. Nothing was changed. %s."
                    .formatted(obstacle.get().what(), obstacle.get().remedy()));
        }
        return indexOver(key).orElseThrow();
    }

    /** Why {@code key} does not identify rows; empty if it does. */
    public Optional<Obstacle> keyObstacle(List<Identifier> key) {
        for (Identifier name : key) {
            Optional<Column> column = column(name);
            if (column.isEmpty()) {
                return Optional.of(new Obstacle(
                        Feature.INDEXES,
                        "%s has no column %s, which keyColumns names".formatted(this.name, name),
                        "Its columns are %s"
                                .formatted(columns.stream().map(Column::name).toList())));
            }
            if (!column.get().notNull()) {
                return Optional.of(new Obstacle(
                        Feature.INDEXES,
                        "Column %s of %s may be NULL, so it cannot be part of the key".formatted(name, this.name),
                        "Make it NOT NULL, or name another key in keyColumns"));
            }
        }
        return indexOver(key).isPresent()
                ? Optional.empty()
                : Optional.of(new Obstacle(
                        Feature.INDEXES,
                        "No unique index of %s makes (%s) unique"
                                .formatted(
                                        this.name,
                                        String.join(
                                                ", ",
                                                key.stream()
                                                        .map(Identifier::name)
                                                        .toList())),
                        "Name the primary key's columns in keyColumns, or create a unique index on these"));
    }

    private Optional<Index> indexOver(List<Identifier> key) {
        Set<Identifier> columnsOfKey = new HashSet<>(key);
        return indexes.stream()
                .filter(Index::tellsRowsApart)
                .filter(index -> columnsOfKey.containsAll(index.columns()))
                .findFirst();
    }

    /**
     * A phrase for one column or check; it does not say whether other tables inherit the check.
     *
     * @param columns the columns that it is about
     * @param check the name of the check; empty for a column
     * @param notValid whether older rows may violate the check
     */
    public record Definition(String phrase, Set<Identifier> columns, Optional<Identifier> check, boolean notValid) {
        private static final String NOT_VALID = " NOT VALID";

        private Definition asValid() {
            return phrase.endsWith(NOT_VALID)
                    ? new Definition(
                            phrase.substring(0, phrase.length() - NOT_VALID.length()), columns, check, notValid)
                    : this;
        }
    }

    /**
     * The differences in the definition of {@code other}, for people; empty if there are none. A check that is not
     * valid and that {@code other} lacks does not count, because the swap adds it.
     *
     * @param besides columns that may differ, together with the checks that are about them
     */
    public List<String> definedOtherwiseThan(Table other, Set<Identifier> besides) {
        Set<Optional<Identifier>> checksOfOther =
                other.definition.stream().map(Definition::check).collect(Collectors.toSet());
        List<String> mine = phrases(besides, it -> !it.notValid() || checksOfOther.contains(it.check()));
        List<String> others = other.phrases(besides, it -> true);
        List<String> differences = new ArrayList<>();
        mine.stream()
                .filter(phrase -> !others.contains(phrase))
                .forEach(phrase -> differences.add("only %s has: %s".formatted(name, phrase)));
        others.stream()
                .filter(phrase -> !mine.contains(phrase))
                .forEach(phrase -> differences.add("only %s has: %s".formatted(other.name, phrase)));
        return differences;
    }

    /** The same table, as if every row were known to satisfy every check. */
    public Table withChecksAsValid() {
        return new Table(
                oid,
                name,
                partitioned,
                filenode,
                owner,
                ownedByUs,
                comment,
                columns,
                definition.stream().map(Definition::asValid).toList(),
                indexes,
                triggers,
                grants,
                children);
    }

    private List<String> phrases(Set<Identifier> besides, Predicate<Definition> counts) {
        return definition.stream()
                .filter(counts)
                .filter(it -> Collections.disjoint(it.columns(), besides))
                .map(Definition::phrase)
                .toList();
    }

    /** The names of its checks. */
    public Set<Identifier> checks() {
        return definition.stream().flatMap(it -> it.check().stream()).collect(Collectors.toSet());
    }

    /** As {@link Column#fingerprint}, without some columns. */
    public String columnFingerprint(Set<Identifier> besides) {
        return Column.fingerprint(columns.stream()
                .filter(column -> !besides.contains(column.name()))
                .toList());
    }

    /** As {@link Column#fingerprint}. */
    public String columnFingerprint() {
        return columnFingerprint(Set.of());
    }
}
