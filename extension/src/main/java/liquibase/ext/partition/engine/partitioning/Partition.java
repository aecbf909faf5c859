package liquibase.ext.partition.engine.partitioning;

import java.time.LocalDate;
import liquibase.ext.partition.engine.sql.Identifier;

/** One partition: rows whose partition-key value is in {@code [from, to)}, UTC. */
public record Partition(Identifier name, LocalDate from, LocalDate to) {}
