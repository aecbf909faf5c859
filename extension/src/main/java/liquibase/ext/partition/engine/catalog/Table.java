package liquibase.ext.partition.engine.catalog;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
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

    /** A unique index, not partial, over columns of {@code key} only. */
    public Optional<Index> indexOver(List<Identifier> key) {
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

    /** As {@link #columnFingerprint()}, whatever the order of the columns is. */
    public String columnFingerprintByName() {
        return Column.fingerprint(columns.stream()
                .sorted(Comparator.comparing(column -> column.name().name()))
                .toList());
    }
}
