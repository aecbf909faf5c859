package liquibase.ext.partition.engine.belonging.properties;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.properties.ColumnProperties;
import liquibase.ext.partition.engine.catalog.properties.TableProperties;
import liquibase.ext.partition.engine.newtable.ColumnStatistics;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Properties of the leaving table's columns that were changed since the entering table was made, or since it left: how
 * statistics are gathered, and how values are stored and compressed. No statements if nothing was changed.
 *
 * <p>On the way back only the table itself counts, not what was set on one partition.
 *
 * @param next the properties of the entering table
 * @param storage the column storage of the leaving table
 * @param nextStorage the column storage of the entering table
 */
public record ChangedColumns(
        TablePair pair,
        TableProperties old,
        TableProperties next,
        List<ColumnStorage> storage,
        List<ColumnStorage> nextStorage)
        implements SwitchPart {
    private static final Sql SET_STORAGE = Sql.of("ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE {storage}");
    private static final Sql SET_COMPRESSION =
            Sql.of("ALTER TABLE {table} ALTER COLUMN {column} SET COMPRESSION {compression}");

    public ChangedColumns {
        storage = List.copyOf(storage);
        nextStorage = List.copyOf(nextStorage);
    }

    @Override
    public List<Sql> afterRenaming() {
        List<Sql> statements = new ArrayList<>();
        statistics(statements);
        storage.forEach(column -> stored(statements, column));
        return statements;
    }

    private void statistics(List<Sql> statements) {
        Set<Identifier> columns = new TreeSet<>();
        old.columns().forEach(it -> columns.add(it.column()));
        pair.old().table().columns().stream()
                .map(it -> it.name())
                .filter(it -> next.column(it).isPresent())
                .forEach(columns::add);
        for (Identifier column : columns) {
            ColumnProperties leaving = old.column(column).orElse(ColumnProperties.none(column));
            ColumnProperties present = next.column(column).orElse(ColumnProperties.none(column));
            boolean sameOptions = isBack()
                    ? ColumnStatistics.optionsOfParent(present).equals(leaving.options())
                    : ColumnStatistics.optionsOfParent(leaving).equals(present.options());
            if (!leaving.statisticsTarget().equals(present.statisticsTarget()) || !sameOptions) {
                statements.addAll(ColumnStatistics.resetStatements(
                        present, pair.liveName(), pair.next().partitions()));
                statements.addAll(
                        isBack()
                                ? ColumnStatistics.statementsOfOrdinary(leaving, present, pair.liveName())
                                : ColumnStatistics.statements(
                                        leaving, pair.liveName(), pair.next().partitions()));
            }
        }
    }

    /** A table passes the storage on to its partitions by itself, but not the compression. */
    private void stored(List<Sql> statements, ColumnStorage column) {
        Optional<ColumnStorage> present = nextStorage.stream()
                .filter(it -> it.column().equals(column.column()) && it.type() == column.type())
                .findFirst();
        if (present.isEmpty()) {
            return;
        }
        if (!present.get().storage().equals(column.storage())) {
            statements.add(SET_STORAGE
                    .with("table", pair.liveName())
                    .with("column", column.column())
                    .with("storage", Sql.raw(column.storage())));
        }
        if (!present.get().compression().equals(column.compression())) {
            List<QualifiedName> tables = new ArrayList<>(List.of(pair.liveName()));
            tables.addAll(pair.next().partitions());
            tables.forEach(table -> statements.add(SET_COMPRESSION
                    .with("table", table)
                    .with("column", column.column())
                    .with("compression", Sql.raw(column.compression()))));
        }
    }

    /** Whether the switch goes back, to a table without partitions. */
    private boolean isBack() {
        return pair.next().partitions().isEmpty();
    }
}
