package liquibase.ext.partition.engine.exchange;

import java.time.LocalDate;
import java.util.Optional;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * An exchange as people ask for it.
 *
 * @param partition the partition that others take the place of, or the first of several
 * @param through the last of several that leave together, which follow each other by their bounds; empty for one alone
 * @param stagingName the table that holds the new partitions until then
 * @param prefix the beginning of the new partitions' names
 * @param from the first day with a new partition; if it is not given, where the partition begins
 * @param until the first day without one; if it is not given, where the partition ends
 */
public record ExchangeSpec(
        QualifiedName partition,
        Optional<QualifiedName> through,
        Identifier stagingName,
        String prefix,
        PartitionInterval interval,
        Optional<LocalDate> from,
        Optional<LocalDate> until) {}
