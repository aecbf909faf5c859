package liquibase.ext.partition.attribute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import liquibase.ext.partition.change.CaptureChangesChange;
import liquibase.ext.partition.change.CreatePartitionedTableChange;
import liquibase.ext.partition.change.DropBackupChange;
import liquibase.ext.partition.change.LockedSwapChange;
import liquibase.ext.partition.change.PartitionChange;
import liquibase.ext.partition.change.ReplayChangesChange;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.parser.core.ParsedNode;
import liquibase.parser.core.ParsedNodeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AttributesTest {
    @Test
    void namesAreTakenAsTheyAreWrittenButForSpaceAroundThem() {
        assertThat(Attributes.names("keyColumns", "id, Shop Id ,\"q\""))
                .containsExactly(new Identifier("id"), new Identifier("Shop Id"), new Identifier("\"q\""));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    ''       | keyColumns: A name must not be empty.
                    a,,b     | keyColumns: A name must not be empty.
                    'a,'     | keyColumns: A name must not be empty.
                    a, b, a  | keyColumns names a column twice: <a, b, a>.
                    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | has 64 bytes; PostgreSQL keeps 63
                    """)
    void namesThatAreNone(String text, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Attributes.names("keyColumns", text))
                .withMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource({"500ms, 500", "2s, 2000", "1min, 60000", "' 3 S ', 3000"})
    void spansOfTime(String text, long milliseconds) {
        assertThat(Attributes.duration("lockTimeout", text)).isEqualTo(Duration.ofMillis(milliseconds));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "s", "-1s", "1.5s", "1h", "1 s 2 ms", "99999999999s"})
    void spansOfTimeThatAreNone(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Attributes.duration("lockTimeout", text))
                .withMessage("lockTimeout is <%s>; write a number and ms, s or min, as in 500ms.".formatted(text));
    }

    @Test
    void aSpanOfNothing() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Attributes.duration("lockTimeout", "0s"))
                .withMessageContaining("must be longer than nothing");
    }

    @Test
    void wholeNumbers() {
        assertThat(Attributes.positive("workers", null, 7)).isEqualTo(7);
        assertThat(Attributes.positive("workers", " 4 ", 7)).isEqualTo(4);
        for (String text : List.of("", "0", "-1", "1.5", "many", "1,000", "99999999999999999999")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Attributes.positive("workers", text, 7))
                    .withMessage("workers is <%s>; it must be a whole number of 1 or more.".formatted(text));
        }
    }

    private static List<String> problems(String tableName, String made) {
        CreatePartitionedTableChange create = new CreatePartitionedTableChange();
        create.setTableName(tableName);
        create.setPartitionColumns("created_at");
        create.setFrom("2024-01");
        create.setUntil("2024-02");
        create.setName(MadeTable.NEW_TABLE, made);
        create.setPartitionPrefix(made);
        create.setCombinedColumn(made);
        CaptureChangesChange capture = new CaptureChangesChange();
        capture.setTableName(tableName);
        capture.setKeyColumns("id");
        capture.setName(MadeTable.DELTA_TABLE, made);
        ReplayChangesChange replay = new ReplayChangesChange();
        replay.setTableName(tableName);
        replay.setKeyColumns("id");
        replay.setName(MadeTable.DELTA_TABLE, made);
        LockedSwapChange swap = new LockedSwapChange();
        swap.setTableName(tableName);
        swap.setName(MadeTable.BACKUP, made);
        DropBackupChange drop = new DropBackupChange();
        drop.setTableName(tableName);
        drop.setName(MadeTable.BACKUP, made);
        drop.setName(MadeTable.DELTA_TABLE, made);
        return Stream.<PartitionChange>of(create, capture, replay, swap, drop)
                .flatMap(change -> change.attributeProblems().stream())
                .filter(problem -> problem.contains(" dot"))
                .toList();
    }

    @Test
    void aDotInTheNameOfWhatIsMadeIsNamed() {
        assertThat(problems("orders", "partitions.x_"))
                .extracting(problem -> problem.substring(0, problem.indexOf(':')))
                .containsExactlyInAnyOrder(
                        "newTableName",
                        "partitionPrefix",
                        "combinedColumn",
                        "deltaTableName",
                        "deltaTableName",
                        "backupTableName",
                        "backupTableName",
                        "deltaTableName");
        assertThat(problems("orders", "partitions.x_"))
                .allSatisfy(problem -> assertThat(problem)
                        .endsWith(": <partitions.x_> has a dot, which would be a part of the name and end no schema's."
                                + " Write it without the dot; it is made in the table's own schema."));
        assertThat(problems("my.orders", "my.orders_x")).isEmpty();
    }

    @Test
    void anUnknownAttributeIsNamedWithTheNearestKnownOne() throws Exception {
        ParsedNode node = new ParsedNode(null, "chunkedCopy");
        node.addChild(null, "chunksize", "5");

        assertThatThrownBy(() -> UnknownAttributes.reject(node, List.of("workers", "chunkSize", "restart")))
                .isInstanceOf(ParsedNodeException.class)
                .hasMessage(
                        "chunkedCopy has no attribute chunksize. Did you mean chunkSize? It has: chunkSize, restart, workers.");

        UnknownAttributes.reject(node, List.of("chunksize"));
    }
}
