package liquibase.ext.partition.generator.config.read;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.generator.config.document.ConfigDocument;
import liquibase.ext.partition.generator.config.document.Problem;

/** The rules for what leaves in an exchange and for the range of its partitions, beside those for a table's. */
final class ExchangeRules {
    private final ConfigDocument document;
    private final List<Problem> problems = new ArrayList<>();

    ExchangeRules(ConfigDocument document) {
        this.document = document;
    }

    List<Problem> problems(List<TableEntry> exchanges) {
        for (TableEntry exchange : exchanges) {
            problems.addAll(new PartitionRules(document).problemsOfRange(exchange));
            Optional<String> through = exchange.text(TableEntry.THROUGH_TABLE_NAME);
            if (through.isPresent() && through.equals(exchange.text(TableEntry.TABLE_NAME))) {
                problems.add(document.problem(
                        exchange.path().child(TableEntry.THROUGH_TABLE_NAME),
                        "throughTableName is tableName, so that one partition leaves alone.",
                        "Write the last of several partitions that leave together, or leave it out."));
            }
            boolean from = exchange.hasPartitionKey("from");
            if (from != exchange.hasPartitionKey("until")) {
                problems.add(document.problem(
                        exchange.partitionPath(from ? "until" : "from"),
                        "%s is given without %s.".formatted(from ? "from" : "until", from ? "until" : "from"),
                        "Write both, or none for a partition that becomes others over all of its range."));
            }
        }
        return problems;
    }
}
