package liquibase.ext.partition.generator.plan;

import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.exchange.ExchangeSpec;
import liquibase.ext.partition.engine.newtable.ColumnChange;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.generator.config.ExchangeConfig;
import liquibase.ext.partition.generator.config.PartitionBy;
import liquibase.ext.partition.generator.config.TableConfig;

/** Turns the config of a table, or of an exchange, into the spec that its changelog requests from the engine. */
final class TableSpec {
    private TableSpec() {}

    /**
     * @param defaultSchema the schema of tables whose config names none
     * @param today the day from which on {@code ahead} counts
     */
    static NewTableSpec of(TableConfig table, Identifier defaultSchema, LocalDate today) {
        PartitionBy by = table.partitionBy();
        Identifier schema = table.schemaName() == null ? defaultSchema : new Identifier(table.schemaName());
        return new NewTableSpec(
                new QualifiedName(schema, new Identifier(table.tableName())),
                new Identifier(table.newTableName()),
                new PartitionKeySpec(
                        names(by.columns()),
                        Optional.ofNullable(by.textFormat()),
                        Optional.ofNullable(by.epoch()).map(unit -> unit.word()),
                        Optional.ofNullable(by.keyTime()),
                        Optional.ofNullable(by.combinedColumn()).map(Identifier::new)),
                new PartitionLayout(
                        table.partitionPrefix(),
                        by.interval(),
                        by.from(),
                        by.runway().end(by.interval(), today)),
                table.routing() == null ? Routing.NATIVE : table.routing(),
                table.incomingForeignKeys() == null ? IncomingForeignKeys.REFUSE : table.incomingForeignKeys(),
                table.columns().entrySet().stream()
                        .map(column -> new ColumnChange(
                                new Identifier(column.getKey()),
                                column.getValue().type(),
                                Optional.ofNullable(column.getValue().using()),
                                Optional.ofNullable(column.getValue().reverseUsing())))
                        .toList(),
                table.tuning().acceptedTriggers(),
                Optional.ofNullable(table.partitionSchema()).map(Identifier::new));
    }

    /** @param defaultSchema the schema of partitions whose config names none */
    static ExchangeSpec of(ExchangeConfig exchange, Identifier defaultSchema) {
        Identifier schema = exchange.schemaName() == null ? defaultSchema : new Identifier(exchange.schemaName());
        return new ExchangeSpec(
                new QualifiedName(schema, new Identifier(exchange.tableName())),
                Optional.ofNullable(exchange.throughTableName())
                        .map(it -> new QualifiedName(schema, new Identifier(it))),
                new Identifier(exchange.newTableName()),
                exchange.partitionPrefix(),
                exchange.interval(),
                Optional.ofNullable(exchange.from()),
                Optional.ofNullable(exchange.until()));
    }

    static List<Identifier> names(List<String> names) {
        return names.stream().map(Identifier::new).toList();
    }
}
