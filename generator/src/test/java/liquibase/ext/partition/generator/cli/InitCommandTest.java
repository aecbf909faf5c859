package liquibase.ext.partition.generator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(FreshDatabase.class)
class InitCommandTest {
    @TempDir
    private Path directory;

    private final Terminal terminal = new Terminal();
    private final StringWriter out = terminal.out;
    private final StringWriter err = terminal.err;
    private TestDatabase database;
    private Path output;

    @BeforeEach
    void makeTable() {
        output = directory.resolve("config/tables.yaml");
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL)",
                "INSERT INTO orders VALUES (1, '2024-01-01'), (2, '2024-06-01')");
    }

    @Test
    void writesAConfigThatGenerateAccepts() {
        assertThat(init("public.orders")).as(err.toString()).isEqualTo(ExitCodes.OK);

        assertThat(out.toString().strip()).isEqualTo("Wrote " + output + ".");
        assertThat(terminal.run(
                        "generate",
                        "--config",
                        output.toString(),
                        "--output",
                        directory.resolve("shop").toString()))
                .as(err.toString())
                .isEqualTo(ExitCodes.OK);
        assertThat(directory.resolve("shop/changelog.xml")).content().contains("orders-swap");
    }

    @Test
    void saysHowMuchIsLeftToDecide() {
        database.execute("ALTER TABLE orders ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now()");

        init("orders");

        assertThat(out.toString()).contains("Things left to decide, marked TODO in it: 1.");
    }

    @Test
    void leavesAFileThatIsThereUnlessForced() throws Exception {
        Files.createDirectories(output.getParent());
        Files.writeString(output, "mine");

        assertThat(init("orders")).isEqualTo(ExitCodes.USAGE);
        assertThat(output).hasContent("mine");
        assertThat(err.toString()).contains("There is a file " + output + " already", "--force");

        assertThat(init("orders", "--force")).isEqualTo(ExitCodes.OK);
        assertThat(output).content().contains("tableName: orders").doesNotContain("mine");
    }

    @Test
    void writesNothingWhenOneOfTheTablesCannotBePartitioned() {
        assertThat(init("orders", "--table", "nowhere")).isEqualTo(ExitCodes.USAGE);

        assertThat(err.toString())
                .contains("There is no table nowhere in this database.", "Nothing was written.")
                .doesNotContain("Exception", "\tat ");
        assertThat(output).doesNotExist();
    }

    @Test
    void saysWhatGenerateWillRefuse() {
        database.execute("CREATE TABLE odd (\"a,b\" int PRIMARY KEY, at date NOT NULL)");

        assertThat(init("odd")).isEqualTo(ExitCodes.OK);
        assertThat(err.toString())
                .contains("generate will refuse it until this is solved:", "The name \"a,b\" has a comma");
    }

    @Test
    void endsWithThreeAndNoPasswordWhenTheDatabaseIsNotThere() {
        assertThat(terminal.run(
                        "init",
                        "--url",
                        "jdbc:postgresql://localhost:1/shop?password=hunter2",
                        "--username",
                        "me",
                        "--password=hunter2",
                        "--table",
                        "orders",
                        "--output",
                        output.toString()))
                .isEqualTo(ExitCodes.FAILURE);

        assertThat(err.toString())
                .contains("Cannot connect to the database: ", "Nothing was written.", "Check --url")
                .doesNotContain("hunter2", "Exception", "\tat ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgresql://me:hunter2@localhost/shop",
                "jdbc:mysql://x?password=hunter2",
                "jdbc:postgresql://x:hunter2/y"
            })
    void refusesAUrlOfAnotherKindWithoutRepeatingIt(String url) {
        assertThat(terminal.run("init", "--url", url, "--table", "orders", "--output", output.toString()))
                .isEqualTo(ExitCodes.USAGE);

        assertThat(err.toString())
                .contains("is not a URL of PostgreSQL's driver", "jdbc:postgresql://localhost:5432/shop")
                .doesNotContain("hunter2");
    }

    @Test
    void saysWhichOptionsAreMissing() {
        assertThat(terminal.run("init")).isEqualTo(ExitCodes.USAGE);

        assertThat(err.toString()).contains("--url", "--table", "Usage: liquibase-partition-generator init");
    }

    private int init(String table, String... more) {
        String[] arguments = new String[more.length + 10];
        arguments[0] = "init";
        arguments[1] = "--url";
        arguments[2] = database.url();
        arguments[3] = "--username";
        arguments[4] = database.username();
        arguments[5] = "--password=" + database.password();
        arguments[6] = "--table";
        arguments[7] = table;
        arguments[8] = "--output";
        arguments[9] = output.toString();
        System.arraycopy(more, 0, arguments, 10, more.length);
        return terminal.run(arguments);
    }
}
